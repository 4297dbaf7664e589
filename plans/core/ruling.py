"""What the protocol asks of the time between two sessions, learned by asking the protocol itself.

No rule is written a second time here. One session is put into an otherwise empty chart, and the
engine is asked from when on it lets the other one follow. Day rules count civil dates and hour
rules elapsed time (conventions D1, D3), so what holds on one quiet day in UTC holds on every other.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling.core import rules
from scheduling.core.protocol import Protocol
from scheduling.core.rules import Chart, Record, Visit
from scheduling.core.words import Reason, Status

ZONE = ZoneInfo("UTC")
REACH = 400
"""Days after the first session in which the second one is looked for."""

NOON = time(12)

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_OTHER = frozenset({"consultation", "patch_test"})
"""What a course may bring about itself, and a patient may have had before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the rules compare of a session, whenever it lies."""

    procedure: str
    minutes: int
    areas: frozenset[str] = frozenset()
    size: str = ""
    depth: str = ""
    indication: str = ""

    @property
    def length(self) -> timedelta:
        """Elapsed time of the visit."""
        return timedelta(minutes=self.minutes)

    def at(self, name: str, start: datetime, seq: int) -> Visit:
        """Stand the session at a start, as a booked visit of one course."""
        return Visit(
            id=name,
            procedure=self.procedure,
            start=start,
            end=start + self.length,
            zone=ZONE,
            areas=self.areas,
            size=self.size,
            depth=self.depth,
            indication=self.indication,
            status=Status.BOOKED,
            series=0,
            seq=seq,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """What must lie between the first session and the second.

    `days` from the end date of the first to the start date of the second, `minutes` from start to
    start; 0 where only the order counts. `never` are the reasons for which the second cannot
    follow at all. `code` names the rule that asks for the time.
    """

    days: int = 0
    minutes: int = 0
    code: str = ""
    never: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """The rules that hold at a site, and the patient whom they ask about."""

    protocol: Protocol
    profiles: frozenset[str] = frozenset()
    born: date | None = None
    fitzpatrick: int | None = None

    def chart(self, visits: tuple[Visit, ...], records: tuple[Record, ...]) -> Chart:
        """Make a chart of nothing else."""
        return Chart(born=self.born, fitzpatrick=self.fitzpatrick, records=records, visits=visits)


@lru_cache(maxsize=4096)
def between(first: Kind, then: Kind, law: Law, on: date) -> Between:
    """Ask what the rules want between two sessions of one course, the first lying on a date."""
    noon = datetime.combine(on, NOON, UTC)
    one, two = first.at("first", noon, 1), then.at("then", noon + _DAY, 2)
    records = _tested(one, two) + assumed(then.procedure, _OTHER - {first.procedure}, on, REACH)
    chart = law.chart((one,), records)
    allowed = [max(low, one.end) for low, high in _clear(two, chart, law, on) if high > one.end]
    if allowed and allowed[0] == one.end:
        return Between()
    free = law.chart((), assumed(then.procedure, _OTHER, on, REACH))
    if not _clear(two, free, law, on):
        return Between()  # refused whatever comes before it: no matter of these two
    if not allowed:
        late = replace(two, start=noon + REACH * _DAY, end=noon + REACH * _DAY + then.length)
        return Between(never=_blocking(late, chart, law))
    begin = allowed[0]
    before = replace(two, start=begin - _MINUTE, end=begin - _MINUTE + then.length)
    code = next((reason.code for reason in _blocking(before, chart, law)), "")
    if begin.time() == datetime.min.time():
        return Between(days=(begin.date() - one.end_date).days, code=code)
    return Between(minutes=(begin - one.start) // _MINUTE, code=code)


def assumed(procedure: str, kinds: frozenset[str], first: date, days: int) -> tuple[Record, ...]:
    """Make the records that a course is sure to bring about: one of each kind every quarter.

    `kinds` are those of `consultation` and `patch_test` that come before; `procedure` is what a
    patch test would be for. They leave every start that could be legal; when exactly the course's
    own consultation lies is then asked by `between` and by the rules themselves.
    """
    found = []
    for kind in sorted(kinds & _OTHER):
        for day in range(-60, days, 90):
            at = datetime.combine(first + day * _DAY, NOON, UTC)
            found.append(_record(kind, procedure, at, at + _MINUTE))
    return tuple(found)


def _tested(one: Visit, two: Visit) -> tuple[Record, ...]:
    """Read a booked patch test as the record that it will be, as the diary does."""
    if one.procedure != "patch_test":
        return ()
    return (_record(one.procedure, two.procedure, one.start, one.end),)


def _record(kind: str, procedure: str, start: datetime, end: datetime) -> Record:
    return Record(
        type=kind, start=start, end=end, zone=ZONE, status=Status.BOOKED, procedure=procedure
    )


def _clear(asked: Visit, chart: Chart, law: Law, on: date) -> list[tuple[datetime, datetime]]:
    noon = datetime.combine(on, NOON, UTC)
    return rules.clear_stretches(
        asked, chart, law.protocol, on, on + REACH * _DAY, now=noon, profiles=law.profiles
    )


def _blocking(asked: Visit, chart: Chart, law: Law) -> tuple[Reason, ...]:
    return rules.judge(asked, chart, law.protocol, now=asked.start, profiles=law.profiles).blocking
