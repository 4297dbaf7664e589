"""The patient's page of one offer from the waiting list, behind the link in its message."""

from datetime import datetime, timedelta
from math import ceil

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from scheduling import waiting
from scheduling.core.dates import Spoken, spoken
from scheduling.core.languages import counted
from scheduling.doors import Page, Visitor, by_link, exchange, language_of, show, words_of
from scheduling.doors.frame import Words
from scheduling.errors import NotFound
from scheduling.models import Link, Offer, Site, Treatment

PURPOSES = (Link.Purpose.OFFER,)
NOTICES = {
    Offer.State.ACCEPTED: "accepted",
    Offer.State.DECLINED: "declined",
    Offer.State.EXPIRED: "expired",
    Offer.State.LOST: "lost",
    Offer.State.WITHDRAWN: "withdrawn",
}


@require_safe
@never_cache
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the token for a cookie of that one link, and go to its page."""
    return exchange(request, token, page="offer", purposes=PURPOSES)


@by_link(page="offer", purposes=PURPOSES)
def offer(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show the offer of a link; by POST answer it."""
    made = visitor.link.offer if visitor.link else None
    if made is None:
        raise NotFound
    return _page(request, visitor, made, now)


def mine(request: HttpRequest, visitor: Visitor, now: datetime, offer_id: int) -> HttpResponse:
    """Show one of a patient's own offers to who signed in with a code; by POST answer it."""
    rows = Offer.objects.select_related("entry__site", "entry__treatment", "entry__appointment")
    made = rows.filter(pk=offer_id, entry__patient=visitor.patient).first()
    if made is None:
        raise NotFound
    return _page(request, visitor, made, now)


def _page(request: HttpRequest, visitor: Visitor, made: Offer, now: datetime) -> HttpResponse:
    """Show the time that is offered, until when, and what it would replace; by POST answer it."""
    if request.method == "POST":
        _answer(request.POST.get("act", ""), made, visitor, now)
        return redirect(request.path)
    language = language_of(request, visitor.patient)
    words = words_of("scheduling", "offer_page", language)
    state = _state(made, now)
    page = Page(
        template="scheduling/patient/offer.html",
        title=words["title"],
        words=words,
        patient=visitor.patient,
        site=made.entry.site,
        facts={
            "hello": words["hello"].format(name=visitor.patient.given_name),
            "when": _when(
                made.start - _preparation(made.entry.treatment), made.entry.site, language
            ),
            "what": made.entry.treatment.told(language).name,
            "instead": _instead(made, language),
            "open": state is Offer.State.OPEN,
            "until": _until(made, words, language, now) if state is Offer.State.OPEN else "",
            "left": max(0, int((made.answer_by - now).total_seconds())),
            "notice": words[NOTICES[state]] if state in NOTICES else "",
            "good": state is Offer.State.ACCEPTED,
        },
    )
    return show(request, page)


def _state(made: Offer, now: datetime) -> Offer.State:
    """Answer how an offer stands, also where the house has not noted yet that it is over."""
    state = Offer.State(made.state)
    if state is Offer.State.OPEN and made.entry.closed_at is not None:
        return Offer.State.WITHDRAWN
    return Offer.State.EXPIRED if state is Offer.State.OPEN and made.answer_by <= now else state


def _answer(act: str, made: Offer, visitor: Visitor, now: datetime) -> None:
    """Do what the form asks; what became of it stands on the page that follows."""
    verbs = {"accept": waiting.accept, "decline": waiting.decline}
    verb = verbs.get(act)
    if verb is None:
        return
    try:
        verb(offer_id=made.pk, by=visitor.by, now=now)
    except (waiting.OfferLost, waiting.OfferOver):
        return


def _preparation(treatment: Treatment) -> timedelta:
    """Answer how long before the visit's start the patient is to be there."""
    before = [-need.from_min for need in treatment.needs.all()]
    return timedelta(minutes=max([0, *before]))


def _when(at: datetime, site: Site, language: str) -> Spoken:
    return spoken(at=at, zone=site.zone, language=language, country=site.country)


def _instead(made: Offer, language: str) -> Spoken | None:
    """Say when the visit is that would move, if it is one."""
    visit = made.entry.appointment
    if visit is None or made.state == Offer.State.ACCEPTED:
        return None
    return _when(visit.start - timedelta(minutes=visit.prep_minutes), made.entry.site, language)


def _until(made: Offer, words: Words, language: str, now: datetime) -> str:
    """Say until when the answer is waited for, by the clinic's clock and in minutes."""
    minutes = ceil((made.answer_by - now).total_seconds() / 60)
    left = counted(words["minutes"], language, minutes).format(minutes=minutes)
    at = _when(made.answer_by, made.entry.site, language)
    return str(words["until"]).format(time=at.time, left=left)


urlpatterns = [
    path("see/<int:link_id>/", offer, name="offer"),
    path("<str:token>/", open_link, name="offer-link"),
]
