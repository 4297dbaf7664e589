"""The waiting list in a real browser: reception offers, the patient's phone answers."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from scheduling import access
from scheduling.models import Appointment, Offer
from tests import cast
from tests.browser import looking
from tests.browser.desk import employed, signed_in
from tests.browser.phone import Phone
from tests.scheduling.waiting import stage
from tests.scheduling.waiting.stage import FREED


def at_the_desk(browser: Browser, house: LiveServer, clinic: cast.Clinic) -> Page:
    """Sit down at reception's screen."""
    access.ensure_groups()
    return signed_in(browser, house.url, employed(access.RECEPTION, clinic.site)).new_page()


def serious(page: Page) -> list[str]:
    """Run axe over the desk's own part of a page."""
    page.evaluate(looking.AXE)
    found = page.evaluate("axe.run('main.desk', {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


@pytest.mark.usefixtures("transactional_db")
def test_a_freed_time_is_offered_by_hand_and_taken_on_the_phone(
    browser: Browser, live_server: LiveServer, phone: Callable[..., Phone]
) -> None:
    clinic = cast.build()
    stage.waits(clinic, cast.patient("Late", "Riser"), weekdays=(0,))
    entry = stage.waits(clinic, clinic.patient, urgent=True)
    page = at_the_desk(browser, live_server, clinic)
    end = FREED + timedelta(minutes=30)
    page.goto(
        f"{reverse('admin:scheduling_waitingentry_times')}?site={clinic.site.pk}"
        f"&start={FREED:%Y-%m-%dT%H:%M}&end={end:%Y-%m-%dT%H:%M}"
    )
    assert serious(page) == []
    page.get_by_role("button", name="Offer 11:00 to Ada Pine").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-left]")
    page.wait_for_function(
        "/^[0-9]+:[0-9]{2} left$/.test(document.querySelector('[data-left]').textContent)"
    )
    assert serious(page) == []
    if folder := os.environ.get("SCREENSHOTS_INTO"):
        page.screenshot(path=Path(folder) / "waiting.png", animations="disabled")
    made = Offer.objects.get(entry=entry)
    page.context.close()
    adas = phone()
    adas.open(f"/o/{stage.link_to(made)}/")
    looking.assert_fine(adas)
    adas.tap('button[value="accept"]')
    assert "It is yours" in adas.said
    assert Appointment.objects.get().start == FREED
