"""The proof of right-to-left: an Arabic patient's e-mail, SMS and page."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from notifications.core import sms
from notifications.providers import Outgoing
from scheduling import links
from tests.notifications import courses, stage
from tests.notifications.stage import NOW, Carrier

pytestmark = pytest.mark.django_db


def sent(**facts: Any) -> dict[str, Outgoing]:
    stage.booked(stage.house(language="ar", **facts))
    carrier = Carrier()
    stage.sweep(carrier)
    return {str(x.channel): x for x in carrier.sent}


def test_the_email_runs_from_right_to_left() -> None:
    said = sent()["email"]
    assert '<html lang="ar" dir="rtl">' in said.html
    assert '<body dir="rtl">' in said.html
    assert "border-right:4px" in said.html
    assert said.subject == "موعدك في Harley House: الاثنين 18 يناير، 13:00"
    assert "الاثنين، 18 يناير 2027، 13:00\n\u2068Harley House\u2069\n" in said.text
    # else its groups of figures would be read from the last to the first
    assert "\u2066+44 20 7946 0000\u2069" in said.text
    assert "\u206812 Harley Street, London W1G 9QD\u2069" in said.text
    assert "SUMMARY:موعد في Harley House" in said.calendar


def test_the_sms_is_two_segments_of_ucs2() -> None:
    size = sms.measure(sent()["sms"].text)
    assert (size.encoding, size.segments) == (sms.Encoding.UCS2, 2)


def test_an_english_email_runs_from_left_to_right() -> None:
    stage.booked(stage.house(phone=""))
    carrier = Carrier()
    stage.sweep(carrier)
    (said,) = carrier.sent
    assert '<html lang="en" dir="ltr">' in said.html
    assert not set(said.text) & set("\u2066\u2068\u2069\u200e")


def test_several_visits_are_counted_in_the_arabic_plural() -> None:
    courses.booked(stage.house(language="ar", phone=""), 2)
    assert courses.sent()["email"].subject.startswith("مواعيدك في Harley House: موعدان، أولها ")


@pytest.mark.parametrize(
    ("hours", "said"),
    [(24, "قبل 24 ساعة على الأقل"), (2, "قبل ساعتين على الأقل"), (5, "قبل 5 ساعات على الأقل")],
)
def test_the_patients_page_runs_from_right_to_left(hours: int, said: str) -> None:
    at = stage.house(language="ar")
    at.site.cancel_notice_hours = hours
    at.site.save()
    visit = stage.visit(at, NOW + timedelta(hours=hours - 1), prep_minutes=0)
    token = links.issue(appointment=visit, now=NOW)
    import time_machine

    with time_machine.travel(NOW, tick=False):
        client = Client()
        home = client.get(f"/v/{token}/")["Location"]
        page = client.get(f"{home}cancel/").content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert said in page
    assert '<bdi dir="ltr">+44 20 7946 0000</bdi>' in page
