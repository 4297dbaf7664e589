"""A link of before its visit moved: told kindly, with a way in, and nothing of the visit on it."""

import pytest
from django.test import Client

from tests.notifications import stage
from tests.notifications.pages.hands import opened, text_of

pytestmark = pytest.mark.django_db


def test_a_moved_visit_is_told_with_a_way_to_see_it(client: Client) -> None:
    made = stage.booked(stage.house())
    page = opened(client, made)
    stage.change(made, "move", start=made.start.replace(hour=9), end=made.end.replace(hour=9))
    answer = client.get(page)
    said = text_of(answer)
    assert answer.status_code == 410
    assert "Your visit has been moved" in said
    assert 'href="/my/sign-in/"' in answer.content.decode()
    assert [w for w in ("Ada", "Laser", "January", "09:00", "14:00", "13:00") if w in said] == []


def test_a_visit_that_is_off_is_not_called_moved(client: Client) -> None:
    made = stage.booked(stage.house())
    page = opened(client, made)
    stage.change(made, "cancel", status="cancelled")
    said = text_of(client.get(page))
    assert ("moved" in said, "Sign in to see your visits" in said) == (False, True)


def test_a_link_that_never_was_offers_nothing(client: Client) -> None:
    answer = client.get("/v/" + "x" * 43 + "/")
    assert (answer.status_code, "sign-in" in answer.content.decode()) == (404, False)
