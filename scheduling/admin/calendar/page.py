"""The diary's page: its frame, and the facts that its scripts begin with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from scheduling import catalogue
from scheduling.admin.calendar.asking import KINDS, kind_of, sites_in, today_at
from scheduling.admin.calendar.spelling import legend
from scheduling.admin.wanted import WantedForm
from scheduling.catalogue import Place
from scheduling.screens import door, shipped
from scheduling.screens.frame import now
from scheduling.screens.undoing import SECONDS

VIEWS = ("day", "week")
POLL_MS = 1200
"""How often an open page looks for news; what others do shows within 2 seconds."""

_LIST = "admin:scheduling_appointment_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every view of the diary shows on top, and where its links lead."""

    site: Place
    sites: list[Place]
    day: date
    today: date
    view: str
    kind: str

    @property
    def kinds(self) -> dict[str, str]:
        """What the columns may stand for."""
        return KINDS


def frame_of(request: HttpRequest, moment: datetime, view: str) -> Frame | None:
    """Read site and date of the address, or the first site and today; None without any site."""
    sites = sites_in(request, catalogue.current())
    wanted = door.whole(request.GET.get("site"))
    site = next((each for each in sites if each.id == wanted), sites[0] if sites else None)
    if site is None:
        return None
    today = today_at(site, moment)
    day = door.day_in(request.GET.get("date")) or today
    for lost in _not_as_asked(request, site.id):
        messages.warning(request, lost)
    return Frame(site=site, sites=sites, day=day, today=today, view=view, kind=kind_of(request))


def _not_as_asked(request: HttpRequest, site_id: int) -> Iterator[str]:
    """Say which part of the address the diary cannot show: another day must not pass for it."""
    if (said := request.GET.get("date")) and door.day_in(said) is None:
        yield "The diary has no such date; today is shown."
    if (said := request.GET.get("site")) and door.whole(said) != site_id:
        yield "There is no such site of yours; another one is shown."


@require_GET
def diary_view(request: HttpRequest) -> HttpResponse:
    """Show the calendar; where it could not be fetched, lead to the day list, which is plain."""
    door.needs(request, door.LOOK)
    moment = now()
    view = request.GET.get("view", "")
    frame = frame_of(request, moment, view if view in VIEWS else VIEWS[0])
    if frame is None:
        return render(request, "scheduling/diary/diary.html", door.context_of(request, "Diary"))
    the_list = f"{reverse(_LIST)}?site={frame.site.id}&date={frame.day:%Y-%m-%d}"
    if not shipped.calendar_is_here():
        messages.warning(request, "The calendar is missing on this machine: this is the day list.")
        return HttpResponseRedirect(the_list)
    context = door.context_of(
        request,
        f"Diary: {frame.site.name}",
        frame=frame,
        the_list=the_list,
        legend=legend(),
        first_read=_first_read(frame),
        form=WantedForm(door.sites_of(request), initial={"site": frame.site.id}),
        facts=_facts(request, frame, moment),
    )
    return render(request, "scheduling/diary/diary.html", context)


def _first_read(frame: Frame) -> str:
    """Write the address that the scripts will ask first, so that the browser asks while they load."""
    first = last = frame.day
    if frame.view == "week":
        first = frame.day - timedelta(days=frame.day.weekday())
        last = first + timedelta(days=6)
    asked = {"site": frame.site.id, "by": frame.kind, "from": first, "to": last}
    return f"{reverse('admin:scheduling_appointment_days')}?{urlencode(asked)}"


def _facts(request: HttpRequest, frame: Frame, moment: datetime) -> dict[str, Any]:
    """Gather what the scripts begin with."""
    offset = moment.astimezone(frame.site.tz).utcoffset()
    names = ("days", "news", "papers", "patients", "starts", "why", "diary_book", "diary_undo")
    root = reverse("admin:scheduling_appointment_changelist")
    return {
        "site": frame.site.id,
        "date": frame.day.isoformat(),
        "today": frame.today.isoformat(),
        "view": frame.view,
        "by": frame.kind,
        "step": frame.site.step_minutes,
        "offset": int(offset.total_seconds() // 60) if offset else 0,
        "mayWork": request.user.has_perm(door.WORK),
        "csrf": get_token(request),
        "poll": POLL_MS,
        "undoSeconds": SECONDS,
        "urls": {n: reverse(f"admin:scheduling_appointment_{n}") for n in names}
        | {"move": f"{root}diary/0/move/", "cancel": f"{root}diary/0/cancel/", "root": root},
    }
