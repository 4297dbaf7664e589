"""One look into the diary: a question, a stretch of dates, and every line that bears on it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from scheduling import catalogue
from scheduling.catalogue.ground import Lines
from scheduling.core import availability, hours
from scheduling.core.availability import LAYERS, NO_CAPABILITY, Search
from scheduling.core.rules import Chart
from scheduling.core.timeline import (
    Timeline,
    Window,
    ceil_q,
    complement,
    runs_of,
)
from scheduling.core.words import Held, Wish
from scheduling.diary import timelines
from scheduling.diary.charts import NOBODY, Known, Skin, known, taken_by
from scheduling.diary.question import Question, asked
from scheduling.diary.timelines import Busy
from scheduling.errors import ClinicError

CLINICAL = "clinical"
"""The mask of the skin's rules; their own reasons are told instead of this code."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is known about a question from `first` to `last` (local dates, both inclusive)."""

    question: Question
    first: date
    last: date
    now: datetime
    window: Window
    known: Known
    skin: Skin | None
    search: Search
    lines: Lines
    busy: Mapping[int, Timeline]
    taken: Busy

    @property
    def today(self) -> date:
        """The site's date now."""
        return self.now.astimezone(self.question.zone).date()

    @property
    def margins(self) -> tuple[int, int]:
        """Quanta that the visit reaches before its start and after it."""
        return availability.margins(self.question.needs, self.question.length)

    @cached_property
    def dates(self) -> Timeline:
        """The starts that lie on the dates asked for."""
        days = hours.days_window(self.first, self.last, self.question.zone)
        return self.window.between(days.q0, days.q1)

    @cached_property
    def grid(self) -> Timeline:
        """The starts that lie on the site's step."""
        return hours.step_mask(self.window, self.question.zone, self.question.site.step_minutes)

    @cached_property
    def starts(self) -> Timeline:
        """Every start on the dates asked for that booking would accept without an override."""
        return availability.starts(self.search) & self.dates

    @cached_property
    def removed(self) -> dict[str, Timeline]:
        """For each code, the starts that it removes."""
        return availability.causes(self.search)

    def without_hours(self) -> Search:
        """Answer the search that an urgent visit after closing would make."""
        here = self.lines.here
        return replace(
            self.search,
            free={r: here[r] & ~line for r, line in self.busy.items()},
            present=here,
            opened=dict.fromkeys(here, self.window.full),
        )

    def next_date(self, code: str, start_q: int) -> date | None:
        """Answer the first local date, from a start on, at which a code no longer stands."""
        chain = {NO_CAPABILITY, *LAYERS[: LAYERS.index(code) + 1]} if code in LAYERS else {code}
        stands = 0
        for each in chain:
            stands |= self.removed.get(each, 0)
        later = self.dates & self.grid & ~stands & self.window.between(start_q, self.window.q1)
        if not later:
            return None
        quantum = self.window.q0 + (later & -later).bit_length() - 1
        return hours.local_date(quantum, self.question.zone)


def grounded(wish: Wish, see: Callable[[Question], Look]) -> Look:
    """Look with the catalogue that is remembered, and once more where it was no longer the newest.

    So that an answer takes no round trip of its own to learn that the catalogue still stands.

    Raises:
        ClinicError: what `see` raises with the newest catalogue.

    """
    known_ground = catalogue.remembered()
    if known_ground is not None:
        try:
            seen = see(asked(wish, known_ground))
        except ClinicError:
            if catalogue.current() is known_ground:
                raise
        else:
            if seen.taken.ground == known_ground.version:
                return seen
    return see(asked(wish, catalogue.current()))


def look(
    question: Question,
    first: date,
    last: date,
    *,
    now: datetime,
    beside: Iterable[Held] = (),
    clinical: bool = True,
) -> Look:
    """Read all that bears on a question, `beside` (held by the same booking) included.

    `clinical` also reads the patient's chart and cuts the starts by the skin's rules.

    Raises:
        NotFound: there is no such patient.

    """
    window = question.window(first, last)
    taken = timelines.busy(question.candidates, window, moving=question.wish.moving)
    patient = _patient(question, window, chart=clinical)
    return drawn(question, (first, last), now, Found(taken, patient, tuple(beside), clinical))


@dataclass(frozen=True, slots=True)
class Found:
    """What was read for a look: the diaries, and the patient's rows, with the chart or without."""

    taken: Busy
    patient: Known
    beside: tuple[Held, ...] = ()
    clinical: bool = False
    window: Window | None = None
    """The window of the look, where it is wider than the question's own."""


def drawn(question: Question, dates: tuple[date, date], now: datetime, found: Found) -> Look:
    """Draw the look at some local dates, both inclusive, from what was read."""
    window = found.window or question.window(*dates)
    allowed = _masks(question, window, found.patient, now)
    skin = None
    if found.clinical and question.wish.patient_id is not None:
        skin = Skin(question, found.patient, now)
        allowed[CLINICAL] = skin.allowed(*dates, window)
    lines = question.ground.lines(question.site, window)
    busy = _with(found.taken.lines, found.beside, window)
    return Look(
        question=question,
        first=dates[0],
        last=dates[1],
        now=now,
        window=window,
        known=found.patient,
        skin=skin,
        search=_search(question, window, lines, busy, allowed),
        lines=lines,
        busy=busy,
        taken=found.taken,
    )


def _with(
    lines: Mapping[int, Timeline], beside: Iterable[Held], window: Window
) -> dict[int, Timeline]:
    """Return busy lines with what other visits of the same booking will hold."""
    busy = dict(lines)
    for held in beside:
        if held.resource_id in busy:
            busy[held.resource_id] |= window.between(held.start_q, held.end_q)
    return busy


def _search(
    question: Question,
    window: Window,
    lines: Lines,
    busy: Mapping[int, Timeline],
    allowed: Mapping[str, Timeline],
) -> Search:
    return Search(
        window=window,
        needs=question.needs,
        length=question.length,
        free={r: lines.present[r] & ~line for r, line in busy.items()},
        present=lines.present,
        opened=lines.opened,
        able=lines.able,
        allowed=allowed,
    )


def _patient(question: Question, window: Window, *, chart: bool) -> Known:
    if question.wish.patient_id is None:
        return NOBODY
    if chart:
        return known(question.wish.patient_id)
    return Known(Chart(), taken_by(question.wish.patient_id, window))


def _masks(
    question: Question, window: Window, patient: Known, now: datetime
) -> dict[str, Timeline]:
    """Return the starts that the clock, the site's rules and the patient's own visits leave."""
    site, full = question.site, window.full
    soonest = ceil_q(now)
    noticed = ceil_q(now + timedelta(minutes=site.notice_minutes))
    horizon = now.astimezone(question.zone).date() + timedelta(days=site.horizon_days)
    own = patient.busy(window, question.wish.moving)
    masks = {
        "past": window.between(soonest, window.q1),
        # What has passed is told as passed only.
        "too_soon": complement(window.between(soonest, noticed), window),
        "too_late": window.between(window.q0, hours.day_bounds(horizon, question.zone)[1]),
        "off_step": hours.step_mask(window, question.zone, site.step_minutes),
    }
    if own:
        masks["patient_busy"] = runs_of(complement(own, window), question.length)
    if not question.in_range:
        masks["minutes_out_of_range"] = 0
    return {code: line for code, line in masks.items() if line != full}
