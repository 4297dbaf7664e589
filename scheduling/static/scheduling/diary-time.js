// Times as the site's clock shows them, "2027-03-28T10:30", without an offset: the server knows the zone.
const MINUTE = 60000;

export const minutesOf = (text) => Date.parse(`${text.slice(0, 16)}Z`) / MINUTE;
export const textOf = (minutes) => new Date(minutes * MINUTE).toISOString().slice(0, 16);
export const shifted = (text, minutes) => textOf(minutesOf(text) + minutes);
export const between = (start, end) => minutesOf(end) - minutesOf(start);
export const clock = (text) => text.slice(11, 16);
export const dayOf = (text) => text.slice(0, 10);
export const dayAfter = (day, days) => shifted(`${day}T00:00`, days * 24 * 60).slice(0, 10);
// What the grid calls a duration. Its dates are none of ours: the desk's clock would have a say in them.
export const lasting = ({ days = 0, seconds = 0 }) => days * 24 * 60 + seconds / 60;
export const offsetText = (minutes) => {
  const part = (number) => String(number).padStart(2, "0");
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${part(Math.floor(size / 60))}:${part(size % 60)}`;
};

export function daysShown(day, view) {
  if (view !== "week") return [day, day];
  const weekday = (new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7;
  const monday = dayAfter(day, -weekday);
  return [monday, dayAfter(monday, 6)];
}

export function inWords(day, more = {}) {
  const shape = { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC", ...more };
  return new Intl.DateTimeFormat("en-GB", shape).format(new Date(`${day}T00:00Z`));
}
