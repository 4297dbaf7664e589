// Names for fields of the admin that have none: in rows of a table, dates and times, search fields.
const FIELDS = "td[data-label] :is(input:not([type=hidden]), select, textarea), .vDateField, .vTimeField";
const nameOf = (field) => {
  const row = field.closest("td[data-label]")?.dataset.label ?? field.closest("[class*=field-]")?.querySelector("label, legend")?.textContent ?? field.name;
  return row.replace(/[*:]/g, "").trim();
};
const named = () => {
  for (const field of document.querySelectorAll(FIELDS)) {
    if (!field.labels?.length && !field.ariaLabel) field.ariaLabel = nameOf(field);
  }
  for (const box of document.querySelectorAll(".select2-selection")) {
    const select = box.closest(".select2-container").previousElementSibling;
    if (select?.tagName !== "SELECT") continue;
    const name = select.labels.length ? select.labels[0].textContent.replace("*", "").trim() : nameOf(select);
    for (const each of [box, box.querySelector("[role=textbox]")]) each?.setAttribute("aria-label", name);
  }
};
window.addEventListener("load", () => setTimeout(named));
document.addEventListener("formset:added", () => setTimeout(named));
