"""What is asked of booking, checked for sense before anything is read or locked."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from scheduling import catalogue, diary, refusals
from scheduling.booking.overrides import OverrideAsk
from scheduling.core.words import Actor, Reason, Wish
from scheduling.errors import ClinicError, Malformed, NotFound, Refused
from scheduling.models import Appointment, Refusal

T = TypeVar("T")

SIZES = frozenset({"", "small", "face", "large"})
DEPTHS = frozenset({"", "superficial", "deep"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One visit asked for, at one start (aware, any zone)."""

    wish: Wish
    start: datetime
    override: OverrideAsk | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """A visit as it was written, and the cautions that came with it."""

    appointment: Appointment
    advisories: tuple[Reason, ...] = ()


class ChoiceLost(ClinicError):
    """Somebody took a chosen resource before it was locked; another choice may do."""

    code = "resource_taken"
    sentence = "That time has just been taken."


def checked(ask: Ask, by: Actor) -> Ask:
    """Answer the ask when it makes sense and is this actor's to make.

    Raises:
        Malformed: an unknown area, size, depth or indication; a start without a zone; no patient.
        NotFound: a site or treatment that does not exist for this actor, or another's patient.

    """
    wish, ground = ask.wish, catalogue.current()
    if wish.patient_id is None:
        raise Malformed("Say for which patient.")
    if not by.works_at(wish.site_id) or by.patient_id not in (None, wish.patient_id):
        raise NotFound
    ground.site(wish.site_id)
    ground.treatment(wish.treatment_id)
    if ask.start.tzinfo is None:
        raise Malformed("A start needs its zone.")
    known_wish(wish)
    return ask


def wish_of(appointment: Appointment) -> Wish:
    """Spell a visit as the wish that would book it again, its own place not counted."""
    return Wish(
        site_id=appointment.site_id,
        treatment_id=appointment.treatment_id,
        patient_id=appointment.patient_id,
        minutes=(appointment.end_q - appointment.start_q) * 5,
        areas=tuple(appointment.areas),
        size=appointment.size,
        depth=appointment.depth,
        indication=appointment.indication,
        encounter=appointment.encounter,
        series_id=appointment.series_id,
        seq=appointment.seq,
        not_before=appointment.not_before,
        not_after=appointment.not_after,
        note=appointment.note,
        moving=appointment.pk,
    )


def known_wish(wish: Wish) -> None:
    """Let through a wish in words that the rules can read.

    Raises:
        Malformed: an unknown area, size, depth or indication.

    """
    known_words(areas=wish.areas, size=wish.size, depth=wish.depth)
    _known("indication", {wish.indication} - catalogue.current().indications - {""})


def known_words(
    *, areas: Iterable[str] = (), size: str = "", depth: str = "", procedures: Iterable[str] = ()
) -> None:
    """Let through words that the rules can read; a misspelt area would count as the whole body.

    Raises:
        Malformed: an unknown area, size, depth or procedure.

    """
    ground = catalogue.current()
    _known("area", set(areas) - ground.areas)
    _known("size", {size} - SIZES)
    _known("depth", {depth} - DEPTHS)
    _known("procedure", set(procedures) - ground.protocol.procedures)


def _known(what: str, unknown: set[str]) -> None:
    if unknown:
        raise Malformed(f"Unknown {what}: {', '.join(sorted(unknown))}.", field=what)


def with_earliest(
    asks: Sequence[Ask],
    by: Actor,
    now: datetime,
    verb: Callable[[], T],
    asked: Refusal.Verb = Refusal.Verb.BOOK,
) -> T:
    """Run the verb; on a refusal, after the rollback, search for the earliest start that works.

    What was refused is kept for the reports.
    """
    try:
        return verb()
    except Refused as refusal:
        ask = asks[refusal.facts.get("ask", 0)]
        patient = refusal.facts.pop("patient", None)  # as it was read, without a lock, to refuse
        if len(asks) == 1:
            refusal.facts.pop("ask", None)
        refusal.earliest = diary.earliest_start(
            wish=ask.wish, after=ask.start, now=now, patient=patient
        )
        what = refusals.Asked(
            verb=asked, site_id=ask.wish.site_id, treatment_id=ask.wish.treatment_id
        )
        refusals.note(refusal, asked=what, by=by, now=now)
        raise
