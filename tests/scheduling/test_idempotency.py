import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from scheduling import idempotency
from scheduling.errors import ClinicError, Malformed, WrongState
from scheduling.idempotency import Answer, Asked, KeyReused, StillRunning, forget_old, once
from scheduling.models import IdempotencyRecord, Todo
from tests.cast import NOW

pytestmark = pytest.mark.django_db


def asked(key: str = "K1", body: Any = "A", principal: str = "user:1") -> Asked:
    return idempotency.asked(principal=principal, endpoint="POST /x/", key=key, body=body)


def writes(text: str = "done") -> Callable[[], Answer]:
    def verb() -> Answer:
        row = Todo.objects.create(kind="x", text=text, created_at=NOW)
        return Answer(status=201, text=f'{{"id": {row.pk}}}', headers={"ETag": '"1"'})

    return verb


def refuses() -> Answer:
    Todo.objects.create(kind="x", text="half done", created_at=NOW)
    raise WrongState("No.")


def kept_if_conflict(error: ClinicError) -> Answer | None:
    return None if isinstance(error, Malformed) else Answer(status=409, text=error.sentence)


def ask_once(request: Asked, verb: Callable[[], Answer], *, hours: float = 0) -> Answer:
    later = NOW + timedelta(hours=hours)
    return once(request=request, verb=verb, refusal=kept_if_conflict, now=later)


def test_a_repeated_request_answers_the_same_and_writes_nothing() -> None:
    first = ask_once(asked(), writes())
    again = ask_once(asked(), writes())
    assert (again.status, again.text, again.headers) == (first.status, first.text, first.headers)
    assert (first.repeated, again.repeated) == (False, True)
    assert Todo.objects.count() == 1


def test_member_order_makes_no_other_body() -> None:
    assert asked(body={"a": 1, "b": [2]}) == asked(body={"b": [2], "a": 1})
    assert asked(body={"a": 1}) != asked(body={"a": 2})


def test_a_refusal_is_kept_and_what_it_wrote_is_not() -> None:
    first = ask_once(asked(), refuses)
    again = ask_once(asked(), writes())
    assert (first.status, again.status) == (409, 409)
    assert again.text == "No."
    assert Todo.objects.count() == 0


def test_another_body_under_the_same_key_is_refused() -> None:
    ask_once(asked(), writes())
    with pytest.raises(KeyReused):
        ask_once(asked(body="A-changed"), writes())
    assert Todo.objects.count() == 1


def test_a_key_belongs_to_its_principal() -> None:
    ask_once(asked(), writes())
    ask_once(asked(principal="user:2"), writes())
    assert Todo.objects.count() == 2


def test_unreadable_input_does_not_use_the_key_up() -> None:
    def unreadable() -> Answer:
        raise Malformed("Say what.")

    with pytest.raises(Malformed):
        ask_once(asked(), unreadable)
    assert ask_once(asked(body="B"), writes()).status == 201


def test_a_key_is_free_again_after_24_hours() -> None:
    first = ask_once(asked(), writes())
    assert ask_once(asked(), writes(), hours=23.99).text == first.text
    assert ask_once(asked(), writes(), hours=24).text != first.text
    assert Todo.objects.count() == 2


def test_old_answers_are_forgotten_and_fresh_ones_kept() -> None:
    ask_once(asked("old"), writes())
    ask_once(asked("new"), writes(), hours=1)
    assert forget_old(now=NOW + timedelta(hours=24)) == 1
    assert [r.key for r in IdempotencyRecord.objects.all()] == ["new"]


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ", "a\nb", "a\x00"])
def test_a_key_is_1_to_255_printable_characters(key: str) -> None:
    with pytest.raises(Malformed):
        asked(key)


def test_the_longest_key_is_taken() -> None:
    assert ask_once(asked("x" * 255), writes()).status == 201


@pytest.mark.django_db(transaction=True)
def test_a_duplicate_while_the_first_runs_is_turned_away() -> None:
    running, may_end = threading.Event(), threading.Event()
    answers: list[Answer] = []

    def slow() -> Answer:
        answer = writes()()
        running.set()
        assert may_end.wait(10)
        return answer

    def first() -> None:
        try:
            answers.append(ask_once(asked(), slow))
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert running.wait(10)
    with pytest.raises(StillRunning):
        ask_once(asked(), writes())
    may_end.set()
    thread.join()
    assert ask_once(asked(), writes()).text == answers[0].text
    assert Todo.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twelve_at_once_execute_once() -> None:
    gate = threading.Barrier(12)
    outcomes: list[str] = []

    def one() -> None:
        try:
            gate.wait(10)
            outcomes.append(ask_once(asked(), writes()).text)
        except StillRunning:
            outcomes.append("running")
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 12
    assert Todo.objects.count() == 1
    assert set(outcomes) - {"running"} == {f'{{"id": {Todo.objects.get().pk}}}'}


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_and_the_row_twelve_at_once_execute_twelve_times() -> None:
    """The control: what the test above would see if nothing guarded."""
    gate = threading.Barrier(12)

    def one() -> None:
        try:
            gate.wait(10)
            writes()()
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Todo.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_a_crash_before_the_commit_leaves_nothing_and_the_retry_executes_once() -> None:
    def dies() -> Answer:
        writes()()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise AssertionError("unreachable")

    with pytest.raises(OperationalError):
        ask_once(asked(), dies)
    connection.close()
    assert (Todo.objects.count(), IdempotencyRecord.objects.count()) == (0, 0)
    assert ask_once(asked(), writes()).repeated is False
    assert Todo.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_crash_after_the_commit_is_answered_from_what_was_kept() -> None:
    class Crash(Exception):
        pass

    def dies_late() -> Answer:
        def crash() -> None:
            raise Crash

        transaction.on_commit(crash)
        return writes()()

    with pytest.raises(Crash):
        ask_once(asked(), dies_late)
    again = ask_once(asked(), writes())
    assert again.repeated is True
    assert again.text == f'{{"id": {Todo.objects.get().pk}}}'


@pytest.mark.django_db(transaction=True)
def test_a_lost_ordering_runs_the_whole_again() -> None:
    class Deadlock(OperationalError):
        pass

    class Cause(Exception):
        sqlstate = "40P01"

    tries: list[int] = []

    def loses_once() -> Answer:
        tries.append(len(tries))
        answer = writes()()
        if len(tries) == 1:
            raise Deadlock from Cause()
        return answer

    assert ask_once(asked(), loses_once).status == 201
    assert tries == [0, 1]
    assert Todo.objects.count() == 1
