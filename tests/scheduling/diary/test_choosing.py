from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduling import booking, diary
from scheduling.core.rules import Moment
from scheduling.core.timeline import floor_q
from scheduling.core.words import Held, Severity
from scheduling.errors import Malformed
from scheduling.models import Absence, Capability, Resource
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def choose(clinic: cast.Clinic, day: int, hour: int, minute: int = 0, **facts: object):
    start = cast.at(cast.day(day), hour, minute)
    return diary.choose(wish=clinic.wish(**facts), start=start, now=cast.NOW)


def codes(reasons) -> list[str]:
    return [reason.code for reason in reasons]


def test_choose_holds_each_need_for_its_own_time(clinic: cast.Clinic) -> None:
    choice = choose(clinic, 1, 11)
    q = choice.start_q

    assert (choice.end_q - q, choice.prep_minutes, choice.reasons) == (9, 60, ())
    assert set(choice.held) == {
        Held(clinic.nurse.pk, "practitioner", q, q + 9),
        Held(clinic.room.pk, "room", q - 12, q + 11),
        Held(clinic.laser.pk, "device", q, q + 9),
    }
    assert set(choice.versions) == {clinic.nurse.pk, clinic.room.pk, clinic.laser.pk}


def test_choose_spares_the_only_one_who_can_do_more(clinic: cast.Clinic) -> None:
    held = {h.kind: h.resource_id for h in choose(clinic, 1, 11).held}

    assert held["practitioner"] == clinic.nurse.pk


def test_after_closing_the_choice_is_given_with_an_overridable_reason(clinic: cast.Clinic) -> None:
    choice = choose(clinic, 1, 19)

    assert [(r.code, r.severity) for r in choice.reasons] == [("outside_hours", Severity.OVERRIDE)]
    assert {h.kind for h in choice.held} == {"practitioner", "room", "device"}
    assert "09:00-18:00" in choice.reasons[0].sentence
    assert choice.reasons[0].arithmetic == "19:00-19:45 not within 09:00-18:00"


def test_after_closing_a_taken_room_stays_taken(clinic: cast.Clinic) -> None:
    other = cast.patient("Late", "One", consulted=True)
    booking.book(
        wish=clinic.wish(patient_id=other.pk),
        start=cast.at(cast.day(1), 19),
        by=cast.clinician(),
        now=cast.NOW,
        override=booking.OverrideAsk(reason="Urgent.", codes=frozenset({"outside_hours"})),
    )

    choice = choose(clinic, 1, 19)

    assert choice.held == ()
    assert codes(choice.reasons) == ["resource_taken", "outside_hours"]


def test_off_step_too_soon_and_too_late_can_be_overridden_together(clinic: cast.Clinic) -> None:
    clinic.site.notice_minutes, clinic.site.horizon_days = 120, 30
    clinic.site.save()

    soon, late = choose(clinic, 0, 9, 20, practitioner_id=clinic.nurse.pk), choose(clinic, 31, 11)

    assert codes(soon.reasons) == ["too_soon", "off_step", "outside_hours"]
    assert soon.reasons[0].arithmetic == "80 < 120 minutes"
    assert (codes(late.reasons), late.reasons[0].arithmetic) == (["too_late"], "31 > 30 days")
    assert soon.held != ()
    assert late.held != ()


def test_a_past_start_is_past_and_nothing_else_about_the_clock(clinic: cast.Clinic) -> None:
    choice = choose(clinic, -5, 11)

    assert [(r.code, r.arithmetic) for r in choice.reasons] == [
        ("past", "2026-12-30 11:00 < 2027-01-04 08:00")
    ]


def test_what_another_visit_of_the_same_booking_holds_is_not_free(clinic: cast.Clinic) -> None:
    first = choose(clinic, 1, 11)
    start = cast.at(cast.day(1), 11)

    choice = diary.choose(wish=clinic.wish(), start=start, now=cast.NOW, beside=first.held)

    assert choice.held == ()
    assert codes(choice.reasons) == ["resource_taken"]


@pytest.mark.parametrize(
    "start",
    [
        datetime(2027, 1, 5, 11, 2, tzinfo=UTC),
        datetime(2027, 1, 5, 11),  # noqa: DTZ001
        datetime(9999, 12, 31, 23, 55, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
    ],
    ids=["between 5-minute marks", "without a zone", "the last day of all", "the first"],
)
def test_a_start_that_no_diary_has_is_malformed(clinic: cast.Clinic, start: datetime) -> None:
    with pytest.raises(Malformed):
        diary.choose(wish=clinic.wish(), start=start, now=cast.NOW)


def test_recheck_says_what_changed_since_the_choice(clinic: cast.Clinic) -> None:
    choice = choose(clinic, 1, 11)
    wish = clinic.wish()
    assert diary.recheck(wish=wish, choice=choice, now=cast.NOW) == ()

    Absence.objects.create(
        resource=clinic.room,
        cause="closure",
        start=cast.at(cast.day(1), 11),
        end=cast.at(cast.day(1), 12),
    )
    Capability.objects.filter(resource=clinic.laser).update(valid_until=cast.day(0))
    other = cast.patient("Quick", "One", consulted=True)
    booking.book(
        wish=clinic.wish(clinic.filler, patient_id=other.pk, practitioner_id=clinic.doctor.pk),
        start=cast.at(cast.day(1), 11),
        by=cast.reception(),
        now=cast.NOW,
    )
    booking.book(
        wish=clinic.wish(clinic.review),
        start=cast.at(cast.day(1), 11, 30),
        by=cast.reception(),
        now=cast.NOW,
    )

    after = diary.recheck(wish=wish, choice=choice, now=cast.NOW)

    assert set(codes(after)) == {"absence", "capability_expires", "patient_busy"}


def test_recheck_asks_about_exactly_what_is_held(clinic: cast.Clinic) -> None:
    spare = cast.place("Room 2", Resource.Kind.ROOM, clinic.site)
    Capability.objects.create(resource=spare, skill=clinic.room.capabilities.get().skill)
    choice = choose(clinic, 1, 11, resources={"room": (clinic.room.pk,)})
    other = cast.patient("Quick", "One", consulted=True)
    laser = cast.place("Laser 2", Resource.Kind.DEVICE, clinic.site)
    Capability.objects.create(resource=laser, skill=clinic.laser.capabilities.get().skill)
    booking.book(
        wish=clinic.wish(
            patient_id=other.pk,
            practitioner_id=clinic.doctor.pk,
            resources={"room": (clinic.room.pk,), "device": (laser.pk,)},
        ),
        start=cast.at(cast.day(1), 11),
        by=cast.reception(),
        now=cast.NOW,
    )

    against = diary.recheck(wish=clinic.wish(), choice=choice, now=cast.NOW)

    assert [(r.code, r.sentence) for r in against] == [
        ("resource_taken", "Taken at that time: Room 1.")
    ]


def test_clinical_reasons_name_the_other_visit(clinic: cast.Clinic) -> None:
    laser = booking.book(
        wish=clinic.wish(), start=cast.at(cast.day(1), 11), by=cast.reception(), now=cast.NOW
    ).appointment
    wish = clinic.wish(clinic.filler)
    choice = diary.choose(wish=wish, start=cast.at(cast.day(4), 11), now=cast.NOW)

    reasons = diary.clinical(wish=wish, choice=choice, now=cast.NOW, moment=Moment.BOOKING)

    assert [(r.code, r.other) for r in reasons if r.severity is not Severity.ADVISORY] == [
        ("SEED-GAP-RF", str(laser.pk)),
        ("SEED-RECOVERY", str(laser.pk)),
    ]
    assert (
        diary.clinical(
            wish=replace(wish, patient_id=None), choice=choice, now=cast.NOW, moment=Moment.BOOKING
        )
        == ()
    )


def test_plain_reason_needs_no_facts() -> None:
    assert diary.plain_reason("resource_taken").sentence == "That time has just been taken."


def test_explain_start_tells_skin_and_diary_worst_first(clinic: cast.Clinic) -> None:
    stranger = cast.patient("New", "Face")
    wish = clinic.wish(patient_id=stranger.pk)

    reasons = diary.explain_start(wish=wish, start=cast.at(cast.day(1), 7, 10), now=cast.NOW)

    told = [r for r in reasons if r.severity is not Severity.ADVISORY]
    assert [r.severity.rank for r in told] == sorted(r.severity.rank for r in told)
    assert set(codes(told)) == {"SEED-CONSULT", "off_step", "outside_hours"}


def test_explain_start_says_on_which_date_a_reason_ends(clinic: cast.Clinic) -> None:
    Absence.objects.create(
        resource=clinic.doctor,
        cause="leave",
        start=cast.NOW,
        end=cast.at(cast.day(9), 0),
    )

    (reason,) = diary.explain_start(
        wish=clinic.wish(clinic.review), start=cast.at(cast.day(1), 11), now=cast.NOW
    )

    assert (reason.code, reason.earliest) == ("absence", cast.day(9))


def test_a_hold_before_the_hours_is_outside_them(clinic: cast.Clinic) -> None:
    choice = choose(clinic, 1, 9)

    assert codes(choice.reasons) == ["outside_hours"]
    assert floor_q(cast.at(cast.day(1), 9)) - timedelta(hours=1) // timedelta(minutes=5) in {
        h.start_q for h in choice.held
    }
