"""The house's addresses, and pages of a visit that upper floors might bring."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from clinic.urls import urlpatterns as house
from scheduling.doors import Visitor, of_a_visit, signed_in


@of_a_visit
def of_visit(request: HttpRequest, visitor: Visitor, now: object) -> HttpResponse:
    return HttpResponse(visitor.home)


@signed_in
def of_patient(request: HttpRequest, visitor: Visitor, now: object) -> HttpResponse:
    return HttpResponse(visitor.home)


def sign_in(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sign in")


urlpatterns = [
    *(path(f"v/see/<int:link_id>/{name}/", of_visit) for name in ("move", "plan", "forms")),
    *(
        path(f"my/visits/<int:appointment_id>/{name}/", of_visit)
        for name in ("move", "plan", "forms")
    ),
    *(path(f"my/{name}/", of_patient) for name in ("book", "forms", "data")),
    path("codes/", sign_in, name="sign-in"),
    *house,
]
