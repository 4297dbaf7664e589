"""What a verdict says, and the corners of the rules that worked cases do not show."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.core.protocol import Protocol, parse, shipped_document
from scheduling.core.rules import (
    Chart,
    Moment,
    Record,
    Recovery,
    Verdict,
    Visit,
    earliest,
    judge,
    recovery,
)
from scheduling.core.words import Severity, Status
from tests.scheduling.core.charts import (
    CONSULTED,
    ENGLAND,
    LONDON,
    NOW,
    PROTOCOL,
    at,
    booked,
    chart,
    done,
    signed,
    visit,
)

LASER = "fractional_nonablative"


def ask(
    asked: Visit, known: Chart, moment: Moment = Moment.BOOKING, protocol: Protocol = PROTOCOL
) -> Verdict:
    return judge(asked, known, protocol, now=NOW, profiles=ENGLAND, moment=moment)


def codes(verdict: Verdict) -> list[str]:
    return [f"{reason.code} {reason.severity.value}" for reason in verdict.reasons]


def test_a_reason_carries_sentence_arithmetic_source_and_its_own_end() -> None:
    verdict = ask(visit("filler", "2026-06-07"), chart(done(LASER, "2026-06-02")))
    assert verdict.verdict == "blocked"
    first = verdict.fired[0]
    assert first.reason.as_dict() == {
        "code": "SEED-GAP-RF",
        "severity": "hard",
        "sentence": (
            "Laser resurfacing and filler on the same area need at least 7 days between them, "
            "counted by date; non-ablative fractional laser on 2 June 2026 leaves 5."
        ),
        "patient_sentence": (
            "Your skin does best with at least 7 days between these two treatments, so let us "
            "find a day that gives it that time."
        ),
        "arithmetic": "5 < 7",
        "source": PROTOCOL.rule("SEED-GAP-RF").source,
        "sureness": "seed",
        "earliest": "2026-06-09",
    }
    assert (first.other, first.gap_days) == (f"{LASER} 2026-06-02 10:00", 5)


def test_reasons_are_all_told_worst_first() -> None:
    known = chart(
        done("filler", "2026-06-08"),
        Record(type="breastfeeding", start_date=date(2026, 1, 1)),
        born=date(2009, 1, 1),
    )
    verdict = ask(visit(LASER, "2026-06-10", minutes=50), known)
    assert codes(verdict) == [
        "SEED-GAP-RF hard",
        "SEED-CONSULT hard",
        "SEED-AGE-YOUNG override",
        "SEED-DURATION override",
        "LIT-BREASTFEEDING override",
        "SEED-ORDER-RF advisory",
    ]
    assert [r.severity for r in verdict.blocking] == [Severity.HARD] * 2 + [Severity.OVERRIDE] * 3
    assert [r.code for r in verdict.advisories] == ["SEED-ORDER-RF"]
    assert [r.arithmetic for r in verdict.reasons] == [
        "2 < 7",
        "none on file",
        "17 < 18",
        "50 > 45",
        "no end date",
        "2026-06-08 < 2026-06-10",
    ]


def test_reasons_end_when_their_own_rule_does() -> None:
    known = chart(
        CONSULTED,
        done(LASER, "2026-06-01"),
        Record(type="sun_exposure", end_date=date(2026, 6, 1)),
        Record(type="pregnancy", start_date=date(2026, 1, 1)),
        born=date(2008, 8, 8),
    )
    verdict = ask(visit(LASER, "2026-06-10"), known)
    assert {r.code: r.earliest for r in verdict.reasons} == {
        "LIT-INTERVAL": date(2026, 6, 29),
        "LIT-SUN": date(2026, 6, 29),
        "LIT-PREGNANCY": None,
        "SEED-AGE-YOUNG": date(2026, 8, 8),
    }


def test_both_neighbours_are_named_when_both_are_too_near() -> None:
    known = chart(CONSULTED, done(LASER, "2026-06-01"), booked(LASER, "2026-06-25"))
    verdict = ask(visit(LASER, "2026-06-15"), known)
    assert [(f.other, f.gap_days, f.reason.arithmetic) for f in verdict.fired] == [
        (f"{LASER} 2026-06-25 10:00", 10, "10 < 14"),
        (f"{LASER} 2026-06-01 10:00", 14, "14 < 28"),
    ]


def test_of_several_sessions_on_one_side_the_nearest_is_named() -> None:
    known = chart(CONSULTED, done(LASER, "2026-05-25"), done(LASER, "2026-06-01"))
    assert [f.gap_days for f in ask(visit(LASER, "2026-06-14"), known).fired] == [13]


def test_a_visit_is_never_its_own_neighbour() -> None:
    asked = visit(LASER, "2026-06-10", id=7)
    known = chart(CONSULTED, replace(asked, start=at("2026-06-01"), status=Status.BOOKED))
    assert ask(asked, known).reasons == ()


@pytest.mark.parametrize(
    "status",
    [
        Status.PROPOSED,
        Status.PENDING,
        Status.WAITLIST,
        Status.CANCELLED,
        Status.NOSHOW,
        Status.ENTERED_IN_ERROR,
    ],
)
def test_statuses_that_do_not_count_meet_nobody(status: Status) -> None:
    known = chart(CONSULTED, visit(LASER, "2026-06-09", status=status))
    assert ask(visit(LASER, "2026-06-10"), known).verdict == "allowed"


@pytest.mark.parametrize(
    "status", [Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED]
)
def test_statuses_that_count_do(status: Status) -> None:
    known = chart(CONSULTED, visit(LASER, "2026-06-09", status=status))
    assert ask(visit(LASER, "2026-06-10"), known).verdict == "blocked"


def test_each_session_counts_by_the_dates_of_its_own_site() -> None:
    late = done(LASER, "2026-06-02", "23:30", zone=ZoneInfo("Pacific/Auckland"))
    verdict = ask(visit("filler", "2026-06-09"), chart(late))
    # 23:30 to 00:10 in Auckland: the end lies on 3 June there, on 2 June in London.
    assert [f.gap_days for f in verdict.fired] == [6, 6]


def test_facelift_and_laser_of_one_encounter_still_cannot_be_at_one_time() -> None:
    lift = booked("facelift", "2026-06-10", "09:00", minutes=180, encounter="E1")
    asked = visit("fractional_ablative", "2026-06-10", "11:30", minutes=45, encounter="E1")
    assert codes(ask(asked, chart(CONSULTED, lift))) == [
        "DES-DOUBLE hard",
        "SEED-FACELIFT advisory",
    ]


def test_filler_in_the_encounter_of_a_laser_is_not_permitted_with_it() -> None:
    laser = booked(LASER, "2026-06-10", "09:00", encounter="E1")
    asked = visit("filler", "2026-06-10", "10:00", encounter="E1")
    assert codes(ask(asked, chart(CONSULTED, laser))) == [
        "SEED-GAP-RF hard",
        "SEED-RECOVERY hard",
    ]


def test_two_empty_encounters_are_not_one() -> None:
    known = chart(CONSULTED, booked("facelift", "2026-06-10", "08:00", minutes=60))
    asked = visit("fractional_ablative", "2026-06-10", minutes=45)
    assert codes(ask(asked, known)) == ["LIT-FACELIFT-GAP hard"]


def test_a_sign_off_covers_only_the_skin_it_names() -> None:
    laser = done(LASER, "2026-06-02", depth="deep")
    left = Record(type="healed", on=date(2026, 6, 8), areas=frozenset({"cheeks_left"}))
    both = replace(left, areas=frozenset({"cheeks"}))
    asked = visit("filler", "2026-06-10", area="cheeks")
    assert codes(ask(asked, chart(laser, left))) == ["SEED-RECOVERY override"]
    assert codes(ask(asked, chart(laser, both))) == []


def test_a_sign_off_after_the_visit_does_not_help_it() -> None:
    laser = done(LASER, "2026-06-02", depth="deep")
    healed = Record(type="healed", on=date(2026, 6, 11))
    assert codes(ask(visit("filler", "2026-06-10"), chart(laser, healed))) == [
        "SEED-RECOVERY override"
    ]


def test_an_earlier_sign_off_says_nothing_of_a_later_session() -> None:
    laser = done(LASER, "2026-06-02", depth="deep")
    healed = Record(type="healed", on=date(2026, 6, 1))
    assert ask(visit("filler", "2026-06-10"), chart(laser, healed)).verdict == "override"


def test_a_later_clear_patch_test_takes_a_reaction_away() -> None:
    hair = "laser_hair_removal"
    first = signed("patch_test", "2026-06-01", procedure=hair, result="reaction")
    second = signed("patch_test", "2026-06-05", procedure=hair, result="clear")
    asked = visit(hair, "2026-06-10", area="axillae")
    assert ask(asked, chart(CONSULTED, first)).verdict == "blocked"
    assert ask(asked, chart(CONSULTED, first, second)).verdict == "allowed"


def test_a_reaction_outweighs_an_older_session_and_an_older_test() -> None:
    hair = "laser_hair_removal"
    known = chart(
        CONSULTED,
        done(hair, "2026-02-01", area="axillae"),
        signed("patch_test", "2026-05-01", procedure=hair, result="clear"),
        signed("patch_test", "2026-06-01", procedure=hair, result="Reaction: blisters"),
    )
    assert codes(ask(visit(hair, "2026-06-10", area="axillae"), known)) == ["LIT-PATCH hard"]


def test_sessions_to_come_renew_a_patch_test_within_their_own_course() -> None:
    hair = "laser_hair_removal"
    test = signed("patch_test", "2026-01-02", procedure=hair)
    before = booked(hair, "2026-06-20", area="axillae", series=1, seq=1)
    asked = visit(hair, "2026-08-01", area="axillae", series=1, seq=2)
    assert codes(ask(asked, chart(CONSULTED, test, before))) == ["PENDING-PREREQUISITE advisory"]
    assert codes(ask(replace(asked, series=2), chart(CONSULTED, test, before))) == [
        "LIT-PATCH hard"
    ]
    assert codes(ask(asked, chart(CONSULTED, test, before), Moment.CHECK_IN)) == [
        "LIT-PATCH hard",
        "DES-CONSENT hard",
    ]


def test_a_consultation_among_the_visits_counts_as_one() -> None:
    asked = visit(LASER, "2026-06-10")
    seen = done("consultation", "2026-06-01", minutes=20)
    coming = booked("consultation", "2026-06-01", minutes=20)
    assert codes(ask(asked, chart(seen))) == []
    assert codes(ask(asked, chart(coming))) == ["PENDING-PREREQUISITE advisory"]


def test_an_older_consultation_spares_the_remark_about_the_same_day() -> None:
    same_day = signed("consultation", "2026-06-10")
    assert codes(ask(visit(LASER, "2026-06-10"), chart(CONSULTED, same_day))) == []


def test_an_unknown_birth_date_meets_the_law_and_nothing_softer() -> None:
    assert codes(ask(visit("filler", "2026-06-10"), chart(born=None))) == ["JUR-ENG-U18 hard"]
    assert codes(ask(visit(LASER, "2026-06-10"), chart(CONSULTED, born=None))) == []


def test_a_doctor_directs_from_a_day_on() -> None:
    directed = Record(type="doctor_directed", on=date(2026, 6, 10))
    known = chart(directed, born=date(2009, 1, 1))
    assert ask(visit("filler", "2026-06-10"), known).verdict == "allowed"
    assert ask(visit("filler", "2026-06-09"), known).verdict == "blocked"


def test_assessments_are_no_sessions_of_their_indication() -> None:
    veins = {"indication": "spider_veins", "area": "legs"}
    known = chart(
        CONSULTED,
        signed("patch_test", "2026-06-01", procedure="ndyag_1064"),
        done("consultation", "2026-05-01", **veins),
        done("ndyag_1064", "2026-03-01", **veins),
    )
    assert codes(ask(visit("ndyag_1064", "2026-06-10", minutes=20, **veins), known)) == []
    assert codes(ask(visit("review", "2026-06-11", minutes=20, **veins), known)) == []


def test_a_visit_outside_of_any_course_opens_none() -> None:
    first = booked(LASER, "2026-08-10", series=1, seq=1)
    asked = visit("fractional_ablative", "2026-06-10", minutes=45)
    assert codes(ask(asked, chart(CONSULTED, first))) == []
    assert codes(ask(replace(asked, series=2), chart(CONSULTED, first))) == [
        "LIT-CONCURRENT override"
    ]


def test_the_latest_of_equal_records_is_told() -> None:
    known = chart(
        CONSULTED,
        Record(type="sun_exposure", end_date=date(2026, 6, 3)),
        Record(type="sun_exposure", end_date=date(2026, 6, 5)),
    )
    assert [r.arithmetic for r in ask(visit(LASER, "2026-06-10"), known).reasons] == ["5 < 14"]


def test_an_unknown_procedure_meets_only_the_diary() -> None:
    known = chart(done(LASER, "2026-06-09"), booked(LASER, "2026-06-10"))
    assert codes(ask(visit("massage", "2026-06-10"), known)) == ["DES-DOUBLE hard"]


def test_a_pause_may_become_too_long_where_the_protocol_says_so() -> None:
    document = shipped_document()
    document["rules"].append(
        {
            "id": "CLINIC-IDLE",
            "kind": "max_gap",
            "a": "laser_hair_removal",
            "b": "laser_hair_removal",
            "days": 90,
            "severity": "advisory",
            "sureness": "D",
            "source": "ours",
        }
    )
    protocol = parse(document)
    hair = "laser_hair_removal"
    known = chart(CONSULTED, done(hair, "2026-01-01", area="axillae"))
    verdicts = [
        ask(visit(hair, day, area="axillae"), known, protocol=protocol)
        for day in ("2026-04-01", "2026-04-02")
    ]
    assert [[r.arithmetic for r in v.advisories] for v in verdicts] == [[], ["91 > 90"]]


@pytest.mark.parametrize(
    ("size", "depth", "days"),
    [
        ("small", "superficial", (3, 3, 5)),
        ("small", "deep", (3, 5, 7)),
        ("face", "superficial", (3, 5, 7)),
        ("medium", "superficial", (3, 5, 7)),
        ("face", "deep", (5, 7, 10)),
        ("large", "superficial", (5, 7, 10)),
        ("large", "deep", (5, 7, 10)),
        ("", "", (5, 7, 10)),
        ("huge", "skin deep", (5, 7, 10)),
        ("small", "", (3, 5, 7)),
    ],
)
def test_recovery_follows_size_and_depth(size: str, depth: str, days: tuple[int, ...]) -> None:
    end = date(2026, 6, 1)
    assert recovery(LASER, size, depth, end, PROTOCOL) == Recovery(
        *(end + timedelta(days=figure) for figure in days)
    )


def test_recovery_is_none_for_what_needs_none() -> None:
    assert recovery("filler", "face", "deep", date(2026, 6, 1), PROTOCOL) is None


def test_a_visit_keeps_civil_dates_and_refuses_nonsense() -> None:
    late = visit(LASER, "2026-06-02", "23:20")
    assert (late.start_date, late.end_date) == (date(2026, 6, 2), date(2026, 6, 2))
    assert visit(LASER, "2026-06-02", "23:21").end_date == date(2026, 6, 3)
    assert late.start.tzinfo is UTC
    with pytest.raises(ValueError, match="ends after it starts"):
        visit(LASER, "2026-06-02", minutes=0)
    naive = datetime(2026, 6, 2, 10)  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="aware"):
        Visit(id=1, procedure=LASER, start=naive, end=naive, zone=LONDON)


def test_earliest_starts_at_now_when_the_request_is_past() -> None:
    now = datetime(2026, 6, 10, 9, 59, 30, tzinfo=UTC)
    outlook = earliest(visit(LASER, "2026-06-10", "08:00"), chart(CONSULTED), PROTOCOL, now=now)
    assert outlook.start == at("2026-06-10", "11:00")


def test_earliest_looks_366_days_ahead_and_no_further() -> None:
    asked = visit("filler", "2026-06-10")
    in_reach, beyond = date(2009, 6, 11), date(2009, 6, 12)
    dates = [
        earliest(asked, chart(born=born), PROTOCOL, now=NOW, profiles=ENGLAND).allowed
        for born in (in_reach, beyond)
    ]
    assert dates == [date(2027, 6, 11), None]


@settings(max_examples=80, deadline=None)
@given(gap=st.integers(0, 60), more=st.integers(0, 30))
def test_waiting_longer_after_one_session_never_makes_it_worse(gap: int, more: int) -> None:
    """Hold the severity of a gap to fall as the days grow."""
    ranks = {"blocked": 2, "override": 1, "allowed": 0}
    known = chart(CONSULTED, done(LASER, "2026-06-01", "08:00"))
    for procedure in ("filler", LASER, "peel_superficial", "ablative_eryag"):
        found = []
        for days in (gap, gap + more):
            asked = visit(procedure, (date(2026, 6, 1) + timedelta(days=days)).isoformat())
            found.append(ranks[ask(asked, known).verdict])
        assert found[0] >= found[1]
