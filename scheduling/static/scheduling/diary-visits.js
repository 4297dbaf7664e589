// Visits and the ground as the grid's events, what is written on them, and the hint beside them.
import { between, clock, shifted } from "./diary-time.js";

const AROUND = { before: "before: numbing or preparing", after: "after: cleaning" };

export function eventsOf(days, changed) {
  const events = days.ground.map((each) => background(each.column, each.start, each.end, each.kind, each.words));
  for (const visit of days.visits) {
    const seen = changed?.id === visit.id ? changed : visit;
    seen.parts.forEach((part, n) => {
      if (part.kind === "visit") events.push(visitEvent(seen, part, n));
      // a stretch too low for a line of words keeps its hatching only
      else events.push(background(part.column, part.start, part.end, part.kind, between(part.start, part.end) < 10 ? "" : AROUND[part.kind]));
    });
  }
  return events;
}

export function background(column, start, end, kind, words = "") {
  return {
    id: `${kind}:${column}:${start}`, resourceId: column, start, end, display: "background",
    classNames: [`is-${kind}`], extendedProps: { words },
  };
}

function visitEvent(visit, part, n) {
  return {
    id: `${visit.id}:${part.column}:${n}`, resourceId: part.column, start: part.start, end: part.end,
    title: visit.patient, startEditable: visit.movable, durationEditable: visit.movable,
    classNames: ["is-visit", `tone-${visit.tone}`, ...(visit.moving ? ["is-moving"] : []), ...(between(part.start, part.end) < 25 ? ["is-short"] : [])],
    extendedProps: { visit, column: part.column },
  };
}

// The same visit at another time, in another column or of another length; parts go along.
export function placed(visit, { by = 0, longer = 0, from = null, to = null }) {
  const ends = { visit: longer, before: 0, after: longer };
  const starts = { visit: 0, before: 0, after: longer };
  return {
    ...visit, start: shifted(visit.start, by), end: shifted(visit.end, by + longer), moving: true,
    parts: visit.parts.map((part) => ({
      ...part, column: part.column === from ? to : part.column,
      start: shifted(part.start, by + starts[part.kind]), end: shifted(part.end, by + ends[part.kind]),
    })),
  };
}

export const lengthOf = (visit) => between(visit.start, visit.end);

export const missingText = ({ missing }) => `missing: ${missing.join(", ")}`;

export function sentence(visit) {
  const yes = visit.confirmed ? ", said yes" : "";
  const lacks = visit.missing.length ? missingText(visit) : "";
  const words = [`${clock(visit.start)} to ${clock(visit.end)}, ${visit.patient}, ${visit.treatment}`, visit.what, `with ${visit.where || "nobody"}`, `${visit.status}${yes}`, lacks];
  return [words.filter(Boolean).join(", "), ...visit.hints].join(". ");
}

const tag = (name, className, text = "") => {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
};

export function contentOf({ event }) {
  const { visit, words, ghost } = event.extendedProps;
  if (event.display === "background") return { domNodes: words ? [tag("span", "diary-words", words)] : [] };
  if (ghost) return { domNodes: [tag("b", "", ghost.when), tag("span", "diary-more", ghost.words)] };
  if (!visit) return undefined;
  const icon = tag("span", "material-symbols-outlined diary-icon", visit.icon);
  const head = tag("span", "diary-head");
  const at = event.display === "preview" ? event.start.toTimeString().slice(0, 5) : clock(visit.start);
  head.append(icon);
  if (visit.missing.length) head.append(tag("span", "material-symbols-outlined diary-icon diary-lacks", "assignment_late"));
  head.append(tag("b", "", `${at} ${visit.patient}`));
  const shown = [head];
  if (visit.missing.length) shown.push(tag("span", "diary-more diary-lacks", missingText(visit)));
  shown.push(tag("span", "diary-more", [visit.treatment, visit.what].filter(Boolean).join(", ")));
  if (visit.hints.length) shown.push(tag("span", "diary-more", visit.hints[0]));
  for (const each of shown) each.setAttribute("aria-hidden", "true");
  const read = tag("span", "desk-sr", sentence(visit));
  return { domNodes: [...shown, read] };
}

// One hint for the page: shown on hover and on focus, put away by Escape.
export class Hint {
  constructor(box) {
    this.box = box;
  }

  show(visit, near) {
    const { box } = this;
    box.replaceChildren(
      tag("b", "", `${clock(visit.start)}–${clock(visit.end)} ${visit.patient}`),
      tag("span", "", [visit.treatment, visit.what].filter(Boolean).join(", ")),
      tag("span", "", visit.where), tag("span", "diary-state", `${visit.status}${visit.confirmed ? ", said yes" : ""}`),
      ...(visit.missing.length ? [tag("span", "diary-lacks", missingText(visit))] : []),
      ...visit.hints.map((words) => tag("span", "", words)),
    );
    box.hidden = false;
    const at = near.getBoundingClientRect(), own = box.getBoundingClientRect();
    const right = at.right + 8 + own.width < innerWidth;
    box.style.left = `${Math.max(8, right ? at.right + 8 : at.left - own.width - 8)}px`;
    box.style.top = `${Math.max(8, Math.min(at.top, innerHeight - own.height - 8))}px`;
  }

  hide() {
    this.box.hidden = true;
  }
}
