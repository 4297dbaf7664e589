"""What is asked of every page of the patients: readable by all, light, and by keyboard alone."""

from importlib.resources import files
from typing import Any

from tests.browser.phone import Phone, joined

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
"""axe-core as it is; it is handed to the page from outside, past the policy that lets nothing in."""

HEAVIEST = 50_000
"""Bytes of a page with all that it asks for, uncompressed."""

NARROW, WIDE = {"width": 320, "height": 640}, {"width": 390, "height": 844}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_TABS = 40

_OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"
_WIDER = """() => {
  const root = document.documentElement, by = root.scrollWidth - root.clientWidth;
  if (by <= 0) return '';
  const out = [...document.querySelectorAll('main *, footer *')].filter(each => {
    const box = each.getBoundingClientRect();
    return box.width && (box.right > root.clientWidth + 1 || box.left < -1);
  });
  return `${by} px: ` + out.slice(-2).map(each => each.outerHTML.slice(0, 120)).join(' ');
}"""
_CONTROLS = """() => {
  const all = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), textarea, select, summary')];
  const groups = new Set();
  return all.filter(each => {
    if (!each.checkVisibility()) return false;
    if (each.type !== 'radio') return true;
    const known = groups.has(each.name);
    groups.add(each.name);
    return !known;
  }).length;
}"""
_WATCH = """() => {
  window.seen = new Map();
  document.addEventListener('focusin', event => {
    const at = event.target, style = getComputedStyle(at);
    window.seen.set(at, [style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
      at.outerHTML.slice(0, 90)]);
  });
}"""
_SEEN = "[...window.seen.values()]"


def violations(phone: Phone, *, rules: list[str] | None = None, colours: bool = True) -> list[str]:
    """Run axe over the page, everything unfolded; answer what it finds."""
    phone.page.evaluate(_OPEN)
    only: Any = {"type": "tag", "values": TAGS}
    if rules:
        only = {"type": "rule", "values": rules}
    if not phone.page.evaluate("typeof axe === 'object'"):
        phone.page.evaluate(AXE)
    options: Any = {"resultTypes": ["violations"], "runOnly": only, "preload": False}
    if not colours:
        options["rules"] = {"color-contrast": {"enabled": False}}
    found = phone.page.evaluate("options => axe.run(options)", options)
    return [
        f"{phone.path}: {each['id']} ({each['impact']}): {node['html'][:160]}"
        f" {[part['message'] for part in node['any']][:1]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def in_the_dark(phone: Phone) -> list[str]:
    """Look at the contrast once more, in the dark."""
    phone.page.emulate_media(color_scheme="dark")
    found = violations(phone, rules=["color-contrast"])
    phone.page.emulate_media(color_scheme="light")
    return [f"dark: {each}" for each in found]


def too_wide(phone: Phone) -> list[str]:
    """Look for what must be scrolled sideways: at 320 px, and with letters of twice the size."""
    found = []
    phone.page.set_viewport_size(NARROW)
    if by := phone.page.evaluate(_WIDER):
        found.append(f"{phone.path}: wider than 320 by {by}")
    phone.page.set_viewport_size(WIDE)
    phone.page.evaluate("document.documentElement.style.fontSize = '200%'")
    if by := phone.page.evaluate(_WIDER):
        found.append(f"{phone.path}: too wide at 200 % by {by}")
    phone.page.evaluate("document.documentElement.style.fontSize = ''")
    return found


def out_of_reach(phone: Phone) -> list[str]:
    """Go through the page by Tab alone; answer what cannot be reached or does not show it."""
    count = min(phone.page.evaluate(_CONTROLS), MOST_TABS)
    phone.page.evaluate(_WATCH)
    for _ in range(count):
        phone.page.keyboard.press("Tab")
    seen: list[tuple[bool, str]] = phone.page.evaluate(_SEEN)
    found = [f"{phone.path}: no ring around {html}" for ring, html in seen if not ring]
    if len(seen) < count:
        found.append(f"{phone.path}: {len(seen)} of {count} controls by Tab")
    return found


def assert_fine(phone: Phone) -> None:
    """Hold the page that is open to all of it but its weight."""
    found = violations(phone) + in_the_dark(phone) + too_wide(phone)
    assert found == [], joined(found)
