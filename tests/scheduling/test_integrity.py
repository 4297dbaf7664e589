"""Every named constraint, broken on purpose, and the error that it stands for."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, models, transaction

from scheduling.booking import locks
from scheduling.core.words import Held
from scheduling.errors import ClinicError
from scheduling.integrity import ERROR_OF, Busy, named_constraints, retrying
from scheduling.models import (
    Absence,
    Allocation,
    Capability,
    Change,
    Grounds,
    IdempotencyRecord,
    Need,
    OpeningHours,
    Override,
    Patient,
    ProtocolVersion,
    Record,
    Resource,
    Series,
    Site,
    Treatment,
)
from tests import cast
from tests.scheduling import breaches
from tests.scheduling.breaches import Breach, visit

APPS = ("scheduling", "notifications", "plans")


def twice_held(c: cast.Clinic) -> None:
    other = cast.patient("Bo", "Ash")
    for patient, q in ((c.patient, 6_000_000), (other, 6_000_001)):
        held = visit(c, q, patient=patient)
        Allocation.objects.create(appointment=held, resource=c.room, start_q=q, end_q=q + 3)


def session_booked_twice(c: cast.Clinic) -> None:
    course = Series.objects.create(patient=c.patient)
    for q in (6_000_000, 6_000_100):
        visit(c, q, series=course, seq=1)


def changed_trail(c: cast.Clinic) -> None:
    entry = Change.objects.create(at=cast.NOW, by="x", verb="book", subject="x", subject_id=1)
    Change.objects.filter(pk=entry.pk).update(by="y")


def answered_twice(_: cast.Clinic) -> None:
    for _n in range(2):
        IdempotencyRecord.objects.create(
            principal="u",
            endpoint="e",
            key="k",
            body_hash=b"",
            status=201,
            body={},
            created_at=cast.NOW,
        )


def protocol(c: cast.Clinic, **facts: object) -> ProtocolVersion:
    row = {
        "number": 9,
        "name": "x",
        "document": {},
        "created_at": cast.NOW,
        "created_by": "x",
        **facts,
    }
    return ProtocolVersion.objects.create(**row)


def minutes(least: int, default: int, most: int) -> Breach:
    return lambda _: Treatment.objects.create(
        name="x",
        procedure="review",
        minutes_least=least,
        minutes_default=default,
        minutes_most=most,
    )


def moved_grounds(clinic: cast.Clinic) -> None:
    before = Grounds.objects.get().version
    OpeningHours.objects.all().delete()
    locks.hold_fast(held=[Held(clinic.nurse.pk, "practitioner", 10, 12)], moving=[], grounds=before)


BREACHES: dict[str, Breach] = {
    "resource_not_double_booked": twice_held,
    "grounds_stand_still": moved_grounds,
    "patient_in_one_place": lambda c: [visit(c), visit(c, 6_000_001)],
    "session_booked_once": session_booked_twice,
    "request_answered_once": answered_twice,
    "allocation_has_length": lambda c: Allocation.objects.create(
        appointment=visit(c), resource=c.room, start_q=5, end_q=5 + 289
    ),
    "appointment_has_length": lambda c: visit(c, end_q=6_000_000),
    "hold_has_an_expiry": lambda c: visit(c, status="pending"),
    "override_has_a_reason": lambda c: Override.objects.create(
        appointment=visit(c),
        code="x",
        reason="",
        by_id=cast.clinician().user_id,
        by_name="x",
        at=cast.NOW,
    ),
    "trail_is_append_only": changed_trail,
    "protocol_is_immutable": lambda c: ProtocolVersion.objects.filter(pk=c.protocol.pk).update(
        document={}
    ),
    "one_protocol_is_active": lambda c: protocol(
        c, state="active", activated_at=cast.NOW, activated_by="x"
    ),
    "active_protocol_names_who": lambda c: protocol(c, state="retired"),
    "room_or_device_has_one_site": lambda _: Resource.objects.create(kind="room", name="x"),
    "practitioner_has_own_hours": lambda _: Resource.objects.create(
        kind="practitioner", name="x", follows_site_hours=True
    ),
    "site_step_is_5_10_or_15": lambda _: Site.objects.create(
        name="x", zone="UTC", country="GB", step_minutes=7
    ),
    "absence_has_length": lambda c: Absence.objects.create(
        site=c.site, cause="closure", start=cast.NOW, end=cast.NOW
    ),
    "absence_is_of_resource_or_site": lambda _: Absence.objects.create(
        cause="leave", start=cast.NOW, end=cast.NOW + timedelta(hours=1)
    ),
    "capability_dates_in_order": lambda c: Capability.objects.filter(resource=c.nurse).update(
        valid_from=cast.day(1), valid_until=cast.day(0)
    ),
    "hours_dates_in_order": lambda c: OpeningHours.objects.filter(site=c.site).update(
        valid_from=cast.day(1), valid_until=cast.day(0)
    ),
    "weekday_is_0_to_6": lambda c: OpeningHours.objects.filter(site=c.site).update(weekday=7),
    "treatment_minutes_in_order": minutes(30, 25, 45),
    "treatment_minutes_least_on_grid": minutes(31, 35, 45),
    "treatment_minutes_default_on_grid": minutes(30, 36, 45),
    "treatment_minutes_most_on_grid": minutes(30, 35, 46),
    "need_on_grid": lambda c: Need.objects.filter(treatment=c.review).update(from_min=-3),
    "fitzpatrick_is_1_to_6": lambda c: Patient.objects.filter(pk=c.patient.pk).update(
        fitzpatrick=7
    ),
    "patient_not_own_guardian": lambda c: Patient.objects.filter(pk=c.patient.pk).update(
        guardian=c.patient
    ),
    "record_dates_in_order": lambda c: Record.objects.create(
        patient=c.patient, kind="pregnancy", start_date=cast.day(1), end_date=cast.day(0)
    ),
    "idempotency_key_not_empty": lambda _: IdempotencyRecord.objects.create(
        principal="u", endpoint="e", key="", body_hash=b"", status=201, body={}, created_at=cast.NOW
    ),
    "grounds_is_one_row": lambda _: Grounds.objects.create(pk=2),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ERROR_OF))
def test_named_constraint_becomes_its_error(name: str) -> None:
    clinic = cast.build()
    kind, _sentence = ERROR_OF[name]
    with pytest.raises(kind) as caught, transaction.atomic(), named_constraints():
        (BREACHES | breaches.BREACHES)[name](clinic)
    assert caught.value.facts == {"constraint": name}
    assert caught.value.sentence.endswith(".")


def named_in_the_models() -> set[str]:
    """List the CHECK, UNIQUE and EXCLUDE constraints of the ground floor's models."""
    from django.apps import apps

    return {
        c.name for m in apps.get_app_config("scheduling").get_models() for c in m._meta.constraints
    }


def test_no_constraint_lacks_an_error() -> None:
    assert named_in_the_models() - set(ERROR_OF) == set()


@pytest.mark.django_db(transaction=True)
def test_retrying_repeats_lost_orderings_then_says_busy() -> None:
    tries = []

    @retrying
    def always_loses() -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$")

    with pytest.raises(Busy):
        always_loses()
    assert len(tries) == 3


@pytest.mark.django_db(transaction=True)
def test_retrying_passes_on_what_is_not_an_ordering() -> None:
    @retrying
    def broken() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")

    with pytest.raises(DatabaseError):
        broken()


@pytest.mark.django_db
def test_nullable_text_is_never_used() -> None:
    from django.apps import apps

    texts = (models.CharField, models.TextField)
    found = [
        f"{m.__name__}.{f.name}"
        for app in APPS
        for m in apps.get_app_config(app).get_models()
        for f in m._meta.get_fields()
        if isinstance(f, texts) and f.null
    ]
    assert found == []


def test_clinic_errors_have_a_code_and_a_sentence() -> None:
    for kind, _ in ERROR_OF.values():
        assert issubclass(kind, ClinicError)
        assert kind.code
