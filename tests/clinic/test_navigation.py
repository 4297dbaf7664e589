import pytest
from django.contrib.auth.models import Group
from django.test import RequestFactory
from django.urls import reverse

from clinic import groups, navigation
from tests import cast

pytestmark = pytest.mark.django_db


def lines_for(group: str, path: str = "/admin/") -> dict[str, list[str]]:
    groups.ensure()
    user = cast.staff_user(group)
    user.groups.add(Group.objects.get(name=group))
    request = RequestFactory().get(path)
    request.user = user
    return {
        each["title"]: [item["title"] for item in each["items"]]
        for each in navigation.navigation(request)
    }


def test_reception_finds_the_diary_first_and_no_access_rights() -> None:
    lines = lines_for("reception")
    assert list(lines)[:2] == ["Diary", "Patients"]
    assert lines["Diary"] == [
        "Today", "Status board", "Book a visit", "Day sheets", "Appointments",
        "Waiting list", "Free times", "Tasks",
    ]  # fmt: skip
    assert "Access" not in lines


def test_manager_finds_staff() -> None:
    assert lines_for("manager")["Access"] == ["Staff", "Audit trail"]


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("scheduling_appointment_day", "Today"),
        ("scheduling_appointment_book", "Book a visit"),
        ("scheduling_appointment_board", "Status board"),
        ("scheduling_appointment_late", "Status board"),
        ("scheduling_appointment_sheets", "Day sheets"),
        ("scheduling_appointment_changelist", "Appointments"),
    ],
)
def test_one_line_is_lit(page: str, title: str) -> None:
    groups.ensure()
    user = cast.staff_user("desk")
    user.groups.add(Group.objects.get(name="reception"))
    request = RequestFactory().get(reverse(f"admin:{page}"))
    request.user = user
    lit = [
        item["title"]
        for each in navigation.navigation(request)
        for item in each["items"]
        if item["active"]
    ]
    assert lit == [title]
