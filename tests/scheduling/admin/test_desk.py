from django.test import Client
from django.urls import reverse

from scheduling.models import Change, Todo
from tests import cast
from tests.cast import NOW
from tests.scheduling.admin.forms import send, told

LIST = "/admin/scheduling/todo/"


def test_task_is_written_and_ticked_off(clinic: cast.Clinic, desk: Client) -> None:
    assert send(desk, f"{LIST}add/", text="Order cream", site=clinic.site.pk).status_code == 302
    todo = Todo.objects.get()
    assert (todo.text, todo.site, todo.created_at) == ("Order cream", clinic.site, NOW)

    page = desk.post(LIST, {"action": "tick_off", "_selected_action": [todo.pk]}, follow=True)

    assert told(page)[-1] == "1 task is done."
    todo.refresh_from_db()
    assert (todo.done_at, todo.done_by) == (NOW, "reception")
    verbs = Change.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["add", "tick_off"]


def test_list_shows_open_tasks_and_finds_the_done_ones(clinic: cast.Clinic, desk: Client) -> None:
    Todo.objects.create(site=clinic.site, text="still open", created_at=NOW)
    Todo.objects.create(site=clinic.site, text="long done", created_at=NOW, done_at=NOW)

    def texts(**query: str) -> list[str]:
        return [row.text for row in desk.get(LIST, query).context["cl"].result_list]

    assert texts() == ["still open"]
    assert texts(state="done") == ["long done"]
    assert sorted(texts(state="all")) == ["long done", "still open"]


def test_written_task_is_not_rewritten(clinic: cast.Clinic, desk: Client) -> None:
    todo = Todo.objects.create(site=clinic.site, text="call Ada", created_at=NOW)
    url = reverse("admin:scheduling_todo_change", args=[todo.pk])
    assert desk.get(url).status_code == 200
    assert desk.post(url, {"text": "call nobody"}).status_code == 403
    todo.refresh_from_db()
    assert todo.text == "call Ada"
