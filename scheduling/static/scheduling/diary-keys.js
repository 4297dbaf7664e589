// The keyboard: arrows go from visit to visit; what is being placed follows them instead.
import { between } from "./diary-time.js";

const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

// What the diary does at a key; `at` is the visit in focus, null elsewhere.
export function keys(diary) {
  const { grid, panel, says } = diary;
  document.addEventListener("keydown", (event) => {
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && says.again && !typing(event.target)) {
      event.preventDefault();
      says.again();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    // While the grid draws anew what is carried, nothing holds the focus for a moment.
    const lost = event.target === document.body;
    if (lost && (diary.carried ? carry(diary, event.key) : panel?.ghost && ghost(panel, event.key))) return event.preventDefault();
    if (event.key.toLowerCase() === "n" && panel) {
      event.preventDefault();
      panel.open();
    }
  });
  grid.addEventListener("keydown", (event) => {
    const element = event.target.closest(".is-visit, .is-ghost");
    if (!element || event.ctrlKey || event.metaKey || event.altKey) return;
    const handled = diary.carried ? carry(diary, event.key) : element.matches(".is-ghost") ? ghost(panel, event.key) : walk(diary, element, event.key);
    if (handled) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);
}

const typing = (element) => element.matches("input, select, textarea");

function ghost(panel, key) {
  if (STEPS[key]) panel.nudge(...STEPS[key]);
  else if (key === "Enter") panel.book();
  else if (key === "Escape") panel.close();
  else return false;
  return true;
}

function carry(diary, key) {
  if (STEPS[key]) diary.carry(...STEPS[key], 0);
  else if (key === "+" || key === "=") diary.carry(0, 0, 1);
  else if (key === "-" || key === "−") diary.carry(0, 0, -1);
  else if (key === "Enter") diary.drop();
  else if (key === "Escape" || key === "Tab") diary.putBack();
  else return false;
  return key !== "Tab";
}

function walk(diary, element, key) {
  const { visit } = element.facts;
  if (key === "Enter") location.assign(visit.page);
  else if (key === " ") diary.closer.open(visit);
  else if (key.toLowerCase() === "c") callOff(diary, visit);
  else if (key.toLowerCase() === "m") diary.pickUp(element.facts);
  else if (key === "Escape") diary.hint.hide();
  else if (STEPS[key]) neighbour(diary, element, ...STEPS[key])?.focus();
  else return false;
  return true;
}

function callOff(diary, visit) {
  if (!visit.cancellable) return diary.says.say(`${visit.patient} is ${visit.status}: this visit cannot be cancelled.`);
  diary.closer.open(visit);
  diary.closer.askWhy();
}

// Up and down within the column; left and right to the visit nearest in time of the next column that has any.
function neighbour({ grid, days }, element, across, along) {
  const all = [...grid.querySelectorAll(".is-visit")].filter((each) => each.facts);
  const place = (each) => `${each.facts.visit.start.slice(0, 10)} ${order(days, each.facts.column)}`;
  const here = place(element);
  if (along) {
    const mine = all.filter((each) => place(each) === here).sort((a, b) => between(b.facts.visit.start, a.facts.visit.start));
    return mine[mine.indexOf(element) + along];
  }
  const others = [...new Set(all.map(place))].sort();
  const there = others[others.indexOf(here) + across];
  const clockOf = (each) => between(`${each.facts.visit.start.slice(0, 10)}T00:00`, each.facts.visit.start);
  return all.filter((each) => place(each) === there)
    .sort((a, b) => Math.abs(clockOf(a) - clockOf(element)) - Math.abs(clockOf(b) - clockOf(element)))[0];
}

const order = (days, column) => String(days.columns.findIndex((each) => each.id === column)).padStart(4, "0");
