"""A wish, read against the catalogue: what would be held by whom, and how long."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

from scheduling.catalogue import Asked, Ground, Offer, Place, Thing
from scheduling.catalogue.ground import weekly_quanta
from scheduling.core import availability, hours
from scheduling.core.availability import Need, Option
from scheduling.core.combination import Taste, scarcity
from scheduling.core.timeline import Window
from scheduling.core.words import Wish
from scheduling.errors import Malformed, NotFound

PRACTITIONER = "practitioner"
DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Question:
    """One wish with its site, its treatment and the needs that its candidates could meet."""

    wish: Wish
    ground: Ground
    site: Place
    offer: Offer
    minutes: int
    needs: tuple[Need, ...]

    @property
    def length(self) -> int:
        """Quanta of the visit itself, rounded against the booker."""
        return -(-self.minutes // 5)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The site's zone."""
        return self.site.tz

    @property
    def in_range(self) -> bool:
        """Tell whether the treatment takes so many minutes."""
        least, most = self.offer.minutes_least, self.offer.minutes_most
        return least <= self.minutes <= most and self.minutes % 5 == 0

    @cached_property
    def candidates(self) -> tuple[int, ...]:
        """Ids of all resources that may be held, ascending."""
        return tuple(sorted({r for need in self.needs for o in need for r in o.candidates}))

    @cached_property
    def taste(self) -> Taste:
        """What makes one combination better: scarce ones spared, useless gaps avoided."""
        things = [self.ground.resources[r] for r in self.candidates]
        skills = {t.id: frozenset(able.skill for able in t.skills) for t in things}
        asked = frozenset(option.skill for need in self.needs for option in need)
        weekly = {t.id: weekly_quanta(_timetable(t, self.site)) for t in things}
        return Taste(worth=scarcity(skills, weekly, asked), shortest=self.ground.shortest_q)

    def window(self, first: date, last: date) -> Window:
        """Answer the window that a search of these local dates needs, margins included."""
        days = hours.days_window(first, last, self.zone)
        before, after = availability.margins(self.needs, self.length)
        spare = self.ground.shortest_q + 1
        return Window(days.q0 - before - spare, days.q1 + after + spare)


def _timetable(thing: Thing, site: Place) -> tuple[hours.WeeklyHours, ...]:
    return site.hours if thing.follows_site_hours else thing.hours.get(site.id, ())


def asked(wish: Wish, ground: Ground) -> Question:
    """Read a wish against a catalogue.

    Raises:
        NotFound: no such site, treatment or resource there, or it is no longer offered.
        Malformed: minutes without sense, or a resource that the treatment has no need for.

    """
    site, offer = ground.site(wish.site_id), ground.treatment(wish.treatment_id)
    if wish.moving is None and not (site.active and offer.active):
        raise NotFound(f"{offer.name} is no longer offered at {site.name}.")
    minutes = offer.minutes_default if wish.minutes is None else wish.minutes
    if not 0 < minutes <= DAY_MINUTES:
        raise Malformed("A visit takes 5 minutes to 24 hours.", field="minutes")
    needs = [tuple(_option(a, ground, site) for a in need) for need in offer.needs]
    for kind, ids in _requested(wish).items():
        _check(kind, ids, ground, site)
        needs = _restricted(needs, kind, ids, ground, offer)
    return Question(wish, ground, site, offer, minutes, tuple(needs))


def _option(need: Asked, ground: Ground, site: Place) -> Option:
    candidates = ground.able(site.id, need.kind, need.skill)
    return Option(need.kind, candidates, need.from_q, need.until_q, need.skill)


def _requested(wish: Wish) -> dict[str, tuple[int, ...]]:
    found: Mapping[str, tuple[int, ...]] = wish.resources
    requested = {kind: tuple(dict.fromkeys(ids)) for kind, ids in found.items() if ids}
    if wish.practitioner_id is not None and wish.practitioner_id not in requested.get(
        PRACTITIONER, ()
    ):
        requested[PRACTITIONER] = (wish.practitioner_id, *requested.get(PRACTITIONER, ()))
    return requested


def _check(kind: str, ids: Iterable[int], ground: Ground, site: Place) -> None:
    for resource_id in ids:
        thing = ground.resources.get(resource_id)
        elsewhere = thing is not None and thing.site_id not in (None, site.id)
        if thing is None or elsewhere:
            raise NotFound(f"There is no such {kind} at {site.name}.")
        if thing.kind != kind:
            raise Malformed(f"{thing.name} is not a {kind}.", field="resources")


def _restricted(
    needs: list[Need], kind: str, ids: tuple[int, ...], ground: Ground, offer: Offer
) -> list[Need]:
    """Keep to the resources asked for: as many needs as ids are asked, in the needs' order."""
    of_kind = [i for i, need in enumerate(needs) if any(o.kind == kind for o in need)]
    if not of_kind:
        raise Malformed(f"{offer.name} needs no {kind}.", field="resources")
    kept = {i: _only(needs[i], kind, ids, ground) for i in of_kind}
    able = [i for i in of_kind if any(o.candidates for o in kept[i])]
    # Where nobody asked for can do it, the first need stays without candidates: no_capability.
    chosen = set((able or of_kind[:1])[: len(ids)])
    return [kept[i] if i in chosen else need for i, need in enumerate(needs)]


def _can(thing: Thing, skill: str) -> bool:
    return thing.active and thing.holds(skill)


def _only(need: Need, kind: str, ids: tuple[int, ...], ground: Ground) -> Need:
    return tuple(
        Option(
            option.kind,
            tuple(sorted(r for r in ids if _can(ground.resources[r], option.skill))),
            option.from_q,
            option.until_q,
            option.skill,
        )
        for option in need
        if option.kind == kind
    )
