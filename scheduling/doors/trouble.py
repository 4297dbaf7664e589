"""What a patient reads where nothing could be done: in their language, without rows and cookies."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

from scheduling.doors.frame import Page, language_of, show, words_of


def trouble(request: HttpRequest, code: str, status: int) -> HttpResponse:
    """Say plainly what went wrong, by the code of the problem; the database is not asked."""
    words = words_of("scheduling", "trouble_page", language_of(request))
    page = Page(
        template="scheduling/patient/closed.html",
        title=words["title"],
        words=words,
        facts={"notice": words.get(code, words["other"])},
    )
    response = show(request, page, status=status)
    add_never_cache_headers(response)
    return response
