"""Doorbells of a transaction: rung once when it commits, however often it asks."""

from collections.abc import Callable

from django.db import connection, transaction


def ring_once(bell: Callable[[], None]) -> None:
    """Call `bell` after this transaction has committed, once; at once where there is none.

    A transaction that changes a hundred rows would else ring a hundred times, and what one ring
    brings about would stand a hundred times before whatever else waits. A bell that fails costs
    one tick, never the change.
    """
    # a savepoint that is open encloses us, one that was rolled back has taken its rings along: so
    # whatever still waits is rung if, and only if, we are
    if not any(each[1] is bell for each in connection.run_on_commit):
        transaction.on_commit(bell, robust=True)
