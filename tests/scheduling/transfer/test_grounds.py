"""Hours and opt-outs from another system: known by what they are, refused in sentences."""

from datetime import time

import pytest

from notifications.models import OptOut
from scheduling.models import OpeningHours, Resource
from tests import cast
from tests.scheduling.transfer.moving import looked_over, sentences, taken_in, verdicts

pytestmark = pytest.mark.django_db

HEAD = "site,resource,weekday,opens,closes,purpose\n"


@pytest.fixture(autouse=True)
def _site() -> None:
    cast.practitioner("Dr Fir", cast.site_named("Harley House"))


def test_hours_are_new_changed_and_the_same() -> None:
    rows = HEAD + (
        "harley house,Dr Fir,Sunday,9:00,1 pm,\n"
        "Harley House,Dr Fir,monday,09:00,17:00,\n"
        "Harley House,Dr Fir,tuesday,09:00,18:00,\n"
    )
    rows = rows.replace("1 pm", "1:00 pm")
    intake = taken_in("hours", rows)
    assert (verdicts(intake), sentences(intake)) == (
        ["new", "changed", "same"],
        ["", "Changed: closes.", ""],
    )
    sunday = OpeningHours.objects.get(weekday=6)
    assert (sunday.opens, sunday.closes, sunday.purpose) == (time(9), time(13), "open")
    assert verdicts(taken_in("hours", rows)) == ["same"] * 3


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("Harley House,,funday,09:00,17:00,", "weekday: “funday” is none of"),
        ("Harley House,,monday,25:00,17:00,", "opens: there is no time “25:00”."),
        ("Harley House,,monday,9,17:00,", "opens: “9” is no time of day, such as 14:30."),
        ("Harley,,monday,09:00,17:00,", "site: there is none called “Harley” here."),
        (",,monday,09:00,17:00,", "site: this is empty."),
        (
            "Harley House,Dr Oak,monday,09:00,17:00,",
            "resource: there is none called “Dr Oak” here.",
        ),
    ],
    ids=["weekday", "time", "form", "site", "empty", "resource"],
)
def test_hours_that_make_no_sense_are_refused(row: str, sentence: str) -> None:
    intake = looked_over("hours", f"{HEAD}{row}\n")
    assert verdicts(intake) == ["refused"]
    assert sentences(intake)[0].startswith(sentence)


def test_a_room_without_a_site_is_refused_by_the_rule_of_the_database() -> None:
    intake = taken_in("resources", "kind,name,site\nroom,Room 1,Harley House\n")
    assert verdicts(intake) == ["new"]
    intake = looked_over("resources", "kind,name,site\nroom,Room 2,\nroom,Room 3,Harley House\n")
    assert (verdicts(intake), sentences(intake)[0]) == (
        ["refused", "new"],
        "A room or device stands at one site.",
    )
    assert Resource.objects.filter(kind="room").count() == 1


def test_opt_outs_stand_once_with_their_source() -> None:
    text = "channel,address\nsms,07700 900123\nemail,ada@example.org\nfax,1\nemail,ada\n"
    intake = looked_over("opt_outs", text)
    assert verdicts(intake) == ["new", "new", "refused", "refused"]
    taken_in("opt_outs", text)
    assert set(OptOut.objects.values_list("channel", "address", "source")) == {
        ("sms", "+447700900123", "import"),
        ("email", "ada@example.org", "import"),
    }
    assert verdicts(taken_in("opt_outs", text))[:2] == ["same", "same"]
