from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from scheduling.models import Absence, Appointment, Change
from tests import cast
from tests.cast import TODAY
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.forms import problems, send, told

ADD = "/admin/scheduling/absence/add/"


@pytest.fixture
def manager(sign_in: SignIn) -> Client:
    return sign_in("manager")


def change(absence: Absence) -> str:
    return reverse("admin:scheduling_absence_change", args=[absence.pk])


def test_leave_is_entered_as_whole_days(clinic: cast.Clinic, manager: Client) -> None:
    answer = send(
        manager,
        ADD,
        resource=clinic.doctor.pk,
        cause="leave",
        first="2027-06-07",
        last="2027-06-11",
    )
    assert answer.status_code == 302
    absence = Absence.objects.get()
    assert (absence.start, absence.end) == (
        cast.at(date(2027, 6, 7), 0),
        cast.at(date(2027, 6, 12), 0),
    )
    assert Change.objects.get().subject == "absence"
    page = manager.get(reverse("admin:scheduling_absence_changelist")).content.decode()
    assert "Mon 7 Jun 2027 to Fri 11 Jun 2027" in page


def test_absence_shows_the_visits_it_hits_and_changes_none(
    clinic: cast.Clinic, manager: Client
) -> None:
    visit = screens.visit(clinic, n=1, hour=11)
    page = manager.post(
        ADD,
        {
            "site": clinic.site.pk,
            "cause": "closure",
            "clock": clinic.site.pk,
            "first": str(cast.day(1)),
            "begins": "11:30",
            "until": "12:00",
        },
        follow=True,
    )
    assert page.redirect_chain[-1][0] == change(Absence.objects.get())
    assert any("1 booked visit is hit by this absence" in line for line in told(page))
    assert "Ada Pine" in page.content.decode()
    assert Appointment.objects.get(pk=visit.pk).status == "booked"


def test_visits_of_other_sites_are_a_number_only(clinic: cast.Clinic, sign_in: SignIn) -> None:
    screens.visit(clinic, n=1, hour=11, practitioner_id=clinic.doctor.pk)
    away = Absence.objects.create(
        resource=clinic.doctor,
        cause="sick",
        start=cast.at(cast.day(1), 9),
        end=cast.at(cast.day(1), 18),
    )
    elsewhere = sign_in("manager", cast.site_named("There"))
    page = elsewhere.get(change(away)).content.decode()
    assert ("Ada Pine" in page, "1 more at other sites" in page) == (False, True)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({}, {"resource": ["Choose one resource, or a whole site, not both."]}),
        (
            {"resource": "doctor", "site": "site"},
            {"resource": ["Choose one resource, or a whole site, not both."]},
        ),
        (
            {"resource": "doctor", "last": "2026-12-01"},
            {"first": ["An absence ends after it starts."]},
        ),
        (
            {"resource": "doctor", "begins": "10:00", "until": "10:00"},
            {"first": ["An absence ends after it starts."]},
        ),
        ({"resource": "doctor", "first": ""}, {"first": ["This field is required."]}),
        ({"resource": "doctor", "first": "soon"}, {"first": ["Enter a valid date."]}),
    ],
)
def test_absence_that_makes_no_sense_is_refused(
    clinic: cast.Clinic, manager: Client, typed: dict[str, str], found: dict[str, list[str]]
) -> None:
    data = {"cause": "leave", "first": str(TODAY), **typed}
    data |= {key: getattr(clinic, data[key]).pk for key in ("resource", "site") if key in data}
    page = send(manager, ADD, **data)
    assert problems(page) == found
    assert not Absence.objects.exists()


def test_absence_is_read_back_as_it_was_said(clinic: cast.Clinic, manager: Client) -> None:
    absence = Absence.objects.create(
        resource=clinic.room,
        cause="downtime",
        start=cast.at(date(2027, 6, 7), 9, 30),
        end=cast.at(date(2027, 6, 9), 0),
    )
    assert send(manager, change(absence), note="pipes").status_code == 302
    again = Absence.objects.get()
    assert (again.start, again.end, again.note) == (absence.start, absence.end, "pipes")


def test_absence_is_removed_and_signed_for(clinic: cast.Clinic, manager: Client) -> None:
    absence = Absence.objects.create(
        resource=clinic.room, cause="downtime", start=cast.at(TODAY, 9), end=cast.at(TODAY, 10)
    )
    url = reverse("admin:scheduling_absence_delete", args=[absence.pk])
    assert manager.post(url, {"post": "yes"}).status_code == 302
    assert not Absence.objects.exists()
    assert Change.objects.get().verb == "remove"
