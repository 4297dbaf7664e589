"""A plan paused, resumed, abandoned; a session skipped, fixed or let go."""

from datetime import datetime

from plans.courses.reading import standing_of, state_of
from plans.courses.rows import Rows
from plans.courses.values import State
from plans.models import Decision, Plan, Proposal, Session
from plans.planning import keeping
from plans.planning.reach import read_plan, session_of
from scheduling import booking, trail
from scheduling.booking.locks import lock_patients
from scheduling.core.words import Actor, Status
from scheduling.errors import Malformed, StaleVersion, WrongState
from scheduling.integrity import retrying

LONGEST = 200


@retrying
def pause(
    *, plan_id: int, reason: str, by: Actor, now: datetime, version: int | None = None
) -> Plan:
    """Stop planning until somebody resumes; visits that are booked stay.

    `version` is the plan's as it was read; None for whatever it is.

    Raises:
        Malformed: no reason in words, or one of more than 200 characters.
        WrongState: it is paused already, or over.
        StaleVersion: somebody changed the plan since it was read.
        NotFound: no such plan for this actor.

    """
    read = _locked(plan_id, by, now, version)
    plan = read.plan
    if plan.paused_at is not None:
        raise WrongState("This plan is paused already.")
    _running(read)
    plan.paused_at, plan.paused_by, plan.pause_reason = now, by.name, _said(reason)
    return _changed(plan, Decision(verb="pause", reason=plan.pause_reason), by, now)


@retrying
def resume(
    *, plan_id: int, reason: str, by: Actor, now: datetime, version: int | None = None
) -> Plan:
    """Go on with a plan that somebody paused. An open adverse event pauses on until it ends.

    Raises: see `pause`.
    """
    read = _locked(plan_id, by, now, version)
    plan = read.plan
    if plan.paused_at is None:
        raise WrongState("This plan is not paused by anybody.")
    _running(read)
    plan.paused_at, plan.paused_by, plan.pause_reason = None, "", ""
    return _changed(plan, Decision(verb="resume", reason=_said(reason)), by, now)


@retrying
def abandon(
    *, plan_id: int, reason: str, by: Actor, now: datetime, version: int | None = None
) -> Plan:
    """End a plan before it is complete: its coming visits are cancelled, the series closed.

    The patient is told once, of all of them.

    Raises: see `pause`.
    """
    read = _locked(plan_id, by, now, version)
    _running(read)
    plan = read.plan
    said = _said(reason)
    coming = [
        visit.pk
        for session in read.sessions
        if (visit := read.visit(session)) is not None
        and visit.status == Status.BOOKED
        and visit.start > now
    ]
    if coming:
        booking.cancel_many(appointment_ids=coming, by=by, now=now, reason=said)
    plan.abandoned_at, plan.abandoned_by, plan.abandon_reason = now, by.name, said
    plan.series.open = False
    plan.series.save(update_fields=["open"])
    return _changed(plan, Decision(verb="abandon", reason=said), by, now)


@retrying
def skip(*, session_id: int, reason: str, by: Actor, now: datetime) -> Session:
    """Leave a session out; its visit, if it has one, must be cancelled first.

    Raises:
        WrongState: it is booked, done or skipped.
        and see `pause`.

    """
    read, session = _locked_session(session_id, by, now)
    _running(read)
    state = state_of(read, session)
    if state in {State.BOOKED, State.DONE, State.SKIPPED}:
        raise WrongState(f"A session that is {state.value} cannot be skipped.")
    session.skipped_at, session.skipped_by, session.skip_reason = now, by.name, _said(reason)
    session.save(update_fields=["skipped_at", "skipped_by", "skip_reason"])
    _changed(read.plan, Decision(verb="skip", reason=session.skip_reason, session=session), by, now)
    return session


def fix(*, session_id: int, by: Actor, now: datetime) -> Session:
    """Keep a booked session where it is in every re-flow: the patient cannot come elsewhere.

    Raises:
        WrongState: it has no visit to fix, or the plan is over.
        NotFound: no such session for this actor.

    """
    return _fixed(session_id, by, now, fixed=True)


def unfix(*, session_id: int, by: Actor, now: datetime) -> Session:
    """Let a session move again.

    Raises: see `fix`.
    """
    return _fixed(session_id, by, now, fixed=False)


@retrying
def _fixed(session_id: int, by: Actor, now: datetime, *, fixed: bool) -> Session:
    read, session = _locked_session(session_id, by, now)
    _running(read)
    if fixed and state_of(read, session) is not State.BOOKED:
        raise WrongState("Only a booked session can be fixed.")
    if session.fixed != fixed:
        session.fixed = fixed
        session.save(update_fields=["fixed"])
        verb = "fix" if fixed else "unfix"
        reason = f"{session.name} {'stays where it is' if fixed else 'may move again'}"
        _changed(read.plan, Decision(verb=verb, reason=reason, session=session), by, now)
    return session


def _locked_session(session_id: int, by: Actor, now: datetime) -> tuple[Rows, Session]:
    session = session_of(session_id, by)
    read = _locked(session.plan_id, by, now, None)
    return read, next(s for s in read.sessions if s.pk == session.pk)


def _locked(plan_id: int, by: Actor, now: datetime, version: int | None) -> Rows:
    """Read a plan under its patient's lock.

    Raises:
        StaleVersion, NotFound: see `pause`.

    """
    glimpse = read_plan(plan_id=plan_id, by=by, now=now).plan
    lock_patients([glimpse.patient_id])
    read = read_plan(plan_id=plan_id, by=by, now=now)
    if version is not None and read.plan.version != version:
        raise StaleVersion(
            "This plan was changed by someone else. Read it again.", version=read.plan.version
        )
    return read


def _running(read: Rows) -> None:
    standing = standing_of(read)
    if standing.over:
        raise WrongState(f"This plan is {standing.value}.")


def _said(reason: str) -> str:
    said = reason.strip()
    if not said or len(said) > LONGEST:
        raise Malformed(f"Say why, in at most {LONGEST} characters.", field="reason")
    return said


def _changed(plan: Plan, decision: Decision, by: Actor, now: datetime) -> Plan:
    """Save a plan at its next version, and why; a proposal for the one before is superseded."""
    plan.version += 1
    plan.save()
    for proposal in Proposal.objects.filter(plan=plan, state=Proposal.State.OPEN):
        keeping.finish(proposal, Proposal.State.SUPERSEDED, by, now)
    decision.plan, decision.by, decision.at = plan, by.name, now
    decision.save()
    trail.write([trail.entry(subject=plan, verb=decision.verb, by=by, now=now)])
    return plan
