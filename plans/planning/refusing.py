"""Refusals of planning, in the one shape that every refusal has."""

from plans.core.course import NoPlan
from scheduling.core.words import Plain, Reason, Severity
from scheduling.errors import Refused

NO_PLAN = "no_plan"
PAUSED = "plan_paused"
OVER = "plan_over"
AWAY = "patient_away"
ELSEWHERE = "course_elsewhere"

_PATIENT = {
    NO_PLAN: "We have found no dates for the whole course. Please phone us.",
    PAUSED: "Your treatment plan rests at the moment. Please phone us.",
    OVER: "This treatment plan has ended. Please phone us.",
    AWAY: "You told us that you cannot come on that day.",
    ELSEWHERE: "On that day the time between the visits of your course would no longer be right.",
}


def reason(code: str, sentence: str, arithmetic: str = "") -> Reason:
    """Make a hard reason of planning's own; docs/refusals.md lists the codes."""
    return Reason(
        code=code,
        severity=Severity.HARD,
        sentence=sentence,
        patient_sentence=_PATIENT[code],
        arithmetic=arithmetic,
        source="The plan",
        plain=Plain(_PATIENT[code]),
    )


def elsewhere() -> Reason:
    """Say that the plan's other visits cannot follow to where one of them would go."""
    return reason(ELSEWHERE, "The other visits of the plan have no dates around that one.")


def away() -> Reason:
    """Say that the patient cannot come, as the plan has it."""
    return reason(AWAY, "The patient cannot come on that day, as was agreed for the plan.")


def refused(code: str, sentence: str, *more: Reason) -> Refused:
    """Make the refusal that a sentence and further reasons stand for."""
    return Refused([reason(code, sentence), *more])


_MASKS = {
    "clinical": "What the rules ask of this patient",
    "dates": "The site's horizon",
    "off_step": "The site's step",
    "past": "The clock",
    "patient_busy": "The patient's other visits",
    "too_late": "The site's horizon",
    "too_soon": "The site's notice",
}
"""What reception calls the masks that the solver knows by their codes."""


def _in_words(sentence: str, code: str) -> str:
    said = _MASKS.get(code)
    if said is None:
        return sentence
    begins = sentence.startswith(f"“{code}”")
    return sentence.replace(f"“{code}”", said if begins else said[0].lower() + said[1:])


def no_plan(found: NoPlan, *more: Reason) -> Refused:
    """Spell the solver's smallest reason, with what diary and rules say beside it."""
    relaxed = _MASKS.get(found.relaxed, found.relaxed)
    arithmetic = f"{relaxed}, {found.by} off" if found.by else relaxed
    sentence = _in_words(found.sentence, found.relaxed)
    return Refused([reason(NO_PLAN, sentence, arithmetic), *more])
