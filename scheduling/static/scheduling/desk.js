/* Small comforts of the desk; every page works without them. */
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  // A second click on a slow line must not send a form twice.
  for (const form of document.querySelectorAll(".desk form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
});
// What can be undone counts down and goes; pressed too late, the server says so.
document.addEventListener("DOMContentLoaded", () => {
  const undo = document.querySelector(".desk-undo");
  if (!undo) return;
  let left = Number(undo.dataset.left);
  const tick = () => {
    undo.querySelector("[data-seconds]").textContent = `(${left})`;
    if (left-- <= 0) undo.remove();
  };
  tick();
  const timer = setInterval(() => (undo.isConnected ? tick() : clearInterval(timer)), 1000);
});
// Unfold hides the page until Alpine has woken, and what is hidden takes no focus.
document.addEventListener("DOMContentLoaded", () => {
  const first = document.querySelector(".desk [autofocus]");
  requestAnimationFrame(() => {
    if (!first || document.activeElement !== document.body) return;
    first.focus();
    if (first.select) first.select();
  });
});
document.addEventListener("keydown", (event) => {
  const at = event.target;
  // A list of choices swallows Enter; at the desk it means "find".
  if (event.key === "Enter" && at.matches(".desk form[method=get] select")) {
    event.preventDefault();
    at.form.requestSubmit();
  }
  const picks = [...document.querySelectorAll(".desk-pick")];
  const here = picks.indexOf(at);
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && picks.length && (here >= 0 || at.id === "q")) {
    event.preventDefault();
    const next = here + (event.key === "ArrowDown" ? 1 : -1);
    (picks[next] || (next < 0 ? document.getElementById("q") : at)).focus();
  }
});
// A consultation has no area; the fields come back with a treatment that asks for them.
document.addEventListener("DOMContentLoaded", () => {
  const treatment = document.querySelector(".desk select[name=treatment]");
  const minutes = document.querySelector(".desk input[name=minutes]");
  if (!treatment || !minutes) return;
  const adapt = () => {
    const facts = treatment.selectedOptions[0]?.dataset ?? {};
    for (const field of document.querySelectorAll(".desk-where")) field.hidden = facts.area === "no";
    minutes.placeholder = facts.minutes ?? "";
  };
  treatment.addEventListener("change", adapt);
  adapt();
});
// Who does not work at the chosen site is not offered; the server refuses them too.
document.addEventListener("DOMContentLoaded", () => {
  for (const whom of document.querySelectorAll(".desk select[name=practitioner]")) {
    const site = whom.form?.elements.site;
    if (site?.tagName !== "SELECT") continue;
    site.addEventListener("change", () => {
      for (const option of whom.options) {
        option.hidden = option.disabled = Boolean(option.dataset.sites) && !option.dataset.sites.split(" ").includes(site.value);
      }
      if (whom.selectedOptions[0]?.disabled) whom.value = "";
    });
  }
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll(".desk form[data-sent]")) delete form.dataset.sent;
});
