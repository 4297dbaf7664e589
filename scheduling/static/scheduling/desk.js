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
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll(".desk form[data-sent]")) delete form.dataset.sent;
});
