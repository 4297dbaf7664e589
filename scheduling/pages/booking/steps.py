"""Which page comes next, for somebody known and for somebody new."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from django.http import HttpResponseRedirect

from scheduling import catalogue, register, reservations
from scheduling.catalogue import Offer, Place
from scheduling.core.words import Wish
from scheduling.doors import Visitor
from scheduling.pages.booking.drafts import Draft

BOOK, NEW = "/my/book/", "/my/new/"
SEE_OTHER: Final = 303

SAYS = {
    "name": "given",
    "birth": "born",
    "guardian": "guardian",
    "messages": "language",
    "site": "site",
    "treatment": "treatment",
    "area": "size",
}
"""What a draft holds once a step is done."""


class SeeOther(HttpResponseRedirect):
    """Go on after a POST, so that a reload repeats nothing."""

    status_code = SEE_OTHER


def is_new(visitor: Visitor) -> bool:
    """Tell whether the visitor is not in the register yet."""
    return visitor.patient.pk is None


def root_of(visitor: Visitor) -> str:
    """Answer where this visitor's pages hang."""
    return NEW if is_new(visitor) else BOOK


def sites_for(visitor: Visitor) -> list[Place]:
    """List the active sites that can give any of what is open to this visitor, by name."""
    offers = reservations.offered(newcomer=is_new(visitor))
    rows = catalogue.current().sites.values()
    able = [row for row in rows if row.active and any(given_at(o, row) for o in offers)]
    return sorted(able, key=lambda row: (row.name, row.id))


def offers_for(visitor: Visitor, site: Place) -> list[Offer]:
    """List what this visitor may book alone at a site."""
    offers = reservations.offered(newcomer=is_new(visitor))
    return [offer for offer in offers if given_at(offer, site)]


def given_at(offer: Offer, site: Place) -> bool:
    """Tell whether a site has somebody and something for every need of a treatment."""
    able = catalogue.current().able
    return all(any(able(site.id, a.kind, a.skill) for a in need) for need in offer.needs)


def site_of(visitor: Visitor, draft: Draft) -> Place | None:
    """Answer the site chosen, or the only one."""
    sites = sites_for(visitor)
    if len(sites) == 1:
        return sites[0]
    return next((site for site in sites if site.id == draft.get("site")), None)


def offer_of(visitor: Visitor, draft: Draft) -> Offer | None:
    """Answer the treatment chosen; for somebody new the only consultation is chosen already."""
    site = site_of(visitor, draft)
    offers = offers_for(visitor, site) if site else []
    if is_new(visitor) and len(offers) == 1:
        return offers[0]
    return next((offer for offer in offers if offer.id == draft.get("treatment")), None)


def wish_of(visitor: Visitor, draft: Draft) -> Wish | None:
    """Answer what is wished for, once enough was said."""
    site, offer = site_of(visitor, draft), offer_of(visitor, draft)
    if site is None or offer is None or (offer.asks_area and not draft.get("size")):
        return None
    return Wish(
        site_id=site.id,
        treatment_id=offer.id,
        patient_id=visitor.patient.pk,
        areas=tuple(draft.get("areas", ())) if offer.asks_area else (),
        size=draft.get("size", "") if offer.asks_area else "",
    )


def born(draft: Draft) -> date | None:
    """Read the birth date that somebody new gave."""
    return date.fromisoformat(draft["born"]) if draft.get("born") else None


def steps_of(visitor: Visitor, draft: Draft, now: datetime) -> Sequence[str]:
    """List the steps of this visitor, in order, as far as what was said shows them."""
    steps: list[str] = []
    if is_new(visitor):
        steps += ["name", "birth"]
        if register.needs_guardian(born(draft), now.date()):
            steps.append("guardian")
        steps.append("messages")
    if len(sites_for(visitor)) > 1:
        steps.append("site")
    offer = offer_of(visitor, draft)
    if not is_new(visitor) or (offer is None and site_of(visitor, draft)):
        steps.append("treatment")
    if offer is not None and offer.asks_area:
        steps.append("area")
    return steps


def missing(visitor: Visitor, draft: Draft, now: datetime) -> str:
    """Answer the first step whose question is open, or the times."""
    steps = steps_of(visitor, draft, now)
    return next((step for step in steps if not draft.get(SAYS[step])), "times")


def before(visitor: Visitor, draft: Draft, now: datetime, step: str) -> str:
    """Answer the address of the page before a step; for the first, of the patient's own page."""
    steps = [*steps_of(visitor, draft, now), "times"]
    place = steps.index(step) if step in steps else 0
    if place == 0:
        return visitor.home if not is_new(visitor) else ""
    return f"{root_of(visitor)}{steps[place - 1]}/"
