"""The doors: a link's token becomes a cookie of that one link; a code's becomes the patient's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from scheduling import links, visitors
from scheduling.core.words import Actor
from scheduling.doors.frame import Page, language_of, private, show, words_of
from scheduling.errors import ClinicError, NotFound
from scheduling.models import Appointment, Link, Patient, PatientSession

COOKIE_SECONDS = 3600
SESSION_COOKIE = "patient"
MY = "my/"
"""Where the pages of a patient who signed in hang; their cookie goes there only."""

METHODS = ["GET", "HEAD", "POST"]
VISIT_LINKS = (Link.Purpose.VISIT,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who looks at a patient's page, and through which door.

    `home` is the path that this visitor's pages of a visit (or, without one, of the patient) hang
    under. `session` is there for who signed in with a code, `link` for who came by a link.
    """

    patient: Patient
    by: Actor
    home: str
    appointment: Appointment | None = None
    link: Link | None = None
    session: PatientSession | None = None

    @property
    def visit(self) -> Appointment:
        """The one visit that the page is about.

        Raises:
            NotFound: there is none.

        """
        if self.appointment is None:
            raise NotFound
        return self.appointment


Inside = Callable[..., HttpResponse]
Enter = Callable[[HttpRequest, datetime, dict[str, int]], Visitor]
Otherwise = Callable[[HttpRequest, ClinicError], HttpResponse]


def exchange(
    request: HttpRequest,
    token: str,
    *,
    page: str,
    purposes: Sequence[str] = VISIT_LINKS,
    otherwise: Otherwise | None = None,
) -> HttpResponse:
    """Exchange the token of a link for a cookie of that one link, and go on to `page` of it."""
    try:
        link = links.redeem(token=token, now=timezone.now(), purposes=purposes)
    except ClinicError as error:
        return (otherwise or closed)(request, error)
    path = reverse(page, args=[link.pk])
    response = redirect(path)
    response.set_cookie(
        _cookie(page, link.pk),
        token,
        max_age=COOKIE_SECONDS,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return private(response)


def by_link(
    *, page: str, purposes: Sequence[str] = VISIT_LINKS, otherwise: Otherwise | None = None
) -> Callable[[Inside], Inside]:
    """Open a page to the holder of a link: the address has a `link_id`, the cookie its token.

    `otherwise` answers who cannot come in; by default the plain page that says why.
    """

    def enter(request: HttpRequest, now: datetime, named: dict[str, int]) -> Visitor:
        return _holder(request, now, named.pop("link_id"), page=page, purposes=purposes)

    return _door(enter, otherwise or closed)


def signed_in(view: Inside) -> Inside:
    """Open a page to a patient who signed in with a code."""

    def enter(request: HttpRequest, now: datetime, named: dict[str, int]) -> Visitor:
        return _member(request, now)

    return _door(enter, closed)(view)


def of_a_visit(view: Inside) -> Inside:
    """Open a page of one visit by its link (`link_id`), or to its patient (`appointment_id`)."""

    def enter(request: HttpRequest, now: datetime, named: dict[str, int]) -> Visitor:
        if "link_id" in named:
            link_id = named.pop("link_id")
            return _holder(request, now, link_id, page="visit", purposes=VISIT_LINKS)
        return _member(request, now, named.pop("appointment_id"))

    return _door(enter, closed)(view)


def _door(enter: Enter, otherwise: Otherwise) -> Callable[[Inside], Inside]:
    """Make a door of a way to enter; who cannot is told plainly why."""

    def door(view: Inside) -> Inside:
        @require_http_methods(METHODS)
        @never_cache
        @wraps(view)
        def opened(request: HttpRequest, **named: int) -> HttpResponse:
            now = timezone.now()
            try:
                visitor = enter(request, now, named)
                return private(view(request, visitor, now, **named))
            except visitors.SignedOut:
                return private(redirect("sign-in"))
            except (NotFound, links.LinkDead) as error:
                return otherwise(request, error)

        answer: Inside = opened
        return answer

    return door


def _holder(
    request: HttpRequest, now: datetime, link_id: int, *, page: str, purposes: Sequence[str]
) -> Visitor:
    token = request.COOKIES.get(_cookie(page, link_id), "")
    link = links.redeem(token=token, now=now, purposes=purposes)
    if link.pk != link_id:
        raise NotFound
    return Visitor(
        patient=link.patient,
        by=links.holder(link),
        home=reverse(page, args=[link_id]),
        appointment=link.appointment,
        link=link,
    )


def _member(request: HttpRequest, now: datetime, appointment_id: int | None = None) -> Visitor:
    session = visitors.recognise(token=request.COOKIES.get(SESSION_COOKIE, ""), now=now)
    if session.patient is None:
        raise visitors.SignedOut
    mine = Appointment.objects.select_related("site", "treatment", "patient")
    visit, home = None, f"/{MY}"
    if appointment_id is not None:
        visit = mine.filter(pk=appointment_id, patient=session.patient).first()
        home = f"/{MY}visits/{appointment_id}/"
        if visit is None:
            raise NotFound
    return Visitor(
        patient=session.patient,
        by=visitors.person(session),
        home=home,
        appointment=visit,
        session=session,
    )


def closed(request: HttpRequest, error: ClinicError) -> HttpResponse:
    """Say plainly why there is nothing here, and whom to ask."""
    link = error.facts.get("link")
    known = link if isinstance(link, Link) else None
    visit = known.appointment if known else None
    patient = known.patient if known else None
    words = words_of("scheduling", "frame", language_of(request, patient))
    which = "dead" if isinstance(error, links.LinkDead) else "none"
    page = Page(
        template="scheduling/patient/closed.html",
        title=words[f"{which}_title"],
        words=words,
        patient=patient,
        site=visit.site if visit else None,
        facts={"notice": words[which]},
    )
    return show(request, page, status=410 if which == "dead" else 404)


def _cookie(page: str, link_id: int) -> str:
    """Name a cookie for each link, so that two pages open side by side stay apart."""
    return f"{page}-{link_id}"
