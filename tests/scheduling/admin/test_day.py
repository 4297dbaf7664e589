import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from scheduling import panels
from scheduling.models import Appointment, Change
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.screens import DAY


def fill(clinic: cast.Clinic, hours: range) -> None:
    for hour in hours:
        pk = cast.patient(f"P{hour}", "Row", consulted=True).pk
        screens.visit(clinic, 0, hour, patient_id=pk)


def test_list_shows_the_day_in_order_with_the_time_to_be_there(
    desk: Client, clinic: cast.Clinic
) -> None:
    other = cast.patient("Bo", "Reed", consulted=True)
    screens.visit(clinic, 0, 15)
    screens.visit(clinic, 0, 9, clinic.consultation, patient_id=other.pk)
    rows = desk.get(DAY).context["lines"]
    assert [(r.arrive, r.start, str(r.visit.patient)) for r in rows] == [
        ("09:00", "09:00", "Bo Reed"),
        ("14:00", "15:00", "Ada Pine"),
    ]
    assert (rows[1].who, rows[1].room, rows[1].device) == ("Noor Field", "Room 1", "CO2 laser")


def test_queries_are_the_same_for_one_and_three_rows(desk: Client, clinic: cast.Clinic) -> None:
    fill(clinic, range(10, 11))
    desk.get(DAY)
    with CaptureQueriesContext(connection) as one:
        assert len(desk.get(DAY).context["lines"]) == 1
    fill(clinic, range(12, 17, 2))
    desk.get(DAY)
    with CaptureQueriesContext(connection) as more:
        assert len(desk.get(DAY).context["lines"]) == 4
    assert len(one) == len(more)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["Ada Pine", "Bo Reed"]),
        ({"q": "reed"}, ["Bo Reed"]),
        ({"q": "1985-04-12 bo"}, ["Bo Reed"]),
        ({"treatment": "resurfacing"}, ["Ada Pine"]),
        ({"status": "arrived"}, []),
        ({"status": "cancelled"}, ["Cy Gone"]),
        ({"status": "all"}, ["Ada Pine", "Bo Reed", "Cy Gone"]),
        ({"date": "2027-01-05"}, []),
        ({"date": "never"}, ["Ada Pine", "Bo Reed"]),
        ({"date": "9999-12-31"}, ["Ada Pine", "Bo Reed"]),
        ({"date": "0001-01-01"}, ["Ada Pine", "Bo Reed"]),
        ({"site": "9" * 40, "practitioner": "x"}, ["Ada Pine", "Bo Reed"]),
        ({"q": "%"}, []),
    ],
    ids=str,
)
def test_filters(
    desk: Client, clinic: cast.Clinic, filters: dict[str, str], names: list[str]
) -> None:
    bo = cast.patient("Bo", "Reed", search_key="bo reed 1985-04-12")
    cy = cast.patient("Cy", "Gone")
    screens.visit(clinic, 0, 11)
    screens.visit(clinic, 0, 14, clinic.consultation, patient_id=bo.pk)
    gone = screens.visit(clinic, 0, 16, clinic.consultation, patient_id=cy.pk)
    Appointment.objects.filter(pk=gone.pk).update(status="cancelled")
    if "treatment" in filters:
        filters = {"treatment": str(clinic.resurfacing.pk)}
    rows = desk.get(DAY, filters).context["lines"]
    assert [str(row.visit.patient) for row in rows] == names


def test_practitioner_filter_reads_who_is_held(desk: Client, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 0, 11, practitioner_id=clinic.nurse.pk)
    shown = desk.get(DAY, {"practitioner": clinic.nurse.pk}).context["lines"]
    hidden = desk.get(DAY, {"practitioner": clinic.doctor.pk}).context["lines"]
    assert (len(shown), len(hidden)) == (1, 0)


def test_list_names_what_is_missing(desk: Client, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 0, 11)
    assert desk.get(DAY).context["lines"][0].missing == ("signed consent",)


def test_list_shows_what_upper_floors_say(
    desk: Client, clinic: cast.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = screens.visit(clinic, 0, 11)
    monkeypatch.setattr(panels, "_marks", {})
    panels.add_marks(1, lambda rows: {row.pk: "sms sent" for row in rows})
    assert desk.get(DAY).context["lines"][0].marks == ("sms sent",)
    assert visit.pk


def test_list_is_of_the_users_own_sites(sign_in: SignIn, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 0, 11)
    elsewhere = cast.site_named("Elsewhere")
    stranger = sign_in("reception", elsewhere, name="stranger")
    page = stranger.get(DAY, {"site": clinic.site.pk})
    assert (page.context["site"], page.context["lines"]) == (elsewhere, [])


def test_somebody_without_a_site_is_told(onlooker: Client, clinic: cast.Clinic) -> None:
    from scheduling.models import Staff

    Staff.objects.all().delete()
    assert "not placed at any site" in onlooker.get(DAY).text


def test_looking_changes_nothing(desk: Client, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 0, 11)
    before = Change.objects.count()
    desk.get(DAY)
    assert Change.objects.count() == before


def test_day_needs_the_permission_to_look(clinic: cast.Clinic) -> None:
    nobody = Client()
    nobody.force_login(cast.staff_user("nobody", clinic.site))
    assert nobody.get(DAY).status_code == 403
