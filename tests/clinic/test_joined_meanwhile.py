"""Two records become one while their patient presses: each press is done for who stays, or answered.

The joining stands still before it commits, so that every press meets it.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connections
from django.test import Client

from clinic import http
from scheduling import links, merging, todos
from scheduling.merging import Agreed, Pair, joining
from scheduling.models import Convenience, Link, Patient, Todo
from tests import cast, neighbours
from tests.clinic.test_patients_doors import YES, code_of, link_of
from tests.neighbours import BO, Street
from tests.notifications import stage as messages
from tests.scheduling.pages import booked, way

pytestmark = pytest.mark.django_db(transaction=True)
BY = cast.reception()

Press = tuple[Client, str, dict[str, Any]]


def presses(street: Street) -> dict[str, Press]:
    """List forms that Bo has open, on telephones of his own."""
    link, home = link_of(street, "bo"), f"/v/see/{street.link('bo').pk}/"
    waits = booked.phone(street.bo, BO)
    booked.wanted(waits, street.clinic.review)
    return {
        "another time": (link, home, {"act": "move", "wish": "Mondays"}),
        "convenient": (link, f"{home}move/", {"act": "wish", "weekday": "1", "part": "morning"}),
        "one answer": (link, f"{home}forms/history/sun/", YES),
        "all answers": (link, way.answer(link, home), {}),
        "waits": (waits, "/my/waiting/join/", {"weeks": "2"}),
        "erase": (code_of(street.bo, BO), "/my/data/", {"act": "erase"}),
        "worse": (*cared_for(street), {"answer": "worse", "words": "It stings"}),
    }


def cared_for(street: Street) -> tuple[Client, str]:
    at = messages.House(street.clinic.site, street.clinic.review, street.bo)
    done = messages.visit(at, cast.at(cast.day(-1), 14), status="fulfilled", areas=[])
    token = links.issue(appointment=done, now=cast.NOW, purpose=Link.Purpose.CARE)
    client = Client()
    return client, client.get(f"/c/{token}/")["Location"]


def joins(street: Street) -> Callable[[], Patient]:
    pair = Pair(stays=street.ada.pk, goes=street.bo.pk)
    shown = merging.preview(pair=pair, by=BY, now=cast.NOW)
    agreed = Agreed(versions=shown.versions, seen=shown.seen)
    return lambda: merging.merge(pair=pair, agreed=agreed, by=BY, now=cast.NOW)


def pressed(press: Press) -> int:
    client, path, said = press
    client.raise_request_exception = False
    try:
        return client.post(path, said).status_code
    finally:
        connections.close_all()


def test_who_presses_while_they_are_joined_with_another_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def wait(*_: object) -> list[Any]:
        inside.set()
        go_on.wait(20)
        return []

    with time_machine.travel(cast.NOW, tick=False), ThreadPoolExecutor(8) as pool:
        street = neighbours.built()
        asked, join = presses(street), joins(street)
        monkeypatch.setattr(joining, "_broken", wait)
        joined = pool.submit(lambda: (join(), connections.close_all()))
        assert inside.wait(20)
        answers = {name: pool.submit(pressed, each) for name, each in asked.items()}
        threading.Event().wait(1)  # by now each waits for the joining, or has been answered
        go_on.set()
        joined.result(30)
        said = {name: each.result(30) for name, each in answers.items()}
    assert said == {
        "another time": 303,
        "convenient": 404,
        "one answer": 404,
        "all answers": 404,
        "waits": 404,
        "erase": 404,
        "worse": 404,
    }
    assert Todo.objects.get(kind=todos.ASKS_TO_MOVE).patient_id == street.ada.pk
    assert not Convenience.objects.exists()


def test_other_breaches_stay_faults_of_ours() -> None:
    assert not http.is_gone(IntegrityError("no cause"))
    assert http.problem(IntegrityError("no cause"), {}) is None
