"""What is done from the diary: moved, stretched, cancelled and undone, each by its verb."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from scheduling.models import Appointment, Patient
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.calendar import DAY, JSON, ROOT, days, move, place, wanted
from tests.scheduling.admin.conftest import SignIn


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    return screens.visit(clinic, 1, 11)


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
    assert stranger.post(f"{ROOT}{visit.pk}/cancel/", to, headers=JSON).status_code == 404
    assert stranger.post(f"{ROOT}book/", wanted(clinic), headers=JSON).status_code == 404


def test_who_only_looks_changes_nothing(
    onlooker: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    told = onlooker.get(f"{ROOT}days/", days(clinic)).json()
    assert told["visits"][0]["movable"] is False
    assert 'id="diary-panel"' not in onlooker.get(ROOT).content.decode()
    for path in (move(visit), f"{ROOT}book/", f"{ROOT}undo/", f"{ROOT}{visit.pk}/cancel/"):
        assert onlooker.post(path, headers=JSON).status_code == 403
    for name in ("patients", "starts", "why"):
        assert onlooker.get(f"{ROOT}{name}/", headers=JSON).status_code == 403


def test_looking_is_by_get_and_changing_by_post(desk: Client, visit: Appointment) -> None:
    for path in (move(visit), f"{ROOT}book/", f"{ROOT}undo/", f"{ROOT}{visit.pk}/cancel/"):
        assert desk.get(path).status_code == 405
    assert desk.post(f"{ROOT}days/").status_code == 405


# ---------------------------------------------------------------- cancelling


def test_a_visit_is_cancelled_with_its_reason_and_that_is_undone(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    asked = {"version": visit.version, "reason": "has a cold"}
    told = desk.post(f"{ROOT}{visit.pk}/cancel/", asked).json()
    visit.refresh_from_db()
    assert (visit.status, visit.cancel_reason) == ("cancelled", "has a cold")
    assert told["words"] == "Cancelled: Ada Pine, Laser resurfacing, Tue 5 Jan, 11:00."
    assert desk.get(f"{ROOT}days/", days(clinic)).json()["visits"] == []
    back = desk.post(f"{ROOT}undo/", {"undo": told["undo"]})
    visit.refresh_from_db()
    assert (back.status_code, visit.status, visit.cancel_reason) == (200, "booked", "")


def test_a_stale_or_second_cancelling_changes_nothing(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    stale = {"version": visit.version}
    desk.post(move(visit), place(clinic, visit, f"{DAY}T15:00"))
    for asked in (stale, {}):
        answer = desk.post(f"{ROOT}{visit.pk}/cancel/", asked, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")
    visit.refresh_from_db()
    desk.post(f"{ROOT}{visit.pk}/cancel/", {"version": visit.version})
    again = desk.post(f"{ROOT}{visit.pk}/cancel/", {"version": visit.version + 1}, headers=JSON)
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


# ---------------------------------------------------------------- undo


def test_a_booking_is_undone(desk: Client, clinic: cast.Clinic) -> None:
    token = desk.post(f"{ROOT}book/", wanted(clinic)).json()["undo"]
    answer = desk.post(f"{ROOT}undo/", {"undo": token})
    assert answer.status_code == 200
    assert Appointment.objects.get().status == "cancelled"


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
