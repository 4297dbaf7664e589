"""Recalls: once an occasion, whatever the ticks do, and to nobody who need not come."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
import time_machine
from django.db import connection
from django.db.models import F
from django.test import Client

from notifications import care, tasks
from notifications.care import candidates, recalling
from notifications.models import Message, Recall
from plans import planning
from plans.models import Plan
from scheduling import booking
from scheduling.core.words import Wish
from scheduling.models import Appointment, Patient, Todo
from tests import cast
from tests.notifications.care import bedside
from tests.notifications.care.bedside import DAY, DESK
from tests.plans import stage as plans

pytestmark = pytest.mark.django_db

LATE = cast.NOW + 100 * DAY


def overdue(clinic: cast.Clinic) -> Plan:
    """Make a plan whose first session is done and whose second should have been by day 85."""
    plan = plans.plan(clinic, plans.scars(clinic, 2))
    visit = bedside.booked(clinic, 1)
    Appointment.objects.filter(pk=visit.pk).update(series=plan.series, seq=1)
    visit.refresh_from_db()
    bedside.complete(visit)
    Message.objects.all().delete()
    return plan


@pytest.fixture
def plan() -> Plan:
    return overdue(bedside.clinic())


def recalls() -> list[Message]:
    return list(Message.objects.filter(kind="recall").order_by("channel"))


def test_an_overdue_session_is_recalled_by_each_channel_with_a_task(plan: Plan) -> None:
    assert care.recall(now=LATE) == 1
    assert [(m.channel, m.state) for m in recalls()] == [("email", "pending"), ("sms", "pending")]
    (row,) = Recall.objects.all()
    assert (row.kind, row.seq, row.due_on) == ("overdue", 2, cast.day(85))
    (todo,) = bedside.tasks(recalling.TODO)
    assert "Laser 2 of 2 was due by 30 Mar 2027. The patient is asked to come." in todo.text
    told = {m.channel: m.text for m in bedside.sent(recalls()[0].due_at)}
    assert told["sms"].startswith("Harley House: it is time to arrange your next visit: http")


def test_its_key_is_the_plans(plan: Plan) -> None:
    """The visit that it hangs on may change; the occasion is the plan's."""
    care.recall(now=LATE)
    keys = sorted(m.dedupe_key for m in recalls())
    assert keys == [f"plan {plan.pk}:{plan.version}:recall:2.270330:{c}" for c in ("email", "sms")]
    assert {m.offset for m in recalls()} == {"270330"}


def test_it_goes_at_a_local_hour(plan: Plan) -> None:
    night = cast.at(cast.day(100), 3)
    care.recall(now=night)
    assert {m.due_at for m in recalls()} == {cast.at(cast.day(100), 10)}


@pytest.mark.parametrize("ticks", [1, 2, 40])
def test_ticks_lost_or_doubled_make_one_recall(plan: Plan, ticks: int) -> None:
    for n in range(ticks):
        care.recall(now=LATE + n * DAY)
        care.recall(now=LATE + n * DAY)
    assert (Recall.objects.count(), len(recalls())) == (1, 2)
    assert len(bedside.tasks(recalling.TODO)) == 1


def test_nothing_is_recalled_before_its_window_closes(plan: Plan) -> None:
    assert care.recall(now=cast.NOW + 85 * DAY) == 0
    assert care.recall(now=cast.NOW + 86 * DAY) == 1


def test_a_new_window_is_a_new_occasion(plan: Plan) -> None:
    care.recall(now=LATE)
    later = cast.at(cast.day(5), 12)
    Appointment.objects.filter(series=plan.series).update(
        end=later, actual_end=later, version=F("version") + 1
    )
    care.recall(now=LATE)
    assert Recall.objects.count() == 2


def test_a_patient_who_is_booked_is_not_recalled(plan: Plan) -> None:
    booked = _book_second(plan)
    assert care.recall(now=LATE) == 0
    booking.cancel(appointment_id=booked.pk, version=None, by=DESK, now=LATE)
    assert care.recall(now=LATE) == 1


def _book_second(plan: Plan) -> Appointment:
    facts = {
        "site_id": plan.site_id,
        "treatment_id": plan.sessions.get(seq=2).treatment_id,
        "patient_id": plan.patient_id,
        "areas": ("face",),
        "size": "face",
        "depth": "superficial",
        "series_id": plan.series_id,
        "seq": 2,
    }
    return booking.book(
        wish=Wish(**facts), start=cast.at(cast.day(105), 11), by=DESK, now=LATE
    ).appointment


def test_booking_takes_back_a_recall_that_waits(plan: Plan) -> None:
    care.recall(now=LATE)
    _book_second(plan)
    assert {(m.state, m.drop_reason) for m in recalls()} == {("dropped", "superseded")}


@pytest.mark.parametrize("facts", [{"deceased_on": cast.day(90)}, {"do_not_contact": True}])
def test_whoever_must_not_be_asked_is_not(plan: Plan, facts: dict[str, object]) -> None:
    Patient.objects.update(**facts)
    assert care.recall(now=LATE) == 0
    assert bedside.tasks(recalling.TODO) == []


def test_a_paused_or_abandoned_plan_is_left_alone(plan: Plan) -> None:
    by = cast.clinician()
    planning.pause(plan_id=plan.pk, reason="travels", by=by, now=LATE)
    assert care.recall(now=LATE) == 0


def test_a_patient_without_channels_becomes_a_task_to_phone(plan: Plan) -> None:
    Patient.objects.update(channel="none")
    assert care.recall(now=LATE) == 1
    assert recalls() == []
    assert "No message can be sent: please phone." in bedside.tasks(recalling.TODO)[0].text


def test_a_plan_of_which_nothing_was_booked_becomes_a_task() -> None:
    clinic = bedside.clinic()
    plans.plan(clinic, not_after=cast.day(30))
    care.recall(now=LATE)
    assert recalls() == []


# ---------------------------------------------------------------- upkeep


def complete(clinic: cast.Clinic, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Make a plan of one session that is done, of a procedure whose result wants upkeep."""
    shipped = {"upkeep": [{"procedures": ["fractional_ablative"], "days": 365}], "replies": {}}
    monkeypatch.setattr(recalling.carenotes, "shipped", lambda: shipped)
    course = plans.template("One")
    plans.step(course, clinic.resurfacing, name="Laser")
    plan = plans.plan(clinic, course)
    visit = bedside.booked(clinic, 1)
    Appointment.objects.filter(pk=visit.pk).update(series=plan.series, seq=1)
    visit.refresh_from_db()
    bedside.complete(visit)
    Message.objects.all().delete()
    return plan


def after(days: int) -> datetime:
    return cast.at(cast.day(1 + days), 12)


def test_upkeep_is_recalled_once_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    complete(bedside.clinic(), monkeypatch)
    assert care.recall(now=after(364)) == 0
    assert [care.recall(now=after(365 + n)) for n in range(3)] == [1, 0, 0]
    (row,) = Recall.objects.all()
    assert (row.kind, row.seq, row.due_on) == ("upkeep", 0, cast.day(366))
    assert "upkeep is due since 5 Jan 2028" in bedside.tasks(recalling.TODO)[0].text


def test_whoever_came_since_is_not_asked_for_upkeep(monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = bedside.clinic()
    complete(clinic, monkeypatch)
    bedside.booked(clinic, 200)
    assert care.recall(now=after(370)) == 0


# ---------------------------------------------------------------- what is read at all


def candidates_at(now: datetime) -> int:
    waits = recalling._waits()
    return sum(len(page) for page in candidates.pages(waits, now))


def test_a_plan_that_was_asked_for_is_not_read_again_until_something_changes(plan: Plan) -> None:
    assert candidates_at(LATE) == 1
    care.recall(now=LATE)
    assert candidates_at(LATE + 90 * DAY) == 0
    Plan.objects.filter(pk=plan.pk).update(version=F("version") + 1)
    assert candidates_at(LATE + 90 * DAY) == 1
    # it is the same occasion, so it is noted and not asked again
    assert care.recall(now=LATE + 90 * DAY) == 0
    assert candidates_at(LATE + 90 * DAY) == 0
    assert len(recalls()) == 2


def test_a_plan_with_a_visit_to_come_is_not_read(plan: Plan) -> None:
    _book_second(plan)
    assert candidates_at(LATE) == 0


def test_a_plan_that_is_done_is_read_when_its_upkeep_is_due_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complete(bedside.clinic(), monkeypatch)
    assert [candidates_at(after(days)) for days in (10, 300, 366)] == [0, 0, 1]
    care.recall(now=after(366))
    assert candidates_at(after(800)) == 0


def test_a_plan_given_up_half_way_is_not_read_for_its_upkeep(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = {"upkeep": [{"procedures": ["fractional_ablative"], "days": 365}], "replies": {}}
    monkeypatch.setattr(recalling.carenotes, "shipped", lambda: shipped)
    care.recall(now=LATE)
    assert candidates_at(after(800)) == 0


# ---------------------------------------------------------------- the page, the tick, the race


def test_the_page_asks_to_be_rung_once(plan: Plan, client: Client) -> None:
    care.recall(now=LATE)
    due = recalls()[0].due_at
    (told,) = [m for m in bedside.sent(due) if m.channel == "sms"]
    with time_machine.travel(due, tick=False):
        page = client.get(f"/c/{bedside.token_in(told.text)}/")["Location"]
        assert "Shall we ring you" in client.get(page).content.decode()
        assert Todo.objects.filter(kind=recalling.RING).count() == 0
        for _ in range(2):
            answer = client.post(page, {"act": "ring"}, follow=True)
            assert "Thank you. We will ring you." in answer.content.decode()
        client.post(page, {"answer": "worse"})
    assert Todo.objects.filter(kind=recalling.RING).count() == 1
    assert Todo.objects.filter(kind="care-worse").count() == 0


def test_the_tick_recalls(plan: Plan) -> None:
    with time_machine.travel(LATE, tick=False):
        tasks.recall()
    assert len(recalls()) == 2


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_make_one_recall() -> None:
    overdue(bedside.clinic())

    def tick(_: int) -> None:
        try:
            care.recall(now=LATE)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tick, range(4)))
    assert (Recall.objects.count(), len(recalls())) == (1, 2)
    assert len(bedside.tasks(recalling.TODO)) == 1
