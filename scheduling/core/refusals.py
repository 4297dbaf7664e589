"""The words of the diary's own refusals: one row a code, for staff and for patients.

Clinical refusals have theirs in the protocol. Severity: named staff may book against the hours,
the notice, the horizon and the step (an urgent review after closing); nobody books against a held
resource. docs/refusals.md lists every code, and a test compares it with this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from scheduling.core.words import Plain, Reason, Severity


@dataclass(frozen=True, slots=True)
class Wording:
    """One code's severity, sentences and the rule of the house that it comes from.

    Braces name facts; `plain` and `patient` need none.
    """

    severity: Severity
    sentence: str
    plain: str
    patient: str
    source: str


H, O = Severity.HARD, Severity.OVERRIDE  # noqa: E741 - two columns of the table below

WORDINGS: Final[Mapping[str, Wording]] = {
    "past": Wording(
        H, "{start} has passed.", "This time has passed.",
        "That time has already passed. Please choose a later one.", "The clock",
    ),
    "too_soon": Wording(
        O, "{site} books at least {notice} ahead; the first start is {first}.",
        "This is sooner than the site's notice allows.",
        "That is too soon for us to prepare. Please choose a later time or phone us.",
        "The site's notice",
    ),
    "too_late": Wording(
        O, "{site} books at most {days} days ahead, until {last}.",
        "This is further ahead than the site's horizon allows.",
        "That is further ahead than we book. Please choose an earlier date.",
        "The site's horizon",
    ),
    "no_capability": Wording(
        H, "{treatment} at {site} needs a {kind} with “{skill}”; {who} cannot.",
        "Nobody and nothing here can do this treatment.",
        "We cannot offer this treatment here. Please phone us.",
        "Capabilities",
    ),
    "capability_expires": Wording(
        H, "“{skill}” is not held on that date: {who}.",
        "The capability that this treatment needs is not held on that date.",
        "We cannot offer this treatment on that date. Please choose another one.",
        "Capabilities",
    ),
    "outside_hours": Wording(
        O, "Outside the hours of {who}: {hours}.", "This is outside opening hours.",
        "We are not open then. Please choose another time.",
        "Opening hours",
    ),
    "absence": Wording(
        H, "Away at that time: {who}.", "Somebody or something needed is away.",
        "We are not available then. Please choose another time.",
        "Absences",
    ),
    "resource_taken": Wording(
        H, "Taken at that time: {who}.", "That time has just been taken.",
        "That time is taken. Please choose another one.",
        "The diary",
    ),
    "patient_busy": Wording(
        H, "The patient already has a visit then: {visit}.",
        "The patient already has a visit at that time.",
        "You already have a visit with us at that time.",
        "The diary",
    ),
    "patient_deceased": Wording(
        H,
        "The patient died on {date}.",
        "The patient has died.",
        "This visit cannot be booked. Please phone us.",
        "The patient's record",
    ),
    "no_combination": Wording(
        H, "What {treatment} needs is free, but not at once: {who}.",
        "What this treatment needs is free, but not at once.",
        "That time is not available. Please choose another one.",
        "The diary",
    ),
    "off_step": Wording(
        O, "Starts at {site} lie on every {step} minutes of the hour.",
        "Starts do not lie on this minute.",
        "Please choose one of the times offered.",
        "The site's step",
    ),
    "minutes_out_of_range": Wording(
        H, "{treatment} takes {least} to {most} minutes, not {minutes}.",
        "This treatment does not take so many minutes.",
        "This treatment cannot be booked with that length.",
        "The treatment's minutes",
    ),
}  # fmt: skip

DAYS: Final[Mapping[str, str]] = {
    "past": "{day} has passed.",
    "outside_hours": "Not within the hours of {who} on {day}: {hours}.",
    "absence": "Away on {day}: {who}.",
    "resource_taken": "Nothing is left on {day}; taken: {who}.",
    "patient_busy": "The patient's other visits leave no time on {day}: {visit}.",
}
"""What a whole hidden day says instead, where a start's own sentence would mislead."""

PARTS: Final[Mapping[str, str]] = {
    "past": "Part of {day} has passed.",
    "absence": "Away for a part of {day}: {who}.",
    "resource_taken": "Part of {day} is taken: {who}.",
    "patient_busy": "The patient has another visit on {day}: {visit}.",
}
"""What is said of a code that takes only some starts of a hidden day; others take the rest."""


LACKING: Final[Mapping[str, str]] = {
    "lacks_practitioner": "The person whom this visit needs is not available then. Please choose another time.",
    "lacks_room": "The room that this visit needs is not available then. Please choose another time.",
    "lacks_device": "The device that this visit needs is not available then. Please choose another time.",
    "lacks_several": "What this visit needs is not available then. Please choose another time.",
}
"""What a patient is told while the clinic is open and only somebody or something needed is not there.

Off duty, on leave or out of order all read the same: why somebody is away is nobody's business.
"""


Facts: TypeAlias = Mapping[str, str | int]


def refusal(
    code: str,
    facts: Facts | None = None,
    *,
    arithmetic: str = "",
    earliest: date | None = None,
    lacking: str = "",
) -> Reason:
    """Put a diary code into words; without facts, the plain sentence.

    A fact `day` says that a whole day is hidden, a fact `part` besides that others hide the rest.
    `lacking` names the sentence of LACKING that a patient is told instead of the code's own.
    """
    facts = facts or {}
    words = WORDINGS[code]
    sentence = DAYS.get(code, words.sentence) if "day" in facts else words.sentence
    if "part" in facts:
        sentence = PARTS.get(code, sentence)
    patient = LACKING[lacking] if lacking else words.patient
    return Reason(
        code=code,
        severity=words.severity,
        sentence=sentence.format(**facts) if facts else words.plain,
        patient_sentence=patient,
        arithmetic=arithmetic,
        source=words.source,
        earliest=earliest,
        plain=Plain(patient, name=lacking),
    )
