"""The audit trail's one verb. Written in the transaction of the change it tells of."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model

from scheduling import statements
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


_ADD = """
INSERT INTO scheduling_change (at, by, user_id, verb, subject, subject_id, what)
SELECT at, by, user_id, verb, subject, subject_id, what::jsonb
FROM unnest(%s::timestamptz[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bigint[],
  %s::text[]) AS entry (at, by, user_id, verb, subject, subject_id, what)
"""


def write(entries: Iterable[Change]) -> None:
    """Add entries to the trail, in one statement that needs no answer."""
    added = list(entries)
    if not added:
        return
    columns = ("at", "by", "user_id", "verb", "subject", "subject_id")
    facts = [[getattr(one, column) for one in added] for column in columns]
    statements.write(_ADD, [*facts, [json.dumps(one.what) for one in added]])
