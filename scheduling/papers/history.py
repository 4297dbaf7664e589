"""The medical history: begun, handed in once, and its answers made dated facts at once.

An answer counts before anybody at the clinic has read it, since that is the safe side; so only
answers that can stop a treatment become records. What could allow one (a session done elsewhere, a
healed area) stays in the submission until a clinician enters it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from scheduling import records, trail
from scheduling.core.words import Actor
from scheduling.errors import WrongState
from scheduling.integrity import lock_patient
from scheduling.models import Appointment, Draft, Record, Submission, Todo
from scheduling.papers import standing
from scheduling.papers.questions import FORM, Answer, Option, Question, answer_in, form

TO_REVIEW = "answers-to-review"
"""The kind of task that asks a clinician to read what a patient has answered."""

DRAFT_DAYS = timedelta(days=7)
"""How long answers are kept that were begun and not handed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a history is handed in with: its reader's language, words, the visit, and the door.

    `words` are those of the page, by key: what was asked is kept as it was read.
    """

    language: str
    words: Mapping[str, Any]
    zone: str
    door: str
    appointment: Appointment | None = None


def begun(*, patient_id: int, opened_by: str, now: datetime) -> dict[str, Answer]:
    """Read the answers that were begun behind this door, by question."""
    draft = Draft.objects.filter(
        patient_id=patient_id, opened_by=opened_by, changed_at__gt=now - DRAFT_DAYS
    ).first()
    kept = draft.answers if draft else {}
    known = {question.key for question in form().questions}
    return {key: answer_in(said) for key, said in kept.items() if key in known}


@transaction.atomic
def keep(*, patient_id: int, opened_by: str, key: str, answer: Answer, now: datetime) -> None:
    """Keep one answer until the history is handed in."""
    lock_patient(patient_id)  # two pages sent at once must not lose each other's answer
    answers = begun(patient_id=patient_id, opened_by=opened_by, now=now)
    said = {name: each.as_dict() for name, each in answers.items()} | {key: answer.as_dict()}
    Draft.objects.update_or_create(
        patient_id=patient_id,
        opened_by=opened_by,
        defaults={"answers": said, "changed_at": now},
    )


@transaction.atomic
def hand_in(
    *, patient_id: int, opened_by: str, sheet: Sheet, by: Actor, now: datetime
) -> Submission:
    """Hand the answers in: kept as they are, made records, and put before a clinician.

    Raises:
        WrongState: a question is left, or all was handed in before.

    """
    lock_patient(patient_id)
    answers = begun(patient_id=patient_id, opened_by=opened_by, now=now)
    asked = form()
    if any(question.key not in answers for question in asked.questions):
        raise WrongState("Some questions are left.")
    submission = Submission.objects.create(
        patient_id=patient_id,
        appointment=sheet.appointment,
        form=FORM,
        version=asked.version,
        language=sheet.language,
        answers=[told(each, answers[each.key], sheet.words) for each in asked.questions],
        allergies=answers["allergies"].words,
        at=now,
        zone=sheet.zone,
        by=by.name,
        door=sheet.door,
    )
    trail.write([trail.entry(subject=submission, verb="hand_in", by=by, now=now)])
    added = _records(submission, answers, by=by, now=now)
    _ask_clinician(submission, answers, len(added), now=now)
    Draft.objects.filter(patient_id=patient_id, opened_by=opened_by).delete()
    return submission


def told(question: Question, answer: Answer, words: Mapping[str, Any]) -> dict[str, Any]:
    """Spell one question and its answer in the words in which they were read."""
    chosen = [str(words[f"o_{question.key}_{value}"]) for value in answer.chosen]
    return {
        "key": question.key,
        "question": str(words[f"q_{question.key}"]),
        "answer": "; ".join(chosen),
        "facts": answer.as_dict(),
    }


def forget_drafts(*, now: datetime) -> int:
    """Delete the answers that were begun and not handed in; answer how many people's."""
    return Draft.objects.filter(changed_at__lte=now - DRAFT_DAYS).delete()[0]


def last_of(patient_id: int) -> Submission | None:
    """Read the newest history of a patient."""
    return Submission.objects.filter(patient_id=patient_id).order_by("-at", "-pk").first()


def kinds_told(*, patient_id: int, door: str) -> frozenset[str] | None:
    """Name the types of record that the newest history of one door told of; None without one."""
    rows = Submission.objects.filter(patient_id=patient_id, door=door).order_by("-at", "-pk")
    last = rows.first()
    if last is None:
        return None
    answers = {said["key"]: answer_in(said["facts"]) for said in last.answers}
    asked = [question for question in form().questions if question.key in answers]
    return frozenset(f.kind for q in asked for f in facts_of(q, answers[q.key]))


def due(patient_id: int, visit: Appointment | None) -> bool:
    """Tell whether a history is to be filled in: none since the last visit that took place."""
    last = last_of(patient_id)
    if last is None:
        return True
    treated = Appointment.objects.filter(patient_id=patient_id, status="fulfilled")
    if visit is not None:
        treated = treated.filter(start__lt=visit.start)
    return treated.filter(start__gt=last.at).exists()


def facts_of(question: Question, answer: Answer) -> list[Record]:
    """Make the records, unsaved, that an answer tells of."""
    options = [option for value in answer.chosen if (option := question.option(value))]
    spells = [option for option in options if option.spell and question.kind]
    # several answers of one class are one fact
    distinct = {(option.spell, option.drug_class): option for option in spells}
    return [_fact(question, option, answer) for option in distinct.values()]


def _fact(question: Question, option: Option, answer: Answer) -> Record:
    note = f"Answered by the patient. In their words: {answer.words}" if answer.words else ""
    return Record(
        kind=question.kind,
        end_date=answer.on if option.spell == "ended" else None,
        drug_class=option.drug_class,
        note=note or "Answered by the patient.",
        reported_by_patient=True,
    )


def _records(
    submission: Submission, answers: Mapping[str, Answer], *, by: Actor, now: datetime
) -> list[Record]:
    """Add what was answered, unless the same stands there already."""
    added = []
    for question in form().questions:
        for record in facts_of(question, answers[question.key]):
            if _known(submission.patient_id, record):
                continue
            record.patient_id = submission.patient_id
            record.submission = submission
            record.appointment = submission.appointment
            record.zone = submission.zone
            added.append(records.add(record=record, by=by, now=now))
    return added


def _known(patient_id: int, record: Record) -> bool:
    """Tell whether the rules read the same fact already; then the answer adds nothing."""
    same = Record.objects.filter(
        patient_id=patient_id,
        kind=record.kind,
        end_date=record.end_date,
        drug_class=record.drug_class,
        withdrawn_at=None,
        areas=[],
    )
    return same.exists()


def _ask_clinician(
    submission: Submission, answers: Mapping[str, Answer], added: int, *, now: datetime
) -> None:
    """Write one task for each patient; it is urgent where a coming visit is no longer allowed."""
    spoken = [each for each in ("allergies", "elsewhere", "anything") if answers[each].words]
    refused = standing.refused(patient_id=submission.patient_id, now=now)
    if not (added or spoken or refused):
        return
    visit = submission.appointment or _next(submission.patient_id, now)
    said = [f"Medical history of {_day(submission):%d %b %Y}: please review {_many(added)}."]
    if spoken:
        said.append(f"The patient wrote something about: {', '.join(spoken)}.")
    said += [f"The visit on {r.visit.local_date:%d %b %Y} is no longer allowed." for r in refused]
    Todo.objects.update_or_create(
        patient_id=submission.patient_id,
        kind=TO_REVIEW,
        done_at=None,
        defaults={"text": " ".join(said), "urgent": bool(refused), "created_at": now},
        create_defaults={
            "text": " ".join(said),
            "urgent": bool(refused),
            "created_at": now,
            "site_id": visit.site_id if visit else None,
            "appointment": visit,
        },
    )


def _many(added: int) -> str:
    return "1 new answer" if added == 1 else f"{added} new answers" if added else "it"


def _day(submission: Submission) -> date:
    return submission.at.astimezone(ZoneInfo(submission.zone)).date()


def _next(patient_id: int, now: datetime) -> Appointment | None:
    coming = Appointment.objects.filter(patient_id=patient_id, status="booked", start__gt=now)
    return coming.order_by("start", "pk").first()
