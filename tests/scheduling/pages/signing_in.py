"""The doors of the house, with a page to sign in on wherever there is none yet."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from clinic import urls


def sign_in(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)
urlpatterns = [*urls.urlpatterns, path("sign-in-here/", sign_in, name="sign-in")]
