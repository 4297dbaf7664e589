"""A version tried before it is activated: on worked cases, and on the clinic's coming visits."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from django.db.models import QuerySet

from scheduling import diary
from scheduling.core import rules
from scheduling.core.casebook import Otherwise, differences, read_cases, run
from scheduling.core.protocol import Protocol, Unreadable
from scheduling.core.rules import Chart, Verdict
from scheduling.core.words import COUNTED, Reason
from scheduling.models import Appointment, ProtocolVersion
from scheduling.protocols.versions import UnreadableProtocol, active, read

MOST_VISITS = 1000
"""How many coming visits are tried at once; a second's work, and a year of a small clinic."""

_KEYS = {
    "verdict": "verdict",
    "earliest_allowed_local_date": "first day that is allowed",
    "earliest_allowed_local_start": "first start that is allowed",
    "earliest_with_override_local_date": "first day with a clinician’s reason",
    "latest_allowed_local_date_before": "last day before it that is allowed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTried:
    """A worked case: what came out, and in plain words how that differs from what was expected."""

    id: str
    title: str
    verdict: str
    codes: tuple[str, ...]
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitTried:
    """A coming visit whose verdict the version would change; `before` is today's."""

    appointment: Appointment
    before: str
    after: str
    reasons: tuple[Reason, ...]
    overridden: frozenset[str]

    @property
    def refused_now(self) -> bool:
        """Tell whether it would be refused though nobody refuses it today."""
        return self.after != "allowed" and self.before == "allowed"


def worked_cases() -> dict[str, Any]:
    """Read the worked cases that come with the program."""
    text = files("scheduling").joinpath("data/cases.json").read_text(encoding="utf-8")
    cases: dict[str, Any] = json.loads(text)
    return cases


def try_on_cases(version: ProtocolVersion) -> list[CaseTried]:
    """Put every worked case to a version.

    Raises:
        UnreadableProtocol: the version, or a case read by its words, is not understood.

    """
    protocol = read(version)
    document = worked_cases()
    try:
        cases = read_cases(document, protocol)
    except Unreadable as error:
        raise UnreadableProtocol(f"A worked case does not fit this version: {error}.") from error
    titles = {case["id"]: case.get("title", "") for case in document["cases"]}
    tried = []
    for case in cases:
        result = run(case, protocol)
        tried.append(
            CaseTried(
                id=case.id,
                title=titles.get(case.id, ""),
                verdict=result.verdict.verdict,
                codes=result.codes,
                differs=tuple(_plainly(line) for line in differences(case, result)),
            )
        )
    return tried


def _plainly(found: Otherwise | str) -> str:
    """Say a difference without the keys that programs know; what has none of them stays."""
    if not isinstance(found, Otherwise):
        return found
    return f"{_KEYS[found.key]}: {_moment(found.came)}, not {_moment(found.expected)}"


def _moment(said: str | None) -> str:
    return (said or "none").replace("T", " ")


def untried(*, now: datetime) -> int:
    """Count the coming visits that come after those which `try_on_visits` looks at."""
    return max(0, _all_coming(now).count() - MOST_VISITS)


def try_on_visits(version: ProtocolVersion, *, now: datetime) -> list[VisitTried]:
    """List the coming visits, in order of time, whose verdict a version would change.

    Both versions judge each visit as it stands, with its patient's whole history. Nothing is
    cancelled: a protocol's change is reported, and people decide.

    Raises:
        UnreadableProtocol: the rules do not understand the version.

    """
    new = read(version)
    row = active()
    old = read(row) if row else None
    charts: dict[int, Chart] = {}
    tried = []
    for visit in _coming(now):
        if visit.patient_id not in charts:
            charts[visit.patient_id] = diary.chart(visit.patient_id)
        chart = charts[visit.patient_id]
        after = _judge(visit, chart, new, now)
        before = _judge(visit, chart, old, now) if old else None
        was = before.verdict if before else "allowed"
        if after.verdict != was or _codes(after) != _codes(before):
            tried.append(
                VisitTried(
                    appointment=visit,
                    before=was,
                    after=after.verdict,
                    reasons=after.blocking,
                    overridden=_overridden(visit),
                )
            )
    return tried


def _all_coming(now: datetime) -> QuerySet[Appointment]:
    return Appointment.objects.filter(start__gte=now, status__in=sorted(COUNTED))


def _coming(now: datetime) -> Iterable[Appointment]:
    return (
        _all_coming(now)
        .select_related("patient", "site", "treatment")
        .prefetch_related("overrides")
        .order_by("start", "pk")[:MOST_VISITS]
    )


def _judge(visit: Appointment, chart: Chart, protocol: Protocol, now: datetime) -> Verdict:
    asked = next(each for each in chart.visits if each.id == visit.pk)
    profiles = rules.profiles_for(visit.site.country, visit.site.subdivision, protocol)
    return rules.judge(asked, chart, protocol, now=now, profiles=profiles)


def _codes(verdict: Verdict | None) -> frozenset[str]:
    return frozenset(reason.code for reason in verdict.blocking) if verdict else frozenset()


def _overridden(visit: Appointment) -> frozenset[str]:
    live = (given for given in visit.overrides.all() if given.lapsed_at is None)
    return frozenset(given.code for given in live)
