"""A case put to the rules, and what came out beside what was expected."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduling.core.casebook.reading import Case
from scheduling.core.protocol import Protocol
from scheduling.core.rules import Outlook, Verdict, earliest, judge

_DATES = (
    "earliest_allowed_local_date",
    "earliest_allowed_local_start",
    "earliest_with_override_local_date",
    "latest_allowed_local_date_before",
)


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict of a case and the dates around it."""

    id: str
    verdict: Verdict
    outlook: Outlook

    @property
    def codes(self) -> tuple[str, ...]:
        """All fired codes, worst first, each once."""
        return tuple(dict.fromkeys(reason.code for reason in self.verdict.reasons))

    @property
    def firm(self) -> frozenset[str]:
        """Codes that fired with more than advice."""
        return frozenset(reason.code for reason in self.verdict.blocking)

    @property
    def advisories(self) -> tuple[str, ...]:
        """Codes that fired as advice only."""
        return tuple(code for code in self.codes if code not in self.firm)

    def as_dict(self) -> dict[str, object]:
        """Spell the result as JSON: every key always there, null where nothing is known."""
        outlook = self.outlook
        return {
            "id": self.id,
            "verdict": self.verdict.verdict,
            "rules": [reason.as_dict() for reason in self.verdict.reasons],
            "advisories": list(self.advisories),
            "earliest_allowed_local_date": _day(outlook.allowed),
            "earliest_allowed_local_start": (
                f"{outlook.start:%Y-%m-%dT%H:%M}" if outlook.start else None
            ),
            "earliest_with_override_local_date": _day(outlook.with_override),
            "latest_allowed_local_date_before": _day(outlook.latest_before),
        }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def run(case: Case, protocol: Protocol) -> Result:
    """Put a case to the rules of a protocol."""
    verdict = judge(
        case.visit,
        case.chart,
        protocol,
        now=case.now,
        profiles=case.profiles,
        moment=case.moment,
    )
    outlook = earliest(
        case.visit,
        case.chart,
        protocol,
        now=case.now,
        profiles=case.profiles,
        moment=case.moment,
    )
    return Result(case.id, verdict, outlook)


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A value that came out other than a case states, by its key in the case."""

    key: str
    expected: Any
    came: Any

    def __str__(self) -> str:
        return f"{self.key}: expected {self.expected}, came {self.came}"


def differences(case: Case, result: Result) -> list[Otherwise | str]:
    """Name what came out other than the case expects; empty when all is as it should be.

    Compared are the verdict; where it is not `allowed`, the rule that explains it and that no
    other rule fired than those named; the advisories; and every date that the case states. The
    first word of `rule` and of `other_rules` is a code, the rest is prose.
    """
    expected, came = case.expected, result.as_dict()
    found: list[Otherwise | str] = [
        Otherwise(key, expected[key], came[key])
        for key in ("verdict", *_DATES)
        if key in expected and expected[key] != came[key]
    ]
    if "rule" in expected and expected.get("verdict", "allowed") != "allowed":
        found += _rules(case, result)
    if "advisories" in expected:
        wanted = {_word(code) for code in expected["advisories"]}
        if wanted != set(result.advisories):
            found.append(f"advisories: expected {sorted(wanted)}, came {sorted(result.advisories)}")
    return found


def _rules(case: Case, result: Result) -> list[str]:
    rule = _word(case.expected["rule"])
    named = {rule, *(_word(code) for code in case.expected.get("other_rules", ()))}
    found = []
    if rule not in result.codes:
        found.append(f"rule: expected {rule}, came {list(result.codes)}")
    surplus = sorted(result.firm - named)
    return found + [f"rule: {code} fired and is not named" for code in surplus]


def _word(text: object) -> str:
    return (str(text).split() or [""])[0]
