"""A proposal accepted: all of it, or the first sessions, in one transaction or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from plans.courses.rows import Rows
from plans.models import Proposal, ProposedVisit
from plans.planning import keeping
from plans.planning.errors import Difference, ProposalLost
from plans.planning.fitting import must_fit, unfit
from plans.planning.noting import noting
from plans.planning.posing import Task
from plans.planning.proposing import proposed
from plans.planning.reach import opened_proposal, still_open
from plans.planning.reflowing import reflowed
from scheduling import booking, trail
from scheduling.booking import Booked, Placing
from scheduling.booking.locks import lock_patients
from scheduling.core.words import Actor, Status
from scheduling.errors import Malformed, Refused, StaleVersion, WrongState
from scheduling.integrity import SessionBooked, retrying
from scheduling.models import Appointment

LOST = (Refused, StaleVersion, WrongState, SessionBooked)
"""What booking answers where the ground under a proposal is no longer what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    proposal: Proposal
    read: Rows
    rows: Sequence[ProposedVisit]
    by: Actor
    now: datetime


def accept(*, proposal_id: int, by: Actor, now: datetime, first: int | None = None) -> list[Booked]:
    """Book exactly what was read out: all sessions, or the `first` so many by date.

    Sessions that are not accepted stay due, with their windows. Of a re-flow every move is made;
    `first` limits only the new visits.

    Raises:
        ProposalLost: it can no longer be had; carries the new proposal and what changed.
        ProposalOver: it was accepted, declined or replaced already.
        Malformed: `first` is below 1.
        Refused: it can no longer be had and no plan is left, or the plan is paused or over.
        NotFound: no such proposal for this actor.

    """
    if first is not None and first < 1:
        raise Malformed("Accept at least one session.", field="first")
    with noting(by, now, proposal_id=proposal_id):
        return _accepted(proposal_id, by, now, first)


def _accepted(proposal_id: int, by: Actor, now: datetime, first: int | None) -> list[Booked]:
    proposal, read = opened_proposal(proposal_id=proposal_id, by=by, now=now)
    rows = sorted(read.proposed.values(), key=lambda row: row.start)
    fresh = [row for row in rows if row.visit_id is None][:first]
    taken = [row for row in rows if row.visit_id is not None or row in fresh]
    errand = _Errand(proposal=proposal, read=read, rows=taken, by=by, now=now)
    try:
        return _booked(errand)
    except LOST as loss:
        raise _lost(errand, rows, loss) from loss


@retrying
def _booked(errand: _Errand) -> list[Booked]:
    """Book and end the proposal together, under the patient's lock."""
    plan = errand.read.plan
    lock_patients([plan.patient_id])
    proposal = Proposal.objects.select_related("plan").get(pk=errand.proposal.pk)
    still_open(proposal)
    if proposal.plan.version != proposal.plan_version:
        raise StaleVersion("This plan was changed since it was proposed.")
    visits = Appointment.objects.in_bulk([row.visit_id for row in errand.rows if row.visit_id])
    moving = {row.session_id: visits[row.visit_id] for row in errand.rows if row.visit_id}
    task = Task(read=errand.read, now=errand.now, moving=moving)
    sessions = {s.pk: s for s in errand.read.sessions}
    held, before = _still_held(errand), unfit([plan.pk], now=errand.now)
    placings: list[Placing] = []
    for row in errand.rows:
        row.hold_id = row.hold_id if row.hold_id in held else None
        placings.append(keeping.placing_of(task, sessions[row.session_id], row))
    booked = booking.arrange(placings=placings, by=errand.by, now=errand.now) if placings else []
    must_fit([plan.pk], before, now=errand.now)
    keeping.finish(proposal, Proposal.State.ACCEPTED, errand.by, errand.now)
    what = {"sessions": [None, len(booked)]}
    trail.write([trail.entry(subject=plan, verb="accept", by=errand.by, now=errand.now, what=what)])
    return booked


def _still_held(errand: _Errand) -> set[int]:
    """Answer the holds that still stand; a proposal is booked without them where it can be."""
    kept = Appointment.objects.filter(
        pk__in=[row.hold_id for row in errand.rows if row.hold_id is not None],
        status=Status.PENDING.value,
    )
    return set(kept.values_list("pk", flat=True))


def _lost(errand: _Errand, rows: Sequence[ProposedVisit], loss: Exception) -> ProposalLost:
    """Propose again, and say what is different now.

    Raises:
        Refused: no plan is left.

    """
    fresh = _again(errand)
    found = {row.session_id: row for row in fresh.visits.all()} if fresh else {}
    old = {row.session_id: row for row in rows}
    return ProposalLost(
        proposal=fresh,
        changes=[
            Difference(
                session_id=s.pk,
                name=s.name,
                old=old[s.pk].start if s.pk in old else None,
                new=found[s.pk].start if s.pk in found else None,
            )
            for s in errand.read.sessions
            if _start(old.get(s.pk)) != _start(found.get(s.pk))
        ],
        reasons=getattr(loss, "reasons", ()),
    )


def _again(errand: _Errand) -> Proposal | None:
    """Propose anew; None where others have booked all that there was to book."""
    plan_id, by, now = errand.read.plan.pk, errand.by, errand.now
    try:
        if errand.proposal.kind == Proposal.Kind.REFLOW:
            return reflowed(plan_id=plan_id, by=by, now=now)
        return proposed(plan_id=plan_id, by=by, now=now)
    except WrongState:
        return None


def _start(row: ProposedVisit | None) -> datetime | None:
    return row.start if row is not None else None
