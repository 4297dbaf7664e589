"""A file of cases -> questions to the rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scheduling.core.protocol import Protocol
from scheduling.core.protocol.reader import Node
from scheduling.core.rules import Chart, Moment, Record, Visit
from scheduling.core.words import Status

LONDON = "Europe/London"
"""A case in this zone that names no jurisdiction lies in England."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One patient, one request, and what is expected to come out (empty: nothing is)."""

    id: str
    visit: Visit
    chart: Chart
    now: datetime
    profiles: frozenset[str]
    moment: Moment
    expected: Mapping[str, Any]
    title: str = ""
    why: str = ""


def read_cases(document: object, protocol: Protocol) -> list[Case]:
    """Read a file of cases: an object with `cases`, or the list itself.

    Raises:
        Unreadable: a procedure, status, record type, date or zone is not understood, or something
            that must be said is missing; `path` says where.

    """
    root = Node(document)
    node = root if isinstance(document, list) else root.need("cases")
    return [_Reading(each, protocol).case() for each in node.items()]


class _Reading:
    """One case being read: dates and times are wall clock in its zone."""

    def __init__(self, node: Node, protocol: Protocol) -> None:
        self.node = node
        self.protocol = protocol
        self.zone = _zone(node.need("tz"))

    def case(self) -> Case:
        node, request = self.node, self.node.need("request")
        visit = self._visit(request, request=True)
        moment, expected = node.get("moment"), node.get("expected")
        history = list(self._history(request))
        return Case(
            id=str(node.need("id").value),
            visit=visit,
            chart=self._chart(history),
            now=_instant(node.need("now"), self.zone),
            profiles=self._profiles(visit),
            moment=moment.word(Moment) if moment else Moment.BOOKING,
            expected=_expected(expected) if expected else {},
            title=_text(node, "title"),
            why=_text(node, "why"),
        )

    def _chart(self, history: list[Visit]) -> Chart:
        patient = self.node.get("patient") or Node({}, f"{self.node.path}.patient")
        born, fitzpatrick = patient.get("dob"), patient.get("fitzpatrick")
        return Chart(
            born=born.day() if born else None,
            fitzpatrick=fitzpatrick.whole(1) if fitzpatrick else None,
            records=tuple(self._record(each) for each in _list(self.node, "records")),
            visits=tuple(history),
        )

    def _history(self, request: Node) -> Iterator[Visit]:
        replaced = request.get("replaces")
        found = replaced is None
        for at, each in enumerate(_list(self.node, "history")):
            visit = self._visit(each)
            if replaced is not None and visit.id == str(replaced.value):
                found = True
            else:
                yield _numbered(visit, at)
        if replaced is not None and not found:
            raise replaced.refuse(f"no session of the history is “{replaced.value}”")

    def _profiles(self, visit: Visit) -> frozenset[str]:
        if "jurisdiction" in self.node.object():
            named = self.node.get("jurisdiction")
            return frozenset(named.texts()) if named else frozenset()
        return frozenset({"england"} if visit.zone.key == LONDON else ())

    def _visit(self, node: Node, *, request: bool = False) -> Visit:
        tz = node.get("tz")
        zone = _zone(tz) if tz else self.zone
        start, end = _ends(node, zone)
        status = node.get("status")
        series, seq = node.get("plan"), node.get("seq")
        asked = status is None or status.value == "requested"
        if asked and not request:
            raise node.need("status").refuse("a session of the history has a status")
        return Visit(
            id=str(node.value.get("id", "")),
            procedure=node.need("procedure").one_of(self.protocol.procedures, "procedure"),
            start=start,
            end=end,
            zone=zone,
            areas=_areas(node),
            size=_text(node, "size"),
            depth=_text(node, "depth"),
            status="requested" if asked or status is None else status.word(Status),
            indication=_text(node, "indication"),
            encounter=_text(node, "encounter_id"),
            series=str(series.value) if series else None,
            seq=seq.whole() if seq else None,
        )

    def _record(self, node: Node) -> Record:
        kind = node.need("type").one_of(self.protocol.record_types, "record type")
        fields = self.protocol.record_types[kind]["fields"]
        facts: dict[str, Any] = {}
        if "status" in fields:
            facts |= self._timed(node)
        if "date" in fields:
            facts["on"] = node.need("date").day()
        if "procedure" in fields:
            procedure = node.need("procedure")
            facts["procedure"] = procedure.one_of(self.protocol.procedures, "procedure")
        for key in ("start_date", "end_date"):
            day = node.get(key)
            facts[key] = day.day() if day else None
        if facts["start_date"] and facts["end_date"] and facts["end_date"] < facts["start_date"]:
            raise node.need("end_date").refuse("this is before start_date")
        return Record(
            type=kind,
            areas=_areas(node),
            size=_text(node, "size"),
            depth=_text(node, "depth"),
            code=_text(node, "code"),
            drug_class=_text(node, "class"),
            result=_text(node, "result"),
            indication=_text(node, "indication"),
            **facts,
        )

    def _timed(self, node: Node) -> dict[str, Any]:
        tz = node.get("tz")
        zone = _zone(tz) if tz else self.zone
        start, end = _ends(node, zone)
        return {
            "start": start,
            "end": end,
            "zone": zone,
            "status": node.need("status").word(Status),
        }


def _expected(node: Node) -> Mapping[str, Any]:
    """Read what should come out: lists of codes are lists of texts, and null is no list."""
    said = dict(node.object())
    for key in ("advisories", "other_rules"):
        found = node.get(key)
        said.pop(key, None)
        if found:
            said[key] = found.texts()
    return said


def _numbered(visit: Visit, at: int) -> Visit:
    """Keep sessions without an id, or with the request's, apart from the one asked about."""
    return replace(visit, id=f"{at}:{visit.id}")


def _zone(node: Node) -> ZoneInfo:
    try:
        return ZoneInfo(node.text())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise node.refuse(f"“{node.value}” is not an IANA time zone") from None


def _instant(node: Node, zone: ZoneInfo) -> datetime:
    """Read wall time in a zone; of a time that happens twice the first is meant."""
    moment = node.moment()
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    instant = moment.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != moment:
        raise node.refuse(f"the clocks of {zone.key} skip this time")
    return instant


def _ends(node: Node, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Read start and end; the actual end counts where there is one."""
    start = _instant(node.need("start"), zone)
    said = node.get("actual_end") or node.need("end")
    end = _instant(said, zone)
    if end <= start:
        # The end may be the second of two equal wall times.
        end = said.moment().replace(tzinfo=said.moment().tzinfo or zone, fold=1).astimezone(UTC)
    if end <= start:
        raise said.refuse("a session ends after it starts")
    return start, end


def _areas(node: Node) -> frozenset[str]:
    found = node.get("area") or node.get("areas")
    return frozenset(found.texts()) if found else frozenset()


def _text(node: Node, key: str) -> str:
    found = node.get(key)
    return found.text() if found else ""


def _list(node: Node, key: str) -> list[Node]:
    found = node.get(key)
    return found.items() if found else []
