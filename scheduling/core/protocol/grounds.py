"""What the rules of a document stand on: areas, categories, modalities, tiers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scheduling.core.protocol.areas import AreaTree
from scheduling.core.protocol.reader import Node
from scheduling.core.protocol.values import SIZES, Modality, Tier, Tiers
from scheduling.core.words import Severity

_MODALITY_KEYS = frozenset(
    [
        "session_min",
        "sessions",
        "interval_tiers",
        "recovery",
        "recovery_source",
        "recovery_sureness",
        "interval_source",
        "interval_sureness",
        "sessions_source",
        "sessions_sureness",
        "note",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Everything that a rule may name."""

    areas: AreaTree
    categories: Mapping[str, frozenset[str]]
    procedures: frozenset[str]
    modalities: Mapping[str, Modality]
    record_types: Mapping[str, Mapping[str, Any]]

    def named(self, node: Node) -> frozenset[str]:
        """Read procedures and categories, one or a list, as procedures."""
        nodes = [node] if isinstance(node.value, str) else node.items()
        found: set[str] = set()
        for each in nodes:
            name = each.text()
            if name in self.categories:
                found |= self.categories[name]
            elif name in self.procedures:
                found.add(name)
            else:
                raise each.refuse(f"unknown procedure or category “{name}”")
        if not found:
            raise node.refuse("at least one procedure is expected here")
        return frozenset(found)


def read_areas(node: Node) -> AreaTree:
    """Read node -> children; refuse a loop and a node with two parents."""
    children: dict[str, tuple[str, ...]] = {}
    parent: dict[str, str] = {}
    for name, below in node.members():
        children[name] = below.texts()
        for child in below.items():
            if child.text() in parent:
                raise child.refuse(f"“{child.value}” already lies in “{parent[child.value]}”")
            parent[child.value] = name
    for name in parent:
        _refuse_loop(node, name, parent)
    if not children:
        raise node.refuse("the body has no areas")
    return AreaTree.of(children)


def _refuse_loop(node: Node, name: str, parent: Mapping[str, str]) -> None:
    seen, here = {name}, parent.get(name)
    while here is not None:
        if here in seen:
            raise node.refuse(f"“{name}” lies in itself")
        seen.add(here)
        here = parent.get(here)


def read_tiers(node: Node) -> Tiers:
    """Read ``[[below, severity], ...]``: rising limits, each milder than the one before."""
    tiers: list[Tier] = []
    for item in node.items():
        pair = item.list_of(2, "a tier is [below, severity]")
        tier = Tier(pair[0].whole(least=1), pair[1].word(Severity))
        if tiers and tier.below <= tiers[-1].below:
            raise pair[0].refuse("limits rise from tier to tier")
        if tiers and tier.severity.rank <= tiers[-1].severity.rank:
            raise pair[1].refuse("a later tier is milder than the one before")
        tiers.append(tier)
    if not tiers:
        raise node.refuse("at least one tier is expected here")
    return tuple(tiers)


def read_modalities(node: Node, areas: AreaTree) -> dict[str, Modality]:
    """Read each kind of laser with its figures."""
    return {name: _modality(name, below, areas) for name, below in node.members()}


def _modality(name: str, node: Node, areas: AreaTree) -> Modality:
    node.only(_MODALITY_KEYS)
    least, most = _rising(node.need("session_min"), 2, least=1)
    fewest, usual, highest = _rising(node.need("sessions"), 3, least=1)
    recovery: dict[str, tuple[int, int, int]] = {}
    for size in SIZES:
        low, middle, high = _rising(node.need("recovery").need(size), 3)
        recovery[size] = (low, middle, high)
    node.need("recovery").only(SIZES)
    said = {
        key: found.text()
        for key in ("recovery_source", "recovery_sureness", "interval_source", "interval_sureness")
        if (found := node.get(key)) is not None
    }
    intervals = _intervals(node.need("interval_tiers"), areas)
    if said.get("interval_sureness") == "D":
        for tiers in intervals.values():
            if tiers[0].severity is Severity.HARD:
                raise node.need("interval_tiers").refuse("sureness D is never hard")
    return Modality(
        name=name,
        session_min=(least, most),
        sessions=(fewest, usual, highest),
        intervals=intervals,
        recovery=recovery,
        **said,
    )


def _intervals(node: Node, areas: AreaTree) -> dict[str, Tiers]:
    if not isinstance(node.value, dict):
        return {"other": read_tiers(node)}
    for name, below in node.members():
        if name != "other" and name not in areas.masks:
            raise below.refuse(f"unknown area “{name}”")
    node.need("other")
    return {name: read_tiers(below) for name, below in node.members()}


def _rising(node: Node, count: int, least: int = 0) -> tuple[int, ...]:
    figures = node.list_of(count, f"{count} whole numbers are expected here")
    found = tuple(figure.whole(least) for figure in figures)
    if list(found) != sorted(found):
        raise node.refuse("these figures rise from left to right")
    return found


def read_procedures(
    root: Node, modalities: Mapping[str, Modality]
) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Read the categories, and with them every code that a treatment may have.

    Modalities and the categories `other` and `assessment` say which codes exist; any other
    category may only group them, so that a misspelt member is found.
    """
    node = root.need("categories")
    known = set(modalities)
    for base in ("other", "assessment"):
        known.update(node.value.get(base) or () if isinstance(node.value, dict) else ())
    categories: dict[str, frozenset[str]] = {}
    for name, below in node.members():
        if name in known:
            raise below.refuse(f"“{name}” is the name of a procedure")
        categories[name] = frozenset(member.one_of(known, "procedure") for member in below.items())
    return categories, frozenset(known)
