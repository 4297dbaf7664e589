"""The page on which a patient cancels one visit: a reason, and by link a second fact."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from notifications.pages import saying
from scheduling import booking, links
from scheduling.core.languages import counted
from scheduling.core.words import Status
from scheduling.doors import (
    Page,
    Visitor,
    by_link,
    closed,
    language_of,
    of_a_visit,
    show,
    words_of,
)
from scheduling.doors.entering import MY
from scheduling.doors.frame import Words
from scheduling.errors import ClinicError, StaleVersion
from scheduling.models import Appointment, Link

REASONS: Mapping[str, str] = {
    "ill": "ill",
    "time": "something has come up",
    "worried": "not sure about the treatment",
    "elsewhere": "does not need it any more",
    "other": "another reason",
}
"""What a patient may choose, as reception reads it; the patient's words follow."""

LONGEST_WORDS = 150
LONGEST_NUMBER = 10


@dataclass(slots=True, kw_only=True)
class Form:
    """What was typed, kept when something is wrong with it; `errors` by field."""

    reason: str = ""
    words: str = ""
    year: str = ""
    version: int | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """Spell the reason as the visit keeps it."""
        chosen = f"by the patient: {REASONS[self.reason]}"
        return f"{chosen}; {self.words}" if self.words else chosen


@of_a_visit
def cancel(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Ask why, and who it is; by POST cancel the visit."""
    words = words_of("notifications", "cancel_page", language_of(request, visitor.addressed))
    against = _against(visitor, now)
    if request.method != "POST" or against:
        return _page(request, visitor, words, form=Form(version=visitor.visit.version), key=against)
    form = _read(request, words, asks_year=visitor.link is not None)
    if form.errors:
        return _page(request, visitor, words, form=form)
    key = _done(request, visitor, form, now)
    if key or form.errors:
        return _page(request, visitor, words, form=form, key=key)
    return saying.see_other(f"{visitor.home}cancelled/" if visitor.link else visitor.home)


def _against(visitor: Visitor, now: datetime) -> str:
    """Name what keeps this visitor from cancelling here; empty when nothing does."""
    visit, link = visitor.visit, visitor.link
    if not saying.is_open(visit, now):
        return saying.standing(visit, now)
    if saying.is_late(visit, now):
        return "late"
    if link is not None and visitor.patient.birth_date is None:
        return "nothing_on_file"
    return "no_tries" if link is not None and not links.tries_left(link) else ""


def _read(request: HttpRequest, words: Words, *, asks_year: bool) -> Form:
    given = request.POST
    version, year = given.get("version", ""), given.get("birth_year", "").strip()
    form = Form(
        reason=given.get("reason", ""),
        words=" ".join(given.get("words", "").replace("\0", "").split())[:LONGEST_WORDS],
        year=year[:LONGEST_NUMBER],
        version=int(version) if version.isdecimal() and len(version) < LONGEST_NUMBER else 0,
    )
    if form.reason not in REASONS:
        form.errors["reason"] = words["no_reason"]
    # what is no year is no guess, and costs no try; digits of other scripts are digits
    if asks_year and not (year.isdecimal() and len(year) == len("1987")):
        form.errors["birth_year"] = words["no_year"]
    return form


def _done(request: HttpRequest, visitor: Visitor, form: Form, now: datetime) -> str:
    """Prove who it is and cancel; answer the key of what stands against it, if anything does."""
    try:
        if visitor.link is not None:
            links.prove(link=visitor.link, birth_year=int(form.year))
        booking.cancel(
            appointment_id=visitor.visit.pk,
            version=form.version,
            by=visitor.by,
            now=now,
            reason=form.said,
        )
    except links.NoMoreTries:
        return "no_tries"
    except links.NotProved as error:
        form.year = ""
        form.errors["birth_year"] = _wrong(request, visitor, error.facts["left"])
    except StaleVersion:
        visitor.visit.refresh_from_db()
        return "" if visitor.visit.status == Status.CANCELLED else "stale"  # pressed twice
    except ClinicError as error:
        return "late" if "notice_hours" in error.facts else "busy"
    return ""


def _wrong(request: HttpRequest, visitor: Visitor, left: int) -> str:
    language = language_of(request, visitor.addressed)
    forms = words_of("notifications", "cancel_page", language)["wrong_year"]
    return counted(forms, language, left).format(left=left)


def _page(
    request: HttpRequest, visitor: Visitor, words: Words, *, form: Form, key: str = ""
) -> HttpResponse:
    """Draw the form, or, where it is of no use, the sentence that says why and whom to phone."""
    visit, language = visitor.visit, language_of(request, visitor.addressed)
    name = visitor.patient.given_name
    facts = {
        "notice": _sentence(visit, words, language, key),
        "when": saying.when(visit, language, saying.zone_of(visitor)),
        "home": visitor.home,
        "form": None if key else form,
        # whoever cannot cancel here may still move, ask, or begin anew
        "ways": _ways_on(visitor, words, key),
        "reasons": [(code, words[code]) for code in REASONS],
        "asks_year": visitor.link is not None,
        "year": words["year_child"].format(name=name) if visitor.guardian else words["year"],
    }
    page = Page(
        template="notifications/cancel.html",
        title=words["title"],
        words=words,
        patient=visitor.addressed,
        site=visit.site,
        facts=facts,
    )
    return show(request, page)


def _ways_on(visitor: Visitor, words: Words, key: str) -> list[tuple[str, str]]:
    """Offer what helps instead: another time while the visit is on, a new visit once it is not."""
    if key in {"off", "over"}:
        return [(words["book"], BOOK)]
    if key == "late":
        return [(words["ask"], f"{visitor.home}#ask")]
    move = saying.below(visitor.home, "move")
    return [(words["move"], path) for path in move.values()]


BOOK = f"/{MY}book/"
"""Where patients book by themselves; whoever is not signed in is asked for a code first."""


def _sentence(visit: Appointment, words: Words, language: str, key: str) -> str:
    if key == "late":
        return saying.late(words["late"], language, visit.site.cancel_notice_hours)
    return str(words[key]) if key else ""


def ended(request: HttpRequest, error: ClinicError) -> HttpResponse:
    """Say that the visit is cancelled to who did it by this link, which died of that."""
    link = error.facts.get("link")
    if not isinstance(link, Link) or not _ended_with_its_visit(request, link, timezone.now()):
        return closed(request, error)
    words = words_of("notifications", "cancel_page", language_of(request, link.patient))
    page = Page(
        template="notifications/cancelled.html",
        title=words["done_title"],
        words=words,
        patient=link.patient,
        site=link.appointment.site if link.appointment else None,
        facts={"notice": words["done"], "good": True, "book": BOOK},
    )
    return show(request, page)


def _ended_with_its_visit(request: HttpRequest, link: Link, now: datetime) -> bool:
    """Tell whether a link is dead only because its visit was cancelled, and was asked for here."""
    match, visit = request.resolver_match, link.appointment
    here = match is not None and match.kwargs.get("link_id") == link.pk
    living = link.revoked_at is None and link.expires_at > now
    return here and living and visit is not None and visit.status == Status.CANCELLED


@by_link(page="visit", otherwise=ended)
def cancelled(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Go back to the visit while it stands; once it is cancelled, `ended` answers."""
    return saying.see_other(visitor.home)
