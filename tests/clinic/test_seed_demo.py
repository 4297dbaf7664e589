"""The demo clinic: complete after one run, the same after two, with stories that hold."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from rest_framework.authtoken.models import Token

from notifications.models import CareAnswer, Message, Reply
from plans import courses
from plans.courses import Standing, State
from plans.models import Plan
from scheduling import access, diary, protocols
from scheduling.core.words import Wish
from scheduling.models import (
    Appointment,
    Capability,
    Override,
    Patient,
    ProtocolVersion,
    Record,
    Resource,
    Site,
    Todo,
    Treatment,
)

pytestmark = pytest.mark.django_db
MONDAY = datetime(2027, 1, 11, 11, 30, tzinfo=UTC)


def seed() -> list[str]:
    out = StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[str]]:
    """Load the demo once, in a transaction around those of all tests here."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined] -- what is durable may lie in it
    with django_db_blocker.unblock(), around:
        with time_machine.travel(MONDAY, tick=False):
            lines = seed()
        yield lines
        transaction.set_rollback(True)


@pytest.fixture
def seeded(loaded: list[str]) -> Iterator[list[str]]:
    with time_machine.travel(MONDAY, tick=False):
        yield loaded


def refusals(who: str, what: str, day: date, **facts: Any) -> set[str]:
    given, _, family = who.partition(" ")
    wish = Wish(
        site_id=Site.objects.get(zone="Europe/London").pk,
        treatment_id=Treatment.objects.get(name=what).pk,
        patient_id=Patient.objects.get(given_name=given, family_name=family).pk,
        **{"areas": ("face",), "size": "face", "depth": "superficial", **facts},
    )
    start = datetime(day.year, day.month, day.day, 11, 0, tzinfo=UTC)
    reasons = diary.explain_start(wish=wish, start=start, now=MONDAY)
    return {r.code for r in reasons if r.severity != "advisory" and "-" in r.code}


def test_demo_tells_who_may_sign_in(seeded: list[str]) -> None:
    token = Token.objects.get()
    assert seeded == [
        "sign-in reception reception fallow-reception",
        "sign-in clinician clinician fallow-clinician",
        "sign-in manager manager fallow-manager",
        f"token {token.key}",
    ]
    for line in seeded[:3]:
        _, role, name, password = line.split()
        user = User.objects.get(username=name)
        assert user.check_password(password)
        assert role in set(user.groups.values_list("name", flat=True))
    clinician = User.objects.get(username="clinician")
    assert access.actor_of(clinician).may_override
    assert clinician.has_perm("scheduling.activate_protocol")


def test_demo_has_what_a_clinic_needs(seeded: list[str]) -> None:
    assert sorted(Site.objects.values_list("zone", flat=True)) == ["Europe/London", "Europe/Madrid"]
    kinds = {
        kind: Resource.objects.filter(kind=kind).count()
        for kind in ("practitioner", "room", "device")
    }
    assert kinds == {"practitioner": 5, "room": 4, "device": 7}
    assert Capability.objects.exclude(valid_until=None).count() == 1
    assert protocols.active() == ProtocolVersion.objects.get()
    resurfacing = Treatment.objects.get(procedure="fractional_ablative")
    room = resurfacing.needs.get(kind="room")
    assert (resurfacing.minutes_least, resurfacing.minutes_most) == (30, 45)
    assert (room.from_min, room.until_min) == (-60, 10)


def test_demo_diary_is_alive(seeded: list[str]) -> None:
    coming = Appointment.objects.filter(status="booked", start__gt=MONDAY, series=None)
    assert coming.count() == 17
    assert coming.filter(start__lt=MONDAY + timedelta(days=2)).count() >= 5
    assert coming.exclude(confirmed_at=None).count() == 4  # one of them by a text
    assert coming.filter(zone="Europe/Madrid").count() == 3
    assert (
        Appointment.objects.filter(status="fulfilled", start__lt=MONDAY, series=None).count() == 9
    )
    assert Appointment.objects.filter(local_date=MONDAY.date(), status="fulfilled").count() == 2
    assert set(Override.objects.values_list("by_name", flat=True)) == {"Amara Lind"}


STORIES: tuple[tuple[str, str, dict[str, Any], set[str]], ...] = (
    ("Ada Pine", "Dermal filler", {}, {"SEED-GAP-RF", "SEED-RECOVERY"}),
    ("Clara Moss", "Non-ablative resurfacing", {}, {"SEED-CONSULT"}),
    ("Dev Rowan", "IPL photorejuvenation", {}, {"LIT-FITZ-PATCH"}),
    ("Elsa Heath", "Non-ablative resurfacing", {"areas": ("hands",)}, {"LIT-SUN"}),
    ("Hana Field", "Non-ablative resurfacing", {"areas": ("cheeks",)}, {"SEED-ADVERSE"}),
    ("June Alder", "Non-ablative resurfacing", {}, {"LIT-PREGNANCY"}),
    ("Kai Sorrel", "Dermal filler", {"areas": ("hands",)}, {"JUR-ENG-U18"}),
    ("Ivo Marsh", "Fractional CO2 resurfacing", {"areas": ("hands",)}, set()),
)


def test_demo_stories_show_the_rules(seeded: list[str]) -> None:
    day = (MONDAY + timedelta(days=2)).date()
    told = {(who, what): refusals(who, what, day, **facts) for who, what, facts, _ in STORIES}
    assert told == {(who, what): codes for who, what, _, codes in STORIES}


def test_demo_inbox_has_one_message_of_each_kind_that_a_reception_sees(seeded: list[str]) -> None:
    rows = list(Reply.objects.select_related("patient", "todo").order_by("pk"))
    by_intent: dict[str, set[str]] = {}
    for row in rows:
        by_intent.setdefault(row.intent, set()).add(row.state)
    assert by_intent == {
        "confirm": {"acted"},
        "cancel": {"open"},
        "unclear": {"open"},
        "opt_out": {"acted"},
        "help": {"acted"},
        "other": {"open", "answered"},
    }
    asked = [row for row in rows if row.todo is not None]
    assert {row.intent for row in asked} == {"cancel", "unclear"}
    assert {row.channel for row in rows if row.state == "open"} == {"email", "sms"}
    assert [row.body for row in rows if row.patient is None] == [
        "Hi, it's Nell, this is my new number"
    ]
    assert [row.pictures for row in rows if row.pictures] == [2]
    assert all(row.at < MONDAY for row in rows)
    assert Message.objects.filter(kind="answer", channel="sms").count() == 1


def test_demo_rings_each_bell_once_however_much_it_changes(seeded: list[str]) -> None:
    """A heap of chores would stand before the first message."""
    rung = [each[1] for each in connection.run_on_commit]
    assert rung
    assert len(rung) == len(set(rung))


def counts() -> dict[str, int]:
    models = (
        Site, Resource, Capability, Treatment, Patient, Record, Appointment, User, Token, Reply,
        Todo, Message,
    )  # fmt: skip
    return {model.__name__: model.objects.count() for model in models}


def test_second_run_on_the_same_day_changes_nothing(seeded: list[str]) -> None:
    before = counts()
    assert seed() == seeded
    assert counts() == before


def test_run_of_another_week_tells_the_stories_anew(seeded: list[str]) -> None:
    later = MONDAY + timedelta(days=8)
    with time_machine.travel(later, tick=False):
        seed()
    ada = Appointment.objects.filter(
        patient__given_name="Ada", status="fulfilled", treatment__procedure="fractional_ablative"
    )
    assert ada.filter(local_date__gte=(later - timedelta(days=5)).date()).count() == 1
    assert Appointment.objects.filter(status="booked", start__gt=later).count() > 5


def test_demo_has_plans_in_every_state(seeded: list[str]) -> None:
    views = [v for p in Patient.objects.all() for v in courses.of_patient(p.pk, now=MONDAY)]
    assert {view.standing for view in views} == set(Standing)
    assert {session.state for view in views for session in view.sessions} == set(State)
    assert {view.patient for view in views if view.needs_reflow} == {"Vera Holm"}
    assert any(session.due for view in views for session in view.sessions)


def test_demo_shows_missing_papers_answers_to_review_and_a_stale_proposal(
    seeded: list[str],
) -> None:
    coming = Appointment.objects.filter(status="booked", start__gte=MONDAY, series=None)
    lacking = diary.lacking(visits=list(coming.select_related("patient")), now=MONDAY)
    who = {visit.pk: str(visit.patient) for visit in coming.select_related("patient")}
    found = {who[pk] for pk, records in lacking.items() if "consent" in records}
    assert {"Greta Brook", "Ivo Marsh"} <= found
    worse = CareAnswer.objects.get(answer="worse")
    assert (str(worse.appointment.patient), worse.event.end_date) == ("Hana Field", None)
    proposals = [
        found
        for pk in Plan.objects.order_by("pk").values_list("pk", flat=True)
        if (found := courses.view(pk, now=MONDAY).proposal)
    ]
    assert sorted((p.stale, p.held_until is not None) for p in proposals) == [
        (False, True), (True, False),
    ]  # fmt: skip
