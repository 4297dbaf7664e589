"""A month at a glance: how full each day is; plain HTML."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from scheduling import diary
from scheduling.admin.calendar.page import frame_of
from scheduling.diary import Load
from scheduling.screens import door
from scheduling.screens.frame import now

WEEK = timedelta(days=7)


@require_GET
def month_view(request: HttpRequest) -> HttpResponse:
    """Show the load of each day of a month, whole weeks from Monday."""
    door.needs(request, door.LOOK)
    frame = frame_of(request, now(), "month")
    if frame is None:
        return render(request, "scheduling/diary/month.html", door.context_of(request, "Diary"))
    first = frame.day.replace(day=1)
    monday = first - timedelta(days=first.weekday())
    last = _last(first)
    sunday = last + timedelta(days=6 - last.weekday())
    found = diary.loads(site_id=frame.site.id, first=monday, last=sunday)
    context = door.context_of(
        request,
        f"Diary: {frame.site.name}, {first:%B %Y}",
        frame=frame,
        weeks=_weeks(found),
        month=first,
        before=first - timedelta(days=1),
        after=last + timedelta(days=1),
    )
    return render(request, "scheduling/diary/month.html", context)


def _last(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _weeks(found: list[Load]) -> list[list[Load]]:
    return [found[n : n + 7] for n in range(0, len(found), 7)]
