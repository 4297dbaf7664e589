"""Worked cases: the shipped ones, those beside the tree, and how a file is refused."""

import json
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from scheduling.core.casebook import Case, differences, read_cases, run
from scheduling.core.protocol import Unreadable, parse, shipped, shipped_document
from scheduling.core.protocol.values import Notice

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("SHARED_FOLDER", ROOT.parent / "shared")) / "clinical/cases.json"
SHIPPED: dict[str, Any] = json.loads(files("scheduling").joinpath("data/cases.json").read_text())
CASES = read_cases(SHIPPED, shipped())
OUTSIDE = read_cases(json.loads(SHARED.read_text("utf-8")), shipped()) if SHARED.exists() else []
KEYS = [
    "id",
    "verdict",
    "rules",
    "advisories",
    "earliest_allowed_local_date",
    "earliest_allowed_local_start",
    "earliest_with_override_local_date",
    "latest_allowed_local_date_before",
]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_shipped_case_comes_out_as_worked(case: Case) -> None:
    assert differences(case, run(case, shipped())) == []


if OUTSIDE:

    @pytest.mark.parametrize("case", OUTSIDE, ids=[case.id for case in OUTSIDE])
    def test_shared_case_comes_out_as_worked(case: Case) -> None:
        assert differences(case, run(case, shipped())) == []


def test_shipped_cases_show_every_kind_on_both_sides() -> None:
    """Hold each kind to fire in one case and to be silent beside a like one in another."""
    kinds = {rule.code: rule.kind for rule in shipped().rules}
    fired = {kinds[code] for case in CASES for code in run(case, shipped()).codes if code in kinds}
    assert fired == {rule.kind for rule in shipped().rules} - {Notice.kind}
    assert len({case.id for case in CASES}) == len(CASES)
    assert {case.expected["verdict"] for case in CASES} == {"allowed", "override", "blocked"}


def test_every_shipped_case_is_explained() -> None:
    assert [case.id for case in CASES if not (case.why and case.title)] == []


def test_a_result_has_every_key_always() -> None:
    assert [list(run(case, shipped()).as_dict()) for case in CASES] == [KEYS] * len(CASES)


def sample(**changes: Any) -> dict[str, Any]:
    case: dict[str, Any] = {
        "id": "one",
        "tz": "Europe/London",
        "now": "2026-06-01T08:00",
        "patient": {"dob": "1985-04-12", "fitzpatrick": 2},
        "records": [],
        "history": [],
        "request": {
            "procedure": "filler",
            "area": "face",
            "size": "face",
            "depth": "superficial",
            "start": "2026-06-10T10:00",
            "end": "2026-06-10T10:30",
        },
    }
    return case | changes


def one(**changes: Any) -> Case:
    return read_cases([sample(**changes)], shipped())[0]


def laser(**changes: Any) -> dict[str, Any]:
    session: dict[str, Any] = sample()["request"]
    return session | {"procedure": "ipl", "status": "fulfilled"} | changes


def test_differences_name_each_thing_that_came_out_otherwise() -> None:
    case = one(
        history=[laser(procedure="ablative_co2", start="2026-06-07T10:00", end="2026-06-07T10:45")],
        expected={
            "verdict": "override",
            "rule": "LIT-SUN first",
            "other_rules": ["SEED-RECOVERY"],
            "advisories": ["SEED-FACELIFT"],
            "earliest_allowed_local_date": None,
        },
    )
    assert [str(each) for each in differences(case, run(case, shipped()))] == [
        "verdict: expected override, came blocked",
        "earliest_allowed_local_date: expected None, came 2026-06-28",
        "rule: expected LIT-SUN, came ['SEED-GAP-RF', 'SEED-RECOVERY']",
        "rule: SEED-GAP-RF fired and is not named",
        "advisories: expected ['SEED-FACELIFT'], came []",
    ]


def test_a_rule_of_an_allowed_case_is_prose() -> None:
    case = one(expected={"verdict": "allowed", "rule": "no reason at all"})
    assert differences(case, run(case, shipped())) == []


def test_a_case_without_expectations_differs_from_nothing() -> None:
    assert differences(one(), run(one(), shipped())) == []


def test_cases_are_tried_on_any_protocol() -> None:
    document = shipped_document()
    for rule in document["rules"]:
        if rule["id"] == "SEED-GAP-RF":
            rule["tiers"] = [[21, "override"]]
    history = [
        laser(procedure="fractional_nonablative", start="2026-06-01T10:00", end="2026-06-01T10:40")
    ]
    case = one(history=history)
    results = [run(case, protocol).as_dict() for protocol in (shipped(), parse(document))]
    assert [result["verdict"] for result in results] == ["allowed", "override"]
    assert results[1]["earliest_allowed_local_date"] == "2026-06-22"


def test_jurisdiction_is_england_in_london_unless_said_otherwise() -> None:
    profiles = [
        one().profiles,
        one(tz="Europe/Dublin").profiles,
        one(jurisdiction="scotland").profiles,
        one(jurisdiction=None).profiles,
        one(jurisdiction=["australia"], tz="Australia/Perth").profiles,
    ]
    assert profiles == [{"england"}, set(), {"scotland"}, set(), {"australia"}]


def test_area_may_be_a_list_and_sessions_may_lie_in_another_zone() -> None:
    case = one(
        request=sample()["request"] | {"area": ["chin", "nose"]},
        history=[laser(tz="America/New_York", start="2026-06-02T20:00", end="2026-06-02T20:30")],
    )
    assert case.visit.areas == {"chin", "nose"}
    assert case.chart.visits[0].start.isoformat() == "2026-06-03T00:00:00+00:00"
    assert case.chart.visits[0].start_date.isoformat() == "2026-06-02"


def test_an_actual_end_counts_before_the_booked_one() -> None:
    case = one(history=[laser(actual_end="2026-06-11T00:10")])
    assert case.chart.visits[0].end_date.isoformat() == "2026-06-11"


def test_a_session_that_ends_in_the_repeated_hour_has_its_length() -> None:
    session = laser(start="2026-10-25T01:40", end="2026-10-25T01:10")
    visit = one(history=[session]).chart.visits[0]
    assert (visit.end - visit.start).total_seconds() == 30 * 60


REQUEST = sample()["request"]
UNREADABLE: list[tuple[str, Callable[[], object], str]] = [
    ("no cases", dict, "$.cases"),
    ("cases no list", lambda: {"cases": {}}, "$.cases"),
    ("case no object", lambda: ["x"], "$[0]"),
    ("zone", lambda: [sample(tz="Mars/Base")], "$[0].tz"),
    ("zone outside", lambda: [sample(tz="../etc/passwd")], "$[0].tz"),
    ("now", lambda: [sample(now="soon")], "$[0].now"),
    ("now without time", lambda: [sample(now="2026-06-01")], "$[0].now"),
    ("birth date", lambda: [sample(patient={"dob": "1985-02-30"})], "$[0].patient.dob"),
    ("no request", lambda: [sample(request=None)], "$[0].request"),
    (
        "procedure",
        lambda: [sample(request=REQUEST | {"procedure": "haircut"})],
        "$[0].request.procedure",
    ),
    (
        "history procedure",
        lambda: [sample(history=[laser(), laser(procedure="haircut")])],
        "$[0].history[1].procedure",
    ),
    ("status", lambda: [sample(history=[laser(status="late")])], "$[0].history[0].status"),
    (
        "requested history",
        lambda: [sample(history=[laser(status="requested")])],
        "$[0].history[0].status",
    ),
    ("record type", lambda: [sample(records=[{"type": "mood"}])], "$[0].records[0].type"),
    (
        "record status",
        lambda: [
            sample(
                records=[
                    {
                        "type": "consent",
                        "start": "2026-06-01T10:00",
                        "end": "2026-06-01T10:10",
                        "status": "signed",
                    }
                ]
            )
        ],
        "$[0].records[0].status",
    ),
    ("record date", lambda: [sample(records=[{"type": "healed"}])], "$[0].records[0].date"),
    (
        "record dates reversed",
        lambda: [
            sample(
                records=[
                    {"type": "pregnancy", "start_date": "2026-02-02", "end_date": "2026-01-01"}
                ]
            )
        ],
        "$[0].records[0].end_date",
    ),
    (
        "end before start",
        lambda: [sample(request=REQUEST | {"end": "2026-06-10T09:00"})],
        "$[0].request.end",
    ),
    (
        "skipped time",
        lambda: [
            sample(request=REQUEST | {"start": "2026-03-29T01:30", "end": "2026-03-29T02:30"})
        ],
        "$[0].request.start",
    ),
    (
        "replaces nobody",
        lambda: [sample(request=REQUEST | {"replaces": "s9"})],
        "$[0].request.replaces",
    ),
    ("seq", lambda: [sample(request=REQUEST | {"seq": "two"})], "$[0].request.seq"),
    ("moment", lambda: [sample(moment="never")], "$[0].moment"),
]


@pytest.mark.parametrize(
    ("document", "path"), [each[1:] for each in UNREADABLE], ids=[each[0] for each in UNREADABLE]
)
def test_what_is_not_understood_is_refused_where_it_stands(
    document: Callable[[], object], path: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        read_cases(document(), shipped())
    assert refused.value.path == path
