// Which columns are shown: chosen in a list, kept in the address, carried along from day to week.
export class Columns {
  constructor(diary) {
    this.diary = diary;
    this.box = document.getElementById("diary-columns");
    this.list = this.box.querySelector("[data-list]");
    this.all = [];
    const asked = new URLSearchParams(location.search).get("show");
    this.chosen = asked ? asked.split(",").map(Number) : [];
    this.box.querySelector("[data-all]").addEventListener("click", () => this.#choose([]));
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.box.open) return;
      this.box.open = false;
      this.box.querySelector("summary").focus();
    });
    document.addEventListener("click", ({ target }) => {
      if (this.box.open && !this.box.contains(target)) this.box.open = false;
    });
    this.carry();
  }

  // Keeps those that were chosen; where none of them is here, all.
  of(columns) {
    if (JSON.stringify(columns) !== JSON.stringify(this.all)) {
      this.all = columns;
      this.#draw();
    }
    const shown = columns.filter(({ id }) => this.chosen.includes(id));
    return shown.length ? shown : columns;
  }

  #draw() {
    this.list.replaceChildren(...this.all.map(({ id, title }) => {
      const label = document.createElement("label");
      const box = Object.assign(document.createElement("input"), { type: "checkbox", value: id });
      box.addEventListener("change", () => this.#choose([...this.list.querySelectorAll(":checked")].map((each) => Number(each.value))));
      label.append(box, ` ${title}`);
      return label;
    }));
    this.#tick();
  }

  #tick() {
    const shown = this.all.filter(({ id }) => this.chosen.includes(id));
    for (const each of this.list.querySelectorAll("input")) each.checked = !shown.length || this.chosen.includes(Number(each.value));
    const words = shown.length ? `${shown.length} of ${this.all.length}` : `all ${this.all.length}`;
    this.box.querySelector("[data-count]").textContent = words;
    this.box.classList.toggle("is-some", shown.length > 0);
  }

  #choose(ids) {
    this.chosen = ids.length === this.all.length ? [] : ids;
    const here = new URL(location.href);
    if (this.chosen.length) here.searchParams.set("show", this.chosen);
    else here.searchParams.delete("show");
    history.replaceState(null, "", here);
    this.#tick();
    this.carry();
    this.diary.shownAgain();
  }

  // Other days and the week keep the choice; other kinds of columns and other sites have their own.
  carry() {
    const { by, site } = this.diary.facts;
    for (const link of document.querySelectorAll("a[data-carry]")) {
      const to = new URL(link.href);
      const same = to.searchParams.get("by") === by && to.searchParams.get("site") === String(site);
      if (same && this.chosen.length) to.searchParams.set("show", this.chosen);
      else to.searchParams.delete("show");
      link.href = to;
    }
  }
}
