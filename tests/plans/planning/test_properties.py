"""Random courses in random diaries: what is proposed can be booked, and what fits stays."""

import random
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from plans import planning
from plans.models import Plan, PlanTemplate, Proposal
from scheduling import booking, diary
from scheduling.errors import ClinicError, Refused
from scheduling.models import Absence, Appointment, Site
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db

SEEDS = range(10)


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def crowded(clinic: cast.Clinic, dice: random.Random) -> None:
    """Fill a good part of the next half year with other people's visits."""
    for number in range(40):
        other = cast.patient(f"P{number}", "Elm", consulted=True)
        what = dice.choice([clinic.resurfacing, clinic.filler, clinic.review, clinic.consultation])
        start = cast.at(
            cast.day(dice.randrange(160)), dice.randrange(9, 17), dice.choice([0, 15, 30])
        )
        try:
            booking.book(
                wish=clinic.wish(what, patient_id=other.pk),
                start=start,
                by=stage.DESK,
                now=cast.NOW,
            )
        except ClinicError:
            continue


def course(clinic: cast.Clinic, dice: random.Random) -> PlanTemplate:
    """Draw a course of two to five sessions in the order that the protocol wants."""
    made = stage.template(f"Course {dice.randrange(10**9)}")
    before = None
    menu = [clinic.consultation] * dice.randrange(2) + [clinic.resurfacing]
    menu += [clinic.review] * dice.randrange(2) + [clinic.filler] * dice.randrange(2)
    for what in menu:
        lags = []
        if before is not None:
            least = dice.randrange(0, 30)
            most = dice.choice([None, least + 30, least + 60])
            lags.append((before, least, dice.choice([None, least + 7]), most))
        repeat = dice.choice([1, 2]) if what == clinic.resurfacing else 1
        if repeat > 1:
            lags.append((None, dice.randrange(0, 60), None, dice.choice([None, 90])))
        before = stage.step(
            made, what, *lags, repeat=repeat, name=what.name,
            same_practitioner=dice.random() < 0.3, optional=what == clinic.review and dice.random() < 0.5,
        )  # fmt: skip
    return made


def wishes(dice: random.Random) -> dict[str, object]:
    facts: dict[str, object] = {}
    if dice.random() < 0.5:
        facts["weekdays"] = tuple(sorted(dice.sample(range(6), 2)))
    if dice.random() < 0.5:
        facts["times"] = ("09:00-12:00",)
    if dice.random() < 0.3:
        facts["not_before"] = cast.day(dice.randrange(20))
    return facts


def visits(plan: Plan) -> list[Appointment]:
    return list(Appointment.objects.filter(series=plan.series_id, status="booked").order_by("seq"))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_proposed_can_be_booked_and_then_fits(clinic: cast.Clinic, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    crowded(clinic, dice)
    plan = stage.plan(clinic, course(clinic, dice), **wishes(dice))
    proposal = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    booked = planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW)
    assert len(booked) == proposal.visits.count()
    assert planning.reflow(plan_id=plan.pk, by=stage.DESK, now=cast.NOW) is None
    for visit in visits(plan):
        offered = diary.free_starts(
            wish=booking.wish_of(visit), first=visit.local_date, last=visit.local_date, now=cast.NOW
        )
        assert visit.start in [each.start for each in offered.starts]


def reflowed(plan: Plan) -> Proposal | None:
    """Propose a re-flow, None too where the fixed visit itself is what was hit."""
    try:
        return planning.reflow(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    except Refused:
        return None


@pytest.mark.parametrize("seed", SEEDS)
def test_fixed_visits_never_move_and_a_reflow_is_followed_by_none(
    clinic: cast.Clinic, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    plan = stage.booked(stage.plan(clinic, stage.scars(clinic, 2)))
    kept = dice.choice(visits(plan))
    session = plan.sessions.get(seq=kept.seq)
    planning.fix(session_id=session.pk, by=stage.DESK, now=cast.NOW)
    begin = cast.day(dice.randrange(1, 70))
    Absence.objects.create(
        resource=dice.choice([clinic.laser, clinic.room, clinic.nurse, clinic.doctor]),
        cause="downtime", start=cast.at(begin, 0),
        end=cast.at(begin + timedelta(days=dice.randrange(1, 9)), 0),
    )  # fmt: skip
    proposal = reflowed(plan)
    if proposal is None:
        kept.refresh_from_db()
        assert kept.status == "booked"
        return
    assert session.pk not in set(proposal.visits.values_list("session", flat=True))
    planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW)
    kept.refresh_from_db()
    assert Appointment.objects.get(pk=kept.pk).start == kept.start
    assert planning.reflow(plan_id=plan.pk, by=stage.DESK, now=cast.NOW) is None


def test_course_over_the_change_of_the_clocks_keeps_wall_times(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic, times=("09:00-10:30",)))
    zone = ZoneInfo(Site.objects.get(pk=plan.site_id).zone)
    hours = {visit.start.astimezone(zone).hour for visit in visits(plan)}
    assert hours <= {9, 10}
    assert {visit.start.astimezone(zone).utcoffset() for visit in visits(plan)} == {
        timedelta(0), timedelta(hours=1),
    }  # fmt: skip
