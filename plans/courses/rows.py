"""The rows of plans, read for reading: however many plans, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from plans.models import Decision, Plan, Proposal, ProposedVisit, Session, SessionLag
from scheduling import booking, catalogue
from scheduling.core.words import COUNTED, Held, Status
from scheduling.models import Allocation, Appointment, Record, Todo


@dataclass(frozen=True, kw_only=True)
class Rows:
    """One plan with everything that says how it stands.

    `visits` maps a session's number to its visits, oldest first: at most one of them counts.
    `held` maps a visit to what it holds, `events` are open adverse events on its skin.
    """

    plan: Plan
    sessions: Sequence[Session]
    lags: Mapping[int, Sequence[SessionLag]]
    visits: Mapping[int, Sequence[Appointment]]
    held: Mapping[int, Sequence[Held]] = field(default_factory=dict)
    proposal: Proposal | None = None
    proposed: Mapping[int, ProposedVisit] = field(default_factory=dict)
    events: Sequence[Record] = ()
    refused: Mapping[int, str] = field(default_factory=dict)
    decisions: Sequence[Decision] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The site's zone."""
        return ZoneInfo(self.plan.site.zone)

    def visit(self, session: Session) -> Appointment | None:
        """Answer the visit of a session that counts, None when it has none."""
        for visit in self.visits.get(session.seq, ()):
            if visit.status in COUNTED:
                return visit
        return None

    def missed(self, session: Session) -> bool:
        """Tell whether the last that became of a session was that nobody came."""
        past = [v for v in self.visits.get(session.seq, ()) if v.status != Status.PENDING]
        return bool(past) and past[-1].status == Status.NOSHOW


def read(plans: Sequence[Plan], *, now: datetime) -> list[Rows]:
    """Read all that belongs to some plans, in their order."""
    ids = [plan.pk for plan in plans]
    sessions = _sessions(ids)
    lags = defaultdict[int, list[SessionLag]](list)
    for lag in SessionLag.objects.filter(session__plan__in=ids).select_related("after"):
        lags[lag.session_id].append(lag)
    visits = _visits([plan.series_id for plan in plans])
    every = [v.pk for rows in visits.values() for some in rows.values() for v in some]
    held, refused = _held(every), _refused(every)
    proposals = {p.plan_id: p for p in Proposal.objects.filter(plan__in=ids, state="open")}
    proposed = defaultdict[int, dict[int, ProposedVisit]](dict)
    for row in ProposedVisit.objects.filter(proposal__in=proposals.values()):
        proposed[row.proposal_id][row.session_id] = row
    decisions = defaultdict[int, list[Decision]](list)
    for said in Decision.objects.filter(plan__in=ids).select_related("session"):
        decisions[said.plan_id].append(said)
    events = _events({plan.patient_id for plan in plans}, now)
    return [
        Rows(
            plan=plan,
            sessions=sessions[plan.pk],
            lags=lags,
            visits=visits[plan.series_id],
            held=held,
            proposal=proposals.get(plan.pk),
            proposed=proposed[proposals[plan.pk].pk] if plan.pk in proposals else {},
            events=[e for e in events[plan.patient_id] if _pauses(e, plan, now)],
            refused=refused,
            decisions=decisions[plan.pk],
        )
        for plan in plans
    ]


def _sessions(ids: Sequence[int]) -> defaultdict[int, list[Session]]:
    found = defaultdict[int, list[Session]](list)
    for row in Session.objects.filter(plan__in=ids).select_related("treatment").order_by("seq"):
        found[row.plan_id].append(row)
    return found


def _visits(series: Sequence[int]) -> defaultdict[int, dict[int, list[Appointment]]]:
    found = defaultdict[int, dict[int, list[Appointment]]](dict)
    rows = Appointment.objects.filter(series__in=series, seq__isnull=False)
    for row in rows.exclude(status=Status.ENTERED_IN_ERROR.value).order_by("start", "pk"):
        found[row.series_id or 0].setdefault(row.seq or 0, []).append(row)
    return found


def _held(visits: Sequence[int]) -> defaultdict[int, list[Held]]:
    """Read what visits hold, or held last."""
    known = catalogue.current().resources
    found = defaultdict[int, list[Held]](list)
    rows = Allocation.objects.filter(appointment__in=visits).order_by("pk")
    for visit, resource, start_q, end_q in rows.values_list(
        "appointment_id", "resource_id", "start_q", "end_q"
    ):
        if resource in known:
            found[visit].append(Held(resource, known[resource].kind, start_q, end_q))
    return found


def _refused(visits: Sequence[int]) -> dict[int, str]:
    """Read what reception was told of visits that the rules no longer allow."""
    rows = Todo.objects.filter(appointment__in=visits, kind=booking.NO_LONGER_ALLOWED, done_at=None)
    return {row.appointment_id or 0: row.text for row in rows.order_by("pk")}


def _events(patients: set[int], now: datetime) -> defaultdict[int, list[Record]]:
    """Read the adverse events that no clinician has closed."""
    found = defaultdict[int, list[Record]](list)
    still = Q(end_date__isnull=True) | Q(end_date__gt=now.date() - timedelta(days=1))
    rows = Record.objects.filter(
        still, patient__in=patients, kind=Record.Kind.ADVERSE_EVENT, withdrawn_at=None
    )
    for row in rows.order_by("pk"):
        found[row.patient_id].append(row)
    return found


def _pauses(event: Record, plan: Plan, now: datetime) -> bool:
    """Tell whether an event is open today on the plan's skin; an area not said lies everywhere."""
    today = now.astimezone(ZoneInfo(plan.site.zone)).date()
    if event.end_date is not None and event.end_date <= today:
        return False
    protocol = catalogue.current().active_protocol
    return protocol is None or protocol.areas.overlap(event.areas, plan.areas)
