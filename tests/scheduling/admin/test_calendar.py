"""The diary's page and what its scripts ask: decided by the verbs, seen only by who may see it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from scheduling import booking, register
from scheduling.models import Appointment, Patient, Record
from scheduling.reports import Kind, Period, Scope, attendance
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.calendar import DAY, JSON, ROOT, days, move, place, wanted


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    return screens.visit(clinic, 1, 11)


# ---------------------------------------------------------------- reading


def test_page_shows_sites_views_columns_and_legend(desk: Client, clinic: cast.Clinic) -> None:
    page = desk.get(ROOT, {"date": DAY})
    assert page.context["facts"]["date"] == DAY
    assert page.context["facts"]["urls"]["move"] == f"{ROOT}0/move/"
    assert dict(page.context["legend"]) == {
        "ablative": "ablative laser",
        "assessment": "consultation or check",
        "injectable": "injectables",
    }
    text = page.content.decode()
    assert 'content="0; url=/admin/scheduling/appointment/day/' in text


@pytest.mark.parametrize("page", [ROOT, f"{ROOT}month/"])
def test_another_day_or_site_than_was_asked_for_is_said(desk: Client, page: str) -> None:
    for query, words in (("date=2026-02-30", "no such date"), ("site=999", "no such site")):
        assert words in desk.get(f"{page}?{query}").text
    assert "no such" not in desk.get(page).text


def test_page_without_its_calendar_leads_to_the_plain_list(
    desk: Client, clinic: cast.Clinic, settings: Any
) -> None:
    settings.STATICFILES_FINDERS = []
    page = desk.get(ROOT, {"date": DAY})
    assert page.headers["Location"] == f"{screens.DAY}?site={clinic.site.pk}&date={DAY}"


def test_days_are_told_in_the_sites_time_with_parts_and_hints(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    told = desk.get(f"{ROOT}days/", days(clinic, by="room")).json()
    (shown,) = told["visits"]
    assert (shown["start"], shown["patient"], shown["status"]) == (
        f"{DAY}T11:00",
        "Ada Pine",
        "booked",
    )
    assert [part["kind"] for part in shown["parts"]] == ["before", "visit", "after"]
    assert (shown["tone"], shown["movable"], shown["version"]) == ("ablative", True, visit.version)
    assert shown["hints"][0].startswith("skin rests until ")
    assert told["columns"] == [{"id": clinic.room.pk, "title": "Room 1"}]
    assert told["hours"] == ["08:00", "18:00"]


def test_a_visit_without_such_a_thing_stands_in_a_column_of_its_own(
    desk: Client, clinic: cast.Clinic
) -> None:
    screens.visit(clinic, 1, 11, clinic.filler)
    told = desk.get(f"{ROOT}days/", days(clinic, by="device")).json()
    assert told["columns"][-1] == {"id": 0, "title": "no device"}
    assert told["visits"][0]["parts"][0]["column"] == 0


def test_a_day_costs_at_most_eight_queries_however_full(desk: Client, clinic: cast.Clinic) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(f"{ROOT}days/", days(clinic)).status_code == 200
        return len(asked)

    screens.visit(clinic, 1, 9, clinic.review)
    cost()  # the catalogue is remembered from here on
    one = cost()
    for hour in (11, 13):
        screens.visit(clinic, 1, hour, clinic.review)
    assert (cost(), one) == (one, 7)  # and one of the plans' hints, where a visit has a plan


def test_news_is_the_stamp_of_the_days(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    told = desk.get(f"{ROOT}days/", days(clinic)).json()
    news = desk.get(f"{ROOT}news/", days(clinic)).json()
    assert news["stamp"] == told["stamp"]
    screens.visit(clinic, 1, 15, clinic.review)
    assert desk.get(f"{ROOT}news/", days(clinic)).json()["stamp"] != told["stamp"]


def lacks(desk: Client, clinic: cast.Clinic) -> dict[str, list[str]]:
    told = desk.get(f"{ROOT}papers/", days(clinic))
    assert told.status_code == 200
    return told.json()["papers"]


def test_papers_that_visits_lack_are_told_until_a_record_completes_them(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    screens.visit(clinic, 1, 15, clinic.review)
    assert lacks(desk, clinic) == {str(visit.pk): ["signed consent"]}
    before = desk.get(f"{ROOT}news/", days(clinic)).json()
    Record.objects.create(
        patient=clinic.patient, kind="consent", start=cast.NOW, end=cast.NOW, zone="Europe/London"
    )
    assert desk.get(f"{ROOT}news/", days(clinic)).json()["record"] > before["record"]
    assert lacks(desk, clinic) == {}


def test_papers_cost_at_most_eight_queries_however_many_visits(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            lacks(desk, clinic)
        return len(asked)

    cost()
    one = cost()
    screens.visit(
        clinic, 1, 15, clinic.resurfacing, patient_id=cast.patient("Bo", "Ash", consulted=True).pk
    )
    assert (cost(), one <= 8) == (one, True)


@pytest.mark.parametrize(
    "odd",
    [{"from": "x"}, {"to": cast.day(0).isoformat()}, {"to": cast.day(9).isoformat()}],
    ids=["no date", "reversed", "too many"],
)
def test_days_that_make_no_sense_are_refused(
    desk: Client, clinic: cast.Clinic, odd: dict[str, str]
) -> None:
    assert desk.get(f"{ROOT}days/", days(clinic, **odd), headers=JSON).status_code == 400


def test_another_site_is_not_there(desk: Client, clinic: cast.Clinic, visit: Appointment) -> None:
    other = cast.site_named("Mayfair")
    for name in ("days", "news", "papers"):
        asked = days(clinic, site=other.pk)
        assert desk.get(f"{ROOT}{name}/", asked, headers=JSON).status_code == 404


def test_month_shows_the_load_of_each_day(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    page = desk.get(f"{ROOT}month/", {"date": DAY})
    loads = [load for week in page.context["weeks"] for load in week]
    assert [load.visits for load in loads if load.date == cast.day(1)] == [1]
    assert len(loads) % 7 == 0
    assert "% full" in page.content.decode()


# ---------------------------------------------------------------- the panel


@pytest.mark.parametrize("typed", ["ada", "pine ad", "07700 900123", "12/04/1985", "Ada Pyne"])
def test_patients_are_found_misspelt_too(desk: Client, clinic: cast.Clinic, typed: str) -> None:
    register.amend(patient=clinic.patient, by=cast.reception(), now=cast.NOW)
    told = desk.get(f"{ROOT}patients/", {"q": typed}).json()
    assert [each["name"] for each in told["patients"]] == ["Ada Pine"]
    assert told["alike"] is (typed == "Ada Pyne")


def test_lit_starts_are_those_that_booking_accepts(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    asked = wanted(clinic, treatment=clinic.review.pk)
    told = desk.get(f"{ROOT}starts/", {**days(clinic), **asked}).json()
    # Noor does not consult; Ada's own visit and the doctor's time around it are gone
    assert told["starts"][str(clinic.nurse.pk)] == []
    runs = [(low[11:], high[11:]) for low, high in told["starts"][str(clinic.doctor.pk)]]
    assert runs[0][0] == "09:00"
    assert runs[-1][1] == "18:00"
    assert all(not low <= "11:00" < high for low, high in runs)


def test_a_day_without_starts_names_the_earliest_after_it(
    desk: Client, clinic: cast.Clinic
) -> None:
    sunday = cast.day(6).isoformat()
    asked = {**days(clinic), **wanted(clinic, treatment=clinic.review.pk)}
    told = desk.get(f"{ROOT}starts/", {**asked, "from": sunday, "to": sunday}).json()
    assert told["earliest"] == {
        "start": f"{cast.day(7).isoformat()}T09:00",
        "when": "Mon 11 Jan, 09:00",
    }
    assert desk.get(f"{ROOT}starts/", asked).json()["earliest"] is None


def test_starts_light_up_before_anybody_is_chosen(desk: Client, clinic: cast.Clinic) -> None:
    asked = {**days(clinic), **wanted(clinic, patient="")}
    assert desk.get(f"{ROOT}starts/", asked).json()["starts"][str(clinic.doctor.pk)]


def test_why_says_every_reason_and_the_earliest(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    good = desk.get(
        f"{ROOT}why/", wanted(clinic, start=f"{DAY}T15:00", treatment=clinic.review.pk)
    ).json()
    assert (good["refusal"], good["who"]) == (None, "Dr Amara Lind")
    bad = desk.get(
        f"{ROOT}why/", wanted(clinic, start=f"{DAY}T08:00", treatment=clinic.review.pk)
    ).json()
    assert bad["refusal"]["reasons"][0]["sentence"].startswith("Outside the hours")
    assert bad["refusal"]["earliest"]["start"].startswith(f"{DAY}T09:00")


def test_why_leads_to_the_override_only_who_may(
    desk: Client, doctor: Client, clinic: cast.Clinic
) -> None:
    early = wanted(clinic, start=f"{DAY}T08:00")
    assert desk.get(f"{ROOT}why/", early).json()["override"] == ""
    address = doctor.get(f"{ROOT}why/", early).json()["override"]
    shown = doctor.get(address).context["desk"]
    assert (shown.patient, shown.refusal.overridable) == (clinic.patient, True)
    nobody = doctor.get(f"{ROOT}why/", {**early, "patient": ""}).json()
    assert nobody["override"] == ""


def test_booking_from_the_panel(desk: Client, clinic: cast.Clinic) -> None:
    answer = desk.post(f"{ROOT}book/", wanted(clinic))
    assert answer.status_code == 201
    made = Appointment.objects.get()
    assert answer.json()["words"] == "Booked: Ada Pine, Filler, Tue 5 Jan, 11:00."
    assert list(made.allocations.values_list("resource_id", flat=True)) == [clinic.doctor.pk]


def test_refused_booking_says_why_and_writes_nothing(desk: Client, clinic: cast.Clinic) -> None:
    answer = desk.post(f"{ROOT}book/", wanted(clinic, start=f"{DAY}T07:00"))
    told = answer.json()
    assert answer.status_code == 409
    assert told["refusal"]["earliest"]["start"].startswith(f"{DAY}T09:00")
    assert told["override"] == ""
    assert told["screen"].startswith(screens.BOOK)
    assert Appointment.objects.count() == 0


def test_nobody_and_nothing_chosen_is_malformed(desk: Client, clinic: cast.Clinic) -> None:
    nobody = desk.post(f"{ROOT}book/", wanted(clinic, patient=""), headers=JSON)
    nothing = desk.post(f"{ROOT}book/", wanted(clinic, treatment=""), headers=JSON)
    assert (nobody.status_code, nothing.status_code) == (400, 400)


def test_a_slip_of_the_hand_is_no_late_cancellation(desk: Client, clinic: cast.Clinic) -> None:
    soon = wanted(clinic, start=f"{cast.day(0)}T11:00")
    token = desk.post(f"{ROOT}book/", soon).json()["undo"]
    assert desk.post(f"{ROOT}undo/", {"undo": token}).status_code == 200
    assert Appointment.objects.get().status == "cancelled"
    today = Period(Kind.CUSTOM, cast.day(0), cast.day(0))
    assert attendance.counted(Scope(today, {clinic.site.pk: clinic.site.zone})) == {}


def test_a_start_that_is_kept_for_somebody_new_is_neither_moved_nor_booked_for(
    desk: Client, doctor: Client, clinic: cast.Clinic
) -> None:
    stranger = Patient.objects.create(provisional=True, do_not_contact=True, channel="none")
    wish = clinic.wish(clinic.consultation, patient_id=stranger.pk)
    hold = booking.hold(
        wish=wish, start=cast.at(cast.day(1), 11), by=cast.reception(), now=cast.NOW
    ).appointment
    assert desk.get(f"{ROOT}days/", days(clinic)).json()["visits"][0]["movable"] is False
    answer = desk.post(move(hold), place(clinic, hold, f"{DAY}T15:00"), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    asked = wanted(clinic, patient=stranger.pk, start=f"{DAY}T15:00")
    assert desk.post(f"{ROOT}book/", asked, headers=JSON).status_code == 404
    for page in (screens.BOOK, reverse("admin:scheduling_waitingentry_add")):
        assert desk.get(page, {"patient": stranger.pk}).status_code == 404
    assert doctor.post(screens.card(stranger.pk), {"kind": "pregnancy"}).status_code == 404
    found = desk.get(f"{ROOT}patients/", {"q": "''"}).json()["patients"]
    assert stranger.pk not in [each["id"] for each in found]
