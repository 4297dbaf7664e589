"""Answers to what came in: of themselves, or in reception's words; always through the outbox."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from notifications import readers, rendering, writers
from notifications.core import sms
from notifications.core.policy import AT_ONCE, Channel, Kind
from notifications.models import Answer, Message, OptOut, Reply
from scheduling import todos, trail
from scheduling.core.words import Actor, Status
from scheduling.errors import ClinicError, Malformed, NotFound
from scheduling.models import Appointment, Patient, Todo

OF_USE = timedelta(hours=24)
"""How long an answer waits for the morning, or for a provider that is down."""

AT_MOST, WITHIN = 6, timedelta(hours=1)
"""Answers of themselves to one patient: two machines that answer each other must come to an end
(Twilio stops the sender at 15 within 30 seconds, error 14107)."""


LONGEST = 4000
"""Characters of an answer by e-mail; whoever needs more writes from the clinic's own mailbox."""


class AnsweredMeanwhile(ClinicError):
    """Somebody else has answered while this answer was being written."""

    code = "answered_meanwhile"


class CannotAnswer(ClinicError):
    """There is no way to answer this by the way it came."""

    code = "cannot_answer"


def answer_by_itself(reply: Reply, visit: Appointment, key: str, now: datetime) -> bool:
    """Answer with a shipped sentence, at most once to each message; False when there were too many."""
    lately = Message.objects.filter(
        patient=visit.patient_id, kind=Kind.REPLY.value, created_at__gt=now - WITHIN
    )
    if lately.count() >= AT_MOST:
        return False
    _write(reply, visit, (Kind.REPLY, key, ""), now)
    return True


def answer_who_is_worse(reply: Reply, visit: Appointment, phone: str, now: datetime) -> None:
    """Tell a patient who is worse, at any hour, whom to ring."""
    said = rendering.sentences(visit.patient.language)["worse"].format(urgent=phone)
    _write(reply, visit, (Kind.ANSWER, said, OF_ITSELF), now)


def answer_a_cry(reply: Reply, visit: Appointment, phone: str, now: datetime) -> bool:
    """Tell whoever writes that something is wrong, at any hour, whom to ring; False where it cannot be.

    It cannot be where they want no such messages, and where they had `AT_MOST` within the hour.
    """
    lately = Answer.objects.filter(
        message__patient=visit.patient_id, by=OF_ITSELF, message__created_at__gt=now - WITHIN
    )
    if _unwanted(visit.patient, Channel(reply.channel)) or lately.count() >= AT_MOST:
        return False
    said = rendering.sentences(visit.patient.language)["clinical"].format(urgent=phone)
    _write(reply, visit, (Kind.ANSWER, said, OF_ITSELF), now)
    return True


def say_what_works(reply: Reply, visit: Appointment, now: datetime) -> bool:
    """Tell whoever wrote a bare yes or no which words this visit is confirmed with, once a visit."""
    told = Answer.objects.filter(message__appointment=visit, said=WHICH)
    if told.exists() or _unwanted(visit.patient, Channel(reply.channel)):
        return False
    return answer_by_itself(reply, visit, WHICH, now)


WHICH = "which"
"""The key of the sentence that names the words which work."""

OF_ITSELF = "of itself"
"""Who answers where no person does."""


@transaction.atomic
def answer(
    *, reply_id: int, words: str, by: Actor, now: datetime, known: int | None = None
) -> Answer:
    """Answer in reception's words, the way it came, to the number or address of the register.

    `known` is how many answers whoever writes has seen, None where nobody was looking: two people
    who answer one message at once are not to contradict each other.

    Raises:
        NotFound: there is no such message at a site where the actor works.
        Malformed: nothing was written, or too much: two segments, or `LONGEST` characters.
        CannotAnswer: nobody knows the writer, or they want no such messages, or have never had a
            visit.
        AnsweredMeanwhile: somebody else was faster.

    """
    reply = _seen(reply_id, by)
    visit = answerable(reply=reply, patient=reply.patient, words=words, now=now)
    unanswered_since(reply, known)
    written = _write(reply, visit, (Kind.ANSWER, _laid_out(words, reply.channel), by.name), now)
    _settle([reply], Reply.State.ANSWERED, by, now)
    return written


def answerable(*, reply: Reply, patient: Patient | None, words: str, now: datetime) -> Appointment:
    """Find the visit under which this would be answered to this patient.

    Raises: see `answer`.
    """
    visit = _anchored(reply, patient, now)
    channel = Channel(reply.channel)
    _short_enough(_laid_out(words, channel), visit, channel)
    return visit


def _anchored(reply: Reply, patient: Patient | None, now: datetime) -> Appointment:
    if patient is None:
        raise CannotAnswer("Only a message of a known patient can be answered here.")
    visit = reply.appointment or writers.anchor([patient], now)
    if visit is None:
        raise CannotAnswer("This patient has never had a visit; please phone.")
    channel = Channel(reply.channel)
    if _unwanted(patient, channel):
        what = "texts" if channel is Channel.SMS else "e-mails"
        raise CannotAnswer(f"This patient wants no {what}; please phone.")
    return visit


def refusal(reply: Reply, *, now: datetime) -> str:
    """Say why this cannot be answered here, before anybody types; empty where it can."""
    try:
        _anchored(reply, reply.patient, now)
    except CannotAnswer as error:
        return error.sentence
    return ""


def around(reply: Reply, *, now: datetime) -> tuple[str, str] | None:
    """Give what stands before and after an answer by text; None where there can be none."""
    try:
        visit = _anchored(reply, reply.patient, now)
    except CannotAnswer:
        return None
    return f"{visit.site.name}: ", f" Tel. {visit.site.phone}"


def unanswered_since(reply: Reply, known: int | None) -> None:
    """See that nobody has answered since whoever writes was shown `known` answers.

    Raises:
        AnsweredMeanwhile: somebody has.

    """
    newest = reply.answers.order_by("-pk").first()
    if known is not None and newest is not None and reply.answers.count() > known:
        raise AnsweredMeanwhile(
            f"{newest.by or 'The house'} has answered this meanwhile: “{newest.said}”."
            " Send yours once more if it is still needed."
        )


def _laid_out(words: str, channel: str) -> str:
    """Keep the lines of a letter; a text has one."""
    if channel == Channel.SMS:
        return " ".join(words.split())
    lines = (" ".join(line.split()) for line in words.replace("\0", "").strip().splitlines())
    laid = _GAPS.sub("\n\n", "\n".join(lines))
    return _GREETING.sub("", laid) or laid


_GREETING = re.compile(
    r"\A(?:dear|hello|hi|good (?:morning|afternoon)|hola|estimad[oa]|querid[oa]|buenos d.as)"
    r"(?: [\w.'’-]+){0,3}[,:!.]?\n+",
    re.IGNORECASE,
)
"""A greeting on a line of its own: the words around an answer greet already."""

_GAPS = re.compile(r"\n{3,}")


@transaction.atomic
def assign(*, reply_id: int, patient_id: int, by: Actor, now: datetime) -> Reply:
    """Say who wrote a message, where the number alone does not.

    Raises:
        NotFound: there is no such message, or no such patient.

    """
    reply = _seen(reply_id, by)
    patient = Patient.objects.filter(pk=patient_id).first()
    if patient is None:
        raise NotFound("There is no such patient.")
    what = {"patient": [reply.patient_id, patient.pk]}
    reply.patient, reply.appointment = patient, None
    reply.save(update_fields=["patient", "appointment"])
    trail.write([trail.entry(subject=reply, verb="assign", by=by, now=now, what=what)])
    return reply


@transaction.atomic
def put_aside(*, reply_ids: Iterable[int], by: Actor, now: datetime) -> int:
    """Take messages out of the inbox without an answer; tell how many were open."""
    rows = Reply.objects.select_for_update().filter(pk__in=list(reply_ids), state=Reply.State.OPEN)
    mine = [row for row in rows.order_by("pk") if _may_see(row, by)]
    _settle(mine, Reply.State.CLOSED, by, now)
    return len(mine)


def _seen(reply_id: int, by: Actor) -> Reply:
    row = Reply.objects.select_for_update().filter(pk=reply_id).first()
    if row is None or not _may_see(row, by):
        raise NotFound
    return row


def _may_see(row: Reply, by: Actor) -> bool:
    """Tell whether it is this actor's: a message about no visit is everybody's at the desk."""
    visit = row.appointment
    return visit is None or by.works_at(visit.site_id)


def _unwanted(patient: Patient, channel: Channel) -> bool:
    reader = readers.readers([patient.pk])[patient.pk]
    address = reader.address(channel)
    out = OptOut.objects.filter(channel=channel.value, address=address, ended_at=None)
    return channel not in reader.channels or patient.do_not_contact or out.exists()


def _short_enough(said: str, visit: Appointment, channel: Channel) -> None:
    if not said:
        raise Malformed("Please write an answer.", field="answer")
    if channel is Channel.EMAIL:
        if len(said) > LONGEST:
            raise Malformed(f"Please write at most {LONGEST} characters.", field="answer")
        return
    whole, _ = sms.plain(f"{visit.site.name}: {said} Tel. {visit.site.phone}")
    size = sms.measure(whole)
    if size.segments > sms.MOST_SEGMENTS:
        raise Malformed(
            f"This would cost {size.segments} messages; at most {sms.MOST_SEGMENTS} are allowed.",
            field="answer",
        )


def _write(reply: Reply, visit: Appointment, what: tuple[Kind, str, str], now: datetime) -> Answer:
    """Put an answer into the outbox."""
    kind, said, by = what
    row = Message.objects.create(
        appointment=visit,
        patient_id=visit.patient_id,
        site_id=visit.site_id,
        kind=kind.value,
        channel=reply.channel,
        offset=AT_ONCE,
        told_version=visit.told_version,
        recipient=reply.sender,
        due_at=now,
        first_due_at=now,
        not_after=now + OF_USE,
        dedupe_key=_key(kind, reply),
        created_at=now,
    )
    return Answer.objects.create(message=row, reply=reply, said=said, by=by)


def _key(kind: Kind, reply: Reply) -> str:
    """Spell what makes an answer the same: one of itself to a message, however many by a person."""
    return (
        f"{kind}:{reply.pk}" if kind is Kind.REPLY else f"{kind}:{reply.pk}:{reply.answers.count()}"
    )


DECIDING = frozenset({"confirm", "cancel", "move", "arrive", "check_in", "no_show"})
"""Verbs of booking after which nobody need ask the patient what was meant."""


def decided(*, appointments: Iterable[Appointment], by: Actor, now: datetime) -> int:
    """End the tasks that asked what was meant about these visits, and what was written of them."""
    asked = Todo.objects.filter(
        appointment__in=[a.pk for a in appointments], kind=UNCLEAR, done_at=None
    )
    ids = list(asked.values_list("pk", flat=True))
    if ids:
        waiting = Reply.objects.filter(todo__in=ids, state=Reply.State.OPEN)
        waiting.update(state=Reply.State.ACTED.value, done_at=now, done_by=by.name)
        todos.tick_off(todo_ids=ids, by=by, now=now)
    return len(ids)


UNCLEAR = "reply-unclear"
"""A task that asks what was meant; it stays open until something is decided about its visit."""


def _settle(rows: Iterable[Reply], state: Reply.State, by: Actor, now: datetime) -> None:
    """Note that a person has seen to these, and tick off the tasks that came of them."""
    settled = list(rows)
    for row in settled:
        row.state, row.done_at, row.done_by = state.value, now, by.name
        row.save(update_fields=["state", "done_at", "done_by"])
    # a question that was asked back decides nothing: its task waits for the patient's word
    asked = state is Reply.State.ANSWERED
    waits = Todo.objects.filter(kind=UNCLEAR, appointment__status=Status.BOOKED.value)
    tasks = {row.todo_id for row in settled if row.todo_id is not None}
    if asked and tasks:
        tasks -= set(
            waits.filter(pk__in=tasks, appointment__start__gt=now).values_list("pk", flat=True)
        )
    todos.tick_off(todo_ids=tasks, by=by, now=now)
    trail.write(trail.entry(subject=row, verb=state.value, by=by, now=now) for row in settled)
