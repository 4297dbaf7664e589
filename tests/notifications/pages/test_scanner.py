"""A scanner follows and renders every link of every page: nothing of the house changes.

Mail gateways and phones open what they find, some with a browser and their owner's cookies. Here
one goes round 1,000 times by GET and HEAD, into every link, the address of every form, and addresses
that only look like acts; then every table is compared, row by row, place by place.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from itertools import cycle
from urllib.parse import urlsplit

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test import Client

from notifications import unsubscribing
from notifications.models import Message
from plans.models import Plan
from scheduling import links
from scheduling.models import Appointment, Link, Series
from tests.notifications import stage
from tests.notifications.pages.hands import signed_in
from tests.notifications.stage import NOW

pytestmark = pytest.mark.django_db

REQUESTS = 1000
ACTS = (
    "?act=confirm",
    "?act=cancel&reason=ill&birth_year=1985&version=1",
    "?answer=worse",
    "?by=sms",
)


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def fingerprint() -> dict[str, tuple[int, str]]:
    """Hash every table of the house: its rows, and where each lies, so that a row that was written
    over with itself is seen too.
    """
    found = {}
    with connection.cursor() as cursor:
        for table in sorted({model._meta.db_table for model in apps.get_models()}):
            cursor.execute(
                f"""SELECT count(*), md5(coalesce(string_agg(t.ctid || t::text, ' ' ORDER BY t.ctid), ''))
                FROM "{table}" t"""  # noqa: S608 - the house's own names
            )
            found[table] = cursor.fetchone()
    return found


def tour(client: Client) -> list[str]:
    """Build a house with something behind every kind of link, and answer where each begins."""
    at = stage.house()
    first, *_ = (stage.booked(at, NOW + timedelta(days=n)) for n in (3, 17, 31))
    done = stage.visit(at, NOW - timedelta(hours=6), status="fulfilled")
    stage.sweep(stage.Carrier())
    series = Series.objects.create(patient=at.patient, categories=[], areas=["face"])
    Plan.objects.create(
        patient=at.patient,
        site=at.site,
        series=series,
        name="Course",
        created_at=NOW,
        created_by="x",
    )
    Appointment.objects.filter(pk=first.pk).update(series=series, seq=1)
    mailed = Message.objects.filter(channel="email").first()
    assert mailed is not None
    stop = urlsplit(unsubscribing.way_out(mailed.ref.hex)).path
    purposes = ((first, "visit", "v"), (done, "care", "c"), (done, "recall", "c"))
    by_link = [
        f"/{door}/{links.issue(appointment=visit, now=NOW, purpose=purpose)}/"
        for visit, purpose, door in purposes
    ]
    return [*by_link, stop, signed_in(client, at.patient)]


def followed(client: Client, starts: list[str]) -> Iterator[tuple[str, int]]:
    """Follow every link and every form's address, again and again; answer path and status."""
    known, new = list(starts), list(starts)
    while new:
        path = new.pop(0)
        response = client.get(path)
        yield path, response.status_code
        found = [response.get("Location", "")]
        if "text/html" in response.get("Content-Type", ""):
            found += re.findall(r'(?:href|action|src)="([^"]+)"', response.content.decode())
        for each in map(unescape, found):
            if each.startswith("/") and not each.startswith("/static/") and each not in known:
                known.append(each)
                new.append(each)
    for path in cycle(known):
        yield path, client.head(path).status_code
        for act in ACTS:
            yield path + act, client.get(path + act).status_code


def test_a_thousand_looks_change_nothing(client: Client) -> None:
    starts = tour(client)
    before = fingerprint()
    seen: dict[str, int] = {}
    for count, (path, status) in enumerate(followed(client, starts), 1):
        seen.setdefault(path, status)
        if count == REQUESTS:
            break
    assert fingerprint() == before
    pages = {re.sub(r"\d+", "n", path): seen[path] for path in seen if "?" not in path}
    assert {status for path, status in pages.items()} <= {200, 302, 405}
    assert {"/v/see/n/", "/v/see/n/cancel/", "/v/see/n/calendar.ics", "/v/see/n/messages/"} <= set(
        pages
    )
    assert {
        "/my/",
        "/my/visits/n/",
        "/my/visits/n/cancel/",
        "/my/messages/",
        "/my/sign-out/",
    } <= set(pages)
    assert {"/c/see/n/"} <= set(pages)


@pytest.mark.parametrize("below", ["", "messages/"])
def test_the_comparison_sees_a_form_that_was_sent(client: Client, below: str) -> None:
    starts = tour(client)
    page = client.get(starts[0])["Location"]
    before = fingerprint()
    body = {"act": "confirm", "by": ["sms"], "version": "1", "language": "en"}
    assert client.post(page + below, body).status_code == 303
    after = fingerprint()
    assert [table for table in before if before[table] != after[table]] != []


def test_the_comparison_sees_a_row_written_over_with_itself(client: Client) -> None:
    tour(client)
    before = fingerprint()
    Link.objects.update(tries=0)
    assert fingerprint() != before
