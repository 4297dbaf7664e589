"""Keep one start for a person who signed in, let it go, and book it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet

from scheduling import booking, catalogue
from scheduling.catalogue import Offer
from scheduling.core.words import Actor, Status, Wish
from scheduling.errors import Busy, NotFound, WrongState
from scheduling.integrity import retrying
from scheduling.models import Appointment, Patient, PatientSession

CONSULTATION = "consultation"
"""The one procedure that is open to somebody new: every laser course starts there (SEED-CONSULT)."""

MOST_COMING = 8
"""Visits to come that one person may have booked alone. A judgement: more than a course of six
sessions with its consultation, and too few to close a diary."""

TRIES = 3


class NotOpen(NotFound):
    """The clinic does not open this treatment to those who book by themselves."""

    sentence = "This treatment is booked by phone."


class Enough(WrongState):
    """So many visits are to come already that a person should look at them."""

    code = "enough_visits"
    sentence = "Several visits are booked for you already. Please phone us for another one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """What was chosen: the hold's id, and all that would choose it again once it has expired.

    `start` is aware.
    """

    appointment_id: int
    wish: Wish
    start: datetime


def offered(*, newcomer: bool) -> list[Offer]:
    """List the treatments that patients may book by themselves, by name; consultations to somebody new."""
    rows = catalogue.current().treatments.values()
    mine = [row for row in rows if row.active and row.self_booking]
    if newcomer:
        mine = [row for row in mine if row.procedure == CONSULTATION]
    # a consultation is where every course starts, so it stands first
    return sorted(mine, key=lambda row: (row.procedure != CONSULTATION, row.name, row.id))


def keep(*, session: PatientSession, wish: Wish, start: datetime, now: datetime) -> Appointment:
    """Keep a start for ten minutes; what this person kept before is let go.

    `wish` names no patient: it is the session's. Somebody new is stood for by a row without a name.

    Raises:
        NotOpen: the treatment is not booked by patients, or not by somebody new.
        Enough: too many visits to come were booked by this person alone.
        Refused, NotFound, Busy: see `booking.book`.

    """
    allowed(session, wish)
    booking.free_expired_holds(now=now)
    for _ in range(TRIES):
        # let go in a transaction of its own: two sets of resources are never locked one after the other
        let_go(session=session, now=now)
        kept = _kept(session.pk, wish, start, now)
        if kept is not None:
            return kept
    raise Busy


def allowed(session: PatientSession, wish: Wish) -> None:
    """Let through what this person may book alone.

    Raises:
        NotOpen: the treatment, or the site, is not open to them.

    """
    newcomer = session.patient_id is None
    if wish.treatment_id not in {offer.id for offer in offered(newcomer=newcomer)}:
        raise NotOpen
    if not catalogue.current().site(wish.site_id).active:
        raise NotOpen


@retrying
def _kept(session_id: int, wish: Wish, start: datetime, now: datetime) -> Appointment | None:
    """Keep the start, unless this person keeps another one since; None then."""
    mine, all_mine = locked(session_id, now)
    if living(all_mine).exists():
        return None
    patient = mine.patient_id or _stand_in().pk
    _not_too_many(mine.patient_id, now)
    by = acting(patient)
    kept = booking.hold(wish=replace(wish, patient_id=patient), start=start, by=by, now=now)
    mine.hold = kept.appointment
    mine.save(update_fields=["hold"])
    return kept.appointment


def _stand_in() -> Patient:
    """Write the row that stands for somebody new: no name, no address, and no message ever."""
    return Patient.objects.create(
        provisional=True, do_not_contact=True, channel=Patient.Channel.NONE
    )


def _not_too_many(patient_id: int | None, now: datetime) -> None:
    if patient_id is None:
        return
    coming = Appointment.objects.filter(
        patient_id=patient_id,
        status=Status.BOOKED.value,
        start__gt=now,
        booked_by__startswith=f"patient {patient_id} ",
    )
    if coming.count() >= MOST_COMING:
        raise Enough


def acting(patient_id: int) -> Actor:
    """Answer who acts: this patient, on their own visits only."""
    return Actor(name=f"patient {patient_id} by code", patient_id=patient_id)


def locked(session_id: int, now: datetime) -> tuple[PatientSession, Sequence[int]]:
    """Lock all sessions of one person, in order, and answer this one with the ids of all.

    The person is the patient, or for somebody new whoever has the verified phone.

    Raises:
        NotFound: the session is gone.

    """
    this = PatientSession.objects.filter(pk=session_id).first()
    if this is None:
        raise NotFound
    person = (
        {"patient_id": this.patient_id}
        if this.patient_id is not None
        else {"patient_id": None, "phone": this.phone}
    )
    lately = now - timedelta(minutes=booking.HOLD_MINUTES)  # no older session keeps a start still
    rows = PatientSession.objects.select_for_update().filter(expires_at__gt=lately, **person)
    found = {row.pk: row for row in rows.order_by("pk")}
    mine = found.get(session_id) or PatientSession.objects.select_for_update().get(pk=session_id)
    return mine, sorted({*found, mine.pk})


def living(sessions: Sequence[int]) -> QuerySet[Appointment]:
    """Answer the starts that are kept for these sessions."""
    return Appointment.objects.filter(sessions__in=sessions, status=Status.PENDING.value)


def let_go(*, session: PatientSession, now: datetime) -> int:
    """Let go of whatever is kept for this person; answer how many starts that were."""
    with transaction.atomic():
        _, all_mine = locked(session.pk, now)
        kept = set(living(all_mine).values_list("pk", flat=True))
    let = booking.release_holds(appointment_ids=kept, now=now)
    forget_strangers()
    return let


@transaction.atomic
def forget_strangers() -> int:
    """Delete the rows that stood for people who gave up, with their holds; answer how many."""
    theirs = Appointment.objects.filter(patient=OuterRef("pk"))
    over = Patient.objects.filter(
        Exists(theirs), ~Exists(theirs.exclude(status=Status.CANCELLED.value)), provisional=True
    )
    # one that is being filled in at this moment is skipped
    rows = Patient.objects.select_for_update(skip_locked=True).filter(
        pk__in=list(over.values_list("pk", flat=True))
    )
    return sum(_forgotten(row) for row in rows.filter(provisional=True).order_by("pk"))


def _forgotten(stranger: Patient) -> bool:
    """Delete one such row, unless somebody has noted something of it that is to be kept."""
    try:
        with transaction.atomic():
            stranger.appointments.all().delete()
            stranger.delete()
    except ProtectedError:
        return False
    return True


def confirm(
    *, session: PatientSession, reserved: Reserved, note: str, now: datetime
) -> Appointment:
    """Book what was kept for a patient; pressed twice, it is booked once.

    Once the hold has expired the same start is taken again, if nobody has it.

    Raises:
        Refused: the start was lost meanwhile, or a rule refuses it now.
        NotOpen, Enough, NotFound, Busy: see `keep`.

    """
    allowed(session, reserved.wish)
    booking.free_expired_holds(now=now)
    return _confirmed(session.pk, reserved, note, now)


@retrying
def _confirmed(session_id: int, reserved: Reserved, note: str, now: datetime) -> Appointment:
    mine, _ = locked(session_id, now)
    if mine.patient_id is None:
        raise NotFound
    if (already := booked_already(mine, reserved)) is not None:
        return already
    _not_too_many(mine.patient_id, now)
    return book_for(mine, replace(reserved, wish=replace(reserved.wish, note=note)), now)


def booked_already(mine: PatientSession, reserved: Reserved) -> Appointment | None:
    """Find the visit that came of the same form a moment ago."""
    last = mine.hold
    if last is None or last.status != Status.BOOKED:
        return None
    chosen = (reserved.wish.treatment_id, reserved.wish.site_id, reserved.start)
    same = last.pk == reserved.appointment_id
    return last if same or (last.treatment_id, last.site_id, last.start) == chosen else None


def book_for(mine: PatientSession, reserved: Reserved, now: datetime) -> Appointment:
    """Book the hold while it lives, else its start anew, and remember the visit."""
    patient = mine.patient_id or 0
    wish, by = replace(reserved.wish, patient_id=patient), acting(patient)
    kept = Appointment.objects.filter(
        pk=reserved.appointment_id,
        patient_id=patient,
        status=Status.PENDING.value,
        expires_at__gt=now,
    ).first()
    if kept is not None:
        made = booking.book_held(appointment_id=kept.pk, wish=wish, by=by, now=now)
    else:
        made = booking.book(wish=wish, start=reserved.start, by=by, now=now)
    mine.hold = made.appointment
    mine.save(update_fields=["hold"])
    return made.appointment
