"""A file from another system: received, looked at, and written exactly as it was looked at.

Looking at a file is writing it and taking all of it back: the verdicts come from the very verbs,
rules and constraints that will write. Writing does the same once more and is kept only where it
comes to the same verdicts; otherwise nothing is written and the file is looked at anew.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db import transaction

from scheduling import catalogue, statements, trail
from scheduling.core.words import Actor
from scheduling.errors import ClinicError, Malformed, NotFound, WrongState
from scheduling.integrity import retrying
from scheduling.models import Intake, IntakeRow, Site
from scheduling.transfer import foreign, kinds, tables
from scheduling.transfer.cells import DATES, Declared, Row, sha
from scheduling.transfer.kinds import Desk, Kind, Outcome, Verdict
from scheduling.transfer.tables import Table
from scheduling.walltime import LATEST

BATCH = 500
KEPT_AT_ONCE = 2_000
AT_ONCE = 1_000
"""Files of up to so many rows are worked through while somebody waits, larger ones by a worker."""

KEPT = timedelta(days=30)
"""How long a file that was not written stays: it is full of what patients told another clinic."""

_EYE = frozenset({Verdict.FLAGGED, Verdict.REFUSED})
"""Verdicts on rows that a person has to look at; their cells are kept."""


WRITTEN = "This file was written before."
LEAVES_OUT = "Rows that were refused are left out only when you say so."


class Outdated(ClinicError):
    """What was shown of a file is no longer what writing it would do."""

    code = "outdated_preview"
    sentence = (
        "The clinic's data have changed since this file was looked at, and it would now be taken in"
        " otherwise. Nothing was written; look at it again."
    )


class _TakenBack(Exception):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A file and what is declared of it; empty `encoding` and `delimiter` are found out.

    From `since` on it holds in place of what stands (opening hours); without, it adds. `called`
    are the columns that have other names there (`transfer.foreign`); what was said of the last file
    of this kind from there stands, where nothing else is said.
    """

    name: str
    content: bytes
    kind: str
    source: str
    dates: str = ""
    encoding: str = ""
    delimiter: str = ""
    since: date | None = None
    called: foreign.Called = field(default_factory=dict)


def receive(*, handed: Handed, by: Actor, now: datetime) -> Intake:
    """Keep a file as it is, and say at once when it cannot be read at all.

    Raises:
        Malformed: it cannot be read, lacks a column, or something declared makes no sense.

    """
    kind = kinds.named(handed.kind)
    called = foreign.before(source=handed.source, kind=kind.code) | dict(handed.called)
    handed = replace(handed, called=called)
    table = _table(kind, handed)
    _may_replace(kind, handed.since, now)
    declared = {
        "dates": handed.dates,
        "encoding": handed.encoding,
        "delimiter": handed.delimiter,
        "countries": _countries(),
        "header": list(table.header),
        "separator": table.delimiter,
        "since": handed.since.isoformat() if handed.since else "",
        "called": called,
    }
    intake = Intake.objects.create(
        kind=kind.code,
        source=handed.source,
        name=handed.name[-200:],
        sha256=hashlib.sha256(handed.content).hexdigest(),
        content=handed.content,
        declared=declared,
        created_at=now,
        created_by=by.name,
    )
    _note(intake, "receive", by, now)
    return intake


def _may_replace(kind: Kind, since: date | None, now: datetime) -> None:
    if since is not None and not kind.whole:
        raise Malformed(f"{kind.title} are added; only opening hours are replaced from a date on.")
    if since is not None and not now.date() <= since <= LATEST:
        raise Malformed("What stands is replaced from today on, or from a later date.")


def _countries() -> list[str]:
    rows = Site.objects.filter(active=True).order_by("name", "pk").values_list("country", flat=True)
    return list(dict.fromkeys(rows)) or ["GB"]


def _table(kind: Kind, handed: Handed) -> Table:
    if handed.dates and handed.dates not in DATES:
        raise Malformed(f"Dates are declared as one of {', '.join(DATES)}.")
    if not handed.source or not handed.source.replace("-", "").replace("_", "").isalnum():
        raise Malformed("Name the other system in letters, digits and hyphens.")
    foreign.fits(handed.called, kind.names)
    table = tables.read(
        handed.content,
        encoding=handed.encoding,
        delimiter=handed.delimiter,
        columns=kind.names,
        called=handed.called,
        ours=handed.source == kinds.OURS,
    )
    if lacking := tables.missing(table.header, kind.required):
        raise Malformed(lacking)
    return table


def look_over(*, intake_id: int, by: Actor, now: datetime) -> Intake:
    """Find the verdict on every row; nothing of the file is written.

    Raises:
        NotFound: no such file.
        WrongState: it was written before.

    """
    intake = _waiting(intake_id)
    outcomes: list[tuple[Row, Outcome]] = []
    with suppress(_TakenBack):
        _tried(intake, outcomes, by, now)
    with transaction.atomic():
        intake = _waiting(intake_id, held=True)  # somebody may have written it meanwhile
        _keep_verdicts(intake, outcomes)
        intake.state = Intake.State.CHECKED
        intake.save(update_fields=["state", "counts", "seen"])
    return intake


@retrying
def _tried(intake: Intake, outcomes: list[tuple[Row, Outcome]], by: Actor, now: datetime) -> None:
    outcomes[:] = _taken_in(intake, by, now)
    raise _TakenBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What somebody agreed to: a file by its hash, the verdicts shown, and how many are refused."""

    sha256: str
    seen: str
    leaving_out: int = 0


def write(*, intake_id: int, agreed: Agreed, by: Actor, now: datetime) -> Intake:
    """Take in every row that was not refused, all in one transaction, as it was shown.

    Raises:
        NotFound: no such file.
        WrongState: it was not looked at yet, written before, or another is being written now.
        Outdated: another file, or other verdicts than those shown; nothing is written.

    """
    intake = _waiting(intake_id)
    if intake.state != Intake.State.CHECKED:
        raise WrongState("Look at the file before it is written.")
    if (intake.sha256, intake.seen) != (agreed.sha256, agreed.seen) or _hash(
        intake
    ) != intake.sha256:
        raise Outdated
    if intake.counts.get(Verdict.REFUSED, 0) != agreed.leaving_out:
        raise WrongState(LEAVES_OUT)
    return _written(intake_id, by, now)


@retrying
def _written(intake_id: int, by: Actor, now: datetime) -> Intake:
    _alone()
    intake = _waiting(intake_id, held=True)
    outcomes = _taken_in(intake, by, now)
    if _digest(outcomes) != intake.seen:
        raise Outdated
    _keep_verdicts(intake, outcomes)
    intake.state, intake.written_at, intake.written_by = Intake.State.WRITTEN, now, by.name
    intake.content = b""  # what is in the clinic's own rows is not kept twice
    intake.save()
    _note(intake, "take_in", by, now)
    return intake


_ALONE = "SELECT pg_try_advisory_xact_lock(74, 1)"
"""Beside 73, the resources'; kept until the transaction ends."""


def _alone() -> None:
    """Write one file at a time: the second reads what the first has written.

    Raises:
        WrongState: another file is being written.

    """
    [(free,)] = statements.rows(_ALONE, [])
    if not free:
        raise WrongState(
            "Another file is being written just now. Write this one when that is done."
        )


def discard(*, intake_id: int, by: Actor, now: datetime) -> None:
    """Throw a file away that was not written, with what was found in it.

    Raises:
        NotFound, WrongState: see `look_over`.

    """
    with transaction.atomic():
        intake = _waiting(intake_id, held=True)
        _note(intake, "discard", by, now)
        intake.delete()


def forget_old(*, now: datetime) -> int:
    """Throw files away that nobody has written for 30 days; answer how many."""
    old = Intake.objects.exclude(state=Intake.State.WRITTEN).filter(created_at__lt=now - KEPT)
    pks = list(old.values_list("pk", flat=True))
    old.delete()
    return len(pks)


def _waiting(intake_id: int, *, held: bool = False) -> Intake:
    """Read a file that was not written; `held` locks it for the transaction."""
    rows = Intake.objects.select_for_update() if held else Intake.objects.all()
    intake = rows.filter(pk=intake_id).first()
    if intake is None:
        raise NotFound
    if intake.state == Intake.State.WRITTEN:
        raise WrongState(WRITTEN)
    return intake


def _hash(intake: Intake) -> str:
    return hashlib.sha256(bytes(intake.content)).hexdigest()


def rows_of(intake: Intake) -> list[Row]:
    """Read the rows of a file that was received.

    Raises:
        Malformed: it can no longer be read.
        WrongState: it was written before.

    """
    if not intake.content:  # they go when it is written
        raise WrongState(WRITTEN)
    kind, declared = kinds.named(intake.kind), intake.declared
    handed = Handed(
        name=intake.name,
        content=bytes(intake.content),
        kind=intake.kind,
        source=intake.source,
        dates=declared["dates"],
        encoding=declared["encoding"],
        delimiter=declared["delimiter"],
        called=declared.get("called", tables.NOTHING),
    )
    table = _table(kind, handed)
    since = declared.get("since")
    how = Declared(
        dates=declared["dates"],
        countries=tuple(declared["countries"]),
        since=date.fromisoformat(since) if since else None,
    )
    rows = [
        Row(line, dict(zip(table.header, cells, strict=True)), how) for line, cells in table.rows
    ]
    return sorted(rows, key=lambda row: (kind.turn(row), row.line))


def _taken_in(intake: Intake, by: Actor, now: datetime) -> list[tuple[Row, Outcome]]:
    """Take all rows in, within the caller's transaction."""
    kind, rows = kinds.named(intake.kind), rows_of(intake)
    declared = rows[0].declared if rows else Declared()
    desk = Desk(source=intake.source, by=by, now=now, declared=declared)
    catalogue.current()
    found: list[tuple[Row, Outcome]] = []
    for batch in [rows] if kind.whole else _batches(rows):
        found += zip(batch, kind.apply(batch, desk), strict=True)
        tell(intake.pk, len(found), len(rows))
        desk.settle()
    return sorted(found, key=lambda pair: pair[0].line)


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for begin in range(0, len(rows), BATCH):
        yield rows[begin : begin + BATCH]


def _keep_verdicts(intake: Intake, outcomes: Sequence[tuple[Row, Outcome]]) -> None:
    intake.counts = dict(Counter(outcome.verdict.value for _, outcome in outcomes))
    intake.seen = _digest(outcomes)
    IntakeRow.objects.filter(intake=intake).delete()
    for begin in range(0, len(outcomes), KEPT_AT_ONCE):
        IntakeRow.objects.bulk_create(
            IntakeRow(
                intake=intake,
                line=row.line,
                verdict=outcome.verdict.value,
                external_id=row.text("external_id")[:120],
                sentence=outcome.sentence,
                codes=list(outcome.codes),
                cells=dict(row.cells) if outcome.verdict in _EYE else {},
            )
            for row, outcome in outcomes[begin : begin + KEPT_AT_ONCE]
        )


def _digest(outcomes: Sequence[tuple[Row, Outcome]]) -> str:
    """Say in one word what would become of each row; sentences may hold the time of day."""
    told = [[r.line, o.verdict.value, sorted(o.codes)] for r, o in outcomes]
    return sha(json.dumps(told))


def _note(intake: Intake, verb: str, by: Actor, now: datetime) -> None:
    what = {
        "kind": [None, intake.kind],
        "source": [None, intake.source],
        "sha256": [None, intake.sha256],
        "counts": [None, intake.counts],
    }
    trail.write([trail.entry(subject=intake, verb=verb, by=by, now=now, what=what)])


# ---------------------------------------------------------------- how far it is


def tell(intake_id: int, done: int, of: int) -> None:
    """Keep how far a file is, beside the transaction, where a page can read it."""
    cache.set(f"intake:{intake_id}", [done, of], 120)


def progress(intake_id: int) -> tuple[int, int] | None:
    """Answer how many rows are done, and of how many; None where nobody has worked on it lately."""
    found = cache.get(f"intake:{intake_id}")
    return (found[0], found[1]) if found else None
