"""Every list above the ground floor: as many queries for three rows as for one, and whose it is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.authtoken.models import Token

from clinic import groups
from notifications.models import (
    Breaker,
    CareAnswer,
    CareNote,
    MessageText,
    OptOut,
    Reply,
    SmsPrice,
)
from scheduling.models import Appointment
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, House

pytestmark = pytest.mark.django_db

Build = Callable[[House, int], None]
ELSEWHERE = {"scheduling", "auth", "plans"}
"""Their lists are counted in tests/scheduling/admin and tests/plans/admin."""


def _visit(at: House, n: int) -> Appointment:
    """Write a visit of somebody of their own."""
    someone = cast.patient(f"Client{n}", "Row", phone=f"+4477009001{n:02}")
    return stage.booked(at, DAYS_14 + timedelta(days=n), patient=someone)


def _message(at: House, n: int) -> None:
    _visit(at, n)


def _reply(at: House, n: int) -> None:
    visit = _visit(at, n)
    Reply.objects.create(
        provider="twilio", provider_id=f"x{n}", channel="sms", sender="+447700900123",
        body="Is there parking?", at=NOW, patient=visit.patient, appointment=visit,
        intent="unclear",
    )  # fmt: skip


def _answer(at: House, n: int) -> None:
    CareAnswer.objects.create(
        appointment=_visit(at, n), told_version=1, day=1, answer="better", source="link", at=NOW
    )


def _note(at: House, n: int) -> None:
    CareNote.objects.exclude(code__startswith="note-").delete()  # those that come with Fallow
    CareNote.objects.create(code=f"note-{n}", name=f"Note {n}", day=n, until=n)


def _opt_out(at: House, n: int) -> None:
    said = Reply.objects.create(
        provider="twilio", provider_id=f"o{n}", channel="sms", sender=f"+4477009001{n:02}",
        body="STOP", at=NOW, intent="stop",
    )  # fmt: skip
    OptOut.objects.create(channel="sms", address=said.sender, at=NOW, source="reply", reply=said)


def _price(at: House, n: int) -> None:
    SmsPrice.objects.create(
        site=cast.site_named(f"House {n}"), price="0.04", currency="GBP", source="a bill",
        valid_from=NOW.date(),
    )  # fmt: skip


def _breaker(at: House, n: int) -> None:
    Breaker.objects.create(
        channel="sms", site=cast.site_named(f"House {n}"), provider=f"p{n}", trouble="account",
        since=NOW, until=NOW,
    )  # fmt: skip


def _text(at: House, n: int) -> None:
    language = ("en", "es", "ar")[n - 1]
    MessageText.objects.get_or_create(kind="booked", channel="sms", language=language)


def _address(at: House, n: int) -> None:
    user = cast.staff_user(f"user{n}", at.site)
    EmailAddress.objects.create(user=user, email=f"user{n}@example.org")


def _second_factor(at: House, n: int) -> None:
    user = cast.staff_user(f"user{n}", at.site)
    Authenticator.objects.create(user=user, type="recovery_codes", data={})


def _token(at: House, n: int) -> None:
    Token.objects.create(user=cast.staff_user(f"user{n}", at.site))


LISTS: dict[str, Build] = {
    "account_emailaddress": _address,
    "authtoken_tokenproxy": _token,
    "mfa_authenticator": _second_factor,
    "notifications_breaker": _breaker,
    "notifications_careanswer": _answer,
    "notifications_carenote": _note,
    "notifications_message": _message,
    "notifications_messagetext": _text,
    "notifications_optout": _opt_out,
    "notifications_reply": _reply,
    "notifications_smsprice": _price,
}
DESK = {f"notifications_{kind}" for kind in ("breaker", "careanswer", "carenote", "message",
        "optout", "reply")}  # fmt: skip
MAY_OPEN = {
    "reception": DESK,
    "clinician": DESK,
    "manager": DESK | {"notifications_messagetext", "notifications_smsprice"},
    "medical lead": set(),
    "stranger": set(),
}


def path(name: str) -> str:
    return reverse(f"admin:{name}_changelist")


def queries(client: Client, name: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path(name)).status_code == 200
    return len(captured)


def test_every_other_list_is_here() -> None:
    registered = {
        f"{model._meta.app_label}_{model._meta.model_name}"
        for model in admin.site._registry
        if model._meta.app_label not in ELSEWHERE
    }
    assert registered == set(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_list_of_three_costs_as_many_queries_as_a_list_of_one(name: str) -> None:
    client, at = Client(), stage.house()
    client.force_login(User.objects.create_superuser("root", password="a-long-password"))
    LISTS[name](at, 1)
    client.get(path(name))  # memos of the process are warm from here on
    one = queries(client, name)
    LISTS[name](at, 2)
    LISTS[name](at, 3)
    client.get(path(name))  # the catalogue's memo is read anew after a change, once
    assert queries(client, name) == one


@pytest.mark.parametrize("who", MAY_OPEN)
def test_lists_open_for_just_those_who_need_them(who: str) -> None:
    groups.ensure()
    at, client = stage.house(), Client()
    user = cast.staff_user(who, at.site)
    if who != "stranger":
        user.groups.add(Group.objects.get(name=who))
    client.force_login(user)
    assert {name for name in LISTS if client.get(path(name)).status_code == 200} == MAY_OPEN[who]


def test_nobody_gets_in_without_signing_in() -> None:
    assert {Client().get(path(name)).status_code for name in LISTS} == {302}
