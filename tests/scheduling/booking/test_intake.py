from dataclasses import replace
from datetime import timedelta

import pytest

from scheduling import booking
from scheduling.core.words import Actor, Severity
from scheduling.errors import Forbidden, Malformed, NotFound, Refused, WrongState
from scheduling.models import Allocation, Appointment, Change, Override, Resource
from scheduling.signals import appointment_changed
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def codes(refusal: Refused) -> list[str]:
    return [r.code for r in refusal.reasons if r.severity is not Severity.ADVISORY]


def resurface(clinic: cast.Clinic, n: int = 1, hour: int = 11, **facts: object) -> booking.Booked:
    return booking.book(
        wish=clinic.wish(**facts),
        start=cast.at(cast.day(n), hour),
        by=cast.reception(),
        now=cast.NOW,
    )


def test_book_holds_room_hands_and_laser_each_for_its_own_time(clinic: cast.Clinic) -> None:
    visit = resurface(clinic).appointment
    held = {
        a.resource.kind: (a.start_q - visit.start_q, a.end_q - visit.end_q)
        for a in visit.allocations.select_related("resource")
    }
    assert held == {"room": (-12, 2), "practitioner": (0, 0), "device": (0, 0)}
    assert (visit.end - visit.start, visit.prep_minutes) == (timedelta(minutes=45), 60)
    assert (visit.status, visit.version, visit.told_version) == ("booked", 1, 0)


def test_book_keeps_the_wall_time_and_its_instant(clinic: cast.Clinic) -> None:
    summer = cast.day(100)
    start = cast.at(summer, 11)
    laser = resurface(clinic, 100).appointment
    assert (laser.local_date, laser.local_time.hour, laser.zone) == (summer, 11, "Europe/London")
    assert (laser.start, start.hour) == (start, 10)


def test_book_knows_its_recovery_dates(clinic: cast.Clinic) -> None:
    visit = resurface(clinic).appointment
    found = (visit.recovery_least, visit.recovery_typical, visit.recovery_most)
    # Fractional ablative, face, superficial: 5, 7, 14 days.
    assert found == tuple(visit.local_date + timedelta(days=n) for n in (5, 7, 14))


def test_book_refuses_filler_in_the_seeds_week_and_names_the_earliest(clinic: cast.Clinic) -> None:
    resurface(clinic, 1)
    with pytest.raises(Refused) as caught:
        booking.book(
            wish=clinic.wish(clinic.filler),
            start=cast.at(cast.day(4), 11),
            by=cast.reception(),
            now=cast.NOW,
        )
    refusal = caught.value
    assert codes(refusal) == ["SEED-GAP-RF", "SEED-RECOVERY"]
    assert "3 < 7" in refusal.reasons[0].arithmetic
    assert refusal.earliest is not None
    assert refusal.earliest.start.date() == cast.day(15)
    assert Appointment.objects.count() == 1


def test_book_refuses_without_a_consultation(clinic: cast.Clinic) -> None:
    stranger = cast.patient("New", "Face")
    with pytest.raises(Refused) as caught:
        resurface(clinic, patient_id=stranger.pk)
    assert codes(caught.value) == ["SEED-CONSULT"]
    assert caught.value.earliest is None


def test_book_lists_skin_and_diary_at_once(clinic: cast.Clinic) -> None:
    stranger = cast.patient("New", "Face")
    with pytest.raises(Refused) as caught:
        resurface(clinic, hour=7, patient_id=stranger.pk)
    assert set(codes(caught.value)) == {"outside_hours", "SEED-CONSULT"}


def test_book_chooses_another_practitioner_when_one_is_busy(clinic: cast.Clinic) -> None:
    other = cast.patient("Bo", "Ash", consulted=True)
    room = cast.place(
        "Room 2", Resource.Kind.ROOM, clinic.site, clinic.room.capabilities.get().skill
    )
    cast.place("Laser 2", Resource.Kind.DEVICE, clinic.site, clinic.laser.capabilities.get().skill)
    one, two = resurface(clinic), resurface(clinic, patient_id=other.pk)
    hands = [
        set(
            Allocation.objects.filter(appointment=b.appointment).values_list(
                "resource_id", flat=True
            )
        )
        for b in (one, two)
    ]
    assert hands[0] & hands[1] == set()
    assert room.pk in hands[0] | hands[1]
    with pytest.raises(Refused) as caught:
        resurface(clinic, patient_id=cast.patient("Cy", "Oak", consulted=True).pk)
    assert codes(caught.value) == ["resource_taken"]


def test_override_needs_the_permission_a_reason_and_the_code(clinic: cast.Clinic) -> None:
    resurface(clinic, 1)
    wish, start = clinic.wish(clinic.filler), cast.at(cast.day(11), 11)
    ask = booking.OverrideAsk(reason="Seen today, healed.", codes=frozenset({"SEED-RECOVERY"}))

    def book(by: Actor, override: booking.OverrideAsk) -> booking.Booked:
        return booking.book(wish=wish, start=start, by=by, now=cast.NOW, override=override)

    with pytest.raises(Forbidden):
        book(cast.reception(), ask)
    with pytest.raises(Malformed):
        book(cast.clinician(), replace(ask, reason=" "))
    with pytest.raises(Refused):
        book(cast.clinician(), replace(ask, codes=frozenset()))
    booked = book(cast.clinician(), ask).appointment
    kept = Override.objects.get(appointment=booked)
    assert (kept.code, kept.by_name, kept.reason) == ("SEED-RECOVERY", "Dr Clinician", ask.reason)
    assert (kept.gap_days, kept.protocol) == (10, clinic.protocol)


def test_override_never_lifts_a_hard_rule_or_a_taken_room(clinic: cast.Clinic) -> None:
    laser = resurface(clinic, 1).appointment
    for start in (cast.at(cast.day(3), 11), laser.start):
        with pytest.raises(Refused):
            booking.book(
                wish=clinic.wish(clinic.filler, practitioner_id=clinic.doctor.pk),
                start=start,
                by=cast.clinician(),
                now=cast.NOW,
                override=booking.OverrideAsk(
                    reason="x", codes=frozenset({"SEED-GAP-RF", "SEED-RECOVERY", "DES-DOUBLE"})
                ),
            )


def test_named_staff_may_book_after_closing(clinic: cast.Clinic) -> None:
    ask = booking.OverrideAsk(reason="Urgent review.", codes=frozenset({"outside_hours"}))
    booked = booking.book(
        wish=clinic.wish(clinic.review),
        start=cast.at(cast.day(1), 19),
        by=cast.clinician(),
        now=cast.NOW,
        override=ask,
    )
    assert booked.appointment.local_time.hour == 19
    assert Override.objects.get().code == "outside_hours"


def test_book_many_is_all_or_none_in_one_encounter(clinic: cast.Clinic) -> None:
    from scheduling.booking.ask import Ask

    start = cast.at(cast.day(1), 11)
    asks = [
        Ask(wish=clinic.wish(), start=start),
        Ask(wish=clinic.wish(clinic.review), start=start + timedelta(minutes=45)),
    ]
    booked = booking.book_many(asks=asks, by=cast.reception(), now=cast.NOW)
    encounters = {b.appointment.encounter for b in booked}
    assert len(encounters) == 1
    assert encounters != {""}
    asks = [replace(a, start=a.start + timedelta(days=60)) for a in asks]
    asks[1] = replace(asks[1], wish=clinic.wish(clinic.filler))
    with pytest.raises(Refused) as caught:
        booking.book_many(asks=asks, by=cast.reception(), now=cast.NOW)
    assert caught.value.facts["ask"] == 1
    assert Appointment.objects.count() == 2


def test_hold_keeps_the_start_but_not_the_skin(clinic: cast.Clinic) -> None:
    start = cast.at(cast.day(1), 11)
    held = booking.hold(
        wish=clinic.wish(), start=start, by=cast.reception(), now=cast.NOW
    ).appointment
    assert (held.status, held.expires_at) == ("pending", cast.NOW + timedelta(minutes=10))
    with pytest.raises(Refused):
        resurface(clinic, patient_id=cast.patient("Bo", "Ash", consulted=True).pk)
    filler = booking.book(
        wish=clinic.wish(clinic.filler),
        start=cast.at(cast.day(2), 11),
        by=cast.reception(),
        now=cast.NOW,
    )
    assert filler.appointment.status == "booked"


def test_book_held_turns_the_hold_into_the_visit(clinic: cast.Clinic) -> None:
    start = cast.at(cast.day(1), 11)
    held = booking.hold(
        wish=clinic.wish(), start=start, by=cast.reception(), now=cast.NOW
    ).appointment
    soon = cast.NOW + timedelta(minutes=9)
    booked = booking.book_held(
        appointment_id=held.pk, wish=clinic.wish(), by=cast.reception(), now=soon
    ).appointment
    assert (booked.pk, booked.status, booked.expires_at, booked.start) == (
        held.pk,
        "booked",
        None,
        start,
    )
    assert booked.allocations.filter(active=True).count() == 3
    with pytest.raises(WrongState):
        booking.book_held(appointment_id=held.pk, wish=clinic.wish(), by=cast.reception(), now=soon)


def test_expired_hold_is_swept_and_its_place_booked(clinic: cast.Clinic) -> None:
    start = cast.at(cast.day(1), 11)
    held = booking.hold(
        wish=clinic.wish(), start=start, by=cast.reception(), now=cast.NOW
    ).appointment
    other = cast.patient("Bo", "Ash", consulted=True)
    later = cast.NOW + timedelta(minutes=11)
    booked = booking.book(
        wish=clinic.wish(patient_id=other.pk), start=start, by=cast.reception(), now=later
    ).appointment
    held.refresh_from_db()
    assert (booked.status, held.status) == ("booked", "cancelled")
    with pytest.raises(WrongState):
        booking.reinstate(appointment_id=held.pk, version=None, by=cast.reception(), now=later)
    with pytest.raises(WrongState):
        booking.book_held(
            appointment_id=held.pk, wish=clinic.wish(), by=cast.reception(), now=later
        )


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"areas": ("elbow-ish",)}, Malformed),
        ({"size": "huge"}, Malformed),
        ({"depth": "abyssal"}, Malformed),
        ({"indication": "boredom"}, Malformed),
        ({"patient_id": None}, Malformed),
        ({"patient_id": 99_999_999}, NotFound),
        ({"site_id": 99_999_999}, NotFound),
        ({"treatment_id": 99_999_999}, NotFound),
        ({"minutes": 50}, Refused),
        ({"minutes": 33}, Refused),
        ({"practitioner_id": 99_999_999}, NotFound),
    ],
)
def test_bad_wish_gets_a_clear_error_and_leaves_nothing(
    clinic: cast.Clinic, facts: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        resurface(clinic, **facts)
    assert (Appointment.objects.count(), Allocation.objects.count(), Change.objects.count()) == (
        0,
        0,
        0,
    )


def test_past_start_is_refused(clinic: cast.Clinic) -> None:
    with pytest.raises(Refused) as caught:
        resurface(clinic, -3)
    assert "past" in codes(caught.value)


def test_other_site_answers_not_found(clinic: cast.Clinic) -> None:
    other = cast.site_named("Elsewhere")
    with pytest.raises(NotFound):
        booking.book(
            wish=clinic.wish(),
            start=cast.at(cast.day(1), 11),
            by=cast.reception(other),
            now=cast.NOW,
        )


def test_patient_books_only_for_themselves(clinic: cast.Clinic) -> None:
    other = cast.patient("Bo", "Ash")
    with pytest.raises(NotFound):
        booking.book(
            wish=clinic.wish(),
            start=cast.at(cast.day(1), 11),
            by=Actor(name="link", patient_id=other.pk),
            now=cast.NOW,
        )


def test_booking_tells_upward_within_the_transaction(clinic: cast.Clinic) -> None:
    heard: list[tuple[str, bool, int]] = []

    def hear(*, appointments: list[Appointment], verb: str, told: bool, **_: object) -> None:
        heard.extend((verb, told, a.pk) for a in appointments)

    appointment_changed.connect(hear)
    try:
        visit = resurface(clinic).appointment
    finally:
        appointment_changed.disconnect(hear)
    assert heard == [("book", True, visit.pk)]
    entry = Change.objects.get(subject="appointment", subject_id=visit.pk)
    assert (entry.verb, entry.by, entry.at) == ("book", "Desk", cast.NOW)


def test_refusal_lists_the_worst_reason_first_and_speaks_it(clinic: cast.Clinic) -> None:
    stranger = cast.patient("New", "Face")
    with pytest.raises(Refused) as caught:
        resurface(clinic, hour=7, patient_id=stranger.pk)
    assert codes(caught.value) == ["SEED-CONSULT", "outside_hours"]
    assert caught.value.sentence == caught.value.reasons[0].sentence
