"""Verdicts leave as a table that is mended in a spreadsheet and taken in again."""

import csv
import io
from pathlib import Path

import pytest
from django.core.management import call_command

from scheduling.models import Change, Intake, Patient
from scheduling.transfer import verdicts
from tests import cast
from tests.scheduling.transfer.moving import BY, looked_over, taken_in
from tests.scheduling.transfer.moving import verdicts as verdicts_of

pytestmark = pytest.mark.django_db

FILE = (
    "family_name;external_id;given_name;note;birth_date\r\n"
    "Pine;P1;Ada;;12/04/1985\r\n"
    'Elm;P2;;"=1+1; +44 or ""x""; -2";31/12/1990\r\n'
    "Oak;P3;Bo;'s mother rings;31/02/1990\r\n"
)


@pytest.fixture(autouse=True)
def _site() -> None:
    cast.site_named("Harley House")


def table_of(intake: Intake, wanted: str = "") -> bytes:
    """Take the verdicts along."""
    return b"".join(verdicts.told(intake_id=intake.pk, wanted=wanted, by=BY, now=cast.NOW))


def rows_in(content: bytes) -> list[dict[str, str]]:
    """Read them as a spreadsheet would."""
    text = content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def test_every_row_has_its_verdict_beside_its_own_columns() -> None:
    intake = looked_over("patients", FILE, dates="dmy")
    rows = rows_in(table_of(intake))
    assert list(rows[0]) == [
        "line", "verdict", "why", "family_name", "external_id", "given_name", "note", "birth_date",
    ]  # fmt: skip
    assert [list(row.values())[:5] for row in rows] == [
        ["2", "new", "", "Pine", "P1"],
        ["3", "refused", "given_name: this is empty.", "Elm", "P2"],
        ["4", "refused", "birth_date: there is no day “31/02/1990”, read like 28/03/2027.", "Oak", "P3"],
    ]  # fmt: skip
    assert Change.objects.get(verb="take_verdicts").what["verdict"] == [None, "all"]


def test_refused_rows_are_mended_and_taken_in_as_they_were_written() -> None:
    intake = taken_in("patients", FILE, dates="dmy")
    refused = table_of(intake, "refused")
    assert "Ada" not in refused.decode()
    assert rows_in(refused)[0]["note"] == "'=1+1; '+44 or \"x\"; '-2"
    mended = refused.decode().replace('"P2";""', '"P2";"Cy"').replace("31/02/", "28/02/")
    again = taken_in("patients", mended.encode(), dates="dmy")
    assert verdicts_of(again) == ["new", "new"]
    notes = Patient.objects.order_by("pk").values_list("given_name", "note")
    assert list(notes) == [
        ("Ada", ""),
        ("Cy", '=1+1; +44 or "x"; -2'),
        ("Bo", "'s mother rings"),
    ]
    assert verdicts_of(taken_in("patients", FILE.replace("P2;;", "P2;Cy;"), dates="dmy")) == [
        "same",
        "same",
        "refused",
    ]


def test_what_was_written_keeps_only_its_id() -> None:
    intake = taken_in("patients", FILE, dates="dmy")
    assert [row["family_name"] for row in rows_in(table_of(intake))] == ["", "Elm", "Oak"]
    assert [row["external_id"] for row in rows_in(table_of(intake))] == ["P1", "P2", "P3"]


def test_the_command_writes_them_too(tmp_path: Path) -> None:
    path, told = tmp_path / "p.csv", tmp_path / "told.csv"
    path.write_text(FILE, "utf-8")
    call_command("import_csv", path, source="old", kind="patients", dates="dmy", verdicts=told)
    assert [row["verdict"] for row in rows_in(told.read_bytes())] == ["new", "refused", "refused"]
    assert told.stat().st_mode & 0o77 == 0
