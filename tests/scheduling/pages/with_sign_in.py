"""The house's doors, and a page to sign in at whichever of them is built."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from clinic.urls import handler400, handler403, handler404, handler500
from clinic.urls import urlpatterns as doors

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def sign_in(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [*doors, path("a-page-to-sign-in/", sign_in, name="sign-in")]
