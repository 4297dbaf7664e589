// The diary: reads some days, draws them, and takes what is dragged, clicked and typed to the server.
import { Columns } from "./diary-columns.js";
import { keys } from "./diary-keys.js";
import { Panel } from "./diary-panel.js";
import { Says } from "./diary-says.js";
import { Server } from "./diary-server.js";
import { between, dayAfter, dayOf, daysShown, inWords, lasting, offsetText, shifted } from "./diary-time.js";
import { VisitPanel } from "./diary-visit.js";
import { contentOf, eventsOf, Hint, lengthOf, placed, sentence } from "./diary-visits.js";

const COARSE = matchMedia("(pointer: coarse)").matches;
const SLOT = { minutes: 15, height: COARSE ? 44 : 26 }; // a finger needs 44 pixels
const REM = parseFloat(getComputedStyle(document.documentElement).fontSize);
const CLOCK = { hour: "2-digit", minute: "2-digit", hour12: false };

class Diary {
  constructor(facts) {
    this.facts = facts;
    this.grid = document.getElementById("diary");
    this.server = new Server(facts);
    this.says = new Says(facts);
    this.hint = new Hint(document.getElementById("diary-hint"));
    this.days = { columns: [], visits: [], ground: [] };
    this.day = facts.date;
    this.carried = null; // a visit that the keyboard moves: {visit, column, was, by, longer, from}
    this.dragging = false;
    this.papers = {}; // what visits lack before check-in, in words, by their ids
    this.columns = new Columns(this);
    this.panel = facts.mayWork ? new Panel(this) : null;
    this.closer = new VisitPanel(this);
    this.calendar = EventCalendar.create(this.grid, this.#options());
    this.#listen();
    keys(this);
  }

  #options() {
    const { facts } = this;
    return {
      view: facts.view === "week" ? "resourceTimeGridWeek" : "resourceTimeGridDay",
      date: facts.date, timeZone: offsetText(facts.offset), firstDay: 1, locale: "en-GB", height: "100%",
      headerToolbar: { start: "", center: "", end: "" }, allDaySlot: false, nowIndicator: true,
      slotDuration: { minutes: SLOT.minutes }, slotHeight: SLOT.height, slotLabelInterval: "01:00", snapDuration: { minutes: facts.step },
      slotLabelFormat: CLOCK, eventTimeFormat: CLOCK, dayHeaderFormat: { weekday: "short", day: "numeric", month: "short" },
      slotEventOverlap: false, datesAboveResources: facts.view === "week", columnWidth: this.#width(), longPressDelay: 400, eventDragMinDistance: 5,
      editable: facts.mayWork, selectable: facts.mayWork, selectMinDistance: 5, unselectAuto: true,
      eventContent: contentOf,
      eventDidMount: ({ el, event }) => this.#dress(el, event),
      eventClick: ({ event }) => event.extendedProps.visit && !this.carried && this.closer.open(event.extendedProps.visit),
      eventMouseEnter: ({ el, event }) => event.extendedProps.visit && !this.dragging && this.hint.show(event.extendedProps.visit, el),
      eventMouseLeave: () => this.hint.hide(),
      eventDragStart: () => this.#hold(), eventResizeStart: () => this.#hold(),
      eventDragStop: () => this.#release(), eventResizeStop: () => this.#release(),
      eventDrop: (info) => this.#dropped(info), eventResize: (info) => this.#resized(info),
      dateClick: ({ dateStr, resource }) => this.panel?.open({ column: Number(resource.id), start: this.#snapped(dateStr) }),
      select: ({ startStr, endStr, resource }) => {
        this.panel?.open({ column: Number(resource.id), start: startStr.slice(0, 16), minutes: between(startStr, endStr) });
        this.calendar.unselect();
      },
      eventAllUpdated: () => this.#drawn(),
    };
  }

  // As wide as there is room for; never so narrow that no name fits.
  #width(count = 0) {
    const week = this.facts.view === "week";
    const least = week ? 7 : COARSE ? 10 : 0;
    const room = (this.grid.clientWidth / REM - 5) / ((week ? 7 : 1) * (count || 1));
    return !least || (count && room >= least) ? undefined : `${least}rem`;
  }

  #snapped(text) {
    return shifted(text, -(between(`${dayOf(text)}T00:00`, text) % this.facts.step));
  }

  get shown() {
    return daysShown(this.day, this.facts.view);
  }

  get asked() {
    const [from, to] = this.shown;
    return { site: this.facts.site, by: this.facts.by, from, to };
  }

  // ---- reading and drawing

  async load() {
    const asked = this.asked;
    const { ok, body } = await this.server.ask("days", asked);
    if (JSON.stringify(asked) !== JSON.stringify(this.asked)) return; // turned the page meanwhile
    if (!ok) return this.says.say(body.detail);
    const before = this.days;
    this.days = { ...body, columns: this.columns.of(body.columns) };
    this.#withPapers();
    if (JSON.stringify(before.columns) !== JSON.stringify(this.days.columns)) this.#setColumns();
    if (String(before.hours) !== String(body.hours)) {
      this.calendar.setOption("slotMinTime", body.hours[0]);
      this.calendar.setOption("slotMaxTime", body.hours[1]);
    }
    const closed = Object.entries(body.holidays).map(([day, name]) => `${inWords(day, { year: undefined })}: ${name}`);
    document.getElementById("diary-title").textContent = [this.#title(), ...closed].join(" · ");
    this.closer.refresh(this.days.visits);
    this.draw();
    this.loaded = true;
    this.readPapers();
  }

  // Asked after the days are drawn, and again when a record comes in: it needs everybody's history.
  async readPapers() {
    const asked = this.asked;
    const { ok, body } = await this.server.ask("papers", asked);
    if (!ok || JSON.stringify(asked) !== JSON.stringify(this.asked)) return;
    this.complete = true;
    this.record = body.record;
    if (JSON.stringify(body.papers) === JSON.stringify(this.papers)) return this.#drawn();
    this.papers = body.papers;
    this.#withPapers();
    this.closer.refresh(this.days.visits);
    if (!this.dragging && !this.carried) this.draw();
  }

  #withPapers() {
    for (const visit of this.days.visits) visit.missing = this.papers[visit.id] ?? [];
  }

  shownAgain() {
    this.days.columns = this.columns.of(this.columns.all);
    this.#setColumns();
    this.draw();
    this.panel?.light();
  }

  #setColumns() {
    this.calendar.setOption("columnWidth", this.#width(this.days.columns.length));
    this.calendar.setOption("resources", this.days.columns);
  }

  #title() {
    const [first, last] = this.shown;
    return first === last ? inWords(first) : `${inWords(first, { year: undefined })} to ${inWords(last)}`;
  }

  draw() {
    this.focused = this.focused ?? document.activeElement?.closest?.(".is-visit, .is-ghost")?.dataset.key;
    const events = eventsOf(this.days, this.carried?.visit);
    this.calendar.setOption("events", [...events, ...(this.panel?.events() ?? [])]);
  }

  focusSoon(key) {
    this.focused = key;
  }

  #drawn() {
    for (const each of this.grid.querySelectorAll(".ec-event")) this.#refresh(each);
    // A table holds cells and nothing else, but visits lie across them; each says itself when and with whom.
    for (const each of this.grid.querySelectorAll(".ec, .ec [role]:not(.ec-event), .ec aside")) {
      each.setAttribute("role", "presentation");
      for (const name of each.getAttributeNames()) if (name.startsWith("aria-")) each.removeAttribute(name);
    }
    if (this.focused) {
      const again = this.grid.querySelector(`[data-key="${this.focused}"]`);
      this.focused = undefined;
      if (again && again !== document.activeElement) again.focus({ preventScroll: false });
    }
    if (this.complete) this.grid.dataset.complete = "";
    if (this.loaded && !this.grid.dataset.ready) this.grid.dataset.ready = String(Math.round(performance.now()));
  }

  #dress(element, event) {
    element.event = event;
    this.#refresh(element, event);
    if (event.display !== "background") {
      element.addEventListener("focus", () => element.facts && this.hint.show(element.facts.visit, element));
      element.addEventListener("blur", () => this.hint.hide());
    }
  }

  // The grid keeps elements and changes what they show; names and keys follow.
  #refresh(element, event = element.event && this.calendar.getEventById(element.event.id)) {
    if (!event || event.display === "background") return;
    const { visit, column } = event.extendedProps;
    element.facts = visit ? { visit, column } : null;
    element.dataset.key = visit ? `${visit.id}:${column}` : event.id;
    element.tabIndex = 0;
    element.setAttribute("role", "button");
  }

  async goTo(day) {
    this.day = day;
    this.calendar.gotoDate(day);
    document.getElementById("diary-date").value = day;
    const here = new URL(location.href);
    here.searchParams.set("date", day);
    history.replaceState(null, "", here);
    for (const link of document.querySelectorAll("a[data-carry]")) {
      const to = new URL(link.href);
      to.searchParams.set("date", day);
      link.href = to;
    }
    this.closer.leave();
    await this.load();
    await this.panel?.light();
  }

  #listen() {
    const far = this.facts.view === "week" ? 7 : 1;
    for (const button of document.querySelectorAll("[data-go]")) {
      const way = Number(button.dataset.go);
      button.addEventListener("click", () => this.goTo(way ? dayAfter(this.day, way * far) : this.facts.today));
    }
    document.getElementById("diary-date").addEventListener("change", ({ target }) => target.value && this.goTo(target.value));
    document.getElementById("diary-new")?.addEventListener("click", () => this.panel.open());
  }

  // ---- moving

  #hold() {
    this.dragging = true;
    this.hint.hide();
  }

  #release() {
    this.dragging = false;
  }

  #dropped({ event, delta, newResource, revert }) {
    const { visit, column } = event.extendedProps;
    const by = lasting(delta);
    if (!visit) {
      const { ghost } = this.panel;
      return this.panel.place({ column: Number(newResource?.id ?? ghost.column), start: shifted(ghost.start, by) });
    }
    return this.move(visit, { start: shifted(visit.start, by), column: Number(newResource?.id ?? column) }, revert);
  }

  #resized({ event, endDelta, revert }) {
    const { visit, column } = event.extendedProps;
    if (!visit) return revert();
    return this.move(visit, { start: visit.start, column, minutes: lengthOf(visit) + lasting(endDelta) }, revert);
  }

  // Drawn already where it is wanted; the server decides, and a no puts it back.
  async move(visit, { start, column, minutes }, revert) {
    const [least, most] = visit.minutes;
    if (minutes && (minutes < least || minutes > most)) {
      revert();
      return this.says.refuse("Not moved.", { detail: `${visit.treatment} takes ${least} to ${most} minutes.` }, { back: () => this.focusOn(visit) });
    }
    const asked = { start, column, by: this.facts.by, version: visit.version, ...(minutes ? { minutes } : {}) };
    const { ok, status, body } = await this.server.send("move", asked, visit.id);
    if (ok) {
      this.carried = null;
      return this.done(body);
    }
    revert();
    const title = status === 412 ? "Somebody else was quicker." : "Not moved.";
    const told = status === 412 ? { detail: "This visit was changed by someone else just now. You see it as it is; please look and try again." } : body;
    const onEarliest = (earliest) => this.move(visit, { start: earliest.start.slice(0, 16), column: 0, minutes }, () => this.draw());
    if (status === 412) await this.load();
    this.says.refuse(title, told, { onEarliest, back: () => this.focusOn(visit) });
  }

  async done({ id, words, cautions, undo }) {
    document.querySelector(".desk-undo")?.remove(); // an older step of another page
    if (undo) this.says.offerUndo([words, ...cautions].join(" "), () => this.#undo(undo));
    else this.says.say(words);
    this.focused = this.focused ?? document.activeElement?.closest?.(".is-visit")?.dataset.key;
    await this.load();
    this.focusOn({ id });
  }

  async #undo(token) {
    const { ok, body } = await this.server.send("diary_undo", { undo: token });
    await this.load();
    if (ok) this.says.say(body.words);
    else this.says.refuse("Not undone.", body);
  }

  focusOn({ id }) {
    this.grid.querySelector(`[data-key^="${id}:"]`)?.focus();
  }

  // ---- moving by keyboard

  pickUp({ visit, column }) {
    if (!visit.movable) return this.says.say(`${visit.patient} is ${visit.status}: this visit cannot be moved.`);
    this.carried = { visit, column, was: visit, by: 0, longer: 0, from: column };
    this.says.say(`Moving ${visit.patient}: arrows, plus and minus, then Enter; Escape puts it back.`);
    this.hint.hide();
    this.carry(0, 0, 0);
  }

  carry(across, along, longer) {
    const { columns } = this.days;
    const carried = this.carried;
    const at = Math.min(Math.max(columns.findIndex(({ id }) => id === carried.column) + across, 0), columns.length - 1);
    carried.column = columns[at].id;
    carried.by += along * this.facts.step;
    carried.longer += longer * 5;
    carried.visit = placed(carried.was, { by: carried.by, longer: carried.longer, from: carried.from, to: carried.column });
    this.focused = `${carried.visit.id}:${carried.column}`;
    this.draw();
    const { visit } = carried;
    if (across || along || longer) this.says.say(`${columns[at].title}, ${visit.start.slice(11)} to ${visit.end.slice(11)}`);
  }

  putBack() {
    const { was, from } = this.carried;
    this.carried = null;
    this.focused = `${was.id}:${from}`;
    this.draw();
    this.says.say(`${sentence(was)}. Not moved.`);
  }

  drop() {
    const { visit, was, column, by, longer, from } = this.carried;
    if (!by && !longer && column === from) return this.putBack();
    const revert = () => {
      this.carried = null;
      this.focused = `${was.id}:${from}`;
      this.draw();
    };
    return this.move(was, { start: visit.start, column, ...(longer ? { minutes: lengthOf(visit) } : {}) }, revert);
  }

  // ---- news

  async watch() {
    for (;;) {
      await new Promise((go) => setTimeout(go, this.facts.poll));
      if (document.hidden || this.dragging || this.carried) continue;
      const { ok, status, body } = await this.server.ask("news", this.asked);
      if (status === 401) return this.says.say(body.detail);
      if (!ok || this.dragging || this.carried) continue;
      const written = this.complete && this.record !== body.record;
      if (body.stamp !== this.days.stamp) {
        await this.load();
        await this.panel?.light();
      } else if (written) await this.readPapers();
    }
  }
}

const diary = new Diary(JSON.parse(document.getElementById("diary-facts").textContent));
await diary.load();
diary.watch();
