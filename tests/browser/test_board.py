"""The status board, walk-ins, a late day and day sheets in a real browser, with and without scripts."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.auth.models import Group
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from scheduling import access, booking
from scheduling.flow import keeping, stages
from scheduling.models import Appointment, Record
from tests import cast
from tests.browser import looking
from tests.browser.desk import signed_in
from tests.browser.phone import joined

ROOT = "/admin/scheduling/appointment/"
BOARD, SHEETS = f"{ROOT}board/", f"{ROOT}sheets/"
DESK = cast.reception()
MOMENT = cast.at(cast.TODAY, 11) + timedelta(minutes=12, seconds=30)
"""Twelve and a half minutes after the time at which Bo was to be there."""


@dataclass
class Desk:
    """A page of somebody signed in at reception."""

    page: Page

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def column(self, name: str) -> Any:
        return self.page.locator(".board-column").filter(
            has=self.page.get_by_role("heading", level=2, name=re.compile(f"^{name}"))
        )

    def shot(self, name: str) -> None:
        """Keep a picture where the run asks for them."""
        if folder := os.environ.get("SCREENSHOTS_INTO"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def serious(self) -> list[str]:
        """Look with axe, in light and dark; what is not serious is the frame's own affair."""
        found = looking.violations(self) + looking.in_the_dark(self)  # type: ignore[arg-type]
        return [each for each in found if "(serious)" in each or "(critical)" in each]


@pytest.fixture
def clinic(transactional_db: None) -> cast.Clinic:
    access.ensure_groups()
    return cast.build()


@pytest.fixture(autouse=True)
def _later(_clock: None) -> Iterator[None]:
    with time_machine.travel(MOMENT, tick=False):
        yield


@pytest.fixture
def desk(
    browser: Browser, live_server: LiveServer, clinic: cast.Clinic
) -> Iterator[Callable[..., Desk]]:
    user = cast.staff_user("reception", clinic.site)
    user.groups.add(Group.objects.get(name="clinician"))
    opened = []

    def take(**facts: Any) -> Desk:
        wide = {"viewport": {"width": 1440, "height": 900}}
        context = signed_in(browser, live_server.url, user, **(wide | facts))
        opened.append(context)
        return Desk(context.new_page())

    yield take
    for context in opened:
        context.close()


def book(clinic: cast.Clinic, who: str, start: datetime) -> Appointment:
    patient = cast.patient(who, "Reed", consulted=True)
    wish = clinic.wish(clinic.review, patient_id=patient.pk, practitioner_id=clinic.doctor.pk)
    return booking.book(wish=wish, start=start, by=DESK, now=cast.NOW).appointment


def fill(clinic: cast.Clinic) -> list[Appointment]:
    """Bo is late, Cy waits, Di comes at noon."""
    hours = (("Bo", 11, 0), ("Cy", 11, 15), ("Di", 12, 0))
    made = [book(clinic, who, cast.at(cast.TODAY, h, m)) for who, h, m in hours]
    arrived = cast.at(cast.TODAY, 11, 5)
    booking.arrive(appointment_id=made[1].pk, version=None, by=DESK, now=arrived)
    return made


def through(visit: Appointment, to: str, hour: int, minute: int) -> None:
    """See a visit through to its treatment, or out of the door."""
    facts: Any = {
        "appointment_id": visit.pk, "version": None, "by": DESK,
        "now": cast.at(cast.TODAY, hour, minute),
    }  # fmt: skip
    booking.check_in(**facts)
    stages.move_on(to="treatment", **facts)
    if to == "left":
        booking.complete(**facts)
        stages.move_on(to="left", **facts)


def test_walk_in_takes_three_keys(desk: Callable[..., Desk], clinic: cast.Clinic) -> None:
    at = desk()
    at.page.goto(BOARD)
    at.page.keyboard.press("w")
    expect(at.page.locator("#q")).to_be_focused()
    at.page.keyboard.type("pine")
    at.page.keyboard.press("Enter")
    expect(at.page.get_by_role("button", name="Book Consultation, 11:15")).to_be_focused()
    at.page.keyboard.press("Enter")
    expect(at.column("Arrived")).to_contain_text("11:15 Ada Pine")


def test_the_board_counts_on_and_hears_of_others_without_a_reload(
    desk: Callable[..., Desk], clinic: cast.Clinic
) -> None:
    made = fill(clinic)
    at = desk()
    at.page.clock.install(time=MOMENT)
    at.page.goto(BOARD)
    late = at.column("Expected").locator("[data-late]").first
    expect(late).to_have_text("12 minutes late")
    at.page.clock.fast_forward(40_000)
    expect(late).to_have_text("13 minutes late")
    expect(at.column("Expected").locator("[data-late]").nth(1)).to_be_hidden()
    at.page.locator(f"#arrive-{made[0].pk}").focus()
    booking.arrive(appointment_id=made[2].pk, version=None, by=DESK, now=MOMENT)
    at.page.clock.run_for(2_000)
    expect(at.column("Arrived")).to_contain_text("Di Reed")
    expect(at.page.locator(f"#arrive-{made[0].pk}")).to_be_focused()


def test_without_scripts_one_press_moves_a_visit_on(
    desk: Callable[..., Desk], clinic: cast.Clinic
) -> None:
    fill(clinic)
    at = desk(java_script_enabled=False)
    at.page.goto(BOARD)
    assert 'http-equiv="refresh"' in at.page.content()
    at.shot("unscripted")
    at.page.locator('form[action$="/arrive/"] button').first.click()
    expect(at.column("Arrived")).to_contain_text("Bo Reed")


def test_axe_finds_nothing_serious_on_any_screen_of_the_day(
    desk: Callable[..., Desk], clinic: cast.Clinic
) -> None:
    fill(clinic)
    through(book(clinic, "Ed", cast.at(cast.TODAY, 10, 45)), "treatment", 10, 50)
    through(book(clinic, "Fay", cast.at(cast.TODAY, 9, 30)), "left", 9, 50)
    gone = cast.day(-20)
    wish = clinic.wish(practitioner_id=clinic.nurse.pk)
    laser = booking.book(wish=wish, start=cast.at(cast.TODAY, 12), by=DESK, now=cast.NOW)
    Record.objects.create(
        patient=clinic.patient, kind="sun_exposure", start_date=gone, end_date=gone
    )
    booking.arrive(appointment_id=laser.appointment.pk, version=None, by=DESK, now=MOMENT)
    at, found = desk(), []
    late = f"{BOARD}late/?practitioner={clinic.doctor.pk}&minutes=15"
    walk_in = f"{BOARD}walk-in/?q=pine"
    for name, path in (("board", BOARD), ("late", late), ("walk-in", walk_in), ("sheet", SHEETS)):
        at.page.goto(path)
        at.page.wait_for_load_state()
        at.shot(name)
        found += at.serious()
    at.page.goto(BOARD)
    at.page.locator(f"#check-in-{laser.appointment.pk}").click()
    expect(at.page.get_by_role("alert")).to_contain_text("Ada Pine is not checked in: 2 reasons")
    at.shot("check-in")
    found += at.serious()
    assert found == [], joined(found)


def test_a_sheet_prints_a_page_each_and_the_kept_file_opens_without_a_network(
    desk: Callable[..., Desk], clinic: cast.Clinic, tmp_path: Path
) -> None:
    fill(clinic)
    wish = clinic.wish(practitioner_id=clinic.nurse.pk)
    booking.book(wish=wish, start=cast.at(cast.TODAY, 15), by=DESK, now=cast.NOW)
    at = desk()
    at.page.goto(SHEETS)
    printed = at.page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 (\d+)[.\d]* (\d+)", printed)
    assert boxes == [(b"594", b"841")] * 3  # Dr Lind, Noor Field, Room 1: A4, upright
    at.page.emulate_media(media="print")
    expect(at.page.locator("#nav-sidebar")).to_be_hidden()
    (kept,) = keeping.keep(folder=tmp_path, days=7, now=MOMENT)
    asked: list[str] = []
    at.page.on("request", lambda request: asked.append(request.url))
    at.page.context.set_offline(True)
    at.page.goto(kept.as_uri())
    expect(at.page.get_by_role("heading", name="Noor Field")).to_be_visible()
    assert asked == [kept.as_uri()]
