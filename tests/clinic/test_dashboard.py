from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic import groups
from notifications.models import Message
from scheduling.models import Change, Todo
from tests import cast
from tests.scheduling.admin import screens

HOME = "/admin/"


@pytest.fixture(autouse=True)
def _morning() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture
def clinic(db: None) -> cast.Clinic:
    return cast.build()


def signed_in(group: str, *sites: object) -> Client:
    groups.ensure()
    user = cast.staff_user(group, *sites)  # type: ignore[arg-type]
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(clinic: cast.Clinic) -> Client:
    return signed_in("reception", clinic.site)


def test_first_page_counts_the_day_of_each_of_the_users_sites(
    desk: Client, clinic: cast.Clinic
) -> None:
    cast.site_named("Elsewhere")
    visit = screens.visit(clinic, 0, 11)
    days = desk.get(HOME).context["days"]
    assert [(day.site, day.counts) for day in days] == [
        (clinic.site, {"expected": 1, "here": 0, "done": 0, "did not come": 0})
    ]
    assert [row for _, row, _ in days[0].coming] == [visit]


def test_first_page_names_the_next_free_consultation(desk: Client, clinic: cast.Clinic) -> None:
    day = desk.get(HOME).context["days"][0]
    assert (day.consultation_day, day.consultation.time) == (cast.day(0), "09:00")


def test_tasks_of_own_sites_stand_with_a_button(desk: Client, clinic: cast.Clinic) -> None:
    elsewhere = cast.site_named("Elsewhere")
    mine = Todo.objects.create(site=clinic.site, kind="note", text="Ring", created_at=cast.NOW)
    Todo.objects.create(site=elsewhere, kind="note", text="Not mine", created_at=cast.NOW)
    page = desk.get(HOME)
    assert page.context["tasks"] == [mine]
    assert f"/task/{mine.pk}/done/" in page.text


def test_who_may_be_unwell_stands_first_then_what_is_urgent_then_what_is_due(
    desk: Client, clinic: cast.Clinic
) -> None:
    far, near = screens.visit(clinic, 65, 11), screens.visit(clinic, 2, 11)
    Todo.objects.all().delete()

    def task(text: str, hours: int, **facts: object) -> None:
        at = cast.NOW - timedelta(hours=hours)
        Todo.objects.create(
            **{"site": clinic.site, "kind": "note", "text": text, "created_at": at} | facts
        )

    task("far", 9, appointment=far)
    task("near", 1, appointment=near)
    task("old", 8)
    task("urgent", 2, urgent=True)
    task("worse", 0, urgent=True, kind="care-worse")
    shown = [t.text for t in desk.get(HOME).context["tasks"]]
    assert shown == ["worse", "urgent", "old", "near", "far"]
    listed = desk.get("/admin/scheduling/todo/").context["cl"].result_list
    assert [t.text for t in listed] == shown


def test_a_task_that_is_not_shown_is_counted(desk: Client, clinic: cast.Clinic) -> None:
    for n in range(17):
        Todo.objects.create(site=clinic.site, kind="note", text=f"T{n}", created_at=cast.NOW)
    assert ">and 2 more</a>" in desk.get(HOME).text
    Todo.objects.filter(text__in=["T0", "T1"]).delete()
    assert " more</a>" not in desk.get(HOME).text


def test_messages_that_failed_are_shown_to_who_may_read_them(
    desk: Client, clinic: cast.Clinic
) -> None:
    screens.visit(clinic, 1)
    Message.objects.filter(channel="sms").update(state="rejected", open=False)
    assert "Messages that may not have arrived" in desk.get(HOME).text


def test_day_list_says_how_messages_fare(desk: Client, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 0, 11)
    Message.objects.filter(offset="now").update(state="rejected", open=False)
    shown = desk.get(screens.DAY).text
    assert "SMS refused" in shown
    assert "e-mail refused" in shown


def test_queries_do_not_grow_with_the_visits(desk: Client, clinic: cast.Clinic) -> None:
    def fill(hour: int) -> None:
        somebody = cast.patient(f"P{hour}", "Row", consulted=True)
        screens.visit(clinic, 0, hour, patient_id=somebody.pk)

    fill(10)
    desk.get(HOME)
    with CaptureQueriesContext(connection) as one:
        desk.get(HOME)
    fill(12)
    fill(14)
    desk.get(HOME)
    with CaptureQueriesContext(connection) as three:
        desk.get(HOME)
    assert len(one) == len(three)


def test_looking_changes_nothing(desk: Client, clinic: cast.Clinic) -> None:
    before = Change.objects.count()
    desk.get(HOME)
    assert Change.objects.count() == before


def test_somebody_without_any_right_sees_an_empty_page(clinic: cast.Clinic) -> None:
    client = Client()
    client.force_login(cast.staff_user("nobody", clinic.site))
    page = client.get(HOME)
    assert (page.status_code, page.context["days"], page.context["tasks"]) == (200, [], [])


def test_first_page_stands_without_a_protocol_in_force(desk: Client, clinic: cast.Clinic) -> None:
    from scheduling.models import ProtocolVersion

    ProtocolVersion.objects.update(state="retired", retired_at=cast.NOW + timedelta(0))
    assert desk.get(HOME).status_code == 200
