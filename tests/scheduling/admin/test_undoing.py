"""Undo on every page of the desk: no script, within its seconds, and nobody hears of the slip."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from notifications.models import Message
from scheduling import booking
from scheduling.booking.ending import CANCELLABLE
from scheduling.core.words import Status
from scheduling.models import Appointment, Opening, Patient, Todo
from scheduling.screens import undoing
from tests import cast
from tests.notifications.stage import Carrier, sweep
from tests.scheduling.admin import screens
from tests.scheduling.waiting import stage

UNDO = "/admin/scheduling/appointment/undo/"
DIARY = "/admin/scheduling/appointment/diary/"
SOON, LATER = (cast.NOW + timedelta(seconds=s) for s in (29, 31))


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    """A visit of which the patient knows."""
    found = clinic.patient
    Patient.objects.filter(pk=found.pk).update(email="ada@example.org", channel="email")
    made = screens.visit(clinic, 2, 11)
    sweep(Carrier(), cast.NOW)
    return made


def book(desk: Client, clinic: cast.Clinic, **facts: Any) -> Appointment:
    query = screens.wanted(clinic, clinic.review, **facts)
    start = screens.spelled(cast.at(cast.day(2), 15))
    assert desk.post(screens.BOOK, {"start": start}, query_params=query).status_code == 302
    return Appointment.objects.get(treatment=clinic.review)


def move(desk: Client, visit: Appointment, hour: int = 14) -> None:
    start = screens.spelled(cast.at(cast.day(2), hour))
    asked = {"start": start, "version": visit.version}
    assert desk.post(screens.move(visit), asked).status_code == 302


def cancel(desk: Client, visit: Appointment) -> None:
    asked = {"version": visit.version, "reason": "ill"}
    assert desk.post(screens.step(visit, "cancel"), asked).status_code == 302


def undo(desk: Client, on: str) -> Any:
    """Press the button that a page shows."""
    page = desk.get(on)
    offered = page.context["undo"]
    assert f'value="{offered.token}"' in page.text
    return desk.post(UNDO, {"undo": offered.token, "next": on}, follow=True)


def told(moment: Any) -> list[str]:
    """List what leaves the house by a moment."""
    carrier = Carrier()
    sweep(carrier, moment)
    return [sent.kind.value for sent in carrier.sent]


ADVICE = {"care"}
"""What else is due at once: how to prepare for the day after tomorrow."""

STEPS = {
    "booked": lambda desk, clinic, _: book(desk, clinic),
    "changed": lambda desk, _, visit: move(desk, visit),
    "cancelled": lambda desk, _, visit: cancel(desk, visit),
}


@pytest.mark.parametrize("kind", STEPS)
def test_words_about_a_step_on_a_screen_wait_for_half_a_minute(
    desk: Client, clinic: cast.Clinic, visit: Appointment, kind: str
) -> None:
    STEPS[kind](desk, clinic, visit)
    assert (told(SOON), set(told(LATER)) - ADVICE) == ([], {kind})


@pytest.mark.parametrize("kind", STEPS)
def test_without_the_wait_the_words_are_gone_before_the_half_minute(
    desk: Client, clinic: cast.Clinic, visit: Appointment, kind: str, monkeypatch: Any
) -> None:
    """The control of the test above: its guard is what makes it green."""
    monkeypatch.setattr(undoing, "thoughtful", lambda by: by)
    STEPS[kind](desk, clinic, visit)
    assert kind in told(SOON)


def test_a_booking_is_undone_from_the_page_one_lands_on(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    made = book(desk, clinic)
    answer = undo(desk, screens.page(made))
    made.refresh_from_db()
    assert made.status == "cancelled"
    assert "Undone: nothing is booked for Ada Pine" in answer.text
    assert answer.request["PATH_INFO"] == screens.card(clinic.patient.pk)
    assert (answer.context["undo"], told(LATER)) == (None, [])


def test_a_move_is_undone(desk: Client, clinic: cast.Clinic, visit: Appointment) -> None:
    move(desk, visit)
    undo(desk, screens.page(visit))
    visit.refresh_from_db()
    assert (f"{visit.local_time:%H:%M}", told(LATER)) == ("11:00", [])


def test_a_cancellation_is_undone_and_its_time_offered_to_nobody(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    stage.waits(clinic, cast.patient("Bo", "Ash"))
    cancel(desk, visit)
    assert Opening.objects.get().created_at == cast.NOW + timedelta(seconds=30)
    undo(desk, screens.DAY)
    visit.refresh_from_db()
    assert (visit.status, told(LATER)) == ("booked", [])
    assert Opening.objects.get().closed_at == cast.NOW


def test_tasks_that_a_slip_wrote_are_gone_with_it(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    """The consultation on which the laser stands is cancelled, and is not."""
    new = cast.patient("Bo", "Ash")
    first = screens.visit(clinic, 1, 10, clinic.consultation, patient_id=new.pk)
    laser = screens.visit(clinic, 9, 11, clinic.resurfacing, patient_id=new.pk)
    cancel(desk, first)
    asked = Todo.objects.filter(appointment=laser, done_at=None)
    assert asked.count() == 1
    undo(desk, screens.page(first))
    assert asked.count() == 0


def test_putting_back_is_undone_to_cancelled_with_its_reason(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    booking.cancel(
        appointment_id=visit.pk, version=None, by=cast.reception(), now=cast.NOW, reason="ill"
    )
    visit.refresh_from_db()
    desk.post(screens.step(visit, "reinstate"), {"version": visit.version})
    undo(desk, screens.page(visit))
    visit.refresh_from_db()
    assert (visit.status, visit.cancel_reason) == ("cancelled", "ill")


def test_arrived_by_mistake_is_undone_on_the_board(desk: Client, clinic: cast.Clinic) -> None:
    today = screens.visit(clinic, 0, 11)
    board = "/admin/scheduling/appointment/board/"
    desk.post(f"{board}{today.pk}/arrive/", {"version": today.version})
    answer = undo(desk, board)
    today.refresh_from_db()
    assert (today.status, answer.request["PATH_INFO"]) == ("booked", board)


def test_several_visits_booked_together_are_undone_together(
    clinic: cast.Clinic, visit: Appointment
) -> None:
    by = undoing.thoughtful(cast.reception())
    asks = [
        booking.Ask(wish=clinic.wish(clinic.review, encounter="one"), start=cast.at(day, 12))
        for day in (cast.day(3), cast.day(4))
    ]
    booked = [b.appointment for b in booking.book_many(asks=asks, by=by, now=cast.NOW)]
    note = undoing.read(undoing.of_booking(booked, by, cast.NOW), by, cast.NOW)
    undoing.take_back(note, booked[0], by, cast.NOW)
    assert Appointment.objects.filter(encounter="one", status="cancelled").count() == 2
    assert told(LATER) == []


def test_undo_that_comes_too_late_or_second_is_refused_kindly(
    desk: Client, doctor: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    move(desk, visit)
    token = desk.get(screens.DAY).context["undo"].token
    theirs = doctor.post(UNDO, {"undo": token}, follow=True)
    assert "Only who took a step can undo it." in theirs.text
    with time_machine.travel(cast.NOW + timedelta(seconds=40), tick=False):
        assert desk.get(screens.DAY).context["undo"] is None
        late = desk.post(UNDO, {"undo": token}, follow=True)
        assert "A step can be undone for 30 seconds" in late.text
    visit.refresh_from_db()
    move(doctor, visit, hour=16)
    stale = desk.post(UNDO, {"undo": token}, follow=True)
    assert "Somebody else changed this visit since" in stale.text
    visit.refresh_from_db()
    assert f"{visit.local_time:%H:%M}" == "16:00"


def test_undo_says_why_the_old_place_cannot_be_had(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    cancel(desk, visit)
    other = cast.patient("Bo", "Ash", consulted=True)
    screens.visit(clinic, 2, 11, patient_id=other.pk)
    answer = undo(desk, screens.page(visit))
    assert "Not undone: the old place cannot be had any more." in answer.text
    visit.refresh_from_db()
    assert visit.status == "cancelled"
    assert Message.objects.filter(kind="cancelled", open=True).count() == 1


def test_who_only_looks_is_offered_nothing(onlooker: Client, visit: Appointment) -> None:
    assert onlooker.get(screens.page(visit)).context["undo"] is None
    assert onlooker.post(UNDO, {"undo": "x"}).status_code == 403


@pytest.mark.parametrize("door", ["page", "diary"])
def test_a_hold_that_is_let_go_is_not_put_back(
    desk: Client, clinic: cast.Clinic, door: str
) -> None:
    """Nobody was told of it: it is booked anew. A visit that is cancelled at either door is."""
    wish = clinic.wish(clinic.review)
    start, by = cast.at(cast.day(2), 15), cast.reception()
    held = booking.hold(wish=wish, start=start, by=by, now=cast.NOW).appointment
    paths = {"page": screens.step(held, "cancel"), "diary": f"{DIARY}{held.pk}/cancel/"}
    desk.post(paths[door], {"version": held.version})
    held.refresh_from_db()
    assert (held.status, desk.get(screens.page(held)).context["undo"]) == ("cancelled", None)
    back = {was for was in CANCELLABLE if booking.may_be_put_back(was=was)}
    assert back == {Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN}
