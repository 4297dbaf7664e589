// One visit looked at closer: what it lacks, where it goes, and calling it off; beside the grid.
import { clock, dayOf, inWords } from "./diary-time.js";
import { missingText } from "./diary-visits.js";

export class VisitPanel {
  constructor(diary) {
    this.diary = diary;
    this.box = document.getElementById("diary-visit");
    this.title = document.getElementById("diary-visit-title").firstElementChild;
    this.facts = this.box.querySelector("[data-facts]");
    this.form = document.getElementById("diary-off");
    this.visit = null;
    this.#listen();
  }

  get isOpen() {
    return !this.box.hidden;
  }

  #listen() {
    this.box.querySelector("[data-close]").addEventListener("click", () => this.close());
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      if (this.form && !this.form.hidden && this.form.contains(event.target)) this.#fold();
      else this.close();
    });
    if (!this.form) return;
    this.box.querySelector("[data-off]").addEventListener("click", () => this.askWhy());
    this.form.querySelector("[data-keep]").addEventListener("click", () => this.#fold());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#callOff();
    });
  }

  open(visit) {
    this.diary.panel?.leave();
    this.visit = visit;
    this.box.hidden = false;
    this.#fold(false);
    this.#draw();
    this.box.querySelector("[data-open]").focus({ preventScroll: true });
    this.box.scrollIntoView({ block: "nearest" });
  }

  // The same visit as it was read anew; one that is gone needs no panel.
  refresh(visits) {
    if (!this.isOpen) return;
    const visit = visits.find(({ id }) => id === this.visit.id);
    if (!visit) return this.leave();
    this.visit = visit;
    this.#draw();
  }

  #draw() {
    const { visit } = this;
    const line = (text, className = "") => Object.assign(document.createElement("p"), { textContent: text, className });
    this.title.textContent = visit.patient;
    const lines = [
      line(`${clock(visit.start)} to ${clock(visit.end)}, ${inWords(dayOf(visit.start))}`),
      line([visit.treatment, visit.what].filter(Boolean).join(", ")),
      line(`${visit.status}${visit.confirmed ? ", said yes" : ""}${visit.where ? `; ${visit.where}` : ""}`),
    ];
    if (visit.missing.length) lines.push(line(missingText(visit), "diary-lacks"));
    this.facts.replaceChildren(...lines, ...visit.hints.map((words) => line(words, "faint")));
    const to = (name, there, shown) => {
      const link = this.box.querySelector(`[data-${name}]`);
      if (!link) return;
      link.href = there;
      link.hidden = !shown;
    };
    to("open", visit.page, true);
    to("move", `${visit.page.replace(/change\/$/, "move/")}?from=${dayOf(visit.start)}`, visit.movable);
    const off = this.box.querySelector("[data-off]");
    if (off) off.hidden = !visit.cancellable;
  }

  askWhy() {
    this.form.hidden = false;
    this.box.querySelector("[data-off]").setAttribute("aria-expanded", "true");
    this.form.elements.reason.focus();
    this.form.scrollIntoView({ block: "nearest" });
  }

  #fold(focus = true) {
    if (!this.form) return;
    this.form.hidden = true;
    this.form.reset();
    const off = this.box.querySelector("[data-off]");
    off.setAttribute("aria-expanded", "false");
    if (focus) off.focus();
  }

  async #callOff() {
    const { diary, visit, form } = this;
    const button = form.querySelector("button");
    if (button.disabled) return;
    button.disabled = true;
    const asked = { version: visit.version, reason: form.elements.reason.value };
    const { ok, status, body } = await diary.server.send("cancel", asked, visit.id);
    button.disabled = false;
    if (ok) {
      this.leave();
      return diary.done(body);
    }
    if (status === 412) await diary.load();
    const told = status === 412 ? { detail: "This visit was changed by someone else just now. You see it as it is; please look and cancel it again if that is still right." } : body;
    diary.says.refuse("Not cancelled.", told, { back: () => diary.focusOn(visit) });
  }

  // Makes room for another panel; the focus goes where that wants it.
  leave() {
    this.box.hidden = true;
  }

  close() {
    this.leave();
    this.diary.focusOn(this.visit);
  }
}
