"""What the diary's page reads while it is open: the days that it shows, and whether they changed."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from scheduling import diary, panels
from scheduling.admin.calendar.asking import days_of
from scheduling.admin.calendar.spelling import spelled
from scheduling.screens import door


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
    return _fresh({"stamp": diary.stamp(site_id=days.site.id, first=days.first, last=days.last)})


def _fresh(body: dict[str, object]) -> HttpResponse:
    return JsonResponse(body, headers={"Cache-Control": "no-store"})
