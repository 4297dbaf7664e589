"""The diary: a day of 12 practitioners and 200 visits, the look for news, and finding a patient.

A Sunday after W is filled by hand. Each request is asked for as a browser would, middleware and
JSON included; queries are counted as Django counts them, round trips in libpq's own trace. The
floor is one plain query for the same rows. Where there is a Chromium, the page is opened in it.
"""

import os
import random
import statistics
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from socketserver import ThreadingMixIn
from typing import Any
from uuid import UUID
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from benchmarks import programs_of_the_machine, servers, workload
from benchmarks.pages import Cost, cost
from benchmarks.report import Report
from benchmarks.stations import Station, timed
from benchmarks.workload import Clinic, Visit

PEOPLE, COUNT, LENGTH_Q = 12, 200, 6
REGISTER = 100_000
DAY_MS, DAY_QUERIES, SEARCH_MS, READY_MS = 100, 8, 100, 1000
FIRST_ID = 20_000_001
ROOT = "/admin/scheduling/appointment/diary"

FLOOR = """
SELECT a.id, a.start_q, a.end_q, a.status, a.version, a.treatment_id, a.areas, a.size,
  p.given_name, p.family_name, l.resource_id, l.start_q, l.end_q
FROM scheduling_appointment a JOIN scheduling_patient p ON p.id = a.patient_id
JOIN scheduling_allocation l ON l.appointment_id = a.id
WHERE a.site_id = %s AND a.local_date = %s ORDER BY a.start_q, a.id
"""
SEARCHES = {
    "part of a name": "mar", "two names": "mar sol", "phone": "07700 912345",
    "birth date": "12/04/1985", "misspelt": "Marnio Soltar", "nobody": "xyzzyx",
}  # fmt: skip


def fill(clinic: Clinic, day: date) -> None:
    """Write the day, every practitioner in turn, and let the others retire."""
    from scheduling.models import Allocation, Appointment, Resource

    Resource.objects.filter(pk__in=clinic.practitioners[PEOPLE:]).update(active=False)
    midnight = workload.midnight_q(day)
    visits = [
        Visit(start, start + LENGTH_Q, n % PEOPLE, n % workload.ROOMS)
        for n in range(COUNT)
        for start in [midnight + workload.OPENS_Q + n // PEOPLE * LENGTH_Q]
    ]
    rows = (
        {"id": FIRST_ID + n, "patient_id": n + 1, **workload.times(visit), "uid": UUID(int=FIRST_ID + n)}
        for n, visit in enumerate(visits)
    )  # fmt: skip
    workload.copy_rows(Appointment, workload.facts_of_a_visit(clinic), rows)
    held = (
        {"appointment_id": FIRST_ID + n, "resource_id": clinic.practitioners[visit.practitioner],
         "start_q": visit.start_q, "end_q": visit.end_q}
        for n, visit in enumerate(visits)
    )  # fmt: skip
    workload.copy_rows(Allocation, {"active": True}, held)


def register(count: int) -> None:
    """Enter patients of many names, phones and birth dates, as the register spells its key."""
    from scheduling.models import Patient

    facts = {
        "other_phone": "", "language": "en", "zone": "", "channel": "both", "fitzpatrick": 2,
        "do_not_contact": False, "note": "", "version": 1, "created_at": workload.NOW,
    }  # fmt: skip
    workload.copy_rows(Patient, facts, _people(count))


def _people(count: int) -> Iterator[dict[str, Any]]:
    dice = random.Random(7)
    parts = ["ma", "ri", "no", "sol", "ta", "ne", "ber", "lin", "os", "ka", "el", "du", "fe", "ha"]
    word = lambda: "".join(dice.choices(parts, k=dice.choice((2, 3))))  # noqa: E731
    for n in range(count):
        given, family = word().title(), word().title()
        born = date(1940, 1, 1) + timedelta(days=dice.randrange(24_000))
        phone = f"+4477009{n:05d}"
        yield {
            "id": FIRST_ID + n, "given_name": given, "family_name": family, "birth_date": born,
            "phone": phone, "email": f"p{n}@example.org",
            "search_key": f"{given} {family} {phone} {born}".casefold(),
        }  # fmt: skip


def day(clinic: Clinic, when: date, rounds: int) -> dict[str, Cost]:
    """Ask for a day, its news and the free starts; give milliseconds, queries and round trips."""
    asked = {"site": clinic.site, "from": when, "to": when, "by": "practitioner"}
    wanted = {**asked, "treatment": clinic.hands, "patient": 1}
    return {
        "a day": cost(f"{ROOT}/days/", rounds, **asked),
        "news of it": cost(f"{ROOT}/news/", rounds, **asked),
        "what its visits lack": cost(f"{ROOT}/papers/", rounds, **asked),
        "free starts in every column": cost(f"{ROOT}/starts/", rounds, **wanted),
    }


def search(text: str, rounds: int) -> float:
    """Find a patient; give the milliseconds."""
    return cost(f"{ROOT}/patients/", rounds, q=text).ms


def floor(clinic: Clinic, when: date) -> float:
    """Fetch the same rows by one plain query; give the milliseconds."""
    from django.db import connection
    from psycopg import Cursor

    connection.ensure_connection()

    def fetch() -> None:
        with Cursor(connection.connection) as cursor:
            cursor.execute(FLOOR, [clinic.site, when], binary=True, prepare=True)
            assert len(cursor.fetchall()) == COUNT  # noqa: S101

    fetch()
    return statistics.median(timed(fetch) for _ in range(25))


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def opened(clinic: Clinic, when: date, rounds: int) -> list[float]:
    """Open the page in a browser; give the milliseconds until it can be worked with.

    The first time nothing is kept yet, neither by the browser nor by the server.
    """
    from django.conf import settings
    from playwright.sync_api import sync_playwright

    from benchmarks.search import browser
    from clinic.wsgi import application

    cookie = browser().cookies[settings.SESSION_COOKIE_NAME].value
    server = make_server("127.0.0.1", 0, application, _Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    house = f"http://localhost:{server.server_port}"
    found = []
    with sync_playwright() as running:
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = running.chromium.launch(
            executable_path=programs_of_the_machine.browser(), args=args
        )
        context = chromium.new_context(base_url=house)
        mine = {"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": house}
        context.add_cookies([mine])
        page = context.new_page()
        for _ in range(rounds + 1):
            page.goto(f"{ROOT}/?site={clinic.site}&date={when}")
            page.wait_for_selector("#diary[data-ready]")
            found.append(float(page.locator("#diary").get_attribute("data-ready") or "nan"))
        chromium.close()
    server.shutdown()
    return found


def measure(report: Report, database: str, clinic: Clinic, *, smoke: bool) -> None:
    """Measure the day, the search and the page."""
    copy = servers.create("diary", template=database)
    servers.use(copy)
    when = workload.FIRST + timedelta(days=workload.DAYS + 12)
    fill(clinic, when)
    count, rounds = (2_000, 1) if smoke else (REGISTER, 25)
    register(count)
    with Station.at(copy) as station:
        found = station.ask(day, clinic, when, rounds)
        plain = station.ask(floor, clinic, when)
        searches = {name: station.ask(search, text, rounds) for name, text in SEARCHES.items()}
        drawn = (
            station.ask(opened, clinic, when, 1 if smoke else 5)
            if programs_of_the_machine.browser()
            else []
        )
    report.section("Diary", f"{PEOPLE} practitioners, {COUNT} visits; {count:,} patients.")
    report.table(
        ("request", "ms", "queries", "round trips", "x one plain query"),
        [(name, ms, asked, there, ms / plain) for name, (ms, asked, there) in found.items()],
    )
    report.table(("a patient found by", "ms"), list(searches.items()))
    report.at_most("diary: queries of a day", found["a day"][1], DAY_QUERIES)
    report.at_most("diary: ms of a day", found["a day"][0], DAY_MS)
    report.at_most("diary: ms to find a patient", max(searches.values()), SEARCH_MS)
    if drawn:
        first, ready = drawn[0], statistics.median(drawn[1:])
        report.say(
            "", f"Interactive in a browser: {ready:.0f} ms; the very first time {first:.0f}."
        )
        report.at_most("diary: ms until interactive", ready, READY_MS)
    else:
        report.say("", "No browser here: how soon the page can be worked with was not measured.")
