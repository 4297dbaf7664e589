"""The waiting list at the desk: on and off it, free times with their ranked list, offers by hand."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from scheduling import booking
from scheduling.models import Appointment, Offer, Opening, Site, WaitingEntry
from tests import cast
from tests.cast import NOW
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.pages.way import text_of
from tests.scheduling.waiting import stage
from tests.scheduling.waiting.stage import FREED

pytestmark = pytest.mark.django_db

LIST = reverse("admin:scheduling_waitingentry_changelist")
JOIN = reverse("admin:scheduling_waitingentry_add")
TIMES = reverse("admin:scheduling_waitingentry_times")


def joining(clinic: cast.Clinic, **facts: object) -> dict[str, object]:
    said = {
        "treatment": clinic.review.pk,
        "site": clinic.site.pk,
        "until": cast.day(21).isoformat(),
    }
    return said | facts


def stretch(clinic: cast.Clinic, minutes: int = 30) -> dict[str, object]:
    """Wednesday from 11:00, as the form spells it."""
    end = FREED + timedelta(minutes=minutes)
    return {
        "site": clinic.site.pk,
        "start": f"{FREED:%Y-%m-%dT%H:%M}",
        "end": f"{end:%Y-%m-%dT%H:%M}",
    }


def entry_page(row: WaitingEntry) -> str:
    return reverse("admin:scheduling_waitingentry_change", args=[row.pk])


def test_a_patient_is_put_on_the_list_with_days_and_hours(
    clinic: cast.Clinic, desk: Client
) -> None:
    asked = joining(clinic, weekdays=["0", "2"], from_time="09:00", until_time="12:30", urgent="on")
    answer = desk.post(f"{JOIN}?patient={clinic.patient.pk}", asked)
    row = WaitingEntry.objects.get()
    assert answer["Location"] == entry_page(row)
    assert (row.patient, row.weekdays, row.urgent) == (clinic.patient, [0, 2], True)
    page = text_of(desk.get(entry_page(row)))
    assert "Mon, Wed, 09:00 to 12:30" in page


def test_a_visit_that_is_to_be_earlier_says_what_is_waited_for(
    clinic: cast.Clinic, desk: Client
) -> None:
    visit = stage.booked(clinic, clinic.patient, cast.at(cast.day(4), 11))
    asked = joining(clinic, treatment="", appointment=visit.pk)
    desk.post(f"{JOIN}?patient={clinic.patient.pk}", asked)
    row = WaitingEntry.objects.get()
    assert (row.appointment, row.treatment) == (visit, visit.treatment)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"until": "2020-01-01"}, "That date is past."),
        ({"treatment": ""}, "Choose a treatment, or a visit that is to be earlier."),
        ({"from_time": "12:00", "until_time": "09:00"}, "The earliest time is after the latest."),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(
    clinic: cast.Clinic, desk: Client, wrong: dict[str, object], said: str
) -> None:
    answer = desk.post(f"{JOIN}?patient={clinic.patient.pk}", joining(clinic, **wrong))
    assert (answer.status_code, said in text_of(answer)) == (400, True)
    assert WaitingEntry.objects.count() == 0


def test_once_a_treatment_is_enough(clinic: cast.Clinic, desk: Client) -> None:
    stage.waits(clinic, clinic.patient)
    answer = desk.post(f"{JOIN}?patient={clinic.patient.pk}", joining(clinic))
    assert answer.status_code == 400
    assert WaitingEntry.objects.count() == 1


def test_the_booking_screen_leads_to_the_list_with_what_was_asked(
    clinic: cast.Clinic, desk: Client
) -> None:
    page = desk.get(screens.BOOK, screens.wanted(clinic)).content.decode()
    assert f'href="{JOIN}?patient={clinic.patient.pk}&amp;treatment=' in page
    asked = screens.wanted(clinic)
    form = desk.get(JOIN, asked).context["form"]
    assert str(form["treatment"].value()) == str(clinic.resurfacing.pk)


def test_the_patients_page_names_what_they_wait_for(clinic: cast.Clinic, desk: Client) -> None:
    row = stage.waits(clinic, clinic.patient)
    page = desk.get(screens.card(clinic.patient.pk)).content.decode()
    assert [entry_page(row) in page, f"{JOIN}?patient={clinic.patient.pk}" in page] == [True] * 2


def test_a_cancelled_visit_leads_to_who_could_have_its_time(
    clinic: cast.Clinic, desk: Client
) -> None:
    visit = stage.booked(clinic, clinic.patient, FREED)
    row = stage.waits(clinic, cast.patient("One", "Wait"))
    booking.cancel(appointment_id=visit.pk, version=None, by=stage.DESK, now=NOW)
    page = desk.get(screens.page(visit)).content.decode()
    assert f"{TIMES}?site={clinic.site.pk}&amp;start={FREED:%Y-%m-%dT%H:%M}" in page
    opening = Opening.objects.get()
    ranked = desk.get(TIMES, {"opening": opening.pk}).context["can"]
    assert [line.look.entry for line in ranked] == [row]


def test_the_ranked_list_states_the_order_and_each_ones_reason(
    clinic: cast.Clinic, desk: Client
) -> None:
    stage.waits(clinic, cast.patient("Long", "Wait"), now=NOW - timedelta(days=9))
    stage.waits(clinic, cast.patient("Grave", "Case"), urgent=True)
    page = desk.get(TIMES, stretch(clinic))
    can = page.context["can"]
    assert [line.look.entry.patient.given_name for line in can] == ["Grave", "Long"]
    assert [line.look.because for line in can] == [
        ("urgent: a clinician asks for it", "has no visit", "waits since 4 Jan 2027"),
        ("has no visit", "waits since 26 Dec 2026"),
    ]
    assert "Urgent first" in text_of(page)


def test_those_who_cannot_have_it_are_told_with_why(clinic: cast.Clinic, desk: Client) -> None:
    """Other days; an open offer; no consultation yet, with booking's own reason."""
    stage.waits(clinic, cast.patient("Other", "Days"), weekdays=(0,))
    stage.offered(stage.waits(clinic, cast.patient("Asked", "Already")))
    fresh = cast.patient("New", "Here")
    asked = joining(clinic, treatment=clinic.resurfacing.pk)
    desk.post(f"{JOIN}?patient={fresh.pk}", asked)
    cannot = {
        line.look.entry.patient.given_name: line
        for line in desk.get(TIMES, stretch(clinic, 120)).context["cannot"]
    }
    assert cannot["Other"].look.instead == "They asked for other days or hours."
    assert cannot["Asked"].look.instead == "An offer waits for their answer."
    assert "CONSULT" in " ".join(r.code for r in cannot["New"].look.reasons).upper()


def test_reception_offers_by_hand_and_takes_it_back(clinic: cast.Clinic, desk: Client) -> None:
    row = stage.waits(clinic, clinic.patient)
    said = {"act": "offer", "entry": row.pk, "start": FREED.isoformat(), "minutes": "45"}
    desk.post(TIMES, said)
    made = Offer.objects.get()
    assert (made.entry, made.start, made.answer_by) == (row, FREED, NOW + timedelta(minutes=45))
    page = desk.get(TIMES)
    assert [each.left for each in page.context["offers"]] == [45 * 60]
    desk.post(TIMES, {"act": "withdraw", "offer": made.pk})
    made.refresh_from_db()
    assert made.state == "withdrawn"


def test_a_time_that_waits_for_an_answer_is_offered_to_nobody_else(
    clinic: cast.Clinic, desk: Client
) -> None:
    first = stage.waits(clinic, clinic.patient)
    stage.waits(clinic, cast.patient("Next", "Wait"))
    made = Opening.objects.create(
        site=clinic.site, start=FREED, end=FREED + timedelta(minutes=30), created_at=NOW
    )
    page = f"{TIMES}?opening={made.pk}"
    said = {"act": "offer", "start": FREED.isoformat(), "minutes": "45", "opening": made.pk}
    assert 'value="offer"' in desk.get(page).content.decode()

    desk.post(page, {**said, "entry": first.pk})

    then = desk.get(page)
    assert 'value="offer"' not in then.content.decode()
    assert f"{clinic.patient} was offered this time" in text_of(then)


def test_a_time_that_was_taken_is_not_offered_and_says_why(
    clinic: cast.Clinic, desk: Client
) -> None:
    row = stage.waits(clinic, cast.patient("One", "Wait"))
    stage.booked(clinic, clinic.patient, FREED)
    said = {"act": "offer", "entry": row.pk, "start": FREED.isoformat(), "minutes": "45"}
    answer = desk.post(TIMES, said, follow=True)
    assert Offer.objects.count() == 0
    assert "Not offered." in text_of(answer)


def test_a_time_that_is_put_aside_is_offered_to_nobody(clinic: cast.Clinic, desk: Client) -> None:
    made = Opening.objects.create(
        site=clinic.site, start=FREED, end=FREED + timedelta(minutes=30), created_at=NOW
    )
    desk.post(TIMES, {"act": "aside", "opening": made.pk})
    made.refresh_from_db()
    assert made.closed_at == NOW


def test_who_leaves_is_off_the_list_and_can_still_be_looked_up(
    clinic: cast.Clinic, desk: Client
) -> None:
    row = stage.waits(clinic, clinic.patient)
    assert str(clinic.patient) in text_of(desk.get(LIST))
    desk.post(entry_page(row))
    desk.get(LIST)  # takes the message about it along
    assert str(clinic.patient) not in text_of(desk.get(LIST))
    assert str(clinic.patient) in text_of(desk.get(LIST, {"state": "left"}))


@pytest.mark.parametrize("by", ["treatment", "practitioner", "until", "site"])
def test_the_list_is_filtered(clinic: cast.Clinic, desk: Client, by: str) -> None:
    stage.waits(clinic, clinic.patient)
    out = {
        "treatment": {"treatment__id__exact": clinic.resurfacing.pk},
        "practitioner": {"practitioner__id__exact": clinic.doctor.pk},
        "until": {"until_from": "2030-01-01"},
        "site": {"site__id__exact": cast.site_named("There").pk},
    }[by]
    assert str(clinic.patient) not in text_of(desk.get(LIST, out))


def test_another_sites_list_is_not_there(clinic: cast.Clinic, sign_in: SignIn) -> None:
    there = cast.site_named("There")
    row = stage.waits(clinic, clinic.patient)
    made = stage.offered(row)
    away = sign_in("reception", there, name="away")
    acts = [
        {"act": "withdraw", "offer": made.pk},
        {"act": "offer", "entry": row.pk, "start": FREED.isoformat()},
    ]
    assert [away.post(TIMES, act).status_code for act in acts] == [404, 404]
    assert (away.get(entry_page(row)).status_code, away.post(entry_page(row)).status_code) == (404, 404)  # fmt: skip
    assert str(clinic.patient) not in text_of(away.get(LIST))
    assert away.get(TIMES).context["offers"] == []


def test_nobody_learns_who_waits_at_another_site(clinic: cast.Clinic, sign_in: SignIn) -> None:
    entry = stage.waits(clinic, clinic.patient)
    stranger = sign_in("reception", cast.site_named("Mayfair"), name="stranger")
    for start in ("odd", FREED.isoformat()):
        asked = {"act": "offer", "entry": entry.pk, "start": start}
        assert stranger.post(TIMES, asked).status_code == 404


def test_who_only_looks_changes_nothing(clinic: cast.Clinic, onlooker: Client) -> None:
    row = stage.waits(clinic, clinic.patient)
    asked = {"act": "offer", "entry": row.pk, "start": FREED.isoformat()}
    answers = [
        onlooker.get(TIMES),
        onlooker.get(entry_page(row)),
        onlooker.post(TIMES, asked),
        onlooker.post(entry_page(row)),
        onlooker.get(JOIN),
    ]
    assert [a.status_code for a in answers] == [200, 200, 403, 403, 403]
    assert Offer.objects.count() == 0


@pytest.mark.parametrize(
    "odd",
    [
        {"opening": "x"},
        {"opening": "999999"},
        {"start": "never", "end": "2027-01-06T12:00", "site": "1"},
        {"start": "2027-01-06T12:00", "end": "2027-01-06T11:00", "site": "0"},
    ],
)
def test_odd_addresses_are_answered(clinic: cast.Clinic, desk: Client, odd: dict[str, str]) -> None:
    assert desk.get(TIMES, odd).status_code in {400, 404}


def test_a_site_shows_and_keeps_its_switch_and_limits(
    clinic: cast.Clinic, desk: Client, sign_in: SignIn
) -> None:
    manager = sign_in("manager")
    page = manager.get(reverse("admin:scheduling_site_change", args=[clinic.site.pk]))
    assert [n in page.content.decode() for n in ("offers_automatic", "offer_minutes")] == [True] * 2
    Site.objects.filter(pk=clinic.site.pk).update(offers_automatic=True, offers_a_day=2)
    assert "at most 2 a day" in text_of(desk.get(TIMES))


def test_looking_books_nothing(clinic: cast.Clinic, desk: Client) -> None:
    stage.waits(clinic, clinic.patient)
    before = Appointment.objects.count()
    desk.get(TIMES, stretch(clinic))
    assert Appointment.objects.count() == before
