"""The patient's page of one visit."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def visit(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("<str:token>/", visit, name="visit-link")]
