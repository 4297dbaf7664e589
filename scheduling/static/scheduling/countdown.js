// Counts down how long an offer waits for its answer; without scripts the time itself stands there.
document.addEventListener("DOMContentLoaded", () => {
  for (const line of document.querySelectorAll("[data-left]")) {
    const until = Date.now() + Number(line.dataset.left) * 1000;
    const template = line.dataset.says || "{left} left";
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      if (seconds <= 0) {
        line.textContent = line.dataset.over || "";
        return;
      }
      const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
      const two = (n) => String(n).padStart(2, "0");
      const left = hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
      line.textContent = template.replace("{left}", left);
      setTimeout(tick, 1000);
    };
    if (!Number.isNaN(until)) tick();
  }
});
