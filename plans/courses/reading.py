"""Plans read from their rows, however many of them, in a fixed number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from plans.core.course import Lag, Unit
from plans.core.windows import Due, Lain, windows
from plans.courses import rows
from plans.courses.misfits import misfits
from plans.courses.rows import Rows
from plans.courses.values import (
    DecisionView,
    LagView,
    PlanView,
    Progress,
    ProposalView,
    ProposedView,
    SessionView,
    Standing,
    State,
    Thing,
    VisitView,
)
from plans.models import Decision, Plan, ProposedVisit, Session
from scheduling import booking, catalogue
from scheduling.core.words import Status
from scheduling.errors import NotFound
from scheduling.models import Appointment


def view(plan_id: int, *, now: datetime) -> PlanView:
    """Read one plan as it stands.

    Raises:
        NotFound: there is no such plan.

    """
    plan = _plans().filter(pk=plan_id).first()
    if plan is None:
        raise NotFound("There is no such plan.")
    return views([plan], now=now)[0]


def of_patient(patient_id: int, *, now: datetime) -> list[PlanView]:
    """Read all plans of a patient, the newest first."""
    return views(_plans().filter(patient=patient_id).order_by("-created_at", "-pk"), now=now)


def views(plans: Iterable[Plan], *, now: datetime) -> list[PlanView]:
    """Read a list of plans, in its order."""
    with catalogue.steady():
        return [_view(each, now) for each in rows.read(list(plans), now=now)]


def _plans() -> QuerySet[Plan]:
    return Plan.objects.select_related("patient", "site")


def lags_of(read: Rows, session: Session) -> list[Lag]:
    """Spell a session's lags for the core; those to sessions that are skipped bind nothing."""
    skipped = {s.pk for s in read.sessions if s.skipped_at is not None}
    return [
        Lag(
            after=str(lag.after_id),
            least=lag.least,
            target=lag.target,
            most=lag.most,
            unit=Unit(lag.unit),
        )
        for lag in read.lags.get(session.pk, ())
        if lag.after_id not in skipped
    ]


def lain(read: Rows) -> dict[str, Lain]:
    """Answer where the sessions lie that have a visit, by id."""
    found = {}
    for session in read.sessions:
        visit = read.visit(session)
        if visit is not None:
            found[str(session.pk)] = Lain(visit.local_date, booking.end_date(visit))
    return found


def dues(read: Rows, lies: Mapping[str, Lain]) -> dict[str, Due]:
    """Answer each session's window as what is booked and done stands; skipped ones have none."""
    steps = [(str(s.pk), lags_of(read, s)) for s in read.sessions if s.skipped_at is None]
    return windows(steps, lies, since(read))


def since(read: Rows) -> date:
    """Answer the first local date of what waits for no other session."""
    made = read.plan.created_at.astimezone(read.zone).date()
    return max(made, read.plan.not_before or made)


def _view(read: Rows, now: datetime) -> PlanView:
    plan, today = read.plan, now.astimezone(read.zone).date()
    standing = standing_of(read)
    sessions = _sessions(read, standing, today)
    return PlanView(
        id=plan.pk,
        version=plan.version,
        name=plan.name,
        patient_id=plan.patient_id,
        patient=str(plan.patient),
        site_id=plan.site_id,
        site=plan.site.name,
        zone=plan.site.zone,
        today=today,
        series_id=plan.series_id,
        template_id=plan.template_id,
        indication=plan.indication,
        areas=tuple(plan.areas),
        size=plan.size,
        depth=plan.depth,
        weekdays=tuple(plan.weekdays),
        times=tuple(plan.times),
        practitioner_id=plan.practitioner_id,
        not_before=plan.not_before,
        not_after=plan.not_after,
        blocked=tuple(plan.blocked),
        standing=standing,
        paused_at=plan.paused_at,
        paused_by=plan.paused_by,
        pause_reason=plan.pause_reason,
        abandon_reason=plan.abandon_reason,
        events=_events(read),
        sessions=sessions,
        progress=_progress(sessions),
        paid_sessions=plan.paid_sessions,
        proposal=_proposal(read),
        needs_reflow=() if standing.over else misfits(sessions, read.refused),
        decisions=tuple(_decision(said) for said in read.decisions),
    )


def _sessions(read: Rows, standing: Standing, today: date) -> tuple[SessionView, ...]:
    """Read the sessions; where the plan is over, nothing is due any more."""
    due = dues(read, lain(read))
    found = [_session(read, s, due.get(str(s.pk)), today) for s in read.sessions]
    if standing.over:
        return tuple(replace(session, due=False, overdue=False) for session in found)
    return tuple(found)


def _decision(said: Decision) -> DecisionView:
    return DecisionView(
        verb=said.verb,
        reason=said.reason,
        by=said.by,
        at=said.at,
        session=said.session.name if said.session else "",
    )


def _events(read: Rows) -> tuple[str, ...]:
    return tuple(
        f"{event.get_code_display() or 'Side effect'}"
        f"{f' since {event.start_date:%-d %b %Y}' if event.start_date else ''}"
        ", not closed by a clinician yet."
        for event in read.events
    )


def standing_of(read: Rows) -> Standing:
    """Read where a plan stands from its sessions, its marks and the patient's open events."""
    plan = read.plan
    if plan.abandoned_at is not None:
        return Standing.ABANDONED
    states = {s.pk: state_of(read, s) for s in read.sessions}
    required = [states[s.pk] for s in read.sessions if not s.optional]
    asked = [state for state in required if state is not State.SKIPPED]
    if asked and set(asked) == {State.DONE} and State.BOOKED not in states.values():
        return Standing.COMPLETE
    if read.events:
        return Standing.PAUSED_BY_EVENT
    return Standing.PAUSED if plan.paused_at is not None else Standing.RUNNING


def _progress(sessions: Sequence[SessionView]) -> Progress:
    def count(*states: State) -> int:
        return sum(s.state in states for s in sessions)

    return Progress(
        done=count(State.DONE),
        booked=count(State.BOOKED),
        due=sum(s.due for s in sessions),
        overdue=sum(s.overdue for s in sessions),
        missed=count(State.MISSED),
        of=len(sessions) - count(State.SKIPPED),
    )


def _session(read: Rows, session: Session, due: Due | None, today: date) -> SessionView:
    visit, proposed = read.visit(session), read.proposed.get(session.pk)
    state = state_of(read, session)
    waits = state in {State.UNPLANNED, State.PROPOSED, State.MISSED} and due is not None
    overdue = waits and due is not None and due.last is not None and due.last < today
    return SessionView(
        id=session.pk,
        seq=session.seq,
        name=session.name,
        treatment_id=session.treatment_id,
        treatment=session.treatment.name,
        procedure=session.treatment.procedure,
        minutes=session.minutes,
        areas=tuple(session.areas),
        size=session.size,
        depth=session.depth,
        same_practitioner=session.same_practitioner,
        optional=session.optional,
        fixed=session.fixed,
        state=state,
        lags=_lags(read, session),
        due_first=due.first if due else None,
        due_last=due.last if due else None,
        due=waits and not overdue and due is not None and due.first <= today,
        overdue=overdue,
        stray=visit is not None and due is not None and _outside(visit.local_date, due),
        skip_reason=session.skip_reason,
        visit=_visit(read, visit) if visit is not None else None,
        proposed=_proposed(read, session, proposed) if proposed is not None else None,
    )


def _lags(read: Rows, session: Session) -> tuple[LagView, ...]:
    by_id = {s.pk: s for s in read.sessions}
    return tuple(
        LagView(
            after_id=lag.after_id,
            after_seq=by_id[lag.after_id].seq,
            after_name=by_id[lag.after_id].name,
            least=lag.least,
            target=lag.target,
            most=lag.most,
            unit=lag.unit,
        )
        for lag in read.lags.get(session.pk, ())
    )


def _outside(day: date, due: Due) -> bool:
    return day < due.first or (due.last is not None and day > due.last)


def state_of(read: Rows, session: Session) -> State:
    """Read where a session stands from its visits, the open proposal, and its own mark."""
    visit = read.visit(session)
    if visit is not None:
        return State.DONE if visit.status == Status.FULFILLED else State.BOOKED
    if session.skipped_at is not None:
        return State.SKIPPED
    if session.pk in read.proposed:
        return State.PROPOSED
    return State.MISSED if read.missed(session) else State.UNPLANNED


def _visit(read: Rows, visit: Appointment) -> VisitView:
    return VisitView(
        id=visit.pk,
        version=visit.version,
        status=visit.status,
        start=visit.start,
        end=visit.actual_end or visit.end,
        zone=visit.zone,
        local_date=visit.local_date,
        end_date=booking.end_date(visit),
        confirmed=visit.confirmed_at is not None,
        recovery_least=visit.recovery_least,
        recovery_typical=visit.recovery_typical,
        recovery_most=visit.recovery_most,
        held=_things([held.resource_id for held in read.held.get(visit.pk, ())]),
    )


def _things(ids: Sequence[int]) -> tuple[Thing, ...]:
    known = catalogue.current().resources
    return tuple(Thing(id=r, kind=known[r].kind, name=known[r].name) for r in ids if r in known)


def _proposed(read: Rows, session: Session, row: ProposedVisit) -> ProposedView:
    rests = catalogue.current().recovery(
        procedure=session.treatment.procedure,
        size=session.size,
        depth=session.depth,
        end=row.end,
        zone=read.plan.site.zone,
    )
    return ProposedView(
        start=row.start,
        end=row.end,
        zone=read.plan.site.zone,
        local_date=row.local_date,
        arrive_at=row.start - timedelta(minutes=row.prep_minutes),
        was=row.was,
        visit_id=row.visit_id,
        held=_things([held[0] for held in row.held]),
        kept=row.hold_id is not None,
        window_first=row.window_first,
        window_last=row.window_last,
        why=row.why,
        recovery_least=rests.least if rests else None,
        recovery_typical=rests.typical if rests else None,
        recovery_most=rests.most if rests else None,
    )


def _proposal(read: Rows) -> ProposalView | None:
    found = read.proposal
    if found is None:
        return None
    by_pk = {v.pk: v for some in read.visits.values() for v in some}
    moved = any(
        row.visit_id is not None
        and (row.visit_id not in by_pk or by_pk[row.visit_id].version != row.visit_version)
        for row in read.proposed.values()
    )
    return ProposalView(
        id=found.pk,
        kind=found.kind,
        end_date=found.end_date,
        made_at=found.made_at,
        made_by=found.made_by,
        held_until=found.held_until,
        stale=moved
        or found.plan_version != read.plan.version
        or found.protocol_id != catalogue.current().protocol_id,
        cost=found.cost,
        left_out=tuple(found.left_out),
        why=tuple(found.why),
    )
