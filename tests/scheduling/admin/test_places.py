from datetime import date, time, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from scheduling.models import Capability, Change, OpeningHours, Practitioner, Room, Site
from tests import cast
from tests.cast import TODAY
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.forms import problems, send


@pytest.fixture
def manager(sign_in: SignIn) -> Client:
    return sign_in("manager")


def change(row: object) -> str:
    meta = row._meta  # type: ignore[attr-defined]
    return reverse(f"admin:scheduling_{meta.model_name}_change", args=[row.pk])  # type: ignore[attr-defined]


def test_site_is_changed_and_signed_for(clinic: cast.Clinic, manager: Client) -> None:
    answer = send(
        manager,
        change(clinic.site),
        step_minutes=10,
        zone="Europe/Dublin",
        country="IE",
        subdivision="",
    )
    assert answer.status_code == 302
    clinic.site.refresh_from_db()
    assert (clinic.site.step_minutes, clinic.site.zone) == (10, "Europe/Dublin")
    entry = Change.objects.get(subject="site")
    assert entry.what["step_minutes"] == [15, 10]


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        (
            {"subdivision": "MD"},
            "subdivision",
            "GB has no subdivision “MD”: known are ENG, NIR, SCT, WLS.",
        ),
        ({"zone": "Mars/Olympus"}, "zone", "Mars/Olympus is not one of the available choices"),
        ({"country": "XX"}, "country", "XX is not one of the available choices"),
        ({"name": ""}, "name", "This field is required."),
        ({"horizon_days": 0}, "horizon_days", "greater than or equal to 1"),
    ],
)
def test_site_that_makes_no_sense_is_refused(
    clinic: cast.Clinic, manager: Client, typed: dict[str, object], field: str, sentence: str
) -> None:
    page = send(manager, change(clinic.site), **typed)
    assert page.status_code == 200
    assert [sentence in line for line in problems(page)[field]] == [True]
    assert not Change.objects.exists()


def test_sites_numbers_are_read_as_patients_are(clinic: cast.Clinic, manager: Client) -> None:
    answer = send(manager, change(clinic.site), on_call_phone="07700 900118", phone="020 7946 0018")
    assert answer.status_code == 302
    clinic.site.refresh_from_db()
    assert str(clinic.site.on_call_phone) == "+447700900118"
    assert str(clinic.site.phone) == "+442079460018"
    assert send(manager, change(clinic.site)).status_code == 302
    page = send(manager, change(clinic.site), on_call_phone="ring me")
    assert "is not a phone number" in problems(page)["on_call_phone"][0]


def test_site_shows_its_next_holidays(clinic: cast.Clinic, manager: Client) -> None:
    page = manager.get(change(clinic.site)).content.decode()
    assert "Fri 26 Mar 2027 - Good Friday" in page


def test_site_is_added_by_those_who_work_everywhere_only(
    clinic: cast.Clinic, manager: Client
) -> None:
    url = reverse("admin:scheduling_site_add")
    assert manager.get(url).status_code == 403
    roamer = Client()
    roamer.force_login(User.objects.create_superuser("root", password="a-long-password"))
    answer = send(roamer, url, name="New", zone="Asia/Kathmandu", country="NP", step_minutes=5)
    assert answer.status_code == 302
    assert Site.objects.filter(name="New", zone="Asia/Kathmandu").exists()


def test_room_is_added_with_its_kind_and_hours_where_it_stands(
    clinic: cast.Clinic, manager: Client
) -> None:
    answer = send(
        manager,
        reverse("admin:scheduling_room_add"),
        **{
            "name": "Room 9",
            "site": clinic.site.pk,
            "active": "on",
            "hours-TOTAL_FORMS": 1,
            "hours-0-weekday": 0,
            "hours-0-opens": "09:00",
            "hours-0-closes": "12:30",
            "hours-0-purpose": "open",
        },
    )
    assert answer.status_code == 302
    room = Room.objects.get(name="Room 9")
    hours = OpeningHours.objects.get(resource_id=room.pk)
    assert (room.kind, room.site, hours.site) == ("room", clinic.site, clinic.site)
    assert (hours.opens, hours.closes) == (time(9), time(12, 30))
    assert set(Change.objects.values_list("verb", "subject")) == {
        ("add", "room"),
        ("add", "openinghours"),
    }


def test_room_is_not_put_at_a_site_of_others(clinic: cast.Clinic, manager: Client) -> None:
    there = cast.site_named("There")
    page = send(manager, reverse("admin:scheduling_room_add"), name="Far", site=there.pk)
    assert list(problems(page)) == ["site"]
    assert not Room.objects.filter(name="Far").exists()


def test_practitioner_is_added_without_a_site(clinic: cast.Clinic, manager: Client) -> None:
    answer = send(manager, reverse("admin:scheduling_practitioner_add"), name="Dr New", active="on")
    assert answer.status_code == 302
    made = Practitioner.objects.get(name="Dr New")
    assert (made.kind, made.site) == ("practitioner", None)


def test_capability_that_ends_before_it_begins_is_a_sentence(
    clinic: cast.Clinic, manager: Client
) -> None:
    nurse = Practitioner.objects.get(pk=clinic.nurse.pk)
    page = send(
        manager,
        change(nurse),
        **{
            "capabilities-0-valid_from": "2027-02-01",
            "capabilities-0-valid_until": "2027-01-01",
        },
    )
    assert problems(page) == {"capabilities-0-__all__": ["A capability ends after it begins."]}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "valid"),
        ({"valid_until": TODAY + timedelta(days=24)}, "expires in 24 days"),
        ({"valid_until": TODAY + timedelta(days=61)}, "valid"),
        ({"valid_until": TODAY - timedelta(days=2)}, "expired 2 days ago"),
        ({"valid_from": date(2027, 2, 1)}, "from 1 Feb 2027"),
    ],
)
def test_credential_that_runs_out_is_pointed_out(
    clinic: cast.Clinic, desk: Client, facts: dict[str, date], words: str
) -> None:
    Capability.objects.filter(resource=clinic.nurse).update(**facts)
    page = desk.get(reverse("admin:scheduling_practitioner_changelist")).content.decode()
    row = page[page.index("Noor Field") :]
    assert words in row


def test_hours_of_another_site_are_left_alone(clinic: cast.Clinic, manager: Client) -> None:
    there = cast.site_named("There")
    cast.open_weekly(there, clinic.nurse)
    nurse = Practitioner.objects.get(pk=clinic.nurse.pk)
    page = manager.get(change(nurse))
    sites = {
        form.instance.site_id
        for inline in page.context["inline_admin_formsets"]
        for form in inline.formset.initial_forms
        if isinstance(form.instance, OpeningHours)
    }
    assert sites == {clinic.site.pk}
