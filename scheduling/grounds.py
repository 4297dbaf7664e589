"""Upkeep of the catalogue: places, people, hours, treatments, each change told and signed for.

One door for every edge: a row is kept or removed, the trail says who changed what, and
`grounds_changed` tells the floors above, all in one transaction.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Model, ProtectedError, Q

from scheduling import catalogue, trail
from scheduling.catalogue import Ground
from scheduling.core.words import Actor
from scheduling.errors import ClinicError, NotFound
from scheduling.integrity import named_constraints
from scheduling.models import Absence, OpeningHours, Resource, Site
from scheduling.signals import grounds_changed, hours_changed

_SELF_KEPT = {"id", "diary_version"}
"""Columns that the house writes itself and no reader of the trail asks about."""


HOURS = (OpeningHours, Absence)
"""What says when somebody is there."""

_was: ContextVar[Ground | None] = ContextVar("the catalogue before hours changed", default=None)


class InUse(ClinicError):
    """Something else still refers to this; it can retire, but not go."""

    code = "in_use"


@contextmanager
def together(*, by: Actor, now: datetime) -> Iterator[None]:
    """Make several changes of hours in one transaction, and tell of them as of one.

    A row taken out and another put in its place add only what the new one has more.
    """
    if _was.get() is not None:
        yield
        return
    with transaction.atomic():
        was = catalogue.current()
        token = _was.set(was)
        try:
            yield
        finally:
            _was.reset(token)
        hours_changed.send(sender=OpeningHours, was=was, by=by, now=now)


@transaction.atomic
def keep(*, row: Model, by: Actor, now: datetime) -> None:
    """Save a row of the catalogue, new or changed, and say in the trail what changed.

    Raises:
        NotFound: it belongs to a site at which the actor does not work.
        ClinicError: a rule of the database forbids it.

    """
    _same_house(row, by)
    before = _as_it_was(row)
    if before is not None:
        _same_house(before, by)
    with _of_hours(row, by, now):
        if isinstance(row, Absence):
            _after_bookings_under_way(row)
        with named_constraints():
            row.save()
        what = changes(before, row)
        if before is None or what:
            _tell(row, "change" if before else "add", what, by=by, now=now)


def _of_hours(row: Model, by: Actor, now: datetime) -> AbstractContextManager[None]:
    return together(by=by, now=now) if isinstance(row, HOURS) else nullcontext()


def _after_bookings_under_way(absence: Absence) -> None:
    """Wait for the bookings that hold who goes away, and turn the page for those that come after.

    So that each visit is either refused or among those that the absence is said to hit.
    """
    here = Q(site_id=absence.site_id) | Q(hours__site_id=absence.site_id)
    away = Q(pk=absence.resource_id) if absence.resource_id else here
    rows = Resource.objects.filter(pk__in=Resource.objects.filter(away).values("pk"))
    locked = rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)
    Resource.objects.filter(pk__in=list(locked)).update(diary_version=F("diary_version") + 1)


def _as_it_was(row: Model) -> Model | None:
    if not row.pk:
        return None
    rows = type(row)._default_manager.select_for_update(no_key=True, of=("self",))  # noqa: SLF001 -- the model is any
    return rows.filter(pk=row.pk).first()


@transaction.atomic
def remove(*, row: Model, by: Actor, now: datetime) -> None:
    """Delete a row of the catalogue that nothing refers to.

    Raises:
        NotFound: it belongs to a site at which the actor does not work.
        InUse: visits or other rows need it.

    """
    _same_house(row, by)
    what = {name: [old, None] for name, (_, old) in changes(None, row).items()}
    pk = row.pk
    with _of_hours(row, by, now):
        try:
            row.delete()
        except ProtectedError as error:
            raise InUse(f"“{row}” is in use; set it inactive instead.") from error
        row.pk = pk
        _tell(row, "remove", what, by=by, now=now)


def changes(before: Model | None, after: Model) -> dict[str, list[Any]]:
    """Map each field that differs to [old, new], as JSON can hold them."""
    found = {}
    for field in after._meta.concrete_fields:
        if field.name in _SELF_KEPT:
            continue
        old = None if before is None else _plain(getattr(before, field.attname))
        new = _plain(getattr(after, field.attname))
        if old != new and (before is not None or new not in (None, "", [], False)):
            found[field.name] = [old, new]
    return found


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | None) else _spelt(value)


def _spelt(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _tell(row: Model, verb: str, what: dict[str, Any], *, by: Actor, now: datetime) -> None:
    trail.write([trail.entry(subject=row, verb=verb, by=by, now=now, what=what)])
    grounds_changed.send(
        sender=type(row), what=f"{verb} {row._meta.verbose_name} “{row}”", by=by, now=now
    )


def _same_house(row: Model, by: Actor) -> None:
    """Answer as if it did not exist: an id of another site tells nothing."""
    if not all(by.works_at(site_id) for site_id in sites_of(row)):
        raise NotFound


def sites_of(row: Model) -> set[int]:
    """Say to which sites a row of the catalogue belongs; none for what the clinic shares.

    A practitioner belongs to no site, their hours at a site to that one.
    """
    if isinstance(row, Site):
        return {row.pk} if row.pk else set()
    named = getattr(row, "site_id", None)
    resource = None if isinstance(row, Resource) else getattr(row, "resource", None)
    stands = None if resource is None else resource.site_id
    return {site_id for site_id in (named, stands) if site_id is not None}
