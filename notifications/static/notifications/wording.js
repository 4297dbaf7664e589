// Shows a text as it would arrive while it is being written. Without scripts it shows on save.
(() => {
  const box = document.querySelector("[data-preview]");
  const form = box && document.getElementById("messagetext_form");
  if (!form) return;
  const part = (name) => box.querySelector(`[data-part="${name}"]`);
  const show = (name, text) => {
    part(name).textContent = text || "";
    if (name === "error" || name === "subject") part(name).hidden = !text;
  };
  let waiting = 0;
  let newest = 0;
  const ask = async () => {
    const mine = ++newest;
    const answer = await fetch(box.dataset.preview, { method: "POST", body: new FormData(form) });
    if (!answer.ok || mine !== newest) return;
    const seen = await answer.json();
    show("error", seen.error);
    if (seen.error) return;
    for (const name of ["subject", "text", "count", "cost"]) show(name, seen[name]);
    show("swapped", seen.swapped.length ? `Sent as plain characters: ${seen.swapped.join(", ")}` : "");
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  });
})();
