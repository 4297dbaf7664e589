"""The short answer of a list against the verdict's own: they may never disagree."""

import json
from importlib.resources import files

import pytest

from scheduling.core import rules
from scheduling.core.casebook import Case, read_cases
from scheduling.core.protocol import shipped
from scheduling.core.protocol.values import Prerequisite
from scheduling.core.rules import Moment
from scheduling.core.words import Severity

CASES = read_cases(
    json.loads(files("scheduling").joinpath("data/cases.json").read_text("utf-8")), shipped()
)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_lacking_names_what_check_in_would_miss(case: Case) -> None:
    protocol = shipped()
    verdict = rules.judge(
        case.visit,
        case.chart,
        protocol,
        now=case.now,
        profiles=case.profiles,
        moment=Moment.CHECK_IN,
    )
    missed = {
        rule.needs
        for reason in verdict.reasons
        if reason.severity is not Severity.ADVISORY
        and isinstance(rule := protocol.rule(reason.code), Prerequisite)
    }
    found = rules.lacking(case.visit, case.chart, protocol, now=case.now, profiles=case.profiles)
    assert set(found) == missed
