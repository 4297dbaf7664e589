"""Signing in, step by step, as a browser does it."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import time_machine
from django.db import connections
from django.test import Client

from notifications import signin
from scheduling import visitors
from scheduling.models import PatientSession
from tests.notifications import stage
from tests.notifications.stage import NOW, Carrier, Clock

ASK, CODE, DATE = "/my/sign-in/", "/my/sign-in/code/", "/my/sign-in/date/"
PHONE = "+447700900123"


def delivered(now: datetime = NOW, carrier: Carrier | None = None) -> list[str]:
    """Send the codes that wait, and answer those that arrived, in order."""
    taken, clock = carrier or Carrier(), Clock(now)
    before = len(taken.sent)
    signin.send(clock=clock, using=stage.desk(taken, clock))
    return [code_in(sent.text) for sent in taken.sent[before:]]


def code_in(text: str) -> str:
    """Find the code at the beginning of a message."""
    found = re.match(r"\d{6}\b", text)
    assert found, text
    return found[0]


def asked(client: Client, address: str = PHONE, **more: str) -> str:
    """Ask for a code and answer the one that arrives."""
    response = client.post(ASK, {"address": address} | more)
    assert (response.status_code, response["Location"]) == (303, CODE), response.content.decode()
    return delivered()[-1]


def proved(client: Client, address: str = PHONE, **more: str) -> None:
    """Ask for a code and type it."""
    response = client.post(CODE, {"code": asked(client, address, **more)})
    assert (response.status_code, response["Location"]) == (303, DATE)


def born(client: Client, day: str) -> object:
    """Type a date of birth, given as 1990-03-27."""
    year, month, date = day.split("-")
    return client.post(DATE, {"year": year, "month": month, "day": date})


def clock(now: datetime = NOW) -> time_machine.travel:
    """Stop the pages' clock."""
    return time_machine.travel(now, tick=False)


def text_of(response: object) -> str:
    """Read a page as a person does."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())  # type: ignore[attr-defined]


def at_once(ask: Callable[[], int], clients: int) -> list[int]:
    """Let so many ask in the same moment; answer what each got."""
    gun = threading.Barrier(clients)

    def one(_: int) -> int:
        gun.wait()
        try:
            return ask()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(one, range(clients)))


def inside(response: object) -> PatientSession:
    """Find the session that the cookie of an answer opens."""
    token = response.cookies["patient"].value  # type: ignore[attr-defined]
    return visitors.recognise(token=token, now=NOW)
