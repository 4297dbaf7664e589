"""Free starts: all that booking would accept, why the other days have none, and the first one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from scheduling import catalogue
from scheduling.core import combination, hours
from scheduling.core.availability import codes_of_day, open_of_day
from scheduling.core.clockface import Clockface
from scheduling.core.timeline import Indexes, Timeline, Window, bits, ceil_q, floor_q, instant
from scheduling.core.words import FreeStart, Reason, Wish
from scheduling.diary import timelines
from scheduling.diary.charts import NOBODY, Known, Skin, known
from scheduling.diary.choosing import at_start, held_at, masked, worst_first
from scheduling.diary.looking import CLINICAL, Found, Look, drawn, grounded, look
from scheduling.diary.question import Question, asked
from scheduling.diary.reasons import Teller
from scheduling.errors import Malformed
from scheduling.walltime import EARLIEST, LATEST

LONGEST_DAYS = 800
"""A search beyond every horizon is a mistake."""

EXPLAINED_DAYS = 28
"""Days searched for the date on which a reason ends."""

FIRST_REACH, REACH = 31, 92
"""Days that the search for the earliest start takes in one look, at first and then."""


@dataclass(frozen=True, slots=True)
class HiddenDay:
    """A local date without a start, and every reason for it, worst first."""

    date: date
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """What a start would hold by kind, and how many quanta before it the first is held.

    Starts that hold the same share one object, so that what is made of it is made once.
    """

    resources: Mapping[str, tuple[int, ...]]
    before_q: int


@dataclass(frozen=True)
class FreeStarts:
    """The answer to a search; rows are made only when they are read.

    `quanta` are the starts themselves, 5-minute quanta of the Unix epoch, ascending.
    """

    look: Look

    @cached_property
    def quanta(self) -> Indexes:
        """Every start that booking would accept without an override."""
        return bits(self.look.starts) + self.look.window.q0

    @property
    def face(self) -> Clockface:
        """The site's clock over the window searched, for spelling `quanta`."""
        return Clockface(self.look.question.zone, self.look.window)

    @cached_property
    def holdings(self) -> list[Holding]:
        """What each start would hold, in the order of `quanta`."""
        return _holdings(self.look, self.look.starts)

    @cached_property
    def starts(self) -> list[FreeStart]:
        """The same, in the site's zone, each with what it would hold."""
        return _rows(self.look, self.look.starts)

    @cached_property
    def hidden(self) -> list[HiddenDay]:
        """The dates asked for that have no start, each with its reasons."""
        return [
            HiddenDay(day, _why_hidden(self.look, day, bounds))
            for day, bounds in _days(self.look)
            if not self.look.starts & self.look.window.between(*bounds)
        ]


def free_starts(*, wish: Wish, first: date, last: date, now: datetime) -> FreeStarts:
    """Search the local dates `first` to `last`, both inclusive, for starts that booking accepts.

    With a patient the clinical rules are asked too. A capability that lapses, a hold not yet
    swept and the patient's own visits count; what `wish.moving` holds does not.

    Raises:
        NotFound: no such site, treatment, patient or resource there.
        Malformed: reversed or too many dates; minutes or resources that make no sense.

    """
    if last < first or (last - first).days > LONGEST_DAYS:
        raise Malformed(f"Search 1 to {LONGEST_DAYS} days, the first date before the last.")
    if first < EARLIEST or last > LATEST:
        raise Malformed("A date lies between the years 1970 and 2199.")
    return FreeStarts(grounded(wish, lambda question: look(question, first, last, now=now)))


def _rows(seen: Look, line: Timeline) -> list[FreeStart]:
    """Spell starts as instants of the site's zone, and choose what each would hold."""
    zone, q0 = seen.question.zone, seen.window.q0
    return [
        FreeStart(
            start=instant(q0 + index).astimezone(zone),
            arrive_at=instant(q0 + index - holding.before_q).astimezone(zone),
            resources=holding.resources,
        )
        for index, holding in zip(bits(line).tolist(), _holdings(seen, line), strict=True)
    ]


def _holdings(seen: Look, line: Timeline) -> list[Holding]:
    """Choose what each start of a line would hold."""
    chosen = combination.choose_each(seen.search, line, seen.question.taste)
    rows = [c.tolist() for c in (*chosen.resources, *chosen.options)]
    columns = list(zip(*rows, strict=True)) if rows else [()] * line.bit_count()
    made = {column: _what(seen.question, column) for column in set(columns)}
    return [made[column] for column in columns]


def _what(question: Question, column: tuple[int, ...]) -> Holding:
    """Name what one combination holds by kind, and how long before the start it begins."""
    half = len(question.needs)
    resources: dict[str, tuple[int, ...]] = {}
    before = 0
    for need, resource, number in zip(question.needs, column[:half], column[half:], strict=True):
        option = need[number]
        resources[option.kind] = (*resources.get(option.kind, ()), resource)
        before = max(before, -option.from_q)
    return Holding(resources, before)


def _days(seen: Look) -> list[tuple[date, tuple[int, int]]]:
    """List the local dates asked for with their quanta; a date that the zone skips is none."""
    days = []
    day = seen.first
    while day <= seen.last:
        bounds = hours.day_bounds(day, seen.question.zone)
        if bounds[0] < bounds[1]:
            days.append((day, bounds))
        day += hours.DAY
    return days


def _why_hidden(seen: Look, day: date, bounds: tuple[int, int]) -> tuple[Reason, ...]:
    """Tell every code that hides a day, each at the first start that it removes.

    What takes the whole day comes before what takes a part of it: that is the reason to be read
    out to a caller.
    """
    window: Window = seen.window
    opened = open_of_day(seen.removed, window, bounds, seen.grid)
    whole: list[Reason] = []
    parts: list[Reason] = []
    teller = Teller(seen)
    for code in codes_of_day(seen.removed, window, bounds, seen.grid):
        start_q = _example(seen, code, bounds)
        part = bool(opened & ~seen.removed[code])
        told = parts if part else whole
        if code == CLINICAL and seen.skin is not None:
            told += seen.skin.blocking(start_q)
        else:
            told.append(teller.at(code, start_q, day=True, part=part))
    return tuple(dict.fromkeys([*worst_first(whole), *worst_first(parts)]))


def _example(seen: Look, code: str, bounds: tuple[int, int]) -> int:
    """Return a start of the day that a code removes, within opening hours where there is one."""
    day = seen.window.between(*bounds) & seen.removed[code]
    closed = seen.removed.get("outside_hours", 0) | seen.removed.get("no_capability", 0)
    for line in (day & seen.grid & ~closed, day & seen.grid, day):
        if line:
            return seen.window.q0 + (line & -line).bit_length() - 1
    return bounds[0]


def explain_start(*, wish: Wish, start: datetime, now: datetime) -> list[Reason]:
    """Answer every reason against one start, skin and diary, worst first; none when it is free.

    Advisories are told too: they block nothing.

    Raises:
        NotFound, Malformed: see `choose`.

    """
    seen = grounded(wish, lambda q: at_start(q, start, now, days=EXPLAINED_DAYS))
    start_q = floor_q(start)
    _, reasons = held_at(seen, start_q)
    skin: tuple[Reason, ...] = ()
    if wish.patient_id is not None:
        skin = Skin(seen.question, known(wish.patient_id), now).reasons(start_q)
    return worst_first([*masked(seen, start_q), *reasons, *skin])


def earliest_start(
    *, wish: Wish, after: datetime, now: datetime, patient: Known | None = None
) -> FreeStart | None:
    """Answer the first start at or after an instant that booking would accept.

    None when there is none up to the site's horizon. `patient` is what was just read of the
    wish's patient, if anything was.

    Raises:
        NotFound, Malformed: see `free_starts`.

    """
    question = asked(wish, catalogue.current())
    moment = max(after, now)
    if moment.date() >= LATEST:
        return None
    first = moment.astimezone(question.zone).date()
    today = now.astimezone(question.zone).date()
    horizon = today + timedelta(days=question.site.horizon_days)
    if patient is None:
        patient = NOBODY if wish.patient_id is None else known(wish.patient_id)
    reach = FIRST_REACH
    while first <= horizon and question.in_range:
        last = min(first + timedelta(days=reach - 1), horizon)
        window = question.window(first, last)
        taken = timelines.busy(question.candidates, window, moving=wish.moving)
        seen = drawn(question, (first, last), now, Found(taken, patient, clinical=True))
        line = seen.starts & seen.window.between(ceil_q(moment), seen.window.q1)
        if line:
            return _rows(seen, line & -line)[0]
        first, reach = last + hours.DAY, REACH
    return None
