"""The diary's own Undo: the answer is JSON, as everything that its scripts ask for."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from scheduling.admin.calendar.wanting import refusal_in
from scheduling.errors import Refused
from scheduling.models import Site
from scheduling.screens import door, refusing, undoing
from scheduling.screens.frame import actor, now


@require_POST
def undo_view(request: HttpRequest) -> HttpResponse:
    """Take the last step back, if it is still the newest and the rules agree."""
    door.needs(request, door.WORK)
    moment = now()
    by = actor(request)
    note = undoing.read(request.POST.get("undo", ""), by, moment)
    visit = door.visit_of(request, note["visits"][0][0])
    undoing.withdraw(request)
    try:
        words = undoing.take_back(note, visit, by, moment)
    except Refused as refused:
        told = refusing.of_error(refused, Site.objects.get(pk=visit.site_id))
        body = {"detail": refused.sentence, "refusal": refusal_in(told), "screen": ""}
        return JsonResponse({**body, "code": refused.code, "override": ""}, status=409)
    return JsonResponse({"words": words})
