"""Every reason that can reach a patient is said in each language of the patients' pages."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

from plans.courses.misfits import NOT_ALLOWED, OUTSIDE_LAG, WITHOUT_DATE
from plans.planning import refusing
from scheduling.core.casebook import read_cases, run
from scheduling.core.protocol import shipped
from scheduling.core.refusals import LACKING, WORDINGS, refusal
from scheduling.core.sentences import to_patient
from scheduling.core.words import Plain, Reason, Severity
from scheduling.doors.frame import LANGUAGES

ROOT = Path(__file__).parents[3]
PLANS = {
    refusing.NO_PLAN,
    refusing.PAUSED,
    refusing.OVER,
    refusing.AWAY,
    refusing.ELSEWHERE,
    OUTSIDE_LAG,
    WITHOUT_DATE,
    NOT_ALLOWED,
}


def tables(app: str) -> dict[str, dict[str, object]]:
    text = (ROOT / app / "data" / "sentences.json").read_text("utf-8")
    return {language: table["by_code"] for language, table in json.loads(text).items()}


def braces(said: object) -> set[str]:
    texts = said.values() if isinstance(said, dict) else [str(said)]
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


def of(code: str, template: str, **facts: int | str | date) -> Reason:
    return Reason(
        code=code,
        severity=Severity.HARD,
        sentence="For staff.",
        patient_sentence=template.format(**facts),
        plain=Plain(template, facts),
    )


def test_every_code_of_diary_and_protocol_is_there_as_it_is_shipped() -> None:
    protocol = shipped()
    asked = {rule.code: rule.patient_sentence for rule in protocol.rules}
    asked |= {protocol.pending.code: protocol.pending.patient_sentence}
    asked |= {code: words.patient for code, words in WORDINGS.items()}
    asked |= LACKING
    assert tables("scheduling")["en"] == asked


@pytest.mark.parametrize("app", ["scheduling", "plans"])
def test_every_language_says_every_code_with_the_same_figures(app: str) -> None:
    said = tables(app)
    assert set(said) == set(LANGUAGES)
    for language in LANGUAGES:
        assert set(said[language]) == set(said["en"])
        told = {code: braces(text) for code, text in said[language].items()}
        assert told == {code: braces(text) for code, text in said["en"].items()}
    assert all(said["es"][code] != text != said["ar"][code] for code, text in said["en"].items())


def test_every_code_of_plans_is_there() -> None:
    assert set(tables("plans")["en"]) == PLANS
    for code in (refusing.NO_PLAN, refusing.AWAY, refusing.ELSEWHERE):
        reason = refusing.reason(code, "For staff.")
        assert tables("plans")["en"][code] == reason.patient_sentence
        said = to_patient(reason, language="es", country="GB", app="plans")
        assert said == tables("plans")["es"][code]


def test_figures_and_dates_are_spelt_as_the_language_does() -> None:
    english = tables("scheduling")["en"]
    gap = of("SEED-GAP-RF", str(english["SEED-GAP-RF"]), need=7)
    assert "al menos 7 días" in to_patient(gap, language="es", country="GB")
    assert "7 أيام" in to_patient(gap, language="ar", country="GB")
    assert "28 يومًا" in to_patient(
        of("SEED-GAP-RF", str(english["SEED-GAP-RF"]), need=28), language="ar", country="GB"
    )
    builds = of(
        "PENDING-PREREQUISITE",
        str(english["PENDING-PREREQUISITE"]),
        other="consultation",
        other_date=date(2027, 3, 14),
    )
    said = to_patient(builds, language="es", country="GB")
    assert "(consulta, domingo 14 de marzo de 2027)" in said


def test_the_diarys_own_words_need_no_figures() -> None:
    taken = refusal("resource_taken")
    assert to_patient(taken, language="en", country="GB") == taken.patient_sentence
    assert (
        to_patient(taken, language="es", country="GB")
        == "Esa hora está ocupada. Elija otra, por favor."
    )


def test_a_clinics_own_sentence_is_not_translated_as_if_it_were_ours() -> None:
    own = replace(refusal("resource_taken"), plain=Plain("We rest then."))
    assert (
        to_patient(own, language="es", country="GB")
        == "La clínica buscará con usted otro día para esto."
    )


CASES = read_cases(
    json.loads((ROOT / "scheduling" / "data" / "cases.json").read_text("utf-8")), shipped()
)


@pytest.mark.parametrize("language", ["es", "ar"])
def test_whatever_fires_in_the_worked_cases_is_said_without_a_gap(language: str) -> None:
    fired = [reason for case in CASES for reason in run(case, shipped()).verdict.reasons]
    told = {reason.code: to_patient(reason, language=language, country="GB") for reason in fired}
    assert len(told) > 30
    otherwise = json.loads((ROOT / "scheduling/data/sentences.json").read_text("utf-8"))
    assert [c for c, text in told.items() if "{" in text or "?" in text] == []
    assert otherwise[language]["otherwise"] not in told.values()
