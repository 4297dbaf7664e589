"""An offer: made to one, answered in time, never a double booking."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, time, timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connections

from scheduling import booking, grounds, waiting
from scheduling.core.words import Actor
from scheduling.errors import NotFound, Refused, WrongState
from scheduling.integrity import AlreadyWaiting, OfferOpen
from scheduling.models import Appointment, Offer, Opening, Site, WaitingEntry
from scheduling.waiting import Match, OfferLost, OfferOver, openings
from tests import cast
from tests.cast import NOW
from tests.scheduling.waiting import stage
from tests.scheduling.waiting.stage import FREED

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def test_an_accepted_offer_books_and_ends_the_wait(clinic: cast.Clinic) -> None:
    entry = stage.waits(clinic, clinic.patient)
    made = stage.offered(entry)
    by = stage.patient_of(clinic.patient)
    booked = waiting.accept(offer_id=made.pk, by=by, now=NOW).appointment
    entry.refresh_from_db()
    assert (booked.start, booked.patient, entry.closed_as) == (FREED, clinic.patient, "booked")
    with pytest.raises(OfferOver):
        waiting.accept(offer_id=made.pk, by=by, now=NOW)


def test_an_accepted_offer_moves_the_visit_there_is(clinic: cast.Clinic) -> None:
    visit = stage.booked(clinic, clinic.patient, cast.at(cast.day(4), 11))
    made = stage.offered(stage.waits(clinic, clinic.patient, appointment_id=visit.pk))
    waiting.accept(offer_id=made.pk, by=stage.DESK, now=NOW)
    assert [a.start for a in Appointment.objects.all()] == [FREED]


def test_a_time_taken_meanwhile_is_lost_kindly_and_the_place_is_kept(clinic: cast.Clinic) -> None:
    entry = stage.waits(clinic, clinic.patient)
    made = stage.offered(entry)
    stage.booked(clinic, cast.patient("Quick", "Hand"), FREED)
    with pytest.raises(OfferLost) as lost:
        waiting.accept(offer_id=made.pk, by=stage.DESK, now=NOW)
    entry.refresh_from_db()
    made.refresh_from_db()
    assert (made.state, entry.closed_at) == ("lost", None)
    assert [r.code for r in lost.value.facts["reasons"]] != []


def test_an_offer_ends_when_its_time_to_answer_does(clinic: cast.Clinic) -> None:
    made = stage.offered(stage.waits(clinic, clinic.patient))
    late = made.answer_by
    with pytest.raises(OfferOver):
        waiting.accept(offer_id=made.pk, by=stage.DESK, now=late)
    assert (waiting.expire(now=late - timedelta(seconds=1)), waiting.expire(now=late)) == (0, 1)
    assert waiting.expire(now=late) == 0


def test_a_declined_offer_leaves_the_patient_on_the_list(clinic: cast.Clinic) -> None:
    entry = stage.waits(clinic, clinic.patient)
    waiting.decline(offer_id=stage.offered(entry).pk, by=stage.DESK, now=NOW)
    entry.refresh_from_db()
    assert (entry.closed_at, stage.offered(entry).state) == (None, "open")


def test_one_offer_at_a_time_and_one_place_a_treatment(clinic: cast.Clinic) -> None:
    entry = stage.waits(clinic, clinic.patient)
    stage.offered(entry)
    with pytest.raises(OfferOpen):
        stage.offered(entry)
    with pytest.raises(AlreadyWaiting):
        stage.waits(clinic, clinic.patient)


def test_what_is_not_legal_is_not_offered(clinic: cast.Clinic) -> None:
    entry = stage.waits(clinic, clinic.patient)
    with pytest.raises(Refused):
        stage.offered(entry, start=cast.at(cast.day(2), 22))


def test_nobody_answers_for_another(clinic: cast.Clinic) -> None:
    made = stage.offered(stage.waits(clinic, clinic.patient))
    stranger = stage.patient_of(cast.patient("Other", "Person"))
    elsewhere = Actor(name="Desk elsewhere", sites=frozenset({0}))
    for by in (stranger, elsewhere):
        for verb in (waiting.accept, waiting.decline, waiting.withdraw):
            with pytest.raises(NotFound):
                verb(offer_id=made.pk, by=by, now=NOW)


def test_leaving_the_list_withdraws_the_offer(clinic: cast.Clinic) -> None:
    entry = stage.waits(clinic, clinic.patient)
    made = stage.offered(entry)
    waiting.leave(entry_id=entry.pk, by=stage.DESK, now=NOW)
    made.refresh_from_db()
    assert made.state == "withdrawn"
    with pytest.raises(OfferOver):
        waiting.accept(offer_id=made.pk, by=stage.DESK, now=NOW)


def automatic(clinic: cast.Clinic) -> list[WaitingEntry]:
    """Two who wait, at a site that offers by itself, and a visit that is cancelled."""
    Site.objects.filter(pk=clinic.site.pk).update(offers_automatic=True)
    entries = [stage.waits(clinic, cast.patient(name, "Wait")) for name in ("One", "Two")]
    visit = stage.booked(clinic, clinic.patient, FREED)
    booking.cancel(appointment_id=visit.pk, version=None, by=stage.DESK, now=NOW)
    return entries


def test_a_cancelled_time_is_offered_to_one_after_another(clinic: cast.Clinic) -> None:
    one, two = automatic(clinic)
    later = NOW + timedelta(minutes=31)
    assert [o.entry_id for o in waiting.offer_next(now=NOW)] == [one.pk]
    assert waiting.offer_next(now=NOW) == []
    waiting.expire(now=later)
    assert [o.entry_id for o in waiting.offer_next(now=later)] == [two.pk]
    waiting.accept(offer_id=Offer.objects.get(entry=two).pk, by=stage.DESK, now=later)
    assert waiting.offer_next(now=later) == []
    assert Opening.objects.get().closed_at == later


def test_nobody_is_asked_at_night_or_when_it_is_too_late_to_come(clinic: cast.Clinic) -> None:
    automatic(clinic)
    assert waiting.offer_next(now=cast.at(cast.day(1), 20)) == []
    assert waiting.offer_next(now=FREED - timedelta(minutes=119)) == []
    assert Opening.objects.get().closed_at is None


def test_nobody_is_asked_more_often_a_day_than_the_site_wants(clinic: cast.Clinic) -> None:
    Site.objects.filter(pk=clinic.site.pk).update(offers_a_day=1)
    one, two = automatic(clinic)
    waiting.decline(offer_id=stage.offered(one).pk, by=stage.DESK, now=NOW)
    assert [o.entry_id for o in waiting.offer_next(now=NOW)] == [two.pk]


def test_without_the_sites_wish_nothing_goes_out_by_itself(clinic: cast.Clinic) -> None:
    """Reception sees the time all the same, until it has begun."""
    automatic(clinic)
    Site.objects.update(offers_automatic=False)
    assert waiting.offer_next(now=NOW) == []
    assert Opening.objects.get().closed_at is None
    waiting.offer_next(now=FREED)
    assert Opening.objects.get().closed_at == FREED


def test_where_nobody_waits_no_time_is_noted(clinic: cast.Clinic) -> None:
    visit = stage.booked(clinic, clinic.patient, FREED)
    booking.cancel(appointment_id=visit.pk, version=None, by=stage.DESK, now=NOW)
    assert Opening.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_accept_one_time_at_once_are_never_both_booked() -> None:
    clinic = cast.build()
    people = [cast.patient(f"Racer{n}", "Wait") for n in range(6)]
    offers = [stage.offered(stage.waits(clinic, who)) for who in people]

    def accept(made: Offer) -> bool:
        try:
            waiting.accept(offer_id=made.pk, by=stage.DESK, now=NOW)
        except OfferLost:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(len(offers)) as pool:
        won = list(pool.map(accept, offers))
    assert won.count(True) == 1
    assert Appointment.objects.filter(status="booked").count() == 1
    assert sorted(Offer.objects.values_list("state", flat=True)) == ["accepted"] + ["lost"] * 5


def test_what_is_not_given_any_more_is_lost_and_hides_nobody(clinic: cast.Clinic) -> None:
    made = stage.offered(stage.waits(clinic, clinic.patient))
    other = cast.patient("Bo", "Wait", consulted=True)
    facts = {"patient_id": other.pk, "areas": (), "size": "", "depth": ""}
    want = waiting.Want(until=cast.day(21))
    wish = clinic.wish(clinic.consultation, **facts)
    able = waiting.join(wish=wish, want=want, by=stage.DESK, now=NOW)
    clinic.review.active = False
    grounds.keep(row=clinic.review, by=stage.DESK, now=NOW)
    with pytest.raises(OfferLost):
        waiting.accept(offer_id=made.pk, by=stage.DESK, now=NOW)
    free = stage.gap(clinic)
    assert [match.entry for match in waiting.matches(opening=free, now=NOW)] == [able]
    looks = {look.entry.pk: look.instead for look in waiting.survey(opening=free, now=NOW)}
    assert looks == {made.entry_id: "Review is no longer offered at Harley House.", able.pk: ""}


def test_an_offer_ends_with_the_wait(clinic: cast.Clinic) -> None:
    visit = stage.booked(clinic, clinic.patient, cast.at(cast.day(4), 11))
    made = stage.offered(stage.waits(clinic, clinic.patient, appointment_id=visit.pk))
    booking.cancel(appointment_id=visit.pk, version=None, by=stage.DESK, now=NOW)
    waiting.expire(now=NOW)
    made.refresh_from_db()
    assert (made.state, made.closed_at) == ("withdrawn", NOW)


def opening_at(site: Site, start: datetime = FREED) -> Opening:
    end = start + timedelta(minutes=30)
    return Opening.objects.create(site=site, start=start, end=end, created_at=NOW)


def test_only_a_time_of_the_site_that_is_still_to_give_is_named(clinic: cast.Clinic) -> None:
    entry = stage.waits(clinic, clinic.patient)
    aside, away = opening_at(clinic.site), opening_at(cast.site_named("Mayfair"))
    waiting.put_aside(opening_id=aside.pk, by=stage.DESK, now=NOW)
    for opening_id, kind in ((aside.pk, WrongState), (away.pk, NotFound), (0, NotFound)):
        with pytest.raises(kind):
            waiting.offer(
                entry_id=entry.pk, start=FREED, by=stage.DESK, now=NOW, opening_id=opening_id
            )
    assert not Offer.objects.exists()


def two_ticks(monkeypatch: pytest.MonkeyPatch, times: Sequence[Opening]) -> list[bool]:
    """Let two ticks take up a time each when both have looked; answer which made an offer."""
    gun, found = Barrier(2), openings.matches

    def at_once(**asked: Any) -> list[Match]:
        seen = found(**asked)
        gun.wait(10)
        return seen

    def tick(opening: Opening) -> bool:
        try:
            return openings._offered(opening, NOW) is not None
        finally:
            connections.close_all()

    monkeypatch.setattr(openings, "matches", at_once)
    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(tick, times))


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_keep_to_what_a_patient_is_asked_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clinic = cast.build(offers_automatic=True, offers_a_day=1)
    stage.waits(clinic, clinic.patient, until_time=time(11, 30))
    wish = clinic.wish(clinic.consultation, areas=(), size="", depth="")
    want = waiting.Want(until=cast.day(21), from_time=time(13))
    waiting.join(wish=wish, want=want, by=stage.DESK, now=NOW)
    gun, counted = Barrier(2), openings._may_ask

    def both_counted(*asked: Any) -> bool:
        may = counted(*asked)
        with suppress(BrokenBarrierError):  # the other one waits for the rows, as it should
            gun.wait(0.5)
        return may

    monkeypatch.setattr(openings, "_may_ask", both_counted)
    times = [opening_at(clinic.site), opening_at(clinic.site, FREED + timedelta(hours=2))]
    assert two_ticks(monkeypatch, times) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_of_two_ticks_at_once_the_later_leaves_the_time_to_the_next_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clinic = cast.build(offers_automatic=True)
    stage.waits(clinic, clinic.patient)
    opening = opening_at(clinic.site)
    assert two_ticks(monkeypatch, [opening, opening]) == [False, True]
    opening.refresh_from_db()
    assert opening.closed_at is None
