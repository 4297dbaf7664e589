"""A submission or a signed consent, worded as a paper in the language in which it was read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from scheduling.core.dates import spoken
from scheduling.models import Patient, SignedConsent, Site, Submission

Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What stands on a paper: facts in a list, then paragraphs, each below a heading.

    `page` is the word before the number of a page; `at` is when the paper came to be.
    """

    title: str
    clinic: str
    language: str
    facts: Sequence[tuple[str, str]]
    parts: Sequence[tuple[str, str]]
    page: str
    at: datetime


def of_submission(row: Submission, words: Words, site: Site) -> Paper:
    """Word a medical history; `words` are those of its language."""
    day, moment = _speakers(row.language, row.zone, site)
    return Paper(
        title=words["pdf_history"],
        clinic=site.name,
        language=row.language,
        facts=[
            *_person(row.patient, words, day),
            (words["pdf_at"], moment(row.at)),
            (words["pdf_way"], _way(row.door, words)),
            (words["pdf_version"], str(row.version)),
        ],
        parts=[(each["question"], _answer(each, day)) for each in row.answers],
        page=words["pdf_page"],
        at=row.at,
    )


def _answer(each: Mapping[str, Any], day: Callable[[date], str]) -> str:
    on = each["facts"]["on"]
    said = [each["answer"], day(date.fromisoformat(on)) if on else "", each["facts"]["words"]]
    return "\n".join(part for part in said if part)


def of_consent(row: SignedConsent, words: Words, site: Site) -> Paper:
    """Word a signed consent: the text as it was read, then who signed it, when and by which way."""
    text = row.text
    day, moment = _speakers(text.language, row.zone, site)
    guardian = f" ({words['pdf_as_guardian']})" if row.guardian_id else ""
    facts = [*_person(row.patient, words, day), (words["pdf_treatment"], row.treatment)]
    facts.append((words["pdf_version"], f"{text.version} ({day(text.in_force_from)})"))
    if row.record.withdrawn_at:
        facts.append((words["pdf_withdrawn"], moment(row.record.withdrawn_at)))
    return Paper(
        title=words["pdf_consent"],
        clinic=site.name,
        language=text.language,
        facts=facts,
        parts=[
            (text.title, text.body),
            (words["pdf_signed_by"], f"{row.signed_name}{guardian}"),
            (words["pdf_signed_at"], moment(row.signed_at)),
            (words["pdf_way"], _way(row.door, words)),
        ],
        page=words["pdf_page"],
        at=row.signed_at,
    )


def _person(patient: Patient, words: Words, day: Callable[[date], str]) -> list[tuple[str, str]]:
    born = [(words["pdf_born"], day(patient.birth_date))] if patient.birth_date else []
    return [(words["pdf_patient"], str(patient)), *born]


def _way(door: str, words: Words) -> str:
    key = "pdf_by_link" if door.startswith("link") else "pdf_by_code"
    return f"{words[key]} ({door.rpartition(' ')[2]})"


def _speakers(
    language: str, zone: str, site: Site
) -> tuple[Callable[[date], str], Callable[[datetime], str]]:
    """Say dates, and moments by the clock of the paper's zone, as its language does."""

    def moment(at: datetime) -> str:
        said = spoken(at=at, zone=zone, language=language, country=site.country)
        return f"{said.date}, {said.time} ({zone})"

    def day(on: date) -> str:
        noon = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
        return spoken(at=noon, zone="UTC", language=language, country=site.country).date

    return day, moment
