import re
from pathlib import Path

import pytest

from scheduling.core.protocol import shipped
from scheduling.core.refusals import DAYS, WORDINGS, refusal
from scheduling.core.words import Severity

DOCUMENT = (Path(__file__).parents[3] / "docs" / "refusals.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", DOCUMENT, re.MULTILINE))


def test_the_document_lists_every_code_of_the_diary_with_its_severity() -> None:
    told = {code: severity for code, severity in ROWS.items() if code == code.lower()}

    assert told == {code: words.severity.value for code, words in WORDINGS.items()}


def test_the_document_lists_every_rule_of_the_shipped_protocol() -> None:
    protocol = shipped()

    assert {code for code in ROWS if code != code.lower()} == {
        *(rule.code for rule in protocol.rules),
        protocol.pending.code,
    }
    for rule in protocol.rules:
        if rule.severities:
            assert ROWS[rule.code] == ", ".join(s.value for s in rule.severities)


@pytest.mark.parametrize("code", sorted(WORDINGS))
def test_a_plain_refusal_leaves_no_gap(code: str) -> None:
    reason = refusal(code)

    assert (reason.code, reason.severity) == (code, WORDINGS[code].severity)
    assert all((reason.sentence, reason.patient_sentence, reason.source))
    assert "{" not in reason.sentence + reason.patient_sentence


def test_named_staff_may_override_hours_notice_horizon_and_step_only() -> None:
    assert {c for c, words in WORDINGS.items() if words.severity is Severity.OVERRIDE} == {
        "outside_hours",
        "too_soon",
        "too_late",
        "off_step",
    }


def test_a_whole_day_has_words_of_its_own() -> None:
    facts = {"day": "Tue 5 Jan 2027", "who": "Room 1"}

    assert refusal("resource_taken", facts).sentence == (
        "Nothing is left on Tue 5 Jan 2027; taken: Room 1."
    )
    assert set(DAYS) <= set(WORDINGS)


def test_patients_are_never_told_names_or_figures() -> None:
    assert [code for code, words in WORDINGS.items() if "{" in words.patient] == []
