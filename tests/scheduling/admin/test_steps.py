from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from scheduling.models import Appointment, Change, Record
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.screens import page, step


def press(client: Client, visit: Appointment, name: str, **facts: object) -> object:
    visit.refresh_from_db()
    return client.post(step(visit, name), {"version": visit.version, **facts})


def status(visit: Appointment) -> str:
    visit.refresh_from_db()
    return visit.status


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    return screens.visit(clinic, 0, 11)


def consent(visit: Appointment) -> None:
    Record.objects.create(
        patient=visit.patient, kind="consent", start=cast.NOW, end=cast.NOW, zone="Europe/London"
    )


def test_page_shows_the_visit_and_its_steps(desk: Client, visit: Appointment) -> None:
    shown = desk.get(page(visit))
    assert shown.status_code == 200
    assert shown.context["facts"].steps == {"arrive", "check-in", "move", "cancel", "confirm"}
    assert "Laser resurfacing" in shown.text
    assert "Skin rests" in shown.text


def test_looking_changes_nothing(desk: Client, visit: Appointment) -> None:
    before = Change.objects.count()
    desk.get(page(visit))
    assert desk.get(step(visit, "cancel")).headers["Location"] == page(visit)
    assert (status(visit), Change.objects.count()) == ("booked", before)


def test_confirm_notes_the_patients_yes(desk: Client, visit: Appointment) -> None:
    press(desk, visit, "confirm")
    visit.refresh_from_db()
    assert visit.confirmed_at == cast.NOW


def test_note_is_kept_and_the_trail_does_not_tell_it(desk: Client, visit: Appointment) -> None:
    press(desk, visit, "annotate", note="brings her sister")
    visit.refresh_from_db()
    assert (visit.note, visit.told_version) == ("brings her sister", 0)
    assert Change.objects.get(verb="annotate").what == {"note": []}


def test_note_on_a_stale_page_keeps_what_was_typed(desk: Client, visit: Appointment) -> None:
    press(desk, visit, "annotate", note="brings her sister")
    late = desk.post(step(visit, "annotate"), {"version": 1, "note": "comes by taxi"})
    assert late.status_code == 409
    assert "comes by taxi" in late.text
    assert "It reads now: brings her sister" in late.text
    visit.refresh_from_db()
    assert visit.note == "brings her sister"


def test_arrive_and_undo(desk: Client, visit: Appointment) -> None:
    press(desk, visit, "arrive")
    assert status(visit) == "arrived"
    press(desk, visit, "reinstate")
    assert status(visit) == "booked"


def test_check_in_without_consent_lists_it_and_offers_to_record_it(
    doctor: Client, visit: Appointment
) -> None:
    answer = press(doctor, visit, "check-in")
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "DES-CONSENT" in [told.reason.code for told in answer.context["refusal"].against]  # type: ignore[attr-defined]
    assert "Record consent now" in answer.text  # type: ignore[attr-defined]
    assert status(visit) == "booked"


def test_reception_is_told_who_takes_consent(desk: Client, visit: Appointment) -> None:
    answer = press(desk, visit, "check-in")
    assert "Ask the clinician" in answer.text  # type: ignore[attr-defined]
    assert press(desk, visit, "consent").status_code == 403  # type: ignore[attr-defined]


def test_consent_recorded_on_the_page_lets_the_patient_through(
    doctor: Client, visit: Appointment
) -> None:
    press(doctor, visit, "consent")
    press(doctor, visit, "check-in")
    assert status(visit) == "checked-in"


def test_complete_records_what_was_done(doctor: Client, visit: Appointment) -> None:
    consent(visit)
    press(doctor, visit, "check-in")
    with time_machine.travel(cast.at(cast.day(0), 12), tick=False):
        press(
            doctor,
            visit,
            "complete",
            procedure="fractional_ablative",
            area="cheeks",
            size="small",
            depth="deep",
            ended="2027-01-04T11:30",
        )
    visit.refresh_from_db()
    assert (visit.status, visit.areas, visit.size, visit.depth) == (
        "fulfilled",
        ["cheeks"],
        "small",
        "deep",
    )
    assert visit.actual_end == cast.at(cast.day(0), 11, 30)


def test_complete_with_a_wrong_field_shows_it_again(doctor: Client, visit: Appointment) -> None:
    consent(visit)
    press(doctor, visit, "check-in")
    answer = press(doctor, visit, "complete", area="tail", size="small")
    assert answer.status_code == 400  # type: ignore[attr-defined]
    assert 'value="small" selected' in answer.text  # type: ignore[attr-defined]
    assert status(visit) == "checked-in"


def test_no_show_waits_for_the_start(desk: Client, visit: Appointment) -> None:
    press(desk, visit, "no-show")
    assert status(visit) == "booked"
    with time_machine.travel(visit.start + timedelta(minutes=20), tick=False):
        press(desk, visit, "no-show")
    assert status(visit) == "noshow"


def test_cancel_keeps_the_reason_and_reinstate_undoes_it(desk: Client, visit: Appointment) -> None:
    press(desk, visit, "cancel", reason="has a cold")
    visit.refresh_from_db()
    assert (visit.status, visit.cancel_reason) == ("cancelled", "has a cold")
    press(desk, visit, "reinstate")
    visit.refresh_from_db()
    assert (visit.status, visit.cancel_reason) == ("booked", "")


def test_reinstate_of_a_taken_place_is_refused_on_the_page(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    press(desk, visit, "cancel")
    other = cast.patient("Bo", "Reed", consulted=True)
    screens.visit(clinic, 0, 11, patient_id=other.pk)
    answer = press(desk, visit, "reinstate")
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "Book it anew" in answer.text  # type: ignore[attr-defined]


def test_stale_page_is_told_kindly_and_changes_nothing(desk: Client, visit: Appointment) -> None:
    old = visit.version
    press(desk, visit, "arrive")
    answer = desk.post(step(visit, "cancel"), {"version": old}, follow=True)
    assert "Somebody else changed this visit a moment ago" in answer.text
    assert status(visit) == "arrived"


@pytest.mark.parametrize("version", ["", "x", "-1"])
def test_step_without_a_version_is_stale(desk: Client, visit: Appointment, version: str) -> None:
    desk.post(step(visit, "cancel"), {"version": version})
    assert status(visit) == "booked"


def test_step_goes_back_to_the_list_it_came_from(desk: Client, visit: Appointment) -> None:
    back = f"{screens.DAY}?date=2027-01-04"
    answer = press(desk, visit, "arrive", next=back)
    assert answer.headers["Location"] == back  # type: ignore[attr-defined]


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_step_never_leads_away_from_the_house(desk: Client, visit: Appointment, away: str) -> None:
    answer = press(desk, visit, "arrive", next=away)
    assert answer.headers["Location"] == page(visit)  # type: ignore[attr-defined]


def test_history_tells_who_did_what(desk: Client, visit: Appointment) -> None:
    press(desk, visit, "arrive")
    lines = desk.get(page(visit)).context["facts"].history
    assert [(line.by, line.did) for line in lines] == [
        ("reception", "marked as arrived"),
        ("Desk", "booked"),
    ]


STEPS = [
    "annotate", "confirm", "arrive", "check-in", "no-show", "cancel", "reinstate", "complete", "consent",
]  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_onlooker_may_look_and_not_touch(onlooker: Client, visit: Appointment, name: str) -> None:
    assert onlooker.get(page(visit)).status_code == 200
    assert press(onlooker, visit, name).status_code == 403  # type: ignore[attr-defined]
    assert status(visit) == "booked"


@pytest.mark.parametrize("name", STEPS)
def test_staff_of_another_site_find_no_such_visit(
    sign_in: SignIn, visit: Appointment, name: str
) -> None:
    stranger = sign_in("clinician", cast.site_named("Elsewhere"), name="stranger")
    assert stranger.get(page(visit)).status_code == 404
    assert press(stranger, visit, name).status_code == 404  # type: ignore[attr-defined]
    assert status(visit) == "booked"


def test_unknown_step_is_not_found(desk: Client, visit: Appointment) -> None:
    assert press(desk, visit, "explode").status_code == 404  # type: ignore[attr-defined]


def test_complete_without_its_fields_keeps_what_was_booked(
    doctor: Client, visit: Appointment
) -> None:
    consent(visit)
    press(doctor, visit, "check-in")
    press(doctor, visit, "complete")
    visit.refresh_from_db()
    assert (visit.status, visit.areas, visit.size, visit.depth) == (
        "fulfilled",
        ["face"],
        "face",
        "superficial",
    )


def test_patch_test_is_completed_with_its_result(doctor: Client, clinic: cast.Clinic) -> None:
    patch = cast.treatment(
        "Patch test",
        "patch_test",
        (10, 15, 20),
        {"consults": clinic.doctor.capabilities.select_related("skill")[0].skill},
        consults=(0, 0),
    )
    visit = screens.visit(clinic, 0, 9, patch)
    press(doctor, visit, "check-in")
    with time_machine.travel(cast.at(cast.day(0), 10), tick=False):
        press(doctor, visit, "complete", result="reaction", tested="ipl")
    made = Record.objects.get(kind="patch_test")
    assert (made.result, made.procedure, made.appointment) == ("reaction", "ipl", visit)


@pytest.mark.parametrize("where", ["change", "move", "step/arrive", "step/cancel"])
def test_ids_beyond_any_row_are_not_found(desk: Client, clinic: cast.Clinic, where: str) -> None:
    address = f"/admin/scheduling/appointment/{'9' * 40}/{where}/"
    assert desk.post(address, {"version": "1"}).status_code == 404
    assert desk.get(address).status_code == 404


@pytest.mark.parametrize("ended", ["yesterday", "2027-01-04T23:59", "0001-01-01T00:00"])
def test_ends_without_sense_are_told(doctor: Client, visit: Appointment, ended: str) -> None:
    consent(visit)
    press(doctor, visit, "check-in")
    with time_machine.travel(cast.at(cast.day(0), 12), tick=False):
        answer = press(doctor, visit, "complete", ended=ended)
    assert answer.status_code in {302, 400}  # type: ignore[attr-defined]
    assert status(visit) == "checked-in"


def test_page_names_what_is_missing_before_anybody_checks_in(
    doctor: Client, visit: Appointment
) -> None:
    assert doctor.get(page(visit)).context["facts"].missing == ("signed consent",)
    press(doctor, visit, "consent")
    assert doctor.get(page(visit)).context["facts"].missing == ()


def tanned(visit: Appointment) -> None:
    consent(visit)
    Record.objects.create(patient=visit.patient, kind="fake_tan", start_date=cast.day(-2))


def test_clinician_checks_in_against_a_refusal_with_a_reason(
    doctor: Client, visit: Appointment
) -> None:
    tanned(visit)
    refused = press(doctor, visit, "check-in")
    codes = refused.context["refusal"].codes  # type: ignore[attr-defined]
    assert codes == ["LIT-FAKE-TAN"]
    press(doctor, visit, "check-in", override="washed off, skin seen", code=codes)
    assert status(visit) == "checked-in"
    given = visit.overrides.get()
    assert (given.code, given.reason, given.by_name) == (
        "LIT-FAKE-TAN",
        "washed off, skin seen",
        "clinician",
    )
    assert "washed off, skin seen" in doctor.get(page(visit)).text


def test_reception_does_not_check_in_against_a_refusal(desk: Client, visit: Appointment) -> None:
    tanned(visit)
    assert 'name="override"' not in press(desk, visit, "check-in").text  # type: ignore[attr-defined]
    press(desk, visit, "check-in", override="please", code=["LIT-FAKE-TAN"])
    assert status(visit) == "booked"
