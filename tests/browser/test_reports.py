"""A manager reads a report in a real browser: charts drawn under the strict policy, axe, dark, print."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from clinic import groups
from tests.browser.desk import employed, signed_in
from tests.browser.looking import AXE, TAGS
from tests.scheduling.reports import ledger

SPRING = "period=custom&first=2027-03-22&last=2027-04-04"
_DRAWN = """() => [...document.querySelectorAll('canvas.chart')].map(each => {
  const data = each.getContext('2d').getImageData(0, 0, each.width, each.height).data;
  return each.width > 200 && data.some(value => value !== 0);
})"""


@pytest.fixture
def manager(browser: Browser, live_server: LiveServer, transactional_db: None) -> Iterator[Page]:
    """Seat a manager of a clinic with two weeks of visits at a desk."""
    ledger.written(2, 90)
    groups.ensure()
    context = signed_in(browser, live_server.url, employed("manager"))
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda each: said.append(each.text) if each.type == "error" else None)
    yield page
    context.close()
    assert [each for each in said if "Content Security" in each] == []


def violations(page: Page) -> list[str]:
    """Run axe over the page's own part, everything unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.evaluate(AXE)
    options: Any = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}
    found = page.evaluate("options => axe.run('main.desk', options)", options)
    return [
        f"{each['id']}: {node['html'][:140]} {[part['message'] for part in node['any']][:1]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def test_a_report_is_drawn_read_opened_and_printed(manager: Page) -> None:
    manager.goto(f"/admin/reports/utilisation/?{SPRING}")
    manager.wait_for_function("document.querySelectorAll('canvas.chart').length > 0")
    assert all(manager.evaluate(_DRAWN))
    assert violations(manager) == []
    if folder := os.environ.get("SCREENSHOTS_INTO"):
        manager.screenshot(path=Path(folder) / "reports.png", full_page=True)
    manager.evaluate("document.documentElement.classList.add('dark')")
    assert violations(manager) == []
    manager.evaluate("document.documentElement.classList.remove('dark')")
    manager.emulate_media(media="print")
    assert not manager.locator("form[aria-label='Period and site']").is_visible()
    assert manager.locator(".report-heat").is_visible()
    manager.emulate_media(media="screen")

    link = manager.locator(".report-heat a").first
    shown = link.get_attribute("href") or ""
    link.focus()
    manager.keyboard.press("Enter")
    manager.wait_for_url(f"**{shown}")
    assert manager.locator("tbody tr").count() > 0
    assert violations(manager) == []


def test_every_report_is_fine_and_the_first_page_leads_there(manager: Page) -> None:
    manager.goto("/admin/")
    manager.locator("dl a", has_text="Did not come").click()
    manager.wait_for_url("**/admin/reports/attendance/**")
    for slug in ("attendance", "messages", "overrides"):
        manager.goto(f"/admin/reports/{slug}/?{SPRING}")
        assert violations(manager) == [], slug
