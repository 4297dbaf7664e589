"""Whole requests, asked for as a browser would: middleware, template and JSON included.

Queries are counted as Django counts them, round trips in libpq's own trace.
"""

import statistics
from typing import Any, NamedTuple

from benchmarks.stations import timed, trips


class Cost(NamedTuple):
    """What a request costs: the median of its milliseconds, its queries and its round trips."""

    ms: float
    queries: int
    trips: int


def cost(address: str, rounds: int, **asked: Any) -> Cost:
    """Ask for a page so many times, and once before and after; a single round is all of it at once.

    Raises:
        RuntimeError: the page is not there.

    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from benchmarks.search import browser

    def ask() -> float:
        return timed(lambda: statuses.append(browser().get(address, asked).status_code))

    statuses: list[int] = []
    browser()  # signing in is no part of it
    taken = [ask() for _ in range(rounds + 1)][1:] if rounds > 1 else []
    with CaptureQueriesContext(connection) as seen:
        there = trips(lambda: taken.append(ask()) if rounds == 1 else ask())
    if set(statuses) != {200}:
        raise RuntimeError(f"{address} answers {set(statuses)}")
    return Cost(statistics.median(taken), len(seen), there)
