"""The day's steps: confirmed, arrived, checked in, done."""

from dataclasses import dataclass
from datetime import datetime

from scheduling import catalogue, refusals
from scheduling.booking import asking, locks, overrides, rows
from scheduling.booking.ask import known_words
from scheduling.booking.dependents import flag_dependents, reasons_now
from scheduling.booking.overrides import OverrideAsk
from scheduling.core.rules import Moment
from scheduling.core.words import Actor, Reason, Severity, Status
from scheduling.errors import Malformed, Refused, WrongState
from scheduling.integrity import retrying
from scheduling.models import Appointment, Record, Refusal

LONGEST_NOTE = 10_000
"""Characters of a visit's note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was actually done; None keeps what was booked. `ended_at` is aware, default `now`.

    `tested` are the procedures that a patch test was for; empty means those of the patient's
    coming visits that need one.
    """

    procedure: str | None = None
    areas: tuple[str, ...] | None = None
    size: str | None = None
    depth: str | None = None
    ended_at: datetime | None = None
    result: str = ""
    tested: tuple[str, ...] = ()


@retrying
def confirm(*, appointment_id: int, version: int | None, by: Actor, now: datetime) -> Appointment:
    """Note that the patient said yes; no status of its own.

    Raises:
        WrongState: the visit is not booked, or has begun.
        StaleVersion, NotFound: see `move`.

    """
    visit = locks.locked(appointment_id=appointment_id, by=by, version=version)
    _must_be(visit, {Status.BOOKED}, "confirmed")
    if visit.start <= now:
        raise WrongState("This visit has already begun.")
    if visit.confirmed_at is not None:
        return visit
    visit.confirmed_at = now
    step = rows.Step(verb="confirm", told=False, by=by, now=now)
    return rows.finish(
        visit, step, {"confirmed_at": [None, now.isoformat()]}, fields=["confirmed_at"]
    )


@retrying
def annotate(
    *, appointment_id: int, note: str, version: int | None, by: Actor, now: datetime
) -> Appointment:
    """Set the clinic's own note on a visit, whatever its status; the patient never reads it.

    The trail says that the note changed, not what it holds: it may be clinical.

    Raises:
        Malformed: the note is longer than 10,000 characters.
        StaleVersion, NotFound: see `move`.

    """
    if len(note) > LONGEST_NOTE:
        raise Malformed(f"A note has at most {LONGEST_NOTE:,} characters.", field="note")
    visit = locks.locked(appointment_id=appointment_id, by=by, version=version)
    if visit.note == note:
        return visit
    visit.note = note
    step = rows.Step(verb="annotate", told=False, by=by, now=now)
    return rows.finish(visit, step, {"note": []}, fields=["note"])


@retrying
def arrive(*, appointment_id: int, version: int | None, by: Actor, now: datetime) -> Appointment:
    """Note that the patient is in the house.

    Raises: see `confirm`.
    """
    visit = locks.locked(appointment_id=appointment_id, by=by, version=version)
    _must_be(visit, {Status.BOOKED}, "marked as arrived")
    visit.arrived_at = now
    return _step(visit, Status.ARRIVED, "arrive", by, now)


def check_in(
    *,
    appointment_id: int,
    version: int | None,
    by: Actor,
    now: datetime,
    override: OverrideAsk | None = None,
) -> tuple[Appointment, tuple[Reason, ...]]:
    """Ask the rules once more, consent to this course included, and let the patient through.

    Answers the visit and the cautions. Only fulfilled consultations and patch tests count here.

    Raises:
        Refused: a rule that no standing override covers; it is kept for the reports.
        and see `confirm`.

    """
    try:
        return _check_in(appointment_id, version, by, now, override)
    except Refused as refusal:
        visit = locks.seen(appointment_id=appointment_id, by=by)
        asked = refusals.Asked(
            verb=Refusal.Verb.CHECK_IN, site_id=visit.site_id, treatment_id=visit.treatment_id
        )
        refusals.note(refusal, asked=asked, by=by, now=now)
        raise


@retrying
def _check_in(
    appointment_id: int,
    version: int | None,
    by: Actor,
    now: datetime,
    override: OverrideAsk | None,
) -> tuple[Appointment, tuple[Reason, ...]]:
    visit = locks.locked(appointment_id=appointment_id, by=by, version=version)
    _must_be(visit, {Status.BOOKED, Status.ARRIVED}, "checked in")
    reasons = (*reasons_now(visit, now, Moment.CHECK_IN), *asking.asked(visit, now))
    standing = overrides.covered_by(overrides.live(visit.pk), visit)
    fresh = overrides.settle(reasons=reasons, ask=override, by=by, covered=standing)
    overrides.write(appointment=visit, reasons=fresh, ask=override, by=by, now=now)
    visit.arrived_at = visit.arrived_at or now
    visit.checked_in_at = now
    visit = _step(visit, Status.CHECKED_IN, "check_in", by, now)
    return visit, tuple(r for r in reasons if r.severity is Severity.ADVISORY)


@retrying
def complete(
    *, appointment_id: int, version: int | None, by: Actor, now: datetime, done: Done | None = None
) -> Appointment:
    """Record what was done, and from it the dates until which the skin rests.

    A consultation or patch test writes its Record.

    Raises:
        Malformed: a word that no rule knows, or an end before the start or in the future.
        WrongState: the visit has not begun, or nobody was checked in.
        and see `confirm`.

    """
    done = done or Done()
    visit = locks.locked(appointment_id=appointment_id, by=by, version=version)
    _must_be(visit, {Status.CHECKED_IN}, "completed; check the patient in first")
    before = rows.picture(visit)
    _set_done(visit, done, now)
    _write_records(visit, done, by)
    visit.status = Status.FULFILLED.value
    step = rows.Step(verb="complete", told=False, by=by, now=now)
    rows.finish(visit, step, rows.changes(before, rows.picture(visit)))
    flag_dependents(visit, now=now)
    return visit


def _set_done(visit: Appointment, done: Done, now: datetime) -> None:
    known_words(
        areas=done.areas or (),
        size=done.size or "",
        depth=done.depth or "",
        procedures=filter(None, [done.procedure, *done.tested]),
    )
    ended = done.ended_at or min(now, visit.end)
    if ended > now:
        raise Malformed("A visit does not end in the future.", field="ended_at")
    if ended <= visit.start:
        rows.place_when_done(visit, ended)
    visit.procedure = visit.procedure if done.procedure is None else done.procedure
    visit.areas = visit.areas if done.areas is None else list(done.areas)
    visit.size = visit.size if done.size is None else done.size
    visit.depth = visit.depth if done.depth is None else done.depth
    visit.actual_end, visit.completed_at = ended, now
    rows.set_recovery(visit)


def _write_records(visit: Appointment, done: Done, by: Actor) -> None:
    """Write what a consultation or a patch test leaves behind, one record a laser tested."""
    if visit.procedure not in (Record.Kind.CONSULTATION, Record.Kind.PATCH_TEST):
        return
    patch = visit.procedure == Record.Kind.PATCH_TEST
    tested = (done.tested or _awaiting_a_test(visit)) if patch else ()
    Record.objects.bulk_create(
        Record(
            patient_id=visit.patient_id,
            kind=visit.procedure,
            start=visit.start,
            end=visit.actual_end,
            zone=visit.zone,
            areas=visit.areas,
            procedure=procedure,
            result=(done.result or Record.Result.CLEAR) if patch else "",
            appointment=visit,
            recorded_by_id=by.user_id,
        )
        for procedure in tested or ("",)
    )


def _awaiting_a_test(visit: Appointment) -> tuple[str, ...]:
    """Read from the patient's coming visits which procedures a patch test was for."""
    needy = catalogue.current().protocol.patch_tested
    coming = Appointment.objects.filter(
        patient_id=visit.patient_id,
        status=Status.BOOKED.value,
        start__gt=visit.start,
        procedure__in=needy,
    )
    return tuple(coming.order_by("procedure").values_list("procedure", flat=True).distinct())


def _step(visit: Appointment, status: Status, verb: str, by: Actor, now: datetime) -> Appointment:
    before = visit.status
    visit.status = status.value
    step = rows.Step(verb=verb, told=False, by=by, now=now)
    return rows.finish(visit, step, {"status": [before, visit.status]})


def _must_be(visit: Appointment, states: set[Status], what: str) -> None:
    if visit.status not in states:
        raise WrongState(f"A visit that is {visit.get_status_display()} cannot be {what}.")
