// Counts down how long a proposal is kept; without scripts the time itself stands there.
document.addEventListener("DOMContentLoaded", () => {
  for (const line of document.querySelectorAll("[data-until]")) {
    const until = Date.parse(line.dataset.until);
    const left = line.querySelector("[data-left]");
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      if (seconds <= 0) {
        line.textContent = line.dataset.lapsed;
        return;
      }
      left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
      setTimeout(tick, 1000);
    };
    if (left && !Number.isNaN(until)) tick();
  }
});
