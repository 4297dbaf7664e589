"""Every contradiction is named with its arithmetic, and nothing that could be planned is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plans.core.course import Unit
from plans.core.ruling import Kind
from plans.templates.proving import Findings, prove
from plans.templates.skin import Skin
from plans.templates.values import Between, Outline, Sitting
from scheduling import diary
from scheduling.core import rules
from scheduling.core.protocol import Protocol, parse, shipped, shipped_document
from scheduling.core.rules import Chart
from scheduling.core.words import Severity, Status

NOWHERE = frozenset[str]()
CONSULTATION, PATCH = ("Consultation", "consultation", 30), ("Patch test", "patch_test", 15)
CO2, FILLER = ("Laser", "fractional_ablative", 45), ("Filler", "filler", 30)
HAIR, EXCIMER = ("Hair", "laser_hair_removal", 30), ("Excimer", "excimer_308", 15)
VEINS = ("Veins", "ndyag_1064", 20)


def outline(
    *steps: tuple[tuple[str, str, int], int], lags: tuple[Between, ...] = (), indication: str = ""
) -> Outline:
    """Unfold steps, each a treatment and how many times."""
    return Outline(
        sittings=tuple(
            Sitting(
                number=number,
                repeat=repeat,
                repeats=repeats,
                step=name,
                kind=Kind(procedure=procedure, minutes=minutes, indication=indication),
            )
            for number, ((name, procedure, minutes), repeats) in enumerate(steps, 1)
            for repeat in range(1, repeats + 1)
        ),
        lags=lags,
    )


def of_kind(course: Outline, facts: Callable[[Sitting], dict[str, Any]]) -> Outline:
    """Fill in what each session is."""
    sittings = (replace(s, kind=replace(s.kind, **facts(s))) for s in course.sittings)
    return replace(course, sittings=tuple(sittings))


def between(earlier: int, later: int, least: int = 0, most: int | None = None) -> Between:
    return Between(earlier=earlier, later=later, least=least, most=most, unit=Unit.DAYS)


def in_minutes(earlier: int, later: int, least: int = 0, most: int | None = None) -> Between:
    return replace(between(earlier, later, least, most), unit=Unit.MINUTES)


def asked(course: Outline, protocol: Protocol | None = None) -> Findings:
    return prove(course, protocol or shipped(), NOWHERE)


def against(course: Outline, protocol: Protocol | None = None) -> list[tuple[str, str, str]]:
    found = asked(course, protocol).contradictions
    assert {reason.severity for reason in found} <= {Severity.HARD}
    return [(reason.code, reason.arithmetic, reason.sentence) for reason in found]


def test_lag_below_a_rule_is_named_with_each_rule_and_its_figure() -> None:
    course = outline((CONSULTATION, 1), (CO2, 1), (FILLER, 1), lags=(between(1, 2, 0, 5),))
    assert against(course) == [
        (
            "SEED-GAP-RF",
            "5 < 7",
            "Filler after Laser: at most 5 days is less than the 7 days that SEED-GAP-RF asks.",
        ),
        (
            "SEED-RECOVERY",
            "5 < 10",
            "Filler after Laser: at most 5 days is less than the 10 days that SEED-RECOVERY asks.",
        ),
    ]


def test_figures_are_those_of_the_protocol_in_force() -> None:
    document = shipped_document()
    document["rules"][0]["tiers"] = [[30, "hard"]]
    course = outline((CONSULTATION, 1), (CO2, 1), (FILLER, 1), lags=(between(1, 2, 0, 28),))
    assert against(course) == []
    assert [row[:2] for row in against(course, parse(document))] == [("SEED-GAP-RF", "28 < 30")]


def test_repeats_are_told_of_once() -> None:
    lags = tuple(between(at, at + 1, 20, 40) for at in (1, 2))
    assert against(outline((CONSULTATION, 1), (CO2, 3), lags=lags)) == [
        (
            "LIT-INTERVAL",
            "40 < 56",
            "Laser 2 after Laser 1: at most 40 days is less than the 56 days that LIT-INTERVAL asks.",
        )
    ]


def test_bounds_that_add_up_are_told_one_by_one() -> None:
    course = outline((CONSULTATION, 1), (CO2, 3), (FILLER, 1), lags=(between(1, 4, 0, 121),))
    ((code, arithmetic, sentence),) = against(course)
    assert (code, arithmetic) == ("SEED-RECOVERY", "121 < 56 + 56 + 10")
    assert sentence == (
        "Filler after Laser 1: at most 121 days is less than 122 days, since Laser 2 after Laser 1, "
        "at least 56 days (LIT-INTERVAL), then Laser 3 after Laser 2, at least 56 days "
        "(LIT-INTERVAL), then Filler after Laser 3, at least 10 days (SEED-RECOVERY)."
    )
    assert against(replace(course, lags=(between(1, 4, 0, 122),))) == []


def test_templates_own_lags_that_contradict_are_named_without_a_rule() -> None:
    lags = (between(0, 1, 30), between(1, 2, 30), between(0, 2, 0, 50))
    three = outline((CONSULTATION, 3), lags=lags)
    assert [row[:2] for row in against(three)] == [("template_lags", "50 < 30 + 30")]


def test_bounds_that_only_contradict_together_are_named() -> None:
    lags = (between(1, 3, 15), between(1, 2, 0, 5), between(0, 2, 12))
    ((code, arithmetic, sentence),) = against(
        outline((CONSULTATION, 4), lags=(*lags, between(0, 3, 0, 21)))
    )
    assert (code, arithmetic) == ("template_lags", "+15 -21 +12 -5 > 0")
    assert sentence == (
        "These cannot all hold, by 1 day: Consultation 4 after Consultation 2, at least 15 days; "
        "Consultation 4 after Consultation 1, at most 21 days; Consultation 3 after "
        "Consultation 1, at least 12 days; Consultation 3 after Consultation 2, at most 5 days."
    )
    assert against(outline((CONSULTATION, 4), lags=(*lags, between(0, 3, 0, 22)))) == []


@pytest.mark.parametrize(
    ("lag", "found"),
    [
        (between(1, 2, 0, 1), [("LIT-PATCH", "1 < 2")]),
        (between(1, 2, 0, 2), []),
        (in_minutes(1, 2, 0, 2894), [("LIT-PATCH", "2894 < 2895")]),
        (in_minutes(1, 2, 0, 2895), []),
        (between(1, 2, 185), [("LIT-PATCH", "185 > 184")]),
        (between(1, 2, 184), []),
    ],
    ids=str,
)
def test_patch_test_is_48_hours_before_and_half_a_year_at_most(
    lag: Between, found: list[tuple[str, str]]
) -> None:
    course = outline((CONSULTATION, 1), (PATCH, 1), (HAIR, 1), lags=(lag,))
    assert [row[:2] for row in against(course)] == found


def test_each_session_renews_the_patch_test_for_the_next() -> None:
    near = tuple(between(at, at + 1, 100) for at in (2, 3))
    assert against(outline((CONSULTATION, 1), (PATCH, 1), (HAIR, 3), lags=near)) == []
    far = tuple(between(at, at + 1, 190, 200) for at in (2,))
    found = against(outline((CONSULTATION, 1), (PATCH, 1), (HAIR, 2), lags=far))
    assert [row[:2] for row in found] == [("LIT-PATCH", "190 > 184")]


def test_consultation_runs_out_in_a_long_course() -> None:
    lags = tuple(between(at, at + 1, 130) for at in (1, 2, 3))
    ((code, arithmetic, sentence),) = against(outline((CONSULTATION, 1), (CO2, 4), lags=lags))
    assert (code, arithmetic) == ("SEED-CONSULT", "390 > 366")
    assert sentence.startswith(
        "Laser 4 after Consultation: at least 390 days is more than the 366 days that "
        "SEED-CONSULT allows, since Laser 2 after Laser 1, at least 130 days, then "
    )
    again = outline((CONSULTATION, 1), (CO2, 3), (CONSULTATION, 1), (CO2, 1), lags=lags[:2])
    assert against(again) == []


def test_cap_in_a_window_binds_sessions_that_are_no_neighbours() -> None:
    def course(most: int) -> Outline:
        lags = tuple(between(at, at + 1, 2, most) for at in range(1, 6))
        return outline((CONSULTATION, 1), (EXCIMER, 6), lags=lags)

    assert [code for code, _, _ in against(course(3))] == ["LIT-WEEK-CAP"]
    assert against(course(4)) == []


def test_wrong_order_is_refused_however_long_one_waits() -> None:
    ((code, _, sentence),) = against(outline((CONSULTATION, 1), (FILLER, 1), (CO2, 1)))
    assert code == "SEED-ORDER-RF"
    assert sentence.startswith("Laser after Filler, however long after: Laser resurfacing comes")


def test_session_of_a_length_that_a_rule_refuses() -> None:
    long = ("Laser", "fractional_ablative", 60)
    assert [row[:2] for row in against(outline((CONSULTATION, 1), (long, 1)))] == [
        ("SEED-DURATION", "60 > 45")
    ]


def test_what_no_step_brings_is_a_caution_only() -> None:
    found = asked(outline((HAIR, 2)))
    assert (found.contradictions, [each.code for each in found.cautions]) == (
        (),
        ["LIT-PATCH", "SEED-CONSULT"],
    )
    assert {each.severity for each in found.cautions} == {Severity.ADVISORY}


def test_more_sessions_than_are_usual_is_a_caution_only() -> None:
    steps = ((CONSULTATION, 1), (PATCH, 1), (VEINS, 3))
    found = asked(outline(*steps, indication="spider_veins"))
    assert (found.contradictions, [each.code for each in found.cautions]) == (
        (),
        ["SEED-SPIDER-COUNT"],
    )
    assert asked(outline(*steps)).cautions == ()


@pytest.mark.parametrize(
    ("course", "sentence"),
    [
        (
            outline((CONSULTATION, 1), (CO2, 1), (FILLER, 1), lags=(between(1, 2, 10, 16),)),
            (
                "Not for every plan (large and deep): Filler after Laser: at most 16 days is less "
                "than the 21 days that SEED-RECOVERY asks."
            ),
        ),
        (
            outline((CONSULTATION, 1), (PATCH, 1), (HAIR, 2), lags=(between(2, 3, 28, 35),)),
            (
                "Not for every plan (areas such as the abdomen): Hair 2 after Hair 1: at most 35 "
                "days is less than the 42 days that LIT-INTERVAL asks."
            ),
        ),
    ],
    ids=["size", "area"],
)
def test_what_only_some_plans_could_keep_is_a_caution(course: Outline, sentence: str) -> None:
    found = asked(course)
    assert (found.contradictions, [each.sentence for each in found.cautions]) == ((), [sentence])


def test_area_that_the_template_names_is_held_against_it() -> None:
    course = outline((CONSULTATION, 1), (PATCH, 1), (HAIR, 2), lags=(between(2, 3, 28, 35),))
    on_legs = of_kind(course, lambda _: {"areas": frozenset({"legs"})})
    assert [row[:2] for row in against(on_legs)] == [("LIT-INTERVAL", "35 < 42")]


def test_steps_on_different_skin_do_not_bind_each_other() -> None:
    course = outline((CONSULTATION, 1), (CO2, 1), (FILLER, 1), lags=(between(1, 2, 0, 1),))
    face, legs = frozenset({"face"}), frozenset({"legs"})
    apart = of_kind(course, lambda s: {"areas": legs if s.step == "Filler" else face})
    assert against(apart) == []


KINDS = st.sampled_from([CO2, FILLER, HAIR, VEINS])
HOURS = {0: 8, 1: 10, 2: 12, 3: 14}
FARTHEST = (1, 46, 111, 221)
"""Dates tried for consultation, patch test and two treatments: beyond the least that lags add to."""


@st.composite
def courses(draw: st.DrawFn) -> Outline:
    """A consultation, a patch test and two treatments, with lags between any of them."""
    pairs = [(i, j) for j in range(1, 4) for i in range(j)]
    lags = []
    for earlier, later in draw(st.sets(st.sampled_from(pairs))):
        least, more = draw(st.integers(0, 40)), draw(st.integers(0, 60))
        ends = draw(st.booleans())
        lags.append(between(earlier, later, least, least + more if ends else None))
    steps = [CONSULTATION, PATCH, draw(KINDS), draw(KINDS)]
    course = outline(*((kind, 1) for kind in steps), lags=tuple(lags))
    least = {"size": "small", "depth": "superficial", "areas": frozenset({"face"})}
    return of_kind(course, lambda _: least)


@settings(max_examples=200, deadline=None)
@given(courses())
def test_refused_just_where_no_dates_pass_the_rule_engine(course: Outline) -> None:
    assert (asked(course).contradictions == ()) == bool(dates(course).any())


def dates(course: Outline) -> Any:
    """Try all dates at once: an axis a session, true where lags and the whole protocol allow it."""
    axes = np.ogrid[tuple(slice(0, far) for far in FARTHEST)]
    good: Any = np.ones(FARTHEST, dtype=bool)
    for later in range(1, 4):
        for earlier in range(later):
            good &= axes[later] >= axes[earlier]
    for lag in course.lags:
        gap = axes[lag.later] - axes[lag.earlier]
        good &= (gap >= lag.least) & (gap <= (lag.most if lag.most is not None else 10**6))
    kinds = [sitting.kind for sitting in course.sittings]
    for later in (2, 3):
        consulted = _allowed(kinds[0], 0, kinds[later], later)
        good &= consulted[axes[later] - axes[0]]
        tests = [(1, _allowed(kinds[1], 1, kinds[later], later))]
        if later == 3:
            near = _allowed(kinds[2], 2, kinds[3], 3)
            good &= near[axes[3] - axes[2]]
            if kinds[2].procedure == kinds[3].procedure:
                tests.append((2, near))
        met = [table[axes[later] - axes[at]] for at, table in tests]
        good &= np.logical_or.reduce(np.broadcast_arrays(*met))
    return good


@cache
def _allowed(first: Kind, at: int, then: Kind, later: int) -> Any:
    """Ask the whole protocol about a treatment so many days after one session, 0 to the farthest.

    What the session is not is on file: a consultation of the day before, a clean patch test.
    """
    skin = Skin(shipped(), NOWHERE, Unit.DAYS)
    begin = datetime(2027, 7, 1, tzinfo=UTC)
    earlier = skin.visit(first, at, begin + timedelta(hours=HOURS[at]))
    return np.array([_clear(earlier, skin.visit(then, later, begin + timedelta(days=day, hours=HOURS[later])))
                     for day in range(FARTHEST[-1])])  # fmt: skip


def _clear(earlier: rules.Visit, asked: rules.Visit) -> bool:
    brings = {"consultation": "consultation", "patch_test": "patch_test"}.get(earlier.procedure)
    filed = [
        rules.Record(
            type=kind,
            start=asked.start - timedelta(days=4),
            end=asked.start - timedelta(days=3),
            zone=asked.zone,
            status=Status.FULFILLED,
            procedure=asked.procedure if kind == "patch_test" else "",
        )
        for kind in ("consultation", "patch_test")
        if kind != brings
    ]
    tests = diary.booked_tests([earlier], asked.procedure)
    chart = Chart(born=date(1980, 1, 1), records=(*filed, *tests), visits=(earlier,))
    verdict = rules.judge(asked, chart, shipped(), now=earlier.start)
    return not verdict.blocking
