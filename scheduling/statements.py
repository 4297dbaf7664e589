"""Statements spelled by hand, for the few reads and writes that every booking makes.

The mapper takes about a millisecond to spell a query that PostgreSQL answers in a tenth of that;
docs/benchmarks.md has the figures. Values are always parameters; names come from the models.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)


def rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a statement that answers rows, and give them."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def rows_of_each(*asked: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
    """Run statements that answer rows, all in one round trip, and give the rows of each.

    Only for reads: in a pipeline a cursor does not know how many rows it touched, on which the
    mapper's `save` relies.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline(), ExitStack() as stack:
        cursors = [stack.enter_context(connection.cursor()) for _ in asked]
        for cursor, (sql, params) in zip(cursors, asked, strict=True):
            cursor.execute(sql, params)
        return [cursor.fetchall() for cursor in cursors]


def run(sql: str, params: Sequence[Any]) -> int:
    """Run a statement that answers none, and give how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        touched: int = cursor.rowcount
        return touched


def columns(model: type[Model], alias: str) -> str:
    """List a model's columns in the order of its fields, for `from_db`."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


def made(model: type[M], row: Sequence[Any]) -> M:
    """Make an instance from the columns that `columns` lists."""
    return model.from_db(None, [f.attname for f in model._meta.concrete_fields], row)
