// Shows a text as it would arrive while it is being written; an SMS is counted at every key, here
// in the browser. Without scripts the preview shows on save.
const begin = () => {
  const box = document.querySelector("[data-preview]");
  const form = box && document.getElementById("messagetext_form");
  if (!form) return;
  const part = (name) => box.querySelector(`[data-part="${name}"]`);
  const show = (name, text) => {
    part(name).textContent = text || "";
    if (name === "error" || name === "subject") part(name).hidden = !text;
  };
  const swaps = (list) => (list.length ? `Sent as plain characters: ${list.join(", ")}` : "");

  const told = JSON.parse(document.getElementById("wording-values").textContent);
  const counter = told.alphabet && sms(told.alphabet);
  const blank = /\{\{|\}\}|\{([a-z_]+)\}/g;
  const fill = (text) =>
    text.replace(blank, (all, name) => (name ? (told.values[name] ?? all) : all[0]));
  // the blanks that Python's str.split() sees; JavaScript's \s leaves out four and adds one
  const oneLine = (text) => text.replace(/(?:(?!\uFEFF)[\s\x1c-\x1f\x85])+/g, " ").trim();

  const count = () => {
    const { text, swapped } = counter.plain(fill(form.elements.body.value));
    const size = counter.measure(oneLine(text));
    const parts = size.segments === 1 ? "segment" : "segments";
    const cost = size.segments > told.most ? told.costs.at(-1) : told.costs[Math.min(size.segments, 2)];
    show("count", `${size.encoding}, ${size.units} units, ${size.segments} ${parts}`);
    show("cost", cost);
    part("cost").classList.toggle("wording-over", size.segments > told.most);
    const spelt = (c) => told.unseen[c] ?? c;
    show("swapped", swaps([...swapped].map(([c, by]) => `${spelt(c)} → ${spelt(by) || "nothing"}`)));
  };

  let waiting = 0;
  let newest = 0;
  const ask = async () => {
    const mine = ++newest;
    const answer = await fetch(box.dataset.preview, { method: "POST", body: new FormData(form) });
    if (!answer.ok || mine !== newest) return;
    const seen = await answer.json();
    show("error", seen.error);
    show("subject", seen.subject);
    show("text", seen.text);
  };
  form.addEventListener("input", () => {
    if (counter) count();
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  });

  const choice = document.getElementById("wording-visit");
  choice?.addEventListener("change", () => location.assign(`?visit=${choice.value}`));
};
// the admin loads scripts in the head, before there is a page
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
