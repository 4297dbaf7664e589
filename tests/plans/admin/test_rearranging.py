"""A sick practitioner at the desk: the list by harm, the arrangement, and what is ticked moves."""

from datetime import datetime

import pytest
from django.test import Client

from plans.admin.rearranging import Line
from scheduling import booking
from scheduling.models import Absence, Appointment
from tests import cast
from tests.plans import stage
from tests.plans.admin.pages import told
from tests.scheduling.admin.conftest import SignIn


@pytest.fixture
def absence(clinic: cast.Clinic) -> Absence:
    """Send the doctor home on day 14, who alone injects, over three patients' fillers."""
    for who, most in (("Any", None), ("Soon", 20)):
        course = stage.template(f"Filler for {who}")
        laser = stage.step(course, clinic.resurfacing, name="Laser")
        stage.step(course, clinic.filler, (laser, 14, 14, most), name="Filler")
        patient = cast.patient(who, "Ash", consulted=True)
        stage.booked(stage.plan(clinic, course, patient_id=patient.pk))
    booking.book(
        wish=clinic.wish(clinic.filler, patient_id=cast.patient("Cy", "Oak").pk),
        start=cast.at(cast.day(14), 15),
        by=stage.DESK,
        now=cast.NOW,
    )
    return Absence.objects.create(
        resource=clinic.doctor,
        cause="leave",
        start=cast.at(cast.day(14), 0),
        end=cast.at(cast.day(15), 0),
    )


def address(absence: Absence) -> str:
    return f"/admin/plans/plan/absence/{absence.pk}/"


def lines(client: Client, absence: Absence) -> list[Line]:
    found: list[Line] = client.get(address(absence), {"new": "1"}).context["lines"]
    return found


def fillers() -> dict[str, datetime]:
    rows = Appointment.objects.filter(treatment__name="Filler").select_related("patient")
    return {row.patient.given_name: row.start for row in rows}


def test_visits_hit_stand_in_the_order_of_harm(desk: Client, absence: Absence) -> None:
    shown = desk.get(address(absence))
    assert [each.visit.patient.given_name for each in shown.context["hit"]] == ["Soon", "Any", "Cy"]
    assert "until Sun 24 Jan 2027" in shown.text
    assert "any later date" in shown.text


def test_arrangement_is_shown_and_nothing_moves_by_looking(desk: Client, absence: Absence) -> None:
    before = fillers()
    offered = lines(desk, absence)
    assert [line.patient for line in offered] == ["Soon Ash", "Any Ash", "Cy Oak"]
    assert all(shift.new.date() != cast.day(14) for line in offered for shift in line.shifts)
    assert fillers() == before


def test_what_is_ticked_moves_and_the_rest_stays(desk: Client, absence: Absence) -> None:
    before = fillers()
    soon, _, cy = lines(desk, absence)
    answer = desk.post(address(absence), {"take": [soon.token, cy.token]}, follow=True)
    assert told(answer) == ["2 visits are moved. Each of the 2 patients gets one message."]
    moved = {name for name, start in fillers().items() if start != before[name]}
    assert moved == {"Soon", "Cy"}
    assert [each.visit.patient.given_name for each in answer.context["hit"]] == ["Any"]


def test_lost_place_moves_nothing_and_shows_another(
    desk: Client, clinic: cast.Clinic, absence: Absence
) -> None:
    before = fillers()
    tokens = [line.token for line in lines(desk, absence)]
    shift = lines(desk, absence)[0].shifts[0]
    booking.book(
        wish=clinic.wish(clinic.filler, patient_id=cast.patient("Dee", "Elm").pk),
        start=cast.at(shift.new.date(), shift.new.hour, shift.new.minute),
        by=stage.DESK,
        now=cast.NOW,
    )
    shown = desk.post(address(absence), {"take": tokens})
    assert shown.status_code == 409
    assert "Nothing was booked or moved." in shown.text
    assert {name: start for name, start in fillers().items() if name != "Dee"} == before
    assert shown.context["lines"][0].shifts[0].new != shift.new


def test_nothing_ticked_or_forged_moves_nothing(desk: Client, absence: Absence) -> None:
    before = fillers()
    token = lines(desk, absence)[0].token
    for take, said in (
        ([], "Choose at least one visit."),
        ([f"{token}x"], "This arrangement was shown too long ago. Here is what can be had now."),
    ):
        shown = desk.post(address(absence), {"take": take})
        assert (shown.status_code, said in shown.text) == (409, True)
    other = Absence.objects.create(
        resource=absence.resource, cause="leave", start=absence.start, end=absence.end
    )
    assert desk.post(address(other), {"take": [token]}).status_code == 409
    assert fillers() == before


def test_absence_leads_here(sign_in: SignIn, clinic: cast.Clinic, absence: Absence) -> None:
    page = sign_in("manager").get(f"/admin/scheduling/absence/{absence.pk}/change/").text
    assert f'href="{address(absence)}"' in page
    quiet = Absence.objects.create(
        resource=clinic.nurse, cause="leave", start=absence.start, end=absence.end
    )
    page = sign_in("manager", name="m2").get(f"/admin/scheduling/absence/{quiet.pk}/change/").text
    assert address(quiet) not in page


def test_others_may_not(
    stranger: Client, onlooker: Client, desk: Client, clinic: cast.Clinic, absence: Absence
) -> None:
    assert onlooker.get(address(absence)).status_code == 403
    assert Client().get(address(absence)).status_code == 302
    assert stranger.get(address(absence)).context["hit"] == []
    closed = Absence.objects.create(
        site=clinic.site, cause="closure", start=absence.start, end=absence.end
    )
    room = Absence.objects.create(
        resource=clinic.room, cause="downtime", start=absence.start, end=absence.end
    )
    assert [stranger.get(address(each)).status_code for each in (closed, room)] == [404, 404]
    assert desk.get("/admin/plans/plan/absence/999999/").status_code == 404
