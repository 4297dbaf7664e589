"""The waiting list as reception reads it: what somebody waits for, when they could come, how it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.template.loader import render_to_string

from scheduling import protocols
from scheduling.core.protocol.values import Titles
from scheduling.core.words import Status
from scheduling.models import Appointment, Offer, Patient, Site, WaitingEntry
from scheduling.screens import door
from scheduling.screens.frame import now
from scheduling.screens.skin import said
from scheduling.screens.times import wall

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def when_in_words(row: WaitingEntry) -> str:
    """Say when somebody could come: days, hours, and until when it is of use."""
    days = ", ".join(WEEKDAYS[n] for n in row.weekdays) or "any day"
    low, high = (f"{t:%H:%M}" if t else "" for t in (row.from_time, row.until_time))
    hours = {(True, True): f"{low} to {high}", (True, False): f"from {low}"}
    at = hours.get((bool(low), bool(high)), f"until {high}" if high else "any time")
    return f"{days}, {at}"


def what_in_words(row: WaitingEntry, titles: Titles) -> str:
    """Say what is waited for, and where on the body."""
    areas = said(row.areas, titles)
    return f"{row.treatment}{f', {areas}' if areas else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One open offer as a line; `left` in seconds, times on the site's clock."""

    row: Offer
    when: datetime
    answer_by: datetime
    left: int

    @property
    def minutes(self) -> int:
        """Count the minutes left, a begun one whole."""
        return -(-self.left // 60)


def open_offers(offers: "QuerySet[Offer]", moment: datetime) -> list[Offered]:
    """List offers that still wait for an answer, the first to end first."""
    rows = (
        offers.filter(state=Offer.State.OPEN, answer_by__gt=moment)
        .select_related("entry__patient", "entry__treatment", "entry__site")
        .order_by("answer_by", "pk")
    )
    return [_offered(row, moment) for row in rows]


def _offered(row: Offer, moment: datetime) -> Offered:
    zone = ZoneInfo(row.entry.site.zone)
    return Offered(
        row=row,
        when=wall(row.start, zone),
        answer_by=wall(row.answer_by, zone),
        left=int((row.answer_by - moment).total_seconds()),
    )


def sites_of(context: Mapping[str, Any]) -> "QuerySet[Site] | None":
    """List the sites of who looks; None where they may not."""
    request = context.get("request")
    if request is None or not request.user.has_perm(door.LOOK):
        return None
    return door.sites_of(request)


def of_patient(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw what a patient waits for, and the way onto the list."""
    sites = sites_of(context)
    if not isinstance(subject, Patient) or sites is None:
        return ""
    rows = WaitingEntry.objects.filter(patient=subject, site__in=sites, closed_at=None)
    titles = protocols.in_force().titles
    facts = {
        "patient": subject,
        "entries": [
            {"row": row, "what": what_in_words(row, titles), "when": when_in_words(row)}
            for row in rows.select_related("treatment", "site")
        ],
        "may_work": context.get("may_work"),
    }
    return render_to_string("scheduling/desk/_waits.html", facts)


def of_appointment(subject: Any, context: Mapping[str, Any]) -> str:
    """Lead from a visit that was called off to those who could have its time; from one to come, onto the list."""
    sites = sites_of(context)
    if not isinstance(subject, Appointment) or sites is None or subject.start <= now():
        return ""
    facts: dict[str, Any] = {"visit": subject, "may_work": context.get("may_work")}
    if subject.status == Status.CANCELLED:
        zone = ZoneInfo(subject.zone)
        facts["start"], facts["end"] = wall(subject.start, zone), wall(subject.end, zone)
        waits = WaitingEntry.objects.filter(site=subject.site_id, closed_at=None)
        facts["waiting"] = waits.count()
        return render_to_string("scheduling/desk/_freed.html", facts)
    if subject.status != Status.BOOKED:
        return ""
    facts["entry"] = WaitingEntry.objects.filter(appointment=subject, closed_at=None).first()
    return render_to_string("scheduling/desk/_earlier.html", facts)
