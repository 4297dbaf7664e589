"""One question, prepared: the visit asked about among the patient's sessions and records."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduling.core.protocol.values import Permit, Protocol, Rule
from scheduling.core.rules.calendar import day_start
from scheduling.core.rules.chart import INSTANT, Chart, Moment, Record, Visit
from scheduling.core.words import Severity, Status

CLEAN = frozenset(
    {"", "clear", "none", "negative", "normal", "ok", "pass", "passed", "no_reaction", "clean"}
)
"""Results of a patch test that are no reaction; any other word is one."""


class Session(NamedTuple):
    """A visit as the rules compare it; `first` and `last` are its local dates.

    `mask` are the bits of its areas. A session done elsewhere has a date only: it is `timed`
    False, stands at the beginning of its day and holds no time.
    """

    id: int | str | None
    procedure: str
    mask: int
    size: str
    depth: str
    start: datetime
    end: datetime
    first: date
    last: date
    done: bool
    indication: str
    encounter: str
    series: int | str | None
    seq: int | None
    timed: bool = True


class Evidence(NamedTuple):
    """A consultation, patch test, consent or earlier session that may satisfy a prerequisite."""

    end: datetime
    day: date
    done: bool
    title: str
    reaction: bool = False


class Finding(NamedTuple):
    """A rule that fired, in figures; words are made only for those that somebody will read."""

    rule: Rule
    severity: Severity
    have: object = ""
    sign: str = ""
    need: object = ""
    other: Session | None = None
    later: bool = False
    detail: str = ""
    title: str = ""
    on: date | None = None
    of: str = ""
    """The code behind `title`, where that is a kind of record."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What stays the same while the visit asked about is tried at other starts.

    `others` are the counted sessions without the visit itself; `near` those on an overlapping
    area that no permit of a common encounter silences, `combined` those that one does. `present`
    holds the record types and the procedures near: a rule that wants none of them is skipped.
    """

    protocol: Protocol
    chart: Chart
    moment: Moment
    now: datetime
    zone: ZoneInfo
    length: timedelta
    others: tuple[Session, ...]
    near: tuple[Session, ...]
    combined: tuple[tuple[Permit, Session], ...]
    records: dict[str, list[Record]]
    present: frozenset[str]

    def at(self, session: Session, start: datetime) -> Session:
        """Stand the session at another start, an instant in UTC; elapsed length stays."""
        end = start + self.length
        return session._replace(
            start=start,
            end=end,
            first=start.astimezone(self.zone).date(),
            last=(end - INSTANT).astimezone(self.zone).date(),
        )

    def evidence(self, kind: str, procedure: str = "") -> Iterator[Evidence]:
        """Go through what may satisfy a prerequisite: done, or counted and still to come."""
        for record in self.records.get(kind, ()):
            if record.end is None or record.status not in self.protocol.counted:
                continue
            if procedure and record.procedure != procedure:
                continue
            yield Evidence(
                end=record.end.astimezone(UTC),
                day=(record.end - INSTANT).astimezone(record.zone or self.zone).date(),
                done=record.status is Status.FULFILLED,
                reaction=_plain(record.result) not in CLEAN,
                title=kind,
            )
        if kind == "consultation":
            for other in self.others:
                if other.procedure == kind:
                    yield Evidence(other.end, other.last, other.done, title=kind)


def _plain(result: str) -> str:
    return result.strip().lower().replace(" ", "_").replace("-", "_")


def scene_of(
    visit: Visit, chart: Chart, protocol: Protocol, *, now: datetime, moment: Moment
) -> tuple[Scene, Session]:
    """Prepare a question; the session returned is the visit where it is asked for."""
    asked = _session(visit, protocol)
    records: dict[str, list[Record]] = {}
    for record in chart.records:
        records.setdefault(record.type, []).append(record)
    others = list(_others(visit, chart, protocol, records))
    near, combined = _near(asked, others, protocol)
    scene = Scene(
        protocol=protocol,
        chart=chart,
        moment=moment,
        now=now.astimezone(UTC),
        zone=visit.zone,
        length=visit.end - visit.start,
        others=tuple(others),
        near=near,
        combined=combined,
        records=records,
        present=frozenset([*records, *(other.procedure for other in near)]),
    )
    return scene, asked


def _others(
    visit: Visit, chart: Chart, protocol: Protocol, records: dict[str, list[Record]]
) -> Iterator[Session]:
    for other in chart.visits:
        if other.id != visit.id and other.status in protocol.counted:
            yield _session(other, protocol)
    for record in records.get("prior_session", ()):
        if record.on is not None:
            yield _prior(record, record.on, protocol, visit.zone)


def _near(
    asked: Session, others: list[Session], protocol: Protocol
) -> tuple[tuple[Session, ...], tuple[tuple[Permit, Session], ...]]:
    """Part the sessions on overlapping areas from those that a permit silences."""
    near: list[Session] = []
    combined: list[tuple[Permit, Session]] = []
    for other in others:
        if other.mask & asked.mask:
            permit = _permit(protocol, asked, other) if asked.encounter else None
            if permit is None:
                near.append(other)
            else:
                combined.append((permit, other))
    return tuple(near), tuple(combined)


def _permit(protocol: Protocol, asked: Session, other: Session) -> Permit | None:
    if asked.encounter != other.encounter:
        return None
    for permit in protocol.rules:
        if isinstance(permit, Permit) and permit.joins(asked.procedure, other.procedure):
            return permit
    return None


def _session(visit: Visit, protocol: Protocol) -> Session:
    return Session(
        visit.id,
        visit.procedure,
        protocol.areas.mask(visit.areas),
        visit.size,
        visit.depth,
        visit.start,
        visit.end,
        visit.start_date,
        visit.end_date,
        visit.status is Status.FULFILLED,
        visit.indication,
        visit.encounter,
        visit.series,
        visit.seq,
    )


def _prior(record: Record, day: date, protocol: Protocol, zone: ZoneInfo) -> Session:
    start = day_start(day, zone)
    return Session(
        id=None,
        procedure=record.procedure,
        mask=protocol.areas.mask(record.areas),
        size=record.size,
        depth=record.depth,
        start=start,
        end=start,
        first=day,
        last=day,
        done=True,
        indication=record.indication,
        encounter="",
        series=None,
        seq=None,
        timed=False,
    )
