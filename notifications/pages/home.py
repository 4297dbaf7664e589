"""The first page of a patient who signed in: visits, plans, and the doors to everything else."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from notifications.pages import saying
from plans import courses
from plans.courses import PlanView, Standing
from plans.courses import State as SessionState
from scheduling.core.words import Status
from scheduling.doors import Page, Visitor, language_of, show, signed_in, words_of
from scheduling.doors.entering import MY
from scheduling.doors.frame import Words
from scheduling.models import Appointment, Site

ASKED_FROM = timedelta(days=7)
"""How long before a visit its answer is asked for: the day of the first reminder (`policy`)."""

MOST_PAST = 5
MOST_COMING = 50
COMING = (Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN)
PAST = (Status.FULFILLED, Status.CANCELLED, Status.NOSHOW)
DOORS = ("book", "forms", "papers", "waiting", "messages", "data")
"""Whole-patient pages that floors may bring, below `/my/`."""


@signed_in
def home(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show a patient's visits and plans, and what else they can do."""
    language = language_of(request, visitor.addressed)
    words = words_of("notifications", "home_page", language)
    coming = _coming(visitor, now)
    asked = [visit for visit in coming if _wants_answer(visit, now)]
    past = _visits(visitor).filter(status__in=PAST).order_by("-start", "-pk")[:MOST_PAST]
    doors = saying.below(f"/{MY}", *DOORS)
    plans = courses.of_patient(visitor.patient.pk, now=now)
    facts = {
        "hello": words["hello"].format(name=visitor.addressed.given_name),
        "about": saying.about(visitor, words),
        "asked": [_line(v, visitor, words, language) for v in asked],
        "coming": [_line(v, visitor, words, language) for v in coming if v not in asked],
        "past": [_line(v, visitor, words, language) for v in past],
        "plans": [_plan(plan, words) for plan in plans if plan.standing != Standing.ABANDONED],
        "doors": [(words[name], path) for name, path in doors.items()],
    }
    page = Page(
        template="notifications/home.html",
        title=words["title"],
        words=words,
        patient=visitor.addressed,
        site=_site(coming),
        facts=facts,
    )
    return show(request, page)


def _visits(visitor: Visitor) -> QuerySet[Appointment]:
    mine = Appointment.objects.filter(patient=visitor.patient)
    return mine.select_related("site", "treatment", "patient").prefetch_related("treatment__texts")


def _coming(visitor: Visitor, now: datetime) -> list[Appointment]:
    found = _visits(visitor).filter(status__in=COMING, end__gt=now)
    return list(found.order_by("start", "pk")[:MOST_COMING])


def _wants_answer(visit: Appointment, now: datetime) -> bool:
    soon = visit.start - now <= ASKED_FROM
    return soon and saying.is_open(visit, now) and visit.confirmed_at is None


def _site(coming: Iterable[Appointment]) -> Site | None:
    """Find the house that the page speaks for: the next visit's."""
    return next((visit.site for visit in coming), None)


def _line(visit: Appointment, visitor: Visitor, words: Words, language: str) -> dict[str, object]:
    confirmed = visit.status == Status.BOOKED and visit.confirmed_at is not None
    return {
        "when": saying.when(visit, language, saying.zone_of(visitor)),
        "treatment": visit.treatment.told(language).name,
        "site": visit.site.name,
        "said": words["confirmed"] if confirmed else words.get(visit.status, ""),
        "path": f"/{MY}visits/{visit.pk}/",
    }


def _plan(plan: PlanView, words: Words) -> dict[str, str]:
    """Say how far a plan is, and lead to its picture by one of its visits."""
    progress = plan.progress
    visits = [s.visit for s in plan.sessions if s.visit and s.state in _WITH_VISIT]
    near = visits[-1] if visits else None
    there = saying.below(f"/{MY}visits/{near.id}/", "plan") if near else {}
    paused = plan.standing in {Standing.PAUSED, Standing.PAUSED_BY_EVENT}
    said = words["progress"].format(done=progress.done, of=progress.of, booked=progress.booked)
    return {
        "name": plan.name,
        "said": words["paused"] if paused else said,
        "path": there.get("plan", ""),
    }


_WITH_VISIT = frozenset({SessionState.DONE, SessionState.BOOKED})


@require_safe
def left(request: HttpRequest) -> HttpResponse:
    """Say that nobody is signed in any more, whoever asks."""
    words = words_of("notifications", "home_page", language_of(request))
    page = Page(
        template="notifications/left.html",
        title=words["left_title"],
        words=words,
        facts={"notice": words["left"], "good": True, "again": _sign_in()},
    )
    return show(request, page)


def _sign_in() -> str:
    """Spell where patients sign in; empty in a house without that door."""
    try:
        return reverse("sign-in")
    except NoReverseMatch:
        return ""
