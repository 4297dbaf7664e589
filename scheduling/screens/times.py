"""Free starts as reception reads them: by day, soonest first, with the closed days' reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling import catalogue, diary
from scheduling.core.words import FreeStart, Reason, Span, Wish
from scheduling.models import Resource, Site

WEEK = 7
"""Days on one page: what reception reads to somebody on the phone."""

QUANTUM_MINUTES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One button: a start, when to be there, and who or what it would hold."""

    iso: str
    time: str
    arrive: str
    who: str
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local date: its starts, or why there are none."""

    date: date
    starts: tuple[Start, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def groups(self) -> list[tuple[str, list[Start]]]:
        """Part the day's starts by whom they are with, whoever is free first standing first."""
        found: dict[str, list[Start]] = {}
        for start in self.starts:
            found.setdefault(start.who, []).append(start)
        return list(found.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Seven days of starts, the way to the next seven, and the soonest of all."""

    days: tuple[Day, ...]
    first: date
    last: date
    earlier: date | None
    later: date
    earliest: Start | None
    earliest_day: date | None

    @property
    def count(self) -> int:
        """Count the starts on the page."""
        return sum(len(day.starts) for day in self.days)

    @property
    def codes(self) -> frozenset[str]:
        """Collect what stands against the days without a start."""
        return frozenset(reason.code for day in self.days for reason in day.reasons)


def page(
    *,
    wish: Wish,
    site: Site,
    first: date | None,
    now: datetime,
    taken: Sequence[Span] = (),
    own: datetime | None = None,
) -> Page:
    """Read the week from `first` (or today), and the earliest start from now on.

    `taken` is time that the patient has promised already, on the same screen; `own` is the start
    of the visit that is moved, which is no other time.
    """
    zone = ZoneInfo(site.zone)
    today = wall(now, zone).date()
    first = max(first or today, today)
    last = first + timedelta(days=WEEK - 1)
    free = diary.free_starts(wish=wish, first=first, last=last, now=now)
    starts = [s for s in free.starts if s.start != own and _clear(s, wish, taken)]
    soonest = None
    if not taken:
        soonest = starts[0] if starts and first == today else _soonest(wish, now, own)
    names = names_of([*starts, *([soonest] if soonest else [])])
    return Page(
        days=_days(first, starts, free.hidden, zone, names),
        first=first,
        last=last,
        earlier=max(first - timedelta(days=WEEK), today) if first > today else None,
        later=last + timedelta(days=1),
        earliest=button(soonest, zone, names) if soonest else None,
        earliest_day=wall(soonest.start, zone).date() if soonest else None,
    )


def week(
    *, starts: Sequence[FreeStart], hidden: Iterable[diary.HiddenDay], site: Site, first: date
) -> Page:
    """Lay out a week of starts that were searched elsewhere; without the soonest of all."""
    return Page(
        days=_days(first, starts, hidden, ZoneInfo(site.zone), names_of(starts)),
        first=first,
        last=first + timedelta(days=WEEK - 1),
        earlier=first - timedelta(days=WEEK),
        later=first + timedelta(days=WEEK),
        earliest=None,
        earliest_day=None,
    )


def _days(
    first: date,
    starts: Iterable[FreeStart],
    hidden: Iterable[diary.HiddenDay],
    zone: ZoneInfo,
    names: Mapping[int, str],
) -> tuple[Day, ...]:
    by_day: dict[date, list[Start]] = {}
    for each in starts:
        by_day.setdefault(wall(each.start, zone).date(), []).append(button(each, zone, names))
    # Of reasons equally strong the skin's come first: another room or doctor would not help.
    reasons = {
        day.date: tuple(sorted(day.reasons, key=lambda r: (r.severity.rank, not r.sureness)))
        for day in hidden
    }
    return tuple(
        Day(date=day, starts=tuple(by_day.get(day, ())), reasons=reasons.get(day, ()))
        for day in (first + timedelta(days=n) for n in range(WEEK))
    )


def _clear(each: FreeStart, wish: Wish, taken: Sequence[Span]) -> bool:
    """Tell whether the patient is free for the visit among what is promised already."""
    if not taken:
        return True
    treatment = catalogue.current().treatment(wish.treatment_id)
    length = timedelta(minutes=wish.minutes or treatment.minutes_default)
    start = each.start.astimezone(UTC)
    return not any(Span(start, start + length).overlaps(span) for span in taken)


def _soonest(wish: Wish, now: datetime, own: datetime | None) -> FreeStart | None:
    """Search for the earliest start that is not the visit's own."""
    found = diary.earliest_start(wish=wish, after=now, now=now)
    if found is not None and found.start == own:
        after = own + timedelta(minutes=QUANTUM_MINUTES)
        return diary.earliest_start(wish=wish, after=after, now=now)
    return found


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """Read an instant on the site's clock, for the screen.

    Naive on purpose: a template would turn an aware time into the server's zone.
    """
    return moment.astimezone(zone).replace(tzinfo=None)


def names_of(starts: Iterable[FreeStart]) -> Mapping[int, str]:
    """Read the names of everything these starts would hold, in one query."""
    ids = {pk for each in starts for pks in each.resources.values() for pk in pks}
    return dict(Resource.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def button(each: FreeStart, zone: ZoneInfo, names: Mapping[int, str]) -> Start:
    """Shape one start for the screen, in the site's time."""
    held = {
        kind: ", ".join(names.get(pk, "?") for pk in pks) for kind, pks in each.resources.items()
    }
    who = held.pop(Resource.Kind.PRACTITIONER, "")
    start, arrive = wall(each.start, zone), wall(each.arrive_at, zone)
    return Start(
        iso=each.start.astimezone(zone).isoformat(),
        time=f"{start:%H:%M}",
        arrive=f"{arrive:%H:%M}" if arrive != start else "",
        who=who,
        rest=", ".join(held[kind] for kind in sorted(held, reverse=True) if held[kind]),
    )
