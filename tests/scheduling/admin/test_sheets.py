import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn

SHEETS = "/admin/scheduling/appointment/sheets/"


def test_each_practitioner_and_each_room_has_a_page(desk: Client, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 0, 15)
    other = cast.patient("Bo", "Reed")
    screens.visit(clinic, 0, 9, clinic.review, patient_id=other.pk, note="brings her mother")
    pages = desk.get(SHEETS).context["sheet"].pages
    assert [(p.kind, p.name, [line.patient for line in p.lines]) for p in pages] == [
        ("practitioner", "Dr Amara Lind", ["Bo Reed"]),
        ("practitioner", "Noor Field", ["Ada Pine"]),
        ("room", "Room 1", ["Ada Pine"]),
    ]
    line = pages[2].lines[0]
    assert (f"{line.arrive:%H:%M}", f"{line.start:%H:%M}", f"{line.end:%H:%M}") == (
        "14:00", "15:00", "15:45",
    )  # fmt: skip
    assert (line.phone, line.beside, line.missing) == (
        "+44 7700 900123", "Noor Field, CO2 laser", ("signed consent",),
    )  # fmt: skip
    assert pages[0].lines[0].note == "brings her mother"


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("practitioner", ["Noor Field"]),
        ("room", ["Room 1"]),
        ("x", ["Noor Field", "Room 1"]),
    ],
)
def test_one_kind_can_be_printed_alone(
    desk: Client, clinic: cast.Clinic, only: str, names: list[str]
) -> None:
    screens.visit(clinic, 0, 15)
    pages = desk.get(f"{SHEETS}?only={only}").context["sheet"].pages
    assert [page.name for page in pages] == names
    (alone,) = desk.get(f"{SHEETS}?only={clinic.room.pk}").context["sheet"].pages
    assert alone.name == "Room 1"


def test_queries_are_the_same_for_one_and_three_visits(desk: Client, clinic: cast.Clinic) -> None:
    def fill(*hours: int) -> None:
        for hour in hours:
            pk = cast.patient(f"P{hour}", "Row", consulted=True).pk
            screens.visit(clinic, 0, hour, patient_id=pk)

    fill(10)
    desk.get(SHEETS)
    with CaptureQueriesContext(connection) as one:
        desk.get(SHEETS)
    fill(12, 14)
    desk.get(SHEETS)
    with CaptureQueriesContext(connection) as three:
        assert desk.get(SHEETS).context["sheet"].count == 3
    assert len(one) == len(three)


def test_the_file_is_handed_out_to_who_may_look_and_to_nobody_else(
    sign_in: SignIn, desk: Client, clinic: cast.Clinic
) -> None:
    screens.visit(clinic, 1, 15)
    at = f"{SHEETS}file/?site={clinic.site.pk}&date={cast.day(1)}"
    answer = desk.get(at)
    name = f"harley-house-{clinic.site.pk}-2027-01-05.html"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert "Ada Pine" in answer.content.decode()
    assert desk.get(at.replace("01-05", "02-30")).status_code == 404, "never another day's"
    elsewhere = sign_in("reception", cast.site_named("Mill Lane"), name="far")
    assert elsewhere.get(at).status_code == 404
    assert "Ada Pine" not in elsewhere.get(f"{SHEETS}?date={cast.day(1)}").content.decode()
    nobody = Client()
    nobody.force_login(cast.staff_user("nobody", clinic.site))
    assert [nobody.get(url).status_code for url in (at, SHEETS)] == [403, 403]
    assert Client().get(at).status_code == 302


@pytest.mark.parametrize("query", ["?date=x", "?date=9999-12-31", "?site=x&only=999999999999", ""])
def test_odd_input_shows_today(desk: Client, clinic: cast.Clinic, query: str) -> None:
    found = desk.get(SHEETS + query).context["sheet"]
    assert (found.day, found.pages) == (cast.TODAY, ())
