"""What comes in: acted upon where it is plain, else laid before reception, linked to its patient.

Every message is kept first, once, whoever it is from; what is done about it commits with it. The
locks are the house's: patients, then (in booking's verbs) resources and visits, messages last.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from notifications import care, distress, optouts, writers
from notifications.answers import (
    UNCLEAR,
    answer,
    answer_by_itself,
    answer_who_is_worse,
    answerable,
    around,
    assign,
    decided,
    put_aside,
    refusal,
    say_what_works,
    unanswered_since,
)
from notifications.core import replies
from notifications.core.care import Answer
from notifications.core.policy import OFF, Channel
from notifications.core.replies import Intent, Reading
from notifications.models import Reply
from notifications.optouts import opt_in, opt_out
from notifications.receipts import Event, record_receipt
from notifications.writers import Writer
from scheduling import booking
from scheduling.booking import locks
from scheduling.core.words import Actor
from scheduling.errors import ClinicError
from scheduling.integrity import retrying
from scheduling.models import Appointment, Todo

__all__ = [
    "Event",
    "Incoming",
    "act_on_reply",
    "answer",
    "answerable",
    "around",
    "assign",
    "decided",
    "opt_in",
    "opt_out",
    "put_aside",
    "record_receipt",
    "refusal",
    "unanswered_since",
]

LONGEST = 4000
"""Characters kept of a body; an SMS has at most 1,600, an e-mail's first lines say enough."""

SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message as its provider hands it over.

    `provider_id` is the same when it is handed over again. `network_answered`: the provider has
    answered a keyword by itself, so nobody else does. `automatic`: a machine wrote it, such as a
    notice of absence.
    """

    provider: str
    provider_id: str
    channel: Channel
    sender: str
    sent_to: str = ""
    body: str = ""
    pictures: int = 0
    network_answered: bool = False
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class _Case:
    """One message, who wrote it, and how it was read."""

    reply: Reply
    incoming: Incoming
    reading: Reading
    writer: Writer
    now: datetime

    @property
    def coming(self) -> tuple[Appointment, ...]:
        return self.writer.coming(self.now)


@retrying
def act_on_reply(*, incoming: Incoming, now: datetime) -> Reply | None:
    """Keep a message and do what it plainly asks; None when it was kept before.

    Raises:
        Busy: the database could not order the change; it is to be handed over again.

    """
    incoming = _legible(incoming)
    people = writers.people_at(incoming.channel, incoming.sender)
    # first, so that the visits read below stay as they are until this is over
    locks.lock_patients(p.pk for p in people)
    reading = _read(incoming)
    reply = _kept(incoming, reading, now)
    if reply is None:
        return None
    case = _Case(reply, incoming, reading, writers.writer(patients=people, now=now), now)
    _link(case)
    _ACTS[reading.intent](case)
    reply.save()
    return reply


def _legible(incoming: Incoming) -> Incoming:
    """Leave out what no column holds: a message that is odd must not be lost, nor come for ever."""
    return replace(
        incoming,
        provider=incoming.provider[:16],
        provider_id=_kept_text(incoming.provider_id)[:255],
        sender=_kept_text(incoming.sender)[:254],
        sent_to=_kept_text(incoming.sent_to)[:254],
        body=_kept_text(incoming.body)[:LONGEST],
        pictures=min(max(incoming.pictures, 0), 99),
    )


def _kept_text(text: str) -> str:
    # NUL is no character to PostgreSQL, half a surrogate pair none to UTF-8
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _read(incoming: Incoming) -> Reading:
    reading = replies.read(incoming.body)
    if incoming.automatic:
        # kept, and found among what is done; no keyword in it is anybody's wish
        return replace(reading, intent=Intent.NOTHING, of_a_visit=False)
    if reading.intent is Intent.NOTHING and incoming.pictures:
        return replace(reading, intent=Intent.OTHER)
    stops = reading.intent is Intent.OPT_OUT and not reading.of_a_visit
    if incoming.channel is Channel.SMS or stops or reading.intent is Intent.CLINICAL:
        return reading
    # codes and short words are asked for by text only; a letter is read by a person
    return replace(reading, intent=Intent.OTHER)


def _kept(incoming: Incoming, reading: Reading, now: datetime) -> Reply | None:
    row, fresh = Reply.objects.get_or_create(
        provider=incoming.provider,
        provider_id=incoming.provider_id,
        defaults={
            "channel": incoming.channel.value,
            "sender": incoming.sender,
            "sent_to": incoming.sent_to,
            "body": incoming.body,
            "pictures": incoming.pictures,
            "at": now,
            "intent": reading.intent.value,
        },
    )
    return row if fresh else None


def _link(case: _Case) -> None:
    """Say whom and which visit it seems to be about: the code's, else that of the last message."""
    named = case.writer.by_code(case.reading.code) if case.reading.code else None
    visit = named
    if visit is None and case.coming:
        visit = writers.meant(case.coming, case.incoming.channel)
    case.reply.appointment = visit
    if visit is not None:
        case.reply.patient = visit.patient
    elif case.writer.patients:
        case.reply.patient = case.writer.patients[0]


# ---------------------------------------------------------------- one function an intent


def _opt_out(case: _Case) -> None:
    # saved with its links, for the evidence points to it
    case.reply.save()
    evidence = optouts.Evidence(source=optouts.REPLY, reply=case.reply)
    for address in _addresses(case):
        opt_out(channel=case.incoming.channel, address=address, evidence=evidence, now=case.now)
    _done(case)
    if case.reading.of_a_visit:
        _ask_which(case, "Texts to this number are stopped, as the network takes that word.")


def _addresses(case: _Case) -> set[str]:
    """List where messages to the writer go: who writes from another telephone means the first."""
    sender = case.incoming.sender
    if case.incoming.channel is Channel.EMAIL:
        ours = {str(p.email) for p in case.writer.patients}
        return {e for e in ours if e.casefold() == sender.casefold()} or {sender}
    mine = (p for p in case.writer.patients if sender in {str(p.phone), str(p.other_phone)})
    return {sender, *(str(p.phone) for p in mine if p.phone)}


def _opt_in(case: _Case) -> None:
    ended = sum(
        opt_in(channel=case.incoming.channel, address=address, reply=case.reply, now=case.now)
        for address in _addresses(case)
    )
    if case.reading.of_a_visit:
        _ask_which(case)
        _say_what_works(case)
    if case.reply.todo is None and (ended or not case.reading.of_a_visit):
        _done(case)


def _help(case: _Case) -> None:
    if case.incoming.network_answered:
        _done(case)
        return
    visit = case.reply.appointment or writers.anchor(case.writer.patients, case.now)
    if visit is not None and answer_by_itself(case.reply, visit, "help", case.now):
        _done(case)


def _confirm(case: _Case) -> None:
    visit = _named(case)
    if visit is None or _told_the_truth(case, visit):
        return
    booking.confirm(appointment_id=visit.pk, version=visit.version, by=_holder(visit), now=case.now)
    answer_by_itself(case.reply, visit, "confirmed", case.now)
    _done(case)


def _cancel(case: _Case) -> None:
    visit = _named(case)
    if visit is None or _told_the_truth(case, visit):
        return
    try:
        booking.cancel(
            appointment_id=visit.pk,
            version=visit.version,
            by=_holder(visit),
            now=case.now,
            reason="cancelled by the patient's text",
        )
    except ClinicError as error:
        hours = error.facts.get("notice_hours")
        _ask_which(case, TOO_LATE.format(hours=hours) if hours else error.sentence)
        if hours:
            answer_by_itself(case.reply, visit, "late", case.now)
        return
    _done(case)


def _named(case: _Case) -> Appointment | None:
    """Give the visit of the code, when it can still be changed or the truth about it be told."""
    visit = case.writer.by_code(case.reading.code)
    off = visit is not None and visit.status in OFF
    if visit is None or not (off or visit in case.coming):
        _ask_which(case)
        return None
    return visit


def _told_the_truth(case: _Case, visit: Appointment) -> bool:
    """Answer a text about a visit that is off, or that its writer knows at another time."""
    if visit.status in OFF:
        key = "off"
    elif not writers.knows(visit, case.incoming.channel):
        key = "moved"
    else:
        return False
    if answer_by_itself(case.reply, visit, key, case.now):
        _done(case)
    return True


def _holder(visit: Appointment) -> Actor:
    """Name who acts by a text: the visit's patient, on that patient's visits only."""
    return Actor(name=f"patient {visit.patient_id} by SMS", patient_id=visit.patient_id)


def _ask_which(case: _Case, more: str = "") -> None:
    """Ask reception at once what was meant, naming the visit; without one it waits in the inbox.

    While a visit's task is open, further texts are added to it: a machine that writes the same
    again and again is one task, not a hundred.
    """
    if not case.coming:
        return
    visit = case.reply.appointment or case.coming[0]
    still = Todo.objects.filter(appointment=visit, kind=UNCLEAR, done_at=None).order_by("pk")
    case.reply.todo = still.first() or Todo(
        site_id=visit.site_id,
        patient_id=visit.patient_id,
        appointment=visit,
        kind=UNCLEAR,
        urgent=True,
        created_at=case.now,
    )
    _add(case.reply.todo, case, visit, more)
    case.reply.state, case.reply.done_at, case.reply.done_by = Reply.State.OPEN, None, ""


def _add(todo: Todo, case: _Case, visit: Appointment, more: str) -> None:
    """Write a task's words, or add what was written since."""
    if not todo.pk:
        todo.text = _what_to_ask(case, visit, more)
    elif len(todo.text) < ENOUGH_SAID:
        todo.text = f"{todo.text} Then “{_words(case)}”. {more}".strip()
    todo.save()


TOO_LATE = "It is too late for a text to do it: the clinic asks for at least {hours} hours."
ENOUGH_SAID = 600
"""Characters of a task after which further texts are only counted in the inbox."""


def _words(case: _Case) -> str:
    return " ".join(case.incoming.body.split())[:80]


def _what_to_ask(case: _Case, visit: Appointment, more: str) -> str:
    others = [v for v in case.coming if v.pk != visit.pk]
    said = f"Wrote “{_words(case)}” by SMS. Perhaps about the visit on {_spelt(visit)}"
    if others:
        said += f", or {'; '.join(_spelt(v) for v in others[:SHOWN])}"
    return f"{said}. Please ask. {more}".strip()


def _spelt(visit: Appointment) -> str:
    return f"{visit.local_date:%a %-d %b %Y}, {visit.local_time:%H:%M} ({visit.patient})"


def _done(case: _Case) -> None:
    case.reply.state, case.reply.done_at = Reply.State.ACTED, case.now
    case.reply.done_by = "of itself"


def _nothing(case: _Case) -> None:
    _done(case)


def _unclear(case: _Case) -> None:
    if not _answered_a_check(case):
        _ask_which(case)
        _say_what_works(case)


def _say_what_works(case: _Case) -> None:
    """Answer a bare yes or no of a coming visit with the words that would have been enough."""
    if case.reply.todo is None or not replies.yes_or_no(case.incoming.body):
        return
    visit = case.reply.appointment
    if visit is not None and visit in case.coming:
        say_what_works(case.reply, visit, case.now)


def _clinical(case: _Case) -> None:
    """Take a plain answer to a check as one; whatever else is wrong goes to a clinician at once."""
    if not _answered_a_check(case):
        distress.heed(case.reply, case.writer.patients, now=case.now)


def _leave(case: _Case) -> None:
    """Leave it open: it stands in reception's inbox, unless it says how a patient is."""
    _answered_a_check(case)


def _answered_a_check(case: _Case) -> bool:
    """Take a text as better, same or worse, where a patient of this number was just asked."""
    for patient in case.writer.patients if case.incoming.channel is Channel.SMS else ():
        found = care.replied(patient_id=patient.pk, text=case.incoming.body, now=case.now)
        if found is None:
            continue
        visit = Appointment.objects.select_related("patient", "site").get(pk=found[0])
        case.reply.appointment, case.reply.patient = visit, visit.patient
        if found[1].answer is Answer.WORSE:
            answer_who_is_worse(case.reply, visit, found[1].phone, case.now)
        _done(case)
        return True
    return False


_ACTS: Mapping[Intent, Callable[[_Case], None]] = {
    Intent.OPT_OUT: _opt_out,
    Intent.OPT_IN: _opt_in,
    Intent.HELP: _help,
    Intent.CONFIRM: _confirm,
    Intent.CANCEL: _cancel,
    Intent.UNCLEAR: _unclear,
    Intent.CLINICAL: _clinical,
    Intent.OTHER: _leave,
    Intent.NOTHING: _nothing,
}
