// Names for fields of the admin that have none: in rows of a table, and search fields (select2).
const named = () => {
  for (const field of document.querySelectorAll("td[data-label] :is(input:not([type=hidden]), select, textarea)")) {
    if (!field.labels?.length && !field.ariaLabel) field.ariaLabel = field.closest("td").dataset.label;
  }
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const name = select.ariaLabel ?? select.labels[0]?.textContent.replace("*", "").trim();
    const box = select.nextElementSibling?.querySelector(".select2-selection");
    if (!name || !box) continue;
    for (const each of [box, box.querySelector("[role=textbox]")]) each?.setAttribute("aria-label", name);
  }
};
window.addEventListener("load", named);
document.addEventListener("formset:added", () => setTimeout(named));
