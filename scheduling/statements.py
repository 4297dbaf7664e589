"""Statements spelled by hand, for the few reads and writes that every booking makes.

The mapper takes about a millisecond to spell a query that PostgreSQL answers in a tenth of that;
docs/benchmarks.md has the figures. Values are always parameters; names come from the models.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Self, TypeAlias, TypeVar

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from psycopg import Cursor

M = TypeVar("M", bound=Model)

Asked: TypeAlias = tuple[str, Sequence[Any]]


class _Prepared(Cursor[Any]):
    """A cursor whose statements are planned once a connection, unless the settings forbid it."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> Self:
        return super().execute(query, params, prepare=True, **how)


def _cursor() -> CursorWrapper:
    """Open a cursor as the mapper's own: it is logged, and refuses a broken transaction."""
    connection.ensure_connection()
    raw: Any = _Prepared(connection.connection)
    return (
        connection.make_debug_cursor(raw)
        if connection.queries_logged
        else connection.make_cursor(raw)
    )


_waiting: ContextVar[list[Asked] | None] = ContextVar("writes that wait", default=None)


@contextmanager
def gathered() -> Iterator[None]:
    """Let the writes of a block wait for its end, and go in one round trip.

    Whatever else is said to the database in the block, by the mapper too, finds the writes done
    that came before it. When one of them fails, none that follows is done.
    """
    token = _waiting.set([])
    try:
        with connection.execute_wrapper(_after_what_waits):
            yield
            _let_go()
    finally:
        _waiting.reset(token)


def _let_go() -> None:
    if waiting := _waiting.get():
        asked = list(waiting)
        waiting.clear()
        with ahead(), _one_trip(asked):
            pass


def _after_what_waits(execute: Callable[..., Any], *what: Any) -> Any:
    _let_go()
    return execute(*what)


@contextmanager
def ahead() -> Iterator[None]:
    """Let what is asked in a block pass the writes that wait, which it does not depend on."""
    token = _waiting.set(None)
    try:
        yield
    finally:
        _waiting.reset(token)


def write(sql: str, params: Sequence[Any]) -> None:
    """Run a statement that needs no answer; in a block of `gathered` it waits for the end."""
    waiting = _waiting.get()
    if waiting is None:
        run(sql, params)
    else:
        waiting.append((sql, params))


def rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a statement that answers rows, and give them."""
    with _cursor() as cursor:
        cursor.execute(sql, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def rows_of_each(*asked: Asked) -> list[list[tuple[Any, ...]]]:
    """Run statements that answer rows, all in one round trip, and give the rows of each.

    Only for reads: in a pipeline a cursor does not know how many rows it touched, on which the
    mapper's `save` relies.
    """
    with _one_trip(asked) as cursors:
        return [cursor.fetchall() for cursor in cursors]


@contextmanager
def _one_trip(asked: Sequence[Asked]) -> Iterator[list[CursorWrapper]]:
    """Run statements in one round trip; give the cursors, which do not know yet what they hold."""
    _let_go()
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline(), ExitStack() as stack:
        cursors = [stack.enter_context(_cursor()) for _ in asked]
        for cursor, (sql, params) in zip(cursors, asked, strict=True):
            cursor.execute(sql, params)
        yield cursors


def run(sql: str, params: Sequence[Any]) -> int:
    """Run a statement that answers none, and give how many rows it touched."""
    with _cursor() as cursor:
        cursor.execute(sql, params)
        touched: int = cursor.rowcount
        return touched


def columns(model: type[Model], alias: str) -> str:
    """List a model's columns in the order of its fields, for `from_db`."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


def insert(instance: Model) -> None:
    """Write a new instance whose key is set already."""
    fields = instance._meta.concrete_fields
    write(_insertion(type(instance)), [getattr(instance, field.attname) for field in fields])
    instance._state.adding = False  # noqa: SLF001 - as the mapper's own `save` leaves it
    instance._state.db = connection.alias  # noqa: SLF001


def insert_all(instances: Sequence[Model]) -> None:
    """Write new instances of one model, without keys; what a unique constraint refuses is left out."""
    if instances:
        sql, columns = _insertion_of_many(type(instances[0]))
        write(sql, [[getattr(one, column) for one in instances] for column in columns])


@cache
def _insertion_of_many(model: type[Model]) -> tuple[str, tuple[str, ...]]:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    arrays = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
    sql = f"""INSERT INTO "{model._meta.db_table}" ({names}) SELECT * FROM unnest({arrays})
        ON CONFLICT DO NOTHING"""  # noqa: S608 - no text of anybody's
    return sql, tuple(field.attname for field in fields)


@cache
def _insertion(model: type[Model]) -> str:
    fields = model._meta.concrete_fields
    names, blanks = ", ".join(f'"{f.column}"' for f in fields), ", ".join("%s" for _ in fields)
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({blanks})'  # noqa: S608 - no text of anybody's


def made(model: type[M], row: Sequence[Any]) -> M:
    """Make an instance from the columns that `columns` lists."""
    return model.from_db(None, [f.attname for f in model._meta.concrete_fields], row)
