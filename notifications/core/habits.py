"""Quiet hours and caps as data: a document by country, read strictly, overridden by the clinic's.

A profile is what holds in one country, by channel. The profile ``any`` holds where a country, or a
key of it, says nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from notifications.core.caps import Cap, next_room, tightest
from notifications.core.quiet import Window

ANY = "any"
"""Every kind of message, or every country, of which nothing else is said."""

_NOTES = frozenset({"_about", "sources"})


class BadHabits(ValueError):
    """The document cannot be read; the sentence names the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What holds for one channel in one country.

    `windows` and `caps` are by kind or `ANY`; a window of None is open at every hour. Kinds in
    `earlier` may be sent before their time, where they would otherwise come too late.
    """

    windows: Mapping[str, Window | None] = field(default_factory=dict)
    caps: Mapping[str, Cap] = field(default_factory=dict)
    earlier: frozenset[str] = frozenset()

    def window(self, kind: str) -> Window | None:
        """Give the hours in which messages of a kind may be sent; None = all."""
        return self.windows.get(kind, self.windows.get(ANY))

    def cap(self, kind: str) -> Cap | None:
        """Give the bound on messages of a kind: its own and that of all kinds together."""
        return tightest(self.caps[name] for name in (kind, ANY) if name in self.caps)

    def is_open(self, kind: str, at: datetime, zone: ZoneInfo) -> bool:
        """Tell whether the hour is one at which messages of a kind may be sent."""
        window = self.window(kind)
        return window is None or window.is_open(at, zone)

    def next_good(
        self, kind: str, sent: Sequence[datetime], at: datetime, zone: ZoneInfo
    ) -> datetime | None:
        """Find the first instant from `at` on (UTC) that has the hour and the room.

        `sent` are the moments of what went to the address lately; None where there never is room.
        """
        window, cap = self.window(kind), self.cap(kind)
        while True:
            opened = at if window is None else window.next_open(at, zone)
            free = opened if cap is None else next_room(cap, sent, opened, zone)
            if free is None or free == opened:
                return free
            at = free


@dataclass(frozen=True, slots=True)
class Habits:
    """The habits of every country: ``{country: {channel: habit}}``, `ANY` among the countries."""

    countries: Mapping[str, Mapping[str, Habit]]

    def of(self, channel: str, country: str) -> Habit:
        """Find what holds for a channel in a country."""
        return self.countries.get(country, self.countries[ANY])[channel]

    @property
    def capped(self) -> list[str]:
        """The channels of which somewhere anything is counted."""
        every = [(ch, h) for by in self.countries.values() for ch, h in by.items()]
        return sorted({channel for channel, habit in every if habit.caps})


AT_NIGHT_NONE = Habits({ANY: {"email": Habit(), "sms": Habit(windows={ANY: Window()})}})
"""No SMS at night, and nothing counted: what holds where no document was read."""

AT_ANY_HOUR = Habits({ANY: {"email": Habit(), "sms": Habit()}})


def read(
    document: Mapping[str, Any],
    own: Mapping[str, Any] | None = None,
    *,
    channels: Collection[str],
    kinds: Collection[str],
) -> Habits:
    """Read a document, with the clinic's `own` in place of whatever it says.

    Raises:
        BadHabits: a country, channel, kind, hour or number makes no sense.

    """
    told = (_countries(document), _countries(own or {}))
    names = {ANY, *(name for one in told for name in one)}
    for name in names - {ANY}:
        if not (len(name) == 2 and name.isascii() and name.isupper()):  # noqa: PLR2004
            raise BadHabits(f"“{name}” is no country (ISO 3166, two capital letters)")
    return Habits(
        {
            name: {
                channel: _habit(f"{name}.{channel}", _merged(told, name, channel), kinds)
                for channel in channels
            }
            for name in names
            if all(_known(f"{name}", one.get(name, {}), channels) for one in told)
        }
    )


def _countries(document: Mapping[str, Any]) -> Mapping[str, Any]:
    strange = document.keys() - _NOTES - {"countries"}
    if strange:
        raise BadHabits(f"{', '.join(sorted(strange))}: no such key")
    countries: Mapping[str, Any] = document.get("countries", {})
    return countries


def _known(where: str, said: Mapping[str, Any], channels: Collection[str]) -> bool:
    if strange := said.keys() - _NOTES - set(channels):
        raise BadHabits(f"{where}: “{min(strange)}” is no channel")
    return True


def _merged(told: Collection[Mapping[str, Any]], name: str, channel: str) -> dict[str, Any]:
    """Lay what is said of a country over what is said of any, and the clinic's over both."""
    laid: dict[str, Any] = {}
    for place in dict.fromkeys((ANY, name)):
        for one in told:
            laid |= one.get(place, {}).get(channel, {})
    return laid


def _habit(where: str, said: Mapping[str, Any], kinds: Collection[str]) -> Habit:
    if strange := said.keys() - _NOTES - {"windows", "caps", "earlier"}:
        raise BadHabits(f"{where}: “{min(strange)}” is no key")
    windows, caps, earlier = (said.get(k, {}) for k in ("windows", "caps", "earlier"))
    for kind in [*windows, *caps, *earlier]:
        if kind != ANY and kind not in kinds:
            raise BadHabits(f"{where}: “{kind}” is no kind of message")
    return Habit(
        windows={kind: _window(where, hours) for kind, hours in windows.items()},
        caps={kind: _cap(where, bound) for kind, bound in caps.items()},
        earlier=frozenset(earlier),
    )


def _window(where: str, hours: Any) -> Window | None:
    if hours is None:
        return None
    try:
        opens, closes = (time.fromisoformat(hour) for hour in hours)
        return Window(opens=opens, closes=closes)
    except (TypeError, ValueError) as error:
        raise BadHabits(f"{where}: {hours} are no hours such as 08:00 and 20:00") from error


def _cap(where: str, bound: Any) -> Cap:
    whole = isinstance(bound, dict) and all(type(n) is int and n > 0 for n in bound.values())
    if not whole or not bound.keys() <= {"day", "week"}:
        raise BadHabits(f"{where}: {bound} is no bound for a day or a week")
    return Cap(**bound)
