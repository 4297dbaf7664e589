"""What is offered, in words: deadlines, distances, who comes along, and why nothing was found."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from plans import planning, rearranging
from plans.admin import offers
from scheduling.models import Absence, Appointment
from tests import cast
from tests.plans import stage
from tests.plans.admin.sickness import address, alone, away, filler_plan, fillers, rows, wall


@pytest.mark.parametrize(
    ("most", "words", "tone"),
    [
        (16, "must be by Wed 20 Jan 2027", "bad"),
        (17, "must be by Thu 21 Jan 2027", "warn"),
        (None, "can wait", ""),
    ],
    ids=["before anybody is back", "after that", "without end"],
)
def test_deadline_is_red_where_it_ends_before_anybody_is_back(
    desk: Client, clinic: cast.Clinic, most: int | None, words: str, tone: str
) -> None:
    filler_plan(clinic, "Ada", most)
    (hit,) = desk.get(address(away(clinic, 14, 3))).context["desk"].hits
    assert hit.deadline == offers.Deadline(words=words, tone=tone)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ((18, 15), (18, 15), "same time"),
        ((18, 15), (18, 16), "later that day"),
        ((18, 15), (18, 9), "earlier that day"),
        ((18, 15), (19, 9), "1 day later"),
        ((18, 9), (15, 15), "3 days earlier"),
    ],
)
def test_distance_of_a_move_in_words(
    old: tuple[int, int], new: tuple[int, int], words: str
) -> None:
    assert offers._by(wall(*old), wall(*new)) == words


def test_visit_that_only_moves_along_says_so(desk: Client, clinic: cast.Clinic) -> None:
    """The laser cannot be on its day, so the filler follows it, 14 days on to the day."""
    course = stage.template("Laser, then filler")
    laser = stage.step(course, clinic.resurfacing, name="Laser")
    stage.step(course, clinic.filler, (laser, 14, 14, 14), name="Filler")
    stage.booked(stage.plan(clinic, course))
    alone_too = Appointment.objects.get(treatment=clinic.resurfacing)
    page = desk.get(address(away(clinic, 0, 1, resource=clinic.laser)), {"new": "1"})
    first, second = rows(page)["Ada"].line.shifts
    assert (first.visit, first.hit is None, second.hit is None) == (alone_too, False, True)
    assert "is not hit; moves along so that the plan fits" in page.text
    assert "Room 1, CO2 laser" in page.text


def test_reasons_are_told_where_nothing_is_found_and_what_works_instead(
    desk: Client, clinic: cast.Clinic
) -> None:
    plan = filler_plan(clinic, "Tight", 16)
    planning.fix(session_id=plan.sessions.get(seq=1).pk, by=stage.DESK, now=cast.NOW)
    alone(clinic, "Cy", cast.at(cast.day(14), 15))
    page = desk.get(address(away(clinic, 14, 5)), {"new": "1"})
    line = rows(page)["Tight"].line
    visit = line.stuck[0].hit.visit
    assert (line.moves, rows(page)["Tight"].token) == ((), "")
    assert line.reasons[0].reason.code == "no_plan"
    assert all(str(reason.reason.sentence) in page.text for reason in line.reasons)
    assert (line.stuck[0].day, line.stuck[0].late) == (wall(23, 9), True)
    assert (
        "Sat 23 Jan 2027, 09:00</a> with Dr Amara Lind, but that is past its last day" in page.text
    )
    to = f"/admin/scheduling/appointment/{visit.pk}/move/?start=2027-01-23T09%3A00%3A00%2B00%3A00"
    assert f'href="{to}"' in page.text
    assert desk.get(to).context["desk"].refusal is None
    assert rows(page)["Cy"].token


def test_paused_plan_is_left_and_says_why(desk: Client, clinic: cast.Clinic) -> None:
    plan = filler_plan(clinic, "Ada", None)
    planning.pause(plan_id=plan.pk, reason="asked to wait", by=stage.DOCTOR, now=cast.NOW)
    page = desk.get(address(away(clinic, 14)), {"new": "1"})
    assert "This plan was paused by Dr Plans: asked to wait" in page.text


def test_list_and_words_ask_the_same_queries_however_many(
    desk: Client, clinic: cast.Clinic
) -> None:
    absence, counts = away(clinic, 14), []
    for names in (("Ann",), ("Bea", "Cid")):
        Absence.objects.filter(pk=absence.pk).delete()
        for who in names:
            filler_plan(clinic, who, 20)
            alone(clinic, f"{who}s friend", cast.at(cast.day(14), 9 + len(fillers())))
        absence.save(force_insert=True)
        desk.get(address(absence))
        with CaptureQueriesContext(
            connection,
        ) as listed:
            desk.get(address(absence))
        found = rearranging.propose(absence_id=absence.pk, by=stage.DESK, now=cast.NOW)
        assert all(offer.moves for offer in found)
        with CaptureQueriesContext(connection) as worded:
            offers.lines(found, now=cast.NOW, back=absence.end)
        counts.append((len(listed), len(worded)))
    assert counts[0] == counts[1]
