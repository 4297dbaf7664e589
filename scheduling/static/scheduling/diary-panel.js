// The booking panel: who, what, and a start on the grid, which says at once whether it would do.
import { background } from "./diary-visits.js";
import { between, clock, dayOf, minutesOf, shifted } from "./diary-time.js";

const PAUSE = 200; // milliseconds without a key before the register is asked

export class Panel {
  constructor(diary) {
    this.diary = diary;
    this.box = document.getElementById("diary-panel");
    this.form = document.getElementById("diary-wanted");
    this.search = document.getElementById("diary-q");
    this.found = document.getElementById("diary-found");
    this.picks = this.box.querySelector("[data-picks]");
    this.verdict = document.getElementById("diary-verdict");
    this.button = document.getElementById("diary-book");
    this.frees = this.box.querySelector("[data-frees]");
    this.ghost = null; // {column, start, minutes}: what is about to be booked
    this.starts = {};
    this.#listen();
  }

  get isOpen() {
    return !this.box.hidden;
  }

  #listen() {
    let timer;
    this.search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#look(), PAUSE);
    });
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "ArrowDown") {
        event.preventDefault();
        if (event.key === "Enter" && this.picks.children.length === 1) this.picks.firstChild.click();
        else this.picks.firstChild?.focus();
      }
    });
    this.picks.addEventListener("keydown", (event) => {
      const next = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
      if (!next) return;
      event.preventDefault();
      (event.target[next] ?? this.search).focus();
    });
    this.form.addEventListener("change", () => this.#wanted());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.button.addEventListener("click", () => this.book());
    this.box.querySelector("[data-close]").addEventListener("click", () => this.close());
    this.box.querySelector("[data-other]").addEventListener("click", () => this.#take(null));
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  open(ghost) {
    this.diary.closer.leave();
    this.box.hidden = false;
    if (ghost) {
      if (ghost.minutes) this.form.elements.minutes.value = ghost.minutes;
      this.place(ghost);
      if (ghost.minutes) this.#wanted();
    }
    if (this.form.elements.patient.value) this.form.elements.treatment.focus();
    else this.search.focus();
  }

  close() {
    this.leave();
    document.getElementById("diary-new").focus();
  }

  // Empties and hides it; the focus goes where the next panel wants it.
  leave() {
    if (this.box.hidden) return;
    this.box.hidden = true;
    this.form.reset();
    this.#take(null);
    this.ghost = null;
    this.starts = {};
    this.#drawFrees();
    this.verdict.replaceChildren();
    this.search.value = "";
    this.picks.replaceChildren();
    this.diary.draw();
  }

  // ---- who

  async #look() {
    const q = this.search.value.trim();
    if (q.length < 2) return this.picks.replaceChildren();
    const { ok, body } = await this.diary.server.ask("patients", { q });
    if (q !== this.search.value.trim()) return; // a later key has its own answer
    if (!ok) return void (this.found.textContent = body.detail);
    this.picks.replaceChildren(...body.patients.map((each) => this.#pick(each)));
    const count = body.patients.length;
    if (!count) this.found.innerHTML = `Nobody fits. <a href="${body.new}">Enter a new patient</a>`;
    else this.found.textContent = body.alike ? `Nobody is spelt so; ${count} look alike.` : `${count}${body.more ? " and more" : ""} found; arrow down to choose.`;
  }

  #pick(patient) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "desk-pick";
    for (const [name, text] of [["strong", patient.name], ["span", patient.born], ["span", patient.phone]]) {
      button.append(Object.assign(document.createElement(name), { textContent: text }));
    }
    button.addEventListener("click", () => {
      this.#take(patient);
      this.form.elements.treatment.focus();
      this.#wanted();
    });
    return button;
  }

  #take(patient) {
    this.form.elements.patient.value = patient?.id ?? "";
    const shown = this.box.querySelector("[data-patient]");
    shown.hidden = !patient;
    shown.querySelector("strong").textContent = patient ? `${patient.name}, ${patient.born}` : "";
    this.box.querySelector("[data-who]").hidden = Boolean(patient);
    this.picks.replaceChildren();
    this.found.textContent = "";
    if (!patient) this.button.disabled = true;
  }

  // ---- what, and when it may begin

  get asked() {
    const data = Object.fromEntries(new FormData(this.form));
    return { ...data, by: this.diary.facts.by };
  }

  async #wanted() {
    const facts = this.form.elements.treatment.selectedOptions[0]?.dataset ?? {};
    for (const field of this.form.querySelectorAll(".desk-where")) field.hidden = facts.area === "no";
    this.form.elements.minutes.placeholder = facts.minutes ?? "";
    if (!this.form.elements.treatment.value) return;
    await this.light();
    this.#judge();
  }

  async light() {
    if (!this.isOpen || !this.form.elements.treatment.value) return;
    const [from, to] = this.diary.shown;
    const { ok, body } = await this.diary.server.ask("starts", { ...this.asked, from, to });
    if (!ok) return this.#tell("bad", body.detail);
    this.starts = body.starts;
    this.minutes = body.minutes;
    if (this.ghost) this.ghost.minutes = body.minutes;
    else this.#first();
    this.#drawFrees();
    this.diary.draw();
    if (body.hidden.length) this.#tell("warn", ...new Set(body.hidden.map((each) => each.words)));
    if (body.earliest) this.#offer(body.earliest);
  }

  // Where nobody pointed at a time yet, the first start that would do.
  #first() {
    const all = this.#shown().flatMap(([column, runs]) => runs.map(([start]) => ({ column: Number(column), start })));
    all.sort((a, b) => between(b.start, a.start));
    if (all.length) this.ghost = { ...all[0], minutes: this.minutes };
  }

  #shown() {
    const here = new Set(this.diary.days.columns.map(({ id }) => String(id)));
    return Object.entries(this.starts).filter(([column]) => here.has(column));
  }

  events() {
    if (!this.isOpen) return [];
    const lit = Object.entries(this.starts).flatMap(([column, runs]) => runs.map(([start, end]) => background(Number(column), start, end, "legal", "free")));
    const { ghost } = this;
    if (!ghost) return lit;
    const minutes = ghost.minutes || this.diary.facts.step;
    const words = this.form.elements.treatment.selectedOptions[0]?.value ? this.form.elements.treatment.selectedOptions[0].text : "new visit";
    return [...lit, {
      id: "ghost", resourceId: ghost.column, start: ghost.start, end: shifted(ghost.start, minutes), editable: true,
      classNames: ["is-ghost", ghost.good === false ? "is-bad" : "is-good"],
      extendedProps: { ghost: { when: clock(ghost.start), words: ghost.words ?? words } },
    }];
  }

  place(ghost) {
    this.ghost = { ...ghost, minutes: this.form.elements.minutes.value ? Number(this.form.elements.minutes.value) : this.minutes };
    this.diary.draw();
    this.#judge();
  }

  nudge(across, along) {
    const { columns } = this.diary.days;
    const { ghost } = this;
    const at = columns.findIndex((each) => each.id === ghost.column) + across;
    this.place({ column: columns[Math.min(Math.max(at, 0), columns.length - 1)].id, start: shifted(ghost.start, along * this.diary.facts.step) });
    this.diary.focusSoon("ghost");
  }

  #isLit({ column, start }) {
    return (this.starts[column] ?? []).some(([from, to]) => between(from, start) >= 0 && between(start, to) > 0);
  }

  // Says of the chosen start what would be held, or why not.
  async #judge() {
    const { ghost } = this;
    this.button.disabled = true;
    this.button.textContent = "Book";
    if (!ghost || !this.form.elements.treatment.value) return;
    ghost.good = this.#isLit(ghost);
    const asked = { ...this.asked, column: ghost.column, start: ghost.start };
    const { ok, body } = await this.diary.server.ask("why", asked);
    if (ghost !== this.ghost) return; // it has moved on since
    if (!ok) return this.#tell("bad", body.detail);
    const no = body.refusal;
    ghost.good = !no;
    if (no) {
      const { earliest } = no;
      ghost.words = `No: ${no.reasons[0].sentence}`;
      this.#tell("bad", `${body.when} will not do.`, ...no.reasons.map((each) => `${each.sentence} ${each.sum}`));
      if (earliest) this.#offer(earliest);
      if (body.override) this.verdict.append(Object.assign(document.createElement("a"), { className: "desk-button small grave", href: body.override, textContent: "Override with a reason" }));
    } else {
      const arrive = body.arrive ? `; be there at ${body.arrive}` : "";
      this.#tell("good", `${body.when}, ${body.minutes} minutes, ${[body.who, body.where].filter(Boolean).join(", ")}${arrive}.`, ...body.cautions);
      this.button.textContent = `Book ${body.when}`;
      this.button.disabled = !this.form.elements.patient.value;
      if (this.button.disabled) this.#tell("good", `${body.when} is free. Say for whom.`);
    }
    this.diary.draw();
  }

  #offer({ start, when }) {
    const there = start.slice(0, 16);
    const button = Object.assign(document.createElement("button"), { type: "button", className: "desk-button small", textContent: `Earliest: ${when}` });
    button.addEventListener("click", async () => {
      this.ghost = null;
      await this.diary.goTo(dayOf(there));
      this.place({ column: this.#columnAt(there), start: there });
    });
    this.verdict.append(button);
  }

  #columnAt(start) {
    const found = Object.keys(this.starts).map(Number).find((column) => this.#isLit({ column, start }));
    return found ?? this.diary.days.columns[0].id;
  }

  #tell(tone, ...lines) {
    this.verdict.className = `diary-verdict desk-note ${tone}`;
    this.verdict.replaceChildren(...lines.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
  }

  // The same starts as buttons, for who does not see or reach the grid.
  #drawFrees() {
    const list = this.frees.querySelector("div");
    list.replaceChildren();
    const titles = Object.fromEntries((this.diary.days?.columns ?? []).map(({ id, title }) => [id, title]));
    for (const [column, runs] of this.#shown()) {
      const starts = runs.flatMap(([from, to]) => this.#each(from, to));
      if (!starts.length) continue;
      const group = Object.assign(document.createElement("div"), { className: "desk-starts" });
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", titles[column] ?? "");
      for (const start of starts) {
        const button = Object.assign(document.createElement("button"), { type: "button", className: "desk-start", textContent: clock(start) });
        button.addEventListener("click", () => this.place({ column: Number(column), start }));
        group.append(button);
      }
      list.append(Object.assign(document.createElement("small"), { textContent: titles[column] ?? "" }), group);
    }
    this.frees.hidden = !list.children.length || this.diary.facts.view === "week";
  }

  #each(from, to) {
    const { step } = this.diary.facts;
    const count = Math.round((minutesOf(to) - minutesOf(from)) / step);
    return Array.from({ length: count }, (_, n) => shifted(from, n * step));
  }

  async book() {
    const { ghost } = this;
    if (!ghost || this.button.disabled) return;
    this.button.disabled = true;
    const asked = { ...this.asked, column: ghost.column, start: ghost.start };
    const { ok, body } = await this.diary.server.send("diary_book", asked);
    if (!ok) {
      const onEarliest = ({ start }) => this.place({ column: ghost.column, start: start.slice(0, 16) });
      return this.diary.says.refuse("Not booked.", body, { onEarliest, back: () => this.search.focus() });
    }
    this.close();
    await this.diary.done(body);
  }
}
