"""A patient's answer to a check: kept, and where it is “worse”, alerting at once and only once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from notifications import care, inbox, outbox
from notifications.care import answering
from notifications.care.answering import Said
from notifications.core.care import Answer
from notifications.core.policy import Channel
from notifications.models import CareAnswer, Message
from notifications.providers import SendFailed
from plans import courses
from plans.courses import Standing
from scheduling import booking, records
from scheduling.core.words import Actor
from scheduling.errors import NotFound, Refused, WrongState
from scheduling.models import Appointment, Patient, Record, Site, Todo
from tests import cast
from tests.notifications import stage
from tests.notifications.care import bedside
from tests.notifications.care.bedside import DAY, DESK, ON_CALL, OUT_OF_HOURS
from tests.notifications.stage import Carrier
from tests.notifications.test_rendering import CLINICAL
from tests.plans import stage as plans

pytestmark = pytest.mark.django_db

NIGHT = cast.at(cast.day(2), 23)
"""The night after the first check: no patient's telephone may sound."""


@pytest.fixture
def clinic() -> cast.Clinic:
    return bedside.clinic()


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    return bedside.done(clinic)


def said(answer: Answer, visit: Appointment, words: str = "", **more: object) -> care.Answered:
    facts = {"by": Actor(name="patient", patient_id=visit.patient_id), "now": NIGHT, **more}
    given = Said(answer=answer, source="link", words=words)
    return care.answer(appointment_id=visit.pk, said=given, **facts)  # type: ignore[arg-type]


def alerts() -> list[Message]:
    return list(Message.objects.filter(kind="alert").order_by("pk"))


def counted() -> tuple[int, ...]:
    """Count answers, events, alerts and urgent tasks."""
    events = Record.objects.filter(kind="adverse_event").count()
    urgent = Todo.objects.filter(kind=answering.TODO, urgent=True).count()
    return CareAnswer.objects.count(), events, len(alerts()), urgent


# ---------------------------------------------------------------- better, the same


@pytest.mark.parametrize("answer", [Answer.BETTER, Answer.SAME])
def test_better_and_the_same_are_kept_and_alarm_nobody(visit: Appointment, answer: Answer) -> None:
    assert said(answer, visit, "fine\0 so far").fresh
    (row,) = CareAnswer.objects.all()
    assert (row.answer, row.day, row.said) == (answer, 1, "fine so far")
    assert counted() == (1, 0, 0, 0)


def test_an_answer_belongs_to_the_newest_check(visit: Appointment) -> None:
    said(Answer.BETTER, visit, now=visit.end)
    said(Answer.BETTER, visit, now=cast.at(cast.day(2), 12))
    said(Answer.BETTER, visit, now=cast.at(cast.day(5), 12))
    assert list(CareAnswer.objects.order_by("pk").values_list("day", flat=True)) == [0, 1, 3]


# ---------------------------------------------------------------- worse


def test_worse_gives_the_number_and_writes_event_alert_and_task(visit: Appointment) -> None:
    answered = said(Answer.WORSE, visit, "it burns")
    assert (answered.phone, answered.fresh) == (OUT_OF_HOURS, True)
    assert counted() == (1, 1, 1, 1)
    event = Record.objects.get(kind="adverse_event")
    assert (event.areas, event.start_date, event.end_date) == (["face"], cast.day(2), None)
    assert (event.appointment, event.code) == (visit, "other")
    assert event.note == (
        "To be reviewed: the patient says that it is worse (1 day after the visit)."
        " In their words: it burns"
    )
    assert CareAnswer.objects.get().event == event
    assert "We are texting the clinician on call" in bedside.tasks(answering.TODO)[0].text


def test_the_alert_goes_out_at_night_to_the_clinician_and_says_nothing_of_anybody(
    visit: Appointment,
) -> None:
    said(Answer.WORSE, visit, "it burns")
    (told,) = [m for m in bedside.sent(NIGHT) if m.kind == "alert"]
    assert (told.to, told.channel) == (ON_CALL, "sms")
    assert told.text.startswith("Harley House: a patient asks for you. Sign in to see: http")
    assert told.text.endswith(f"/admin/scheduling/appointment/{visit.pk}/change/")
    assert [w for w in (*CLINICAL, "Ada", "Pine", "burn", "worse") if w in told.text] == []


def test_the_page_of_the_alert_asks_who_is_there(visit: Appointment, client: object) -> None:
    said(Answer.WORSE, visit)
    (told,) = [m for m in bedside.sent(NIGHT) if m.kind == "alert"]
    path = told.text[told.text.index("/admin/") :]
    response = client.get(path)  # type: ignore[attr-defined]
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/?next=/admin/scheduling/appointment/")


@pytest.mark.parametrize(
    "facts",
    [
        {"do_not_contact": True},
        {"deceased_on": cast.day(2)},
        {"channel": "none"},
        {"zone": "Asia/Tokyo", "language": "es"},
    ],
    ids=str,
)
def test_what_the_patient_chose_for_themselves_does_not_silence_the_alert(
    visit: Appointment, facts: dict[str, object]
) -> None:
    said(Answer.WORSE, visit)
    Patient.objects.filter(pk=visit.patient_id).update(**facts)
    (told,) = [m for m in bedside.sent(NIGHT) if m.kind == "alert"]
    assert (told.to, told.text[:41]) == (ON_CALL, "Harley House: a patient asks for you. Sig")


def test_an_alert_outlives_a_change_of_the_visit(visit: Appointment) -> None:
    said(Answer.WORSE, visit)
    visit.refresh_from_db()
    stage.change(visit, "cancel", now=NIGHT, status="cancelled")
    assert [m.to for m in bedside.sent(NIGHT) if m.kind == "alert"] == [ON_CALL]


def test_an_alert_that_cannot_be_delivered_becomes_a_task(visit: Appointment) -> None:
    said(Answer.WORSE, visit)
    carrier = Carrier(errors=[SendFailed("no such number", permanent=True)] * 9)
    stage.sweep(carrier, NIGHT)
    texts = [t.text for t in bedside.tasks("alarm-failed") if "on call" in t.text]
    assert len(texts) == 1
    assert "did not reach the clinician on call" in texts[0]


def test_where_nobody_is_on_call_the_task_says_so(visit: Appointment) -> None:
    Site.objects.update(on_call_phone="", out_of_hours_phone="")
    assert said(Answer.WORSE, visit).phone == "+442079460000"
    assert alerts() == []
    assert "Nobody is on call at this site" in bedside.tasks(answering.TODO)[0].text


def test_worse_pauses_the_plan_until_a_clinician_closes_the_event(clinic: cast.Clinic) -> None:
    plan = plans.booked(plans.plan(clinic))
    first = Appointment.objects.filter(series=plan.series, seq=1).get()
    bedside.complete(first)
    then = first.end + DAY
    said(Answer.WORSE, first, now=then)
    assert courses.view(plan.pk, now=then).standing is Standing.PAUSED_BY_EVENT
    with pytest.raises(Refused):
        bedside.booked(clinic, 60)
    event = Record.objects.get(kind="adverse_event")
    records.finish(record_id=event.pk, on=cast.day(40), by=cast.clinician(), now=then + 50 * DAY)
    assert courses.view(plan.pk, now=then + 50 * DAY).standing is Standing.RUNNING


# ---------------------------------------------------------------- said again


def test_the_same_said_again_changes_nothing(visit: Appointment) -> None:
    said(Answer.WORSE, visit, "it burns")
    for words in ("it burns", ""):
        assert not said(Answer.WORSE, visit, words).fresh
    assert counted() == (1, 1, 1, 1)


def test_more_words_are_added_without_a_second_alarm(visit: Appointment) -> None:
    said(Answer.WORSE, visit)
    said(Answer.WORSE, visit, "and it weeps")
    assert counted() == (2, 1, 1, 1)
    assert "Again:" in bedside.tasks(answering.TODO)[0].text


def test_a_change_of_mind_counts_and_the_next_check_alerts_anew(visit: Appointment) -> None:
    said(Answer.BETTER, visit)
    said(Answer.WORSE, visit)
    said(Answer.WORSE, visit, now=cast.at(cast.day(4), 12))
    assert [a.offset for a in alerts()] == ["+1d", "+3d"]
    assert counted() == (3, 1, 2, 1)


def test_a_closed_event_is_not_opened_again_but_a_new_one_is(visit: Appointment) -> None:
    said(Answer.WORSE, visit)
    event = Record.objects.get(kind="adverse_event")
    records.withdraw(record_id=event.pk, by=DESK, now=NIGHT)
    said(Answer.WORSE, visit, now=cast.at(cast.day(4), 12))
    assert Record.objects.filter(kind="adverse_event").count() == 2


# ---------------------------------------------------------------- who may answer what


def test_nobody_answers_for_another(visit: Appointment) -> None:
    stranger = Actor(name="patient", patient_id=cast.patient("Bo", "Stranger").pk)
    for by in (stranger, DESK):
        with pytest.raises(NotFound):
            said(Answer.WORSE, visit, by=by)
    assert counted() == (0, 0, 0, 0)


def test_a_visit_that_is_not_done_has_no_check(clinic: cast.Clinic) -> None:
    visit = bedside.booked(clinic, 3)
    with pytest.raises(WrongState):
        said(Answer.WORSE, visit)
    done = bedside.complete(visit)
    booking.reinstate(appointment_id=done.pk, version=None, by=DESK, now=done.end)
    with pytest.raises(WrongState):
        said(Answer.WORSE, done)


# ---------------------------------------------------------------- replies


def test_a_reply_to_a_check_is_an_answer(visit: Appointment) -> None:
    at = cast.at(cast.day(2), 10)
    bedside.sent(at)
    found = care.replied(patient_id=visit.patient_id, text="Worse!", now=at)
    assert found is not None
    assert (found[0], found[1].answer, found[1].phone) == (visit.pk, Answer.WORSE, OUT_OF_HOURS)
    assert CareAnswer.objects.get().source == "reply"
    assert counted() == (1, 1, 1, 1)


def test_a_reply_that_is_no_answer_or_to_no_check_goes_elsewhere(visit: Appointment) -> None:
    at = cast.at(cast.day(2), 10)
    assert care.replied(patient_id=visit.patient_id, text="worse", now=at) is None
    bedside.sent(at)
    assert care.replied(patient_id=visit.patient_id, text="YES 4417", now=at) is None
    assert care.replied(patient_id=visit.patient_id, text="worse", now=at + 80 * DAY) is None
    assert counted() == (0, 0, 0, 0)


def test_worse_by_another_way(visit: Appointment) -> None:
    care.worse(appointment_id=visit.pk, words="rang in", now=NIGHT)
    assert counted() == (1, 1, 1, 1)


# ---------------------------------------------------------------- many at once


def at_once(visit: Appointment, many: int = 6) -> None:
    """Say worse so many times in the same moment, each on a connection of its own."""
    start = Barrier(many)

    def one(_: int) -> None:
        try:
            start.wait()
            said(Answer.WORSE, visit)
        finally:
            connection.close()

    with ThreadPoolExecutor(many) as pool:
        list(pool.map(one, range(many)))


def transactional() -> Appointment:
    visit = bedside.done(bedside.clinic())
    Message.objects.all().delete()
    return visit


@pytest.mark.django_db(transaction=True)
def test_worse_said_many_times_at_once_alarms_once() -> None:
    at_once(transactional())
    assert counted() == (1, 1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_it_alarms_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above."""

    def unlocked(appointment_id: int, by: Actor) -> Appointment:
        return Appointment.objects.select_related("site").get(pk=appointment_id)

    monkeypatch.setattr(answering, "_locked", unlocked)
    visit = transactional()
    for _ in range(5):
        at_once(visit)
        if counted()[0] > 1:
            return
        CareAnswer.objects.all().delete()
    pytest.fail("six answers at once were never more than one, with nothing to keep them apart")


def test_a_text_that_says_worse_at_night_alarms_and_is_told_whom_to_ring(
    visit: Appointment,
) -> None:
    bedside.sent(cast.at(cast.day(2), 10))
    incoming = inbox.Incoming(
        provider="twilio",
        provider_id="SM-worse",
        channel=Channel.SMS,
        sender=str(visit.patient.phone),
        body="Worse",
    )
    reply = inbox.act_on_reply(incoming=incoming, now=NIGHT)
    assert reply is not None
    assert (reply.appointment_id, reply.state) == (visit.pk, "acted")
    assert counted() == (1, 1, 1, 1)
    carrier, clock = Carrier(), stage.Clock(NIGHT)
    outbox.sweep(clock=clock, using=stage.desk(carrier, clock, outbox.habits()))
    assert [OUT_OF_HOURS in said.text for said in carrier.sent if said.kind == "answer"] == [True]
    # the same text handed over again does nothing
    assert inbox.act_on_reply(incoming=incoming, now=NIGHT) is None
    assert counted() == (1, 1, 1, 1)
