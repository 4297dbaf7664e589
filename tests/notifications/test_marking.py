"""A mark that finds its row, though the connection has lost its statements."""

import pytest
from django.db import OperationalError, connection

from notifications.marking import Marking
from notifications.models import Message
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, Carrier

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_statement_that_the_connection_lost_is_prepared_again() -> None:
    """psycopg says DEALLOCATE ALL after a rollback, should it have prepared one of its own."""
    at = stage.house(phone="")
    for n in range(2):
        stage.booked(at, DAYS_14.replace(hour=10 + n))
        stage.sweep(Carrier())
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
    assert list(Message.objects.filter(kind="booked").values_list("state", "attempts")) == [
        ("accepted", 1),
        ("accepted", 1),
    ]


def test_any_other_refusal_is_an_error() -> None:
    with pytest.raises(OperationalError, match="division by zero"):
        Marking("SELECT 1 / %(none)s::int", {"none": 0}).granted()


def test_a_row_that_is_not_there_is_not_marked() -> None:
    marking = Marking("SELECT 1 WHERE %(there)s", {"there": False})
    assert [marking.granted(), marking.granted()] == [False, False]
    assert Marking("SELECT 1 WHERE %(there)s", {"there": True}).granted()
