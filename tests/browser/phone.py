"""A phone in the hand: taps counted, answers kept, and whom it asked for what."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, Response

from scheduling.doors.entering import SESSION_COOKIE


class Phone:
    """One page of a browser at one house."""

    def __init__(self, page: Page, house: str) -> None:
        """Listen to what the page asks for."""
        self.page, self.house, self.taps, self.scripts = page, house, 0, True
        self.strayed: list[str] = []
        """Requests that went to anybody but the house, faults, and pages without their headers."""
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("pageerror", lambda error: self.strayed.append(str(error)))

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.house, "data:")):
            self.strayed.append(request.url)

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.strayed.append(f"{response.status} {response.url}")
        path = urlsplit(response.url).path
        if path.startswith("/static/") or path == "/favicon.ico":
            return
        policy = response.headers.get("content-security-policy", "")
        if response.headers.get("referrer-policy") != "no-referrer" or "unsafe" in policy:
            self.strayed.append(f"headers of {path}")
        if "default-src 'none'" not in policy:
            self.strayed.append(f"policy of {path}")

    def open(self, path: str) -> Response:
        """Go to a path; from a message this is the first tap."""
        self.taps += 1
        answer = self.page.goto(path)
        assert answer is not None
        return answer

    def signed_in(self, token: str) -> None:
        """Hold the cookie of a code."""
        self.page.context.add_cookies(
            [{"name": SESSION_COOKIE, "value": token, "url": f"{self.house}/my/"}]
        )

    def speaks(self, language: str) -> None:
        """Hold the cookie of a language."""
        self.page.context.add_cookies([{"name": "speaks", "value": language, "url": self.house}])

    def tap(self, what: str) -> None:
        """Tap what a selector finds first, as a finger does, and wait for the page it leads to."""
        self.taps += 1
        with self.page.expect_navigation():
            self.page.locator(what).first.tap()

    def fill(self, **fields: str) -> None:
        """Type into fields by their names."""
        for name, value in fields.items():
            self.page.locator(f'[name="{name}"]:not([type="hidden"])').first.fill(value)

    def pick(self, name: str, *values: str) -> None:
        """Tick boxes or choose a radio."""
        for value in values:
            self.page.locator(f'input[name="{name}"][value="{value}"]').check()

    def shot(self, name: str) -> None:
        """Keep a picture of the page where the run asks for them."""
        folder = os.environ.get("SCREENSHOTS_INTO")
        if folder and self.scripts:
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    @property
    def said(self) -> str:
        """Read the main part as a person does."""
        return " ".join(self.page.locator("main").inner_text().split())

    @property
    def path(self) -> str:
        """Tell where we are."""
        return urlsplit(self.page.url).path

    def weigh(self, path: str) -> int:
        """Load a page with an empty cache and answer its bytes: the page and all it asks for."""
        bodies: list[Response] = []

        def keep(response: Response) -> None:
            bodies.append(response)

        self.page.on("response", keep)
        self.page.goto(path)
        self.page.remove_listener("response", keep)
        return sum(_weight(each) for each in bodies if urlsplit(each.url).path != "/favicon.ico")


def _weight(response: Response) -> int:
    try:
        return len(response.body())
    except Exception:  # noqa: BLE001 - a redirect has no body to ask for
        return 0


def joined(lines: Iterable[Any]) -> str:
    """Spell findings one a line, for an assertion that is red."""
    return "\n".join(map(str, lines))
