"""`/api/v1/messages/`: to be read, by those who may, at their own sites."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from notifications import outbox
from notifications.models import Message
from scheduling.models import Site
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier

pytestmark = pytest.mark.django_db

URL = "/api/v1/messages/"


def client(*sites: Site, may: str = "view_message", name: str = "program") -> APIClient:
    user = cast.staff_user(name, *sites)
    user.user_permissions.set(Permission.objects.filter(codename=may))
    answer = APIClient()
    answer.force_authenticate(user)
    return answer


def test_list_answers_messages_newest_due_first() -> None:
    at = stage.house()
    made = stage.booked(at)
    stage.sweep(Carrier())
    answer: Any = client(at.site).get(URL, {"appointment": made.pk}).json()
    assert [(m["kind"], m["channel"], m["state"]) for m in answer["results"]] == [
        ("reminder", "sms", "pending"),
        ("reminder", "sms", "pending"),
        ("reminder", "email", "pending"),
        ("booked", "sms", "accepted"),
        ("booked", "email", "accepted"),
    ]
    assert "text" not in answer["results"][0]


def test_a_message_about_several_visits_mentions_each_and_is_found_by_each() -> None:
    at = stage.house(email="")
    visits = [stage.visit(at, DAYS_14 + timedelta(weeks=n)) for n in range(2)]
    outbox.enqueue(appointments=visits, verb="book", now=NOW)
    for visit in visits:
        answer: Any = client(at.site, name=f"program {visit.pk}").get(
            URL, {"appointment": visit.pk, "kind": "several"}
        )
        (said,) = answer.json()["results"]
        assert [(m["appointment"], m["told_version"], m["was"]) for m in said["mentions"]] == [
            (v.pk, 0, None) for v in visits
        ]
        assert said["appointment"] == visits[0].pk


def test_list_filters() -> None:
    at = stage.house()
    stage.booked(at)
    answer: Any = client(at.site).get(URL, {"channel": "email", "state": "pending"}).json()
    assert answer["count"] == 2


@pytest.mark.parametrize(
    "query", [{"state": "nonsense"}, {"appointment": "x"}, {"patient": "9" * 30}, {"site": "\x00"}]
)
def test_a_filter_without_sense_is_an_error(query: dict[str, str]) -> None:
    at = stage.house()
    assert client(at.site).get(URL, query).status_code == 400


def test_messages_of_other_sites_are_not_there() -> None:
    stage.booked(stage.house())
    stranger = client(Site.objects.create(name="Elsewhere", zone="UTC", country="GB"))
    assert stranger.get(URL).json()["count"] == 0
    assert stranger.get(f"{URL}{Message.objects.earliest('pk').pk}/").status_code == 404


def test_messages_are_not_for_strangers_and_never_written() -> None:
    at = stage.house()
    assert client(at.site, may="view_site").get(URL).status_code == 403
    assert APIClient().get(URL).status_code == 401
    cast.staff_user("other", at.site)
    writer = APIClient()
    writer.force_authenticate(cast.staff_user("boss", at.site))
    assert writer.post(URL, {}).status_code in {403, 405}
