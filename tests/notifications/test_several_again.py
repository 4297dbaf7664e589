"""The message about several visits tells of what still stands in the moment when it leaves."""

from datetime import timedelta

import pytest

from notifications import leases
from notifications.providers import Outgoing, SendFailed
from scheduling.models import Appointment, Patient, Todo
from tests.notifications import stage
from tests.notifications.courses import (
    DAY,
    WEEKS_4,
    booked,
    course,
    dates,
    opened,
    sent,
    shift,
    tell,
)
from tests.notifications.stage import DAYS_14, NOW, Carrier

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_visit_that_changes_before_it_leaves_is_left_out(which: int) -> None:
    visits = booked(stage.house(email=""))
    stage.change(visits[which], "move", start=DAYS_14 + timedelta(days=100))
    carrier = Carrier()
    stage.sweep(carrier)
    news = {x.kind: x for x in carrier.sent}
    rest = [v.pk for n, v in enumerate(visits) if n != which]
    assert set(news) == {"several", "changed"}
    assert news["several"].text.startswith("Harley House: 2 visits booked or changed")
    assert opened(news["several"]) == rest[0]
    assert opened(news["changed"]) == visits[which].pk


def test_one_that_is_left_is_told_as_if_it_had_been_alone() -> None:
    visits = booked(stage.house(phone=""))
    for visit in visits[:2]:
        shift(visit)
    said = sent()["email"]
    assert (said.kind, said.calendar_method, said.attachments) == ("booked", "REQUEST", [])
    assert "Please be here on\n\nMonday 15 March 2027, 13:00" in said.text


def test_none_that_is_left_drops_it() -> None:
    visits = booked(stage.house())
    for visit in visits:
        shift(visit)
    assert sent() == {}
    assert stage.states(visits[0])["0:several:now:email"] == "superseded"


def test_a_second_change_of_all_supersedes_the_first() -> None:
    visits = booked(stage.house())
    tell([shift(v) for v in visits])
    assert dates(sent()["email"])[0] == "Tuesday 19 January 2027, 13:00"
    assert stage.states(visits[0])["0:several:now:email"] == "superseded"


def test_after_an_outage_the_visits_to_come_are_told() -> None:
    visits = booked(stage.house(phone=""))
    said = sent(DAYS_14 + DAY)["email"]
    assert dates(said) == ["Monday 15 February 2027, 13:00", "Monday 15 March 2027, 13:00"]
    assert said.not_after == visits[1].start - timedelta(hours=1)


def test_after_the_last_visit_it_is_too_late() -> None:
    visits = booked(stage.house(phone=""))
    assert sent(DAYS_14 + 3 * WEEKS_4) == {}
    assert stage.states(visits[0])["0:several:now:email"] == "too_late"


def test_texts_wait_for_the_morning_and_one_before_it_is_not_among_them() -> None:
    at, night = stage.house(email=""), NOW.replace(hour=22)
    early = stage.visit(at, NOW.replace(hour=7) + DAY, prep_minutes=0)
    tell([early, *course(at, 2)], now=night)
    assert stage.states(early)["0:booked:now:sms"] == "quiet_hours"
    assert sent(night) == {}
    said = sent(NOW + DAY)
    assert said["sms"].text.startswith(
        "Harley House: 2 visits booked or changed, the first now Mon"
    )


def test_an_opted_out_patient_is_not_told() -> None:
    at = stage.house(phone="")
    booked(at)
    Patient.objects.filter(pk=at.patient.pk).update(do_not_contact=True)
    assert sent() == {}


@pytest.mark.parametrize(("bare", "told"), [(False, 3), (True, 4)], ids=["", "control"])
def test_another_visit_that_changes_between_lease_and_mark_is_seen(
    monkeypatch: pytest.MonkeyPatch,
    bare: bool,  # noqa: FBT001 - parametrized
    told: int,
) -> None:
    """The e-mail's call moves the last visit; the control lets the SMS of the same lease go."""
    visits = booked(stage.house(), 4)
    if bare:
        monkeypatch.setattr(leases, "VISITS_STILL", "TRUE")
    carrier = Carrier(during=lambda x: _move_once(visits[3], x))
    stage.sweep(carrier)
    (text,) = (x.text for x in carrier.sent if x.channel == "sms")
    assert text.startswith(f"Harley House: {told} visits")


def test_a_first_visit_that_changes_between_lease_and_mark_leaves_its_link() -> None:
    visits = booked(stage.house())
    carrier = Carrier(during=lambda x: _move_once(visits[0], x))
    stage.sweep(carrier)
    (text,) = (x for x in carrier.sent if x.channel == "sms")
    assert text.text.startswith(
        "Harley House: 2 visits booked or changed, the first now Mon 15 Feb"
    )
    assert opened(text) == visits[1].pk


def _move_once(visit: Appointment, outgoing: Outgoing) -> None:
    if outgoing.channel == "email":
        shift(visit)


def test_a_change_during_the_call_is_followed_by_a_correction() -> None:
    visits = booked(stage.house(phone=""))

    def moved(outgoing: Outgoing) -> None:
        if outgoing.kind == "several":
            stage.change(visits[2], "move")

    carrier = Carrier(during=moved)
    stage.sweep(carrier)
    stage.sweep(carrier)
    assert [x.kind for x in carrier.sent] == ["several", "changed"]


def test_a_refusal_asks_reception_once() -> None:
    booked(stage.house(phone=""))
    stage.sweep(Carrier(errors=[SendFailed("550 no such user", permanent=True)]))
    assert Todo.objects.get().text.startswith(
        "E-mail (several visits) may not have reached the patient: please phone."
    )
