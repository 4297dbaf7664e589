"""Which site, which treatment, and where on the body: a button or a few boxes a page."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from scheduling import catalogue
from scheduling.catalogue import Offer
from scheduling.doors import Page, Visitor, language_of, show
from scheduling.doors.frame import Words
from scheduling.models import Site
from scheduling.pages.booking import drafts, steps
from scheduling.pages.booking.drafts import Draft
from scheduling.pages.booking.forms import Field, Form, ask, words_for
from scheduling.pages.booking.steps import SeeOther, root_of


def begin(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Go to the first question; somebody known begins anew."""
    draft = drafts.read(request, visitor) if steps.is_new(visitor) else {}
    step = steps.missing(visitor, draft, now)
    return redirect(f"{root_of(visitor)}{step}/")


def site(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Ask which site, where there are several."""
    draft = drafts.read(request, visitor)
    known = {str(place.id): place for place in steps.sites_for(visitor)}
    if request.method == "POST" and request.POST.get("choice") in known:
        draft["site"] = known[request.POST["choice"]].id
        return _on(visitor, draft, now, "site")
    words = words_for(request, visitor)
    choices = [{"value": pk, "name": place.name} for pk, place in known.items()]
    return _choose(
        request, visitor, words["site_title"], choices, back=_back(visitor, draft, now, "site")
    )


def treatment(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Ask which treatment, of those that are open, each in plain words and with its length."""
    draft = drafts.read(request, visitor)
    place = steps.site_of(visitor, draft)
    if place is None:
        return redirect(f"{root_of(visitor)}{steps.missing(visitor, draft, now)}/")
    words, language = words_for(request, visitor), language_of(request, visitor.patient)
    known = {str(offer.id): offer for offer in steps.offers_for(visitor, place)}
    if request.method == "POST" and request.POST.get("choice") in known:
        draft["treatment"] = known[request.POST["choice"]].id
        for said in ("areas", "size", "note"):
            draft.pop(said, None)
        return _on(visitor, draft, now, "treatment")
    choices = [
        {
            "value": pk,
            "name": offer.named(language),
            "about": about(offer, words, language),
            "length": words["minutes"].format(minutes=offer.minutes_default),
        }
        for pk, offer in known.items()
    ]
    back = _back(visitor, draft, now, "treatment")
    return _choose(request, visitor, words["treatment_title"], choices, back=back, site_id=place.id)


def about(offer: Offer, words: Words, language: str) -> str:
    """Say what a treatment is: in the clinic's own words, else in ours for its procedure."""
    said: str = offer.summed_up(language) or words["about"].get(offer.procedure, "")
    return said


def _choose(
    request: HttpRequest,
    visitor: Visitor,
    title: str,
    choices: list[dict[str, str]],
    *,
    back: str,
    site_id: int | None = None,
) -> HttpResponse:
    words = words_for(request, visitor)
    page = Page(
        template="scheduling/patient/choose.html",
        title=title,
        words=words,
        patient=visitor.patient,
        site=Site.objects.filter(pk=site_id or 0).first(),
        facts={"choices": choices, "back": back},
    )
    return show(request, page)


def area(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Ask where on the body and how large, where the treatment's rules want to know."""
    draft = drafts.read(request, visitor)
    words = words_for(request, visitor)
    known = [code for code in words["areas"] if code in catalogue.current().areas]
    error = ""
    if request.method == "POST":
        draft["areas"] = [code for code in request.POST.getlist("areas") if code in known]
        draft["size"] = request.POST.get("size", "")
        if draft["size"] in words["sizes"]:
            return _on(visitor, draft, now, "area")
        error = words["size_error"]
    where = Field(
        name="areas",
        kind="some",
        label=words["area_label"],
        hint=words["area_hint"],
        value=draft.get("areas", []),
        choices=[(code, words["areas"][code]) for code in known],
    )
    size = Field(
        name="size",
        kind="one",
        label=words["size_label"],
        value=draft.get("size", ""),
        error=error,
        choices=list(words["sizes"].items()),
    )
    back = _back(visitor, draft, now, "area")
    place = steps.site_of(visitor, draft)
    form = Form(
        title=words["area_title"],
        fields=[where, size],
        back=back,
        site_id=place.id if place else None,
    )
    return ask(request, visitor, form)


def _on(visitor: Visitor, draft: Draft, now: datetime, step: str) -> HttpResponse:
    """Remember the answer and go to the next question."""
    following = [*steps.steps_of(visitor, draft, now), "times"]
    rest = following[following.index(step) + 1 :] if step in following else following
    # what hangs on this answer is asked again; the rest was said already
    open_ones = (each for each in rest if each == "times" or not draft.get(steps.SAYS[each]))
    after = rest[0] if not steps.is_new(visitor) else next(open_ones, "times")
    return drafts.remember(SeeOther(f"{root_of(visitor)}{after}/"), draft, visitor)


def _back(visitor: Visitor, draft: Draft, now: datetime, step: str) -> str:
    return steps.before(visitor, draft, now, step)
