"""The language of the patients' pages, picked on any of them."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from scheduling.doors import private
from scheduling.doors.frame import LANGUAGE_COOKIE, LANGUAGES

REMEMBERED_SECONDS = 365 * 24 * 3600


@csrf_exempt  # it changes nothing but the words on this phone, and a page without it sets no cookie
@require_POST
def speak(request: HttpRequest) -> HttpResponse:
    """Remember the language on this phone, and go back to the page it was picked on."""
    back = request.POST.get("next", "")
    here = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    response = redirect(back if here else "home")
    language = request.POST.get("language", "")
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            language,
            max_age=REMEMBERED_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return private(response)
