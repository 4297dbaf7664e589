"""The questions of the medical history, and what somebody's answer to one of them says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

LONGEST_WORDS = 500
"""Characters of a patient's own words that are kept of one answer."""

OLDEST = 1900
"""The year before which nobody here has done anything."""

FORM = "medical-history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer to choose: what else it asks (`date`, `words`), and the fact that it tells of.

    `spell` is `ongoing` or `ended` where it becomes a record; `alone` excludes every other.
    """

    value: str
    asks: str = ""
    spell: str = ""
    drug_class: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question; `kind` is the type of record its answers become, empty for none."""

    key: str
    options: tuple[Option, ...]
    kind: str = ""
    many: bool = False
    asks: str = ""

    def option(self, value: str) -> Option | None:
        """Find an option by its value."""
        return next((each for each in self.options if each.value == value), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered: options, the day that they ask for, and the patient's own words."""

    chosen: tuple[str, ...]
    on: date | None = None
    words: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Spell it as JSON."""
        on = self.on.isoformat() if self.on else None
        return {"chosen": list(self.chosen), "on": on, "words": self.words}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A numbered list of questions."""

    version: int
    questions: tuple[Question, ...]

    def question(self, key: str) -> Question | None:
        """Find a question by its key."""
        return next((each for each in self.questions if each.key == key), None)


@cache
def form() -> Form:
    """Read the questions as they are asked now."""
    text = files("scheduling").joinpath("data", "history_form.json").read_text("utf-8")
    document = json.loads(text)
    return Form(
        version=document["version"],
        questions=tuple(
            Question(**{**row, "options": tuple(Option(**each) for each in row["options"])})
            for row in document["questions"]
        ),
    )


def answer_in(kept: Mapping[str, Any]) -> Answer:
    """Read an answer from JSON, as `Answer.as_dict` spelled it."""
    on = date.fromisoformat(kept["on"]) if kept["on"] else None
    return Answer(chosen=tuple(kept["chosen"]), on=on, words=kept["words"])


def read(
    question: Question, said: Mapping[str, Sequence[str]], *, today: date
) -> tuple[Answer | None, dict[str, str]]:
    """Read what a form holds: the answer, or the key of what is wrong with each field.

    `said` maps `answer`, `day`, `month`, `year` and `words` to the values sent.
    """
    known = [option for v in said.get("answer", ()) if (option := question.option(v))]
    if not known or (len(known) > 1 and not question.many):
        return None, {"answer": "error_choose"}
    if len(known) > 1 and any(option.alone for option in known):
        return None, {"answer": "error_alone"}
    wrong: dict[str, str] = {}
    asks = {option.asks for option in known}
    on = None
    if "date" in asks:
        on, fault = _day(said, today)
        wrong |= {"day": fault} if fault else {}
    words = " ".join(_one(said, "words").replace("\0", "").split())[:LONGEST_WORDS]
    if "words" in asks and not words:
        wrong["words"] = "error_words"
    if wrong:
        return None, wrong
    takes_words = "words" in asks or (question.asks and not known[0].alone)
    chosen = tuple(option.value for option in known)
    return Answer(chosen=chosen, on=on, words=words if takes_words else ""), {}


def _day(said: Mapping[str, Sequence[str]], today: date) -> tuple[date | None, str]:
    parts = [_one(said, name).strip() for name in ("year", "month", "day")]
    if not all(parts):
        return None, "error_date_missing"
    try:
        year, month, day = (int(part) for part in parts if part.isdecimal())
        on = date(year, month, day)
    except (ValueError, OverflowError):
        return None, "error_date"
    if on > today:
        return None, "error_date_future"
    return (on, "") if on.year >= OLDEST else (None, "error_date")


def _one(said: Mapping[str, Sequence[str]], name: str) -> str:
    values = said.get(name) or [""]
    return values[0]
