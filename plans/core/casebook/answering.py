"""A plan, or why there is none, as what one line of JSON says."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from plans.core.casebook.reading import Instance
from plans.core.course import DAY_MINUTES, NoPlan, Proposal
from plans.core.reasons import why_not
from plans.core.solver import propose, reflow
from scheduling.core.timeline import instant


def answered(instance: Instance) -> dict[str, Any]:
    """Plan an instance: a re-flow where it says where sessions were, a proposal otherwise."""
    problem = instance.problem
    found = reflow(problem) if problem.was else propose(problem)
    if found is None:
        return {"id": instance.id, "feasible": False, "reason": _reason(instance, why_not(problem))}
    return {"id": instance.id, "feasible": True, **_plan(instance, found)}


def _plan(instance: Instance, found: Proposal) -> dict[str, Any]:
    zone = instance.problem.course.zone
    off = found.cost.off_target
    return {
        "starts": {place.key: _shown(place.start_q, zone) for place in found.placements},
        "resources": {
            place.key: [instance.names[held.resource_id] for held in place.held]
            for place in found.placements
        },
        "end": found.end.isoformat(),
        "cost": {
            "moved": found.cost.moved,
            "days_moved": found.cost.days_moved,
            "off_target_days": off / DAY_MINUTES if off % DAY_MINUTES else off // DAY_MINUTES,
            "unmet_wishes": found.cost.unmet,
            "waste": found.cost.waste,
        },
        "left_out": list(found.left_out),
    }


def _shown(quantum: int, zone: ZoneInfo) -> str:
    moment: datetime = instant(quantum).astimezone(zone)
    return moment.isoformat(timespec="minutes")


def _reason(instance: Instance, reason: NoPlan) -> dict[str, Any]:
    return {
        "code": reason.code,
        "sentence": reason.sentence,
        "step": reason.step or None,
        "other": reason.other or None,
        "relaxed": reason.relaxed or None,
        "by": reason.by,
        "resources": [instance.names[number] for number in reason.resources],
    }
