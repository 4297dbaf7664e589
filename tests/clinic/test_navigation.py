import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.urls import reverse

from clinic import groups, navigation
from tests import cast

pytestmark = pytest.mark.django_db


def names_of(response: Any) -> tuple[str, str]:
    """Read what a page calls itself: in the browser's tab, and last in its heading."""
    page = response.content.decode()
    tab, heading = (
        re.search(rf"<{tag}[^>]*>(.*?)</{tag}>", page, re.DOTALL) for tag in ("title", "h1")
    )
    assert tab
    assert heading
    parts = re.sub(r"<[^>]*>", "\n", heading[1].split("chevron_right")[-1]).split("\n")
    return html.unescape(tab[1]).strip(), next(p.strip() for p in parts if p.strip())


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
        "Overview", "Diary", "Day list", "Status board", "Book a visit", "Day sheets", "Appointments",
        "Waiting list", "Free times", "Tasks",
    ]  # fmt: skip
    assert "Access" not in lines


def test_manager_finds_staff() -> None:
    assert lines_for("manager")["Access"] == ["Staff", "Audit trail"]


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("index", "Overview"),
        ("scheduling_appointment_day", "Day list"),
        ("scheduling_appointment_month", "Diary"),
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


@pytest.mark.parametrize("placed", [True, False], ids=["at a site", "at none"])
def test_a_page_of_the_diary_is_called_as_its_line_says(client: Client, *, placed: bool) -> None:
    """The line, the heading and the browser's tab say one name, and no two lines say the same."""
    groups.ensure()
    if placed:
        cast.build()
    user = cast.staff_user("chief", everywhere=True)
    user.groups.add(Group.objects.get(name="reception"))
    client.force_login(user)
    request = RequestFactory().get("/admin/")
    request.user = user
    groups_of_lines = navigation.navigation(request)
    titles = [item["title"] for each in groups_of_lines for item in each["items"]]
    assert len(set(titles)) == len(titles)
    for item in groups_of_lines[0]["items"]:
        tab, heading = names_of(client.get(item["link"]))
        assert tab == f"{heading} | Fallow"
        assert heading.startswith(item["title"])
