"""Statements by hand: what many of them cost together, and where their errors surface."""

import pytest
from django.db import DataError, transaction

from benchmarks.stations import trips
from scheduling import diary, statements
from scheduling.errors import Malformed
from scheduling.integrity import named_constraints
from scheduling.models import Grounds, Todo
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


def task(text: str) -> statements.Asked:
    """Spell the writing of a task."""
    sql = """INSERT INTO scheduling_todo (kind, text, urgent, created_at, done_by)
        VALUES ('x', %s, false, now(), '')"""
    return sql, [text]


def test_gathered_writes_go_in_one_round_trip_and_before_other_questions() -> None:
    statements.rows("SELECT 1", [])
    said: list[object] = []

    def ask() -> None:
        with statements.gathered():
            statements.write(*task("one"))
            statements.write(*task("two"))
            with statements.ahead():
                said.append(statements.rows("SELECT count(*) FROM scheduling_todo", []))
            said.append(Todo.objects.count())
            statements.write(*task("three"))
            statements.write(*task("four"))

    ask()
    assert said == [[(0,)], 2]
    assert Todo.objects.count() == 4
    assert trips(ask) == 4  # the question ahead, two writes, the mapper's question, two writes


def test_a_gathered_write_that_breaks_a_constraint_is_told_by_its_name() -> None:
    Grounds.objects.get_or_create(pk=1)

    def breaks() -> None:
        with transaction.atomic(), named_constraints(), statements.gathered():
            statements.write("INSERT INTO scheduling_grounds (id, version) VALUES (2, 1)", [])
            statements.rows("SELECT 1", [])

    with pytest.raises(Malformed) as told:
        breaks()
    assert told.value.facts == {"constraint": "grounds_is_one_row"}
    assert Grounds.objects.count() == 1


def test_what_waits_when_a_block_fails_is_never_written() -> None:
    def fails() -> None:
        with statements.gathered():
            statements.write(*task("lost"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert not Todo.objects.exists()
    statements.write(*task("kept"))
    assert Todo.objects.get().text == "kept"
