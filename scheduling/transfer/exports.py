"""Everything a clinic owns as one zip of CSV files, written while it is read.

Below `move/` lies one file a kind, which `import_csv` reads again; below `tables/` every other
table as it is, with documented columns; `photos/` and `papers/` come from the floors that keep them.
No token, no hash and no key is inside: `LEFT_OUT` says of every table that stays, why.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import BinaryField, Field, Model

from scheduling import trail
from scheduling.core.words import Actor
from scheduling.errors import Forbidden
from scheduling.models import Grounds, ProtocolVersion
from scheduling.transfer import kinds, tables
from scheduling.transfer.cells import spelt

FLOORS = ("scheduling", "plans", "notifications")
LEFT_OUT: Mapping[str, str] = {
    "scheduling.Link": "patients' links are keys to their pages; new ones come with each message",
    "scheduling.PatientSession": "sign-ins of patients are keys to their pages",
    "scheduling.Tally": "counts against misuse, forgotten within days",
    "scheduling.IdempotencyRecord": "answers to repeated requests, forgotten within a day",
    "scheduling.Draft": "answers begun and not handed in; they count for nothing",
    "scheduling.Grounds": "a counter of the program's own",
    "scheduling.ProtocolVersion": "in protocol.json, as documents",
    "scheduling.Intake": "files that were taken in: what they held is in the clinic's own rows",
    "scheduling.IntakeRow": "verdicts on the rows of such files",
    "notifications.Challenge": "codes of sign-ins",
    "notifications.CarePhoto": "below photos/, as pictures",
    "notifications.Breaker": "whether a provider answers just now",
    "notifications.Pace": "how fast a backlog is taken up just now",
}
_SECRET = frozenset({"token", "password"})
_OF_USERS = ("id", "username", "first_name", "last_name", "email", "is_active", "date_joined")
README = """Everything that this clinic keeps in Fallow, as of {at} UTC.

move/      one CSV file a kind of thing, numbered in the order in which another installation takes
           them: manage.py import_csv --source fallow FILE.zip
tables/    every other table, a row a line: messages, the audit trail, overrides, tasks, papers
papers/    medical histories and signed consents as PDF; their rows are below tables/ too
photos/    pictures that patients sent with their answers
columns.csv says what each column holds; protocol.json holds the versions of the clinical rules.

CSV: UTF-8, commas, every cell in quotes, dates as 2027-03-28, lists between | bars. A cell that a
spreadsheet could take for a formula has an apostrophe before it; import_csv takes it away again.
What is not inside: {left_out}.
"""

Files = Callable[[Actor, datetime], Iterator[tuple[str, bytes]]]
"""Gives files by their names in the zip."""

_files: dict[str, Files] = {}


def add_files(files: Files) -> None:
    """Put files of one more room into the zip; adding the same again replaces it."""
    _files[f"{files.__module__}.{files.__qualname__}"] = files


def everything(*, by: Actor, now: datetime) -> Iterator[bytes]:
    """Give the zip piece by piece; that somebody takes it is in the trail before the first.

    All of it is read in one snapshot.

    Raises:
        Forbidden: whoever asks does not work at every site.

    """
    if by.sites is not None:
        raise Forbidden("Only who works at every site may take everything along.")
    entry = trail.entry(subject=Grounds(pk=1), verb="export_clinic", by=by, now=now)
    trail.write([entry])
    return _zipped(by, now)


def _zipped(by: Actor, now: datetime) -> Iterator[bytes]:
    sink = _Sink()
    with _one_snapshot(), ZipFile(sink, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, pieces in _contents(by, now):
            info = ZipInfo(name, date_time=now.timetuple()[:6])
            info.compress_type, info.external_attr = ZIP_DEFLATED, 0o600 << 16
            with archive.open(info, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    if taken := sink.taken():
                        yield taken
    yield sink.taken()


class _Sink:
    """Where the zip is written: it cannot be wound back, so that nothing of it is kept."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Take a piece."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        """Give what came since the last time."""
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """Let all reads see one moment; within a caller's transaction that one's."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _contents(by: Actor, now: datetime) -> Iterator[tuple[str, Iterator[bytes]]]:
    left_out = "; ".join(f"{name.split('.')[1]} ({why})" for name, why in LEFT_OUT.items())
    yield (
        "README.txt",
        iter([README.format(at=f"{now:%Y-%m-%d %H:%M}", left_out=left_out).encode()]),
    )
    yield "columns.csv", tables.written(("file", "column", "says"), columns())
    yield "protocol.json", iter([_protocols()])
    for kind in kinds.every():
        yield path_of(kind), tables.written(kind.names, kind.bodies())
    for model in whole():
        names = [field.attname for field in fields_of(model)]
        yield f"tables/{model._meta.db_table}.csv", tables.written(names, _rows(model, names))
    for _, files in sorted(_files.items()):
        for name, content in files(by, now):
            yield name, iter([content])


def path_of(kind: kinds.Kind) -> str:
    """Spell where a kind lies in the zip."""
    return f"move/{kind.order:02d}-{kind.code}.csv"


def whole() -> list[type[Model]]:
    """List the tables that are given as they are: every one of the house that is not left out."""
    models = [m for floor in FLOORS for m in apps.get_app_config(floor).get_models()]
    kept = [m for m in models if not m._meta.proxy and m._meta.label not in LEFT_OUT]
    return [*sorted(kept, key=lambda m: m._meta.db_table), User]


def fields_of(model: type[Model]) -> list["Field[object, object]"]:
    """List the columns of a table that leave the house."""
    fields = [
        field
        for field in model._meta.concrete_fields
        if not isinstance(field, BinaryField) and field.name not in _SECRET
    ]
    return [f for f in fields if f.name in _OF_USERS] if model is User else fields


def _rows(model: type[Model], names: Sequence[str]) -> Iterator[Sequence[str]]:
    rows = model._base_manager.order_by("pk").values_list(*names)  # noqa: SLF001 -- the model is any
    for row in rows.iterator(chunk_size=1000):
        yield [spelt(value) for value in row]


def columns() -> Iterator[Sequence[str]]:
    """Give the documentation of every column of every file."""
    for kind in kinds.every():
        for column in kind.columns:
            yield path_of(kind), column.name, column.says
    for model in whole():
        for field in fields_of(model):
            says = str(getattr(field, "help_text", "")) or str(field.verbose_name)
            points = field.related_model
            if isinstance(points, type):
                says = f"{says}; the key in {points._meta.db_table}"
            yield f"tables/{model._meta.db_table}.csv", field.attname, says


def _protocols() -> bytes:
    rows = ProtocolVersion.objects.order_by("number")
    found = [
        {"number": row.number, "name": row.name, "state": row.state, "document": row.document}
        for row in rows
    ]
    return json.dumps(found, ensure_ascii=False, indent=1).encode()
