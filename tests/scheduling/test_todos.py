import pytest

from scheduling import todos
from scheduling.core.words import Actor
from scheduling.models import Change, Todo
from tests import cast
from tests.cast import NOW

pytestmark = pytest.mark.django_db


def test_tasks_are_ticked_off_once_and_only_at_own_sites() -> None:
    here, there = cast.site_named("Here"), cast.site_named("There")
    rows = [
        Todo.objects.create(site=site, kind="call", text="call", created_at=NOW)
        for site in (here, there, None)
    ]
    ids = [row.pk for row in rows]
    by = Actor(name="Robin", sites=frozenset({here.pk}))

    assert todos.tick_off(todo_ids=ids, by=by, now=NOW) == 2
    assert todos.tick_off(todo_ids=ids, by=by, now=NOW) == 0

    done = Todo.objects.filter(done_at=NOW, done_by="Robin").order_by("pk")
    assert list(done) == [rows[0], rows[2]]
    assert list(Change.objects.order_by("subject_id").values_list("subject_id", flat=True)) == [
        rows[0].pk,
        rows[2].pk,
    ]


def test_task_written_by_hand_is_signed() -> None:
    todo = todos.write_down(
        todo=Todo(kind="note", text="order cream"), by=Actor(name="Robin"), now=NOW
    )
    entry = Change.objects.get()
    assert (todo.created_at, entry.by, entry.subject_id) == (NOW, "Robin", todo.pk)
