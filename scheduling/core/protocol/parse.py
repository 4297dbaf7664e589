"""A protocol document -> `Protocol`, or `Unreadable` with the JSON path."""

from collections.abc import Mapping
from typing import Any

from scheduling.core.protocol.grounds import Grounds, read_areas, read_modalities, read_procedures
from scheduling.core.protocol.kinds import read_rule
from scheduling.core.protocol.reader import Node
from scheduling.core.protocol.values import Notice, Profile, Protocol, Rule, Titles
from scheduling.core.protocol.vocabulary import (
    ADVERSE_EVENTS,
    ASSESSMENTS,
    PENDING,
    PROFILES,
    RECORD_TYPES,
    TOP_KEYS,
    sentence_of,
)
from scheduling.core.words import COUNTED, Severity, Status

_TITLES = (
    "procedures",
    "categories",
    "areas",
    "indications",
    "records",
    "adverse_events",
    "drug_classes",
)


def parse(document: object) -> Protocol:
    """Read a whole protocol document.

    Raises:
        Unreadable: something in it is missing, unknown or without sense; `path` says where.

    """
    root = Node(document)
    root.only(TOP_KEYS)
    areas = read_areas(root.need("area_tree"))
    modalities = read_modalities(root.need("modalities"), areas)
    categories, procedures = read_procedures(root, modalities)
    grounds = Grounds(
        areas=areas,
        categories=categories,
        procedures=procedures,
        modalities=modalities,
        record_types=_record_types(root),
    )
    return Protocol(
        areas=areas,
        categories=categories,
        procedures=procedures,
        assessments=categories.get("assessment", ASSESSMENTS),
        modalities=modalities,
        rules=_rules(root, grounds),
        pending=_pending(root),
        counted=_counted(root),
        profiles=_profiles(root),
        titles=_titles(root),
        record_types=grounds.record_types,
        indications=_codes(root, "indications"),
        adverse_events=_codes(root, "adverse_events") or ADVERSE_EVENTS,
    )


def _rules(root: Node, grounds: Grounds) -> tuple[Rule, ...]:
    rules: dict[str, Rule] = {}
    for node in root.need("rules").items():
        rule = read_rule(node, grounds)
        if rule.code in rules or rule.code == PENDING:
            raise node.need("id").refuse(f"the rule “{rule.code}” is written twice")
        rules[rule.code] = rule
    return tuple(rules.values())


def _pending(root: Node) -> Notice:
    notices = root.get("notices") or Node({}, "$.notices")
    notices.only({PENDING})
    node = notices.get(PENDING) or Node({}, f"$.notices.{PENDING}")
    node.only({"title", "sentence", "patient_sentence", "source", "sureness"})
    source, sureness, title = (node.get(key) for key in ("source", "sureness", "title"))
    return Notice(
        code=PENDING,
        source=source.text() if source else "",
        sureness=sureness.text() if sureness else "",
        title=title.text() if title else "",
        sentence=sentence_of(node, "notice", "sentence"),
        patient_sentence=sentence_of(node, "notice", "patient_sentence"),
        severities=(Severity.ADVISORY,),
    )


def _counted(root: Node) -> frozenset[Status]:
    node = root.get("counted_statuses")
    return frozenset(item.word(Status) for item in node.items()) if node else COUNTED


def _profiles(root: Node) -> dict[str, Profile]:
    node = root.get("profiles")
    if node is None:
        return dict(PROFILES)
    profiles = {}
    for name, below in node.members():
        below.only({"country", "subdivision", "title"})
        subdivision = below.get("subdivision")
        profiles[name] = Profile(
            country=below.need("country").text(),
            subdivision=subdivision.text() if subdivision else "",
        )
    return profiles


def _titles(root: Node) -> Titles:
    node = root.get("titles")
    if node is None:
        return Titles()
    node.only(_TITLES)
    return Titles(
        **{
            key: {code: name.text() for code, name in below.members()}
            for key in _TITLES
            if (below := node.get(key)) is not None
        }
    )


def _record_types(root: Node) -> Mapping[str, Mapping[str, Any]]:
    """Read what the admin shows of each type; which types there are is the engine's."""
    node = root.get("record_types")
    if node is None:
        return RECORD_TYPES
    said: dict[str, Mapping[str, Any]] = dict(RECORD_TYPES)
    for name, below in node.members():
        if name not in RECORD_TYPES:
            raise below.refuse(f"unknown record type “{name}”")
        for field in below.need("fields").items():
            field.one_of(RECORD_TYPES[name]["fields"], "field")
        said[name] = below.object()
    return said


def _codes(root: Node, key: str) -> tuple[str, ...]:
    node = root.get(key)
    return node.texts() if node else ()
