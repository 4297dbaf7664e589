"""Times that came free, offered by the house itself: one after another, where a site wants that."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from scheduling import trail
from scheduling.core.words import Actor
from scheduling.errors import ClinicError, NotFound
from scheduling.integrity import retrying
from scheduling.models import Appointment, Offer, Opening, Site, WaitingEntry
from scheduling.waiting.matching import Gap, Match, matches
from scheduling.waiting.offering import offer

HOUSE = Actor(name="waiting list")
NOTICE = timedelta(hours=2)
"""A time that begins sooner is reception's to give away: nobody would read the message in time."""

MORNING, EVENING = time(8), time(20)
"""Offers go out by day, by the site's clock; the night would use their time up unread."""


def came_free(
    *, visits: Sequence[Appointment], now: datetime, settled: datetime | None = None
) -> int:
    """Note the times of cancelled visits at sites where anybody waits; answer how many.

    Reception sees them; where a site offers by itself, `offer_next` takes them up, once the
    cancellation is `settled`: until then it may be undone.
    """
    wanted = wanted_at({visit.site_id for visit in visits})
    fresh = [
        Opening(site_id=visit.site_id, start=visit.start, end=visit.end, created_at=settled or now)
        for visit in visits
        if visit.site_id in wanted and visit.start > now
    ]
    Opening.objects.bulk_create(fresh)
    return len(fresh)


def wanted_at(sites: Iterable[int]) -> set[int]:
    """Answer at which of these sites a free time is of use to anybody, or is offered by itself."""
    waits = WaitingEntry.objects.filter(site=OuterRef("pk"), closed_at=None)
    here = Site.objects.filter(Q(offers_automatic=True) | Exists(waits), pk__in=set(sites))
    return set(here.values_list("pk", flat=True))


def taken_again(*, visits: Sequence[Appointment], now: datetime) -> int:
    """Put the times of visits aside that are booked again after all; answer how many.

    An offer that is out stands: who takes it is told kindly that the time is gone.
    """
    again = Q(pk__in=[])
    for visit in visits:
        again |= Q(site=visit.site_id, start=visit.start, end=visit.end)
    return Opening.objects.filter(again, closed_at=None).update(closed_at=now)


def offer_next(*, now: datetime) -> list[Offer]:
    """Offer each open time to the next in order, at sites that want it.

    A time that nobody is left for is closed, and so is one that has begun.

    Any tick of it may be lost or doubled: one open offer a time is a constraint.
    """
    offered = Offer.objects.filter(state=Offer.State.OPEN, opening__isnull=False)
    waiting = Opening.objects.filter(closed_at=None, created_at__lte=now).exclude(
        pk__in=offered.values("opening")
    )
    made = []
    for opening in waiting.select_related("site"):
        if opening.start <= now:
            _close(opening, now)
        elif not opening.site.offers_automatic or opening.start <= now + NOTICE:
            continue  # reception's to give away
        elif _is_day(opening, now) and (fresh := _offered(opening, now)):
            made.append(fresh)
    return made


@retrying
def put_aside(*, opening_id: int, by: Actor, now: datetime) -> Opening:
    """Offer a time to nobody any more; an offer that is out stands. Twice is as good as once.

    Raises:
        NotFound: no such time for this actor.

    """
    found = Opening.objects.select_for_update(no_key=True).filter(pk=opening_id).first()
    if found is None or by.patient_id is not None or not by.works_at(found.site_id):
        raise NotFound
    if found.closed_at is None:
        found.closed_at = now
        found.save(update_fields=["closed_at"])
        trail.write([trail.entry(subject=found, verb="put_aside", by=by, now=now)])
    return found


def _is_day(opening: Opening, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(opening.site.zone)).time()
    return MORNING <= local < EVENING


def _offered(opening: Opening, now: datetime) -> Offer | None:
    gap = Gap(site_id=opening.site_id, start=opening.start, end=opening.end)
    for match in matches(opening=gap, now=now):
        try:
            made = _asked(match, opening, now)
        except ClinicError:
            continue  # taken, answered or offered in between: the next in order
        if made is not None:
            return made
    _close_unless_offered(opening, now)
    return None


@retrying
def _asked(match: Match, opening: Opening, now: datetime) -> Offer | None:
    """Offer a time to one who waits, if they may be asked today."""
    # two ticks at once count one patient's offers one after the other
    theirs = WaitingEntry.objects.filter(patient=match.entry.patient_id, closed_at=None)
    list(theirs.select_for_update(no_key=True).order_by("pk"))
    if not _may_ask(match, opening, now):
        return None
    start, entry = match.start.start, match.entry.pk
    return offer(entry_id=entry, start=start, by=HOUSE, now=now, opening_id=opening.pk)


def _may_ask(match: Match, opening: Opening, now: datetime) -> bool:
    """Ask nobody twice about the same time, and nobody more often a day than the site wants."""
    zone = ZoneInfo(opening.site.zone)
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
    asked = Offer.objects.filter(entry__patient=match.entry.patient_id)
    if asked.filter(opening=opening).exists():
        return False
    return asked.filter(created_at__gte=midnight).count() < opening.site.offers_a_day


@retrying
def _close_unless_offered(opening: Opening, now: datetime) -> None:
    """Close a time that nobody is left for; an offer that another tick just made keeps it open."""
    Opening.objects.select_for_update(no_key=True).get(pk=opening.pk)
    if not Offer.objects.filter(opening=opening, state=Offer.State.OPEN).exists():
        _close(opening, now)


def _close(opening: Opening, now: datetime) -> None:
    Opening.objects.filter(pk=opening.pk, closed_at=None).update(closed_at=now)
