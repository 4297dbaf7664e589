"""A report's day is the site's own: what is a minute outside is out, also where the clocks change."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User

from notifications import reports as messages
from scheduling import refusals
from scheduling.core.words import Reason, Severity
from scheduling.errors import Refused
from scheduling.models import Allocation, Override, Refusal, Resource, Site
from scheduling.reports import Kind, Period, Scope, attendance, exceptions, utilisation
from tests import cast
from tests.notifications.test_reports import message
from tests.scheduling.reports.ledger import Ledger, row_of

CHANGES = [
    ("Europe/London", date(2027, 3, 28)),  # 23 hours
    ("Europe/London", date(2027, 10, 31)),  # 25 hours
    ("America/New_York", date(2027, 3, 14)),
    ("America/Santiago", date(2027, 9, 5)),  # has no 00:00, as facts/days_without_midnight says
    ("Asia/Beirut", date(2028, 3, 26)),
    ("Pacific/Auckland", date(2027, 4, 4)),
]
HALF = timedelta(minutes=30)
DICE = random.Random(1)  # noqa: S311 - dice of a test


def first_instant(day: date, zone: str) -> datetime:
    """Find where a date begins by walking, five minutes at a time."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while at.astimezone(ZoneInfo(zone)).date() < day:
        at += timedelta(minutes=5)
    return at


def refused(site: Site, at: datetime) -> None:
    reason = Reason(code="too_soon", severity=Severity.HARD, sentence="", patient_sentence="")
    asked = refusals.Asked(verb=Refusal.Verb.BOOK, site_id=site.pk)
    refusals.note(Refused([reason]), asked=asked, by=cast.reception(), now=at)


def happened(book: Ledger, room: Resource, at: datetime, user: User, *, held: bool) -> None:
    """Write a visit, an override, a refused ask and a reminder at one moment."""
    q = int(at.timestamp()) // 300
    visit = row_of(book, DICE, book.other, (q, q + 9), "fulfilled")
    if held:
        Allocation.objects.create(
            appointment=visit, resource=room, start_q=q, end_q=q + 9, active=True
        )
    Override.objects.create(appointment=visit, code="x", reason="x", by=user, by_name="Dr", at=at)
    refused(book.other, at)
    message(visit, "delivered", at, segments=1)


def found(scope: Scope) -> dict[str, set[datetime]]:
    """Read at which moments each report finds something; visits on the wall's clock."""
    return {
        "visits": {
            datetime.combine(v.local_date, v.local_time) for v in attendance.visits(scope)[1]
        },
        "overrides": {row.at for row in exceptions.override_rows(scope)},
        "refusals": {row.at for row in exceptions.refusal_rows(scope)[1]},
        "reminders": {row.at for row in messages.reminder_rows(scope)[1]},
        "texts": {row.at for row in messages.text_rows(scope)[1]},
    }


@pytest.mark.django_db
def test_a_day_begins_and_ends_with_the_site_s_own() -> None:
    clinic = cast.build()
    user = User.objects.create_user("dr")
    for n, (zone, change) in enumerate(CHANGES):
        site = cast.site_named(f"House {n}", zone=zone)
        room = cast.place(f"Cell {n}", "room", site)
        # the day on which the clocks change is the period's first, its last, and the one after it
        days = [change - timedelta(days=1), change, change + timedelta(days=1)]
        edges = [first_instant(day, zone) for day in (*days, days[-1] + timedelta(days=1))]
        for edge in edges:
            # 23:30 until a quarter past, and ten minutes into the day
            for at in (edge - HALF, edge + HALF / 3):
                happened(Ledger(clinic, site), room, at, user, held=at < edge)
        for day, (opens, closes) in zip(days, pairwise(edges), strict=True):
            scope = Scope(Period(Kind.CUSTOM, day, day), {site.pk: zone})
            ours = {opens + HALF / 3, closes - HALF}
            got = found(scope)
            local = {at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in ours}
            assert got == {"visits": local} | dict.fromkeys(
                ("overrides", "refusals", "reminders", "texts"), ours
            ), (zone, day)
            assert messages.traffic(scope)[0].reminders == {("sms", "delivered"): 2}
            used = utilisation.measured(scope, kind="room")[room.pk]
            # a quarter of an hour of the visit from the day before, half an hour of the day's own
            assert used.visit.sum() + used.outside.sum() == 45, (zone, day)
