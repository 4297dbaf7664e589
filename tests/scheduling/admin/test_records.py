from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from scheduling import records
from scheduling.admin.records import GROUPS, fields_of
from scheduling.models import Change, Record
from tests import cast
from tests.cast import TODAY
from tests.scheduling.admin.forms import problems, send, told

ADD = "/admin/scheduling/record/add/"


def add(kind: str, clinic: cast.Clinic) -> str:
    return f"{ADD}?kind={kind}&patient={clinic.patient.pk}"


def change(record: Record) -> str:
    return reverse("admin:scheduling_record_change", args=[record.pk])


def test_form_asks_for_the_type_first(clinic: cast.Clinic, doctor: Client) -> None:
    page = doctor.get(f"{ADD}?patient={clinic.patient.pk}").content.decode()
    offered = [kind for _, kinds in GROUPS for kind in kinds]
    assert sorted(offered) == sorted(Record.Kind)
    assert [
        f"?kind={kind}&patient={clinic.patient.pk}".replace("&", "&amp;") in page
        for kind in offered
    ] == [True] * len(offered)


@pytest.mark.parametrize("kind", list(Record.Kind))
def test_form_shows_just_the_fields_of_its_type(
    clinic: cast.Clinic, doctor: Client, kind: Record.Kind
) -> None:
    page = doctor.get(add(kind, clinic))
    assert page.status_code == 200
    assert set(page.context["adminform"].form.fields) == set(fields_of(kind))
    assert set(records.FIELDS[kind]) - {"start", "end"} <= set(fields_of(kind))


def test_patch_test_is_entered_on_the_clock_of_its_site(
    clinic: cast.Clinic, doctor: Client
) -> None:
    answer = send(
        doctor,
        add("patch_test", clinic),
        day="2026-07-01",
        begins="10:00",
        ends="10:15",
        procedure="ipl",
        result="clear",
    )
    assert answer.status_code == 302
    record = Record.objects.get(kind="patch_test")
    assert (record.start, record.end) == (
        cast.at(date(2026, 7, 1), 10),
        cast.at(date(2026, 7, 1), 10, 15),
    )
    assert (record.zone, record.procedure, record.result) == ("Europe/London", "ipl", "clear")
    assert record.recorded_by is not None
    assert record.recorded_by.username == "clinician"
    assert Change.objects.get(subject="record").verb == "add"


def test_adverse_event_takes_areas_of_the_tree(clinic: cast.Clinic, doctor: Client) -> None:
    page = doctor.get(add("adverse_event", clinic))
    areas = dict(page.context["adminform"].form.fields["areas"].choices)
    assert areas["cheeks_left"].startswith("\u2003\u2003\u2003\u2003")
    answer = send(
        doctor,
        add("adverse_event", clinic),
        code="burn",
        areas=["cheeks_left"],
        start_date="2027-01-03",
    )
    assert answer.status_code == 302
    assert Record.objects.get(kind="adverse_event").areas == ["cheeks_left"]


@pytest.mark.parametrize(
    ("kind", "typed", "found"),
    [
        (
            "patch_test",
            {"day": "2026-12-01", "begins": "10:00", "procedure": "ipl"},
            {"result": ["This field is required."]},
        ),
        (
            "consultation",
            {"day": "2026-03-29", "begins": "01:30"},
            {"begins": ["The clocks skip 01:30 on 29 March 2026"]},
        ),
        (
            "consultation",
            {"day": "2026-12-01", "begins": "25:00"},
            {"begins": ["Enter a valid time."]},
        ),
        (
            "healed",
            {"areas": ["tail"], "start_date": "2027-01-01"},
            {"areas": ["Select a valid choice. tail"]},
        ),
        (
            "sun_exposure",
            {"start_date": "2026-12-09", "end_date": "2026-12-01"},
            {"__all__": ["A record ends after it begins."]},
        ),
    ],
)
def test_record_that_makes_no_sense_is_refused(
    clinic: cast.Clinic,
    doctor: Client,
    kind: str,
    typed: dict[str, object],
    found: dict[str, list[str]],
) -> None:
    said = problems(send(doctor, add(kind, clinic), **typed))
    assert set(said) == set(found)
    assert [said[key][0].startswith(found[key][0]) for key in found] == [True] * len(found)


def test_saved_record_is_read_on_the_clock_of_its_place(clinic: cast.Clinic, desk: Client) -> None:
    record = Record.objects.create(
        patient=clinic.patient,
        kind="consultation",
        start=cast.at(date(2026, 7, 1), 10),
        zone="Europe/Madrid",
    )
    assert "Wed 1 Jul 2026, 11:00" in desk.get(change(record)).content.decode()


def test_record_is_ended_and_withdrawn_by_a_clinician(clinic: cast.Clinic, doctor: Client) -> None:
    record = Record.objects.create(
        patient=clinic.patient, kind="pregnancy", start_date=date(2026, 10, 1)
    )
    assert "It ended on" in doctor.get(change(record)).content.decode()

    doctor.post(reverse("admin:record_finish", args=[record.pk]), {"on": "2027-01-02"})
    record.refresh_from_db()
    assert record.end_date == date(2027, 1, 2)

    doctor.post(reverse("admin:record_withdraw", args=[record.pk]))
    record.refresh_from_db()
    assert record.withdrawn_at == cast.NOW


@pytest.mark.parametrize("on", ["", "soon", "2026-09-30"])
def test_end_that_makes_no_sense_is_told(clinic: cast.Clinic, doctor: Client, on: str) -> None:
    record = Record.objects.create(
        patient=clinic.patient, kind="pregnancy", start_date=date(2026, 10, 1)
    )
    page = doctor.post(reverse("admin:record_finish", args=[record.pk]), {"on": on}, follow=True)
    assert told(page) in (["Please give a date."], ["It cannot end before it began."])
    record.refresh_from_db()
    assert record.end_date is None


def test_reception_reads_records_and_changes_none(clinic: cast.Clinic, desk: Client) -> None:
    record = Record.objects.create(patient=clinic.patient, kind="pregnancy", start_date=TODAY)
    page = desk.get(change(record)).content.decode()
    assert ("Withdraw: entered in error" in page, "It ended on" in page) == (False, False)
    assert desk.get(ADD).status_code == 403
    for step in ("finish", "withdraw"):
        answer = desk.post(reverse(f"admin:record_{step}", args=[record.pk]), {"on": "2027-01-04"})
        assert answer.status_code == 403
    record.refresh_from_db()
    assert (record.end_date, record.withdrawn_at) == (None, None)


def test_steps_of_a_record_are_never_taken_by_a_link(clinic: cast.Clinic, doctor: Client) -> None:
    record = Record.objects.create(patient=clinic.patient, kind="pregnancy", start_date=TODAY)
    for step in ("finish", "withdraw"):
        assert doctor.get(reverse(f"admin:record_{step}", args=[record.pk])).status_code == 405


@pytest.mark.parametrize("kind", list(Record.Kind))
def test_saved_record_shows_its_own_type(
    clinic: cast.Clinic, desk: Client, kind: Record.Kind
) -> None:
    record = Record.objects.create(patient=clinic.patient, kind=kind, start_date=TODAY)
    page = desk.get(change(record))
    assert page.context["adminform"].form.instance.kind == kind
    assert page.context["original"].kind == kind
