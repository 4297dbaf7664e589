"""Versions of the clinical protocol: copy, amend, compare, try, activate.

A medical lead works on a draft. Activating it retires the version in force in the same
transaction; from then on the database itself refuses to change it (`protocol_is_immutable`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from scheduling import trail
from scheduling.core import figures
from scheduling.core.figures import Difference
from scheduling.core.protocol import Protocol, Unreadable, parse, shipped_document
from scheduling.core.words import Actor
from scheduling.errors import ClinicError, Malformed, NotFound, WrongState
from scheduling.integrity import named_constraints
from scheduling.models import ProtocolVersion
from scheduling.signals import grounds_changed

State = ProtocolVersion.State

HOUSE = "Fallow"
"""Who made the version that comes with the program."""


class UnreadableProtocol(ClinicError):
    """The rules cannot read this document, so it books nothing; `path` says where."""

    code = "protocol_unreadable"


def active() -> ProtocolVersion | None:
    """Find the version in force."""
    return ProtocolVersion.objects.filter(state=State.ACTIVE).first()


def read(version: ProtocolVersion) -> Protocol:
    """Parse a version's document.

    Raises:
        UnreadableProtocol: the rules do not understand it.

    """
    return _read(version.document)


def _read(document: Any) -> Protocol:
    try:
        return parse(document)
    except Unreadable as error:
        raise UnreadableProtocol(
            f"{_place(document, error.path)}: {error.problem}.", path=error.path
        ) from error


def _place(document: Any, path: str) -> str:
    """Name the place of a problem as a reader of the protocol knows it."""
    for at, row in enumerate(document.get("rules", ()) if isinstance(document, dict) else ()):
        if path.startswith(f"$.rules[{at}]") and isinstance(row, dict) and row.get("id"):
            return f"{row['id']}{path.removeprefix(f'$.rules[{at}]')}"
    return path.removeprefix("$.")


@transaction.atomic
def load_shipped(*, by: Actor, now: datetime) -> ProtocolVersion:
    """Bring the shipped protocol in as version 1, a draft; once, whatever happened to it since."""
    first = ProtocolVersion.objects.order_by("number").first()
    if first is not None:
        return first
    document = shipped_document()
    _read(document)
    return _add(number=1, name="Default protocol", document=document, by=by, now=now)


def _add(*, document: Any, by: Actor, now: datetime, **facts: Any) -> ProtocolVersion:
    with named_constraints():
        made = ProtocolVersion.objects.create(
            document=document, created_at=now, created_by=by.name, **facts
        )
    based = made.based_on.number if made.based_on else None
    _tell(made, "add", {"number": [None, made.number], "based_on": [None, based]}, by=by, now=now)
    return made


@transaction.atomic
def copy(*, version_id: int, name: str, by: Actor, now: datetime) -> ProtocolVersion:
    """Copy a version into a new draft.

    Raises:
        NotFound: there is no such version.
        Malformed: the name is empty.

    """
    base = _locked(version_id)
    if not name.strip():
        raise Malformed("Give the draft a name, such as what it is to change.")
    numbers = ProtocolVersion.objects.aggregate(last=Max("number"))
    return _add(
        number=numbers["last"] + 1,
        name=name.strip(),
        document=base.document,
        based_on=base,
        by=by,
        now=now,
    )


@transaction.atomic
def amend(
    *, version_id: int, new: Mapping[str, Any], by: Actor, now: datetime
) -> tuple[Difference, ...]:
    """Change figures of a draft, by their keys; all of them or, when one has no sense, none.

    Raises:
        NotFound: there is no such version.
        WrongState: it is no draft any more.
        UnreadableProtocol: the rules could not read it with these figures.

    """
    draft = _draft(version_id)
    try:
        document = figures.with_figures(draft.document, new)
    except KeyError as error:
        raise Malformed(f"The protocol has no figure “{error.args[0]}”.") from error
    _read(document)
    changed = figures.differences(draft.document, document)
    if changed:
        draft.document = document
        draft.save(update_fields=["document"])
        what = {f"{d.section}: {d.label}": [d.before, d.after] for d in changed}
        _tell(draft, "amend", what, by=by, now=now)
    return changed


@transaction.atomic
def discard(*, version_id: int, by: Actor, now: datetime) -> None:
    """Throw a draft away.

    Raises:
        NotFound: there is no such version.
        WrongState: it was in force once, so overrides may refer to it.

    """
    draft = _draft(version_id)
    if draft.copies.exists():
        raise WrongState("Another version was copied from this draft; it stays.")
    _tell(draft, "discard", {"number": [draft.number, None]}, by=by, now=now)
    draft.delete()


@transaction.atomic
def activate(*, version_id: int, by: Actor, now: datetime) -> ProtocolVersion:
    """Put a draft in force and retire the version before it, in one step.

    Raises:
        NotFound: there is no such version.
        WrongState: it is no draft.
        UnreadableProtocol: the rules cannot read it, so it would book nothing.

    """
    # Both rows in one order: two leads who activate at once wait for each other.
    list(ProtocolVersion.objects.select_for_update().order_by("pk"))
    draft = _draft(version_id)
    _read(draft.document)
    before = active()
    if before is not None:
        before.state, before.retired_at = State.RETIRED, now
        before.save(update_fields=["state", "retired_at"])
        _tell(before, "retire", {"state": ["active", "retired"]}, by=by, now=now)
    draft.state, draft.activated_at, draft.activated_by = State.ACTIVE, now, by.name
    with named_constraints():
        draft.save(update_fields=["state", "activated_at", "activated_by"])
    _tell(draft, "activate", {"state": ["draft", "active"]}, by=by, now=now)
    grounds_changed.send(
        sender=ProtocolVersion, what=f"protocol {draft.number} activated", by=by, now=now
    )
    return draft


def compare(*, before: ProtocolVersion, after: ProtocolVersion) -> tuple[Difference, ...]:
    """List the figures in which two versions differ."""
    return figures.differences(before.document, after.document)


def _locked(version_id: int) -> ProtocolVersion:
    found = ProtocolVersion.objects.select_for_update().filter(pk=version_id).first()
    if found is None:
        raise NotFound
    return found


def _draft(version_id: int) -> ProtocolVersion:
    found = _locked(version_id)
    if found.state != State.DRAFT:
        raise WrongState("An activated protocol does not change; copy it to a draft.")
    return found


def _tell(
    version: ProtocolVersion, verb: str, what: Mapping[str, Any], *, by: Actor, now: datetime
) -> None:
    trail.write([trail.entry(subject=version, verb=verb, by=by, now=now, what=what)])
