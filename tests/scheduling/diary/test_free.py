from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling import booking, diary
from scheduling.core.timeline import ceil_q, instant
from scheduling.core.words import Severity, Wish
from scheduling.errors import Malformed, NotFound
from scheduling.models import (
    Absence,
    Appointment,
    Capability,
    Need,
    OpeningHours,
    Resource,
    Skill,
    Treatment,
)
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def search(wish: Wish, first: int = 0, last: int | None = None) -> diary.FreeStarts:
    return diary.free_starts(
        wish=wish,
        first=cast.day(first),
        last=cast.day(first if last is None else last),
        now=cast.NOW,
    )


def codes_of(found: diary.FreeStarts) -> dict[date, list[str]]:
    return {hidden.date: [reason.code for reason in hidden.reasons] for hidden in found.hidden}


def book(wish: Wish, day: int, hour: int, minute: int = 0) -> Appointment:
    booked = booking.book(
        wish=wish, start=cast.at(cast.day(day), hour, minute), by=cast.reception(), now=cast.NOW
    )
    return booked.appointment


def blocking(wish: Wish, start: datetime) -> list[str]:
    reasons = diary.explain_start(wish=wish, start=start, now=cast.NOW)
    return [r.code for r in reasons if r.severity is not Severity.ADVISORY]


def crowded(clinic: cast.Clinic) -> Wish:
    """Fill some days: bookings of others and of the patient, leave, lunch and a lapsing licence."""
    others = [cast.patient(f"Other{n}", "One", consulted=True) for n in range(4)]
    for person, (day, hour) in zip(others, [(1, 10), (1, 14), (2, 11), (8, 10)], strict=True):
        book(clinic.wish(patient_id=person.pk), day, hour)
    book(clinic.wish(clinic.review), 1, 12, 15)
    OpeningHours.objects.create(
        site=clinic.site, weekday=2, opens=time(12, 20), closes=time(13, 5), purpose="lunch"
    )
    Absence.objects.create(
        resource=clinic.room,
        cause="closure",
        start=cast.at(cast.day(3), 9, 3),
        end=cast.at(cast.day(3), 12, 58),
    )
    Capability.objects.filter(resource=clinic.nurse).update(valid_until=cast.day(2))
    return clinic.wish()


def test_free_starts_are_exactly_those_that_nothing_speaks_against(clinic: cast.Clinic) -> None:
    wish = crowded(clinic)
    found = {int(q) for q in search(wish, 0, 4).quanta}
    first, last = ceil_q(cast.at(cast.day(0), 0)), ceil_q(cast.at(cast.day(5), 0))
    # Every quarter of an hour, and every 5 minutes of one day.
    asked = {*range(first, last, 3), *range(first + 288, first + 576)}

    assert found == {q for q in asked if not blocking(wish, instant(q))}
    assert 20 < len(found) < 100


def test_free_starts_name_what_booking_would_hold(clinic: cast.Clinic) -> None:
    wish = crowded(clinic)
    starts = search(wish, 0, 9).starts

    chosen = [diary.choose(wish=wish, start=start.start, now=cast.NOW) for start in starts]

    assert len(starts) > 50
    assert all(choice.reasons == () for choice in chosen)
    assert [
        {
            kind: tuple(h.resource_id for h in choice.held if h.kind == kind)
            for kind in start.resources
        }
        for start, choice in zip(starts, chosen, strict=True)
    ] == [dict(start.resources) for start in starts]
    assert [start.arrive_at for start in starts] == [
        start.start - timedelta(minutes=choice.prep_minutes)
        for start, choice in zip(starts, chosen, strict=True)
    ]


def test_the_first_free_start_can_be_booked_and_is_then_gone(clinic: cast.Clinic) -> None:
    wish = clinic.wish(clinic.review)
    first = search(wish, 1).starts[0]

    booking.book(wish=wish, start=first.start, by=cast.reception(), now=cast.NOW)

    assert first.start not in [start.start for start in search(wish, 1).starts]


def test_starts_lie_on_the_wall_clocks_quarters_in_the_sites_zone(clinic: cast.Clinic) -> None:
    starts = search(clinic.wish(clinic.review), 1).starts

    assert starts[0].start == cast.at(cast.day(1), 9)
    assert starts[0].start.tzinfo == cast.LONDON
    assert starts[-1].start == cast.at(cast.day(1), 17, 45)
    assert len(starts) == 36


def test_without_a_patient_only_the_diary_is_asked(clinic: cast.Clinic) -> None:
    stranger = cast.patient("New", "Face")

    assert search(clinic.wish(patient_id=None), 1).hidden == []
    assert codes_of(search(clinic.wish(patient_id=stranger.pk), 1)) == {
        cast.day(1): ["SEED-CONSULT"]
    }


def test_the_patients_other_visit_is_no_free_time(clinic: cast.Clinic) -> None:
    visit = book(clinic.wish(clinic.review), 1, 11)
    wish = clinic.wish(clinic.review, practitioner_id=clinic.doctor.pk)

    taken = {s.start for s in search(clinic.wish(clinic.review), 1).starts}
    moving = {s.start for s in search(replace(wish, moving=visit.pk), 1).starts}

    assert {cast.at(cast.day(1), 11)} == moving - taken
    assert blocking(wish, cast.at(cast.day(1), 11)) == [
        "patient_busy",
        "resource_taken",
        "DES-DOUBLE",
    ]


def test_a_move_does_not_count_its_own_place_nor_its_own_history(clinic: cast.Clinic) -> None:
    visit = book(clinic.wish(), 1, 11)
    wish = clinic.wish(moving=visit.pk)

    found = search(wish, 1, 2)

    assert cast.at(cast.day(1), 11, 15) in [s.start for s in found.starts]
    assert found.hidden == []
    assert len(search(clinic.wish(), 1, 2).hidden) == 2


def test_an_expired_hold_counts_until_it_is_swept(clinic: cast.Clinic) -> None:
    other = cast.patient("Slow", "Typist", consulted=True)
    start = cast.at(cast.day(1), 11)
    booking.hold(
        wish=clinic.wish(patient_id=other.pk),
        start=start,
        by=cast.reception(),
        now=cast.NOW - timedelta(hours=2),
    )
    held = [s.start for s in search(clinic.wish(), 1).starts]

    booking.free_expired_holds(now=cast.NOW)

    assert start not in held
    assert start in [s.start for s in search(clinic.wish(), 1).starts]


def test_a_practitioner_asked_for_is_the_only_one_offered(clinic: cast.Clinic) -> None:
    starts = search(clinic.wish(practitioner_id=clinic.nurse.pk), 1).starts

    assert {s.resources["practitioner"] for s in starts} == {(clinic.nurse.pk,)}


def test_a_practitioner_who_cannot_is_told_by_name(clinic: cast.Clinic) -> None:
    (hidden,) = search(clinic.wish(clinic.filler, practitioner_id=clinic.nurse.pk), 1).hidden

    assert [r.code for r in hidden.reasons] == ["no_capability"]
    assert hidden.reasons[0].sentence == (
        "Filler at Harley House needs a practitioner with “injects”; Noor Field cannot."
    )


def test_another_sites_room_and_unknown_ids_are_not_found(clinic: cast.Clinic) -> None:
    elsewhere = cast.place("Far room", Resource.Kind.ROOM, cast.site_named("Far"))

    for wish in (
        clinic.wish(resources={"room": (elsewhere.pk,)}),
        clinic.wish(practitioner_id=99_999_999),
        clinic.wish(treatment_id=99_999_999),
        clinic.wish(site_id=99_999_999),
        clinic.wish(patient_id=99_999_999),
    ):
        with pytest.raises(NotFound):
            search(wish, 1)


def test_a_wish_without_sense_is_malformed(clinic: cast.Clinic) -> None:
    for wish in (
        clinic.wish(minutes=0),
        clinic.wish(clinic.filler, resources={"device": (clinic.laser.pk,)}),
        clinic.wish(resources={"room": (clinic.laser.pk,)}),
    ):
        with pytest.raises(Malformed):
            search(wish, 1)
    with pytest.raises(Malformed):
        search(clinic.wish(), 2, 1)
    for day in (date.min, date.max):
        with pytest.raises(Malformed):
            diary.free_starts(wish=clinic.wish(), first=day, last=day, now=cast.NOW)


def test_two_practitioners_at_once_are_two_people(clinic: cast.Clinic) -> None:
    skill = Skill.objects.get(code="laser")
    Need.objects.create(treatment=clinic.resurfacing, kind="practitioner", skill=skill)
    starts = search(clinic.wish(), 1).starts
    assert {s.resources["practitioner"] for s in starts} == {(clinic.doctor.pk, clinic.nurse.pk)}

    Capability.objects.filter(resource=clinic.nurse, skill=skill).delete()

    assert codes_of(search(clinic.wish(), 1)) == {cast.day(1): ["no_combination"]}


def test_alternatives_offer_either_kind(clinic: cast.Clinic) -> None:
    either = Treatment.objects.create(
        name="Light", procedure="review", minutes_least=30, minutes_default=30, minutes_most=30
    )
    Need.objects.create(treatment=either, kind="device", choice=1)
    Need.objects.create(treatment=either, kind="room", choice=1, from_min=-10)
    Absence.objects.create(
        resource=clinic.laser,
        cause="downtime",
        start=cast.at(cast.day(1), 9),
        end=cast.at(cast.day(1), 12),
    )

    held = {s.start: s for s in search(clinic.wish(either), 1).starts}

    assert dict(held[cast.at(cast.day(1), 10)].resources) == {"room": (clinic.room.pk,)}
    assert held[cast.at(cast.day(1), 10)].arrive_at == cast.at(cast.day(1), 9, 50)
    assert cast.at(cast.day(1), 9) not in held


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        ("Europe/London", date(2027, 3, 28), 8),
        ("Europe/London", date(2027, 10, 31), 16),
        ("Africa/Cairo", date(2027, 4, 30), 12),
        ("Australia/Lord_Howe", date(2027, 4, 4), 14),
    ],
    ids=["spring forward", "fall back", "no midnight, not skipped", "half an hour twice"],
)
def test_one_to_four_in_the_morning_offers_as_many_starts_as_the_clocks_give(
    zone: str, day: date, starts: int
) -> None:
    clinic = cast.build(zone=zone, closed_on_holidays=False)
    for hours in OpeningHours.objects.all():
        hours.weekday, hours.opens, hours.closes = day.weekday(), time(1), time(4)
        hours.pk = None
        hours.save()
    wish = clinic.wish(clinic.review, minutes=15, patient_id=None)

    found = diary.free_starts(wish=wish, first=day, last=day, now=cast.NOW).starts

    night = [s.start for s in found if s.start.hour < 4]
    assert len(night) == starts
    assert all(s.utcoffset() == s.astimezone(ZoneInfo(zone)).utcoffset() for s in night)


def test_earliest_start_is_the_first_of_free_starts(clinic: cast.Clinic) -> None:
    book(clinic.wish(), 1, 11)
    wish = clinic.wish(clinic.filler)

    found = diary.earliest_start(wish=wish, after=cast.at(cast.day(2), 9), now=cast.NOW)

    assert found == search(wish, 2, 40).starts[0]


def test_earliest_start_looks_up_to_the_horizon(clinic: cast.Clinic) -> None:
    Absence.objects.create(
        resource=clinic.doctor,
        cause="leave",
        start=cast.NOW,
        end=cast.at(cast.day(200), 0),
    )
    wish = clinic.wish(clinic.review)

    found = diary.earliest_start(wish=wish, after=cast.NOW, now=cast.NOW)
    clinic.site.horizon_days = 100
    clinic.site.save()

    assert found is not None
    assert found.start == cast.at(cast.day(200), 9)
    assert diary.earliest_start(wish=wish, after=cast.NOW, now=cast.NOW) is None


def test_earliest_start_is_never_before_the_instant_asked(clinic: cast.Clinic) -> None:
    after = datetime(2027, 1, 5, 10, 1, tzinfo=UTC)

    found = diary.earliest_start(wish=clinic.wish(clinic.review), after=after, now=cast.NOW)

    assert found is not None
    assert found.start == cast.at(cast.day(1), 10, 15)
