"""Free starts for a 45-minute visit, against the bare reading of the busy rows (FETCH).

The core path is `diary.free_starts(...).quanta`: the catalogue's version asked, busy rows fetched
and built into timelines, needs combined, starts extracted. "cold" has no diary remembered;
"coldest" has no opening hours remembered either; "warm" finds all timelines remembered and asks
only for their versions. Each round asks FETCH and ours in turns, on one connection.
"""

import statistics
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, TypeAlias

from benchmarks import floors, workload
from benchmarks.report import Report
from benchmarks.stations import Station, timed
from benchmarks.workload import FIRST, NOW, Clinic

Case: TypeAlias = tuple[str, int, int]
"""Who (one practitioner, any, full), step in minutes, days."""

COLD_AT_MOST = {"one": 2.0, "any": 1.0, "full": 1.0}
WARM_AT_MOST = 0.3
GROWTH_AT_MOST = 1.3


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of one round."""

    fetch: float
    cold: float
    coldest: float
    warm: float
    rest: float


def _wish(clinic: Clinic, who: str) -> Any:
    from scheduling.core.words import Wish

    return Wish(
        site_id=clinic.site,
        treatment_id=clinic.full if who == "full" else clinic.hands,
        practitioner_id=clinic.practitioners[0] if who == "one" else None,
        minutes=45,
    )


def _resources(clinic: Clinic, who: str) -> tuple[int, ...]:
    return {
        "one": clinic.practitioners[:1], "any": clinic.practitioners, "full": clinic.everything,
    }[who]  # fmt: skip


def _set_step(clinic: Clinic, step: int) -> None:
    """Set the site's step when it differs; the catalogue is read anew outside of the timing."""
    from scheduling import catalogue
    from scheduling.models import Site

    if catalogue.current().site(clinic.site).step_minutes != step:
        Site.objects.filter(pk=clinic.site).update(step_minutes=step)


def _search(clinic: Clinic, case: Case) -> int:
    from scheduling import diary

    who, _, days = case
    found = diary.free_starts(
        wish=_wish(clinic, who), first=FIRST, last=FIRST + timedelta(days=days - 1), now=NOW
    )
    return len(found.quanta)


def cold_and_count(clinic: Clinic, case: Case) -> tuple[float, int]:
    """Search cold; give the milliseconds and the number of starts."""
    from scheduling.diary import timelines

    _set_step(clinic, case[1])
    count = _search(clinic, case)
    timelines.forget()
    return timed(lambda: _search(clinic, case)), count


def one_round(clinic: Clinic, case: Case) -> Taken:
    """Take the milliseconds of each, in turns."""
    from scheduling import catalogue
    from scheduling.core import hours
    from scheduling.diary import timelines

    who, step, days = case
    _set_step(clinic, step)
    _search(clinic, case)
    q0 = workload.midnight_q(FIRST)
    q1 = workload.midnight_q(FIRST + timedelta(days=days))
    fetch = floors.fetch_timed(_resources(clinic, who), q0, q1)
    timelines.forget()
    cold = timed(lambda: _search(clinic, case))
    warm = timed(lambda: _search(clinic, case))
    timelines.forget()
    catalogue.current()._lines.clear()
    for memo in (hours.opening, hours.step_mask):
        memo.cache_clear()
    coldest = timed(lambda: _search(clinic, case))
    return Taken(fetch, cold, coldest, warm, _rest(clinic, case))


def _rest(clinic: Clinic, case: Case) -> float:
    """Take the milliseconds of the whole REST request, middleware and JSON included, warm."""
    who, _, days = case
    asked = {
        "treatment": clinic.full if who == "full" else clinic.hands, "site": clinic.site,
        "from": FIRST.isoformat(), "to": (FIRST + timedelta(days=days - 1)).isoformat(),
    } | ({"practitioner": clinic.practitioners[0]} if who == "one" else {})  # fmt: skip
    client = browser()
    status = []
    took = timed(lambda: status.append(client.get("/api/v1/slots/", asked).status_code))
    return took if status == [200] else float("nan")


@cache
def browser() -> Any:
    """Give a client of somebody who works everywhere, signed in by session and by token."""
    from django.contrib.auth.models import User
    from django.test import Client
    from rest_framework.authtoken.models import Token

    from scheduling.models import Staff

    user, fresh = User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
    if fresh:
        Staff.objects.create(user=user, everywhere=True)
    token, _ = Token.objects.get_or_create(user=user)
    client = Client(headers={"authorization": f"Token {token.key}"}, SERVER_NAME="localhost")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def measure(report: Report, built: dict[int, tuple[str, Clinic]], *, smoke: bool) -> None:
    """Measure every case at every scale, the scales in turns."""
    cases = [("any", 15, 7), ("full", 15, 30)] if smoke else list(workload.cases())
    rounds = 3 if smoke else 25
    stations = {scale: Station.at(name) for scale, (name, _) in built.items()}
    found: dict[tuple[Case, int], list[Taken]] = defaultdict(list)
    try:
        for case in cases:
            for _ in range(rounds):
                for scale, station in stations.items():
                    found[case, scale].append(station.ask(one_round, built[scale][1], case))
    finally:
        for station in stations.values():
            station.close()
    medians = {key: _medians(rows) for key, rows in found.items()}
    _tell(report, medians, rounds)
    for (case, scale), taken in medians.items():
        _hold(report, case, scale, taken, medians[case, 1])


def _medians(rows: list[Taken]) -> Taken:
    return Taken(
        *(statistics.median(getattr(row, name) for row in rows) for name in Taken.__slots__)
    )


def _tell(report: Report, medians: dict[tuple[Case, int], Taken], rounds: int) -> None:
    report.section(
        "Search",
        f"A 45-minute visit; medians of {rounds} rounds, milliseconds and (x FETCH).",
    )
    report.table(
        ("who, step, days, W x", "FETCH", "cold", "coldest", "warm", "whole REST request"),
        [
            (
                f"{who}, {step} min, {days} d, x {scale}",
                taken.fetch,
                *(
                    f"{ours:.2f} ({ours / taken.fetch:.2f})"
                    for ours in (taken.cold, taken.coldest, taken.warm, taken.rest)
                ),
            )
            for ((who, step, days), scale), taken in medians.items()
        ],
    )


def _hold(report: Report, case: Case, scale: int, taken: Taken, small: Taken) -> None:
    who, step, days = case
    name = f"search: {who}, {step} min, {days} d, W x {scale}"
    if who == "one" or days >= 30:
        report.at_most(f"{name}, cold, of FETCH", taken.cold / taken.fetch, COLD_AT_MOST[who])
    if days >= 30 and who != "one":  # FETCH of one practitioner is little more than a round trip
        report.at_most(f"{name}, warm, of FETCH", taken.warm / taken.fetch, WARM_AT_MOST)
    if scale == 100:
        growth = taken.cold / small.cold
        report.at_most(f"{name}, cold, of W x 1", growth, GROWTH_AT_MOST)
