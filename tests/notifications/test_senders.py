"""Each site's own sender: the From address of its e-mails, the number of its texts."""

import re
from email import message_from_bytes

import pytest
from django.core.exceptions import ValidationError

from notifications.providers.smtp import Smtp
from scheduling.models import Site
from scheduling.models.places import sms_sender
from tests.notifications import letters, stage
from tests.notifications.stage import Carrier

SERVICE = "MG0123456789abcdef0123456789abcdef"


@pytest.mark.django_db
def test_a_sites_messages_come_from_its_own_senders() -> None:
    at = stage.house()
    Site.objects.update(email_from="desk@harley.example", sms_sender="Harley")
    stage.booked(at)
    carrier = Carrier()
    stage.sweep(carrier)
    found = {x.channel: x for x in carrier.sent}
    assert {str(c): x.sender for c, x in found.items()} == {
        "email": "desk@harley.example",
        "sms": "Harley",
    }
    # mail programs take an invitation only from whom the e-mail comes from
    assert re.findall(r"ORGANIZER[^\n]*mailto:([^\r\n]+)", _unfolded(found)) == [
        "desk@harley.example"
    ]


def _unfolded(found: dict[object, object]) -> str:
    (text,) = [x.calendar for x in found.values() if x.calendar]  # type: ignore[attr-defined]
    return str(text).replace("\r\n ", "")


@pytest.mark.django_db
def test_a_site_without_its_own_uses_the_houses() -> None:
    stage.booked(stage.house())
    carrier = Carrier()
    stage.sweep(carrier)
    assert {x.sender for x in carrier.sent} == {""}


def test_an_email_names_its_sender_and_keeps_its_message_id() -> None:
    """The id stays with the house, so that it is the same whichever address sends."""
    smtp = Smtp(sender="Clinic <clinic@example.org>")
    ours = message_from_bytes(smtp.encode(letters.email()))
    theirs = message_from_bytes(
        smtp.encode(letters.email(sender="desk@harley.example", sender_name="Harley"))
    )
    assert (ours["From"], theirs["From"]) == (
        "Clinic <clinic@example.org>",
        "Harley <desk@harley.example>",
    )
    assert ours["Message-ID"] == theirs["Message-ID"]


@pytest.mark.parametrize("name", ["+442079460000", "Harley", "Harley Hse1", SERVICE])
def test_senders_that_networks_take(name: str) -> None:
    sms_sender(name)


@pytest.mark.parametrize(
    "name", ["442079460000", "+0123456", "Harley House 12", "12345", "Häuser", "+44 207"]
)
def test_senders_that_networks_refuse(name: str) -> None:
    with pytest.raises(ValidationError):
        sms_sender(name)
