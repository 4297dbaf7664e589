"""What a patient answers to a check; a “worse” alerts at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from notifications import carenotes
from notifications.care import reading
from notifications.core import care
from notifications.core.care import Answer
from notifications.core.policy import Channel, Kind
from notifications.models import CareAnswer, Message
from scheduling import records, trail
from scheduling.core.words import Actor, Status
from scheduling.errors import NotFound, WrongState
from scheduling.integrity import lock_patient
from scheduling.models import Appointment, Record, Site, Todo

TODO = "care-worse"
ALERT_FOR = timedelta(hours=12)
"""How long an alert is tried; reception is told when it could not be delivered."""

LONGEST_TASK = 4000
LONGEST_WORDS = 500
"""Characters of a patient's own words that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of an answer.

    `phone` is the number that a patient who is worse must be shown at once: the site's
    out-of-hours number, else its own. `fresh` is false where the same was said before.
    """

    answer: Answer
    phone: str
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer as it came: the check's day where it is known, and the patient's own words."""

    answer: Answer
    source: str
    words: str = ""
    day: int | None = None


@transaction.atomic
def answer(*, appointment_id: int, said: Said, by: Actor, now: datetime) -> Answered:
    """Keep a patient's answer about a session that is done; a “worse” alerts the clinic.

    A worse writes an adverse event, which pauses the plans on that skin until a clinician closes
    it; an urgent task; and an SMS to the clinician on call, once a check. The same answer to
    the same check, said again, changes nothing.

    Raises:
        NotFound: there is no such visit, or it is another patient's.
        WrongState: the visit is not done.

    """
    visit = _locked(appointment_id, by)
    day = _day(visit, said, now)
    last = CareAnswer.objects.filter(appointment=visit, day=day).first()
    answered = Answered(answer=said.answer, phone=phone_of(visit.site), fresh=True)
    words = " ".join(said.words.replace("\0", "").split())[:LONGEST_WORDS]
    if last is not None and last.answer == said.answer and words in {"", last.said}:
        return replace(answered, fresh=False)
    row = CareAnswer(
        appointment=visit,
        told_version=visit.told_version,
        day=day,
        answer=said.answer.value,
        said=words,
        source=said.source,
        at=now,
    )
    if said.answer is Answer.WORSE:
        row.event = _event(visit, row, by=by, now=now)
        _ask_staff(visit, row, alerted=call_clinician(visit, f"{day:+d}d", now), now=now)
    row.save()
    trail.write([trail.entry(subject=row, verb="answer", by=by, now=now)])
    return answered


def worse(
    *, appointment_id: int, words: str = "", source: str = CareAnswer.Source.REPLY, now: datetime
) -> Answered:
    """Take a “worse” that came by another way than the page; see `answer`."""
    said = Said(answer=Answer.WORSE, source=source, words=words)
    return answer(appointment_id=appointment_id, said=said, by=_patient_of(appointment_id), now=now)


def replied(*, patient_id: int, text: str, now: datetime) -> tuple[int, Answered] | None:
    """Read a reply as an answer to the patient's newest check, and keep it.

    Answers the visit that it is about and what came of it; None where the text is no such answer or
    no check of this patient's is open, so that it goes where other replies go.
    """
    said = care.answer_in(text, _words())
    if said is None:
        return None
    visit = reading.being_checked(patient_id=patient_id, now=now)
    if visit is None:
        return None
    by = _patient_of(visit.pk)
    given = Said(answer=said, source=CareAnswer.Source.REPLY)
    return visit.pk, answer(appointment_id=visit.pk, said=given, by=by, now=now)


def _words() -> Mapping[str, Sequence[str]]:
    replies: Mapping[str, Sequence[str]] = carenotes.shipped()["replies"]
    return replies


def phone_of(site: Site) -> str:
    """Give the number for somebody who is worse, E.164: out of hours, else the site's own."""
    return str(site.out_of_hours_phone or site.phone or "")


def _patient_of(appointment_id: int) -> Actor:
    patient = (
        Appointment.objects.filter(pk=appointment_id).values_list("patient", flat=True).first()
    )
    if patient is None:
        raise NotFound
    return Actor(name=f"patient {patient} by reply", patient_id=patient)


def _locked(appointment_id: int, by: Actor) -> Appointment:
    """Lock in the house's order: the patient, then the visit; two answers at once become two."""
    seen = Appointment.objects.filter(pk=appointment_id).first()
    if seen is None or seen.patient_id != by.patient_id:
        raise NotFound
    lock_patient(seen.patient_id)
    rows = Appointment.objects.select_for_update(no_key=True, of=("self",))
    visit = rows.select_related("site").get(pk=appointment_id)
    if visit.status != Status.FULFILLED:
        raise WrongState("This visit is not done.")
    return visit


def _day(visit: Appointment, said: Said, now: datetime) -> int:
    """Name the check that an answer belongs to: the one it says, else the newest."""
    if said.day is not None:
        return said.day
    return reading.check_of(visit, now=now)


def _event(visit: Appointment, row: CareAnswer, *, by: Actor, now: datetime) -> Record:
    """Find the event that an earlier worse of this visit opened, if it is open; else open one."""
    open_one = Record.objects.filter(
        appointment=visit, kind=Record.Kind.ADVERSE_EVENT, end_date=None, withdrawn_at=None
    )
    known = open_one.order_by("pk").first()
    if known is not None:
        return known
    note = f"To be reviewed: the patient says that it is worse ({_when(row.day)})."
    today = now.astimezone(ZoneInfo(visit.zone)).date()
    event = Record(
        patient_id=visit.patient_id,
        kind=Record.Kind.ADVERSE_EVENT,
        code=Record.AdverseEvent.OTHER,
        areas=visit.areas,
        # east of Greenwich the day may have begun that is still to come by the records' clock
        start_date=min(today, now.date()),
        zone=visit.zone,
        note=f"{note} In their words: {row.said}" if row.said else note,
        appointment=visit,
    )
    return records.add(record=event, by=by, now=now)


def _when(day: int) -> str:
    if day == 0:
        return "on the day of the visit"
    return f"{day} day{'s' if day > 1 else ''} after the visit"


def call_clinician(visit: Appointment, offset: str, now: datetime) -> bool:
    """Write the SMS to the clinician on call, once an `offset`; false where nobody is on call."""
    phone = str(visit.site.on_call_phone or "")
    if not phone:
        return False
    Message.objects.bulk_create([_alert_row(visit, offset, phone, now)], ignore_conflicts=True)
    return True


def _alert_row(visit: Appointment, offset: str, phone: str, now: datetime) -> Message:
    facts: dict[str, Any] = {
        "appointment": visit,
        "patient_id": visit.patient_id,
        "site_id": visit.site_id,
        "told_version": visit.told_version,
        "created_at": now,
    }
    return Message(
        kind=Kind.ALERT.value,
        channel=Channel.SMS.value,
        offset=offset,
        recipient=phone,
        due_at=now,
        first_due_at=now,
        not_after=now + ALERT_FOR,
        dedupe_key=f"{visit.pk}:{visit.told_version}:{Kind.ALERT}:{offset}:{Channel.SMS}",
        **facts,
    )


def _ask_staff(visit: Appointment, row: CareAnswer, *, alerted: bool, now: datetime) -> None:
    """Write one urgent task; while it is open, what is said again is added to it."""
    said = f"The patient says that it is worse ({_when(row.day)})."
    words = f" “{row.said}”" if row.said else ""
    whom = (
        "We are texting the clinician on call; a task says so if that fails."
        if alerted
        else "Nobody is on call at this site: please tell a clinician now."
    )
    todo, fresh = Todo.objects.get_or_create(
        appointment=visit,
        kind=TODO,
        done_at=None,
        defaults={
            "site_id": visit.site_id,
            "patient_id": visit.patient_id,
            "text": f"{said}{words} {whom} An adverse event is open, to be reviewed.",
            "urgent": True,
            "created_at": now,
        },
    )
    if not fresh:
        todo.text = f"{todo.text} Again: {said}{words}"[:LONGEST_TASK]
        todo.save(update_fields=["text"])
