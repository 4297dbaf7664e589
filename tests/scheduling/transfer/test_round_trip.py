"""All that can be taken in: exported, taken into an empty clinic, exported again, the same bytes."""

import csv
import io
from collections.abc import Mapping
from datetime import date, time
from zipfile import ZipFile

import pytest
import time_machine

from notifications import optouts
from notifications.core.policy import Channel
from plans import planning
from scheduling import booking, records
from scheduling.core.words import Status
from scheduling.models import Capability, OpeningHours, Origin, Patient, Record, Site, TreatmentText
from scheduling.transfer import exports, kinds, tables
from tests import cast
from tests.plans import stage
from tests.scheduling.transfer import moving
from tests.scheduling.transfer.test_exports import BY, emptied, lived_in, zipped

IDS: Mapping[str, Mapping[str, str]] = {
    "patients": {"external_id": "patients", "guardian": "patients"},
    "records": {"external_id": "records", "patient": "patients"},
    "plans": {"external_id": "series", "patient": "patients"},
    "visits": {"external_id": "visits", "patient": "patients", "plan": "series"},
}
"""Which columns hold numbers that a new installation gives anew, and whose."""


def much_lived_in() -> None:
    """Build a clinic with one of everything that a file can hold."""
    clinic = lived_in()
    Site.objects.update(email="desk@example.org", on_call_phone="+447700900777")
    Capability.objects.filter(resource=clinic.nurse).update(
        valid_until=date(2028, 1, 1), note='No. 7; "B"'
    )
    OpeningHours.objects.create(
        site=clinic.site, weekday=6, opens=time(22), closes=time(2), valid_from=cast.TODAY
    )
    zoe = cast.patient("Zoë", "O'Neill", zone="Asia/Tokyo", channel="sms", do_not_contact=True)
    Patient.objects.filter(pk=zoe.pk).update(email="Zoe@Example.org", other_phone="+34612345678")
    old = Record(
        patient=zoe, kind="photosensitising_drug", drug_class="high", start_date=date(2026, 1, 2),
        zone="Europe/London", note="a\n=1+1",
    )  # fmt: skip
    records.add(record=old, by=BY, now=cast.NOW)
    records.withdraw(record_id=old.pk, by=BY, now=cast.NOW)
    records.add(record=Record(patient=zoe, kind="pregnancy", start_date=date(2026, 9, 2), zone="Europe/London"), by=BY, now=cast.NOW)  # fmt: skip
    optouts.opt_out(
        channel=Channel.EMAIL, address="Zoe@Example.org",
        evidence=optouts.Evidence(source="page"), now=cast.at(date(2026, 5, 5), 10),
    )  # fmt: skip
    cy = cast.patient("Cy", "Fir", consulted=True)
    course = stage.booked(stage.plan(clinic, patient_id=cy.pk, paid_sessions=2))
    planning.pause(plan_id=course.pk, reason="Moves house", version=None, by=BY, now=cast.NOW)
    gone = booking.book(
        wish=clinic.wish(clinic.review, patient_id=zoe.pk, note="'quoted'"),
        start=cast.at(cast.day(5), 9, 30), by=BY, now=cast.NOW,
    )  # fmt: skip
    booking.cancel(
        appointment_id=gone.appointment.pk, version=None, by=BY, now=cast.NOW, reason="Ill, -1"
    )
    missed = booking.Ask(
        wish=clinic.wish(clinic.consultation, patient_id=zoe.pk), start=cast.at(cast.day(-9), 9)
    )
    booking.note_past(ask=missed, past=booking.Past(status=Status.NOSHOW), by=BY, now=cast.NOW)


def table(archive: ZipFile, kind: kinds.Kind) -> bytes:
    """Read one file of the zip, its numbers those of the clinic in which they were given first."""
    content = archive.read(exports.path_of(kind))
    columns = IDS.get(kind.code, {})
    if not columns or not Origin.objects.exists():
        return content
    given = {
        (subject, str(pk)): external
        for subject, external, pk in Origin.objects.values_list(
            "subject", "external_id", "subject_id"
        )
    }
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    back = [
        [given.get((columns[c], r[c]), r[c]) if c in columns else r[c] for c in kind.names]
        for r in rows
    ]
    # the formulas are quoted already: what was read is written as it was read
    pipe = io.StringIO(newline="")
    writer = csv.writer(pipe, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([kind.names, *back])
    return pipe.getvalue().encode()


@pytest.mark.django_db(transaction=True)
@time_machine.travel(cast.NOW, tick=False)
def test_what_comes_out_of_the_new_clinic_is_what_went_into_it() -> None:
    much_lived_in()
    first = zipped()
    before = {kind.code: table(first, kind) for kind in kinds.every()}
    assert all(content.count(b"\n") > 1 for content in before.values()), before
    emptied()
    for kind in kinds.every():
        if kind.code == "plans":  # templates come before the courses, when the treatments are there
            stage.scars(cast_again())
        intake = moving.taken_in(kind.code, before[kind.code], source="fallow")
        assert "refused" not in intake.counts, (kind.code, moving.sentences(intake))
    second = zipped()
    for kind in kinds.every():
        assert table(second, kind).decode() == before[kind.code].decode(), kind.code
    for kind in kinds.every():
        again = moving.taken_in(kind.code, before[kind.code], source="fallow")
        assert set(again.counts) == {"same"}, (kind.code, moving.sentences(again))


def cast_again() -> cast.Clinic:
    """Find the treatments that a template of the stage names."""
    from types import SimpleNamespace

    from plans.models import PlanTemplate
    from scheduling.models import Treatment

    PlanTemplate.objects.all().delete()
    found = {each.name: each for each in Treatment.objects.all()}
    return SimpleNamespace(resurfacing=found["Laser resurfacing"], filler=found["Filler"])  # type: ignore[return-value]


@pytest.mark.django_db
def test_what_has_no_import_leaves_as_whole_tables() -> None:
    """The waiting list, tasks, overrides, papers, messages: everything that a clinic owns."""
    cast.build()
    names = set(zipped().namelist())
    tables_of = (
        "scheduling_waitingentry", "scheduling_offer", "scheduling_opening", "scheduling_todo",
        "scheduling_override", "scheduling_submission", "scheduling_signedconsent",
        "scheduling_consenttext", "scheduling_treatmenttext", "scheduling_change",
        "scheduling_twopeople", "notifications_message", "notifications_attempt",
        "notifications_reply", "notifications_optout", "plans_plan", "plans_plantemplate",
    )  # fmt: skip
    assert {f"tables/{name}.csv" for name in tables_of} <= names
    assert TreatmentText._meta.db_table in tables_of
    assert tables.BOM not in zipped().read("tables/scheduling_todo.csv")
