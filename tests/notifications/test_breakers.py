"""A closed door: nobody loses an attempt to it, one message tries it, all processes know."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications import breakers
from notifications.core.resting import Trouble
from notifications.models import Breaker, Message, Pace
from notifications.providers import OutcomeUnknown, ProviderDown, SendFailed
from scheduling.core.words import Actor
from scheduling.errors import NotFound, WrongState
from scheduling.models import Change, Site
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier, House

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def several(count: int, at: House | None = None) -> House:
    """Write so many visits, each with one e-mail that is due."""
    at = at or stage.house(phone="")
    for hours in range(count):
        stage.booked(at, DAYS_14 + timedelta(hours=hours))
    return at


def closed(trouble: Trouble = Trouble.ACCOUNT, **more: object) -> ProviderDown:
    return ProviderDown("closed", provider_code="20003", trouble=trouble, **more)  # type: ignore[arg-type]


def standing() -> list[tuple[str, int]]:
    rows = Message.objects.filter(kind="booked").order_by("pk")
    return list(rows.values_list("state", "attempts"))


def test_an_account_that_is_refused_costs_one_attempt_and_holds_the_rest() -> None:
    several(5)
    carrier = Carrier(errors=[closed()])
    for minutes in range(5):
        stage.sweep(carrier, NOW + minutes * MINUTE)
    assert standing() == [("pending", 1)] + 4 * [("pending", 0)]
    row = Breaker.objects.get()
    assert (row.channel, row.site, row.provider, row.trouble, row.code) == (
        "email", None, "fake", "account", "20003",
    )  # fmt: skip
    assert (row.since, row.until) == (NOW, NOW + 5 * MINUTE)


def test_one_message_tries_the_door_and_opens_it_for_all() -> None:
    several(5)
    carrier = Carrier(errors=[closed(), closed()])
    stage.sweep(carrier)
    stage.sweep(carrier, NOW + 5 * MINUTE)
    assert sum(attempts for _, attempts in standing()) == 2
    assert Breaker.objects.get().until == NOW + 15 * MINUTE
    stage.sweep(carrier, NOW + 14 * MINUTE)
    assert carrier.sent == []
    stage.sweep(carrier, NOW + 15 * MINUTE)
    assert {state for state, _ in standing()} == {"accepted"}
    row = Breaker.objects.get()
    assert (row.since, row.trips, row.ended_at) == (None, 0, NOW + 15 * MINUTE)
    trailed = Change.objects.filter(subject="breaker").order_by("pk")
    assert list(trailed.values_list("verb", flat=True)) == ["rest", "work_again"]


def test_a_refused_recipient_shows_that_the_door_is_open() -> None:
    several(3)
    carrier = Carrier(errors=[closed(), SendFailed("no such user", permanent=True)])
    stage.sweep(carrier)
    stage.sweep(carrier, NOW + 5 * MINUTE)
    assert len(carrier.sent) == 2
    assert Breaker.objects.get().since is None


def test_the_other_channel_goes_on() -> None:
    at = stage.house()
    stage.booked(at)
    stage.sweep(Carrier(errors=[closed()]))
    made = stage.booked(at, DAYS_14 + timedelta(hours=1))
    stage.sweep(Carrier(), NOW + MINUTE)
    assert stage.states(made)["0:booked:now:email"] == "pending"
    assert stage.states(made)["0:booked:now:sms"] == "accepted"


def test_the_trouble_of_one_sites_own_number_holds_that_site_only() -> None:
    at = several(2)
    other = Site.objects.create(name="Mill Lane", zone="Europe/London", country="GB")
    elsewhere = House(other, at.treatment, cast.patient("Bo", "Ash", phone=""))
    carrier = Carrier(errors=[closed(Trouble.SENDER)])
    stage.sweep(carrier)
    assert Breaker.objects.get().site == at.site
    made = stage.booked(elsewhere, DAYS_14 + timedelta(days=1))
    stage.sweep(carrier, NOW + MINUTE)
    assert stage.states(made)["0:booked:now:email"] == "accepted"
    assert {state for state, _ in standing()[:2]} == {"pending"}
    stage.sweep(carrier, NOW + 5 * MINUTE)
    assert {state for state, _ in standing()} == {"accepted"}


def test_too_many_requests_rests_as_long_as_the_provider_asks() -> None:
    several(3)
    carrier = Carrier(errors=[closed(Trouble.PACE, retry_after=timedelta(seconds=90))])
    stage.sweep(carrier)
    stage.sweep(carrier, NOW + timedelta(seconds=89))
    assert carrier.sent == []
    stage.sweep(carrier, NOW + timedelta(seconds=90))
    assert len(carrier.sent) == 3


def test_three_unclear_answers_in_a_row_are_a_closed_door() -> None:
    several(6)
    carrier = Carrier(errors=[OutcomeUnknown("HTTP 500") for _ in range(6)])
    stage.sweep(carrier)
    assert [state for state, _ in standing()].count("unknown") == 3
    assert Breaker.objects.get().trouble == "silent"
    stage.sweep(carrier, NOW + MINUTE)
    assert [state for state, _ in standing()].count("unknown") == 4
    assert Breaker.objects.get().trips == 2


def test_unclear_answers_with_a_clear_one_between_are_none() -> None:
    several(5)
    doubt = OutcomeUnknown("HTTP 500")
    stage.sweep(Carrier(errors=[doubt, doubt, None, doubt, doubt]))
    assert Breaker.objects.count() == 0


def test_processes_that_meet_the_same_door_count_once() -> None:
    several(1)
    failure = breakers.Failure(
        channel=stage.Channel.EMAIL, site_id=1, provider="fake", error=closed()
    )
    for seconds in range(5):
        breakers.trip(failure, now=NOW + timedelta(seconds=seconds))
    row = Breaker.objects.get()
    assert (row.trips, row.until) == (1, NOW + timedelta(minutes=5, seconds=4))


def test_a_try_is_taken_by_one_process() -> None:
    several(2)
    stage.sweep(Carrier(errors=[closed()]))
    later = NOW + 5 * MINUTE
    assert len(breakers.take_tries(now=later)) == 1
    assert breakers.take_tries(now=later) == []


def test_a_try_without_a_message_waits_for_one() -> None:
    at = several(1)
    stage.sweep(Carrier(errors=[closed()]))
    Message.objects.all().delete()
    stage.sweep(Carrier(), NOW + 10 * MINUTE)
    assert Breaker.objects.get().since == NOW
    stage.booked(at, DAYS_14 + timedelta(days=1))
    carrier = Carrier()
    stage.sweep(carrier, NOW + 11 * MINUTE)
    assert (len(carrier.sent), Breaker.objects.get().since) == (1, None)


def test_somebody_who_mended_it_may_have_it_tried_at_once() -> None:
    several(2)
    carrier = Carrier(errors=[closed()])
    stage.sweep(carrier)
    row = Breaker.objects.get()
    breakers.try_now(breaker_id=row.pk, by=Actor(name="Kim"), now=NOW + MINUTE)
    stage.sweep(carrier, NOW + MINUTE)
    assert {state for state, _ in standing()} == {"accepted"}
    assert Change.objects.filter(verb="try_now", by="Kim").count() == 1
    with pytest.raises(WrongState):
        breakers.try_now(breaker_id=row.pk, by=Actor(name="Kim"), now=NOW)
    with pytest.raises(NotFound):
        breakers.try_now(breaker_id=0, by=Actor(name="Kim"), now=NOW)


def test_what_waits_behind_a_closed_door_is_dropped_when_it_is_of_no_use() -> None:
    made = several(1)
    stage.sweep(Carrier(errors=[closed()]))
    Breaker.objects.update(until=DAYS_14 + timedelta(days=9))
    stage.sweep(Carrier(), DAYS_14 + timedelta(hours=1))
    assert stage.states(made.patient.appointments.get())["0:booked:now:email"] == "too_late"


# ---------------------------------------------------------------- after an outage


def test_a_backlog_is_taken_up_at_a_pace(settings: object) -> None:
    settings.CATCH_UP_A_MINUTE = {"email": 4, "sms": 4}  # type: ignore[attr-defined]
    several(10)
    carrier, back = Carrier(), NOW + timedelta(hours=1)
    for seconds in (0, 15, 30, 45):
        stage.sweep(carrier, back + timedelta(seconds=seconds))
    assert len(carrier.sent) == 4
    stage.sweep(carrier, back + MINUTE)
    stage.sweep(carrier, back + 2 * MINUTE)
    assert (len(carrier.sent), Pace.objects.get(channel="email").taken) == (10, 2)


def test_news_of_now_does_not_wait_behind_a_backlog(settings: object) -> None:
    settings.CATCH_UP_A_MINUTE = {"email": 1, "sms": 1}  # type: ignore[attr-defined]
    at = several(5)
    back = NOW + timedelta(hours=1)
    made = stage.visit(at, DAYS_14 + timedelta(days=2))
    stage.outbox.enqueue(appointments=[made], verb="book", now=back)
    stage.sweep(Carrier(), back)
    assert stage.states(made)["0:booked:now:email"] == "accepted"
    assert [state for state, _ in standing()].count("accepted") == 2


def test_what_is_of_no_use_takes_nothing_from_the_pace(settings: object) -> None:
    settings.CATCH_UP_A_MINUTE = {"email": 2, "sms": 2}  # type: ignore[attr-defined]
    several(6)
    late = list(Message.objects.filter(kind="booked").order_by("pk").values_list("pk", flat=True))
    Message.objects.filter(pk__in=late[:4]).update(not_after=NOW)
    stage.sweep(Carrier(), NOW + timedelta(hours=1))
    assert [state for state, _ in standing()] == 4 * ["dropped"] + 2 * ["accepted"]


@pytest.mark.parametrize("offset", [timedelta(seconds=-90), timedelta(days=-1)], ids=str)
def test_a_clock_that_lags_counts_into_the_same_minute(settings: object, offset: timedelta) -> None:
    """A process 90 s behind shares the minute; a clock set back a day begins anew."""
    settings.CATCH_UP_A_MINUTE = {"email": 5, "sms": 5}  # type: ignore[attr-defined]
    for moment in (NOW, NOW + offset):
        with breakers.pace(stage.Channel.EMAIL, most=100, now=moment) as share:
            left, share.taken = share.left, share.left
    assert left == (0 if offset > timedelta(hours=-1) else 5)


def test_an_ordinary_message_costs_no_statement_for_any_of_this() -> None:
    at = stage.house(phone="")

    def cost(day: int, count: int) -> int:
        for hours in range(count):
            stage.booked(at, DAYS_14 + timedelta(days=day, hours=hours))
        with CaptureQueriesContext(connection) as queries:
            stage.sweep(Carrier())
        return len(queries)

    # recover, lease, words, links; marks and settlements do not go through the mapper
    assert (cost(0, 1), cost(1, 3)) == (4, 4)
    assert (Breaker.objects.count(), Pace.objects.count()) == (0, 0)
