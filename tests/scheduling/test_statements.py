"""Statements by hand: what many of them cost together, and where their errors surface."""

import pytest
from django.db import DataError, transaction

from benchmarks.stations import trips
from scheduling import diary, statements
from tests import cast

pytestmark = pytest.mark.django_db


def test_rows_of_each_answers_in_order_and_in_one_round_trip() -> None:
    asked = [("SELECT %s::int", [n]) for n in range(5)]
    found: list[object] = []
    statements.rows("SELECT 1", [])  # the test's own transaction has begun
    assert trips(lambda: found.extend(statements.rows_of_each(*asked))) == 1
    assert found == [[(n,)] for n in range(5)]


def test_a_patient_is_read_in_one_round_trip() -> None:
    patient = cast.patient("Ada", "Pine")
    assert trips(lambda: diary.known(patient.pk)) == 1


def test_an_error_of_one_is_told_as_of_a_single_statement() -> None:
    with pytest.raises(DataError), transaction.atomic():
        statements.rows_of_each(("SELECT 1 / %s", [0]), ("SELECT 1", []))
    assert statements.rows("SELECT 1", []) == [(1,)]
