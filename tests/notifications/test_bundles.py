"""Several visits on one day are reminded of once: of one patient, and of a family on one telephone."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any, Self

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client

from notifications import bundles, kin, mentions, outbox, recovery, rounds
from notifications.models import Message, OptOut
from notifications.providers import OutcomeUnknown, Outgoing, SendFailed
from scheduling import links
from scheduling.models import Appointment, Patient
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier, Clock, House

pytestmark = pytest.mark.django_db

HOURS_2 = timedelta(hours=2)
DUE_48 = DAYS_14 - timedelta(hours=49)
PHONE = "+447700900123"


def day(at: House, count: int = 2, **facts: Any) -> list[Appointment]:
    """Book so many visits of one patient on one day, two hours apart; their news is told."""
    made = [stage.booked(at, DAYS_14 + n * HOURS_2, **facts) for n in range(count)]
    Message.objects.filter(offset="now").delete()
    return made


def family(*names: str, **facts: Any) -> list[Appointment]:
    """Book a visit for each of several people on one telephone and one address."""
    facts = {"phone": PHONE, "email": "pine@example.org"} | facts
    first = stage.house(**facts)
    people = [first.patient, *(cast.patient(name, "Pine", **facts) for name in names)]
    made = [
        stage.booked(House(first.site, first.treatment, who), DAYS_14 + n * HOURS_2)
        for n, who in enumerate(people)
    ]
    Message.objects.filter(offset="now").delete()
    return made


def sent(
    now: datetime, errors: list[Exception | None] | None = None, **more: Any
) -> list[Outgoing]:
    carrier = Carrier(errors=errors or [], **more)
    stage.sweep(carrier, now)
    return carrier.sent


def fates(offset: str = "48h") -> list[str]:
    rows = Message.objects.filter(offset=offset).order_by("appointment__start", "channel", "pk")
    return [r.drop_reason or r.state for r in rows]


def opened(text: str) -> list[int]:
    tokens = re.findall(r"/v/(?!stop/)([\w-]+)/", text)
    found = [links.redeem(token=t, now=NOW).appointment for t in tokens]
    return [v.pk for v in found if v]


# ---------------------------------------------------------------- one patient


def test_two_visits_of_a_day_are_one_sms_at_each_offset() -> None:
    visits = day(stage.house(email=""))
    (first,) = sent(DUE_48)
    assert first.text.startswith("Harley House: see you on Mon 18 Jan: 13:00, 15:00. ")
    assert opened(first.text) == [visits[0].pk]
    assert fates("48h") == ["accepted", "told_together"]
    # nothing is left to be sent when the second one's own time comes
    assert sent(DUE_48 + HOURS_2) == []
    (second,) = sent(visits[0].start - timedelta(hours=4))
    assert "13:00, 15:00" in second.text
    assert sent(visits[1].start - timedelta(hours=4)) == []
    assert fates("3h") == ["accepted", "told_together"]


def test_the_email_has_a_link_for_each_visit() -> None:
    visits = day(stage.house(phone=""), 3)
    (said,) = sent(DAYS_14 - timedelta(days=7, hours=1))
    assert said.subject == "Reminder: Harley House, Mon 18 Jan, 13:00, 15:00, 17:00"
    assert re.findall(r"^\d\. (\d\d:\d\d): http", said.text, re.MULTILINE) == [
        "13:00", "15:00", "17:00",
    ]  # fmt: skip
    assert opened(said.text) == [v.pk for v in visits]
    assert said.html.count('<a href="http') == 4  # and the way out
    assert fates("7d") == ["accepted", "told_together", "told_together"]


def test_visits_on_two_days_are_reminded_of_apart() -> None:
    at = stage.house(email="")
    for n in (0, 1):
        stage.booked(at, DAYS_14 + timedelta(days=n))
    Message.objects.filter(offset="now").delete()
    (said,) = sent(DUE_48)
    assert "Mon 18 Jan, 13:00" in said.text
    assert fates() == ["accepted", "pending"]


def test_a_day_is_the_sites_own_date() -> None:
    """23:30 and 00:30 in London are two dates, though within one in UTC in summer."""
    at, start = stage.house(email=""), datetime.fromisoformat("2027-07-05T22:30:00+00:00")
    for n in (0, 1):
        stage.booked(at, start + timedelta(hours=n), prep_minutes=0)
    Message.objects.filter(offset="now").delete()
    said = sent(start - timedelta(hours=39))
    assert len(said) == 2
    assert fates() == ["accepted", "accepted"]


# ---------------------------------------------------------------- what changes meanwhile


@pytest.mark.parametrize("which", [0, 1])
def test_one_that_was_moved_is_left_out_and_the_other_is_told_alone(which: int) -> None:
    visits = day(stage.house(email=""))
    stage.change(visits[which], "move", start=DAYS_14 + timedelta(days=9))
    Message.objects.filter(offset="now").delete()
    said = sent(DUE_48 + HOURS_2)
    assert len(said) == 1
    assert opened(said[0].text) == [visits[1 - which].pk]
    assert ("13:00", "15:00")[which] not in said[0].text


def test_one_that_changes_between_lease_and_mark_is_left_out() -> None:
    """The call before, of another patient, cancels the second visit of the day."""
    visits = day(stage.house(email="", phone=PHONE))
    other = House(
        visits[0].site,
        visits[0].treatment,
        cast.patient("Bo", "Ash", email="", phone="+447700900456"),
    )
    stage.booked(other, DAYS_14 - timedelta(minutes=5))
    Message.objects.filter(offset="now").delete()

    def cancelled(outgoing: Outgoing) -> None:
        if outgoing.to != PHONE:
            stage.change(visits[1], "cancel", status="cancelled")

    said = sent(DUE_48, during=cancelled)
    assert [x.to == PHONE for x in said] == [False, True]
    assert said[1].text.startswith("Harley House: see you on Mon 18 Jan, 13:00. ")


def _gathered_then_cancelled(monkeypatch: pytest.MonkeyPatch) -> list[Outgoing]:
    visits = day(stage.house(email=""))
    real = bundles.gather

    def gather(letter: Any, **more: Any) -> Any:
        found = real(letter, **more)
        if visits[1].status == "booked":
            stage.change(visits[1], "cancel", status="cancelled")
        return found

    monkeypatch.setattr(bundles, "gather", gather)
    return sent(DUE_48)


def test_one_that_changes_between_gathering_and_mark_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (said,) = _gathered_then_cancelled(monkeypatch)
    assert "15:00" not in said.text


def test_without_the_guard_it_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kin, "STILL", "TRUE")
    (said,) = _gathered_then_cancelled(monkeypatch)
    assert "15:00" in said.text


def test_a_cancellation_during_the_call_is_followed_by_its_news() -> None:
    visits = day(stage.house(email=""))
    told: list[str] = []

    def cancelled(outgoing: Outgoing) -> None:
        if not told:
            told.append(outgoing.text)
            stage.change(visits[1], "cancel", now=DUE_48, status="cancelled")

    carrier = Carrier(during=cancelled)
    stage.sweep(carrier, DUE_48)
    stage.sweep(carrier, DUE_48)
    assert [x.kind for x in carrier.sent] == ["reminder", "cancelled"]


# ---------------------------------------------------------------- what came of the call


def test_what_was_certainly_not_sent_is_told_together_again() -> None:
    day(stage.house(email=""))
    assert sent(DUE_48, [SendFailed("busy", permanent=False)]) == []
    assert fates() == ["pending", "pending"]
    (said,) = sent(DUE_48 + HOURS_2)
    assert "13:00, 15:00" in said.text
    assert sorted(fates()) == ["accepted", "told_together"]


def test_after_a_refusal_the_other_goes_by_itself() -> None:
    day(stage.house(email=""))
    sent(DUE_48, [SendFailed("no", permanent=True)])
    assert fates() == ["rejected", "pending"]


def test_a_doubt_covers_all_of_them() -> None:
    day(stage.house(email=""))
    sent(DUE_48, [OutcomeUnknown("timeout")])
    assert fates() == ["unknown", "told_together"]
    assert sent(DUE_48 + HOURS_2) == []


@pytest.mark.parametrize(
    ("state", "fate"),
    [("claimed", "pending"), ("sending", "told_together")],
)
def test_what_a_dead_sender_held_follows_what_it_did(state: str, fate: str) -> None:
    """Killed before its mark, nothing was sent; killed after it, something may have been."""
    day(stage.house(email=""))
    lead, other = Message.objects.filter(offset="48h").order_by("due_at")
    past = {"token": lead.ref, "leased_until": NOW - timedelta(days=400)}
    Message.objects.filter(pk=lead.pk).update(state=state, **past)
    Message.objects.filter(pk=other.pk).update(state="claimed", told_in=lead, **past)

    recovery.recover(look_up_at=DUE_48, now=DUE_48)
    other.refresh_from_db()
    assert (other.drop_reason or other.state) == fate
    assert (other.told_in_id == lead.pk) == (fate == "told_together")


# ---------------------------------------------------------------- a family on one telephone


def test_a_family_is_told_once_with_names_and_times_and_no_page() -> None:
    visits = family("Ben", "Cy", email="")
    said = sent(DUE_48)
    text = "Harley House: see you on Mon 18 Jan: Ada 13:00, Ben 15:00, Cy 17:00."
    assert [x.text for x in said] == [f"{text} To change a time, ring +442079460000"]
    assert len(visits) == 3


def test_in_the_familys_email_each_link_opens_one_visit_alone(client: Any) -> None:
    import time_machine

    visits = family("Ben")
    (said,) = sent(DAYS_14 - timedelta(days=7, hours=1))
    assert said.text.startswith("Hello,\n")
    assert re.findall(r"^\d\. (\w+), \d\d:\d\d: ", said.text, re.MULTILINE) == ["Ada", "Ben"]
    assert opened(said.text) == [v.pk for v in visits]
    with time_machine.travel(NOW, tick=False):
        for token, name, other in zip(
            re.findall(r"/v/(?!stop/)([\w-]+)/", said.text),
            ("Ada", "Ben"),
            ("Ben", "Ada"),
            strict=True,
        ):
            page = client.get(f"/v/{token}/", follow=True).content.decode()
            assert name in page
            assert other not in page


def test_a_guardians_telephone_is_the_familys() -> None:
    first = stage.house(phone=PHONE, email="")
    ward = cast.patient("Kit", "Pine", phone="", email="", guardian=first.patient)
    for n, who in enumerate((first.patient, ward)):
        stage.booked(House(first.site, first.treatment, who), DAYS_14 + n * HOURS_2)
    Message.objects.filter(offset="now").delete()
    (said,) = sent(DUE_48)
    assert "Ada 13:00, Kit 15:00" in said.text


def test_one_who_wants_nothing_is_left_out() -> None:
    family("Ben", email="")
    Patient.objects.filter(given_name="Ben").update(do_not_contact=True)
    (said,) = sent(DUE_48)
    assert "Ben" not in said.text
    assert "see you on Mon 18 Jan, 13:00" in said.text


def test_an_address_that_wants_nothing_gets_nothing() -> None:
    family("Ben", email="")
    OptOut.objects.create(channel="sms", address=PHONE, at=NOW, source="reply")
    assert sent(DUE_48) == []


def test_strangers_are_told_apart() -> None:
    at = stage.house(email="", phone=PHONE)
    other = House(at.site, at.treatment, cast.patient("Bo", "Ash", email="", phone="+447700900456"))
    for house in (at, other):
        stage.booked(house)
    Message.objects.filter(offset="now").delete()
    assert sorted(x.to for x in sent(DUE_48)) == [PHONE, "+447700900456"]


# ---------------------------------------------------------------- several senders


@dataclass
class Meeting(Carrier):
    """A carrier whose sender waits, with its lease in its hands, until the others have theirs."""

    ready: Barrier = field(default_factory=lambda: Barrier(1))
    met: bool = False

    def __enter__(self) -> Self:
        if not self.met:
            self.met = True
            self.ready.wait(30)
        return self


@pytest.fixture
def _committed(transactional_db: object) -> None:
    with transaction.atomic():
        at = stage.house(email="")
        for n in range(4):
            stage.booked(at, DAYS_14 + n * timedelta(hours=1))
    Message.objects.filter(offset="now").delete()
    # all due at once, so that each sender leases one of the day's reminders
    Message.objects.filter(offset="48h").update(due_at=DUE_48)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_committed")
def test_four_senders_of_one_days_reminders_send_one() -> None:
    ready = Barrier(4)
    carriers = [Meeting(ready=ready) for _ in range(4)]

    def work(carrier: Carrier) -> None:
        clock = Clock(DUE_48)
        try:
            for _ in range(3):
                rounds.once(stage.desk(carrier, clock), limit=1)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(c,)) for c in carriers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock = Clock(DUE_48 + timedelta(minutes=1))
    last = Carrier()
    outbox.sweep(clock=clock, using=stage.desk(last, clock))
    said = [x.text for c in [*carriers, last] for x in c.sent]
    assert [t.partition(" Confirm")[0] for t in said] == [
        "Harley House: see you on Mon 18 Jan: 13:00, 14:00, 15:00, 16:00."
    ]
    assert sorted(fates()) == ["accepted", *["told_together"] * 3]


def test_the_page_of_one_visit_of_the_day_shows_the_others_and_opens_them_by_a_code() -> None:
    first, second = day(stage.house())
    told = next(x for x in sent(DUE_48) if x.channel == "sms")
    token = re.findall(r"/v/([\w-]+)/", told.text)[0]
    client = Client()
    with time_machine.travel(DUE_48, tick=False):
        page = client.get(f"/v/{token}/", follow=True).text
    assert f'href="/my/visits/{second.pk}/"' in page
    assert f'href="/my/visits/{first.pk}/"' not in page
    assert "13:00" in page
    assert "15:00" in page
    assert "Laser resurfacing" in page  # the visit's own
    assert page.count("Laser resurfacing") == 1


def test_what_is_somebody_elses_on_the_same_telephone_stays_theirs() -> None:
    mine, theirs = family("Bo")
    sent(DUE_48)
    found = mentions.together_with(visit_id=mine.pk, told_version=mine.told_version)
    assert {v.pk for v in found} == {mine.pk, theirs.pk}
    (token,) = links.issue_many(
        visits=[
            links.Visit(
                appointment_id=mine.pk,
                patient_id=mine.patient_id,
                told_version=mine.told_version,
                end=mine.end,
            )
        ],
        now=DUE_48,
    )
    with time_machine.travel(DUE_48, tick=False):
        page = Client().get(f"/v/{token}/", follow=True).text
    assert f"/my/visits/{theirs.pk}/" not in page
