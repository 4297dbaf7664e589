"""Two patients race for one start through the page: one gets it, the other is told kindly.

The control takes the guards of booking away, and then both get it: so the race is a real one.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest
import time_machine
from django.db import connection, connections
from django.test import Client

from plans import shifting
from scheduling import booking, diary
from scheduling.models import Allocation, Appointment
from tests import cast
from tests.plans.pages import scene
from tests.plans.pages.scene import hidden, quantum, text_of
from tests.scheduling import unguarded
from tests.scheduling.test_races import EXCLUSION, WITHOUT

ROUNDS = 4

OVERLAPS = """
SELECT count(*) FROM scheduling_allocation a JOIN scheduling_allocation b
  ON a.resource_id = b.resource_id AND a.id < b.id
 AND a.start_q < b.end_q AND b.start_q < a.end_q
WHERE a.active AND b.active
"""

Answer = tuple[int, str]


@pytest.fixture
def clinic(transactional_db: None) -> cast.Clinic:
    """One doctor, so that a start can be had once."""
    return cast.build()


def overlaps() -> int:
    with connection.cursor() as cursor:
        cursor.execute(OVERLAPS)
        return int(cursor.fetchone()[0])


def two(clinic: cast.Clinic, n: int) -> list[tuple[Client, str, Appointment]]:
    """Let two patients open the links of their visits."""
    found = []
    for which in (0, 1):
        who = cast.patient(f"Racer{n}{which}", "Race")
        made = scene.visit(clinic, cast.day(14 + n), 10 + which, patient_id=who.pk)
        client = Client()
        found.append((client, scene.opened(client, made), made))
    return found


def race(racers: list[tuple[Client, str, Appointment]], start: datetime) -> list[Answer]:
    """Let both look at the same start, and press the button at one moment."""
    pages = [f"{home}move/{quantum(start)}/" for _, home, _ in racers]
    seen = [hidden(c.get(page), "seen") for (c, _, _), page in zip(racers, pages, strict=True)]
    gun = threading.Barrier(len(racers))

    def press(n: int) -> Answer:
        try:
            gun.wait(30)
            answer = racers[n][0].post(pages[n], {"seen": seen[n]})
            return answer.status_code, text_of(answer)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(racers)) as pool:
        return list(pool.map(press, range(len(racers))))


def test_two_patients_race_for_one_start_and_one_gets_it(clinic: cast.Clinic) -> None:
    with time_machine.travel(cast.NOW, tick=False):
        for n in range(ROUNDS):
            start = cast.at(cast.day(3), 9 + n)
            racers = two(clinic, n)
            answers = race(racers, start)
            assert sorted(status for status, _ in answers) == [303, 409]
            kindly = next(text for status, text in answers if status == 409)
            assert "That time cannot be had any more. Nothing has changed." in kindly
            assert "Soonest Monday 4 January 2027" in kindly
            for _, _, made in racers:
                was = made.start
                made.refresh_from_db()
                assert made.start in {was, start}
            assert sum(made.start == start for _, _, made in racers) == 1
            assert overlaps() == 0


def test_control_without_the_guards_both_get_it(
    clinic: cast.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.no_locks(monkeypatch)
    unguarded.no_look(monkeypatch)
    monkeypatch.setattr(diary, "again", lambda **_: ((), ()))
    unguarded.all_look_before_anybody_writes(monkeypatch, 2)
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT)
    try:
        with time_machine.travel(cast.NOW, tick=False):
            racers = two_unguarded(clinic, monkeypatch)
            answers = race(racers, cast.at(cast.day(3), 9))
        assert [status for status, _ in answers] == [303, 303]
        assert overlaps() == 1
    finally:
        Allocation.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(EXCLUSION)


def two_unguarded(
    clinic: cast.Clinic, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[Client, str, Appointment]]:
    """Book the racers' visits with nobody waiting for anybody."""
    with monkeypatch.context() as calm:
        calm.setattr(unguarded.overrides, "settle", lambda **_: [])
        return two(clinic, 0)


def test_a_course_that_moves_meets_a_rival_on_its_way_and_stays_whole(
    clinic: cast.Clinic,
) -> None:
    """A rival takes what the third session would move to, after the page was read."""
    with time_machine.travel(cast.NOW, tick=False):
        plan = scene.course(clinic)
        before, made = scene.starts(plan), scene.session(plan, 2)
        client = Client()
        home = scene.opened(client, made)
        to = scene.later(made, days=21)
        page = f"{home}move/{quantum(to)}/"
        seen = hidden(client.get(page), "seen")
        by = replace(cast.reception(), patient_id=clinic.patient.pk)
        found = shifting.preview(appointment_id=made.pk, to=to, by=by, now=cast.NOW)
        along = found.moves[1]
        rival = cast.patient("Bo", "Ash", consulted=True)
        take(clinic, rival.pk, along.start)
        answer = client.post(page, {"seen": seen})
        assert (answer.status_code, scene.starts(plan)) == (409, before)
        assert overlaps() == 0


def take(clinic: cast.Clinic, patient_id: int, start: datetime) -> None:
    """Book the laser itself at a start, for somebody else."""
    wish = clinic.wish(patient_id=patient_id)
    booking.book(wish=wish, start=start, by=cast.reception(), now=cast.NOW)
