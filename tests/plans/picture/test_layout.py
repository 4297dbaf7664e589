"""Whatever a plan looks like: nothing off the sheet, time in order, every session told."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plans.courses import LagView, PlanView, Standing, State
from plans.picture import FRAMES, Frame, Picture, layout
from plans.picture.values import Words
from tests import cast
from tests.plans import views
from tests.plans.views import Line, lag

WIDE, NARROW, STRIP = (FRAMES[name] for name in ("wide", "narrow", "strip"))
NAMES = ["", "Filler", "W" * 90, "漢字" * 40, "Fractional CO2, face <deep> & neck"]


def some_plan(dice: Random) -> PlanView:
    """Throw a plan of up to thirty sessions over some years, however odd."""
    lines = [_some_line(dice, seq) for seq in range(1, dice.randint(0, 30) + 1)]
    return views.plan(
        *lines,
        standing=dice.choice(list(Standing)),
        blocked=tuple(cast.day(_day(dice)) for _ in range(dice.randint(0, 8))),
    )


def _day(dice: Random) -> int:
    return dice.randint(-dice.choice([3, 40, 400]), dice.choice([3, 40, 400]))


def _some_line(dice: Random, seq: int) -> Line:
    least = dice.randint(0, 20)
    return Line(
        state=dice.choice(list(State)),
        on=dice.choice([None, _day(dice)]),
        now=dice.choice([None, _day(dice)]),
        rest=dice.choice([None, (least, least + dice.randint(0, 180))]),
        lags=tuple(_some_lag(dice, seq) for _ in range(dice.randint(0, 3)) if seq > 1),
        due=dice.choice([None, (_day(dice), dice.choice([None, _day(dice)]))]),
        overdue=dice.choice([True, False]),
        name=dice.choice(NAMES),
    )


def _some_lag(dice: Random, seq: int) -> LagView:
    least, more = dice.randint(0, 60), dice.randint(0, 30)
    most = dice.choice([None, least + more + dice.randint(0, 100)])
    return lag(dice.randint(1, seq - 1), least, dice.choice([None, least + more]), most)


some_plans = given(plan=st.integers(0, 2**32).map(lambda seed: some_plan(Random(seed))))  # noqa: S311 - dice
"""One throw a plan: drawing every figure on its own would take longer than laying it out."""

every_frame = pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)


def places(p: Picture) -> Iterator[tuple[str, int, int]]:
    """List every point that is drawn, the corners of what has a size."""
    for each in (*p.away, *(shade for row in p.rows for shade in row.shades)):
        yield each.kind, each.x, each.y
        yield each.kind, each.x + each.width, each.y + each.height
    for row in p.rows:
        for mark in row.marks:
            yield mark.kind, mark.x - p.radius, mark.y - p.radius
            yield mark.kind, mark.x + p.radius, mark.y + p.radius
        for bracket in row.brackets:
            for x in (bracket.x, bracket.least, bracket.most, bracket.target or bracket.x):
                yield "bracket", x, bracket.top
                yield "bracket", x, bracket.y + 5
        if row.arrow:
            yield "arrow", row.arrow.x, row.arrow.y
            yield "arrow", row.arrow.to, row.arrow.y
    yield from (("week", x, p.top) for x in p.weeks)
    yield from (("month", tick.x, p.top) for tick in p.months)
    yield "today", p.today or 0, p.bottom


def texts(p: Picture) -> Iterator[Words]:
    for row in p.rows:
        yield from row.name
        yield from filter(None, (row.said, *(each.words for each in row.brackets)))
    yield from (key.words for key in p.keys)
    yield from filter(None, [p.today_words])


def stretch(words: Words, frame: Frame) -> tuple[int, int]:
    size = frame.width_of(words.text)
    left = words.x - {"start": 0, "middle": size // 2, "end": size}[words.anchor]
    return left, left + size


@every_frame
@settings(max_examples=60, deadline=None)
@some_plans
def test_nothing_is_off_the_sheet(frame: Frame, plan: PlanView) -> None:
    p = layout(plan, frame)
    off = [
        place for place in places(p) if not (0 <= place[1] <= p.width and 0 <= place[2] <= p.height)
    ]
    assert off == []


@pytest.mark.parametrize("frame", [WIDE, NARROW], ids=["wide", "narrow"])
@settings(max_examples=60, deadline=None)
@some_plans
def test_no_text_is_cut(frame: Frame, plan: PlanView) -> None:
    p = layout(plan, frame)
    cut = [
        words
        for words in texts(p)
        for left, right in [stretch(words, frame)]
        if left < 0 or right > p.width or not frame.font <= words.y <= p.height
    ]
    assert cut == []


@every_frame
@settings(max_examples=60, deadline=None)
@some_plans
def test_marks_stand_in_the_order_of_their_dates(frame: Frame, plan: PlanView) -> None:
    p = layout(plan, frame)
    dated = sorted(
        (session.on, mark.x)
        for session, row in zip(plan.sessions, p.rows, strict=True)
        if session.state in {State.DONE, State.BOOKED} and session.on and not row.arrow
        for mark in row.marks
    )
    assert [x for _, x in dated] == sorted(x for _, x in dated)
    assert len({day for day, _ in dated}) >= len({x for _, x in dated})


@pytest.mark.parametrize("frame", [WIDE, NARROW], ids=["wide", "narrow"])
@settings(max_examples=60, deadline=None)
@some_plans
def test_every_session_has_a_row_of_its_own_with_its_mark_and_title(
    frame: Frame, plan: PlanView
) -> None:
    p = layout(plan, frame)
    assert [row.seq for row in p.rows] == [session.seq for session in plan.sessions]
    for session, row in zip(plan.sessions, p.rows, strict=True):
        assert row.title.startswith(f"{session.seq}. {session.name}: ")
        assert [mark for mark in row.marks if mark.kind != "was"]
    assert all(above.y + above.height <= below.y for above, below in pairwise(p.rows))


@every_frame
@settings(max_examples=60, deadline=None)
@some_plans
def test_months_have_room_for_their_labels(frame: Frame, plan: PlanView) -> None:
    p = layout(plan, frame)
    for kind in ("label", "year"):
        shown = [(tick.x, getattr(tick, kind)) for tick in p.months if getattr(tick, kind)]
        for (x, text), (following, _) in pairwise(shown):
            assert x + frame.width_of(text) < following


def test_shades_end_where_the_skin_has_rested() -> None:
    p = layout(views.plan(Line(state=State.DONE, on=0, rest=(7, 28))), WIDE)
    least, most = p.rows[0].shades
    assert (least.kind, most.kind, least.x + least.width) == ("least", "most", most.x)
    assert most.x + most.width > least.x + least.width
    assert most.title == "skin rests until Mon 1 Feb 2027 at most"


def test_bracket_counts_from_the_earlier_session() -> None:
    course = views.plan(
        Line(state=State.DONE, on=0),
        Line(state=State.BOOKED, on=35, lags=(lag(1, 28, 35, 56),)),
    )
    p = layout(course, WIDE)
    bracket = p.rows[1].brackets[0]
    first, second = (row.marks[0].x for row in p.rows)
    assert (bracket.x, bracket.target) == (first, second)
    assert bracket.least < second < bracket.most
    assert bracket.title == "28 to 56 days after 1, best 35"
    assert not bracket.open


def test_lag_without_a_most_stays_open() -> None:
    course = views.plan(
        Line(state=State.DONE, on=0), Line(state=State.BOOKED, on=90, lags=(lag(1, 28),))
    )
    bracket = layout(course, WIDE).rows[1].brackets[0]
    assert (bracket.open, bracket.most) == (True, layout(course, WIDE).rows[1].marks[0].x)


def test_reflow_shows_from_where_to_where() -> None:
    rows = layout(views.reflowed(), WIDE).rows
    moved = [(row.seq, row.arrow.x < row.arrow.to) for row in rows if row.arrow]
    assert moved == [(3, True), (4, True)]
    assert [mark.kind for mark in rows[2].marks] == ["was", "proposed"]
    assert rows[2].said is not None
    assert rows[2].said.text == "moves from Sat 13 Feb to Sat 27 Feb, 11:00"


def test_states_are_told_by_shape_and_by_word() -> None:
    rows = layout(views.acne(), WIDE).rows
    assert [(row.marks[0].kind, row.said.text.split()[0]) for row in rows if row.said] == [
        ("done", "done"),
        ("done", "done"),
        ("missed", "missed"),
        ("booked", "booked"),
        ("proposed", "proposed"),
        ("skipped", "skipped"),
        ("unplanned", "due"),
    ]


def test_today_leaves_a_plan_that_is_over() -> None:
    past = views.plan(Line(state=State.DONE, on=-300), standing=Standing.COMPLETE, today=cast.TODAY)
    assert layout(past, WIDE).today is None
    assert layout(replace(past, standing=Standing.RUNNING), WIDE).today is not None


def test_thirty_sessions_over_two_years_stay_readable() -> None:
    course = views.longest()
    wide, narrow = layout(course, WIDE), layout(course, NARROW)
    assert (len(wide.rows), wide.height < 1700, narrow.height < 2400) == (30, True, True)
    assert len(wide.weeks) > 100
    assert [tick.year for tick in wide.months if tick.year] == ["2026", "2027", "2028"]
