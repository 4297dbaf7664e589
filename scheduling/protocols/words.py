"""What the protocol in force calls things: procedures, areas, indications, for pickers and lists.

Before a version is activated, the words are those of the shipped one. Whether a visit may be
booked is the diary's question, never this module's.
"""

from collections.abc import Iterable
from functools import lru_cache

from django.db.models import Subquery

from scheduling import catalogue
from scheduling.core.protocol import Protocol, parse, shipped
from scheduling.models import ProtocolVersion


def in_force() -> Protocol:
    """Read the active protocol, or the shipped one while none is active."""
    return catalogue.current().active_protocol or shipped()


def active_pk() -> Subquery:
    """Annotate rows with the key of the version in force, so that a list asks once."""
    active = ProtocolVersion.objects.filter(state=ProtocolVersion.State.ACTIVE)
    return Subquery(active.values("pk")[:1])


def _of(pk: int | None) -> Protocol:
    return shipped() if pk is None else _parsed(pk)


@lru_cache(maxsize=8)
def _parsed(pk: int) -> Protocol:
    # An active version's document never changes, so its key is its identity.
    return parse(ProtocolVersion.objects.get(pk=pk).document)


def procedure_choices() -> list[tuple[str, str]]:
    """List the procedures that a treatment may have, by what they are called."""
    protocol = in_force()
    named = [(code, protocol.titles.of("procedures", code)) for code in protocol.procedures]
    return sorted(named, key=lambda pair: pair[1].casefold())


def procedure_name(code: str, pk: int | None) -> str:
    """Call a procedure by its name in the version of this key; empty stays empty."""
    return _of(pk).titles.of("procedures", code) if code else ""


def area_names(codes: Iterable[str], pk: int | None) -> str:
    """Call areas by their names in the version of this key."""
    return ", ".join(_of(pk).titles.of("areas", code) for code in codes)


def area_choices() -> list[tuple[str, str]]:
    """List the areas of the body from the whole down, each indented below the one it lies in."""
    protocol = in_force()
    parents = protocol.areas.parents
    choices: list[tuple[str, str]] = []

    def visit(code: str, depth: int) -> None:
        choices.append((code, "\u2003" * depth + protocol.titles.of("areas", code)))
        for child, parent in parents.items():
            if parent == code:
                visit(child, depth + 1)

    for root in dict.fromkeys(name for name in parents.values() if name not in parents):
        visit(root, 0)
    return choices


def adverse_event_choices() -> list[tuple[str, str]]:
    """List the side effects that a record may name."""
    protocol = in_force()
    named = protocol.titles
    return [(code, named.of("adverse_events", code)) for code in protocol.adverse_events]


def indication_choices() -> list[tuple[str, str]]:
    """List what a treatment may be asked for."""
    protocol = in_force()
    return [(code, protocol.titles.of("indications", code)) for code in protocol.indications]
