"""Opening hours replaced from a date on: old ones end, nothing is deleted, nobody is forgotten."""

from datetime import date, time

import pytest

from scheduling import booking
from scheduling.errors import Malformed
from scheduling.models import Appointment, Opening, OpeningHours, Todo
from scheduling.transfer import intakes
from tests import cast
from tests.scheduling.transfer.moving import BY, agreed, looked_over, sentences, verdicts
from tests.scheduling.waiting.stage import waits

pytestmark = pytest.mark.django_db

HEAD = "site,resource,weekday,opens,closes\n"
SINCE = date(2027, 3, 1)
"""A Monday, eight weeks from now."""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def week(days: tuple[str, ...] = DAYS, hours: str = "09:00,18:00", who: str = "") -> str:
    """Spell a week of the site, or of somebody there."""
    return HEAD + "".join(f"Harley House,{who},{day},{hours}\n" for day in days)


def replaced(text: str, since: date | None = SINCE) -> tuple[list[str], list[str]]:
    """Take hours in, in place of those that stand; answer the verdicts and what is said."""
    handed = intakes.Handed(
        name="h.csv", content=text.encode(), kind="hours", source="old", since=since
    )
    intake = intakes.receive(handed=handed, by=BY, now=cast.NOW)
    intake = intakes.look_over(intake_id=intake.pk, by=BY, now=cast.NOW)
    assert sorted(OpeningHours.objects.values_list("pk", flat=True)) == STOOD
    intake = intakes.write(intake_id=intake.pk, agreed=agreed(intake), by=BY, now=cast.NOW)
    return verdicts(intake), sentences(intake)


STOOD: list[int] = []


@pytest.fixture
def clinic() -> cast.Clinic:
    """Build the clinic, and note which hours stand."""
    built = cast.build()
    STOOD[:] = sorted(OpeningHours.objects.values_list("pk", flat=True))
    return built


def of_the_house() -> list[tuple[int, time, date | None, date | None]]:
    """List the hours of the site itself."""
    rows = OpeningHours.objects.filter(resource=None).order_by("weekday", "valid_from", "pk")
    return list(rows.values_list("weekday", "closes", "valid_from", "valid_until"))


def test_old_hours_end_the_day_before_and_what_goes_on_stays(clinic: cast.Clinic) -> None:
    text = week(DAYS[1:5]) + "Harley House,,monday,09:00,20:00\n"
    found, said = replaced(text)
    assert found == ["changed", "same", "same", "same", "new"]
    assert said[0] == "Ends on 28 Feb 2027: monday 09:00–18:00; saturday 09:00–18:00."
    eve = date(2027, 2, 28)
    assert of_the_house()[:2] == [(0, time(20), SINCE, None), (0, time(18), None, eve)]
    assert of_the_house()[-1] == (5, time(18), None, eve)
    assert OpeningHours.objects.filter(resource=clinic.doctor, valid_until=None).count() == 6


def test_taken_in_again_it_is_all_the_same(clinic: cast.Clinic) -> None:
    text = week(DAYS[:5], "08:00,20:00")
    replaced(text)
    STOOD[:] = sorted(OpeningHours.objects.values_list("pk", flat=True))
    assert replaced(text)[0] == ["same"] * 5


def test_added_twice_without_a_purpose_they_stand_once(clinic: cast.Clinic) -> None:
    text = HEAD + "Harley House,,sunday,10:00,14:00\n"
    assert replaced(text, None)[0] == ["new"]
    STOOD[:] = sorted(OpeningHours.objects.values_list("pk", flat=True))
    assert replaced(text, None)[0] == ["same"]


def test_hours_of_a_file_are_one_change_to_those_who_wait(clinic: cast.Clinic) -> None:
    """A day whose old hours end and whose new ones begin frees what the new have more, not the day."""
    waits(clinic, clinic.patient)
    assert replaced(week(hours="10:00,18:00", who="Noor Field"), date(2027, 1, 11))[0]
    assert Opening.objects.count() == 0
    STOOD[:] = sorted(OpeningHours.objects.values_list("pk", flat=True))
    assert replaced(week(hours="09:00,18:00", who="Noor Field"), date(2027, 1, 18))[0]
    noted = {(o.start.hour, o.end.hour) for o in Opening.objects.all()}
    assert noted == {(9, 10)}


def test_a_refused_line_leaves_the_whole_place_as_it_was(clinic: cast.Clinic) -> None:
    text = week(DAYS[:2], "08:00,20:00") + "Harley House,,friday,25:00,18:00\n"
    text += "Harley House,Noor Field,monday,08:00,20:00\n"
    found, said = replaced(text)
    assert found == ["refused", "refused", "refused", "changed"]
    assert said[0] == (
        "Another line of the same place is refused; its hours are replaced as a whole."
    )
    assert said[2] == "opens: there is no time “25:00”."
    assert [row[2:] for row in of_the_house()] == [(None, None)] * 6


def test_hours_planned_for_later_are_named_and_not_trodden_on(clinic: cast.Clinic) -> None:
    OpeningHours.objects.filter(resource=None, weekday=0).update(valid_from=date(2027, 4, 1))
    found, said = replaced(week(DAYS[1:]))
    assert set(found) == {"refused"}
    assert said[0].startswith("Planned from 1 Mar 2027 on or later are monday 09:00–18:00: remove")


def test_visits_left_outside_stay_booked_and_are_on_the_work_list_once(clinic: cast.Clinic) -> None:
    for n in (12, 56):  # before and after the new hours hold
        booking.book(
            wish=clinic.wish(clinic.filler), start=cast.at(cast.day(n), 16), by=BY, now=cast.NOW
        )
    found, said = replaced(week(hours="09:00,15:00"))
    assert found == ["flagged", *["new"] * 5]
    assert "1 booked visit is left outside of hours, on the work list: 2027-03-01 16:00" in said[0]
    todo = Todo.objects.get(kind="visit-outside-hours")
    assert (todo.appointment and todo.appointment.local_date, todo.urgent) == (SINCE, True)
    assert Appointment.objects.filter(status="booked").count() == 2
    STOOD[:] = sorted(OpeningHours.objects.values_list("pk", flat=True))
    replaced(week(hours="09:00,14:30"), date(2027, 3, 15))
    assert Todo.objects.filter(kind="visit-outside-hours").count() == 1


@pytest.mark.parametrize(
    ("kind", "since", "sentence"),
    [("patients", SINCE, "only opening hours are replaced"), ("hours", date(2027, 1, 3), "from today on")],
    ids=["patients", "past"],
)  # fmt: skip
def test_only_hours_are_replaced_and_only_ahead(kind: str, since: date, sentence: str) -> None:
    cast.site_named("Harley House")
    text = "external_id,given_name,family_name\nP,A,B\n" if kind == "patients" else week()
    with pytest.raises(Malformed, match=sentence):
        looked_over(kind, text, since=since)  # type: ignore[arg-type]
