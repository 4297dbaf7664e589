"""Everything leaves the house, nothing secret, and comes back the same."""

import csv
import io
from datetime import date, time
from pathlib import Path
from zipfile import ZipFile

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import Count

from plans.models import Plan
from scheduling import booking
from scheduling.core.words import Actor, Status
from scheduling.errors import Forbidden
from scheduling.models import (
    Absence,
    Appointment,
    Change,
    Need,
    OpeningHours,
    Origin,
    Patient,
    Record,
    Site,
    Treatment,
)
from scheduling.transfer import exports, kinds
from tests import cast
from tests.plans import stage
from tests.scheduling.transfer import moving

BY = cast.reception()


def zipped(by: Actor = BY) -> ZipFile:
    """Take everything along."""
    return ZipFile(io.BytesIO(b"".join(exports.everything(by=by, now=cast.NOW))))


def rows_in(archive: ZipFile, name: str) -> list[dict[str, str]]:
    """Read one table of the zip."""
    return list(csv.DictReader(io.StringIO(archive.read(name).decode(), newline="")))


def lived_in() -> cast.Clinic:
    """Build a clinic with a past and a future."""
    clinic = cast.build()
    kid = cast.patient("Kim", "Pine", birth_date=date(2015, 1, 2), guardian=clinic.patient)
    kid.note = "=cmd|' /C calc'!A0\n+44 is mum's, \"quoted\"; -1"
    kid.save()
    past = booking.Ask(
        wish=clinic.wish(resources={"practitioner": (clinic.nurse.pk,)}),
        start=cast.at(cast.day(-40), 10),
    )
    booking.note_past(ask=past, past=booking.Past(status=Status.FULFILLED), by=BY, now=cast.NOW)
    booking.book(
        wish=clinic.wish(clinic.filler), start=cast.at(cast.day(60), 10), by=BY, now=cast.NOW
    )
    Absence.objects.create(
        resource=clinic.doctor, cause="leave",
        start=cast.at(date(2027, 7, 1), 0), end=cast.at(date(2027, 7, 8), 0),
    )  # fmt: skip
    OpeningHours.objects.create(
        site=clinic.site, resource=clinic.nurse, weekday=0, opens=time(12), closes=time(13),
        purpose="lunch",
    )  # fmt: skip
    return clinic


def figures() -> dict[str, object]:
    """Count what a clinic would count, and name what it would name."""
    return {
        "people": sorted(
            Patient.objects.values_list("given_name", "birth_date", "phone", "note", "guardian__given_name")
        ),
        "records": sorted(Record.objects.values_list("kind", "start", "patient__given_name")),
        "visits": sorted(
            Appointment.objects.values_list(
                "start", "end", "status", "treatment__name", "patient__given_name", "recovery_most"
            )
        ),
        "held": sorted(
            Appointment.objects.values_list("start", "allocations__resource__name"), key=str
        ),
        "hours": sorted(OpeningHours.objects.values_list("weekday", "opens", "closes", "purpose", "resource__name"), key=str),
        "needs": sorted(Need.objects.values_list("treatment__name", "kind", "from_min", "skill__code"), key=str),
        "treatments": sorted(Treatment.objects.values_list("name", "minutes_default")),
        "absences": list(Absence.objects.values_list("start", "end", "resource__name")),
        "sites": list(Site.objects.values_list("name", "zone", "country", "phone", "step_minutes")),
    }  # fmt: skip


def emptied() -> None:
    """Empty the tables of the clinic; the protocol stays, which a new installation loads first."""
    kept = "scheduling_protocolversion|scheduling_grounds|plans_(plantemplate|templatestep|templatelag).*"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename ~ '^(scheduling|plans|notifications)_' AND tablename !~ %s",
            [f"^({kept})$"],
        )
        cursor.execute(f"TRUNCATE {cursor.fetchone()[0]} CASCADE")  # type: ignore[index]


@pytest.mark.django_db(transaction=True)
@time_machine.travel(cast.NOW, tick=False)
def test_exported_and_taken_in_elsewhere_it_is_the_same_clinic(tmp_path: Path) -> None:
    lived_in()
    before = figures()
    path = tmp_path / "all.zip"
    call_command("export_clinic", path)
    assert path.stat().st_mode & 0o77 == 0
    emptied()
    assert Patient.objects.count() == 0
    call_command("import_csv", path, source="fallow", write=True)
    assert figures() == before
    call_command("import_csv", path, source="fallow", write=True)  # repeated, it changes nothing
    assert figures() == before


def people_of(external_id: int) -> str:
    """Spell one patient by the id that an export gave."""
    return f"external_id,given_name,family_name\n{external_id},Ada,Pine\n"


@pytest.mark.django_db
def test_courses_under_way_come_with_their_sessions() -> None:
    clinic = cast.build()
    plan = stage.plan(clinic)
    kind = kinds.named("plans")
    row = dict(zip(kind.names, next(iter(kind.bodies())), strict=True))
    assert (row["external_id"], row["template"]) == (
        str(plan.series_id),
        plan.template.code if plan.template else "",
    )
    moving.taken_in("patients", people_of(clinic.patient.pk), source="fallow")
    text = ",".join(kind.names) + "\n" + ",".join(row[name] for name in kind.names) + "\n"
    intake = moving.taken_in("plans", text, source="fallow")
    again = moving.taken_in("plans", text, source="fallow")
    assert (moving.verdicts(intake), moving.verdicts(again)) == (["new"], ["same"])
    counts = Plan.objects.annotate(n=Count("sessions")).values_list("n", flat=True)
    assert set(counts) == {4}


@pytest.mark.django_db
def test_nothing_secret_is_inside_and_no_formula() -> None:
    lived_in()
    archive = zipped()
    named = {row["column"] for row in rows_in(archive, "columns.csv")}
    assert [
        n for n in named if any(word in n for word in ("token", "hash", "password", "nonce"))
    ] == []
    for name in archive.namelist():
        if name.endswith(".csv"):
            for row in csv.reader(io.StringIO(archive.read(name).decode(), newline="")):
                assert [c for c in row if c[:1] in tuple("=@\t\r") or (c[:1] in "+-" and not c[1:].replace(".", "").isdigit() and c)] == []  # fmt: skip
    note = rows_in(archive, "move/20-patients.csv")[1]["note"]
    assert note.startswith("'=cmd")


@pytest.mark.django_db
def test_every_table_is_inside_or_says_why_not() -> None:
    cast.build()
    archive = zipped()
    labels = {model._meta.label for model in exports.whole()} | set(exports.LEFT_OUT)
    from django.apps import apps

    ours = {
        model._meta.label
        for floor in exports.FLOORS
        for model in apps.get_app_config(floor).get_models()
        if not model._meta.proxy
    }
    assert ours <= labels
    documented = {row["file"] for row in rows_in(archive, "columns.csv")}
    files = {name for name in archive.namelist() if name.endswith(".csv")} - {"columns.csv"}
    assert documented == files
    assert b"CarePhoto" in archive.read("README.txt")


@pytest.mark.django_db
def test_who_takes_everything_is_in_the_trail_and_works_everywhere() -> None:
    clinic = cast.build()
    with pytest.raises(Forbidden):
        exports.everything(by=cast.reception(clinic.site), now=cast.NOW)
    exports.everything(by=BY, now=cast.NOW)
    assert Change.objects.get(verb="export_clinic").by == "Desk"


@pytest.mark.django_db
def test_the_command_says_what_it_would_do_and_refuses_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cast.site_named("Harley House")
    path = tmp_path / "p.csv"
    path.write_text("external_id,given_name,family_name\nP1,Ada,Pine\nP2,,Elm\n", "utf-8")
    call_command("import_csv", path, source="old", kind="patients")
    assert capsys.readouterr().out.splitlines() == [
        "p.csv: 1 new, 1 refused",
        "  line 3: refused: given_name: this is empty.",
    ]
    assert Patient.objects.count() == 0
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("Nr;Vorname;Surname;Farbe\nP9;Ada;Pine;rot\n", "utf-8")
    names = ["Nr=external_id", "Vorname=given_name", "Surname=family_name", "Farbe=-"]
    call_command("import_csv", theirs, source="elsewhere", kind="patients", called=names)
    assert capsys.readouterr().out == "theirs.csv: 1 new\n"
    with pytest.raises(CommandError, match="left out only when you say so"):
        call_command("import_csv", path, source="old", kind="patients", write=True)
    call_command("import_csv", path, source="old", kind="patients", write=True, leave_out=True)
    assert (Patient.objects.count(), Origin.objects.count()) == (1, 1)
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_csv", tmp_path / "none.csv", source="old", kind="patients")
