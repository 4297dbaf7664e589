"""The overview, the first page of the admin: today at each site, what waits to be done, and a quick start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.http import HttpRequest

from scheduling import access, catalogue, diary, panels, todos
from scheduling.admin import signs
from scheduling.core.words import Status, Wish
from scheduling.errors import ClinicError
from scheduling.models import Appointment, Site, Todo
from scheduling.screens import times
from scheduling.screens.frame import now

TASKS = 15
"""Tasks on the first page; the rest are one click away."""

SITES = 6
"""Sites of which the first page shows the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """One site's day at a glance."""

    site: Site
    day: date
    counts: Mapping[str, int]
    coming: tuple[tuple[datetime, Appointment, signs.Sign], ...]
    more: int
    """Visits of those here and those next that are not shown."""
    consultation: times.Start | None
    consultation_day: date | None
    consultation_id: int | None

    @property
    def total(self) -> int:
        """Count the visits that were not cancelled."""
        return sum(self.counts.values())


def show(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Fill the first page (UNFOLD's DASHBOARD_CALLBACK)."""
    moment = now()
    sites = list(access.visible_sites(request.user).filter(active=True)[:SITES])
    context |= {
        "title": "Overview",
        "may_look": request.user.has_perm("scheduling.view_appointment"),
        "may_work": request.user.has_perm("scheduling.work_diary"),
        "now": moment,
        "days": [],
        "tasks": [],
    }
    if context["may_look"]:
        rows = _visits(sites, moment)
        context["days"] = [_today(site, rows, moment) for site in sites]
    if request.user.has_perm("scheduling.view_todo"):
        tasks = Todo.objects.filter(Q(site__in=sites) | Q(site=None), done_at=None)
        found = tasks.select_related("patient").order_by(*todos.first_things_first(now=moment))
        # one more than is shown tells whether there are more; only then are they counted
        shown = list(found[: TASKS + 1])
        more = tasks.count() - TASKS if len(shown) > TASKS else 0
        context |= {"tasks": shown[:TASKS], "more_tasks": more}
    context["at_once"] = panels.drawn("at-once", request.user, context)
    context["panels"] = panels.drawn("dashboard", request.user, context)
    return context


def _visits(sites: Sequence[Site], moment: datetime) -> list[Appointment]:
    """Read the visits of every site's own today, in one query."""
    here = Q(pk__in=[])
    for site in sites:
        here |= Q(site=site, local_date=_date_at(site, moment))
    rows = Appointment.objects.filter(here).exclude(
        status__in=[Status.CANCELLED, Status.ENTERED_IN_ERROR, Status.PENDING]
    )
    return list(rows.select_related("patient", "treatment").order_by("start", "pk"))


def _date_at(site: Site, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(site.zone)).date()


COMING = 5
"""Visits shown of each site: those here and those next."""


def _today(site: Site, rows: Sequence[Appointment], moment: datetime) -> Today:
    mine = [row for row in rows if row.site_id == site.pk]
    open_ones = [row for row in mine if row.status in _OPEN]
    start, treatment_id = _consultation(site, moment)
    zone = ZoneInfo(site.zone)
    return Today(
        site=site,
        day=_date_at(site, moment),
        counts={
            word: sum(row.status in statuses for row in mine) for word, statuses in _COUNTS.items()
        },
        coming=tuple(
            (times.wall(row.start, zone), row, signs.sign_of(row)) for row in open_ones[:COMING]
        ),
        more=max(0, len(open_ones) - COMING),
        consultation=start[0] if start else None,
        consultation_day=start[1] if start else None,
        consultation_id=treatment_id,
    )


_OPEN = frozenset({Status.BOOKED.value, Status.ARRIVED.value, Status.CHECKED_IN.value})
_COUNTS = {
    "expected": {Status.BOOKED.value},
    "here": {Status.ARRIVED.value, Status.CHECKED_IN.value},
    "done": {Status.FULFILLED.value},
    "did not come": {Status.NOSHOW.value},
}


def _consultation(
    site: Site, moment: datetime
) -> tuple[tuple[times.Start, date] | None, int | None]:
    """Find the next free consultation, which is what new patients ask for on the phone."""
    try:
        offers = catalogue.current().treatments.values()
        offer = next((o for o in offers if o.active and o.procedure == "consultation"), None)
        if offer is None:
            return None, None
        wish = Wish(site_id=site.pk, treatment_id=offer.id)
        found = diary.earliest_start(wish=wish, after=moment, now=moment)
    except ClinicError:
        return None, None
    if found is None:
        return None, offer.id
    zone = ZoneInfo(site.zone)
    button = times.button(found, zone, times.names_of([found]))
    return (button, times.wall(found.start, zone).date()), offer.id
