"""Proposals kept: what was found becomes rows and holds, and comes to an end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from plans.core.course import Placement
from plans.core.course import Proposal as Found
from plans.core.sittings import date_of, dates
from plans.core.windows import Due, Lain, windows
from plans.courses.reading import lags_of, lain, since
from plans.courses.rows import Rows
from plans.models import Plan, Proposal, ProposedVisit, Session
from plans.planning.posing import Posed, Task, lies_at, wish_for
from plans.planning.reach import still_open
from plans.planning.telling import why_moved
from scheduling import booking, catalogue, trail
from scheduling.booking import Placing
from scheduling.booking.locks import lock_patients
from scheduling.core.timeline import instant
from scheduling.core.words import COUNTED, Actor, Held, Status
from scheduling.errors import StaleVersion, WrongState
from scheduling.integrity import retrying
from scheduling.models import Appointment

Why = tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is kept of a proposal besides its visits; `why` are reasons as JSON."""

    kind: Proposal.Kind
    by: Actor
    held_until: datetime | None = None
    why: Why = ()


def something_to_place(task: Task) -> Task:
    """Let through a task in which a session waits for a date.

    Raises:
        WrongState: there is none.

    """
    if not task.open:
        raise WrongState("Every session of this plan is booked, done or skipped.")
    return task


def movable(read: Rows, now: datetime) -> dict[int, Appointment]:
    """Answer the visits that a re-flow may move, by session: booked, to come, and not fixed."""
    return {
        session.pk: visit
        for session in read.sessions
        if (visit := read.visit(session)) is not None
        and visit.status == Status.BOOKED
        and visit.start > now
        and not session.fixed
    }


def moving_in(read: Rows, now: datetime) -> dict[int, Appointment]:
    """Answer the visits that the open proposal of a plan may move."""
    reflow = read.proposal is not None and read.proposal.kind == Proposal.Kind.REFLOW
    return movable(read, now) if reflow else {}


def holds_of(read: Rows) -> frozenset[int]:
    """Answer the visits that only hold a place for the plan's open proposal."""
    return frozenset(row.hold_id for row in read.proposed.values() if row.hold_id is not None)


def place_of(row: ProposedVisit, key: str) -> Placement:
    """Read where a proposal puts a session."""
    held = tuple(Held(*each) for each in row.held)
    start_q, end_q = (int(moment.timestamp()) // 300 for moment in (row.start, row.end))
    return Placement(key=key, start_q=start_q, end_q=end_q, held=held)


def placing_of(task: Task, session: Session, row: ProposedVisit) -> Placing:
    """Spell one proposed visit as booking writes it."""
    wish = replace(wish_for(task, session), not_before=row.window_first, not_after=row.window_last)
    if wish.moving is None and row.hold_id is not None:
        wish = replace(wish, moving=row.hold_id)
    return Placing(
        wish=wish,
        start=row.start,
        held=tuple(Held(*each) for each in row.held),
        version=row.visit_version,
    )


@retrying
def store(*, work: Posed, found: Found, note: Note) -> Proposal:
    """Write a proposal in place of the plan's open one, and hold its new visits if asked.

    Raises:
        StaleVersion: somebody changed the plan or a visit of it since it was read.
        Refused: a start to be held was taken in between.

    """
    read, now = work.task.read, work.task.now
    lock_patients([read.plan.patient_id])
    plan = Plan.objects.get(pk=read.plan.pk)
    if plan.version != read.plan.version:
        raise StaleVersion("This plan was changed by someone else. Read it again.")
    _must_lie_as_read(read)
    for open_one in Proposal.objects.filter(plan=plan, state=Proposal.State.OPEN):
        finish(open_one, Proposal.State.SUPERSEDED, note.by, now)
    proposal = Proposal.objects.create(
        plan=plan,
        kind=note.kind,
        plan_version=plan.version,
        protocol_id=catalogue.current().protocol_id or 0,
        end_date=found.end,
        cost=_cost(found),
        left_out=[work.sessions[key].pk for key in found.left_out],
        why=list(note.why),
        held_until=note.held_until,
        made_at=now,
        made_by=note.by.name,
    )
    rows = _rows(work, found, proposal)
    if note.held_until is not None:
        _hold(work, rows, note)
    ProposedVisit.objects.bulk_create(rows)
    trail.write([trail.entry(subject=proposal, verb="propose", by=note.by, now=now)])
    return proposal


def _must_lie_as_read(read: Rows) -> None:
    """Let through a plan whose visits nobody booked, moved or ended since it was read.

    Raises:
        StaleVersion: somebody did.

    """
    known = {v.pk: v.version for some in read.visits.values() for v in some if v.status in COUNTED}
    rows = Appointment.objects.filter(series=read.plan.series_id, seq__isnull=False)
    if dict(rows.filter(status__in=COUNTED).values_list("pk", "version")) != known:
        raise StaleVersion("A visit of this plan was changed by someone else. Read it again.")


def _cost(found: Found) -> dict[str, int]:
    cost = found.cost
    return {
        "moved": cost.moved,
        "days_moved": cost.days_moved,
        "off_target": cost.off_target,
        "unmet": cost.unmet,
        "waste": cost.waste,
    }


def _rows(work: Posed, found: Found, proposal: Proposal) -> list[ProposedVisit]:
    """Make a row for each session that gets a new place; those that stay have none."""
    task = work.task
    due = _windows(work, found)
    rows = []
    for place in found.placements:
        session = work.sessions[place.key]
        visit = task.moving.get(session.pk)
        if place.key not in work.looks or (visit is not None and stays(task, visit, place)):
            continue
        start = instant(place.start_q)
        rows.append(
            ProposedVisit(
                proposal=proposal,
                session=session,
                start=start,
                end=instant(place.end_q),
                local_date=start.astimezone(task.read.zone).date(),
                prep_minutes=5 * max([0, *(place.start_q - h.start_q for h in place.held)]),
                held=[[h.resource_id, h.kind, h.start_q, h.end_q] for h in place.held],
                visit=visit,
                visit_version=visit.version if visit else None,
                was=visit.start if visit else None,
                why=why_moved(work, found, lies_at(task, session.pk, visit)) if visit else "",
                window_first=due[place.key].first,
                window_last=due[place.key].last,
            )
        )
    return rows


def changes_nothing(work: Posed, found: Found) -> bool:
    """Tell whether a plan found leaves every visit where it is and finds none that was missing."""
    moving = work.task.moving
    for place in found.placements:
        session = work.sessions[place.key]
        if place.key in work.looks and (
            session.pk not in moving or not stays(work.task, moving[session.pk], place)
        ):
            return False
    return True


def stays(task: Task, visit: Appointment, place: Placement) -> bool:
    """Tell whether a place is where a visit is already, with the same resources."""
    same = set(place.held) == set(task.read.held.get(visit.pk, ()))
    return same and visit.start_q == place.start_q


def _windows(work: Posed, found: Found) -> dict[str, Due]:
    """Answer each session's window where the others lie as proposed."""
    read, zone = work.task.read, work.task.read.zone
    lies = {work.task.keys[int(pk)]: lies for pk, lies in lain(read).items()}
    for place in found.placements:
        first, last = dates(place.start_q, place.end_q - place.start_q, zone)
        lies[place.key] = Lain(date_of(first), date_of(last))
    steps = [
        (
            work.task.keys[s.pk],
            [replace(lag, after=work.task.keys[int(lag.after)]) for lag in lags_of(read, s)],
        )
        for s in work.task.active
    ]
    return windows(steps, lies, since(read))


def _hold(work: Posed, rows: Sequence[ProposedVisit], note: Note) -> None:
    """Keep the new visits of a proposal, all or none."""
    fresh = [row for row in rows if row.visit is None]
    if not fresh:
        return
    placings = [placing_of(work.task, row.session, row) for row in fresh]
    held = booking.hold_many(placings=placings, by=note.by, now=work.task.now)
    for row, kept in zip(fresh, held, strict=True):
        row.hold = kept.appointment


@retrying
def end(*, proposal_id: int, state: Proposal.State, by: Actor, now: datetime) -> Proposal:
    """End a proposal, and let go of what it holds.

    Raises:
        ProposalOver: it has ended already.

    """
    patient = Proposal.objects.values_list("plan__patient_id", flat=True).get(pk=proposal_id)
    lock_patients([patient])
    proposal = Proposal.objects.get(pk=proposal_id)
    still_open(proposal)
    finish(proposal, state, by, now)
    return proposal


def finish(proposal: Proposal, state: Proposal.State, by: Actor, now: datetime) -> None:
    """Write a proposal's end under the patient's lock; holds that were not booked go."""
    rows = ProposedVisit.objects.filter(proposal=proposal, hold__isnull=False)
    holds = list(rows.values_list("hold__pk", flat=True))
    booking.release_holds(appointment_ids=holds, now=now)
    proposal.state, proposal.ended_at, proposal.ended_by = state, now, by.name
    proposal.held_until = None
    proposal.save(update_fields=["state", "ended_at", "ended_by", "held_until"])
    trail.write([trail.entry(subject=proposal, verb=state.value, by=by, now=now)])
