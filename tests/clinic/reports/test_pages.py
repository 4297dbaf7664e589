import csv
import io
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic import groups
from clinic.reports import shelf
from tests import cast
from tests.scheduling.reports import ledger

REPORTS = "/admin/reports/"
SPRING = "period=custom&first=2027-03-22&last=2027-04-04"
SLUGS = [entry.slug for entry in shelf.SHELF]


@pytest.fixture(autouse=True)
def _morning() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


def signed_in(group: str, *sites: object, everywhere: bool = False) -> Client:
    groups.ensure()
    user = cast.staff_user(f"a-{group}", *sites, everywhere=everywhere)  # type: ignore[arg-type]
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def read(answer: object) -> list[list[str]]:
    """Read a CSV: its lines after the empty one."""
    text = answer.content.decode("utf-8-sig")  # type: ignore[attr-defined]
    lines = list(csv.reader(io.StringIO(text)))
    return lines[lines.index([]) + 1 :]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("group", "open_ones"),
    [
        ("manager", set(SLUGS)),
        ("clinician", {"overrides", "refusals", "adherence"} & set(SLUGS)),
        ("reception", set()),
        ("medical lead", set()),
    ],
)
def test_each_reads_what_is_theirs(group: str, open_ones: set[str]) -> None:
    clinic = cast.build()
    client = signed_in(group, clinic.site)
    for slug in SLUGS:
        for address in ("", "rows/", "rows.csv", "table.csv"):
            status = client.get(f"{REPORTS}{slug}/{address}").status_code
            assert status == (200 if slug in open_ones else 403), (slug, address)
    assert client.get(REPORTS).status_code == (200 if open_ones else 403)
    menu = client.get("/admin/").content.decode()
    assert (f"{REPORTS}utilisation/" in menu) == ("utilisation" in open_ones)
    assert (f"{REPORTS}overrides/" in menu) == ("overrides" in open_ones)


@pytest.mark.django_db
def test_strangers_are_sent_to_the_door() -> None:
    for slug in SLUGS:
        assert Client().get(f"{REPORTS}{slug}/").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("slug", SLUGS)
def test_an_empty_period_says_so(slug: str) -> None:
    clinic = cast.build()
    client = signed_in("manager", clinic.site)
    page = client.get(f"{REPORTS}{slug}/?period=month&on=2020-01-01").content.decode()
    assert "desk-empty" in page or "Nothing in this period" in page or slug == "utilisation"
    rows = client.get(f"{REPORTS}{slug}/rows/?period=month&on=2020-01-01").content.decode()
    assert "Nothing in this period." in rows


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    ["period=x", "period=custom&first=2027-02-01&last=2027-01-01", "period=custom&first=2020-01-01&last=2026-01-01",
     "period=custom", "period=month&on=1970-01-01", "period=quarter&on=2199-12-31", "on=2027-13-45", "site=9999999999999999999",
     "page=0", "page=99999", "hour=999&treatment=abc&told=7&lead=9&outcome=x&by=x&at=5&what=texts"],
)  # fmt: skip
def test_whatever_is_asked_is_answered(query: str) -> None:
    clinic = cast.build()
    client = signed_in("manager", clinic.site)
    for slug in SLUGS:
        for address in ("", "rows/", "rows.csv", "table.csv"):
            assert client.get(f"{REPORTS}{slug}/{address}?{query}").status_code == 200, (
                slug,
                address,
            )
    assert client.get(f"{REPORTS}nothing/").status_code == 404
    assert client.post(f"{REPORTS}utilisation/").status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("on=2026-02-30", "Write a date as 2027-03-28. This month is shown."),
        ("site=999", "There is no such site of yours; all of yours are shown."),
    ],
)
def test_what_cannot_be_asked_is_said_on_the_page_and_in_the_file(query: str, said: str) -> None:
    clinic = cast.build()
    client = signed_in("manager", clinic.site)
    for address in ("", "rows/", "rows.csv", "table.csv"):
        assert said in client.get(f"{REPORTS}attendance/{address}?{query}").content.decode()


@pytest.mark.django_db
def test_another_site_is_neither_counted_nor_listed() -> None:
    book = ledger.written(2, 80)
    client = signed_in("manager", book.clinic.site)
    mine = read(client.get(f"{REPORTS}attendance/rows.csv?{SPRING}&site={book.other.pk}"))
    assert {line[1] for line in mine[1:]} == {book.clinic.site.name}


@pytest.mark.django_db
def test_a_longer_period_costs_no_more_queries() -> None:
    ledger.written(3, 60)
    client = signed_in("manager", everywhere=True)
    for slug in SLUGS:
        counts = []
        for query in ("period=custom&first=2027-03-24&last=2027-03-25", SPRING):
            for address in ("", "rows/"):
                client.get(f"{REPORTS}{slug}/{address}?{query}")
                with CaptureQueriesContext(connection) as queries:
                    client.get(f"{REPORTS}{slug}/{address}?{query}")
                counts.append(len(queries))
        assert counts[:2] == counts[2:], slug


@pytest.mark.django_db
def test_definitions_stand_in_the_file() -> None:
    clinic = cast.build()
    client = signed_in("manager", clinic.site)
    text = client.get(f"{REPORTS}utilisation/table.csv?table=resource").content.decode("utf-8-sig")
    assert '"Definition","Minutes of visits as a share of open minutes.' in text
    figures = client.get(f"{REPORTS}utilisation/table.csv").content.decode("utf-8-sig")
    assert "Minutes held while the resource was closed" in figures
