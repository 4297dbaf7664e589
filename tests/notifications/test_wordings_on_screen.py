"""The clinic's own words, edited on screen."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from notifications import outbox, wordings
from notifications.models import MessageText
from scheduling.models import Change, Site
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier
from tests.notifications.test_admin import signed_in

pytestmark = pytest.mark.django_db

TEXTS = "/admin/notifications/messagetext/"


def text(kind: str = "booked", channel: str = "sms", language: str = "en") -> MessageText:
    row, _ = MessageText.objects.get_or_create(kind=kind, channel=channel, language=language)
    return row


def editor() -> Client:
    return signed_in(may=("view_messagetext", "change_messagetext"), everywhere=True)


def test_the_form_shows_the_shipped_wording_and_how_it_arrives() -> None:
    said = editor().get(f"{TEXTS}{text().pk}/change/").content.decode()
    assert "{clinic}: your visit is {short_date}, {time}." in said
    assert "Harley House: your visit is Wed 15 Sep, 14:30." in said
    assert "GSM-7" in said
    assert "1 segment<" in said


def test_the_preview_is_of_the_next_real_visit() -> None:
    at = stage.house()
    stage.visit(at)
    said = editor().get(f"{TEXTS}{text().pk}/change/").content.decode()
    assert "Shown on the visit of Ada Pine on 18 January 2027" in said
    assert "Mon 18 Jan, 13:00" in said


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (
            "several",
            [
                "1. Monday 18 January 2027, 13:00",
                "2. Monday 15 February 2027, 13:00 (was Sun 14 Feb, 13:00)",
                "3. Cancelled: Monday 15 March 2027, 13:00",
            ],
        ),
        (
            "all_off",
            [
                "1. Monday 18 January 2027, 13:00",
                "2. Monday 15 February 2027, 13:00",
                "3. Monday 15 March 2027, 13:00",
            ],
        ),
    ],
)
def test_the_preview_of_several_visits_makes_two_up(kind: str, lines: list[str]) -> None:
    stage.visit(stage.house())
    said = editor().get(f"{TEXTS}{text(kind, 'email').pk}/change/").content.decode()
    assert "Ada Pine on 18 January 2027, and two made-up ones after it." in said
    assert "\n".join(lines) in said
    assert "<code>{visits}</code>" in said


@pytest.mark.parametrize("body", ["Hello {nickname}", "{clinic} {date} {time}", "a brace { alone"])
def test_a_text_that_cannot_be_sent_comes_back_with_its_error(body: str) -> None:
    row = text()
    page = editor().post(f"{TEXTS}{row.pk}/change/", {"subject": "", "body": body})
    said = page.content.decode()
    assert page.status_code == 200
    assert page.context["adminform"].form.errors
    assert body in said
    assert 'data-part="error">' in said
    row.refresh_from_db()
    assert row.body == ""


def test_who_may_only_look_sees_how_it_arrives() -> None:
    looker = signed_in(may=("view_messagetext",), everywhere=True)
    assert "GSM-7" in looker.get(f"{TEXTS}{text().pk}/change/").content.decode()


def test_a_text_about_several_visits_is_edited() -> None:
    row, client = text("several"), editor()
    body = "{clinic}: {count} visits. {link} {phone}"
    client.post(f"{TEXTS}{row.pk}/change/", {"subject": "", "body": body})
    at = stage.house(email="")
    visits = [stage.visit(at, DAYS_14 + timedelta(weeks=n)) for n in range(2)]
    outbox.enqueue(appointments=visits, verb="book", now=NOW)
    carrier = Carrier()
    stage.sweep(carrier)
    assert carrier.sent[0].text.startswith("Harley House: 2 visits. http")
    said = client.post(f"{TEXTS}{row.pk}/change/", {"subject": "", "body": body + "{visits}"})
    assert (
        "“{visits}” is not a blank that can be filled. Known are {clinic}, "
        in said.content.decode()
    )


def test_a_new_wording_is_kept_and_used() -> None:
    row, client = text(), editor()
    body = "{clinic}: {date} {time}. {link} {phone}"
    answer = client.post(f"{TEXTS}{row.pk}/change/", {"subject": "", "body": body})
    row.refresh_from_db()
    assert (answer.status_code, row.body, row.changed_by) == (302, body, "desk")
    assert Change.objects.get(verb="reword").what["text"] == ["", body]
    stage.booked(stage.house(email=""))
    carrier = Carrier()
    stage.sweep(carrier)
    assert carrier.sent[0].text.startswith("Harley House: Monday 18 January 2027 13:00. http")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{clinic} {treatment}", "is not a blank that can be filled"),
        ("See you", "The text must contain"),
        ("{clinic} {date} {time} {phone} {link} " + "x" * 400, "would cost 4 messages"),
    ],
)
def test_a_wording_that_cannot_be_sent_is_refused(body: str, why: str) -> None:
    row = text()
    answer = editor().post(f"{TEXTS}{row.pk}/change/", {"subject": "", "body": body})
    row.refresh_from_db()
    assert why in answer.content.decode()
    assert row.body == ""


def test_emptying_a_wording_brings_the_shipped_one_back() -> None:
    row, client = text(), editor()
    MessageText.objects.filter(pk=row.pk).update(body="{clinic} {date} {time} {link} {phone}")
    client.post(f"{TEXTS}{row.pk}/change/", {"subject": "", "body": " "})
    row.refresh_from_db()
    assert wordings.in_force(row)[1].startswith("{clinic}: your visit is {short_date}")


def test_the_live_preview_counts_segments_and_names_what_is_swapped() -> None:
    row, client = text(), editor()
    body = "{clinic}\u2019s: {short_date} {time} {phone} {link}"
    answer = client.post(f"{TEXTS}{row.pk}/preview/", {"body": body}).json()
    assert answer["swapped"] == ["\u2019 \u2192 '"]
    assert answer["cost"] == "one message"
    assert answer["text"].startswith("Harley House's: Wed 15 Sep 14:30 +442079460000 http")
    bad = client.post(f"{TEXTS}{row.pk}/preview/", {"body": "{nonsense}"}).json()
    assert bad["error"].startswith(
        "\u201c{nonsense}\u201d is not a blank that can be filled. Known are "
    )


def test_the_live_preview_is_not_for_strangers() -> None:
    row = text()
    assert signed_in(everywhere=True).post(f"{TEXTS}{row.pk}/preview/").status_code in {403, 404}
    assert editor_get(row) == 404


def editor_get(row: MessageText) -> int:
    user = User.objects.create_superuser("boss", password="a-long-password")
    client = Client()
    client.force_login(user)
    status: int = client.get(f"{TEXTS}{row.pk}/preview/").status_code
    return status


def test_the_preview_is_shown_on_the_visit_that_was_chosen() -> None:
    at = stage.house()
    stage.visit(at)
    later = stage.visit(at, DAYS_14 + timedelta(days=7))
    url = f"{TEXTS}{text().pk}/change/?visit={later.pk}"
    said = editor().get(url).content.decode()
    assert "Shown on the visit of Ada Pine on 25 January 2027" in said
    assert f'<option value="{later.pk}" selected>Ada Pine, 25 January 2027, Harley House' in said
    assert f"/preview/?visit={later.pk}" in said
    assert "Mon 25 Jan, 13:00" in said


@pytest.mark.parametrize("chosen", ["0", "x", "9" * 40, ""])
def test_a_visit_that_is_not_there_gives_way_to_the_next(chosen: str) -> None:
    stage.visit(stage.house())
    said = editor().get(f"{TEXTS}{text().pk}/change/?visit={chosen}").content.decode()
    assert "Shown on the visit of Ada Pine on 18 January 2027" in said


def test_a_visit_of_another_site_is_not_shown() -> None:
    hidden = stage.visit(stage.house())
    here = Site.objects.create(name="Elsewhere", zone="UTC", country="GB")
    client = signed_in(here, may=("view_messagetext", "change_messagetext"))
    said = client.get(f"{TEXTS}{text().pk}/change/?visit={hidden.pk}").content.decode()
    assert "Shown on a made-up visit" in said
    assert "Ada" not in said


def test_the_page_brings_what_the_browser_counts_with() -> None:
    client = editor()
    said = client.get(f"{TEXTS}{text().pk}/change/").content.decode()
    assert '"most": 2' in said
    assert '"short_date": "Wed 15 Sep"' in said
    assert "notifications/sms.js" in said
    mail = client.get(f"{TEXTS}{text(channel='email').pk}/change/").content.decode()
    assert '<script id="wording-values" type="application/json">{}</script>' in mail


def test_the_clinic_sets_how_many_segments_an_sms_may_cost(settings: Any) -> None:
    row, body = text(), "{clinic} {date} {time} {phone} {link} " + "x" * 300
    settings.SMS_SEGMENTS = 3
    answer = editor().post(f"{TEXTS}{row.pk}/change/", {"subject": "", "body": body})
    assert answer.status_code == 302


# ---------------------------------------------------------------- panels
