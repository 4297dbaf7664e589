"""Several visits as a list: in time order, each with its place, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from notifications.core.letters import Facts, Told
from scheduling.core.dates import Spoken, spoken
from scheduling.core.languages import counted, isolated


def blanks(visits: Sequence[Told]) -> dict[str, str]:
    """Give the blanks that only a message about several visits has."""
    return {"visits": listed(visits), **number_of([v.facts for v in visits])}


def number_of(visits: Sequence[Facts]) -> dict[str, str]:
    """Say how many visits there are, as a figure and with the word."""
    count, language = len(visits), visits[0].language
    many = counted(words(language)["counted"], language, count).format(n=count)
    return {"count": str(count), "how_many": many}


def listed(visits: Sequence[Told]) -> str:
    """Write a numbered line a visit and, below the visits of one place, the place."""
    mixed = any(not v.off for v in visits)
    return placed([v.facts for v in visits], [line(v, mixed=mixed) for v in visits])


def placed(visits: Sequence[Facts], lines: Sequence[str]) -> str:
    """Put numbers before the lines and, below those of one place, the place."""
    numbered = enumerate(zip(visits, lines, strict=True), start=1)
    blocks = [
        "\n".join([*(f"{n}. {said}" for n, (_, said) in there), *place])
        for place, there in groupby(numbered, key=lambda each: _place(each[1][0]))
    ]
    return "\n\n".join(blocks)


def line(visit: Told, *, mixed: bool = True) -> str:
    """Say when one visit is, and when it was; among others that are on, also that it is off.

    One that is off is named by the time that the patient knows.
    """
    facts = visit.facts
    said = words(facts.language)
    now = _spoken(facts, (visit.was if visit.off else None) or facts.be_there)
    if visit.off or visit.was is None:
        form = "off" if visit.off and mixed else "on"
        return str(said[form].format(date=now.date, time=now.time))
    was = _spoken(replace(facts, patient_zone=""), visit.was)  # by the same clock, named once
    told = {"was_date": was.short_date, "was_time": was.time}
    return str(said["moved"].format(date=now.date, time=now.time, **told))


def _place(facts: Facts) -> tuple[str, ...]:
    address = ", ".join(facts.clinic_address.splitlines())
    said = (facts.clinic, address) if address else (facts.clinic,)
    return tuple(isolated(name, facts.language) for name in said)


def _spoken(facts: Facts, at: datetime) -> Spoken:
    return spoken(
        at=at,
        zone=facts.zone,
        language=facts.language,
        country=facts.country,
        home=facts.patient_zone,
    )


@cache
def _all_words() -> Mapping[str, Mapping[str, Any]]:
    text = files("notifications").joinpath("data", "visits.json").read_text("utf-8")
    every: Mapping[str, Mapping[str, Any]] = json.loads(text)
    return every


def words(language: str) -> Mapping[str, Any]:
    """Give the words for visits in a language; English where it is unknown."""
    every = _all_words()
    return every.get(language, every["en"])
