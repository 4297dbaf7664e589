"""A start that was chosen: what it would mean, before anything is booked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduling import catalogue, diary
from scheduling.booking.rows import instant
from scheduling.core.rules import Moment
from scheduling.core.words import Choice, Held, Reason, Severity, Wish
from scheduling.models import Resource, Site, Treatment
from scheduling.screens import refusing
from scheduling.screens.times import wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One start with its facts in the site's time, its cautions, and whatever speaks against it."""

    iso: str
    start: datetime
    end: datetime
    arrive: datetime
    who: str
    rest: str
    preparation: str
    least: object
    typical: object
    most: object
    cautions: tuple[refusing.Told, ...]
    refusal: refusing.Refusal | None
    minutes: int
    held: tuple[Held, ...]


def look_at(*, wish: Wish, start: datetime, now: datetime, beside: Iterable[Held] = ()) -> Chosen:
    """Ask diary and skin about one start, as booking will; nothing is written.

    Raises:
        ClinicError: whatever booking would raise for input without sense.

    """
    ground = catalogue.current()
    choice = diary.choose(wish=wish, start=start, now=now, beside=tuple(beside))
    skin = diary.clinical(wish=wish, choice=choice, now=now, moment=Moment.BOOKING)
    reasons: list[Reason] = [*choice.reasons, *skin]
    site = Site.objects.get(pk=wish.site_id)
    treatment = Treatment.objects.get(pk=wish.treatment_id)
    against = any(r.severity is not Severity.ADVISORY for r in reasons)
    zone = ZoneInfo(site.zone)
    who, rest = _held(choice)
    windows = ground.recovery(
        procedure=treatment.procedure,
        size=wish.size,
        depth=wish.depth,
        end=instant(choice.end_q),
        zone=site.zone,
    )
    earliest = diary.earliest_start(wish=wish, after=start, now=now) if against else None
    return Chosen(
        iso=start.astimezone(zone).isoformat(),
        start=wall(instant(choice.start_q), zone),
        end=wall(instant(choice.end_q), zone),
        arrive=wall(instant(choice.start_q - choice.prep_minutes // 5), zone),
        who=who,
        rest=rest,
        preparation=treatment.preparation,
        least=windows and windows.least,
        typical=windows and windows.typical,
        most=windows and windows.most,
        cautions=refusing.told(r for r in reasons if r.severity is Severity.ADVISORY),
        refusal=refusing.refusal(reasons, earliest, site) if against else None,
        minutes=(choice.end_q - choice.start_q) * 5,
        held=choice.held,
    )


def _held(choice: Choice) -> tuple[str, str]:
    """Name the practitioner, and the room and device, that would be held."""
    rows = Resource.objects.in_bulk({h.resource_id for h in choice.held})
    kinds: dict[str, list[str]] = {}
    for row in rows.values():
        kinds.setdefault(row.kind, []).append(row.name)
    who = ", ".join(kinds.pop(Resource.Kind.PRACTITIONER, []))
    return who, ", ".join(name for kind in sorted(kinds, reverse=True) for name in kinds[kind])
