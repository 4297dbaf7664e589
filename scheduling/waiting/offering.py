"""One start, offered to one who waits, and their answer."""

from datetime import datetime, timedelta

from django.db.models import Q

from scheduling import diary, trail
from scheduling.booking import Booked
from scheduling.core.words import Actor, Severity, Status
from scheduling.errors import ClinicError, Malformed, NotFound, Refused, StaleVersion, WrongState
from scheduling.integrity import ResourceTaken, retrying
from scheduling.models import Offer, Opening, WaitingEntry
from scheduling.signals import offer_made
from scheduling.waiting.listing import LONGEST_NAME, close, seen
from scheduling.waiting.matching import take, wish
from scheduling.waiting.remains import leave_the_rest

MOST_MINUTES = 24 * 60
LOST = (Refused, ResourceTaken, StaleVersion, WrongState)
"""What booking answers where the time, or the visit, is no longer what it was."""


class OfferOver(ClinicError):
    """The offer was answered, withdrawn, or not answered in time; `state` says which."""

    code = "offer_over"
    sentence = "This offer is no longer open."


class OfferLost(ClinicError):
    """Somebody else took the time before the answer came; the patient keeps what they have."""

    code = "offer_lost"
    sentence = "That time has just been taken. You keep your place on the list."


@retrying
def offer(
    *,
    entry_id: int,
    start: datetime,
    by: Actor,
    now: datetime,
    minutes: int | None = None,
    opening_id: int | None = None,
) -> Offer:
    """Offer a start (aware), to be answered within `minutes` (the site's own without).

    Raises:
        Refused: the start is not free or not legal for this patient.
        OfferOpen: this patient has an open offer, or this opening is offered to somebody.
        WrongState: the patient waits no longer.
        Malformed: minutes beyond 1 to a day.
        NotFound: no such place on the list for this actor, or no such opening at its site.

    """
    entry = seen(entry_id, by)
    if entry.closed_at is not None:
        raise WrongState("This patient is on the list no longer.")
    reasons = diary.explain_start(wish=wish(entry), start=start, now=now)
    if any(reason.severity is not Severity.ADVISORY for reason in reasons):
        raise Refused(reasons)
    _still_to_give(opening_id, entry)
    minutes = entry.site.offer_minutes if minutes is None else minutes
    if not 1 <= minutes <= MOST_MINUTES:
        raise Malformed("An offer is open for 1 minute to a day.", field="minutes")
    made = Offer.objects.create(
        entry=entry,
        opening_id=opening_id,
        start=start,
        answer_by=min(now + timedelta(minutes=minutes), start),
        created_at=now,
        created_by=by.name[:LONGEST_NAME],
    )
    trail.write([trail.entry(subject=made, verb="offer", by=by, now=now)])
    offer_made.send(sender=Offer, offer=made, by=by, now=now)
    return made


def _still_to_give(opening_id: int | None, entry: WaitingEntry) -> None:
    """Lock the time that came free, if one is named: it is that site's, and not given away."""
    if opening_id is None:
        return
    found = Opening.objects.select_for_update(no_key=True).filter(pk=opening_id).first()
    if found is None or found.site_id != entry.site_id:
        raise NotFound
    if found.closed_at is not None:
        raise WrongState("This time is offered to nobody any more.")


def accept(*, offer_id: int, by: Actor, now: datetime) -> Booked:
    """Take the offered time: a visit is booked, or the one there is moves to it.

    Raises:
        OfferLost: it was taken meanwhile, or is no longer legal; the reasons say why.
        OfferOver: it is not open any more.
        NotFound: no such offer for this actor.

    """
    try:
        return _accepted(offer_id, by, now)
    except LOST as loss:
        _end(offer_id, Offer.State.LOST, now)
        raise OfferLost(reasons=getattr(loss, "reasons", ())) from loss


@retrying
def _accepted(offer_id: int, by: Actor, now: datetime) -> Booked:
    made, entry = _open(offer_id, by, now)
    try:
        booked = take(entry, made.start, by=by, now=now)
    except (NotFound, Malformed) as gone:  # it was offered, and is not given here any more
        raise WrongState(gone.sentence) from gone
    made.state, made.closed_at = Offer.State.ACCEPTED, now
    made.appointment = booked.appointment
    made.save(update_fields=["state", "closed_at", "appointment"])
    if made.opening is not None:
        leave_the_rest(made.opening, booked.appointment, now)
    close(entry, WaitingEntry.Closed.BOOKED, now)
    trail.write([trail.entry(subject=made, verb="accept", by=by, now=now)])
    return booked


@retrying
def decline(*, offer_id: int, by: Actor, now: datetime) -> Offer:
    """Say no to an offer; the patient stays on the list.

    Raises: see `accept`.
    """
    made, _ = _open(offer_id, by, now)
    return _closed(made, Offer.State.DECLINED, by, now)


@retrying
def withdraw(*, offer_id: int, by: Actor, now: datetime) -> Offer:
    """Take an offer back.

    Raises: see `accept`.
    """
    made, _ = _open(offer_id, by, now)
    return _closed(made, Offer.State.WITHDRAWN, by, now)


def _open(offer_id: int, by: Actor, now: datetime) -> tuple[Offer, WaitingEntry]:
    """Lock an open offer and the place on the list it was made to."""
    glimpse = Offer.objects.filter(pk=offer_id).values_list("entry_id", flat=True).first()
    if glimpse is None:
        raise NotFound
    entry = seen(glimpse, by)
    made = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if made.state != Offer.State.OPEN or made.answer_by <= now or entry.closed_at is not None:
        raise OfferOver(state=made.state)
    return made, entry


def _closed(made: Offer, state: Offer.State, by: Actor, now: datetime) -> Offer:
    made.state, made.closed_at = state, now
    made.save(update_fields=["state", "closed_at"])
    trail.write([trail.entry(subject=made, verb=state.value, by=by, now=now)])
    return made


def _end(offer_id: int, state: Offer.State, now: datetime) -> int:
    open_one = Offer.objects.filter(pk=offer_id, state=Offer.State.OPEN)
    return open_one.update(state=state, closed_at=now)


def expire(*, now: datetime) -> int:
    """End what was not answered in time, and waits that are over; answer how many offers ended."""
    late = Offer.objects.filter(state=Offer.State.OPEN, answer_by__lte=now)
    ended = late.update(state=Offer.State.EXPIRED, closed_at=now)
    waits = WaitingEntry.objects.filter(closed_at=None)
    gone = ~Q(appointment__status=Status.BOOKED.value) | Q(appointment__start__lte=now)
    over = waits.filter(appointment__isnull=False).filter(gone).values("pk")
    WaitingEntry.objects.filter(pk__in=over, closed_at=None).update(
        closed_at=now, closed_as=WaitingEntry.Closed.OVER
    )
    # a day late at most in any zone of the world: an entry is of use until its local date is over
    waits.filter(until__lt=(now - timedelta(hours=12)).date()).update(
        closed_at=now, closed_as=WaitingEntry.Closed.LAPSED
    )
    pointless = Offer.objects.filter(state=Offer.State.OPEN, entry__closed_at__isnull=False)
    pointless.update(state=Offer.State.WITHDRAWN, closed_at=now)
    return ended
