"""A visit that was taken in before, and of which the file now says otherwise, follows the file."""

from datetime import timedelta

import pytest

from notifications.models import Message
from scheduling import booking
from scheduling.models import Appointment, Todo
from tests import cast
from tests.scheduling.transfer.moving import BY, looked_over, sentences, taken_in, verdicts

pytestmark = pytest.mark.django_db

HEAD = "external_id,patient,site,treatment,date,time,status,areas,size,depth,practitioner,note\n"
PEOPLE = "external_id,given_name,family_name,birth_date,fitzpatrick,phone,email\n"
BO = "P2,Bo,Elm,1990-01-02,2,+447700900124,bo@example.org\n"
CY = "P3,Cy,Fir,1991-01-02,2,+447700900125,cy@example.org\n"
LATER = cast.NOW + timedelta(hours=1)
"""When the second file comes."""


def line(day: str, clock: str, status: str = "", *, of: str = "V1 P2", **said: str) -> str:
    """Spell one filler: whose, when, and how it stands."""
    external, who = of.split()
    area, note = said.get("area", "face"), said.get("note", "")
    name = said.get("practitioner", "")
    return f"{external},{who},Harley House,Filler,{day},{clock},{status},{area},face,superficial,{name},{note}\n"


@pytest.fixture
def visit() -> Appointment:
    """Take a filler of Bo's in, on 1 March at ten."""
    cast.build()
    taken_in("patients", PEOPLE + BO + CY)
    taken_in("visits", HEAD + line("2027-03-01", "10:00"))
    return Appointment.objects.get()


def follows(text: str) -> tuple[str, str]:
    """Take a file in an hour later; answer the last row's verdict and sentence."""
    intake = taken_in("visits", HEAD + text, LATER)
    return verdicts(intake)[-1], sentences(intake)[-1]


def test_it_is_moved_as_the_dry_run_said_and_the_patient_is_told(visit: Appointment) -> None:
    text = line("2027-03-02", "11:30")
    shown = looked_over("visits", HEAD + text, LATER)
    what = "Moves from Mon 1 Mar 2027, 10:00 to Tue 2 Mar 2027, 11:30; the patient is told."
    assert (verdicts(shown), sentences(shown)) == (["changed"], [what])
    assert Appointment.objects.get().start == visit.start
    assert follows(text) == ("changed", what)
    moved = Appointment.objects.get()
    assert (moved.start, moved.pk) == (cast.at(cast.day(57), 11, 30), visit.pk)
    assert Message.objects.filter(kind="changed", open=True).exists()
    assert follows(text) == ("same", "")


def test_what_a_rule_refuses_stays_and_is_on_the_work_list(visit: Appointment) -> None:
    text = line("2027-03-02", "17:45")
    verdict, sentence = follows(text)
    assert verdict == "flagged"
    assert (
        "stays as it is. The file moves it to Tue 2 Mar 2027, 17:45, which is refused:" in sentence
    )
    assert "The earliest that works: Wed 3 Mar 2027, 09:00." in sentence
    todo = Todo.objects.get()
    assert (todo.kind, todo.appointment_id) == ("imported-visit-not-moved", visit.pk)
    assert "date 2027-03-02; time 17:45" in todo.text
    assert Appointment.objects.get().start == visit.start
    assert follows(text)[0] == "same"
    assert Todo.objects.count() == 1


def test_a_day_that_was_shifted_goes_along_whole_though_each_stands_where_the_next_goes(
    visit: Appointment,
) -> None:
    clocks = ["10:00", "10:30", "11:00", "11:30"]
    people = ["P2", "P3", "P2", "P3"]
    of = [f"V{n} {who}" for n, who in enumerate(people, 1)]
    day = "".join(line("2027-03-01", at, of=each) for at, each in zip(clocks, of, strict=True))
    taken_in("visits", HEAD + day)
    shifted = "".join(
        line("2027-03-01", at, of=each) for at, each in zip([*clocks[1:], "12:00"], of, strict=True)
    )
    intake = taken_in("visits", HEAD + shifted, LATER)
    assert verdicts(intake) == ["changed"] * 4
    at = Appointment.objects.order_by("start").values_list("local_time", flat=True)
    assert [f"{each:%H:%M}" for each in at] == ["10:30", "11:00", "11:30", "12:00"]


def test_a_place_that_stays_taken_is_flagged(visit: Appointment) -> None:
    other = line("2027-03-01", "11:00", of="V2 P3")
    taken_in("visits", HEAD + other)
    verdict, sentence = follows(other + line("2027-03-01", "11:00"))
    assert verdict == "flagged"
    assert "which is refused" in sentence
    assert Appointment.objects.get(pk=visit.pk).start == visit.start


def test_cancelled_there_it_is_cancelled_here(visit: Appointment) -> None:
    verdict, sentence = follows(line("2027-03-01", "10:00", "cancelled"))
    assert (verdict, sentence) == (
        "changed",
        "Cancels the visit on Mon 1 Mar 2027, 10:00 (Filler); the patient is told.",
    )
    visit.refresh_from_db()
    assert (visit.status, visit.allocations.filter(active=True).count()) == ("cancelled", 0)


@pytest.mark.parametrize("status", ["fulfilled", "noshow", "cancelled"])
def test_how_it_ended_there_is_noted_and_nobody_is_told(visit: Appointment, status: str) -> None:
    before = Message.objects.count()
    after = visit.end + timedelta(days=1)
    intake = taken_in("visits", HEAD + line("2027-03-01", "10:00", status), after)
    assert (verdicts(intake), sentences(intake)) == (
        ["changed"],
        [f"The visit on Mon 1 Mar 2027, 10:00 (Filler) is noted as {status}."],
    )
    visit.refresh_from_db()
    assert (visit.status, Message.objects.count()) == (status, before)


def test_what_was_moved_here_meanwhile_is_not_moved_back(visit: Appointment) -> None:
    to = cast.at(cast.day(60), 12)
    between = cast.NOW + timedelta(minutes=5)
    booking.move(appointment_id=visit.pk, to=to, version=None, by=BY, now=between)
    verdict, sentence = follows(line("2027-03-02", "11:30"))
    assert verdict == "flagged"
    assert "It was changed here on 4 Jan 2027, 08:05 UTC by Desk (move)." in sentence
    assert (Appointment.objects.get().start, Todo.objects.get().kind) == (
        to,
        "imported-visit-differs",
    )


def test_moved_here_and_there_to_the_same_time_nothing_is_left_to_do(visit: Appointment) -> None:
    to = cast.at(cast.day(57), 11, 30)
    between = cast.NOW + timedelta(minutes=5)
    booking.move(appointment_id=visit.pk, to=to, version=None, by=BY, now=between)
    assert follows(line("2027-03-02", "11:30")) == ("changed", "Changed: nothing here.")
    assert Todo.objects.count() == 0


def test_cancelled_here_it_does_not_come_back(visit: Appointment) -> None:
    between = cast.NOW + timedelta(minutes=5)
    booking.cancel(appointment_id=visit.pk, version=None, by=BY, now=between)
    verdict, sentence = follows(line("2027-03-02", "11:30"))
    assert verdict == "flagged"
    assert "(cancel). The file says “booked”." in sentence
    assert Appointment.objects.get().status == "cancelled"


def test_a_note_follows_and_another_area_or_patient_is_for_a_person(visit: Appointment) -> None:
    assert follows(line("2027-03-01", "10:00", note="Rings first.")) == (
        "changed",
        "Changed: note.",
    )
    verdict, sentence = follows(line("2027-03-01", "10:00", area="neck", note="Rings first."))
    assert verdict == "flagged"
    assert "The file now says otherwise: areas." in sentence
    assert "another patient" in follows(line("2027-03-01", "10:00", of="V1 P3"))[1]
    visit.refresh_from_db()
    assert (visit.note, visit.areas, Todo.objects.count()) == ("Rings first.", ["face"], 2)


def test_one_that_could_not_be_held_comes_in_when_the_file_says_another_time(
    visit: Appointment,
) -> None:
    assert follows(line("2027-03-01", "10:00", of="V2 P3"))[0] == "flagged"
    assert follows(line("2027-03-01", "11:00", of="V2 P3")) == ("new", "")
    assert Todo.objects.get(kind="imported-visit-not-placed").done_at is not None
    assert Appointment.objects.count() == 2
