"""The diary in a real browser: by mouse, by keyboard, on a tablet, beside a colleague, without scripts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from scheduling import access, booking, register
from scheduling.models import Appointment, Record, Treatment
from tests import cast
from tests.browser.desk import DIARY, Desk, employed, signed_in
from tests.browser.phone import joined
from tests.scheduling.admin import screens

Seat = Callable[..., Desk]
DAY = cast.day(1).isoformat()
HOUR = 4 * 26
"""Pixels of an hour under a mouse."""


@pytest.fixture
def clinic(transactional_db: None) -> cast.Clinic:
    access.ensure_groups()
    made = cast.build()
    Treatment.objects.filter(name__in=["Consultation", "Review"]).update(asks_area=False)
    register.amend(patient=made.patient, by=cast.reception(), now=cast.NOW)
    return made


@pytest.fixture
def seat(browser: Browser, live_server: LiveServer, clinic: cast.Clinic) -> Iterator[Seat]:
    """Seat somebody at a desk; what strayed is looked at afterwards."""
    seated: list[tuple[BrowserContext, Desk]] = []

    def take(group: str = "reception", **facts: Any) -> Desk:
        # the desk's own clock stands somewhere else: the diary shows the site's time all the same
        elsewhere = {"viewport": {"width": 1400, "height": 1000}, "timezone_id": "America/New_York"}
        user = employed(group, clinic.site)
        context = signed_in(browser, live_server.url, user, **(elsewhere | facts))
        seated.append((context, Desk(context.new_page(), live_server.url)))
        return seated[-1][1]

    yield take
    for context, each in seated:
        context.close()
        assert each.strayed == []


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    return screens.visit(clinic, 1, 11, clinic.filler)


def two_visits(clinic: cast.Clinic) -> None:
    bo = cast.patient("Bo", "Ash", consulted=True)
    screens.visit(clinic, 1, 10, clinic.resurfacing)
    booking.book(
        wish=clinic.wish(clinic.filler, patient_id=bo.pk), start=cast.at(cast.day(1), 15),
        by=cast.reception(), now=cast.NOW,
    )  # fmt: skip


def test_a_visit_is_booked_by_click_and_undone(seat: Seat, clinic: cast.Clinic) -> None:
    two_visits(clinic)
    desk = seat()
    desk.open(date=DAY)
    desk.visit("Ada Pine").hover()
    expect(desk.page.locator("#diary-hint")).to_contain_text("skin rests until")
    box = desk.visit("Ada Pine").bounding_box()
    assert box is not None
    desk.page.mouse.click(box["x"] - 100, box["y"] + 3 * HOUR + 4)  # the doctor's, at 13:00
    expect(desk.page.locator("#diary-panel")).to_be_visible()
    desk.choose("Bo", "Review")
    button = desk.page.locator("#diary-book")
    expect(button).to_be_enabled()
    expect(button).to_have_text("Book Tue 5 Jan, 13:00")
    assert desk.page.locator(".is-legal").count() > 0
    assert desk.grave() == [], joined(desk.grave())
    desk.shot("diary")
    button.click()
    desk.says("Booked: Bo Ash, Review, Tue 5 Jan, 13:00.")
    made = Appointment.objects.get(treatment=clinic.review)
    assert f"{made.local_time:%H:%M}" == "13:00"
    desk.page.get_by_role("button", name="Undo").click()
    desk.says("Undone: nothing is booked for Bo Ash")
    assert Appointment.objects.get(pk=made.pk).status == "cancelled"


def test_a_visit_is_dragged_stretched_and_put_back_by_undo(
    seat: Seat, clinic: cast.Clinic, visit: Appointment
) -> None:
    desk = seat()
    desk.open(date=DAY)
    desk.drag("Ada Pine", down=2 * HOUR)
    desk.says("Moved: Ada Pine, Filler, Tue 5 Jan, 13:00.")
    visit.refresh_from_db()
    assert f"{visit.local_time:%H:%M}" == "13:00"
    desk.stands("Ada Pine", "13:00")
    desk.drag("Ada Pine", down=HOUR // 4, edge=True)
    desk.says("Moved")
    expect(desk.visit("Ada Pine")).to_contain_text("13:00 to 13:45")
    desk.page.keyboard.press("Control+z")
    desk.says("Undone: Ada Pine is back in the old place.")
    visit.refresh_from_db()
    assert visit.end_q - visit.start_q == 6


def test_a_refused_move_snaps_back_and_says_the_way_out(
    seat: Seat, clinic: cast.Clinic, visit: Appointment
) -> None:
    desk = seat("clinician")
    desk.open(date=DAY)
    desk.drag("Ada Pine", down=-3 * HOUR)
    told = desk.refusal()
    expect(told).to_contain_text("Outside the hours")
    expect(told).to_contain_text("Earliest: Tue 5 Jan, 09:00")
    desk.stands("Ada Pine", "11:00")
    assert desk.grave() == []
    desk.shot("diary-refusal")
    told.get_by_role("link", name="Override with a reason").click()
    desk.page.wait_for_url("**/move/**")
    desk.page.get_by_text("Override with a reason").click()
    desk.page.locator("#override").fill("She flies at noon")
    desk.page.locator("button.grave").click()
    desk.page.wait_for_url("**/change/")
    visit.refresh_from_db()
    assert f"{visit.local_time:%H:%M}" == "08:00"


def test_the_earliest_start_of_a_refusal_moves_there(
    seat: Seat, clinic: cast.Clinic, visit: Appointment
) -> None:
    desk = seat()
    desk.open(date=DAY)
    desk.drag("Ada Pine", down=-3 * HOUR)
    told = desk.refusal()
    assert told.get_by_role("link", name="Override").count() == 0
    told.get_by_role("button", name="Earliest").click()
    desk.says("Moved: Ada Pine, Filler, Tue 5 Jan, 09:00.")
    desk.stands("Ada Pine", "09:00")


def test_a_colleagues_change_shows_by_itself_and_a_stale_drag_is_told(
    seat: Seat, clinic: cast.Clinic, visit: Appointment
) -> None:
    desk = seat()
    desk.open(date=DAY)

    def elsewhere(hour: int) -> None:
        booking.move(
            appointment_id=visit.pk, to=cast.at(cast.day(1), hour), version=None,
            by=cast.reception(), now=cast.NOW,
        )  # fmt: skip

    elsewhere(14)
    expect(desk.visit("Ada Pine")).to_contain_text("14:00", timeout=10_000)
    desk.page.route("**/diary/news/**", lambda route: route.abort())
    elsewhere(16)
    desk.drag("Ada Pine", down=-HOUR)
    told = desk.refusal()
    expect(told).to_contain_text("changed by someone else")
    visit.refresh_from_db()
    assert f"{visit.local_time:%H:%M}" == "16:00"
    desk.stands("Ada Pine", "16:00")


def test_a_visit_is_booked_by_keyboard(seat: Seat, clinic: cast.Clinic, visit: Appointment) -> None:
    cast.patient("Bo", "Ash", consulted=True)
    desk = seat()
    desk.open(date=DAY)
    key = desk.page.keyboard.press
    key("n")
    desk.page.keyboard.type("bo")
    expect(desk.page.locator(".diary-panel .desk-pick")).to_have_count(1)
    key("Enter")
    desk.page.keyboard.type("Rev")
    ghost = desk.page.locator(".is-ghost")
    expect(desk.page.locator("#diary-book")).to_have_text("Book Tue 5 Jan, 09:00")
    ghost.focus()
    key("ArrowUp")
    expect(ghost).to_contain_text("No: Outside the hours")
    for _ in range(2):
        key("ArrowDown")
    expect(desk.page.locator("#diary-book")).to_have_text("Book Tue 5 Jan, 09:15")
    key("Enter")
    desk.says("Booked: Bo Ash, Review, Tue 5 Jan, 09:15.")
    expect(desk.visit("Bo Ash")).to_be_focused()


def test_a_visit_is_reached_moved_and_opened_by_keyboard(
    seat: Seat, clinic: cast.Clinic, visit: Appointment
) -> None:
    screens.visit(clinic, 1, 9, clinic.review, patient_id=cast.patient("Bo", "Ash").pk)
    desk = seat()
    desk.open(date=DAY)
    key = desk.page.keyboard.press
    desk.visit("Bo Ash").focus()
    key("ArrowDown")
    expect(desk.visit("Ada Pine")).to_be_focused()
    assert desk.visit("Ada Pine").get_by_text("11:00 to 11:30, Ada Pine, Filler").count() == 1
    key("m")
    for _ in range(4):
        key("ArrowDown")
    key("Escape")
    desk.stands("Ada Pine", "11:00")
    expect(desk.visit("Ada Pine")).to_be_focused()
    key("m")
    for _ in range(4):
        key("ArrowDown")
    expect(desk.visit("Ada Pine")).to_be_focused()
    key("Enter")
    desk.says("Moved: Ada Pine, Filler, Tue 5 Jan, 12:00.")
    expect(desk.visit("Ada Pine")).to_be_focused()
    key("Enter")
    desk.page.wait_for_url(f"**/{visit.pk}/change/")


def test_a_visit_is_cancelled_by_keyboard_and_by_mouse_and_undone(
    seat: Seat, clinic: cast.Clinic, visit: Appointment
) -> None:
    desk = seat()
    desk.open(date=DAY)
    desk.visit("Ada Pine").focus()
    desk.page.keyboard.press("c")
    desk.page.keyboard.type("has a cold")
    assert desk.grave() == [], joined(desk.grave())
    desk.page.keyboard.press("Enter")
    desk.says("Cancelled: Ada Pine, Filler, Tue 5 Jan, 11:00.")
    expect(desk.visit("Ada Pine")).to_have_count(0)
    visit.refresh_from_db()
    assert visit.cancel_reason == "has a cold"
    desk.page.keyboard.press("Control+z")
    desk.says("Undone: Ada Pine is booked as before.")
    desk.visit("Ada Pine").click()
    panel = desk.page.locator("#diary-visit")
    expect(panel).to_contain_text("11:00 to 11:30, Tuesday")
    panel.get_by_role("button", name="Cancel the visit").click()
    desk.page.keyboard.press("Escape")
    expect(panel.locator("#diary-off")).to_be_hidden()
    desk.page.keyboard.press("Escape")
    expect(desk.visit("Ada Pine")).to_be_focused()
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_undo_stands_on_the_page_one_lands_on_and_counts_down(
    seat: Seat, clinic: cast.Clinic, visit: Appointment
) -> None:
    desk = seat()
    desk.page.goto(screens.page(visit))
    desk.page.get_by_text("Cancel the visit").click()
    desk.page.get_by_role("button", name="Cancel this visit").click()
    offer = desk.page.locator(".desk-undo")
    expect(offer).to_contain_text("Undo (2")
    assert desk.grave() == [], joined(desk.grave())
    offer.get_by_role("button").click()
    expect(desk.page.get_by_text("Undone: Ada Pine is booked as before.")).to_be_visible()
    expect(offer).to_have_count(0)


def test_what_a_visit_lacks_stands_on_it_until_it_is_there(seat: Seat, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 1, 11, clinic.resurfacing)
    desk = seat()
    desk.open(date=DAY)
    lacks = desk.visit("Ada Pine").locator(".diary-more.diary-lacks")
    expect(lacks).to_have_text("missing: signed consent")
    assert desk.grave() == [], joined(desk.grave())
    Record.objects.create(
        patient=clinic.patient, kind="consent", start=cast.NOW, end=cast.NOW, zone="Europe/London"
    )
    expect(lacks).to_have_count(0, timeout=10_000)


def test_columns_are_chosen_and_kept_in_the_address(
    seat: Seat, clinic: cast.Clinic, visit: Appointment
) -> None:
    desk = seat()
    desk.open(date=DAY, view="week")
    chooser = desk.page.locator("#diary-columns")
    chooser.locator("summary").click()
    chooser.get_by_label("Noor Field").uncheck()
    expect(chooser.locator("summary")).to_have_text("Show 1 of 2")
    desk.page.keyboard.press("Escape")
    heads = desk.page.locator("#diary .ec-col-head", has_text="Noor Field")
    expect(heads).to_have_count(0)
    assert desk.grave() == [], joined(desk.grave())
    desk.page.get_by_role("link", name="Day", exact=True).click()
    desk.page.wait_for_url(f"**view=day**show={clinic.doctor.pk}**")
    desk.page.wait_for_selector("#diary[data-ready]")
    expect(chooser.locator("summary")).to_have_text("Show 1 of 2")
    desk.stands("Ada Pine", "11:00")


def test_a_tablet_has_room_for_fingers(seat: Seat, clinic: cast.Clinic, visit: Appointment) -> None:
    desk = seat(viewport={"width": 1024, "height": 1366}, has_touch=True)
    desk.open(date=DAY, by="room", view="week")
    desk.open(date=DAY)
    small = desk.page.evaluate(
        """() => [...document.querySelectorAll('.diary-bar a, .diary-bar button, .diary-bar input')]
          .filter(each => each.getBoundingClientRect().height < 44).map(each => each.outerHTML)"""
    )
    assert small == []
    box = desk.visit("Ada Pine").bounding_box()
    assert box is not None
    assert box["height"] >= 2 * 43
    column = desk.page.locator("#diary .ec-day").first
    column.tap(position={"x": 60, "y": 4 * 44 + 10})
    expect(desk.page.locator("#diary-panel")).to_be_visible()
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_month_is_read_by_all(seat: Seat, clinic: cast.Clinic, visit: Appointment) -> None:
    desk = seat()
    desk.page.goto(f"{DIARY}month/?date={DAY}")
    expect(desk.page.locator("td", has_text="1 visit")).to_contain_text("5")
    assert desk.grave() == []
    desk.shot("diary-month")
    desk.page.locator("td", has_text="1 visit").locator("a").click()
    desk.page.wait_for_selector("#diary[data-ready]")
    desk.stands("Ada Pine", "11:00")


def test_without_scripts_there_is_the_plain_list(
    seat: Seat, clinic: cast.Clinic, visit: Appointment
) -> None:
    desk = seat(java_script_enabled=False)
    desk.page.goto(f"{DIARY}?date={DAY}")
    desk.page.wait_for_url("**/appointment/day/**")
    assert "Ada Pine" in desk.page.content()
    expect(desk.page.locator(".desk-table", has_text="Ada Pine")).to_be_visible()
