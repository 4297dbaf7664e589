"""What the database itself refuses of a message, whoever writes it."""

import uuid

import pytest
from django.db import IntegrityError

from notifications.models import Message
from tests.notifications import stage

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("facts", [{"state": "lost"}, {"state": "lost", "open": False}], ids=str)
def test_the_database_refuses_a_state_that_there_is_not(facts: dict[str, object]) -> None:
    rows = Message.objects.filter(pk=of_a_visit())
    with pytest.raises(IntegrityError, match="message_open_until_settled"):
        rows.update(**facts)


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"state": "dropped", "open": False}, "message_dropped_with_a_reason"),
        ({"drop_reason": "opted_out"}, "message_dropped_with_a_reason"),
        ({"state": "claimed", "leased_until": stage.NOW}, "message_lease_has_a_token"),
        ({"state": "sending", "token": uuid.UUID(int=1)}, "message_lease_has_a_token"),
        ({"state": "accepted", "open": False}, "message_accepted_with_an_id"),
        ({"appointment": None}, "message_about_a_visit_or_an_offer"),
    ],
    ids=str,
)
def test_the_database_keeps_each_rule_of_a_message(facts: dict[str, object], rule: str) -> None:
    rows = Message.objects.filter(pk=of_a_visit())
    with pytest.raises(IntegrityError, match=rule):
        rows.update(**facts)


def of_a_visit() -> int:
    made = stage.booked(stage.house())
    return int(Message.objects.filter(appointment=made).earliest("pk").pk)
