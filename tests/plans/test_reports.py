from datetime import date, datetime, timedelta

import pytest

from plans import courses, planning, reports
from plans.models import Adherence, Plan
from scheduling.models import Appointment
from scheduling.reports import Kind, Page, Period, Scope
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db

OVER = cast.NOW + timedelta(days=300)


def done(plan: Plan, seq: int, on: date) -> None:
    """Write a session's visit as done on a date, past the door."""
    session = plan.sessions.get(seq=seq)
    start = cast.at(on, 11)
    q = int(start.timestamp()) // 300
    Appointment.objects.create(
        patient=plan.patient, site=plan.site, treatment=session.treatment, procedure="x",
        series=plan.series, seq=seq, start=start, end=start + timedelta(minutes=45), start_q=q,
        end_q=q + 9, local_date=on, local_time=start.time(), zone=plan.site.zone,
        status="fulfilled", created_at=cast.NOW,
    )  # fmt: skip


def scope_of(clinic: cast.Clinic, first: date = cast.TODAY, days: int = 366) -> Scope:
    period = Period(Kind.CUSTOM, first, first + timedelta(days=days - 1))
    return Scope(period, {clinic.site.pk: clinic.site.zone})


def three(clinic: cast.Clinic) -> list[Plan]:
    """Make three plans of the same course: kept to, left undone, given up."""
    course = stage.scars(clinic, repeat=2)
    kept, late, gone = [stage.plan(clinic, course) for _ in range(3)]
    done(kept, 1, cast.day(7))
    done(kept, 2, cast.day(7 + 60))  # 56 to 84 days later is its window
    done(kept, 3, cast.day(7 + 60 + 7))  # 14 to 42 days later
    done(late, 1, cast.day(8))
    done(late, 2, cast.day(8 + 100))
    done(gone, 1, cast.day(9))
    planning.abandon(
        plan_id=gone.pk,
        version=None,
        reason="moved away",
        by=stage.DOCTOR,
        now=cast.NOW + timedelta(days=30),
    )
    return [kept, late, gone]


def by_hand(plans: list[Plan], now: datetime) -> list[tuple[int, str, date]]:
    """Judge every session from the plans' own pages."""
    found = []
    for plan in plans:
        view = courses.view(plan.pk, now=now)
        for s in view.sessions:
            if s.visit and s.state.value == "done":
                day = s.visit.local_date
                word = "within"
                if s.due_last and day > s.due_last:
                    word = "late"
                if s.due_first and day < s.due_first:
                    word = "early"
                found.append((s.id, word, day))
            elif view.standing.value == "abandoned":
                found.append((s.id, "dropped", cast.day(30)))
            elif s.overdue and s.due_last:
                found.append((s.id, "overdue", s.due_last))
    return found


def test_sessions_are_counted_as_their_plans_say() -> None:
    clinic = cast.build()
    plans = three(clinic)
    assert reports.read(now=OVER) == 3
    wanted = by_hand(plans, OVER)

    found = reports.adherence(scope_of(clinic))

    counts: dict[str, int] = {}
    for each in found:
        counts[each.outcome] = counts.get(each.outcome, 0) + each.sessions
    hand: dict[str, int] = {}
    for _, word, _ in wanted:
        hand[word] = hand.get(word, 0) + 1
    assert counts == hand
    assert set(counts) == {"within", "early", "late", "overdue", "dropped"}
    for each in found:
        rows = reports.adherence_rows(
            scope_of(clinic), template=each.template_id, treatment=each.treatment_id, outcome=each.outcome
        )  # fmt: skip
        assert len(rows) == each.sessions
    everything = reports.adherence_rows(scope_of(clinic))
    assert sorted(row.counted_on for row in everything) == sorted(day for *_, day in wanted)
    assert reports.adherence_rows(scope_of(clinic), page=Page(2, 2)) == everything[2:4]
    assert reports.adherence(scope_of(clinic, cast.day(31), 10)) == []


def test_a_plan_is_read_once_a_day_and_anew_the_next() -> None:
    clinic = cast.build()
    plan = stage.plan(clinic, stage.scars(clinic, repeat=2))
    assert [reports.read(now=cast.NOW + timedelta(hours=h)) for h in (0, 1, 19)] == [1, 0, 0]
    assert set(Adherence.objects.values_list("outcome", flat=True)) == {"open"}
    done(plan, 1, cast.day(0))
    assert reports.read(now=cast.NOW + timedelta(hours=21)) == 1
    assert Adherence.objects.get(session__seq=1).outcome == "within"
    assert reports.read_until(scope_of(clinic)) == cast.NOW + timedelta(hours=21)
