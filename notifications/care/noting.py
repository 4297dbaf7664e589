"""The clinic's own lines of the timeline: kept, and shown as they would reach a patient."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from notifications import carenotes
from notifications.core import care
from notifications.core.care import Note, Session, Text
from notifications.models import CareNote, CareText
from scheduling import catalogue, trail
from scheduling.core.words import Actor, Status
from scheduling.errors import Malformed
from scheduling.models import Appointment

LANGUAGES: Mapping[str, str] = {"en": "English", "es": "Spanish", "ar": "Arabic"}
"""Languages in which a line may be worded; English is needed, the others fall back to it."""

FIGURES = (
    "name", "day", "until", "at", "channel", "asks", "procedures", "areas", "depth", "record",
    "fitzpatrick_least", "active",
)  # fmt: skip


@transaction.atomic
def keep(*, note: CareNote, texts: Mapping[str, Text], by: Actor, now: datetime) -> CareNote:
    """Keep a line and its words; words equal to the shipped ones are not kept as the clinic's own.

    Messages that are written already keep their day; what they say is read when they leave.

    Raises:
        Malformed: the English words are missing, or a procedure or area is unknown.

    """
    if objection := objection_to(note, texts):
        raise Malformed(objection)
    before = _figures(CareNote.objects.filter(pk=note.pk).first())
    note.changed_at, note.changed_by = now, by.name
    note.save()
    changed = _word(note, texts)
    after = _figures(note)
    what = {k: [before.get(k), v] for k, v in after.items() if before.get(k) != v}
    entry = trail.entry(
        subject=note, verb="change" if before else "add", by=by, now=now, what=what | changed
    )
    trail.write([entry])
    return note


def objection_to(note: CareNote, texts: Mapping[str, Text]) -> str:
    """Say why a line cannot be kept; empty when all is well."""
    english = texts.get("en")
    if english is None or not english.title.strip() or not english.body.strip():
        return "The English title and text are needed."
    protocol = catalogue.current().active_protocol
    if protocol is None:
        return ""
    unknown = set(note.procedures) - protocol.procedures - set(protocol.categories)
    if unknown:
        return f"The protocol knows no procedure or category {', '.join(sorted(unknown))}."
    foreign = set(note.areas) - set(protocol.areas.masks)
    return f"The protocol knows no area {', '.join(sorted(foreign))}." if foreign else ""


def _figures(note: CareNote | None) -> dict[str, Any]:
    """Spell a line's figures as the trail keeps them."""
    if note is None:
        return {}
    return {
        name: value if isinstance(value, int | str | list | None) else str(value)
        for name, value in ((name, getattr(note, name)) for name in FIGURES)
    }


def _word(note: CareNote, texts: Mapping[str, Text]) -> dict[str, Any]:
    """Keep the clinic's own words, and say which languages changed."""
    shipped = carenotes.shipped_texts(note.code)
    own = {lang: t for lang, t in texts.items() if t.title.strip() and t != shipped.get(lang)}
    was = {row.language: Text(title=row.title, body=row.body) for row in note.texts.all()}
    note.texts.exclude(language__in=own).delete()
    for language, text in own.items():
        CareText.objects.update_or_create(
            note=note, language=language, defaults={"title": text.title, "body": text.body}
        )
    return {
        f"text {lang}": [] for lang in was.keys() | own.keys() if was.get(lang) != own.get(lang)
    }


def worded(note: CareNote) -> dict[str, Text]:
    """Give a line's words as they hold now, by language; empty where it has none."""
    known = carenotes.note_of(note).texts if note.pk else {}
    nothing = Text(title="", body="")
    return {language: known.get(language, nothing) for language in LANGUAGES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A line as it would reach the patient of a real visit.

    `when` is the local moment at the site; `why_not` says why the visit does not get it, else empty.
    """

    visit: Appointment
    when: datetime
    why_not: str


def preview(*, note: CareNote, sites: Iterable[int] | None, now: datetime) -> Shown | None:
    """Show a line on the next visit that it concerns, else on the next visit at all.

    Lines after a session are shown on visits to come as well: as if these had been done.
    """
    coming = Appointment.objects.filter(status=Status.BOOKED.value, start__gt=now)
    if sites is not None:
        coming = coming.filter(site__in=list(sites))
    visits = list(coming.select_related("patient", "site").order_by("start", "pk")[:MOST])
    line = carenotes.note_of(note)
    readers = carenotes.readers({v.patient_id for v in visits})
    seen = [(v, carenotes.session_of(v, readers[v.patient_id])) for v in visits]
    fits = [(v, s) for v, s in seen if _concerns(line, s)]
    if not seen:
        return None
    visit, session = (fits or seen)[0]
    when = session.instant(line.day, line.at).astimezone(ZoneInfo(session.zone))
    return Shown(visit=visit, when=when, why_not="" if fits else NOT_YET)


MOST = 200
NOT_YET = "No visit of the coming ones meets its conditions."


def _concerns(line: Note, session: Session) -> bool:
    protocol = catalogue.current().active_protocol
    return protocol is not None and care.applies(line.condition, session, protocol)


def condition_in_words(note: CareNote) -> str:
    """Say whom a line concerns."""
    said: Sequence[str] = [
        ", ".join(p.replace("_", " ") for p in note.procedures) or "every procedure",
        f"on {', '.join(a.replace('_', ' ') for a in note.areas)}" if note.areas else "",
        note.get_depth_display() if note.depth else "",
        f"with a history of {note.get_record_display().lower()}" if note.record else "",
        f"Fitzpatrick {note.get_fitzpatrick_least_display().partition(' ')[0]} and above"
        if note.fitzpatrick_least
        else "",
    ]
    return "; ".join(part for part in said if part)
