"""The merge itself: looked at by doing it and taking it back, then done exactly so."""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import ForeignObjectRel, Model

from scheduling import booking, register, trail
from scheduling.booking.locks import lock_patients
from scheduling.core.words import OCCUPYING, Actor, Reason
from scheduling.errors import ClinicError, Malformed, NotFound, StaleVersion
from scheduling.integrity import retrying
from scheduling.merging import apart
from scheduling.merging.settling import Joined, above, beforehand
from scheduling.models import Appointment, Patient, SignedConsent
from scheduling.signals import patient_record_changed

CHOICES = (
    "given_name", "family_name", "birth_date", "phone", "other_phone", "email", "language", "zone",
    "channel", "fitzpatrick", "guardian",
)  # fmt: skip
"""Facts of which one stands: that of who stays, unless the other's is chosen."""


class VisitsOverlap(ClinicError):
    """The two have visits at one time: both cannot be the visit of one person."""

    code = "merge_visits_overlap"


class MergeOutdated(ClinicError):
    """What was shown is no longer what joining these two would do."""

    code = "outdated_merge"
    sentence = (
        "One of the two was changed since you looked, or joining them would now do something else."
        " Nothing was joined; look again."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Who stays, who goes, and which facts are taken from who goes."""

    stays: int
    goes: int
    taking: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What somebody saw: the versions of both, and the digest of what joining them would do."""

    versions: tuple[int, int]
    seen: str


@dataclass(slots=True)
class Outcome:
    """What joining two does: rows moved by kind, what is settled, which coming visits now break."""

    moved: dict[str, int] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    versions: tuple[int, int] = (0, 0)

    @property
    def seen(self) -> str:
        """A digest of all of it."""
        told = [self.moved, self.settled, self.broken, self.versions]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class _TakenBack(Exception):
    pass


def preview(*, pair: Pair, by: Actor, now: datetime) -> Outcome:
    """Say what joining the two would do; nothing is changed.

    Raises: see `merge`.
    """
    outcome = Outcome()
    with suppress(_TakenBack):
        _tried(pair, outcome, by, now)
    return outcome


@retrying
def _tried(pair: Pair, outcome: Outcome, by: Actor, now: datetime) -> None:
    _join(pair, outcome, by, now)
    raise _TakenBack


def merge(*, pair: Pair, agreed: Agreed, by: Actor, now: datetime) -> Patient:
    """Join two records of one person: every row of one becomes the other's, and it goes.

    Every rule is asked again about the joined history; what breaks becomes reception's task. Links
    and sign-ins of who goes die; the next message brings new ones.

    Raises:
        NotFound: one of the two is not there (any more).
        Malformed: they are the same, one answers for the other, or somebody said that they are two.
        VisitsOverlap: both have a visit at one time.
        StaleVersion, MergeOutdated: somebody changed something since it was looked at.

    """
    return _merged(pair, agreed, by, now)


@retrying
def _merged(pair: Pair, agreed: Agreed, by: Actor, now: datetime) -> Patient:
    outcome = Outcome()
    stays = _join(pair, outcome, by, now, expected=agreed.versions)
    if outcome.seen != agreed.seen:
        raise MergeOutdated
    return stays


def _join(
    pair: Pair,
    outcome: Outcome,
    by: Actor,
    now: datetime,
    *,
    expected: tuple[int, int] | None = None,
) -> Patient:
    stays, goes = _both(pair, expected)
    outcome.versions = (stays.version, goes.version)
    _may_be_one(stays, goes)
    joined = Joined(stays=stays, before=Patient.objects.get(pk=stays.pk), goes=goes, by=by, now=now)
    outcome.settled += beforehand(joined)
    outcome.moved = _moved(stays, goes)
    _take_over(joined, pair.taking)
    outcome.settled += above(joined)
    _let_go(goes)
    what = {
        "from": [goes.pk, None],
        "taken": [None, sorted(pair.taking)],
        "moved": [None, outcome.moved],
    }
    into = {"into": [None, stays.pk]}
    trail.write(
        [
            trail.entry(subject=stays, verb="merge", by=by, now=now, what=what),
            trail.entry(subject=goes, verb="merged_away", by=by, now=now, what=into),
        ]
    )
    patient_record_changed.send(sender=Patient, patient_id=stays.pk, record=None, by=by, now=now)
    outcome.broken = _broken(stays.pk, now)
    return stays


def _both(pair: Pair, expected: tuple[int, int] | None) -> tuple[Patient, Patient]:
    """Lock both, as every booking does, so that no visit is booked for who goes meanwhile."""
    if pair.stays == pair.goes:
        raise Malformed("Choose two different patients.")
    if not pair.taking <= set(CHOICES):
        raise Malformed("There is no such fact to choose.")
    lock_patients([pair.stays, pair.goes])
    found = Patient.objects.filter(provisional=False).in_bulk([pair.stays, pair.goes])
    if len(found) != 2:  # noqa: PLR2004 - both of them
        raise NotFound("There is no such patient.")
    stays, goes = found[pair.stays], found[pair.goes]
    if expected not in (None, (stays.version, goes.version)):
        raise StaleVersion(MergeOutdated.sentence)
    return stays, goes


def _may_be_one(stays: Patient, goes: Patient) -> None:
    signed = SignedConsent.objects.filter(patient=stays, guardian=goes) | (
        SignedConsent.objects.filter(patient=goes, guardian=stays)
    )
    if stays.guardian_id == goes.pk or goes.guardian_id == stays.pk or signed.exists():
        raise Malformed("One of the two answers for the other: they are two people.")
    if (said := apart.said_of(stays.pk, goes.pk)) is not None:
        raise Malformed(
            f"On {said.said_at:%-d %b %Y} {said.said_by} said that these are two people. Take that back"
            " first, below “Likely duplicates”."
        )
    if clashes := list(_overlapping(stays, goes)):
        raise VisitsOverlap(
            f"Both have a visit at one time: {'; '.join(clashes)}. Cancel one first."
        )


def _overlapping(stays: Patient, goes: Patient) -> Iterable[str]:
    rows = Appointment.objects.filter(status__in=sorted(OCCUPYING)).select_related("treatment")
    theirs = list(rows.filter(patient=goes))
    for mine in rows.filter(patient=stays).order_by("start_q"):
        for other in theirs:
            if mine.start_q < other.end_q and other.start_q < mine.end_q:
                yield f"{mine.treatment.name} and {other.treatment.name} on {mine}"


def refers() -> list[tuple[type[Model], str]]:
    """List every column, on any floor, that names a patient."""
    return [
        (rel.related_model, rel.field.name)
        for rel in Patient._meta.get_fields(include_hidden=True)
        if isinstance(rel, ForeignObjectRel) and (rel.one_to_many or rel.one_to_one)
    ]


def _moved(stays: Patient, goes: Patient) -> dict[str, int]:
    """Give all rows of who goes to who stays, and count them by kind."""
    moved: dict[str, int] = {}
    with connection.cursor() as cursor:
        # papers stay as they were signed: their trigger lets only their owner change, and only now
        cursor.execute("SELECT set_config('fallow.merging', 'on', true)")
    for model, column in refers():
        rows = model._base_manager.filter(**{column: goes})  # noqa: SLF001 -- the model is any
        if count := rows.update(**{column: stays}):
            name = str(model._meta.verbose_name_plural)
            moved[name] = moved.get(name, 0) + count
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('fallow.merging', '', true)")
    return moved


def _take_over(joined: Joined, taking: Iterable[str]) -> None:
    """Choose what stands; what must not be lost stands whatever was chosen."""
    stays, goes = joined.stays, joined.goes
    for name in taking:
        setattr(stays, name, getattr(goes, name))
    stays.do_not_contact = stays.do_not_contact or goes.do_not_contact
    stays.deceased_on = stays.deceased_on or goes.deceased_on
    notes = dict.fromkeys(note for note in (stays.note, goes.note) if note)
    stays.note = "\n".join(notes)
    register.amend(patient=stays, by=joined.by, now=joined.now)


def _let_go(goes: Patient) -> None:
    """Delete the empty record; a row that was left behind makes the database refuse at once."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DELETE FROM scheduling_patient WHERE id = %s", [goes.pk])
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _broken(patient_id: int, now: datetime) -> list[tuple[int, str]]:
    return [
        (visit.pk, f"{visit.treatment.name}, {visit}: {' '.join(_said(reasons))}")
        for visit, reasons in booking.refused_coming(patient_id, now=now)
    ]


def _said(reasons: Iterable[Reason]) -> list[str]:
    return [f"{r.sentence} ({r.arithmetic})" if r.arithmetic else r.sentence for r in reasons]
