"""Patients' phones: a real browser of a phone's size, and the house it talks to.

Debian's Chromium is driven, or a Chrome that is there; playwright's own builds are not fetched.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests import cast, neighbours
from tests.browser.phone import Phone
from tests.neighbours import Street

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = "These tests drive Chromium or Chrome. On Debian: apt-get install chromium"


def found() -> str:
    """Find the browser; where there is none, a visitor's run goes on and CI's does not."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
    return str(path)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Run playwright for this package only.

    Its loop runs in the tests' own thread, where Django would then refuse the database; that is
    allowed here, and nowhere else in the run.
    """
    found()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as running:
        yield running
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Start one browser; the sandbox needs a user that is not root."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    args = ["--no-sandbox"] if root else []
    started = playwright.chromium.launch(executable_path=found(), args=args)
    yield started
    started.close()


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    """Stop the house's clock on the morning of the cast; the browser keeps its own."""
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _at_rest(transactional_db: None, browser: Browser) -> Iterator[None]:
    """Close what a test left open, and wait for the last answer, before its rows are taken away.

    Screens ask for news by themselves; a request under way would stand in the way of TRUNCATE.
    """
    yield
    for context in browser.contexts:
        context.close()
    for _ in range(200):
        if not _asking():
            break
        time.sleep(0.05)


def _asking() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        return int(cursor.fetchone()[0])


@pytest.fixture
def street(transactional_db: None) -> Street:
    """Build the houses whose pages are looked at."""
    return neighbours.built()


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Phone]]:
    """Hand out phones, each with cookies of its own; what they asked for is looked at afterwards."""
    handed: list[tuple[BrowserContext, Phone]] = []

    def take(**facts: Any) -> Phone:
        context = browser.new_context(
            viewport={"width": 390, "height": 844},
            has_touch=True,
            is_mobile=True,
            base_url=live_server.url,
            **facts,
        )
        context.set_default_timeout(20_000)
        handed.append((context, Phone(context.new_page(), live_server.url)))
        return handed[-1][1]

    yield take
    for context, each in handed:
        context.close()
        assert each.strayed == []
