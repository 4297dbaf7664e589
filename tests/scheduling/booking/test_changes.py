"""Moving, seeing through, ending and undoing."""

from datetime import timedelta

import pytest

from scheduling import booking, records, register
from scheduling.core.words import Actor, Severity
from scheduling.errors import NotFound, Refused, StaleVersion, WrongState
from scheduling.models import (
    Absence,
    Allocation,
    Appointment,
    Change,
    Override,
    ProtocolVersion,
    Record,
    Resource,
    Todo,
)
from tests import cast

pytestmark = pytest.mark.django_db
DESK = cast.reception()


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    return book(clinic, 1)


def book(clinic: cast.Clinic, n: int, hour: int = 11, **facts: object) -> Appointment:
    wish = clinic.wish(**facts)
    return booking.book(
        wish=wish, start=cast.at(cast.day(n), hour), by=DESK, now=cast.NOW
    ).appointment


def checked_in(visit: Appointment) -> Appointment:
    Record.objects.create(
        patient=visit.patient, kind="consent", start=cast.NOW, end=cast.NOW, zone=visit.zone
    )
    found, _ = booking.check_in(appointment_id=visit.pk, version=None, by=DESK, now=visit.start)
    return found


def test_move_does_not_count_its_own_old_place(visit: Appointment) -> None:
    later = visit.start + timedelta(minutes=15)
    moved = booking.move(
        appointment_id=visit.pk, to=later, version=1, by=DESK, now=cast.NOW
    ).appointment
    assert (moved.start, moved.version, moved.told_version) == (later, 2, 1)
    assert Allocation.objects.filter(appointment=visit).count() == 3
    assert moved.local_time.minute == 15


def test_move_of_a_stale_version_changes_nothing(visit: Appointment) -> None:
    booking.confirm(appointment_id=visit.pk, version=1, by=DESK, now=cast.NOW)
    with pytest.raises(StaleVersion):
        booking.move(
            appointment_id=visit.pk,
            to=visit.start + timedelta(days=1),
            version=1,
            by=DESK,
            now=cast.NOW,
        )
    visit.refresh_from_db()
    assert visit.local_date == cast.day(1)


def test_move_refused_leaves_the_visit_where_it_was(visit: Appointment) -> None:
    with pytest.raises(Refused):
        booking.move(
            appointment_id=visit.pk, to=cast.at(cast.day(2), 7), version=1, by=DESK, now=cast.NOW
        )
    visit.refresh_from_db()
    assert (visit.local_date, visit.version) == (cast.day(1), 1)
    assert Allocation.objects.filter(appointment=visit, active=True).count() == 3


def test_move_ends_the_patients_yes(visit: Appointment) -> None:
    booking.confirm(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    moved = booking.move(
        appointment_id=visit.pk,
        to=visit.start + timedelta(days=1),
        version=None,
        by=DESK,
        now=cast.NOW,
    ).appointment
    assert moved.confirmed_at is None


def overridden_filler(clinic: cast.Clinic) -> Appointment:
    ask = booking.OverrideAsk(reason="Healed.", codes=frozenset({"SEED-RECOVERY"}))
    return booking.book(
        wish=clinic.wish(clinic.filler),
        start=cast.at(cast.day(11), 11),
        by=cast.clinician(),
        now=cast.NOW,
        override=ask,
    ).appointment


def test_override_lives_while_the_gap_stays_and_lapses_when_closer(
    clinic: cast.Clinic, visit: Appointment
) -> None:
    filler = overridden_filler(clinic)

    def move(n: int, hour: int) -> None:
        start = cast.at(cast.day(n), hour)
        booking.move(appointment_id=filler.pk, to=start, version=None, by=DESK, now=cast.NOW)

    move(11, 15)
    assert Override.objects.filter(lapsed_at=None).count() == 1
    with pytest.raises(Refused):
        move(10, 11)
    assert Override.objects.filter(lapsed_at=None).count() == 1
    move(16, 11)
    move(16, 12)
    assert Override.objects.filter(lapsed_at=None).count() == 1


def test_moving_the_other_session_closer_is_refused_by_the_pair(
    clinic: cast.Clinic, visit: Appointment
) -> None:
    overridden_filler(clinic)
    start = cast.at(cast.day(2), 11)
    with pytest.raises(Refused) as caught:
        booking.move(appointment_id=visit.pk, to=start, version=None, by=DESK, now=cast.NOW)
    assert "SEED-RECOVERY" in [r.code for r in caught.value.reasons]


def test_check_in_asks_for_consent_then_lets_through(visit: Appointment) -> None:
    booking.arrive(appointment_id=visit.pk, version=1, by=DESK, now=visit.start)
    with pytest.raises(Refused) as caught:
        booking.check_in(appointment_id=visit.pk, version=2, by=DESK, now=visit.start)
    assert [r.code for r in caught.value.reasons if r.severity is Severity.HARD] == ["DES-CONSENT"]
    assert checked_in(visit).status == "checked-in"


def test_complete_records_what_was_done_and_its_recovery(visit: Appointment) -> None:
    checked_in(visit)
    done = booking.Done(
        areas=("cheeks",), size="small", ended_at=visit.start + timedelta(minutes=30)
    )
    found = booking.complete(
        appointment_id=visit.pk, version=None, by=DESK, now=visit.end, done=done
    )
    assert (found.status, found.areas, found.size) == ("fulfilled", ["cheeks"], "small")
    # Fractional ablative, small, superficial: 3, 5, 10 days.
    days = [
        (d - found.local_date).days
        for d in (found.recovery_least, found.recovery_typical, found.recovery_most)
        if d
    ]
    assert days == [3, 5, 10]


def test_complete_of_a_consultation_writes_its_record_and_undoing_withdraws_it(
    clinic: cast.Clinic,
) -> None:
    newcomer = cast.patient("New", "Face")
    visit = book(clinic, 1, treatment_id=clinic.consultation.pk, patient_id=newcomer.pk, areas=())
    checked_in(visit)
    booking.complete(appointment_id=visit.pk, version=None, by=DESK, now=visit.end)
    assert newcomer.records.filter(kind="consultation", withdrawn_at=None).count() == 1
    booking.reinstate(appointment_id=visit.pk, version=None, by=DESK, now=visit.end)
    assert newcomer.records.filter(kind="consultation", withdrawn_at=None).count() == 0
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_complete_before_check_in_is_no_step(visit: Appointment) -> None:
    with pytest.raises(WrongState):
        booking.complete(appointment_id=visit.pk, version=None, by=DESK, now=visit.end)


def test_cancel_frees_what_was_held_and_tells(clinic: cast.Clinic, visit: Appointment) -> None:
    found = booking.cancel(
        appointment_id=visit.pk, version=1, by=DESK, now=cast.NOW, reason="Patient is ill"
    )
    assert (found.status, found.told_version, found.cancel_reason) == (
        "cancelled",
        1,
        "Patient is ill",
    )
    assert Allocation.objects.filter(active=True).count() == 0
    assert book(clinic, 1).status == "booked"
    with pytest.raises(Refused):
        booking.reinstate(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)


def test_reinstate_takes_the_old_place_again(visit: Appointment) -> None:
    booking.cancel(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    found = booking.reinstate(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    assert (found.status, found.cancelled_at, found.told_version) == ("booked", None, 2)
    assert Allocation.objects.filter(appointment=visit, active=True).count() == 3
    verbs = list(Change.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["book", "cancel", "reinstate"]


def test_patient_cancels_within_the_notice_only(visit: Appointment) -> None:
    patient = Actor(name="link", patient_id=visit.patient_id)
    late = visit.start - timedelta(hours=23)
    with pytest.raises(WrongState):
        booking.cancel(appointment_id=visit.pk, version=None, by=patient, now=late)
    early = visit.start - timedelta(hours=24)
    found = booking.cancel(appointment_id=visit.pk, version=None, by=patient, now=early)
    assert found.status == "cancelled"


def test_no_show_only_after_the_start(visit: Appointment) -> None:
    with pytest.raises(WrongState):
        booking.no_show(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    found = booking.no_show(appointment_id=visit.pk, version=None, by=DESK, now=visit.end)
    assert found.status == "noshow"
    back = booking.reinstate(appointment_id=visit.pk, version=None, by=DESK, now=visit.end)
    assert back.status == "booked"


def test_cancelled_consultation_flags_the_laser_that_stood_on_it(clinic: cast.Clinic) -> None:
    newcomer = cast.patient("New", "Face")
    first = book(clinic, 1, treatment_id=clinic.consultation.pk, patient_id=newcomer.pk, areas=())
    laser = book(clinic, 3, patient_id=newcomer.pk)
    booking.cancel(appointment_id=first.pk, version=None, by=DESK, now=cast.NOW)
    todo = Todo.objects.get()
    assert (todo.appointment_id, todo.urgent) == (laser.pk, True)
    laser.refresh_from_db()
    assert laser.status == "booked"


def coming_tasks(visit: Appointment) -> list[bool]:
    found = Todo.objects.filter(appointment=visit, kind="visit-no-longer-allowed")
    return [todo.urgent for todo in found]


def test_a_fact_recorded_against_a_coming_visit_is_told_to_reception_once(
    visit: Appointment,
) -> None:
    for kind in ("dental_or_vaccine", "pregnancy", "active_infection"):
        record = Record(patient=visit.patient, kind=kind, start_date=cast.TODAY, areas=["face"])
        records.add(record=record, by=DESK, now=cast.NOW)
    assert coming_tasks(visit) == [True]
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_a_consultation_withdrawn_is_told_for_the_laser_that_stood_on_it(
    visit: Appointment,
) -> None:
    stood_on = visit.patient.records.get()
    records.withdraw(record_id=stood_on.pk, by=DESK, now=cast.NOW)
    assert coming_tasks(visit) == [True]


def test_a_patients_death_is_told_for_each_coming_visit(visit: Appointment) -> None:
    visit.patient.deceased_on = cast.TODAY
    register.amend(patient=visit.patient, by=DESK, now=cast.NOW)
    assert coming_tasks(visit) == [True]


def test_without_a_protocol_facts_are_kept_and_visits_can_end(visit: Appointment) -> None:
    ProtocolVersion.objects.update(state="retired")
    record = Record(patient=visit.patient, kind="pregnancy", start_date=cast.TODAY)
    records.add(record=record, by=DESK, now=cast.NOW)
    booking.cancel(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    assert coming_tasks(visit) == []


def test_reinstate_is_refused_where_who_was_held_is_away_now(
    clinic: cast.Clinic, visit: Appointment
) -> None:
    booking.cancel(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    Absence.objects.create(
        resource=clinic.laser,
        cause="downtime",
        start=cast.at(cast.day(1), 0),
        end=cast.at(cast.day(2), 0),
    )
    with pytest.raises(Refused) as refusal:
        booking.reinstate(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    assert [r.code for r in refusal.value.reasons] == ["absence"]


def test_reinstate_of_a_visit_done_by_mistake_before_its_time_gives_back_its_place(
    visit: Appointment,
) -> None:
    when = (visit.start, visit.end, visit.start_q, visit.end_q, visit.local_date, visit.local_time)
    checked_in(visit)
    booking.complete(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    back = booking.reinstate(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    assert (
        back.start,
        back.end,
        back.start_q,
        back.end_q,
        back.local_date,
        back.local_time,
    ) == when
    assert Allocation.objects.filter(appointment=visit, active=True).count() == 3


def test_every_verb_is_closed_to_another_site_and_another_patient(visit: Appointment) -> None:
    elsewhere = cast.reception(cast.site_named("Elsewhere"))
    stranger = Actor(name="link", patient_id=cast.patient("Bo", "Ash").pk)
    verbs = [booking.confirm, booking.arrive, booking.check_in, booking.complete, booking.cancel,
             booking.no_show, booking.reinstate]  # fmt: skip
    for by in (elsewhere, stranger):
        for verb in verbs:
            with pytest.raises(NotFound):
                verb(appointment_id=visit.pk, version=None, by=by, now=cast.NOW)
        with pytest.raises(NotFound):
            booking.move(appointment_id=visit.pk, to=visit.start, version=None, by=by, now=cast.NOW)


def test_move_keeps_the_practitioner_where_free_else_takes_another(
    clinic: cast.Clinic, visit: Appointment
) -> None:
    def hands() -> int:
        found = Allocation.objects.get(appointment=visit, resource__kind=Resource.Kind.PRACTITIONER)
        return found.resource_id

    before = hands()
    booking.move(
        appointment_id=visit.pk, to=cast.at(cast.day(2), 11), version=None, by=DESK, now=cast.NOW
    )
    assert hands() == before
    Resource.objects.filter(pk=before).update(active=False)
    booking.move(
        appointment_id=visit.pk, to=cast.at(cast.day(3), 11), version=None, by=DESK, now=cast.NOW
    )
    assert hands() != before


def test_complete_before_its_time_writes_when_it_was_really_done(visit: Appointment) -> None:
    Record.objects.create(
        patient=visit.patient, kind="consent", start=cast.NOW, end=cast.NOW, zone=visit.zone
    )
    early = cast.NOW + timedelta(hours=2)
    booking.check_in(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    found = booking.complete(appointment_id=visit.pk, version=None, by=DESK, now=early)
    assert (found.local_date, found.end, found.actual_end) == (cast.TODAY, early, early)
    assert found.recovery_least == cast.day(5)
    assert Allocation.objects.filter(active=True).count() == 0


def patch_test_visit(clinic: cast.Clinic) -> Appointment:
    skills = {"laser": clinic.nurse.capabilities.get().skill}
    made = cast.treatment("Patch test", "patch_test", (10, 10, 15), skills, laser=(0, 0))
    visit = book(clinic, 1, treatment_id=made.pk, areas=())
    booking.check_in(appointment_id=visit.pk, version=None, by=DESK, now=visit.start)
    return visit


def lasers_of(visit: Appointment) -> list[str]:
    found = visit.patient.records.filter(kind="patch_test").order_by("procedure")
    return list(found.values_list("procedure", flat=True))


def test_complete_of_a_patch_test_records_the_lasers_named(clinic: cast.Clinic) -> None:
    visit = patch_test_visit(clinic)
    done = booking.Done(tested=("ipl", "vascular_pdl"))
    booking.complete(appointment_id=visit.pk, version=None, by=DESK, now=visit.end, done=done)
    assert lasers_of(visit) == ["ipl", "vascular_pdl"]


def test_complete_of_a_patch_test_reads_the_laser_from_what_is_booked_ahead(
    clinic: cast.Clinic,
) -> None:
    visit = patch_test_visit(clinic)
    skills = {"laser": clinic.nurse.capabilities.get().skill}
    ipl = cast.treatment("IPL", "ipl", (20, 20, 30), skills, laser=(0, 0))
    laser = book(clinic, 5, treatment_id=ipl.pk)
    booking.complete(appointment_id=visit.pk, version=None, by=DESK, now=visit.end)
    assert lasers_of(visit) == ["ipl"]
    Record.objects.create(
        patient=visit.patient, kind="consent", start=cast.NOW, end=cast.NOW, zone=visit.zone
    )
    let_in, _ = booking.check_in(appointment_id=laser.pk, version=None, by=DESK, now=laser.start)
    assert let_in.status == "checked-in"


def test_reinstate_of_a_visit_done_early_holds_again_what_was_booked(clinic: cast.Clinic) -> None:
    visit = book(clinic, 3, treatment_id=clinic.review.pk)
    facts = {"appointment_id": visit.pk, "version": None, "by": DESK}
    booking.check_in(**facts, now=cast.NOW)
    booking.complete(**facts, now=cast.NOW + timedelta(minutes=30))
    assert not visit.allocations.filter(active=True).exists()
    back = booking.reinstate(**facts, now=cast.NOW + timedelta(minutes=31))
    assert (back.start, back.end, back.local_date) == (visit.start, visit.end, visit.local_date)
    assert visit.allocations.filter(active=True).count() == 1
