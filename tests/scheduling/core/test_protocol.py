"""A protocol is read to the end or not at all."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scheduling.core.protocol import Unreadable, describe, parse, shipped, shipped_document
from scheduling.core.protocol.values import MinGap, Profile, Tier
from scheduling.core.rules import overlap, profiles_for
from scheduling.core.rules.table import CHECKS
from scheduling.core.words import Severity

Document = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("SHARED_FOLDER", ROOT.parent / "shared")) / "clinical/protocol.json"


def row(document: Document, code: str) -> Document:
    found: Document = next(each for each in document["rules"] if each["id"] == code)
    return found


def test_shipped_rows_say_where_they_come_from_and_both_sentences() -> None:
    wanted = ("id", "kind", "title", "origin", "source", "sureness", "sentence", "patient_sentence")
    for each in shipped_document()["rules"]:
        assert [key for key in wanted if not str(each.get(key, "")).strip()] == [], each["id"]
    notice = shipped().pending
    assert all((notice.source, notice.sureness, notice.sentence, notice.patient_sentence))


def test_shipped_modalities_say_where_their_figures_come_from() -> None:
    for modality in shipped().modalities.values():
        assert modality.recovery_source, modality.name
        assert modality.recovery_sureness, modality.name
        assert modality.interval_source, modality.name
        assert modality.interval_sureness, modality.name


def test_shipped_names_everything_it_uses() -> None:
    protocol = shipped()
    titles = protocol.titles
    assert set(titles.procedures) == protocol.procedures
    assert set(titles.categories) == set(protocol.categories)
    assert set(titles.areas) == set(protocol.areas.masks)
    assert set(titles.records) == set(protocol.record_types)
    assert tuple(titles.indications) == protocol.indications
    assert tuple(titles.adverse_events) == protocol.adverse_events


def test_patient_sentences_neither_blame_nor_frighten() -> None:
    harsh = ("you must", "you failed", "forbidden", "danger", "risk", "refuse", "not allowed")
    for rule in shipped().rules:
        said = rule.patient_sentence.lower()
        assert [word for word in harsh if word in said] == [], rule.code


def test_hard_rules_have_a_source_or_are_facts_of_the_diary() -> None:
    unsourced = [
        rule.code
        for rule in shipped().rules
        if rule.sureness == "D" and Severity.HARD in rule.severities
    ]
    assert unsourced == ["DES-PLAN-SEQ", "DES-DOUBLE"]


if SHARED.exists():

    def test_shipped_figures_are_the_shared_ones() -> None:
        ours, theirs = shipped_document(), json.loads(SHARED.read_text("utf-8"))
        prose = {"source", "effect", "values", "cleared_by", "meaning"}
        for key in ("counted_statuses", "area_tree", "categories"):
            assert ours[key] == theirs[key]
        for name, figures in theirs["modalities"].items():
            assert {key: ours["modalities"][name][key] for key in figures} == figures
        assert [each["id"] for each in ours["rules"]] == [each["id"] for each in theirs["rules"]]
        for each in theirs["rules"]:
            figures = {key: value for key, value in each.items() if key not in prose}
            mine = row(ours, each["id"])
            assert {key: mine.get(key) for key in figures} == figures
        assert parse(theirs).procedures == shipped().procedures


def test_every_rule_is_read_aloud_with_its_figures() -> None:
    document = shipped_document()
    row(document, "SEED-GAP-RF")["tiers"] = [[9, "hard"]]
    protocol = parse(document)
    assert describe(protocol.rule("SEED-GAP-RF"), protocol) == (
        "Between laser resurfacing and filler, in either order: less than 9 days is not possible."
    )
    sentences = [describe(rule, protocol) for rule in (*protocol.rules, protocol.pending)]
    assert all(sentence.endswith(".") and len(sentence) > 40 for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


def test_every_kind_has_its_check() -> None:
    assert {type(rule) for rule in shipped().rules} <= set(CHECKS)


def test_parsing_keeps_figures_as_values() -> None:
    rule = shipped().rule("LIT-TOXIN-ABL")
    assert isinstance(rule, MinGap)
    assert rule.tiers == (Tier(1, Severity.HARD), Tier(14, Severity.OVERRIDE))
    assert rule.a == {"botulinum_toxin"}
    assert rule.b == {"ablative_co2", "ablative_eryag", "fractional_ablative"}


def test_an_unknown_code_is_no_rule() -> None:
    with pytest.raises(KeyError):
        shipped().rule("NO-SUCH-RULE")


def changed(change: Callable[[Document], object]) -> Document:
    document = shipped_document()
    change(document)
    return document


def at(code: str, **figures: Any) -> Callable[[Document], object]:
    return lambda document: row(document, code).update(figures)


def without(code: str, key: str) -> Callable[[Document], object]:
    return lambda document: row(document, code).pop(key)


def index(code: str) -> int:
    return [each["id"] for each in shipped_document()["rules"]].index(code)


def modality(name: str, **figures: Any) -> Callable[[Document], object]:
    return lambda document: document["modalities"][name].update(figures)


UNREADABLE: list[tuple[str, Callable[[Document], object], str]] = [
    ("kind", at("LIT-SUN", kind="mood"), "$.rules[LIT-SUN].kind"),
    ("missing kind", without("LIT-SUN", "kind"), "$.rules[LIT-SUN].kind"),
    ("missing source", without("LIT-SUN", "source"), "$.rules[LIT-SUN].source"),
    ("sureness", at("LIT-SUN", sureness="maybe"), "$.rules[LIT-SUN].sureness"),
    ("member nobody knows", at("LIT-SUN", active_from="2026"), "$.rules[LIT-SUN].active_from"),
    ("procedure", at("SEED-GAP-RF", b="fillr"), "$.rules[SEED-GAP-RF].b"),
    ("procedure in a list", at("LIT-PATCH", **{"for": ["ipl", "x"]}), "$.rules[LIT-PATCH].for[1]"),
    ("no procedure", at("LIT-PATCH", **{"for": []}), "$.rules[LIT-PATCH].for"),
    ("severity", at("SEED-CONSULT", severity="stern"), "$.rules[SEED-CONSULT].severity"),
    ("record type", at("LIT-SUN", record="moonlight"), "$.rules[LIT-SUN].record"),
    ("record without an end", at("LIT-SUN", record="consultation"), "$.rules[LIT-SUN].record"),
    ("two waits", at("LIT-SUN", wait_days=3), "$.rules[LIT-SUN]"),
    ("no wait", without("LIT-SUN", "tiers"), "$.rules[LIT-SUN]"),
    ("severity beside tiers", at("LIT-SUN", severity="hard"), "$.rules[LIT-SUN].severity"),
    (
        "tiers that fall",
        at("LIT-SUN", tiers=[[28, "hard"], [14, "override"]]),
        "$.rules[LIT-SUN].tiers[1][0]",
    ),
    (
        "tiers that grow sterner",
        at("LIT-SUN", tiers=[[14, "override"], [28, "hard"]]),
        "$.rules[LIT-SUN].tiers[1][1]",
    ),
    ("no tiers", at("LIT-SUN", tiers=[]), "$.rules[LIT-SUN].tiers"),
    ("half a tier", at("LIT-SUN", tiers=[[14]]), "$.rules[LIT-SUN].tiers[0]"),
    ("a tier of nothing", at("LIT-SUN", tiers=[[0, "hard"]]), "$.rules[LIT-SUN].tiers[0][0]"),
    ("a tier of truth", at("LIT-SUN", tiers=[[True, "hard"]]), "$.rules[LIT-SUN].tiers[0][0]"),
    ("half a day", at("LIT-SUN", tiers=[[1.5, "hard"]]), "$.rules[LIT-SUN].tiers[0][0]"),
    ("hard without source", at("LIT-SUN", sureness="D"), "$.rules[LIT-SUN].sureness"),
    (
        "recovery tiers that fall",
        at("SEED-RECOVERY", tiers=[["maximum", "hard"], ["minimum", "override"]]),
        "$.rules[SEED-RECOVERY].tiers[1]",
    ),
    ("recovery of filler", at("SEED-RECOVERY", after="filler"), "$.rules[SEED-RECOVERY].after"),
    (
        "measure",
        at("SEED-RECOVERY", tiers=[["mean", "hard"]]),
        "$.rules[SEED-RECOVERY].tiers[0][0]",
    ),
    ("need", at("SEED-CONSULT", needs="luck"), "$.rules[SEED-CONSULT].needs"),
    (
        "way to count",
        at("SEED-CONSULT", booked_counts="always"),
        "$.rules[SEED-CONSULT].booked_counts",
    ),
    (
        "way to renew",
        at("LIT-PATCH", also_satisfied_by="hope"),
        "$.rules[LIT-PATCH].also_satisfied_by",
    ),
    (
        "patient filter",
        at("LIT-FITZ-PATCH", patient={"tall": 1}),
        "$.rules[LIT-FITZ-PATCH].patient.tall",
    ),
    ("lifting record", at("JUR-ENG-U18", lifted_by="a friend"), "$.rules[JUR-ENG-U18].lifted_by"),
    ("minutes", at("SEED-DURATION", minutes=[45, 30]), "$.rules[SEED-DURATION].minutes"),
    ("interval table", at("LIT-INTERVAL", tiers="elsewhere"), "$.rules[LIT-INTERVAL].tiers"),
    (
        "no other drug class",
        at("LIT-PHOTOSENSITISER", severity_by_class={"pdt": "hard"}),
        "$.rules[LIT-PHOTOSENSITISER].severity_by_class.other",
    ),
    (
        "sentence about nothing",
        at("LIT-SUN", sentence="Wait {weeks}."),
        "$.rules[LIT-SUN].sentence",
    ),
    (
        "sentence with a torn brace",
        at("LIT-SUN", patient_sentence="Wait {need."),
        "$.rules[LIT-SUN].patient_sentence",
    ),
    ("twice", lambda d: d["rules"].append(d["rules"][0]), "$.rules[42].id"),
    ("rules missing", lambda d: d.pop("rules"), "$.rules"),
    ("rules no list", lambda d: d.update(rules={}), "$.rules"),
    ("member at the top", lambda d: d.update(extra=1), "$.extra"),
    ("status", lambda d: d["counted_statuses"].append("late"), "$.counted_statuses[4]"),
    ("category member", lambda d: d["categories"]["peel"].append("x"), "$.categories.peel[2]"),
    ("two parents", lambda d: d["area_tree"]["legs"].append("neck"), "$.area_tree.legs[3]"),
    ("a loop", lambda d: d["area_tree"].update(nose=["body"]), "$.area_tree"),
    ("no body", lambda d: d.update(area_tree={}), "$.area_tree"),
    ("profile", lambda d: d["profiles"]["england"].pop("country"), "$.profiles.england.country"),
    ("record type", lambda d: d["record_types"].update(mood={"fields": []}), "$.record_types.mood"),
    (
        "recovery that falls",
        modality("ipl", recovery={"small": [3, 2, 1], "face": [0, 0, 0], "large": [0, 0, 0]}),
        "$.modalities.ipl.recovery.small",
    ),
    (
        "size missing",
        modality("ipl", recovery={"small": [0, 0, 0]}),
        "$.modalities.ipl.recovery.face",
    ),
    ("minutes", modality("ipl", session_min=[30]), "$.modalities.ipl.session_min"),
    ("figure", modality("ipl", power=9), "$.modalities.ipl.power"),
    (
        "interval area",
        modality("ipl", interval_tiers={"tail": [[1, "override"]], "other": [[1, "override"]]}),
        "$.modalities.ipl.interval_tiers.tail",
    ),
    (
        "interval hard without source",
        modality("ablative_co2", interval_tiers=[[9, "hard"]]),
        "$.modalities.ablative_co2.interval_tiers",
    ),
]


@pytest.mark.parametrize(
    ("change", "path"), [each[1:] for each in UNREADABLE], ids=[each[0] for each in UNREADABLE]
)
def test_what_is_not_understood_is_refused_where_it_stands(
    change: Callable[[Document], object], path: str
) -> None:
    if "[" in path and not path[path.index("[") + 1].isdigit():
        code = path[path.index("[") + 1 : path.index("]")]
        if code in {each["id"] for each in shipped_document()["rules"]}:
            path = path.replace(code, str(index(code)), 1)
    with pytest.raises(Unreadable) as refused:
        parse(changed(change))
    assert refused.value.path == path
    assert str(refused.value).startswith(f"{path}: ")


@pytest.mark.parametrize("document", [None, [], "protocol", 7], ids=["null", "list", "text", "7"])
def test_a_document_of_another_shape_is_refused(document: object) -> None:
    with pytest.raises(Unreadable) as refused:
        parse(document)
    assert refused.value.path == "$"


def test_a_row_without_sentences_gets_those_of_its_kind() -> None:
    document = changed(without("LIT-SUN", "sentence"))
    row(document, "LIT-SUN").pop("patient_sentence")
    rule = parse(document).rule("LIT-SUN")
    assert rule.sentence
    assert rule.patient_sentence


def test_areas_overlap_along_a_branch_only() -> None:
    protocol = shipped()
    pairs = [("cheeks_left", "face"), ("face", "cheeks_left"), ("face", "face"), ("body", "feet")]
    assert [overlap([one], [two], protocol) for one, two in pairs] == [True] * 4
    apart = [("cheeks_left", "cheeks_right"), ("face", "neck"), ("face", "hands")]
    assert [overlap([one], [two], protocol) for one, two in apart] == [False] * 3
    assert overlap([], ["hands"], protocol)
    assert overlap(["somewhere"], ["hands"], protocol)
    assert overlap(["hands", "chin"], ["face"], protocol)


def test_profiles_follow_country_and_subdivision() -> None:
    protocol = shipped()
    found = [
        profiles_for(*place, protocol)
        for place in (("GB", "ENG"), ("gb", "gb-eng"), ("GB", "SCT"), ("AU", "NSW"), ("FR", ""))
    ]
    assert found == [{"england"}, {"england"}, frozenset(), {"australia"}, frozenset()]


def test_a_british_site_that_does_not_say_its_nation_keeps_the_law_of_england() -> None:
    assert Profile("GB", "ENG").matches("GB", "")
    assert profiles_for("GB", "", shipped()) == {"england"}
