"""Several visits as a list: in time order, each with its place, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import groupby

from notifications.core.dates import Spoken, spoken
from notifications.core.letters import Facts, Told


def blanks(visits: Sequence[Told]) -> dict[str, str]:
    """Give the blanks that only a message about several visits has."""
    return {"visits": listed(visits), "count": str(len(visits))}


def listed(visits: Sequence[Told]) -> str:
    """Write a numbered line a visit and, below the visits of one place, the place."""
    mixed = any(not v.off for v in visits)
    numbered = enumerate(visits, start=1)
    blocks = [
        "\n".join([*(f"{n}. {line(v, mixed=mixed)}" for n, v in there), *place])
        for place, there in groupby(numbered, key=lambda pair: _place(pair[1]))
    ]
    return "\n\n".join(blocks)


def line(visit: Told, *, mixed: bool = True) -> str:
    """Say when one visit is, and when it was; among others that are on, also that it is off.

    One that is off is named by the time that the patient knows.
    """
    facts = visit.facts
    said = _words(facts.language)
    now = _spoken(facts, (visit.was if visit.off else None) or facts.be_there)
    if visit.off or visit.was is None:
        form = "off" if visit.off and mixed else "on"
        return said[form].format(date=now.date, time=now.time)
    was = _spoken(replace(facts, patient_zone=""), visit.was)  # by the same clock, named once
    return said["moved"].format(
        date=now.date, time=now.time, was_date=was.short_date, was_time=was.time
    )


def _place(visit: Told) -> tuple[str, ...]:
    facts = visit.facts
    address = ", ".join(facts.clinic_address.splitlines())
    return (facts.clinic, address) if address else (facts.clinic,)


def _spoken(facts: Facts, at: datetime) -> Spoken:
    return spoken(
        at=at,
        zone=facts.zone,
        language=facts.language,
        country=facts.country,
        home=facts.patient_zone,
    )


@cache
def _all_words() -> Mapping[str, Mapping[str, str]]:
    text = files("notifications").joinpath("data", "visits.json").read_text("utf-8")
    words: Mapping[str, Mapping[str, str]] = json.loads(text)
    return words


def _words(language: str) -> Mapping[str, str]:
    words = _all_words()
    return words.get(language, words["en"])
