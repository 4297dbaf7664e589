"""Menus of practitioners offer those who work at the site that is chosen, as free times do."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from scheduling.admin.wanted import WantedForm
from scheduling.models import Resource, Site, Skill
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn

DIARY = "admin:scheduling_appointment_"


@pytest.fixture
def mayfair(clinic: cast.Clinic) -> Site:
    """Open a second site: the nurse works at both, and somebody there only."""
    other = cast.site_named("Mayfair")
    cast.open_weekly(other, clinic.nurse)
    cast.practitioner("Dr Far", other, *Skill.objects.all())
    Resource.objects.create(kind=Resource.Kind.PRACTITIONER, name="Dr Nowhere")
    return other


@pytest.fixture
def both(sign_in: SignIn, clinic: cast.Clinic, mayfair: Site) -> Client:
    return sign_in("reception", clinic.site, mayfair)


def offered(client: Client, address: str, name: str = "practitioner", **asked: Any) -> list[str]:
    """Read who can be chosen on a page."""
    page = client.get(address, asked)
    select = re.search(rf'<select[^>]*name="{name}".*?</select>', page.text, re.DOTALL)
    assert select
    options = re.findall(r'<option value="([^"]*)"([^>]*)>(.*?)</option>', select[0], re.DOTALL)
    return [
        unescape(text).strip()
        for pk, facts, text in options
        if pk.isdigit() and "disabled" not in facts
    ]


@pytest.mark.parametrize("page", ["book", "day", "board", "late"])
def test_a_chosen_site_offers_its_own_people(
    both: Client, clinic: cast.Clinic, mayfair: Site, page: str
) -> None:
    address = reverse(f"{DIARY}{page}")
    asked: dict[str, Any] = {"patient": clinic.patient.pk} if page == "book" else {}
    here, there = (offered(both, address, site=site.pk, **asked) for site in (clinic.site, mayfair))
    assert here == [clinic.doctor.name, clinic.nurse.name]
    assert there == ["Dr Far", clinic.nurse.name]


def test_without_a_site_the_ambiguous_are_named_with_theirs(
    clinic: cast.Clinic, mayfair: Site
) -> None:
    form = WantedForm(Site.objects.all())
    assert [text for _, text in form.fields["practitioner"].choices][1:] == [  # type: ignore[attr-defined]
        f"{clinic.doctor.name} ({clinic.site})",
        "Dr Far (Mayfair)",
        clinic.nurse.name,
    ]


def test_a_site_that_is_elsewhere_lends_nobody(
    desk: Client, clinic: cast.Clinic, mayfair: Site
) -> None:
    asked: dict[str, Any] = {"patient": clinic.patient.pk}
    mine = [clinic.doctor.name, clinic.nurse.name]
    assert offered(desk, screens.BOOK, **asked) == mine
    assert offered(desk, screens.BOOK, site=mayfair.pk, **asked) == mine


def test_a_visit_is_moved_among_its_own_sites_people(
    both: Client, clinic: cast.Clinic, mayfair: Site
) -> None:
    address = screens.move(screens.visit(clinic))
    assert offered(both, address) == [clinic.doctor.name, clinic.nurse.name]


def test_waiting_for_an_earlier_visit_offers_people_of_its_site(
    both: Client, clinic: cast.Clinic, mayfair: Site
) -> None:
    join = reverse("admin:scheduling_waitingentry_add")
    asked: dict[str, Any] = {"patient": clinic.patient.pk, "site": mayfair.pk}
    visit = screens.visit(clinic)
    assert offered(both, join, **asked) == ["Dr Far", clinic.nurse.name]
    assert offered(both, join, **asked, appointment=visit.pk) == [
        clinic.doctor.name,
        clinic.nurse.name,
    ]


def test_day_sheets_offer_people_and_rooms_of_the_site_on_screen(
    both: Client, clinic: cast.Clinic, mayfair: Site
) -> None:
    address = reverse(f"{DIARY}sheets")
    assert offered(both, address, "only", site=mayfair.pk) == ["Dr Far", clinic.nurse.name]


def test_who_works_elsewhere_is_refused_in_words(
    both: Client, clinic: cast.Clinic, mayfair: Site
) -> None:
    asked = screens.wanted(clinic, site=mayfair.pk, practitioner=clinic.doctor.pk)
    assert "This practitioner does not work at that site." in both.get(screens.BOOK, asked).text
