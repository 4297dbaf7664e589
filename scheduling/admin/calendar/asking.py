"""What an address of the diary asks for: which site, which days, which columns."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from scheduling.catalogue import Ground, Place, current, remembered
from scheduling.errors import Malformed, NotFound
from scheduling.models import Resource
from scheduling.screens import door
from scheduling.screens.frame import actor
from scheduling.screens.times import wall

KINDS = {
    Resource.Kind.PRACTITIONER.value: "People",
    Resource.Kind.ROOM.value: "Rooms",
    Resource.Kind.DEVICE.value: "Devices",
}
"""What the columns may stand for, and what reception calls it."""

LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Days:
    """Some local dates of one site, both inclusive, by one kind of resource."""

    site: Place
    first: date
    last: date
    kind: str


def days_of(request: HttpRequest) -> Days:
    """Read which days an address means; the site must be one of the user's.

    Raises:
        NotFound: the site is none of the user's.
        Malformed: no dates, too many, or the last before the first.

    """
    first, last = (door.day_in(request.GET.get(name)) for name in ("from", "to"))
    if first is None or last is None or not first <= last < first + LONGEST:
        raise Malformed("Ask for one to seven days, as from and to.")
    return Days(site_of(request), first, last, kind_of(request))


def site_of(request: HttpRequest, given: str | None = None) -> Place:
    """Read which site is meant, among the user's.

    Raises:
        NotFound: it is none of them.

    """
    pk = door.whole(given if given is not None else request.GET.get("site"))
    if pk is None or not actor(request).works_at(pk):
        raise NotFound
    ground = remembered()
    return (ground if ground is not None and pk in ground.sites else current()).site(pk)


def kind_of(request: HttpRequest) -> str:
    """Read what the columns stand for; people unless another kind is named."""
    kind = request.GET.get("by", "")
    return kind if kind in KINDS else Resource.Kind.PRACTITIONER.value


def sites_in(request: HttpRequest, ground: Ground) -> list[Place]:
    """List the user's sites that are open for business, by name."""
    by = actor(request)
    found = [site for site in ground.sites.values() if site.active and by.works_at(site.id)]
    return sorted(found, key=lambda site: (site.name, site.id))


def today_at(site: Place, moment: datetime) -> date:
    """Answer the site's date."""
    return wall(moment, ZoneInfo(site.zone)).date()
