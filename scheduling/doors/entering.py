"""The doors: a link's token becomes a cookie of that one link; a code's becomes the patient's."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from scheduling import links, register, visitors
from scheduling.core.words import Actor, Status
from scheduling.doors.frame import Page, Words, language_of, private, show, words_of
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
    `guardian` is there where a minor's guardian speaks, in whose name the trail keeps it.
    """

    patient: Patient
    by: Actor
    home: str
    appointment: Appointment | None = None
    link: Link | None = None
    session: PatientSession | None = None
    guardian: Patient | None = None

    @property
    def addressed(self) -> Patient:
        """Whom the page speaks to: the patient, or the guardian of a minor."""
        return self.guardian or self.patient

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


def verified(view: Inside) -> Inside:
    """Open a page to whoever proved that a phone is theirs, known here or not.

    The patient of somebody new is no row of the register: without a key, with the verified phone.
    """

    def enter(request: HttpRequest, now: datetime, named: dict[str, int]) -> Visitor:
        session = visitors.recognise(token=request.COOKIES.get(SESSION_COOKIE, ""), now=now)
        if session.patient is not None:
            return _member(request, now)
        if not session.phone:
            raise visitors.SignedOut
        # no patient has the id 0: whoever is new acts on nobody's visits
        by = Actor(name="somebody new by code", patient_id=0)
        nobody = Patient(phone=session.phone, language="")
        return Visitor(patient=nobody, by=by, home=f"/{MY}", session=session)

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
                return private(redirect(_signing_in(request)))
            except (NotFound, links.LinkDead) as error:
                return otherwise(request, error)

        answer: Inside = opened
        return answer

    return door


def _signing_in(request: HttpRequest) -> str:
    """Spell where one signs in, to come back to this page; a form that was sent is not repeated."""
    back = urlencode({"next": request.path}) if request.method != "POST" else ""
    return f"{reverse('sign-in')}{'?' if back else ''}{back}"


def _holder(
    request: HttpRequest, now: datetime, link_id: int, *, page: str, purposes: Sequence[str]
) -> Visitor:
    token = request.COOKIES.get(_cookie(page, link_id), "")
    link = links.redeem(token=token, now=now, purposes=purposes)
    if link.pk != link_id:
        raise NotFound
    visitor = Visitor(
        patient=link.patient,
        by=links.holder(link),
        home=reverse(page, args=[link_id]),
        appointment=link.appointment,
        link=link,
    )
    # every message went to each address that the patient has, else to the guardian's
    return _spoken_for(visitor, register.own_addresses(link.patient), now)


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
    visitor = Visitor(
        patient=session.patient,
        by=visitors.person(session),
        home=home,
        appointment=visit,
        session=session,
    )
    verified = {str(session.phone), register.fold_mail(session.email)}
    return _spoken_for(visitor, verified, now)


def _spoken_for(visitor: Visitor, reached_at: Collection[str], now: datetime) -> Visitor:
    """Say in whose name it happens: a minor's guardian's, on the minor's things only."""
    guardian = register.speaker(visitor.patient, reached_at=reached_at, today=now.date())
    if guardian is None:
        return visitor
    by = replace(visitor.by, name=f"guardian {guardian.pk} for {visitor.by.name}")
    return replace(visitor, by=by, guardian=guardian)


def closed(request: HttpRequest, error: ClinicError) -> HttpResponse:
    """Say plainly why there is nothing here, and whom to ask."""
    link = error.facts.get("link")
    known = link if isinstance(link, Link) else None
    visit = known.appointment if known else None
    patient = known.patient if known else None
    words = words_of("scheduling", "frame", language_of(request, patient))
    which = "none"
    if isinstance(error, links.LinkDead):
        which = "moved" if _has_moved(known, visit) else "dead"
    page = Page(
        template="scheduling/patient/closed.html",
        title=words[f"{which}_title"],
        words=words,
        patient=patient,
        site=visit.site if visit else None,
        facts={"notice": words[which]} | (way_in(words, which) if which != "none" else {}),
    )
    return show(request, page, status=404 if which == "none" else 410)


def _has_moved(link: Link | None, visit: Appointment | None) -> bool:
    """Tell whether a link is dead for its visit has another time; to where is not told here."""
    if link is None or visit is None or visit.status != Status.BOOKED:
        return False
    return visit.told_version != link.bound_version


def way_in(words: Words, which: str = "dead") -> dict[str, str]:
    """Offer to sign in, which tells more than an old link may; empty in a house without that door.

    `words` are those of the frame; `scheduling/patient/way_in.html` shows what is answered.
    """
    try:
        there = reverse("sign-in")
    except NoReverseMatch:
        return {}
    said = words["see_moved" if which == "moved" else "see_visits"]
    return {"sign_in": there, "see": said, "see_note": words["see_note"]}


def _cookie(page: str, link_id: int) -> str:
    """Name a cookie for each link, so that two pages open side by side stay apart."""
    return f"{page}-{link_id}"
