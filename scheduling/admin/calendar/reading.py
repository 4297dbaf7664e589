"""What the diary's page reads while it is open: the days that it shows, and whether they changed."""

from datetime import datetime
from typing import Any

from django.db.models import Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from scheduling import catalogue, diary, panels, protocols
from scheduling.admin.calendar.asking import days_of
from scheduling.admin.calendar.spelling import spelled
from scheduling.models import Appointment, Grounds, Record
from scheduling.screens import door
from scheduling.screens.frame import now


@require_GET
def days_view(request: HttpRequest) -> HttpResponse:
    """Answer the visits of some days with everything that is drawn around them."""
    door.needs(request, door.LOOK)
    days = days_of(request)
    agenda = diary.agenda(site_id=days.site.id, kind=days.kind, first=days.first, last=days.last)
    hints = panels.hints(agenda.entries, {"request": request})
    body = spelled(agenda, hints, may_work=request.user.has_perm(door.WORK))
    return _fresh({**body, "stamp": agenda.stamp})


@require_GET
def news_view(request: HttpRequest) -> HttpResponse:
    """Answer the stamp of some days: another one than before means that something has changed."""
    door.needs(request, door.LOOK)
    days = days_of(request)
    stamp, record = diary.news(site_id=days.site.id, first=days.first, last=days.last)
    return _fresh({"stamp": stamp, "record": record})


@require_GET
def papers_view(request: HttpRequest) -> HttpResponse:
    """Answer what the visits of some days still lack before check-in, in words.

    Asked for by itself, after the days are drawn: it reads each patient's whole history, and
    nobody should wait for that to see who comes.
    """
    door.needs(request, door.LOOK)
    days = days_of(request)
    shown = Appointment.objects.filter(
        site=days.site.id, local_date__range=(days.first, days.last), status__in=diary.WAITING
    )
    # the same query says whether the catalogue that is remembered still stands, and which record is
    # the newest: one that comes in before the papers are read is news to whoever asks again
    counter = Subquery(Grounds.objects.filter(pk=1).values("version"))
    newest = Subquery(Record.objects.order_by("-pk").values("pk")[:1])
    visits = list(shown.select_related("patient").annotate(counter=counter, newest=newest))
    if visits:
        return _fresh({"papers": _in_words(visits, now()), "record": visits[0].newest or 0})
    _, record = diary.news(site_id=days.site.id, first=days.first, last=days.last)
    return _fresh({"papers": {}, "record": record})


def _in_words(visits: list[Any], moment: datetime) -> dict[int, list[str]]:
    with catalogue.steady(visits[0].counter):
        lacking = diary.lacking(visits=visits, now=moment)
        titles = protocols.in_force().titles
    found = {pk: [titles.of("records", need) for need in needs] for pk, needs in lacking.items()}
    return {pk: words for pk, words in found.items() if words}


def _fresh(body: dict[str, object]) -> HttpResponse:
    return JsonResponse(body, headers={"Cache-Control": "no-store"})
