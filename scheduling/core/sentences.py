"""What a patient is told of a reason, in the patient's own language.

The translations lie in `APP/data/sentences.json`, by code, each beside the English sentence that it
says. A clinic whose protocol has another sentence for a code is not translated as if it had ours:
its patients read that the clinic will find another day with them.
"""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from scheduling.core.dates import spoken_day
from scheduling.core.languages import counted
from scheduling.core.words import Reason

HOME = "scheduling"


def to_patient(reason: Reason, *, language: str, country: str, app: str = HOME) -> str:
    """Say a reason to a patient; `app` names the floor whose own codes are known besides ours.

    Dates are written as the language writes them in `country` (ISO 3166-1).
    """
    tables = _tables(HOME)
    plain = reason.plain
    if language == "en" or plain is None or language not in tables:
        return reason.patient_sentence
    own, ours, name = _tables(app), tables, plain.name or reason.code
    english = own["en"]["by_code"].get(name) or ours["en"]["by_code"].get(name)
    if english != plain.template:
        return str(ours[language]["otherwise"])
    said = own[language]["by_code"].get(name) or ours[language]["by_code"][name]
    facts = _facts(plain.facts, ours[language]["names"], language, country)
    if not isinstance(said, str):
        said = counted(said, language, int(plain.facts["need"]))  # type: ignore[arg-type]
    return said.format_map(facts)


def _facts(
    facts: Mapping[str, int | str | date], names: Mapping[str, str], language: str, country: str
) -> dict[str, str]:
    """Spell figures, dates and codes."""
    said = {"other": names[""], "other_date": "?"}
    for name, value in facts.items():
        if isinstance(value, date):
            said[name] = spoken_day(value, language=language, country=country)
        elif isinstance(value, str):
            said[name] = names.get(value, names[""])
        else:
            said[name] = str(value)
    return said


@cache
def _tables(app: str) -> Mapping[str, dict[str, Any]]:
    text = files(app).joinpath("data", "sentences.json").read_text("utf-8")
    tables: Mapping[str, dict[str, Any]] = json.loads(text)
    return tables
