"""Every list of the admin: who may open it, and that a longer one costs no more queries."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from scheduling import protocols
from scheduling.core.words import Actor
from scheduling.models import (
    Absence,
    Change,
    Record,
    Room,
    Skill,
    Todo,
)
from tests import cast
from tests.cast import NOW, TODAY
from tests.scheduling import breaches
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.waiting import stage

Build = Callable[[cast.Clinic, int], None]


def _site(clinic: cast.Clinic, n: int) -> None:
    cast.site_named(f"House {n}")


def _skill(clinic: cast.Clinic, n: int) -> None:
    Skill.objects.create(code=f"skill-{n}", name=f"Skill {n}")


def _practitioner(clinic: cast.Clinic, n: int) -> None:
    skills = Skill.objects.order_by("pk")[:2]
    cast.practitioner(f"Dr {n}", clinic.site, *skills)


def _room(clinic: cast.Clinic, n: int) -> None:
    cast.place(f"Room {n}", "room", clinic.site, *Skill.objects.order_by("pk")[:2])


def _device(clinic: cast.Clinic, n: int) -> None:
    cast.place(f"Laser {n}", "device", clinic.site, *Skill.objects.order_by("pk")[:2])


def _treatment(clinic: cast.Clinic, n: int) -> None:
    skills = {skill.code: skill for skill in Skill.objects.all()}
    cast.treatment(f"Offer {n}", "ipl", (10, 20, 30), skills, laser=(0, 0), consults=(0, 0))


def _absence(clinic: cast.Clinic, n: int) -> None:
    Absence.objects.create(
        resource=[clinic.doctor, clinic.room, clinic.nurse][n % 3],
        cause="leave",
        start=NOW + timedelta(days=n),
        end=NOW + timedelta(days=n + 1),
    )


def _patient(clinic: cast.Clinic, n: int) -> None:
    cast.patient(f"Given{n}", f"Family{n}")


def _record(clinic: cast.Clinic, n: int) -> None:
    Record.objects.create(
        patient=cast.patient(f"Given{n}", f"Family{n}"),
        kind="patch_test",
        procedure="ipl",
        areas=["face"],
        start=NOW - timedelta(days=n),
        recorded_by=User.objects.get_or_create(username=f"doc-{n}")[0],
    )


def _todo(clinic: cast.Clinic, n: int) -> None:
    patient = cast.patient(f"Given{n}", f"Family{n}")
    Todo.objects.create(site=clinic.site, patient=patient, text="call", created_at=NOW)


def _change(clinic: cast.Clinic, n: int) -> None:
    user = User.objects.create(username=f"user-{n}")
    Change.objects.create(
        at=NOW, by="x", user=user, verb="add", subject="site", subject_id=n, what={"name": []}
    )


def _version(clinic: cast.Clinic, n: int) -> None:
    protocols.copy(version_id=clinic.protocol.pk, name=f"Draft {n}", by=Actor(name="x"), now=NOW)


def _user(clinic: cast.Clinic, n: int) -> None:
    cast.staff_user(f"user-{n}", clinic.site)


def _appointment(clinic: cast.Clinic, n: int) -> None:
    patient = cast.patient(f"Given{n}", f"Family{n}", consulted=True)
    screens.visit(clinic, n=n, patient_id=patient.pk)


def _waiting(clinic: cast.Clinic, n: int) -> None:
    stage.offered(stage.waits(clinic, cast.patient(f"Given{n}", f"Family{n}")))


def _text(clinic: cast.Clinic, n: int) -> None:
    breaches.text(n)


def _signed(clinic: cast.Clinic, n: int) -> None:
    breaches.signed(clinic, 10 + n)


def _history(clinic: cast.Clinic, n: int) -> None:
    breaches.handed_in(clinic)


def _intake(clinic: cast.Clinic, n: int) -> None:
    breaches.handed_over(n)


LISTS: dict[str, Build] = {
    "scheduling_intake": _intake,
    "scheduling_waitingentry": _waiting,
    "scheduling_consenttext": _text,
    "scheduling_signedconsent": _signed,
    "scheduling_submission": _history,
    "scheduling_site": _site,
    "scheduling_skill": _skill,
    "scheduling_practitioner": _practitioner,
    "scheduling_room": _room,
    "scheduling_device": _device,
    "scheduling_treatment": _treatment,
    "scheduling_absence": _absence,
    "scheduling_patient": _patient,
    "scheduling_record": _record,
    "scheduling_todo": _todo,
    "scheduling_change": _change,
    "scheduling_protocolversion": _version,
    "scheduling_appointment": _appointment,
    "auth_user": _user,
}
EMPTIED: tuple[Any, ...] = (Change, Todo, Absence)


def url(name: str, page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:{name}_{page}", args=args)


def test_every_list_of_the_ground_floor_is_here() -> None:
    registered = {
        f"{model._meta.app_label}_{model._meta.model_name}"
        for model in admin.site._registry
        if model._meta.app_label in {"scheduling", "auth"}
    }
    assert registered == set(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_list_of_three_costs_as_many_queries_as_a_list_of_one(
    clinic: cast.Clinic, name: str
) -> None:
    root = User.objects.create_superuser("root", password="a-long-password")
    client = Client()
    client.force_login(root)
    build = LISTS[name]
    build(clinic, 1)
    client.get(url(name))  # memos of the process are warm from here on

    one = queries(client, name)
    build(clinic, 2)
    build(clinic, 3)
    # The catalogue's memo is read anew after a change of the catalogue, once.
    client.get(url(name))

    assert queries(client, name) == one


def queries(client: Client, name: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url(name)).status_code == 200
    return len(captured)


DESK = {
    "scheduling_site",
    "scheduling_skill",
    "scheduling_practitioner",
    "scheduling_room",
    "scheduling_device",
    "scheduling_treatment",
    "scheduling_absence",
    "scheduling_patient",
    "scheduling_record",
    "scheduling_todo",
    "scheduling_appointment",
    "scheduling_consenttext",
    "scheduling_signedconsent",
    "scheduling_submission",
    "scheduling_waitingentry",
}
MAY_OPEN = {
    "reception": DESK,
    "clinician": DESK | {"scheduling_protocolversion"},
    "manager": DESK | {"scheduling_protocolversion", "scheduling_change", "auth_user"},
    "medical lead": {"scheduling_protocolversion", "scheduling_consenttext"},
    "stranger": set(),
}
MAY_ADD = {
    "reception": {"scheduling_patient", "scheduling_todo", "scheduling_waitingentry"},
    "clinician": {
        "scheduling_patient",
        "scheduling_todo",
        "scheduling_record",
        "scheduling_waitingentry",
    },
    "manager": {
        "scheduling_patient",
        "scheduling_todo",
        "scheduling_waitingentry",
        "scheduling_skill",
        "scheduling_practitioner",
        "scheduling_room",
        "scheduling_device",
        "scheduling_treatment",
        "scheduling_absence",
        "scheduling_consenttext",
        "auth_user",
    },
    "medical lead": {"scheduling_consenttext"},
    "stranger": set(),
}


@pytest.mark.parametrize("who", MAY_OPEN)
def test_lists_and_forms_open_for_just_those_who_need_them(
    clinic: cast.Clinic, sign_in: SignIn, who: str
) -> None:
    if who == "stranger":
        client = Client()
        client.force_login(cast.staff_user("stranger", clinic.site))
    else:
        client = sign_in(who)

    opened = {name for name in LISTS if client.get(url(name)).status_code == 200}
    added = {
        name
        for name in LISTS
        if name != "scheduling_appointment" and client.get(url(name, "add")).status_code == 200
    }

    assert (opened, added) == (MAY_OPEN[who], MAY_ADD[who])


@pytest.mark.parametrize("name", LISTS)
def test_nobody_gets_in_without_signing_in(clinic: cast.Clinic, name: str) -> None:
    answer = Client().get(url(name))
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (
        302,
        reverse("admin:login"),
    )


@pytest.mark.parametrize("name", sorted(set(LISTS) - {"scheduling_appointment"}))
def test_row_that_is_not_there_answers_404(clinic: cast.Clinic, name: str) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="a-long-password"))
    assert client.get(url(name, "change", 987654)).status_code == 404


def test_rows_of_another_site_answer_404(clinic: cast.Clinic, sign_in: SignIn) -> None:
    there = cast.site_named("There")
    room = cast.place("Far room", "room", there)
    device = cast.place("Far laser", "device", there)
    away = Absence.objects.create(site=there, cause="closure", start=NOW, end=NOW + timedelta(1))
    todo = Todo.objects.create(site=there, text="far", created_at=NOW)
    manager = sign_in("manager")
    pages = [
        url("scheduling_site", "change", there.pk),
        url("scheduling_room", "change", room.pk),
        url("scheduling_device", "change", device.pk),
        url("scheduling_absence", "change", away.pk),
        url("scheduling_todo", "change", todo.pk),
        url("scheduling_room", "history", room.pk),
        url("scheduling_absence", "delete", away.pk),
    ]
    assert {page: manager.get(page).status_code for page in pages} == dict.fromkeys(pages, 404)
    assert {page: manager.post(page, {}).status_code for page in pages} == dict.fromkeys(pages, 404)
    assert Absence.objects.filter(pk=away.pk).exists()


def test_lists_leave_out_the_rows_of_other_sites(clinic: cast.Clinic, sign_in: SignIn) -> None:
    there = cast.site_named("There")
    cast.place("Far room", "room", there)
    page = sign_in("reception").get(url("scheduling_room")).content.decode()
    assert ("Room 1" in page, "Far room" in page) == (True, False)


@pytest.mark.parametrize("name", ["scheduling_site", "scheduling_room", "scheduling_patient"])
def test_history_shows_the_trail_of_a_row(clinic: cast.Clinic, name: str) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="a-long-password"))
    row: Any = {
        "scheduling_site": clinic.site,
        "scheduling_room": Room.objects.get(),
        "scheduling_patient": clinic.patient,
    }[name]
    Change.objects.create(
        at=NOW,
        by="Sam Keeper",
        verb="change",
        subject=name.partition("_")[2],
        subject_id=row.pk,
        what={"name": ["Old", "New"], "note": []},
    )
    page = client.get(url(name, "history", row.pk)).content.decode()
    assert [word in page for word in ("Sam Keeper", "Old", "New", "note")] == [True] * 4


def test_no_list_deletes_in_bulk(clinic: cast.Clinic) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="a-long-password"))
    for name in LISTS:
        page = client.get(url(name)).content.decode()
        assert "delete_selected" not in page, name


def test_dates_are_day_first(clinic: cast.Clinic, sign_in: SignIn) -> None:
    Todo.objects.create(site=clinic.site, text="call", created_at=NOW)
    page = sign_in("reception").get(url("scheduling_todo")).content.decode()
    assert f"{TODAY.day} Jan 2027" in page
