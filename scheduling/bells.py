"""Doorbells of a transaction: rung once when it commits, however often it asks."""

from collections.abc import Callable

from django.db import connection, transaction


def ring_once(bell: Callable[[], None]) -> None:
    """Call `bell` after this transaction has committed, once; at once where there is none.

    A transaction that changes a hundred rows would else ring a hundred times, and what one ring
    brings about would stand a hundred times before whatever else waits. A bell that fails costs
    one tick, never the change.
    """
    now = set(connection.savepoint_ids)
    # a ring that a savepoint may still take along is no other's
    if not any(each[1] is bell and each[0] <= now for each in connection.run_on_commit):
        transaction.on_commit(bell, robust=True)
