"""The register of patients: enter, amend, find, and see who is already there."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import phonenumbers
from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import connection, transaction
from django.db.models import Q, QuerySet, Value
from phonenumber_field.phonenumber import PhoneNumber

from scheduling import links, trail
from scheduling.core.words import Actor
from scheduling.errors import Malformed, StaleVersion
from scheduling.integrity import named_constraints
from scheduling.models import Patient, PatientSession
from scheduling.signals import patient_record_changed

OF_AGE = 18
"""Years from which a patient needs no guardian: majority in England, Wales, Northern Ireland
(Family Law Reform Act 1969 s.1) and Spain (Constitution art. 12); Scotland's 16 is the laxer."""

CHANGED_SINCE = (
    "Somebody else has changed this patient since you opened the page. What you typed is still "
    "here; open the patient again to see what they changed."
)

LIKE = 0.55
"""Trigram similarity of the whole name from which two people born on one day look the same;
“Jon Smith” and “John Smyth” reach 0.5 to 0.6, twins with one family name about 0.5."""

MISSPELT = (0.5, 0.35, 0.25)
"""Trigram likenesses from which a word may be a name misspelt, asked one after the other while nobody
is found: “Smyth” is 0.33 like Smith, “Pyne” 0.25 like Pine. The lowest reads forty times as much of
the index as 0.35."""

_READ_BY_RULES = {"birth_date", "fitzpatrick", "deceased_on"}
"""Facts of a person that decide what may be booked."""

_REACHED_BY = {"phone", "email", "guardian"}
"""Where messages and their links went: who has an old number must not hold the patient's visits."""

_OUR_OWN = {"search_key", "version"}
"""Fields that no person fills in."""

_OPEN = {"language", "channel", "do_not_contact", "fitzpatrick", "guardian"}
"""Fields whose values the trail may hold; of all others it names only the field."""

INVENTED = re.compile(r"\+447700900\d{3}")
"""Mobile numbers that Ofcom keeps free for drama, so that a demo or a training can call nobody:
ofcom.org.uk, “Telephone numbers for use in TV and radio drama programmes”. No plan lists them."""

_DATES = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"),
    re.compile(r"(?P<d>\d{1,2})[./-](?P<m>\d{1,2})[./-](?P<y>\d{4})"),
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """Somebody in the register who may be the same person, and why."""

    patient: Patient
    because: str


def register(*, patient: Patient, by: Actor, now: datetime) -> Patient:
    """Enter a new patient, findable by name, phone, e-mail and birth date.

    Raises:
        Malformed: a fact about the person is impossible.

    """
    return _write(patient, "register", by=by, now=now)


def amend(*, patient: Patient, by: Actor, now: datetime, version: int | None = None) -> Patient:
    """Change what is known of a patient; the trail names the fields, not what they held.

    Links that went to an old number or address die, and sign-ins end; the next message brings a new
    link. A guardian's number is their wards' too.

    Raises:
        Malformed: a fact about the person is impossible.
        StaleVersion: somebody changed the patient since `version` (None: whatever it is).

    """
    return _write(patient, "amend", by=by, now=now, version=version)


@transaction.atomic
def enrol_many(*, patients: Sequence[Patient], by: Actor, now: datetime) -> None:
    """Enter many new patients at once, each with its line in the trail; they get their keys.

    Raises:
        Malformed: a fact about one of them is impossible.

    """
    for patient in patients:
        for sentence in impossible(patient, today=now.date()).values():
            raise Malformed(sentence)
        patient.search_key = key_of(patient)
    with named_constraints():
        Patient.objects.bulk_create(patients)
    trail.write(trail.entry(subject=p, verb="register", by=by, now=now) for p in patients)


def everybody() -> Iterator[tuple[int, str, date | None]]:
    """Give the key, the folded name and the birth date of everybody in the register."""
    rows = Patient.objects.filter(provisional=False).order_by("pk")
    found = rows.values_list("pk", "given_name", "family_name", "birth_date")
    for pk, given, family, born in found.iterator(chunk_size=5000):
        yield pk, fold(f"{given} {family}"), born


@transaction.atomic
def _write(
    patient: Patient, verb: str, *, by: Actor, now: datetime, version: int | None = None
) -> Patient:
    for sentence in impossible(patient, today=now.date()).values():
        raise Malformed(sentence)
    before = Patient.objects.select_for_update(no_key=True).filter(pk=patient.pk).first()
    if before is not None and version not in (None, before.version):
        raise StaleVersion(CHANGED_SINCE, version=before.version)
    patient.search_key = key_of(patient)
    what = _named_changes(before, patient)
    if before is not None:
        patient.version = before.version + bool(what)
    with named_constraints():
        patient.save()
    if before is None or what:
        trail.write([trail.entry(subject=patient, verb=verb, by=by, now=now, what=what)])
    if _REACHED_BY & set(what):
        _shut_out(patient, now)
    if _READ_BY_RULES & set(what):
        patient_record_changed.send(
            sender=Patient, patient_id=patient.pk, record=None, by=by, now=now
        )
    return patient


def _shut_out(patient: Patient, now: datetime) -> None:
    """End what an old number or address opened: links and sign-ins, a ward's too."""
    wards = Patient.objects.filter(guardian=patient).values_list("pk", flat=True)
    links.revoke_all(patients=[patient.pk, *wards], now=now)
    inside = PatientSession.objects.filter(Q(patient=patient) | Q(patient__guardian=patient))
    inside.filter(ended_at=None).update(ended_at=now)


def impossible(patient: Patient, *, today: date) -> dict[str, str]:
    """Say of each field that no person could have, why; empty when all is well."""
    born, died = patient.birth_date, patient.deceased_on
    found = {}
    if born and not date(1900, 1, 1) <= born <= today:
        found["birth_date"] = "A patient was born between 1900 and today."
    if died and died > today:
        found["deceased_on"] = "A date of death is not in the future."
    elif died and born and died < born:
        found["deceased_on"] = "A date of death is not before the birth date."
    return found


def _named_changes(before: Patient | None, after: Patient) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for field in Patient._meta.concrete_fields:
        old = getattr(before, field.attname, None)
        new = getattr(after, field.attname)
        if before is not None and old != new and field.name not in _OUR_OWN:
            found[field.name] = [old, new] if field.name in _OPEN else []
    return found


def age_on(birth: date, day: date) -> int:
    """Count full years on a local date; 29 February gains its year on 1 March (D8)."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def needs_guardian(birth: date | None, today: date) -> bool:
    """Tell whether the law asks for somebody who answers for this patient."""
    return birth is not None and age_on(birth, today) < OF_AGE


def speaker(patient: Patient, *, reached_at: Collection[str], today: date) -> Patient | None:
    """Answer the guardian who speaks for a minor; None where patients speak for themselves.

    Whoever has a phone or an e-mail of their own, at which they were `reached_at`, answers there
    for themselves. A guardian of somebody whose age nobody knows was noted for a reason.
    """
    guardian = patient.guardian
    grown = patient.birth_date is not None and not needs_guardian(patient.birth_date, today)
    if guardian is None or grown:
        return None
    theirs = {_digits(guardian.phone), fold_mail(guardian.email)}
    return None if own_addresses(patient) & set(reached_at) - theirs else guardian


def is_a_patients(number: str) -> bool:
    """Tell whether a telephone (E.164) is one at which a patient is reached."""
    theirs = Q(phone=number) | Q(other_phone=number)
    return bool(number) and Patient.objects.filter(theirs).exists()


def own_addresses(patient: Patient) -> frozenset[str]:
    """List a patient's phone (E.164) and e-mail (casefolded), those that there are."""
    return frozenset({_digits(patient.phone), fold_mail(patient.email)} - {""})


def fold(text: str) -> str:
    """Casefold and strip accents, so that “José NÚÑEZ” and “jose nunez” are one."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[’'`.,]", "", bare).split())


def key_of(patient: Patient) -> str:
    """Write the line by which a patient is found: names, phones, e-mail, birth date."""
    phones = [_digits(phone) for phone in (patient.phone, patient.other_phone) if phone]
    born = patient.birth_date.isoformat() if patient.birth_date else ""
    return " ".join(
        part for part in (_name_of(patient), born, *phones, fold_mail(patient.email)) if part
    )


def fold_mail(address: str) -> str:
    """Casefold an address, dots and all: they belong to it."""
    return address.strip().casefold()


def _digits(phone: PhoneNumber | str) -> str:
    return str(getattr(phone, "as_e164", phone))


def find(text: str, *, countries: Sequence[str] = ()) -> QuerySet[Patient]:
    """Find patients by any of name, phone and birth date; every word must fit.

    Birth dates read as 1985-04-12, 12/04/1985 or 12.4.1985; national phone numbers as one of
    `countries` (ISO 3166-1) would dial them.
    """
    found = Patient.objects.filter(provisional=False)
    for choices in _terms(text, countries):
        fits = Q()
        for choice in choices:
            fits |= Q(search_key__contains=choice)
        found = found.filter(fits)
    return found


def spelt_alike(text: str, *, most: int) -> list[Patient]:
    """Find patients whose names look like a misspelt one, the likest first."""
    words = [fold(word) for word in text.split() if word.isalpha()]
    if not words:
        return []
    found = Patient.objects.all()
    for word in words:
        found = found.filter(search_key__trigram_word_similar=word)
    likeness = sum((TrigramWordSimilarity(word, "search_key") for word in words), Value(0.0))
    ranked = found.annotate(likeness=likeness).order_by("-likeness", *_BY_NAME)[:most]
    return next(filter(None, (_no_less_alike(ranked, least) for least in MISSPELT)), [])


def _no_less_alike(ranked: QuerySet[Patient], least: float) -> list[Patient]:
    with transaction.atomic(), connection.cursor() as cursor:
        asked = "SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)"
        cursor.execute(asked, [str(least)])
        return list(ranked.all())


_BY_NAME = ("family_name", "given_name", "pk")


def _terms(text: str, countries: Sequence[str]) -> list[list[str]]:
    """Split what somebody typed into words, each with the spellings it may have in the key."""
    if phones := _phones(text, countries):
        return [phones]
    terms = []
    for word in text.split():
        day = _day(word)
        terms.append([day] if day else [fold_mail(word) if "@" in word else fold(word)])
    return [term for term in terms if term[0]]


def _phones(text: str, countries: Sequence[str]) -> list[str]:
    if not re.fullmatch(r"[+(\d][\d\s()./-]{4,}", text.strip()) or _day(text.strip()):
        return []
    typed = re.sub(r"\D", "", text)
    # A part of a number is looked for as it stands, without the trunk 0 that no E.164 has.
    return sorted({typed, typed.lstrip("0")} | {n.as_e164 for n in _readings(text, countries)})


def _day(word: str) -> str:
    for pattern in _DATES:
        if match := pattern.fullmatch(word):
            try:
                return date(*(int(match[part]) for part in "ymd")).isoformat()
            except ValueError:
                return ""
    return ""


def _readings(text: str, countries: Iterable[str]) -> list[PhoneNumber]:
    found: dict[str, PhoneNumber] = {}
    for country in countries:
        try:
            number = PhoneNumber.from_string(text, region=country)
        except phonenumbers.NumberParseException:
            continue
        if number.is_valid() or INVENTED.fullmatch(number.as_e164):
            found.setdefault(number.as_e164, number)
    return list(found.values())


def phone_of(text: str, *, countries: Sequence[str]) -> PhoneNumber:
    """Read a phone number as a clinic in these countries writes it.

    Raises:
        Malformed: it is no number, or a different one in two of the countries.

    """
    found = _readings(text, countries or ("GB",))
    if not found:
        raise Malformed(f"“{text}” is not a phone number; write +44 or another country code first.")
    if len(found) > 1:
        both = " and ".join(number.as_e164 for number in found)
        raise Malformed(f"“{text}” can be {both}; write the country code.")
    return found[0]


def duplicates_of(patient: Patient) -> list[Likeness]:
    """List who is already in the register and looks like this person, with the reason.

    The same phone or e-mail, a like name on the same birth date, or the same name where a birth
    date is unknown. Families share phones, twins share birthdays: a person decides; guardian and
    ward are known to be two.
    """
    family = Q(pk=patient.guardian_id) | (Q(guardian=patient.pk) if patient.pk else Q(pk=None))
    rows = (
        Patient.objects.annotate(likeness=TrigramWordSimilarity(_name_of(patient), "search_key"))
        .filter(_reachable_alike(patient) | _named_alike(patient))
        .exclude(family | Q(pk=patient.pk))
        .order_by("-likeness", "pk")[:10]
    )
    return [Likeness(row, _because(row, patient)) for row in rows]


def _name_of(patient: Patient) -> str:
    return fold(f"{patient.given_name} {patient.family_name}")


def _reachable_alike(patient: Patient) -> Q:
    alike = Q(pk__in=[])
    for phone in filter(None, (patient.phone, patient.other_phone)):
        alike |= Q(phone=phone) | Q(other_phone=phone)
    return alike | Q(email__iexact=patient.email) if patient.email else alike


def _named_alike(patient: Patient) -> Q:
    same = Q(search_key__startswith=_name_of(patient))
    if patient.birth_date is None:
        return same
    return (same & Q(birth_date=None)) | Q(birth_date=patient.birth_date, likeness__gte=LIKE)


def _because(row: Patient, patient: Patient) -> str:
    theirs = {row.phone, row.other_phone} - {""}
    reasons = [
        ("same phone", bool(theirs & {patient.phone, patient.other_phone})),
        ("same e-mail", bool(row.email) and row.email.casefold() == patient.email.casefold()),
        ("same birth date", row.birth_date is not None and row.birth_date == patient.birth_date),
    ]
    said = [words for words, true in reasons if true]
    return ", ".join(said) or "same name"
