"""Plans and templates as plain values: dates of the site, times with the site's offset."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from plans import templates
from plans.courses import (
    LagView,
    PlanView,
    ProposalView,
    ProposedView,
    SessionView,
    Thing,
    VisitView,
)
from plans.models import PlanTemplate
from plans.planning import Difference


def template(row: PlanTemplate) -> dict[str, Any]:
    """Spell a template with its steps, read along by `templates.with_steps`."""
    draft = templates.draft_of(row)
    said = templates.sentences(draft)
    steps = zip(row.steps.all(), draft.steps, said, strict=True)
    return {
        "id": row.pk,
        "version": row.version,
        "code": row.code,
        "name": row.name,
        "indication": row.indication,
        "note": row.note,
        "source": row.source,
        "sureness": row.sureness,
        "active": row.active,
        "steps": [
            {
                "id": step.pk,
                "position": number,
                "name": step.name,
                "treatment": step.treatment_id,
                "repeat": step.repeat,
                "minutes": step.minutes,
                "area": step.areas,
                "size": step.size,
                "depth": step.depth,
                "same_practitioner": step.same_practitioner,
                "optional": step.optional,
                "lags": [
                    {"after": lag.after, **_lag(lag), "sentence": sentence}
                    for lag, sentence in zip(drafted.lags, sentences, strict=True)
                ],
            }
            for number, (step, drafted, sentences) in enumerate(steps, start=1)
        ],
    }


def _lag(lag: Any) -> dict[str, Any]:
    return {"least": lag.least, "target": lag.target, "most": lag.most, "unit": str(lag.unit)}


def plan(view: PlanView) -> dict[str, Any]:
    """Spell a plan as it stands."""
    zone = ZoneInfo(view.zone)
    progress = view.progress
    return {
        "id": view.id,
        "version": view.version,
        "name": view.name,
        "patient": view.patient_id,
        "site": view.site_id,
        "series": view.series_id,
        "template": view.template_id,
        "indication": view.indication,
        "area": list(view.areas),
        "size": view.size,
        "depth": view.depth,
        "weekdays": list(view.weekdays),
        "times": list(view.times),
        "practitioner": view.practitioner_id,
        "not_before": _day(view.not_before),
        "not_after": _day(view.not_after),
        "blocked": [_day(day) for day in view.blocked],
        "standing": str(view.standing),
        "paused_at": at(view.paused_at, zone),
        "paused_by": view.paused_by,
        "pause_reason": view.pause_reason,
        "abandon_reason": view.abandon_reason,
        "events": list(view.events),
        "paid_sessions": view.paid_sessions,
        "progress": {name: getattr(progress, name) for name in PROGRESS},
        "sessions": [_session(session) for session in view.sessions],
        "proposal": view.proposal and proposal(view.proposal, zone),
        "needs_reflow": [reason.as_dict() for reason in view.needs_reflow],
    }


PROGRESS = ("done", "booked", "due", "overdue", "missed", "of")


def _session(view: SessionView) -> dict[str, Any]:
    return {
        "id": view.id,
        "seq": view.seq,
        "name": view.name,
        "treatment": view.treatment_id,
        "procedure": view.procedure,
        "minutes": view.minutes,
        "area": list(view.areas),
        "size": view.size,
        "depth": view.depth,
        "same_practitioner": view.same_practitioner,
        "optional": view.optional,
        "fixed": view.fixed,
        "state": str(view.state),
        "lags": [_session_lag(lag) for lag in view.lags],
        "due_first": _day(view.due_first),
        "due_last": _day(view.due_last),
        "due": view.due,
        "overdue": view.overdue,
        "stray": view.stray,
        "skip_reason": view.skip_reason,
        "visit": view.visit and _visit(view.visit),
        "proposed": view.proposed and _proposed(view.proposed),
    }


def _session_lag(lag: LagView) -> dict[str, Any]:
    return {"after": lag.after_id, **_lag(lag)}


def _visit(view: VisitView) -> dict[str, Any]:
    zone = ZoneInfo(view.zone)
    return {
        "id": view.id,
        "version": view.version,
        "status": view.status,
        "start": at(view.start, zone),
        "end": at(view.end, zone),
        "confirmed": view.confirmed,
        "resources": _resources(view.held),
        "recovery": {
            "least": _day(view.recovery_least),
            "typical": _day(view.recovery_typical),
            "most": _day(view.recovery_most),
        },
    }


def _proposed(view: ProposedView) -> dict[str, Any]:
    zone = ZoneInfo(view.zone)
    return {
        "start": at(view.start, zone),
        "end": at(view.end, zone),
        "arrive_at": at(view.arrive_at, zone),
        "was": at(view.was, zone),
        "visit": view.visit_id,
        "resources": _resources(view.held),
        "kept": view.kept,
        "window_first": _day(view.window_first),
        "window_last": _day(view.window_last),
        "why": view.why,
    }


def proposal(view: ProposalView, zone: ZoneInfo) -> dict[str, Any]:
    """Spell the open proposal of a plan; its visits stand with the sessions."""
    return {
        "id": view.id,
        "kind": view.kind,
        "end_date": _day(view.end_date),
        "made_at": at(view.made_at, zone),
        "made_by": view.made_by,
        "held_until": at(view.held_until, zone),
        "stale": view.stale,
        "cost": dict(view.cost),
        "left_out": list(view.left_out),
        "why": [dict(reason) for reason in view.why],
    }


def change(difference: Difference, zone: ZoneInfo) -> dict[str, Any]:
    """Spell what became of one session of a lost proposal."""
    return {
        "session": difference.session_id,
        "name": difference.name,
        "old": at(difference.old, zone),
        "new": at(difference.new, zone),
    }


def _resources(held: Iterable[Thing]) -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for thing in held:
        found.setdefault(thing.kind, set()).add(thing.id)
    return {kind: sorted(found[kind]) for kind in sorted(found)}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def at(moment: datetime | None, zone: ZoneInfo) -> str | None:
    """Spell an instant on the site's clock, with its offset."""
    return moment.astimezone(zone).isoformat() if moment else None
