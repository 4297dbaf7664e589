"""A day that runs late: every consequence shown, then all of it or nothing."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest
from django.db import connections

from scheduling import booking
from scheduling.booking import Move
from scheduling.core.words import Actor
from scheduling.errors import ClinicError, Forbidden, Malformed, NotFound, Refused, StaleVersion
from scheduling.flow import late
from scheduling.flow.late import Consequence
from scheduling.models import Absence, Appointment, Change, Resource, Skill, Treatment
from tests import cast

DESK = cast.reception()
TWO = 2


@pytest.fixture
def clinic(db: None) -> cast.Clinic:
    return cast.build()


def at(hour: int, minute: int = 0) -> datetime:
    return cast.at(cast.TODAY, hour, minute)


def booked(
    clinic: cast.Clinic,
    start: datetime,
    treatment: Treatment | None = None,
    who: str = "",
    **facts: object,
) -> Appointment:
    """Book a review (or another treatment) today, each time for somebody else."""
    patient = cast.patient(who or f"P{start:%H%M}", "Row", consulted=True)
    wish = clinic.wish(treatment or clinic.review, patient_id=patient.pk)
    wish = replace(wish, **facts)  # type: ignore[arg-type]
    return booking.book(wish=wish, start=start, by=DESK, now=cast.NOW).appointment


def seen(clinic: cast.Clinic, minutes: int = 15, by: Actor = DESK) -> list[Consequence]:
    return late.preview(
        practitioner_id=clinic.doctor.pk,
        site_id=clinic.site.pk,
        minutes=minutes,
        by=by,
        now=cast.NOW,
    )


def moves(shown: list[Consequence]) -> list[Move]:
    return [each.move for each in shown if each.move and each.free]


def times() -> list[str]:
    rows = Appointment.objects.order_by("pk").values_list("local_time", flat=True)
    return [f"{time:%H:%M}" for time in rows]


def codes(each: Consequence) -> list[str]:
    return [reason.code for reason in each.reasons]


def test_the_rest_of_the_day_moves_on_as_it_was_shown(clinic: cast.Clinic) -> None:
    for hour, minute in ((9, 0), (9, 15), (11, 0)):
        booked(clinic, at(hour, minute))
    shown = seen(clinic)
    assert [(each.new, each.free) for each in shown] == [
        (at(9, 15), True), (at(9, 30), True), (at(11, 15), True),
    ]  # fmt: skip
    assert times() == ["09:00", "09:15", "11:00"]
    late.shift(moves=moves(shown), reason="", by=DESK, now=cast.NOW)
    assert times() == ["09:15", "09:30", "11:15"]
    assert list(Change.objects.filter(verb="move").values_list("by", flat=True)) == ["Desk"] * 3


def test_who_is_here_stays_and_stands_in_the_way_of_who_comes_before(
    clinic: cast.Clinic,
) -> None:
    booked(clinic, at(10))
    here = booked(clinic, at(10, 15), who="Bo")
    booked(clinic, at(10, 30))
    booking.arrive(appointment_id=here.pk, version=None, by=DESK, now=cast.NOW)
    before, waiting, after = seen(clinic)
    assert codes(before) == ["resource_taken"]
    assert before.clashes == ("Dr Amara Lind is held 10:15 to 10:30 for Bo Row, Review",)
    assert (waiting.move, waiting.stays) == (None, late.HERE)
    assert after.free
    late.shift(moves=moves([before, waiting, after]), reason="", by=DESK, now=cast.NOW)
    assert times() == ["10:00", "10:15", "10:45"]


def test_who_has_left_or_is_done_is_not_in_it(clinic: cast.Clinic) -> None:
    gone = booked(clinic, at(9))
    booking.cancel(appointment_id=gone.pk, version=None, by=DESK, now=cast.NOW)
    under_way = booked(clinic, at(10))
    booking.check_in(appointment_id=under_way.pk, version=None, by=DESK, now=cast.NOW)
    nurse = replace(clinic.wish(), practitioner_id=clinic.nurse.pk)
    booking.book(wish=nurse, start=at(12), by=DESK, now=cast.NOW)
    assert seen(clinic) == []


def lasers(clinic: cast.Clinic) -> None:
    """The doctor's laser holds the only room until 11:10; the nurse's begins in it at 11:15."""
    booked(clinic, at(10, 15), clinic.resurfacing, practitioner_id=clinic.doctor.pk)
    booked(clinic, at(12, 15), clinic.resurfacing, "Bo", practitioner_id=clinic.nurse.pk)


def test_a_room_that_others_need_is_named(clinic: cast.Clinic) -> None:
    lasers(clinic)
    (only,) = seen(clinic)
    assert (only.move, codes(only)) == (None, ["resource_taken"])
    assert only.clashes == ("Room 1 is held 11:15 to 13:10 for Bo Row, Laser resurfacing",)


def test_another_room_is_taken_where_there_is_one_and_that_is_said(clinic: cast.Clinic) -> None:
    lasers(clinic)
    safe = Skill.objects.get(code="laser-safe")
    cast.place("Room 2", Resource.Kind.ROOM, clinic.site, safe)
    (only,) = seen(clinic)
    assert (only.free, only.swaps) == (True, ("Room 2 instead of Room 1",))
    late.shift(moves=moves([only]), reason="", by=DESK, now=cast.NOW)
    moved = Appointment.objects.order_by("pk")[0]
    held = moved.allocations.order_by("resource__name").values_list("resource__name", flat=True)
    assert list(held) == ["CO2 laser", "Dr Amara Lind", "Room 2"]


def test_an_absence_stops_one_and_not_the_others(clinic: cast.Clinic) -> None:
    booked(clinic, at(10))
    booked(clinic, at(11))
    Absence.objects.create(
        resource=clinic.doctor, start=at(10, 15), end=at(10, 30), cause="training"
    )
    assert [codes(each) for each in seen(clinic)] == [["absence"], []]


@pytest.mark.parametrize(
    ("start", "minutes", "code"), [((17, 45), 15, "outside_hours"), ((10, 0), 20, "off_step")]
)
def test_hours_and_step_yield_only_to_a_clinician_with_a_reason(
    clinic: cast.Clinic, start: tuple[int, int], minutes: int, code: str
) -> None:
    visit = booked(clinic, at(*start))
    (only,) = seen(clinic, minutes)
    assert (codes(only), only.free) == ([code], False)
    assert only.move is not None
    assert only.move.codes == (code,)
    with pytest.raises(Forbidden):
        late.shift(moves=[only.move], reason="late", by=DESK, now=cast.NOW)
    with pytest.raises(Malformed):
        late.shift(moves=[only.move], reason=" ", by=cast.clinician(), now=cast.NOW)
    late.shift(moves=[only.move], reason="late", by=cast.clinician(), now=cast.NOW)
    assert visit.overrides.get().code == code


def test_two_visits_of_one_patient_go_together(clinic: cast.Clinic) -> None:
    one = booked(clinic, at(10), who="Ada")
    wish = clinic.wish(clinic.consultation, patient_id=one.patient_id)
    booking.book(wish=wish, start=at(10, 15), by=DESK, now=cast.NOW)
    shown = seen(clinic)
    assert [each.free for each in shown] == [True, True]
    late.shift(moves=moves(shown), reason="", by=DESK, now=cast.NOW)
    assert times() == ["10:15", "10:30"]


def test_a_stale_page_moves_nothing(clinic: cast.Clinic) -> None:
    booked(clinic, at(10))
    other = booked(clinic, at(11))
    shown = seen(clinic)
    booking.annotate(appointment_id=other.pk, note="x", version=None, by=DESK, now=cast.NOW)
    with pytest.raises(StaleVersion):
        late.shift(moves=moves(shown), reason="", by=DESK, now=cast.NOW)
    assert times() == ["10:00", "11:00"]


def test_one_that_was_taken_since_stops_all(clinic: cast.Clinic) -> None:
    for hour in (10, 11):
        booked(clinic, at(hour))
    shown = seen(clinic, 30)
    booked(clinic, at(11, 30))
    with pytest.raises(Refused) as refused:
        late.shift(moves=moves(shown), reason="", by=DESK, now=cast.NOW)
    assert refused.value.facts["ask"] == 1
    assert times() == ["10:00", "11:00", "11:30"]


@pytest.mark.parametrize("minutes", [0, -5, 7, 245])
def test_minutes_without_sense_are_refused(clinic: cast.Clinic, minutes: int) -> None:
    with pytest.raises(Malformed):
        seen(clinic, minutes)


def test_nobody_moves_visits_of_another_site(clinic: cast.Clinic) -> None:
    booked(clinic, at(10))
    stranger = cast.reception(cast.site_named("Mill Lane"))
    with pytest.raises(NotFound):
        seen(clinic, by=stranger)
    with pytest.raises(NotFound):
        late.shift(moves=moves(seen(clinic)), reason="", by=stranger, now=cast.NOW)
    with pytest.raises(Malformed):
        late.shift(moves=[], reason="", by=DESK, now=cast.NOW)


# ---------------------------------------------------------------- two people at once


def race(*deeds: Callable[[], object]) -> list[str]:
    """Do all of it at once, each on a connection of its own; answer how each went, sorted."""
    gun = threading.Barrier(len(deeds))

    def rival(deed: Callable[[], object]) -> str:
        try:
            gun.wait(30)
            deed()
        except ClinicError as error:
            return error.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(deeds)) as pool:
        return sorted(pool.map(rival, deeds))


def pressed(shown: list[Consequence]) -> Callable[[], object]:
    return lambda: late.shift(moves=moves(shown), reason="", by=DESK, now=cast.NOW)


def unversioned(shown: list[Consequence]) -> Callable[[], object]:
    bare = [
        booking.Placing(
            wish=booking.wish_of(each.visit), start=each.move.start, held=each.move.held
        )
        for each in shown
        if each.move
    ]
    return lambda: booking.move_many(placings=bare, by=DESK, now=cast.NOW)


def three(clinic: cast.Clinic) -> None:
    for hour in (10, 11, 12):
        booked(clinic, at(hour))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_of_two_who_press_at_once_one_moves_the_day_and_the_other_is_told(turn: int) -> None:
    clinic = cast.build()
    three(clinic)
    a_little, more = seen(clinic, 15), seen(clinic, 30)
    assert race(pressed(a_little), pressed(more)) == ["done", "stale_version"]
    assert times() in (["10:15", "11:15", "12:15"], ["10:30", "11:30", "12:30"])
    assert Change.objects.filter(verb="move").count() == 3


@pytest.mark.django_db(transaction=True)
def test_control_without_versions_the_day_is_moved_twice() -> None:
    clinic = cast.build()
    three(clinic)
    a_little, more = seen(clinic, 15), seen(clinic, 30)
    assert race(unversioned(a_little), unversioned(more)) == ["done", "done"]
    assert Change.objects.filter(verb="move").count() == 3 * TWO


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_a_booking_that_comes_at_once_gets_its_place_or_the_whole_day_does(turn: int) -> None:
    clinic = cast.build()
    three(clinic)
    shown = seen(clinic, 15)
    patient = cast.patient("Zoe", "Last", consulted=True)
    wish = clinic.wish(clinic.review, patient_id=patient.pk, practitioner_id=clinic.doctor.pk)

    def book() -> object:
        return booking.book(wish=wish, start=at(12, 15), by=DESK, now=cast.NOW)

    assert race(pressed(shown), book) == ["done", "refused"]
    assert times() in (["10:15", "11:15", "12:15"], ["10:00", "11:00", "12:00", "12:15"])


@pytest.mark.django_db(transaction=True)
def test_control_one_by_one_leaves_half_a_day_moved() -> None:
    clinic = cast.build()
    three(clinic)
    shown = seen(clinic, 15)
    booked(clinic, at(12, 15))

    def one_by_one() -> None:
        for move in moves(shown):
            to = booking.Place(start=move.start, resources={"practitioner": (clinic.doctor.pk,)})
            booking.move(
                appointment_id=move.visit_id, to=to, version=move.version, by=DESK, now=cast.NOW
            )

    with pytest.raises(Refused):
        one_by_one()
    assert times() == ["10:15", "11:15", "12:00", "12:15"]
