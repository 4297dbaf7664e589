// What the diary says: the status line, a refusal with its way out, and the offer to undo.
const made = (name, className, text, facts = {}) => Object.assign(document.createElement(name), { className, textContent: text, ...facts });

export class Says {
  constructor(facts) {
    this.seconds = facts.undoSeconds;
    this.line = document.getElementById("diary-status");
    this.no = document.getElementById("diary-no");
    this.undo = document.getElementById("diary-undo");
    this.timer = 0;
  }

  say(words) {
    this.line.textContent = words;
  }

  // Every reason with its sum; the earliest start that would do, and the clinician's way round.
  refuse(title, body, { onEarliest, back } = {}) {
    const { refusal } = body;
    const box = this.no;
    const close = () => {
      box.hidden = true;
      back?.();
    };
    const row = made("div", "desk-row", "");
    const earliest = refusal?.earliest;
    if (earliest && onEarliest) {
      const words = `Earliest: ${earliest.when}${earliest.who ? `, ${earliest.who}` : ""}`;
      row.append(made("button", "desk-button main", words, { type: "button", onclick: () => (close(), onEarliest(earliest)) }));
    } else if (refusal) row.append(made("small", "", earliest ? `Earliest: ${earliest.when}.` : "No day as far ahead as this site books would do."));
    if (body.override) row.append(made("a", "desk-button grave", "Override with a reason", { href: body.override }));
    row.append(made("button", "desk-button", "Close", { type: "button", onclick: close }));
    box.replaceChildren(made("h2", "", title), ...this.#reasons(body), row);
    box.hidden = false;
    box.onkeydown = (event) => {
      if (event.key === "Escape") close();
    };
    box.focus();
    this.say(`${title} ${body.detail ?? ""}`);
  }

  #reasons({ refusal, detail }) {
    if (!refusal) return [made("p", "", detail)];
    const list = made("ul", "desk-reasons", "");
    for (const { sentence, sum, source, strength } of refusal.reasons) {
      const item = made("li", "", "");
      item.append(made("p", "", sentence));
      if (sum) item.append(made("span", "desk-sum", sum), " ");
      item.append(made("small", "", [strength, source].filter(Boolean).join("; ")));
      list.append(item);
    }
    return [list];
  }

  // The last step only: a newer one takes the place of an older.
  offerUndo(words, undo) {
    clearInterval(this.timer);
    let left = this.seconds;
    const count = this.undo.querySelector("[data-left]");
    const tick = () => {
      count.textContent = `(${left})`;
      if (left-- <= 0) this.dropUndo();
    };
    this.undo.querySelector("[data-words]").textContent = words;
    this.undo.hidden = false;
    this.again = () => {
      this.dropUndo();
      undo();
    };
    this.undo.querySelector("button").onclick = this.again;
    tick();
    this.timer = setInterval(tick, 1000);
    this.say(words);
  }

  dropUndo() {
    clearInterval(this.timer);
    this.undo.hidden = true;
    this.again = null;
  }
}
