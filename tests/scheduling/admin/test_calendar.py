"""The diary's page and what its scripts ask: decided by the verbs, seen only by who may see it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from scheduling import booking, register
from scheduling.models import Appointment, Patient
from scheduling.reports import Kind, Period, Scope, attendance
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn

ROOT = "/admin/scheduling/appointment/diary/"
JSON = {"Accept": "application/json"}
DAY = cast.day(1).isoformat()


def days(clinic: cast.Clinic, **facts: Any) -> dict[str, Any]:
    return {"site": clinic.site.pk, "from": DAY, "to": DAY, "by": "practitioner", **facts}


def wanted(clinic: cast.Clinic, **facts: Any) -> dict[str, Any]:
    asked = screens.wanted(clinic, clinic.filler, by="practitioner", column=clinic.doctor.pk)
    return {**asked, "start": f"{DAY}T11:00", **facts}


def move(visit: Appointment) -> str:
    return f"{ROOT}{visit.pk}/move/"


def place(clinic: cast.Clinic, visit: Appointment, start: str, **facts: Any) -> dict[str, Any]:
    facts = {"column": clinic.doctor.pk, "by": "practitioner", "version": visit.version, **facts}
    return {"start": start, **facts}


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
    assert desk.get(f"{ROOT}news/", days(clinic)).json() == {"stamp": told["stamp"]}
    screens.visit(clinic, 1, 15, clinic.review)
    assert desk.get(f"{ROOT}news/", days(clinic)).json() != {"stamp": told["stamp"]}


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
    for name in ("days", "news"):
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


# ---------------------------------------------------------------- moving


def test_a_visit_is_moved_to_another_column(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    to = place(clinic, visit, f"{DAY}T15:00", column=clinic.nurse.pk)
    answer = desk.post(move(visit), to)
    visit.refresh_from_db()
    assert (answer.status_code, answer.json()["version"]) == (200, visit.version)
    assert f"{visit.local_time:%H:%M}" == "15:00"
    held = visit.allocations.filter(resource__kind="practitioner")
    assert [each.resource_id for each in held] == [clinic.nurse.pk]


def test_a_visit_is_stretched_within_what_its_treatment_allows(
    desk: Client, clinic: cast.Clinic
) -> None:
    visit = screens.visit(clinic, 1, 11, clinic.filler)
    longer = place(clinic, visit, f"{DAY}T11:00", minutes=45)
    assert desk.post(move(visit), longer).status_code == 200
    visit.refresh_from_db()
    assert visit.end_q - visit.start_q == 9
    answer = desk.post(move(visit), place(clinic, visit, f"{DAY}T11:00", minutes=60))
    assert answer.status_code == 409
    assert "30" in answer.json()["refusal"]["reasons"][0]["sentence"]


def test_a_move_by_room_keeps_the_practitioner(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    held = visit.allocations.get(resource__kind="practitioner").resource_id
    to = place(clinic, visit, f"{DAY}T15:00", column=clinic.room.pk, by="room")
    assert desk.post(move(visit), to).status_code == 200
    assert visit.allocations.get(resource__kind="practitioner").resource_id == held


def test_refusal_offers_the_override_only_to_who_may(
    desk: Client, doctor: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    late = place(clinic, visit, f"{DAY}T18:00")
    plain, may = desk.post(move(visit), late).json(), doctor.post(move(visit), late).json()
    assert (plain["refusal"]["overridable"], plain["override"]) == (True, "")
    assert may["override"].startswith(screens.move(visit))
    page = doctor.get(may["override"])
    assert page.context["desk"].refusal.overridable
    visit.refresh_from_db()
    assert f"{visit.local_time:%H:%M}" == "11:00"


def test_a_stale_move_is_told_and_changes_nothing(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    stale = place(clinic, visit, f"{DAY}T16:00")
    desk.post(move(visit), place(clinic, visit, f"{DAY}T15:00"))
    answer = desk.post(move(visit), stale, headers=JSON)
    visit.refresh_from_db()
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")
    assert f"{visit.local_time:%H:%M}" == "15:00"
    without = {k: v for k, v in stale.items() if k != "version"}
    assert desk.post(move(visit), without, headers=JSON).status_code == 412


def test_a_time_that_the_clocks_skip_is_told(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    answer = desk.post(move(visit), place(clinic, visit, "2027-03-28T01:30"), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "nonexistent_time")


def test_visits_of_other_sites_are_not_there(
    sign_in: SignIn, clinic: cast.Clinic, visit: Appointment
) -> None:
    stranger = sign_in("reception", cast.site_named("Mayfair"), name="stranger")
    to = place(clinic, visit, f"{DAY}T15:00")
    assert stranger.post(move(visit), to, headers=JSON).status_code == 404
    assert stranger.post(f"{ROOT}book/", wanted(clinic), headers=JSON).status_code == 404


def test_who_only_looks_changes_nothing(
    onlooker: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    told = onlooker.get(f"{ROOT}days/", days(clinic)).json()
    assert told["visits"][0]["movable"] is False
    assert 'id="diary-panel"' not in onlooker.get(ROOT).content.decode()
    for path in (move(visit), f"{ROOT}book/", f"{ROOT}undo/"):
        assert onlooker.post(path, headers=JSON).status_code == 403
    for name in ("patients", "starts", "why"):
        assert onlooker.get(f"{ROOT}{name}/", headers=JSON).status_code == 403


def test_looking_is_by_get_and_changing_by_post(desk: Client, visit: Appointment) -> None:
    for path in (move(visit), f"{ROOT}book/", f"{ROOT}undo/"):
        assert desk.get(path).status_code == 405
    assert desk.post(f"{ROOT}days/").status_code == 405


# ---------------------------------------------------------------- undo


def test_a_booking_is_undone(desk: Client, clinic: cast.Clinic) -> None:
    soon = wanted(clinic, start=f"{cast.day(0)}T11:00")
    token = desk.post(f"{ROOT}book/", soon).json()["undo"]
    answer = desk.post(f"{ROOT}undo/", {"undo": token})
    assert answer.status_code == 200
    undone = Appointment.objects.get()
    assert undone.status == "cancelled"
    today = Period(Kind.CUSTOM, undone.local_date, undone.local_date)
    scope = Scope(today, {clinic.site.pk: clinic.site.zone})
    assert attendance.counted(scope) == {}  # a slip of the hand is no late cancellation


def test_a_move_is_undone_with_all_that_was_held_and_the_patients_yes(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    Appointment.objects.filter(pk=visit.pk).update(confirmed_at=cast.NOW)
    before = sorted(visit.allocations.values_list("resource_id", "start_q", "end_q"))
    to = place(clinic, visit, f"{DAY}T15:00", column=clinic.nurse.pk)
    token = desk.post(move(visit), to).json()["undo"]
    assert desk.post(f"{ROOT}undo/", {"undo": token}).status_code == 200
    visit.refresh_from_db()
    assert f"{visit.local_time:%H:%M}" == "11:00"
    assert visit.confirmed_at is not None
    assert sorted(visit.allocations.values_list("resource_id", "start_q", "end_q")) == before


def test_undo_ends_with_its_seconds_its_owner_and_the_next_step(
    desk: Client, doctor: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    moved = desk.post(move(visit), place(clinic, visit, f"{DAY}T15:00")).json()
    undo = {"undo": moved["undo"]}
    assert doctor.post(f"{ROOT}undo/", undo, headers=JSON).status_code == 400
    assert desk.post(f"{ROOT}undo/", {"undo": "x"}, headers=JSON).status_code == 400
    with time_machine.travel(cast.NOW + timedelta(seconds=40), tick=False):
        late = desk.post(f"{ROOT}undo/", undo, headers=JSON)
        assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
    visit.refresh_from_db()
    doctor.post(move(visit), place(clinic, visit, f"{DAY}T16:00"))
    assert desk.post(f"{ROOT}undo/", undo, headers=JSON).status_code == 412


def test_undo_is_refused_when_the_old_place_is_gone(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    other = cast.patient("Bo", "Ash", consulted=True)
    token = desk.post(move(visit), place(clinic, visit, f"{DAY}T15:00")).json()["undo"]
    taken = wanted(
        clinic, patient=other.pk, treatment=clinic.resurfacing.pk, column=clinic.nurse.pk
    )
    assert desk.post(f"{ROOT}book/", taken).status_code == 201
    answer = desk.post(f"{ROOT}undo/", {"undo": token})
    assert (answer.status_code, answer.json()["refusal"]["reasons"] != []) == (409, True)
    assert Patient.objects.count() == 2


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
