"""Empties the database after a test that committed: all rows, in one round trip.

Django's own way truncates every table, which makes each of them and of their indexes anew, and then
writes all content types and permissions again. Those are left alone here: no test changes them.
Every table is locked first, as TRUNCATE does, so that whoever is still writing is waited for.
"""

from functools import cache
from typing import Any

from django.db import connection
from django.test import TransactionTestCase

KEPT = frozenset({"django_content_type", "auth_permission"})

_by_django: Any = TransactionTestCase._fixture_teardown


@cache
def _script() -> str:
    quoted = [
        connection.ops.quote_name(table)
        for table in connection.introspection.django_table_names(
            only_existing=True, include_views=False
        )
        if table not in KEPT
    ]
    deletes = "\n".join(f"DELETE FROM {table};" for table in quoted)  # noqa: S608 -- our own tables
    # without triggers, as TRUNCATE: neither foreign keys nor the house's own rules are asked
    return f"""DO $$ BEGIN
        LOCK TABLE {", ".join(quoted)} IN ACCESS EXCLUSIVE MODE;
        SET LOCAL session_replication_role = replica;
        {deletes}
    END $$"""


def _may() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        return bool(cursor.fetchone()[0] == "on")


def emptied(test: TransactionTestCase) -> None:
    """Take all rows away; by Django's way where the database's user may not."""
    if not _may():
        _by_django(test)
        return
    with connection.cursor() as cursor:
        cursor.execute(_script())


TransactionTestCase._fixture_teardown = emptied  # type: ignore[method-assign]
