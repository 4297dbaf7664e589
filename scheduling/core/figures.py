"""The figures of a protocol document: where each stands, what it is called, how it is changed.

A medical lead edits numbers and severities, never JSON. A figure's `key` names its place by the
rule's code, not by its position: ``rules/SEED-GAP-RF/tiers/0/below``.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

TIER_ROWS: Final = 3
"""Rising limits with ever milder severities leave room for three tiers."""


class Sort(StrEnum):
    """What a figure may hold."""

    NUMBER = "number"
    SEVERITY = "severity"
    FLAG = "flag"
    TEXT = "text"
    SURENESS = "sureness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One value of a section; an `optional` one may be empty."""

    key: str
    label: str
    sort: Sort
    value: int | str | bool | None
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One rule, or the figures of one kind of laser."""

    key: str
    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A value that two documents do not share; None where one of them has none."""

    section: str
    label: str
    before: Any
    after: Any


_NUMBERS: Final = {
    "wait_days": "days to wait after it has ended",
    "wait_months": "months to wait after it has ended",
    "valid_months": "valid for how many months",
    "min_hours_before": "at least how many hours before",
    "min_days_before": "at least how many days before",
    "under": "under what age in years",
    "max": "at most how many",
    "count": "at most how many sessions",
    "days": "how many days",
}
_SEVERITIES: Final = {
    "severity": "severity",
    "same_day": "severity on the same day",
    "if_second_already_done": "severity when the second is already done",
}
_FLAGS: Final = {"both_orders": "in both orders", "also_on_booking_day": "also on the booking day"}
_PATIENT: Final = {"under": "patients under what age", "fitzpatrick_from": "from Fitzpatrick type"}
_SAID: Final = (
    "recovery_source",
    "recovery_sureness",
    "interval_source",
    "interval_sureness",
    "sessions_source",
    "sessions_sureness",
)
_SIZES: Final = {"small": "small area", "face": "face-sized area", "large": "large area"}


def sections(document: Mapping[str, Any]) -> tuple[Section, ...]:
    """List every rule and every kind of laser of a document with its figures."""
    return (
        *(_rule(row) for row in document["rules"]),
        *(_modality(name, row) for name, row in document["modalities"].items()),
    )


def section(document: Mapping[str, Any], key: str) -> Section:
    """Find one section.

    Raises:
        KeyError: the document has none of this key.

    """
    for found in sections(document):
        if found.key == key:
            return found
    raise KeyError(key)


def _rule(row: Mapping[str, Any]) -> Section:
    key = f"rules/{row['id']}"
    found = [figure for name, value in row.items() for figure in _of_member(key, name, value)]
    return Section(key=key, name=row["id"], figures=(*found, *_grounds(key, row)))


def _grounds(key: str, row: Mapping[str, Any]) -> Iterator[Figure]:
    yield Figure(key=f"{key}/source", label="source", sort=Sort.TEXT, value=row.get("source", ""))
    yield Figure(
        key=f"{key}/sureness",
        label="how sure the source is",
        sort=Sort.SURENESS,
        value=row.get("sureness", ""),
    )


def _of_member(key: str, name: str, value: Any) -> Iterator[Figure]:
    place = f"{key}/{name}"
    if name in _NUMBERS:
        yield Figure(key=place, label=_NUMBERS[name], sort=Sort.NUMBER, value=value)
    elif name in _SEVERITIES:
        yield Figure(key=place, label=_SEVERITIES[name], sort=Sort.SEVERITY, value=value)
    elif name in _FLAGS:
        yield Figure(key=place, label=_FLAGS[name], sort=Sort.FLAG, value=value)
    elif name == "minutes":
        yield from _listed(place, ("least minutes", "most minutes"), value)
    elif isinstance(value, dict | list):
        yield from _of_group(place, name, value)


def _of_group(place: str, name: str, value: Any) -> Iterator[Figure]:
    if name == "tiers" and isinstance(value, list):
        yield from _tiers(place, value)
    elif name == "severity_by_class":
        for drug, severity in value.items():
            label = f"severity, drug class “{drug}”"
            yield Figure(key=f"{place}/{drug}", label=label, sort=Sort.SEVERITY, value=severity)
    elif name == "patient":
        for fact, number in value.items():
            label = _PATIENT.get(fact, fact)
            yield Figure(key=f"{place}/{fact}", label=label, sort=Sort.NUMBER, value=number)


def _tiers(place: str, tiers: list[list[Any]], prefix: str = "") -> Iterator[Figure]:
    words = any(isinstance(below, str) for below, _ in tiers)
    rows: list[tuple[Any, Any]] = [(below, severity) for below, severity in tiers]
    if not words:
        rows += [(None, None)] * (TIER_ROWS - len(rows))
    for at, (below, severity) in enumerate(rows):
        spare = not words
        if words:
            label = f"severity until the {below} is over"
        else:
            yield Figure(
                key=f"{place}/{at}/below",
                label=f"{prefix}below how many days",
                sort=Sort.NUMBER,
                value=below,
                optional=True,
            )
            label = f"{prefix}severity then"
        yield Figure(
            key=f"{place}/{at}/severity",
            label=label,
            sort=Sort.SEVERITY,
            value=severity,
            optional=spare,
        )


def _listed(place: str, labels: tuple[str, ...], values: list[int]) -> Iterator[Figure]:
    for at, (label, value) in enumerate(zip(labels, values, strict=True)):
        yield Figure(key=f"{place}/{at}", label=label, sort=Sort.NUMBER, value=value)


def _modality(name: str, row: Mapping[str, Any]) -> Section:
    key = f"modalities/{name}"
    found = [
        *_listed(f"{key}/session_min", ("least minutes", "most minutes"), row["session_min"]),
        *_listed(
            f"{key}/sessions",
            ("fewest sessions", "usual sessions", "most sessions"),
            row["sessions"],
        ),
        *_intervals(f"{key}/interval_tiers", row["interval_tiers"]),
    ]
    for size, area in _SIZES.items():
        labels = tuple(
            f"recovery of a {area}: {measure} days" for measure in ("least", "typical", "most")
        )
        found += _listed(f"{key}/recovery/{size}", labels, row["recovery"][size])
    found += [_said(f"{key}/{member}", member, row[member]) for member in _SAID if member in row]
    return Section(key=key, name=name.replace("_", " "), figures=tuple(found))


def _said(key: str, member: str, value: str) -> Figure:
    sort = Sort.SURENESS if member.endswith("sureness") else Sort.TEXT
    return Figure(key=key, label=member.replace("_", " "), sort=sort, value=value)


def _intervals(place: str, tiers: Any) -> Iterator[Figure]:
    if isinstance(tiers, list):
        yield from _tiers(place, tiers, "between two sessions, ")
        return
    for area, below in tiers.items():
        where = "elsewhere" if area == "other" else f"on the {area}"
        yield from _tiers(f"{place}/{area}", below, f"between two sessions {where}, ")


def with_figures(document: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a document with the figures of these keys changed; emptied tiers go.

    Raises:
        KeyError: a key names no figure of the document.

    """
    made: dict[str, Any] = copy.deepcopy(dict(document))
    known = {figure.key for part in sections(document) for figure in part.figures}
    for key, value in new.items():
        if key not in known:
            raise KeyError(key)
        _put(made, key.split("/"), value)
    for tiers in list(_tier_lists(made)):
        tiers[:] = [tier for tier in tiers if tier[0] is not None or tier[1] is not None]
    return made


def _put(document: dict[str, Any], path: list[str], value: Any) -> None:
    here: Any = _row(document, path[0], path[1])
    *way, last = path[2:]
    for step in way:
        if isinstance(here, list):
            while len(here) <= int(step):
                here.append([None, None])
            here = here[int(step)]
        else:
            here = here[step]
    if isinstance(here, list):
        here[{"below": 0, "severity": 1}.get(last, -1) if not last.isdigit() else int(last)] = value
    else:
        here[last] = value


def _row(document: dict[str, Any], part: str, name: str) -> Any:
    if part == "rules":
        return next(row for row in document["rules"] if row["id"] == name)
    return document[part][name]


def _tier_lists(document: dict[str, Any]) -> Iterator[list[Any]]:
    for row in document["rules"]:
        if isinstance(row.get("tiers"), list):
            yield row["tiers"]
    for row in document["modalities"].values():
        tiers = row["interval_tiers"]
        yield from [tiers] if isinstance(tiers, list) else tiers.values()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """List the figures in which two documents differ, and the rules that only one of them has."""
    old = {part.key: part for part in sections(before)}
    new = {part.key: part for part in sections(after)}
    found: list[Difference] = []
    for key in dict.fromkeys([*old, *new]):
        if key not in old or key not in new:
            name = (old.get(key) or new[key]).name
            there = (("in force" if key in old else None), ("in force" if key in new else None))
            found.append(
                Difference(section=name, label="the rule", before=there[0], after=there[1])
            )
            continue
        found += _between(old[key], new[key])
    return tuple(found)


def _between(old: Section, new: Section) -> Iterator[Difference]:
    before = {figure.key: figure for figure in old.figures}
    after = {figure.key: figure for figure in new.figures}
    for key in dict.fromkeys([*before, *after]):
        was = before[key].value if key in before else None
        now = after[key].value if key in after else None
        if was != now:
            label = (after.get(key) or before[key]).label
            yield Difference(section=new.name, label=label, before=was, after=now)
