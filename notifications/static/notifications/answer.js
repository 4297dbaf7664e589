// Counts the short messages that an answer costs, at every key, as notifications/core/sms.py does.
const beginAnswer = () => {
  const told = document.getElementById("answer-counting");
  const field = document.getElementById("id_answer");
  if (!told || !field) return;
  const { alphabet, before, after, most } = JSON.parse(told.textContent);
  const counter = sms(alphabet);
  const line = document.createElement("p");
  line.id = "answer-count";
  line.setAttribute("aria-live", "polite");
  field.after(line);
  const count = () => {
    const words = field.value.split(/\s+/).filter(Boolean).join(" ");
    const { segments, units } = counter.measure(counter.plain(before + words + after).text);
    const parts = segments === 1 ? "1 text message" : `${segments} text messages`;
    line.textContent = `${units} characters with our name and number: ${parts}, at most ${most}.`;
    line.classList.toggle("wording-over", segments > most);
  };
  field.addEventListener("input", count);
  count();
};
// the admin loads scripts in the head, before there is a page
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", beginAnswer);
else beginAnswer();
