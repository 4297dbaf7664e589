"""Somebody at the desk, signed in, with the diary open."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from scheduling.models import Site
from tests import cast
from tests.browser.looking import AXE

DIARY = "/admin/scheduling/appointment/diary/"
GRAVE = ("serious", "critical")

_AXE = """async () => {
  const found = await axe.run({ include: [['.desk']] }, { resultTypes: ['violations'] });
  return found.violations.flatMap(each => each.nodes.map(node =>
    [each.impact, `${each.id}: ${node.html.slice(0, 140)} ${node.any[0]?.message ?? ''}`]));
}"""


class Desk:
    """One page of a browser in the hands of a member of staff."""

    def __init__(self, page: Page, house: str) -> None:
        """Keep what strays: requests to anybody else, and scripts that fail."""
        self.page, self.house = page, house
        self.strayed: list[str] = []
        page.on("pageerror", lambda error: self.strayed.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((house, "data:"))
                else self.strayed.append(request.url)
            ),
        )

    def open(self, **asked: Any) -> None:
        """Open the diary and wait until it is drawn, with what the visits lack."""
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        self.page.goto(f"{DIARY}?{query}")
        self.page.wait_for_selector("#diary[data-ready][data-complete]")

    def visit(self, name: str) -> Locator:
        """Find a patient's visit on the grid."""
        return self.page.locator(".is-visit", has_text=name).first

    def stands(self, name: str, time: str) -> None:
        """Wait until a patient's visit stands at a time."""
        self.visit(name).locator("b", has_text=time).wait_for()

    def drag(self, name: str, *, down: int = 0, across: int = 0, edge: bool = False) -> None:
        """Drag a visit by pixels, by its middle or by its lower edge."""
        box = self.visit(name).bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 3, box["y"] + (box["height"] - 2 if edge else 6)
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + across / 2, y + down / 2, steps=4)
        mouse.move(x + across, y + down, steps=4)
        mouse.up()

    def says(self, words: str) -> None:
        """Wait until the diary says something."""
        self.page.locator("#diary-status", has_text=words).wait_for()

    def refusal(self) -> Locator:
        """Wait for a refusal."""
        box = self.page.locator("#diary-no")
        box.wait_for()
        return box

    def choose(self, patient: str, treatment: str) -> None:
        """Fill the panel in."""
        self.page.locator("#diary-q").fill(patient)
        self.page.locator(".diary-panel .desk-pick").first.click()
        self.page.locator("#diary-wanted [name=treatment]").select_option(label=treatment)

    def grave(self) -> list[str]:
        """Run axe over the desk's part of the page; answer what is serious, in light and dark."""
        found = []
        self.page.evaluate(AXE)
        for dark in (False, True):
            self.page.evaluate("d => document.documentElement.classList.toggle('dark', d)", dark)
            rows = self.page.evaluate(_AXE)
            found += [f"dark={dark} {words}" for impact, words in rows if impact in GRAVE]
        self.page.evaluate("document.documentElement.classList.remove('dark')")
        return found

    def shot(self, name: str) -> None:
        """Keep a picture of the page where the run asks for them."""
        if folder := os.environ.get("SCREENSHOTS_INTO"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    @property
    def path(self) -> str:
        """Tell where we are."""
        return urlsplit(self.page.url).path


def employed(group: str, *sites: Site) -> User:
    """Take a member of staff into a group: of these sites, or of all when none is named."""
    user = cast.staff_user(group, *sites, everywhere=not sites)
    user.groups.add(Group.objects.get(name=group))
    return user


def signed_in(browser: Browser, house: str, user: User, **facts: Any) -> BrowserContext:
    """Open a browser in which `user` is signed in.

    Nothing moves in it: axe would read the colours of a button half way from light to dark.
    """
    facts = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **facts}
    context = browser.new_context(base_url=house, **facts)
    context.set_default_timeout(20_000)
    client = Client()
    client.force_login(user)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": house}])
    return context
