"""Several visits placed at once: rules asked about what stands in the end, all of them or none."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connections

from scheduling import booking, diary
from scheduling.booking import Placing, wish_of
from scheduling.core.words import Held, Wish
from scheduling.errors import ClinicError, Malformed, NotFound, Refused, StaleVersion, WrongState
from scheduling.models import Allocation, Appointment, Change
from scheduling.signals import appointment_changed
from tests import cast

DESK = cast.reception()


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def placing(wish: Wish, start: datetime, version: int | None = None) -> Placing:
    """Place a wish with what the house would choose now, the skin not asked."""
    choice = diary.choose(wish=wish, start=start, now=cast.NOW)
    minutes = (choice.end_q - choice.start_q) * 5
    return Placing(
        wish=replace(wish, minutes=minutes), start=start, held=choice.held, version=version
    )


def book(wish: Wish, start: datetime) -> Appointment:
    return booking.book(wish=wish, start=start, by=DESK, now=cast.NOW).appointment


def arrange(*placings: Placing) -> list[Appointment]:
    return [b.appointment for b in booking.arrange(placings=placings, by=DESK, now=cast.NOW)]


def ids(holding: tuple[Held, ...]) -> list[int]:
    return sorted(h.resource_id for h in holding)


def at(day: int, hour: int = 11) -> datetime:
    return cast.at(cast.day(day), hour)


@pytest.mark.django_db
def test_visits_move_past_each_other(clinic: cast.Clinic) -> None:
    """A filler and the laser before it move on together; either alone would be refused."""
    laser, filler = book(clinic.wish(), at(1)), book(clinic.wish(clinic.filler), at(16))
    with pytest.raises(Refused):
        booking.move(appointment_id=laser.pk, to=at(17), version=None, by=DESK, now=cast.NOW)
    moved = arrange(
        placing(wish_of(laser), at(17), laser.version),
        placing(wish_of(filler), at(32), filler.version),
    )
    assert [(v.local_date - cast.TODAY).days for v in moved] == [17, 32]
    assert [(v.version, v.told_version) for v in moved] == [(2, 1), (2, 1)]


@pytest.mark.django_db
def test_visits_trade_places(clinic: cast.Clinic) -> None:
    one, two = (
        book(clinic.wish(clinic.review), at(1, 10)),
        book(clinic.wish(clinic.review), at(1, 14)),
    )
    arrange(
        Placing(wish=wish_of(one), start=two.start, held=held(two)),
        Placing(wish=wish_of(two), start=one.start, held=held(one)),
    )
    assert set(Appointment.objects.values_list("pk", "start")) == {
        (one.pk, two.start), (two.pk, one.start),
    }  # fmt: skip


def held(visit: Appointment) -> tuple[Held, ...]:
    rows = visit.allocations.select_related("resource")
    return tuple(Held(r.resource_id, r.resource.kind, r.start_q, r.end_q) for r in rows)


@pytest.mark.django_db
def test_one_refusal_leaves_everything_as_it_was(clinic: cast.Clinic) -> None:
    laser = book(clinic.wish(), at(1))
    before = list(Allocation.objects.order_by("pk").values_list("pk", "start_q", "active"))
    with pytest.raises(Refused) as caught:
        arrange(
            placing(wish_of(laser), at(2), laser.version),
            placing(clinic.wish(clinic.filler), at(8)),
        )
    assert caught.value.facts["ask"] == 0
    assert "SEED-GAP-RF" in [r.code for r in caught.value.reasons]
    laser.refresh_from_db()
    assert (laser.start, laser.version, laser.status) == (at(1), 1, "booked")
    assert list(Allocation.objects.order_by("pk").values_list("pk", "start_q", "active")) == before


@pytest.mark.django_db
def test_place_that_was_just_taken_is_named(clinic: cast.Clinic) -> None:
    second = cast.patient("Bo", "Oak")
    asked = [
        placing(clinic.wish(clinic.review), at(2)),
        placing(clinic.wish(clinic.review, patient_id=second.pk), at(8)),
    ]
    book(clinic.wish(clinic.review, patient_id=cast.patient("Cy", "Oak").pk), at(8))
    with pytest.raises(Refused) as caught:
        arrange(*asked)
    assert caught.value.facts["ask"] == 1
    assert [reason.code for reason in caught.value.reasons] == ["resource_taken"]
    assert Appointment.objects.count() == 1


@pytest.mark.django_db
def test_news_of_all_of_them_is_sent_once(clinic: cast.Clinic) -> None:
    heard = []

    def listen(**news: object) -> None:
        heard.append((news["verb"], len(news["appointments"]), news["told"]))  # type: ignore[arg-type]

    appointment_changed.connect(listen)
    try:
        arrange(placing(clinic.wish(), at(1)), placing(clinic.wish(clinic.filler), at(16)))
    finally:
        appointment_changed.disconnect(listen)
    assert heard == [("arrange", 2, True)]


@pytest.mark.django_db
def test_visit_that_stays_is_not_told_of(clinic: cast.Clinic) -> None:
    review = book(clinic.wish(clinic.review), at(1))
    arrange(Placing(wish=wish_of(review), start=review.start, held=held(review)))
    review.refresh_from_db()
    assert (review.version, review.told_version) == (1, 0)
    assert not Change.objects.filter(verb="arrange").exists()


@pytest.mark.django_db
def test_somebody_else_at_the_same_time_is_a_new_version_that_nobody_is_told_of(
    clinic: cast.Clinic,
) -> None:
    laser = book(clinic.wish(practitioner_id=clinic.doctor.pk), at(1))
    nurse = replace(wish_of(laser), practitioner_id=clinic.nurse.pk)
    asked, was = placing(nurse, at(1), laser.version), ids(held(laser))
    heard = []

    def hear(**news: object) -> None:
        heard.append((news["told"], [a.pk for a in news["appointments"]]))  # type: ignore[attr-defined]

    appointment_changed.connect(hear)
    try:
        arrange(asked)
    finally:
        appointment_changed.disconnect(hear)
    laser.refresh_from_db()
    assert (laser.version, laser.told_version) == (2, 0)
    assert heard == [(True, []), (False, [laser.pk])]
    assert Change.objects.get(verb="arrange").what == {"resources": [was, ids(held(laser))]}
    assert (clinic.doctor.pk in was, clinic.nurse.pk in was) == (True, False)
    assert {h.resource_id for h in held(laser)} == {h.resource_id for h in asked.held}
    with pytest.raises(StaleVersion):
        arrange(asked)


@pytest.mark.django_db
def test_stale_begun_and_absurd_asks(clinic: cast.Clinic) -> None:
    review = book(clinic.wish(clinic.review), at(1))
    place = placing(wish_of(review), at(2), 7)
    with pytest.raises(StaleVersion):
        arrange(place)
    booking.arrive(appointment_id=review.pk, version=None, by=DESK, now=review.start)
    with pytest.raises(WrongState):
        arrange(replace(place, version=None))
    with pytest.raises(Malformed):
        arrange()
    with pytest.raises(Malformed):
        arrange(replace(place, held=()))
    stranger = cast.reception(cast.site_named("Elsewhere"))
    with pytest.raises(NotFound):
        booking.arrange(placings=[place], by=stranger, now=cast.NOW)


@pytest.mark.django_db
def test_holds_are_judged_as_if_they_were_booked(clinic: cast.Clinic) -> None:
    """A laser before its consultation is held is refused; with it, both are kept for ten minutes."""
    new = cast.patient("Bo", "Ash")
    laser = placing(clinic.wish(patient_id=new.pk), at(2))
    seen = placing(clinic.wish(clinic.consultation, patient_id=new.pk), at(1))
    with pytest.raises(Refused):
        booking.hold_many(placings=[laser], by=DESK, now=cast.NOW)
    kept = booking.hold_many(placings=[seen, laser], by=DESK, now=cast.NOW)
    assert {b.appointment.status for b in kept} == {"pending"}
    assert (
        booking.release_holds(appointment_ids=[b.appointment.pk for b in kept], now=cast.NOW) == 2
    )
    assert not Allocation.objects.filter(active=True).exists()


@pytest.mark.django_db(transaction=True)
def test_two_arrangements_of_the_same_places_at_one_moment(clinic: cast.Clinic) -> None:
    others = [cast.patient(f"P{n}", "Oak", consulted=True) for n in range(4)]
    asks = [
        [
            placing(clinic.wish(patient_id=p.pk), at(1)),
            placing(clinic.wish(clinic.filler, patient_id=p.pk), at(22)),
        ]
        for p in others
    ]
    gun = threading.Barrier(len(asks))

    def rival(mine: list[Placing]) -> str:
        try:
            gun.wait(30)
            booking.arrange(placings=mine, by=DESK, now=cast.NOW)
        except ClinicError as error:
            return error.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(asks)) as pool:
        answers = list(pool.map(rival, asks))
    assert sorted(answers) == ["done", "refused", "refused", "refused"]
    assert Appointment.objects.filter(status="booked").count() == 2


@pytest.mark.django_db
def test_cancel_many_tells_once_and_frees_all(clinic: cast.Clinic) -> None:
    visits = arrange(placing(clinic.wish(), at(1)), placing(clinic.wish(clinic.filler), at(16)))
    heard = []

    def listen(**news: object) -> None:
        heard.append((news["verb"], len(news["appointments"])))  # type: ignore[arg-type]

    appointment_changed.connect(listen)
    try:
        booking.cancel_many(
            appointment_ids=[v.pk for v in visits], by=DESK, now=cast.NOW, reason="Moved away"
        )
    finally:
        appointment_changed.disconnect(listen)
    assert heard == [("cancel", 2)]
    assert not Allocation.objects.filter(active=True).exists()
    with pytest.raises(WrongState):
        booking.cancel_many(appointment_ids=[visits[0].pk], by=DESK, now=cast.NOW + timedelta(1))
