"""Recalls: patients whose session is overdue, or whose result wants upkeep, are asked to come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from notifications import carenotes
from notifications.care import candidates
from notifications.care.timeline import row_of
from notifications.core import care
from notifications.core.care import Moment, Session
from notifications.core.policy import Kind, dedupe_key_of_plan
from notifications.models import Message, Recall
from plans import courses
from plans.courses import PlanView, Standing, State
from scheduling import trail
from scheduling.core.words import COUNTED, Actor, Status
from scheduling.models import Appointment, Todo

TODO = "recall"
RING = "recall-ring"
AT = time(10)
"""The local hour at the site at which a recall goes out."""

USEFUL = timedelta(days=14)
"""How long a recall that could not be sent yet is still of use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why a patient is to come again; see `notifications.models.Recall`."""

    plan: PlanView
    kind: Recall.Kind
    seq: int
    due_on: date
    procedure: str = ""


def recall(*, now: datetime) -> int:
    """Ask the patients of every occasion that was not recalled yet; answer how many.

    It reads the plans that may call for it as they stand and writes each occasion once, so that it
    may be called at any time, twice at once, or not for days. A plan that was asked for is not read
    again until it or one of its visits changes.
    """
    found = 0
    for page in candidates.pages(_waits(), now):
        turns = {plan.pk: plan.turn for plan in page}  # type: ignore[attr-defined]
        known, fresh = _sorted(occasions(courses.views(page, now=now)))
        for occasion in known:
            _rows_of(occasion).update(turn=turns[occasion.plan.id])
        found += sum(_ask(occasion, turns[occasion.plan.id], now) for occasion in fresh)
    return found


def _waits() -> dict[str, timedelta]:
    """Say after how long the result of each procedure wants upkeep; the others have none."""
    return {
        procedure: timedelta(days=line["days"])
        for line in carenotes.shipped()["upkeep"]
        for procedure in line["procedures"]
    }


def occasions(views: Sequence[PlanView]) -> list[Occasion]:
    """List why the patients of these plans should come again, at most one reason a plan."""
    overdue = [o for view in views for o in _overdue(view)]
    return [*overdue, *_upkeep([v for v in views if v.standing is Standing.COMPLETE])]


def _sorted(found: Sequence[Occasion]) -> tuple[list[Occasion], list[Occasion]]:
    """Part what was recalled before from what is new; leave out upkeep for which they came."""
    rows = Recall.objects.filter(plan__in=[o.plan.id for o in found])
    before = set(rows.values_list("plan", "kind", "seq", "due_on"))
    known = [o for o in found if (o.plan.id, o.kind.value, o.seq, o.due_on) in before]
    new = [o for o in found if o not in known]
    return known, [o for o in new if o.kind is Recall.Kind.OVERDUE or not _came_since(o)]


def _rows_of(occasion: Occasion) -> QuerySet[Recall]:
    return Recall.objects.filter(
        plan=occasion.plan.id, kind=occasion.kind, seq=occasion.seq, due_on=occasion.due_on
    )


def _overdue(view: PlanView) -> Iterator[Occasion]:
    """Name the first session of a running plan whose window has closed, unless one is booked."""
    if view.standing is not Standing.RUNNING or not view.progress.overdue or view.progress.booked:
        return
    late = next(s for s in view.sessions if s.overdue)
    if late.due_last is not None:
        yield Occasion(plan=view, kind=Recall.Kind.OVERDUE, seq=late.seq, due_on=late.due_last)


def _upkeep(views: Sequence[PlanView]) -> Iterator[Occasion]:
    """Name the complete plans whose last session lies as long ago as its upkeep asks."""
    waits = _waits()
    for view in views:
        done = [s for s in view.sessions if s.state is State.DONE and s.procedure in waits and s.on]
        if not done:
            continue
        last = max(done, key=lambda s: (s.on or date.min, s.seq))
        due_on = (last.on or date.max) + waits[last.procedure]
        if due_on <= view.today:
            yield Occasion(
                plan=view, kind=Recall.Kind.UPKEEP, seq=0, due_on=due_on, procedure=last.procedure
            )


def _came_since(occasion: Occasion) -> bool:
    """Tell whether the patient has come for the same since the plan's last session, or will."""
    last = max(s.on for s in occasion.plan.sessions if s.on and s.procedure == occasion.procedure)
    return Appointment.objects.filter(
        patient=occasion.plan.patient_id,
        procedure=occasion.procedure,
        status__in=sorted(COUNTED),
        local_date__gt=last,
    ).exists()


@transaction.atomic
def _ask(occasion: Occasion, turn: int, now: datetime) -> bool:
    """Write the occasion, the task and the message; false where it was written before."""
    view = occasion.plan
    _, fresh = Recall.objects.get_or_create(
        plan_id=view.id,
        kind=occasion.kind,
        seq=occasion.seq,
        due_on=occasion.due_on,
        defaults={"at": now, "turn": turn},
    )
    if not fresh:
        return False
    visit = _anchor(view)
    told = visit is not None and _tell(visit, occasion, now)
    Todo.objects.create(
        site_id=view.site_id,
        patient_id=view.patient_id,
        appointment=visit,
        kind=TODO,
        text=_task(occasion, told=told),
        created_at=now,
    )
    return True


def _anchor(view: PlanView) -> Appointment | None:
    """Find the visit that the message hangs on: the plan's last, done ones first.

    A plan of which nothing was ever booked has none: reception rings.
    """
    visits = Appointment.objects.filter(series=view.series_id).exclude(
        status__in=[Status.PENDING.value, Status.ENTERED_IN_ERROR.value]
    )
    done = visits.filter(status=Status.FULFILLED.value).order_by("-start", "-pk").first()
    return done or visits.order_by("-start", "-pk").first()


def _tell(visit: Appointment, occasion: Occasion, now: datetime) -> bool:
    """Write the message; false where the patient cannot be written to."""
    reader = carenotes.readers([visit.patient_id])[visit.patient_id]
    view = occasion.plan
    here = Session(procedure="", areas=(), depth="", day=view.today, zone=view.zone)
    today = here.instant(0, AT)
    due_at = max(now, today)
    moment = Moment(
        day=occasion.seq, due_at=due_at, not_after=due_at + USEFUL, channels=reader.channels
    )
    rows = [
        _recall_row(visit, moment, occasion, (channel, reader.address(channel)), now)
        for channel in sorted(care.by_which(moment.channels, reader.channels))
    ]
    return bool(Message.objects.bulk_create(rows, ignore_conflicts=True))


def _recall_row(
    visit: Appointment, moment: Moment, occasion: Occasion, to: Any, now: datetime
) -> Message:
    """Spell the message; its offset is the occasion: session and date, or the date of upkeep."""
    row = row_of(visit, kind=Kind.RECALL, moment=moment, to=to, now=now)
    row.offset = f"{occasion.due_on:%y%m%d}"
    row.dedupe_key = dedupe_key_of_plan(
        plan_id=occasion.plan.id,
        version=occasion.plan.version,
        kind=Kind.RECALL,
        offset=f"{occasion.seq}.{row.offset}",
        channel=to[0],
    )
    return row


def _task(occasion: Occasion, *, told: bool) -> str:
    view = occasion.plan
    day = f"{occasion.due_on:%-d %b %Y}"
    why = (
        f"“{view.name}”: upkeep is due since {day}."
        if occasion.kind is Recall.Kind.UPKEEP
        else f"“{view.name}”: {view.session(occasion.seq).name} was due by {day}."
    )
    how = "The patient is asked to come." if told else "No message can be sent: please phone."
    return f"{why} {how}"


@transaction.atomic
def ask_to_be_rung(*, visit: Appointment, by: Actor, now: datetime) -> None:
    """Note that a recalled patient wants to be rung; asking again changes nothing."""
    # locked, so that asking twice at once does not write two tasks
    Appointment.objects.select_for_update(no_key=True).get(pk=visit.pk)
    todo, fresh = Todo.objects.get_or_create(
        appointment=visit,
        kind=RING,
        done_at=None,
        defaults={
            "site_id": visit.site_id,
            "patient_id": visit.patient_id,
            "text": "Was asked to come again and would like to be rung.",
            "created_at": now,
        },
    )
    if fresh:
        trail.write([trail.entry(subject=todo, verb="ask_to_be_rung", by=by, now=now)])


def waits_to_be_rung(visit: Appointment) -> bool:
    """Tell whether the patient has asked to be rung and nobody has yet."""
    return Todo.objects.filter(appointment=visit, kind=RING, done_at=None).exists()
