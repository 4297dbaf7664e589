/* The board counts on by itself and asks every few seconds whether anything changed; it works without. */
(() => {
  const EVERY = 2000, COUNT = 5000, ANYWAY = 60000;
  const spelled = (ms) => {
    const minutes = Math.max(0, Math.floor(ms / 60000));
    if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
    return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  };
  let drawn = Date.now(), skew = 0, busy = false;
  const count = () => {
    for (const tag of document.querySelectorAll("#board [data-since]")) {
      const ms = Date.now() + skew - Date.parse(tag.dataset.since);
      const words = tag.dataset.before + spelled(ms) + tag.dataset.after;
      if (tag.textContent !== words) tag.textContent = words;
      if ("late" in tag.dataset) {
        tag.hidden = ms < 60000;
        tag.closest(".board-card").classList.toggle("late", !tag.hidden);
      }
    }
  };
  const draw = async (board) => {
    const answer = await fetch(board.dataset.here, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("board");
    if (!fresh) return;
    const at = document.activeElement && document.activeElement.id;
    const open = [...board.querySelectorAll("details[open]")].map((each) => each.closest("li").querySelector("h3 a").id);
    board.replaceChildren(...fresh.childNodes);
    board.dataset.pulse = fresh.dataset.pulse;
    skew = Date.parse(fresh.dataset.now) - Date.now();
    for (const id of open) document.getElementById(id)?.closest("li").querySelector("details")?.setAttribute("open", "");
    if (at && document.activeElement === document.body) document.getElementById(at)?.focus();
    drawn = Date.now();
    count();
  };
  const ask = async () => {
    const board = document.getElementById("board");
    if (busy || document.hidden || board.querySelector("form[data-sent]")) return;
    busy = true;
    try {
      const answer = await fetch(board.dataset.ask, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) {
        const { pulse } = await answer.json();
        if (pulse !== board.dataset.pulse) {
          await draw(board);
          document.getElementById("board-said").textContent = "The board has changed.";
        } else if (Date.now() - drawn > ANYWAY) await draw(board);
      }
    } catch { /* the network is away: the board stays as it was */ }
    busy = false;
  };
  document.addEventListener("DOMContentLoaded", () => {
    const board = document.getElementById("board");
    if (!board) return;
    // Minutes are counted by the house's clock, not by the one of this machine.
    skew = Date.parse(board.dataset.now) - Date.now();
    document.addEventListener("submit", (event) => {
      // Cards that were drawn later have the same guard against a second press.
      if (!event.target.closest("#board")) return;
      if (event.target.dataset.going) event.preventDefault();
      event.target.dataset.going = "yes";
    });
    count();
    setInterval(count, COUNT);
    setInterval(ask, EVERY);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.toLowerCase() !== "w") return;
    if (event.target.matches("input, textarea, select, [contenteditable]")) return;
    const door = document.querySelector("[data-key=w]");
    if (door) { event.preventDefault(); door.click(); }
  });
})();
