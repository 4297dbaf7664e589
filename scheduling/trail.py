"""The audit trail's one verb. Written in the transaction of the change it tells of."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model

from scheduling.core.words import Actor
from scheduling.models import Change


def entry(
    *, subject: Model, verb: str, by: Actor, now: datetime, what: Mapping[str, Any] | None = None
) -> Change:
    """Build one entry, unsaved; `what` maps a field's name to [old, new]."""
    return Change(
        at=now,
        by=by.name,
        user_id=by.user_id,
        verb=verb,
        subject=subject._meta.model_name or "",
        subject_id=subject.pk,
        what=dict(what or {}),
    )


def write(entries: Iterable[Change]) -> None:
    """Add entries to the trail, in one statement."""
    Change.objects.bulk_create(entries)
