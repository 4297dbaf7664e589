"""The outbox on screen, and the clinic's own words edited there."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications import outbox, panels, wordings
from notifications.core.resting import Trouble
from notifications.models import Attempt, Breaker, Message, MessageText, OptOut
from notifications.providers import ProviderDown, SendFailed
from scheduling.models import Change, Site
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier

pytestmark = pytest.mark.django_db

LIST = "/admin/notifications/message/"
TEXTS = "/admin/notifications/messagetext/"


def signed_in(*sites: Site, may: tuple[str, ...] = ("view_message",), **more: bool) -> Client:
    user: User = cast.staff_user("desk", *sites, **more)
    user.user_permissions.set(Permission.objects.filter(codename__in=may))
    client = Client()
    client.force_login(user)
    return client


def text(kind: str = "booked", channel: str = "sms", language: str = "en") -> MessageText:
    row, _ = MessageText.objects.get_or_create(kind=kind, channel=channel, language=language)
    return row


def editor() -> Client:
    return signed_in(may=("view_messagetext", "change_messagetext"), everywhere=True)


# ---------------------------------------------------------------- the outbox


def test_the_list_shows_each_message_and_counts_states() -> None:
    at = stage.house()
    stage.booked(at)
    stage.sweep(Carrier())
    said = signed_in(at.site).get(LIST).content.decode()
    assert "sent (2)" in said
    assert "waiting (3)" in said
    assert "reminder, 48h before" in said


def test_the_list_filters_by_state() -> None:
    at = stage.house()
    stage.booked(at)
    stage.sweep(Carrier())
    said = signed_in(at.site).get(LIST, {"state": "accepted"}).content.decode()
    assert said.count("field-what") == 2


def test_the_list_costs_the_same_for_one_and_for_many() -> None:
    at = stage.house(phone="")
    client = signed_in(at.site)
    stage.booked(at)
    counts = []
    for n in range(2):
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))
        for hours in (1, 2):
            stage.booked(at, DAYS_14 + timedelta(days=n, hours=hours))
    assert counts[0] == counts[1]


def test_messages_of_other_sites_are_not_there() -> None:
    at = stage.house()
    made = stage.booked(at)
    client = signed_in(Site.objects.create(name="Elsewhere", zone="UTC", country="GB"))
    row = Message.objects.filter(appointment=made).earliest("pk")
    assert client.get(f"{LIST}{row.pk}/change/").status_code == 404
    assert "Ada" not in client.get(LIST).content.decode()


def test_a_stranger_sees_no_messages() -> None:
    assert signed_in(may=(), everywhere=True).get(LIST).status_code == 403
    assert Client().get(LIST).status_code == 302


def test_a_message_shows_its_attempts_and_cannot_be_written() -> None:
    at = stage.house()
    stage.booked(at)
    stage.sweep(Carrier())
    row = Message.objects.filter(state="accepted").earliest("pk")
    client = signed_in(at.site)
    said = client.get(f"{LIST}{row.pk}/change/").content.decode()
    assert "taken" in said
    assert "fake-1" in said
    client.post(f"{LIST}{row.pk}/change/", {"state": "pending"})
    row.refresh_from_db()
    assert (row.state, Attempt.objects.filter(message=row).count()) == ("accepted", 1)
    assert client.get(f"{LIST}add/").status_code == 403


def test_a_message_about_several_visits_shows_them() -> None:
    at = stage.house()
    visits = [stage.visit(at, DAYS_14 + timedelta(weeks=n)) for n in range(2)]
    outbox.enqueue(appointments=visits, verb="book", now=NOW)
    row = Message.objects.get(kind="several", channel="sms")
    client = signed_in(at.site)
    said = client.get(f"{LIST}{row.pk}/change/").content.decode()
    assert [str(v) in said for v in visits] == [True, True]
    assert "several visits" in client.get(LIST).content.decode()


def test_every_state_and_reason_is_listed_with_its_count() -> None:
    at = stage.house()
    stage.change(stage.booked(at), "cancel", status="cancelled")
    said = signed_in(at.site).get(LIST).content.decode()
    for label in (
        "waiting (2)",
        "next in line (0)",
        "not sent (5)",
        "given up (0)",
        "not certain (0)",
    ):
        assert label in said
    assert "moved or cancelled before this was sent. (5)" in said


def given_up(at: stage.House, count: int = 1) -> list[Message]:
    for hours in range(count):
        stage.booked(at, DAYS_14 + timedelta(hours=hours))
    refused = [SendFailed("550", permanent=True) for _ in range(count)]
    stage.sweep(Carrier(errors=list(refused)))
    return list(Message.objects.filter(state="rejected").order_by("pk"))


@time_machine.travel(NOW, tick=False)
def test_what_was_given_up_is_sent_again_with_a_reason() -> None:
    at = stage.house(phone="")
    rows = given_up(at, 2)
    client = signed_in(at.site, may=("view_message", "replay_message"))
    asked = client.post(LIST, {"action": "send_again", "_selected_action": [r.pk for r in rows]})
    page = client.get(asked["Location"])
    assert "2 messages to send again" in page.text
    ids = [row.pk for row in rows]
    client.post(asked["Location"], {"id": ids, "reason": "The mail server was mended."})
    again = Message.objects.filter(instead_of__isnull=False)
    assert sorted(again.values_list("instead_of", "state")) == [(pk, "pending") for pk in ids]
    assert Change.objects.filter(verb="replay", by="desk").count() == 2
    told = client.post(asked["Location"], {"id": ids, "reason": "Once more"}, follow=True)
    assert "It was sent again already" in told.text
    later = Message.objects.get(instead_of=ids[0])
    assert f"message {later.pk}" in client.get(f"{LIST}{ids[0]}/change/").text
    assert f"message {ids[0]}" in client.get(f"{LIST}{later.pk}/change/").text


@time_machine.travel(NOW, tick=False)
def test_sending_again_needs_a_right_a_reason_and_the_site() -> None:
    at = stage.house(phone="")
    (row,) = given_up(at)
    page = f"{LIST}replay/?id={row.pk}"
    said = {"id": [row.pk], "reason": "Because"}
    assert signed_in(at.site).post(page, said).status_code == 403
    User.objects.all().delete()
    elsewhere = Site.objects.create(name="Elsewhere", zone="UTC", country="GB")
    may = ("view_message", "replay_message")
    assert signed_in(elsewhere, may=may).post(page, said).status_code == 404
    User.objects.all().delete()
    client = signed_in(at.site, may=may)
    assert client.get(f"{LIST}replay/?id=x").status_code == 404
    assert "Say why" in client.post(page, said | {"reason": " "}, follow=True).text
    client.get(page)
    assert Message.objects.filter(instead_of__isnull=False).count() == 0
    assert "Send again" in client.get(f"{LIST}{row.pk}/change/").text


def test_the_providers_health_is_on_the_first_page_and_in_a_list() -> None:
    at = stage.house()
    stage.booked(at)
    error = ProviderDown("HTTP 401", provider_code="20003", trouble=Trouble.ACCOUNT)
    stage.sweep(Carrier(errors=[None, error]))
    user = cast.staff_user("manager", at.site)
    user.user_permissions.set(Permission.objects.filter(codename="view_message"))
    shown = panels.of_health(user, {"now": NOW})
    assert "The provider refuses our account" in shown
    assert "code 20003; next try 08:05 UTC" in shown
    assert "rests since 4 Jan, 08:00 UTC" in shown
    assert shown.count("works</span>") == 1
    client = signed_in(at.site, may=("view_breaker", "change_breaker"))
    row = Breaker.objects.get()
    page = "/admin/notifications/breaker/"
    assert "SMS by fake" in client.get(page).text
    assert client.get(f"{page}{row.pk}/change/").status_code == 200
    client.post(page, {"action": "try_now", "_selected_action": [row.pk]})
    assert Change.objects.filter(verb="try_now", by="desk").count() == 1


def test_a_stranger_sees_no_health() -> None:
    assert panels.of_health(cast.staff_user("nobody"), {"now": NOW}) == ""
    assert (
        signed_in(may=(), everywhere=True).get("/admin/notifications/breaker/").status_code == 403
    )


def test_opt_outs_are_listed() -> None:
    OptOut.objects.create(channel="sms", address="+447700900123", at=NOW, source="provider")
    client = signed_in(may=("view_optout",), everywhere=True)
    assert "+447700900123" in client.get("/admin/notifications/optout/").content.decode()


# ---------------------------------------------------------------- wordings


def test_the_form_shows_the_shipped_wording_and_how_it_arrives() -> None:
    said = editor().get(f"{TEXTS}{text().pk}/change/").content.decode()
    assert "{clinic}: your visit is on {short_date}, {time}." in said
    assert "Harley House: your visit is on Wed 15 Sep, 14:30." in said
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


def test_a_text_about_several_visits_is_listed_and_edited() -> None:
    assert MessageText.objects.filter(kind__in=("several", "all_off")).count() == 12
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
    assert wordings.in_force(row)[1].startswith("{clinic}: your visit is on")


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


def test_the_patients_panel_shows_the_messages() -> None:
    at = stage.house()
    made = stage.booked(at)
    stage.sweep(Carrier())
    for html in (panels.of_patient(at.patient, {}), panels.of_appointment(made, {})):
        assert html.count("<li>") == 5
        assert "due Mon 11 Jan 2027, 13:00" in html


def test_the_panels_know_what_told_of_a_visit_among_others() -> None:
    at = stage.house(phone="")
    first, second = (stage.visit(at, DAYS_14 + timedelta(weeks=n)) for n in range(2))
    outbox.enqueue(appointments=[first, second], verb="book", now=NOW)
    stage.sweep(Carrier())
    assert panels.of_appointment(second, {}).count("<li>") == 2
    tag = '<span class="desk-tag good">e-mail sent</span>'
    assert panels.marks([first, second]) == {first.pk: tag, second.pk: tag}
    stage.change(first, "move")
    assert panels.marks([first, second]) == {second.pk: tag}


def test_the_desk_hears_of_several_visits_that_were_not_told_while_one_is_to_come() -> None:
    at = stage.house(phone="")
    visits = [stage.visit(at, DAYS_14 + timedelta(weeks=n)) for n in range(2)]
    outbox.enqueue(appointments=visits, verb="book", now=NOW)
    stage.sweep(Carrier(errors=[SendFailed("550", permanent=True)]))
    user = cast.staff_user("desk", at.site)
    user.user_permissions.set(Permission.objects.filter(codename="view_message"))
    later = {"now": DAYS_14 + timedelta(days=1)}
    assert "several visits by e-mail" in " ".join(panels.of_desk(user, later).split("</small>"))
    for visit in visits:
        stage.change(visit, "move")
    assert panels.of_desk(user, later) == ""


def test_the_panel_is_empty_without_messages() -> None:
    assert panels.of_patient(stage.house().patient, {}) == ""
