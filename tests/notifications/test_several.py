"""One change of several visits is written as one message by each channel, and leaves as one."""

import email
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default as default_policy
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from clinic.embedded import free_port
from notifications.models import Mention, Message
from notifications.providers.smtp import Smtp
from scheduling import booking, diary
from scheduling.booking.ask import wish_of
from scheduling.models import Appointment, Patient
from tests import cast as people
from tests.notifications import stage
from tests.notifications.courses import (
    DAY,
    WEEKS_4,
    booked,
    cancel,
    course,
    dates,
    opened,
    sent,
    shift,
    tell,
)
from tests.notifications.stage import DAYS_14, NOW, Carrier, House
from tests.plans import stage as plans

pytestmark = pytest.mark.django_db


def test_several_visits_are_told_at_once_and_reminded_one_by_one() -> None:
    visits = booked(stage.house())
    said = sent()
    first, second, third = (stage.states(v) for v in visits)
    reminders = {
        "0:reminder:7d:email": "pending",
        "0:reminder:48h:sms": "pending",
        "0:reminder:3h:sms": "pending",
    }
    assert (second, third) == (reminders, reminders)
    assert first == reminders | {
        "0:several:now:email": "accepted",
        "0:several:now:sms": "accepted",
    }
    assert dates(said["email"]) == [
        "Monday 18 January 2027, 13:00",
        "Monday 15 February 2027, 13:00",
        "Monday 15 March 2027, 13:00",
    ]
    assert said["sms"].text.startswith(
        "Harley House: 3 visits booked or changed, the first now Mon 18 Jan, 13:00. "
    )
    assert opened(said["sms"]) == opened(said["email"]) == visits[0].pk


def test_real_verbs_tell_of_visits_booked_together_once() -> None:
    clinic = people.build()
    asks = [booking.Ask(wish=clinic.wish(), start=people.at(people.day(n), 11)) for n in (1, 60)]
    booking.book_many(asks=asks, by=people.reception(), now=people.NOW)
    news = Message.objects.filter(offset="now").values_list("kind", "channel")
    assert sorted(news) == [("several", "email"), ("several", "sms")]
    assert Mention.objects.count() == 4


def test_a_course_that_is_arranged_anew_is_told_once_with_what_was() -> None:
    """By booking's own verb: two visits move, a hold is booked, and all of it is one change."""
    clinic = people.build()
    wish, by = clinic.wish(clinic.review), people.reception()
    asks = [booking.Ask(wish=wish, start=people.at(people.day(n), 11)) for n in (1, 30)]
    moved = [b.appointment for b in booking.book_many(asks=asks, by=by, now=people.NOW)]
    sent(people.NOW)
    late = people.at(people.day(60), 11)
    kept = booking.hold(wish=wish, start=late, by=by, now=people.NOW).appointment
    going = [_placing(visit, timedelta(days=1)) for visit in moved]
    booking.arrange(placings=[*going, _placing(kept)], by=by, now=people.NOW)
    said = sent(people.NOW)
    assert [("(was" in date) for date in dates(said["email"])] == [True, True, False]
    assert said["sms"].text.startswith(f"{clinic.site.name}: 3 visits booked or changed, ")
    reminded = Message.objects.filter(kind="reminder", state="pending")
    assert reminded.values("appointment").distinct().count() == 3


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_a_course_that_is_accepted_is_one_message_with_all_its_dates(language: str) -> None:
    """By the verbs of plans: no session gets a “booked” message of its own."""
    clinic = people.build()
    Patient.objects.filter(pk=clinic.patient.pk).update(language=language)
    plan = plans.booked(plans.plan(clinic, plans.scars(clinic, 3)))
    said = sent(people.NOW)
    visits = Appointment.objects.filter(series=plan.series).order_by("start")
    assert {x.kind for x in said.values()} == {"several"}
    assert len(dates(said["email"])) == visits.count() == 4
    assert opened(said["sms"]) == opened(said["email"]) == visits[0].pk
    assert Message.objects.filter(offset="now").count() == len(said) == 2


def _placing(visit: Appointment, by: timedelta = timedelta()) -> booking.Placing:
    wish = wish_of(visit)
    choice = diary.choose(wish=wish, start=visit.start + by, now=people.NOW)
    return booking.Placing(wish=wish, start=visit.start + by, held=choice.held)


def test_a_hold_that_is_booked_among_others_is_told_with_them() -> None:
    at = stage.house()
    held = stage.visit(at, status="pending", expires_at=NOW + timedelta(minutes=10))
    held.status, held.expires_at, held.told_version = "booked", None, 1
    held.save()
    tell([held, stage.visit(at, DAYS_14 + DAY)])
    assert dates(sent()["email"]) == [
        "Monday 18 January 2027, 13:00",
        "Tuesday 19 January 2027, 13:00",
    ]


def test_one_visit_arranged_alone_is_told_as_ever() -> None:
    at = stage.house(phone="")
    (visit,) = course(at, 1)
    tell([visit])
    assert sent()["email"].subject.startswith("Your visit to Harley House: Mon 18 Jan")
    tell([shift(visit)])
    assert sent()["email"].subject.startswith("Your visit has a new time: Tue 19 Jan")


def test_each_patient_of_one_change_is_told_of_their_own() -> None:
    at = stage.house(phone="")
    other = House(at.site, at.treatment, people.patient("Bo", "Ash", phone=""))
    tell([*course(at, 2), stage.visit(other, DAYS_14 + DAY)])
    carrier = Carrier()
    stage.sweep(carrier)
    assert sorted((x.to, x.kind) for x in carrier.sent) == [
        ("ada@example.org", "several"),
        ("bo@example.org", "booked"),
    ]


def test_several_cost_no_more_statements_than_two_more() -> None:
    visits = course(stage.house(), 8)
    with CaptureQueriesContext(connection) as queries:
        tell(visits, "book")
    assert len(queries) == 3
    visits = [shift(v) for v in visits]
    with CaptureQueriesContext(connection) as queries:
        tell(visits)
    assert len(queries) == 5


def test_the_same_change_told_twice_is_written_once() -> None:
    visits = booked(stage.house())
    tell(visits, "book")
    tell(visits[1:], "book")
    assert set(sent()) == {"email", "sms"}
    assert Mention.objects.count() == 6
    # the second change told of nothing that the first had not told
    assert stage.states(visits[1])["0:several:now:email"] == "superseded"


def test_the_database_refuses_to_mention_a_version_twice() -> None:
    booked(stage.house())
    row = Mention.objects.earliest("pk")
    row.pk = None
    with pytest.raises(IntegrityError, match="visit_mentioned_once"):
        row.save()


def test_they_roll_back_with_the_booking() -> None:
    at = stage.house()
    with transaction.atomic():
        booked(at)
        transaction.set_rollback(True)
    assert (Message.objects.count(), Mention.objects.count()) == (0, 0)


# ---------------------------------------------------------------- what was told before


def test_a_moved_visit_says_when_it_was() -> None:
    visits = booked(stage.house(phone=""))
    sent()
    new = stage.visit(
        House(visits[0].site, visits[0].treatment, visits[0].patient), DAYS_14 + 2 * DAY
    )
    tell([shift(visits[1]), shift(visits[0]), new])
    assert dates(sent()["email"]) == [
        "Tuesday 19 January 2027, 13:00 (was Mon 18 Jan, 13:00)",
        "Wednesday 20 January 2027, 13:00",
        "Tuesday 16 February 2027, 13:00 (was Mon 15 Feb, 13:00)",
    ]


def test_what_was_is_the_time_to_be_there_as_it_was_told_alone() -> None:
    at = stage.house(phone="")
    alone = stage.booked(at)
    sent()
    alone.prep_minutes = 0
    tell([shift(alone), stage.visit(at, DAYS_14 + WEEKS_4)])
    assert dates(sent()["email"])[0] == "Tuesday 19 January 2027, 14:00 (was Mon 18 Jan, 13:00)"


def test_what_never_left_is_not_what_was() -> None:
    visits = booked(stage.house(phone=""))
    tell([shift(v) for v in visits])
    assert [d for d in dates(sent()["email"]) if "was" in d] == []


def test_a_visit_that_comes_back_does_not_say_when_it_was() -> None:
    at = stage.house(phone="")
    visits = booked(at, 2)
    sent()
    tell([cancel(v) for v in visits])
    assert sent()["email"].subject == "Cancelled: 2 of your visits to Harley House"
    for visit in visits:
        visit.status = "booked"
    tell([shift(v) for v in visits])
    assert [d for d in dates(sent()["email"]) if "was" in d] == []


def test_a_length_alone_changes_no_time() -> None:
    visits = booked(stage.house(phone=""), 2)
    sent()
    tell([shift(v, timedelta()) for v in visits])
    assert dates(sent()["email"])[0] == "Monday 18 January 2027, 13:00"


# ---------------------------------------------------------------- cancelled among them


def test_a_cancelled_visit_is_listed_and_never_leads() -> None:
    visits = booked(stage.house())
    sent()
    tell([cancel(visits[0]), shift(visits[1]), shift(visits[2])])
    said = sent()
    assert dates(said["email"])[0] == "Cancelled: Monday 18 January 2027, 13:00"
    assert "the first now Tue 16 Feb, 13:00" in said["sms"].text
    assert opened(said["sms"]) == visits[1].pk
    assert [a.method for a in said["email"].attachments] == ["CANCEL", "REQUEST", "REQUEST"]
    assert {k: v for k, v in stage.states(visits[0]).items() if k.startswith("1:")} == {}


def test_when_only_cancelled_ones_are_left_nothing_says_to_come() -> None:
    at = stage.house()
    visits = booked(at)
    sent()
    tell([cancel(visits[0]), cancel(visits[1]), shift(visits[2])])
    shift(visits[2])
    said = sent()
    assert said["email"].subject == "Cancelled: 2 of your visits to Harley House"
    assert said["sms"].text.startswith("Harley House: 2 of your visits are cancelled, the first ")
    assert [a.method for a in said["email"].attachments] == ["CANCEL", "CANCEL"]


# ---------------------------------------------------------------- on the wire


class Mailbox:
    """Keeps each letter as it arrives (aiosmtpd's handler)."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.letters.append(envelope.content)
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    door = Controller(box, hostname="127.0.0.1", port=port)
    door.start()
    yield box, port
    door.stop()


def test_one_letter_arrives_with_an_entry_a_visit(
    mailbox: tuple[Mailbox, int], settings: Any
) -> None:
    box, settings.EMAIL_PORT = mailbox
    settings.EMAIL_HOST = "127.0.0.1"
    visits = booked(stage.house(phone=""))
    stage.sweep(Smtp(sender="clinic@fallow.example"))
    tell([shift(visits[0]), cancel(visits[1]), visits[2]])
    stage.sweep(Smtp(sender="clinic@fallow.example"))
    first, second = (email.message_from_bytes(x, policy=default_policy) for x in box.letters)
    assert _entries(first) == [("REQUEST", str(v.uid), 0) for v in visits]
    # the third is as it was told
    assert _entries(second) == [
        ("REQUEST", str(visits[0].uid), 1),
        ("CANCEL", str(visits[1].uid), 1),
    ]


def _entries(letter: Any) -> list[tuple[str, str, int]]:
    """Read a letter's attachments as a calendar does: each part is one object of one visit."""
    found = []
    for part in cast("EmailMessage", letter).iter_attachments():
        calendar = Calendar.from_ical(part.get_content())
        (event,) = calendar.walk("VEVENT")
        assert part["Content-Type"].params["method"] == calendar["METHOD"]
        assert part.get_filename() == f"visit-{event.decoded('DTSTART'):%Y-%m-%d-%H%M}.ics"
        uid = str(event["UID"]).removesuffix("@visits.fallow")
        found.append((str(calendar["METHOD"]), uid, int(event["SEQUENCE"])))
    return found
