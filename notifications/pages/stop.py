"""The way out of e-mail, behind the link that every e-mail brings with it."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications import unsubscribing
from scheduling.doors import Page, closed, language_of, show, words_of
from scheduling.errors import ClinicError


@csrf_exempt  # the token is the authority: mail programs post without cookies (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Offer to send no more e-mails; only a POST that says so in a field of its own does it."""
    asked = request.POST.get(unsubscribing.FIELD) == unsubscribing.ANSWER
    try:
        message = unsubscribing.message_of(token)
        if asked:
            unsubscribing.unsubscribe(token=token, now=timezone.now())
    except ClinicError as error:
        return closed(request, error)
    words = words_of("notifications", "stop_page", language_of(request, message.patient))
    page = Page(
        template="notifications/stop.html",
        title=words["stop_title"],
        words=words,
        patient=message.patient,
        site=message.site,
        facts={
            "ask": words["stop_ask"].format(clinic=message.site.name),
            "field": unsubscribing.FIELD,
            "answer": unsubscribing.ANSWER,
            "done": asked or unsubscribing.is_out(message),
        },
    )
    return show(request, page)
