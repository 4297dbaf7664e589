"""A finding in words: the protocol's sentence, with the names and figures of this visit."""

from datetime import date

from scheduling.core.protocol.values import Protocol
from scheduling.core.rules.calendar import spoken
from scheduling.core.rules.chart import Visit
from scheduling.core.rules.scene import Finding
from scheduling.core.words import Plain, Reason


def reason(found: Finding, visit: Visit, protocol: Protocol, ends: date | None) -> Reason:
    """Write what fired as the reason shown on every screen."""
    facts = _facts(found, visit, protocol)
    rule = found.rule
    return Reason(
        code=rule.code,
        severity=found.severity,
        sentence=_sentence(rule.sentence, facts),
        patient_sentence=_sentence(rule.patient_sentence, facts),
        arithmetic=" ".join(
            str(part) for part in (found.have, found.sign, found.need) if part != ""
        )
        if found.sign
        else str(found.have),
        source=rule.source,
        sureness=rule.sureness,
        earliest=ends,
        plain=Plain(rule.patient_sentence, _bare(found, visit)),
    )


def _sentence(template: str, facts: dict[str, str]) -> str:
    text = template.format_map(facts)
    return text[:1].upper() + text[1:]


def _facts(found: Finding, visit: Visit, protocol: Protocol) -> dict[str, str]:
    titles = protocol.titles
    other, on = found.title, found.on
    if found.other is not None:
        other, on = titles.of("procedures", found.other.procedure), found.other.first
    areas = ", ".join(sorted(titles.of("areas", area) for area in visit.areas))
    return {
        "procedure": titles.of("procedures", visit.procedure),
        "area": areas or "an area not said",
        "indication": titles.of("indications", visit.indication) if visit.indication else "",
        "date": spoken(visit.start_date),
        "other": other or "another visit",
        "other_date": spoken(on) if on else "an unknown day",
        "have": _plain(found.have),
        "need": _plain(found.need),
        "detail": found.detail,
    }


def _bare(found: Finding, visit: Visit) -> dict[str, int | str | date]:
    """Give what a sentence can name as figures, dates and codes, for other languages."""
    figures = {"date": visit.start_date, "have": found.have, "need": found.need}
    facts: dict[str, int | str | date] = {
        name: value for name, value in figures.items() if isinstance(value, int | date)
    }
    other, on = found.of, found.on
    if found.other is not None:
        other, on = found.other.procedure, found.other.first
    return facts | ({"other": other} if other else {}) | ({"other_date": on} if on else {})


def _plain(value: object) -> str:
    return spoken(value) if isinstance(value, date) else str(value)
