"""Visits from another system: the past feeds the rules, the future is held, flagged or listed."""

from datetime import timedelta

import pytest

from notifications.models import Message
from scheduling import booking, diary
from scheduling.core.words import Status
from scheduling.models import Allocation, Appointment, Record, Todo
from tests import cast
from tests.scheduling.transfer.moving import BY, looked_over, sentences, taken_in, verdicts

pytestmark = pytest.mark.django_db

HEAD = "external_id,patient,site,treatment,date,time,status,areas,size,depth,practitioner\n"
SHORT = "external_id,patient,site,treatment,date,time"
PEOPLE = "external_id,given_name,family_name,birth_date,fitzpatrick,phone,email\n"
BO = "P2,Bo,Elm,1990-01-02,2,+447700900124,bo@example.org\n"
CONSULTED = "external_id,patient,type,date\nR1,P2,consultation,2026-12-01\n"


def line(external: str, day: str, clock: str, treatment: str = "Filler", **said: str) -> str:
    """Spell one visit of Bo."""
    status, practitioner = said.get("status", ""), said.get("practitioner", "")
    return f"{external},P2,Harley House,{treatment},{day},{clock},{status},face,face,superficial,{practitioner}\n"


@pytest.fixture
def clinic() -> cast.Clinic:
    """Build the clinic, and take Bo in with a consultation."""
    built = cast.build()
    taken_in("patients", PEOPLE + BO)
    taken_in("records", CONSULTED)
    return built


def test_a_visit_to_come_is_held_and_reminds_without_saying_booked(clinic: cast.Clinic) -> None:
    intake = taken_in("visits", HEAD + line("V1", "2027-03-01", "10:00"))
    visit = Appointment.objects.get()
    assert (verdicts(intake), visit.status, visit.allocations.count()) == (["new"], "booked", 1)
    assert set(Message.objects.values_list("kind", "offset")) == {
        ("reminder", "7d"),
        ("reminder", "48h"),
        ("reminder", "3h"),
    }
    assert Todo.objects.count() == 0


def test_a_past_visit_feeds_the_rules_and_tells_nobody(clinic: cast.Clinic) -> None:
    past = line("V1", "2026-12-30", "10:00", "Laser resurfacing", status="fulfilled")
    intake = taken_in("visits", HEAD + past)
    visit = Appointment.objects.get()
    assert (verdicts(intake), visit.status, visit.recovery_least is not None) == (
        ["new"],
        "fulfilled",
        True,
    )
    assert Message.objects.count() == 0
    wish = clinic.wish(patient_id=visit.patient_id)
    at = cast.at(cast.day(3), 11)
    codes = {r.code for r in diary.explain_start(wish=wish, start=at, now=cast.NOW)}
    assert codes == {"LIT-INTERVAL", "SEED-RECOVERY"}


def test_a_visit_against_a_rule_comes_in_held_and_on_the_work_list(clinic: cast.Clinic) -> None:
    done = line("V1", "2026-12-30", "10:00", "Laser resurfacing", status="fulfilled")
    soon = line("V2", "2027-01-06", "11:00", "Laser resurfacing")
    intake = looked_over("visits", HEAD + done + soon)
    assert (verdicts(intake), Appointment.objects.count()) == (["new", "flagged"], 0)
    taken_in("visits", HEAD + done + soon)
    visit = Appointment.objects.get(status="booked")
    todo = Todo.objects.get()
    assert (visit.allocations.filter(active=True).count(), todo.appointment) == (3, visit)
    assert todo.kind == "imported-visit-breaks-rule"
    assert "came in against a rule" in todo.text
    assert "<" in todo.text  # the arithmetic


def test_what_is_taken_becomes_a_work_list_item_that_holds_the_row(clinic: cast.Clinic) -> None:
    start = cast.at(cast.day(56), 10)
    booking.book(wish=clinic.wish(clinic.filler), start=start, by=BY, now=cast.NOW)
    intake = taken_in("visits", HEAD + line("V1", "2027-03-01", "10:00"))
    assert verdicts(intake) == ["flagged"]
    assert (Appointment.objects.count(), Allocation.objects.count()) == (1, 1)
    todo = Todo.objects.get(kind="imported-visit-not-placed")
    assert (todo.urgent, todo.patient.given_name if todo.patient else "") == (True, "Bo")
    assert "date 2027-03-01; time 10:00" in todo.text


def test_two_rows_for_one_place_hold_it_once(clinic: cast.Clinic) -> None:
    taken_in("patients", PEOPLE + "P3,Cy,Fir,1991-01-02,2,,\n")
    other = line("V2", "2027-03-01", "10:00").replace("P2", "P3")
    intake = taken_in("visits", HEAD + line("V1", "2027-03-01", "10:00") + other)
    assert (verdicts(intake), Appointment.objects.count()) == (["new", "flagged"], 1)


def test_repeated_it_is_the_same_and_asks_nobody_twice(clinic: cast.Clinic) -> None:
    start = cast.at(cast.day(56), 10)
    booking.book(wish=clinic.wish(clinic.filler), start=start, by=BY, now=cast.NOW)
    text = HEAD + line("V1", "2027-03-01", "10:00") + line("V2", "2027-03-02", "10:00")
    taken_in("visits", text)
    again = taken_in("visits", text)
    assert (verdicts(again), Todo.objects.count(), Appointment.objects.count()) == (
        ["same", "same"],
        1,
        2,
    )


def test_outside_hours_is_held_with_its_arithmetic(clinic: cast.Clinic) -> None:
    intake = taken_in("visits", HEAD + line("V1", "2027-03-01", "17:45"))
    assert verdicts(intake) == ["flagged"]
    assert "not within" in sentences(intake)[0]
    assert Appointment.objects.get().allocations.count() == 1


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (line("V1", "2027-03-28", "01:30"), "The clocks skip"),
        (line("V1", "2027-10-31", "01:30"), "The clocks show 01:30 on 31 October 2027 twice"),
        (line("V1", "2027-03-01", "10:00", "Botox"), "treatment: there is none called “Botox” here."),
        (line("V1", "2027-03-01", "10:00", practitioner="Dr Who"), "practitioner: there is none called"),
        (line("V1", "2027-03-01", "10:00").replace("P2", "P7"), "nothing with the id “P7” came from “old”"),
        (line("V1", "2027-03-01", "10:00", status="pending"), "status: “pending” is none of"),
    ],
    ids=["skipped", "twice", "treatment", "practitioner", "patient", "status"],
)  # fmt: skip
def test_what_names_nothing_here_is_refused(clinic: cast.Clinic, row: str, sentence: str) -> None:
    intake = looked_over("visits", HEAD + row)
    assert verdicts(intake) == ["refused"]
    assert sentence in sentences(intake)[0]


def test_a_past_visit_that_says_booked_is_flagged(clinic: cast.Clinic) -> None:
    intake = taken_in("visits", HEAD + line("V1", "2026-12-02", "10:00"))
    assert (verdicts(intake), Todo.objects.get().kind) == (
        ["flagged"],
        "imported-visit-still-booked",
    )


def test_a_session_done_elsewhere_counts_as_rest(clinic: cast.Clinic) -> None:
    taken_in(
        "records",
        "external_id,patient,type,date,procedure,areas,depth\n"
        "R9,P2,prior_session,2026-12-30,fractional_ablative,face,superficial\n",
    )
    record = Record.objects.get(kind="prior_session")
    visit = booking.bring_in(
        ask=booking.Ask(
            wish=clinic.wish(patient_id=record.patient_id), start=cast.at(cast.day(3), 11)
        ),
        by=BY,
        now=cast.NOW,
    )
    assert visit.against != ()
    assert visit.appointment is not None
    assert visit.appointment.status == Status.BOOKED


def test_a_record_that_changed_is_withdrawn_and_entered_anew(clinic: cast.Clinic) -> None:
    intake = taken_in("records", CONSULTED.replace("2026-12-01", "2026-12-02"))
    rows = Record.objects.filter(patient__given_name="Bo").order_by("pk")
    assert (verdicts(intake), [row.withdrawn_at is None for row in rows]) == (
        ["changed"],
        [False, True],
    )


def test_nobody_is_told_of_the_past_and_the_reminder_of_soon_is_due_in_time(
    clinic: cast.Clinic,
) -> None:
    taken_in("visits", HEAD + line("V1", "2027-01-07", "10:00"))
    due = Message.objects.order_by("due_at").values_list("due_at", flat=True)
    assert all(at > cast.NOW + timedelta(hours=1) for at in due)


def test_a_room_is_that_of_the_site(clinic: cast.Clinic) -> None:
    cast.place("Room 1", "room", cast.site_named("Mayfair"))
    taken_in(
        "visits", f"{SHORT},room\nV-1,P2,Harley House,Laser resurfacing,2027-02-16,10:30,Room 1\n"
    )
    held = Appointment.objects.get().allocations.filter(resource__kind="room")
    assert [each.resource for each in held] == [clinic.room]
    cast.place("Room 1", "room", clinic.site)
    row = f"{SHORT},room\nV-2,P2,Harley House,Laser resurfacing,2027-03-16,10:30,Room 1\n"
    assert sentences(looked_over("visits", row)) == ["room: more than one is called “Room 1” here."]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("2027-02-16,10:30,fulfilled,", "A visit that is to come is not “fulfilled” yet."),
        ("2027-02-16,10:30,noshow,", "A visit that is to come is not “noshow” yet."),
        ("2026-12-16,10:30,fulfilled,2199-12-16T11:00",
         "A visit ends after its start, and not in the future."),
        ("2026-12-16,10:30,fulfilled,2026-12-16T10:00",
         "A visit ends after its start, and not in the future."),
        ("2027-02-16,10:30,cancelled,", ""),
    ],
    ids=["done", "missed", "ends in the future", "ends before", "cancelled"],
)  # fmt: skip
def test_nothing_is_over_before_its_time(clinic: cast.Clinic, row: str, sentence: str) -> None:
    text = f"{SHORT},status,ended\nV-1,P2,Harley House,Consultation,{row}\n"
    assert sentences(looked_over("visits", text)) == [sentence]
