"""What advice belongs to a session, and when: conditions, local days, a local hour.

Days count from the session's own local date, negative before it (clinical rules, section 7: days are
calendar positions, so a change of the clocks moves no message by an hour).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from notifications.core.policy import Channel
from scheduling.core.protocol import Protocol

LAST_HOUR = time(20)
"""Until this local hour of its last day a line is of use; no telephone sounds later anyway."""


class Answer(StrEnum):
    """What a patient says to a check."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Whom a line concerns; what is empty asks nothing, and all that is said must hold.

    `procedures` are codes or categories of the protocol; `areas` are met by any overlap; `record`
    is a type of record that the patient must have had; `fitzpatrick_least` a skin type, 1 to 6.
    """

    procedures: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    depth: str = ""
    record: str = ""
    fitzpatrick_least: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line in one language."""

    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line of the timeline.

    It is sent `day` local days from the session's date at the local hour `at`, by `channels`, and
    is of use until `until`, the last day included. `asks`: better, same or worse is to be answered.
    `texts` by language; English is always there.
    """

    code: str
    day: int
    until: int
    at: time = time(10)
    channels: frozenset[Channel] = frozenset({Channel.EMAIL})
    asks: bool = False
    condition: Condition = field(default_factory=Condition)
    texts: Mapping[str, Text] = field(default_factory=dict)

    def text(self, language: str) -> Text:
        """Give the line in a language, in English where it has none."""
        return self.texts.get(language) or self.texts["en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A visit as the timeline sees it: what is done where, its local date and zone, and whose skin.

    `records` are the types of all records of the patient that were not withdrawn, ended or not: a
    history stays one. An unknown skin type (None) meets no condition on it.
    """

    procedure: str
    areas: tuple[str, ...]
    depth: str
    day: date
    zone: str
    records: frozenset[str] = frozenset()
    fitzpatrick: int | None = None

    def instant(self, day: int, hour: time) -> datetime:
        """Find a local hour so many days from the session, in UTC.

        A wall time that the clocks skip reads as the same moment after the jump.
        """
        wall = datetime.combine(self.day + timedelta(days=day), hour, ZoneInfo(self.zone))
        return wall.astimezone(UTC)

    def days_since(self, now: datetime) -> int:
        """Count local days from the session's date to the date at `now`; negative before."""
        return (now.astimezone(ZoneInfo(self.zone)).date() - self.day).days


def applies(condition: Condition, session: Session, protocol: Protocol) -> bool:
    """Tell whether a line concerns this session."""
    named = condition.procedures
    return (
        (not named or any(_is(session.procedure, name, protocol) for name in named))
        and (not condition.areas or protocol.areas.overlap(condition.areas, session.areas))
        and (not condition.depth or condition.depth == session.depth)
        and (not condition.record or condition.record in session.records)
        and (session.fitzpatrick or 0) >= condition.fitzpatrick_least
    )


def names(notes: Iterable[Note], procedure: str, protocol: Protocol) -> bool:
    """Tell whether any line may concern a procedure, whoever the patient is."""
    asked = (note.condition.procedures for note in notes)
    return any(not some or any(_is(procedure, name, protocol) for name in some) for some in asked)


def _is(procedure: str, name: str, protocol: Protocol) -> bool:
    return procedure == name or procedure in protocol.categories.get(name, ())


def about(notes: Iterable[Note], session: Session, protocol: Protocol) -> tuple[Note, ...]:
    """List the lines that concern a session, in order of their days."""
    mine = (note for note in notes if applies(note.condition, session, protocol))
    return tuple(sorted(mine, key=lambda note: (note.day, note.code)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One message of the timeline: all lines of a day together.

    `due_at` and `not_after` (inclusive) are UTC.
    """

    day: int
    due_at: datetime
    not_after: datetime
    channels: frozenset[Channel]

    @property
    def offset(self) -> str:
        """Spell the day as part of a message's key: ``-7d``, ``+0d``, ``+28d``."""
        return f"{self.day:+d}d"


def before(
    notes: Sequence[Note], session: Session, *, be_there: datetime, now: datetime
) -> tuple[Moment, ...]:
    """List the messages before a visit, soonest first; `notes` are those about it."""
    early = [note for note in notes if note.day < 0]
    moments = (_capped(m, be_there) for m in _moments(early, session, now))
    return tuple(m for m in moments if m.due_at < m.not_after)


def after(notes: Sequence[Note], session: Session, *, now: datetime) -> tuple[Moment, ...]:
    """List the messages after a session that is done at `now`, soonest first."""
    return tuple(_moments([note for note in notes if note.day >= 0], session, now))


def _capped(moment: Moment, end: datetime) -> Moment:
    return replace(moment, not_after=min(moment.not_after, end))


def _moments(notes: Sequence[Note], session: Session, now: datetime) -> list[Moment]:
    """Gather each day's lines into one message.

    Days that have passed while some of their advice can still be followed give one message, at
    once, under the last of these days; its text holds every line still in force.
    """
    days: dict[int, list[Note]] = {}
    for note in notes:
        if session.instant(note.until, LAST_HOUR) > now:
            days.setdefault(note.day, []).append(note)
    found = [_moment(day, lines, session) for day, lines in sorted(days.items())]
    late = [m for m in found if m.due_at <= now]
    coming = [m for m in found if m.due_at > now]
    return _in_turn([_at_once(late, now), *coming] if late else coming)


def _in_turn(moments: Sequence[Moment]) -> list[Moment]:
    """Let each message be of use until the next is due, which says again what still holds.

    So what an outage has kept back does not arrive all at once.
    """
    ends = [following.due_at - timedelta(seconds=1) for _, following in pairwise(moments)]
    return [*map(_capped, moments, ends), *moments[-1:]]


def _moment(day: int, lines: Sequence[Note], session: Session) -> Moment:
    return Moment(
        day=day,
        due_at=session.instant(day, min(line.at for line in lines)),
        not_after=session.instant(max(line.until for line in lines), LAST_HOUR),
        channels=frozenset().union(*(line.channels for line in lines)),
    )


def _at_once(late: Sequence[Moment], now: datetime) -> Moment:
    return Moment(
        day=late[-1].day,
        due_at=now,
        not_after=max(m.not_after for m in late),
        channels=frozenset().union(*(m.channels for m in late)),
    )


def in_force(notes: Iterable[Note], *, day: int, today: int) -> tuple[Note, ...]:
    """List the lines that a message of `day`, or a page, shows `today`: the newest first.

    Both count from the session's date. Lines from before the session and from after it never mix.
    """
    side = [note for note in notes if (note.day < 0) == (day < 0)]
    shown = [note for note in side if note.day <= day and today <= note.until]
    return tuple(sorted(shown, key=lambda note: (-note.day, note.code)))


def check_day(notes: Iterable[Note], *, day: int) -> int:
    """Name the check that an answer given on `day` belongs to: the newest; 0 before the first."""
    return max((n.day for n in notes if n.asks and 0 <= n.day <= day), default=0)


def day_of(offset: str) -> int:
    """Read the day of a message's offset, as `Moment.offset` spells it."""
    return int(offset.removesuffix("d"))


def by_which(wanted: frozenset[Channel], reachable: frozenset[Channel]) -> frozenset[Channel]:
    """Choose the channels of a message: those wanted, or what there is where none of them leads."""
    return wanted & reachable or reachable


def answer_in(text: str, words: Mapping[str, Sequence[str]]) -> Answer | None:
    """Read a reply as an answer to a check; None where it says anything else besides.

    `words` maps an answer to what patients write for it, casefolded.
    """
    said = " ".join(text.casefold().strip(" .,!¡\n\t").replace("’", "'").split())
    return next((Answer(answer) for answer, known in words.items() if said in known), None)


def hurried(moments: Sequence[Moment], *, now: datetime, step: timedelta) -> list[Moment]:
    """Turn every wait into one more `step`, for demonstrations."""
    return [
        replace(m, due_at=now + n * step, not_after=now + timedelta(days=1))
        for n, m in enumerate(moments, start=1)
    ]
