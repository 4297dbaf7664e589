"""The kinds of files that come in and go out; upper floors add theirs from their `apps.py`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from scheduling.core.words import Actor, Reason
from scheduling.errors import ClinicError, Malformed
from scheduling.models import IntakeRow, Origin
from scheduling.transfer.cells import AS_WRITTEN, Declared, Row

Verdict = IntakeRow.Verdict

TOLD = {"series": "courses under way"}
"""What people call a subject, where it has another name here."""

OURS = "fallow"
"""The source of files that `export_clinic` wrote."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the header, what it says, and what a template shows."""

    name: str
    says: str
    example: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became, or would become, of one row; `subject_id` is the key of the row here."""

    verdict: IntakeRow.Verdict
    sentence: str = ""
    codes: tuple[str, ...] = ()
    subject_id: int | None = None


@dataclass(slots=True)
class Desk:
    """Who takes which file in, and what its rows have become so far.

    `known` is, for each subject, the key and the digest of what came from this source before.
    """

    source: str
    by: Actor
    now: datetime
    declared: Declared = AS_WRITTEN
    memo: dict[str, Any] = field(default_factory=dict)
    _known: dict[str, dict[str, tuple[int, str]]] = field(default_factory=dict)
    _fresh: list[Origin] = field(default_factory=list)

    def known(self, subject: str) -> dict[str, tuple[int, str]]:
        """Answer what came before: external id to (key here, digest)."""
        if subject not in self._known:
            rows = Origin.objects.filter(source=self.source, subject=subject)
            self._known[subject] = {
                external: (pk, digest)
                for external, pk, digest in rows.values_list("external_id", "subject_id", "digest")
            }
        return self._known[subject]

    def once(self, row: Row) -> str:
        """Read the external id of a row.

        Raises:
            Malformed: it is empty, or stood in this file before.

        """
        external = row.needed("external_id", most=120)
        seen: set[str] = self.memo.setdefault("seen", set())
        if external in seen:
            raise Malformed(f"external_id: “{external}” stands in the file twice.")
        seen.add(external)
        return external

    def again(self, row: Row) -> None:
        """Let a row be read once more."""
        self.memo["seen"].discard(row.text("external_id"))

    def find(self, subject: str, external_id: str, column: str) -> int:
        """Find the row here that an id of the other system stands for.

        Raises:
            Malformed: nothing with that id came from there.

        """
        found = self.known(subject).get(external_id)
        if found is None:
            raise Malformed(
                f"{column}: nothing with the id “{external_id}” came from “{self.source}”; take the"
                f" {TOLD.get(subject, subject)} in first."
            )
        return found[0]

    def remember(self, subject: str, row: Row, external_id: str, pk: int) -> None:
        """Keep which row here a row of the file became; written by `settle`."""
        self.known(subject)[external_id] = (pk, row.digest)
        self._fresh.append(
            Origin(
                source=self.source,
                subject=subject,
                external_id=external_id,
                subject_id=pk,
                digest=row.digest,
                at=self.now,
            )
        )

    def settle(self) -> None:
        """Write what is to be remembered, in one statement."""
        Origin.objects.bulk_create(
            self._fresh,
            update_conflicts=True,
            unique_fields=["source", "subject", "external_id"],
            update_fields=["subject_id", "digest", "at"],
        )
        self._fresh.clear()


Apply = Callable[[Sequence[Row], Desk], list[Outcome]]
"""Takes some rows of a file in, in their order, one outcome a row; refused ones leave nothing."""

One = Callable[[Row, Desk], Outcome]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: its columns, how rows come in, and how those here go out.

    `order` is that of a move: what others refer to comes first. `bodies` gives the cells of every
    row here, in the order of the columns. `turn` sorts the rows of a file that refer to each other. A kind that
    is taken in `whole` gets all rows of a file at once, and may replace what stands from a date on.
    """

    code: str
    title: str
    order: int
    columns: tuple[Column, ...]
    apply: Apply
    bodies: Callable[[], Iterator[Sequence[str]]]
    turn: Callable[[Row], int] = lambda _: 0
    whole: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The header."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns without which a file is not read."""
        return tuple(column.name for column in self.columns if column.required)


_kinds: dict[str, Kind] = {}


def add(kind: Kind) -> None:
    """Take and give files of one more kind; adding it again replaces it."""
    _kinds[kind.code] = kind


def every() -> list[Kind]:
    """List the kinds, in the order in which a move takes them."""
    return sorted(_kinds.values(), key=lambda kind: (kind.order, kind.code))


def named(code: str) -> Kind:
    """Find a kind by its code.

    Raises:
        Malformed: there is none.

    """
    if code not in _kinds:
        raise Malformed(
            f"There is no kind “{code}”; there are {', '.join(k.code for k in every())}."
        )
    return _kinds[code]


def row_by_row(one: One) -> Apply:
    """Take rows in one after another, each in a savepoint of its own."""

    def apply(rows: Sequence[Row], desk: Desk) -> list[Outcome]:
        found = []
        for row in rows:
            outcomes: list[Outcome] = []
            with refusing(outcomes), transaction.atomic():
                outcomes.append(one(row, desk))
            found.append(outcomes[-1])
        return found

    return apply


@contextmanager
def refusing(outcomes: list[Outcome]) -> Iterator[None]:
    """Turn an anticipated refusal into the verdict on the row, with its sentence."""
    try:
        yield
    except ClinicError as error:
        outcomes.append(Outcome(Verdict.REFUSED, error.sentence, (error.code,)))


def same_or_none(row: Row, desk: Desk, subject: str, external_id: str) -> Outcome | None:
    """Answer that a row came before just as it is; None where it is new or says something else."""
    known = desk.known(subject).get(external_id)
    if known is None or known[1] != row.digest:
        return None
    return Outcome(Verdict.SAME, subject_id=known[0])


def said(reasons: Sequence[Reason]) -> str:
    """Put reasons into one text: each sentence, and its arithmetic."""
    return " ".join(
        f"{r.sentence} ({r.arithmetic})" if r.arithmetic else r.sentence for r in reasons
    )
