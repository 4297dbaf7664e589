"""The outbox on screen, and the clinic's own words edited there."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic import groups
from notifications import letterbook, outbox, panels, receipts
from notifications.core.resting import Trouble
from notifications.models import Attempt, Breaker, Message, OptOut, SmsPrice
from notifications.providers import ProviderDown, SendFailed, reasons
from notifications.receipts import Event
from scheduling.models import Change, Site
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier

pytestmark = pytest.mark.django_db

LIST = "/admin/notifications/message/"
PRICES = "/admin/notifications/smsprice/"


def signed_in(*sites: Site, may: tuple[str, ...] = ("view_message",), **more: bool) -> Client:
    user: User = cast.staff_user("desk", *sites, **more)
    user.user_permissions.set(Permission.objects.filter(codename__in=may))
    client = Client()
    client.force_login(user)
    return client


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


def test_the_list_begins_with_what_is_wrong_and_goes_on_with_what_is_next() -> None:
    at = stage.house()
    stage.booked(at)
    rows = list(Message.objects.order_by("due_at", "pk"))
    assert len(rows) == 5
    hour = timedelta(hours=1)
    stand = {  # state, hours until due, hours until it is of no use
        "late": ("pending", -3, 5), "failed": ("rejected", -1, 5), "next": ("pending", 1, 5),
        "later": ("pending", 400, 500), "sent": ("accepted", -2, 5),
    }  # fmt: skip
    for row, (state, due, use) in zip(rows, stand.values(), strict=True):
        Message.objects.filter(pk=row.pk).update(
            state=state, open=state == "pending", provider_id="x",
            due_at=NOW + due * hour, not_after=NOW + use * hour,
        )  # fmt: skip
    names = dict(zip((row.pk for row in rows), stand, strict=True))
    with time_machine.travel(NOW, tick=False):
        page = signed_in(at.site).get(LIST)
    found = [names[row.pk] for row in page.context["cl"].result_list]
    assert found == ["late", "failed", "next", "later", "sent"]
    Message.objects.filter(pk=rows[1].pk).update(not_after=NOW)
    over = Message.objects.order_by(*letterbook.first_needed(now=NOW))
    assert [names[row.pk] for row in over] == ["late", "next", "later", "failed", "sent"]


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


def test_the_list_of_prices_costs_the_same_for_one_and_for_three() -> None:
    at = stage.house()
    client = signed_in(at.site, may=("view_smsprice",))
    counts = []
    for days in range(3):
        SmsPrice.objects.create(
            site=at.site, price="0.04", currency="GBP", source="a bill",
            valid_from=NOW.date() + timedelta(days),
        )  # fmt: skip
        page = client.get(PRICES)  # the catalogue's memo is read anew, once
        assert page.content.decode().count("field-__str__") == days + 1
        with CaptureQueriesContext(connection) as queries:
            client.get(PRICES)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]


@pytest.mark.parametrize(
    ("group", "answers"),
    [("manager", [200, 200, 404]), ("reception", [403] * 3), ("clinician", [403] * 3)],
)
def test_prices_open_for_managers_alone(group: str, answers: list[int]) -> None:
    at = stage.house()
    groups.ensure()
    client = signed_in(at.site, may=())
    User.objects.get(username="desk").groups.add(Group.objects.get(name=group))
    urls = (PRICES, f"{PRICES}add/", f"{PRICES}987654/change/")
    assert [client.get(url).status_code for url in urls] == answers
    assert Client().get(PRICES)["Location"].startswith("/admin/login/")


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


# ---------------------------------------------------------------- what was written


def test_a_message_reads_as_its_reader_would_see_it_now_without_a_link_that_opens() -> None:
    at = stage.house()
    made = stage.booked(at)
    stage.sweep(Carrier())
    client = signed_in(at.site)
    row = Message.objects.get(kind="booked", channel="email")
    said = client.get(f"{LIST}{row.pk}/change/").text
    assert "Dear Ada," in said
    assert "[link]" in said
    assert "/v/" not in said
    assert "As it reads now; the text that left is not kept." in said
    assert "Mon 18 Jan 2027, 14:00" in said
    assert "visits told of" not in said
    assert "has changed since this was written" not in said
    stage.change(made, "move")
    assert "has changed since this was written" in client.get(f"{LIST}{row.pk}/change/").text


def test_the_list_names_the_visit_and_says_in_words_why_a_text_did_not_arrive() -> None:
    at = stage.house()
    stage.booked(at)
    stage.sweep(Carrier())
    row = Message.objects.get(kind="booked", channel="sms")
    event = Event(
        provider="twilio", provider_id=row.provider_id, status="undelivered", code="30006"
    )
    receipts.record_receipt(event=event, now=NOW)
    said = signed_in(at.site).get(LIST, {"state": "undelivered"}).text
    assert "Mon 18 Jan 2027, 14:00" in said
    assert "This number takes no texts: it is wrong, a landline, or no longer in use." in said


def test_every_class_of_codes_has_a_sentence() -> None:
    book = reasons._book()
    classes = {*book["codes"].values(), *(kind for _, _, kind, _ in book["ranges"])}
    assert classes == set(reasons.SENTENCES)
    assert [reasons.sentence_of(code) for code in ("", "x", "999999")] == ["", "", ""]


def test_the_providers_page_shows_both_channels_while_all_is_well() -> None:
    at = stage.house()
    client = signed_in(at.site, may=("view_breaker",))
    page = "/admin/notifications/breaker/"
    assert client.get(page).text.count("Nothing sent lately.") == 2
    stage.booked(at)
    stage.sweep(Carrier())
    said = client.get(page).text
    assert "E-mail" in said
    assert said.count("<strong>works</strong>") == 2
    assert said.count("Last sent Mon 4 Jan 2027, 08:00 UTC.") == 2
    assert "1 sent" in said
