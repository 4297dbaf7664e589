"""Visits that end before they are done, and mistakes undone."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from scheduling import catalogue, diary, statements, trail
from scheduling.booking import locks, overrides, rows
from scheduling.booking.ask import wish_of
from scheduling.booking.dependents import flag_coming, flag_dependents, reasons_now
from scheduling.core.timeline import floor_q
from scheduling.core.words import Actor, Choice, Held, Status
from scheduling.errors import Refused, StaleVersion, WrongState
from scheduling.integrity import retrying
from scheduling.models import Allocation, Appointment, Change, Record

CANCELLABLE = frozenset({Status.PENDING, Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN})
REINSTATABLE = frozenset(
    {Status.CANCELLED, Status.NOSHOW, Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED}
)
LAPSED = "hold expired"
"""Why a hold ended; it was never a visit, so there is nothing to undo."""

UNDONE = "undone at once"
"""Why a booking ended that was taken back within seconds: a slip of the hand, and no visit."""

WRITTEN = (Record.Kind.CONSULTATION, Record.Kind.PATCH_TEST)
"""What completing a visit writes by itself."""

TAKEN = frozenset({"resource_taken", "patient_busy"})
"""What the diary may always say against undoing; hours and notice were settled at booking."""

AWAY = frozenset({"absence", "no_capability", "capability_expires"})
"""What it may also say against a visit that is still to come: nobody would be there to give it."""

IDLE = frozenset({Status.CANCELLED, Status.NOSHOW})
"""Statuses that hold nothing, so that coming back means asking the diary again."""


def may_be_put_back(*, was: str) -> bool:
    """Tell whether a cancellation may be taken back, by the status that it ended.

    A hold that was let go never was a visit that somebody was told of: it is booked anew.
    """
    return was != Status.PENDING


@retrying
def cancel(
    *, appointment_id: int, version: int | None, by: Actor, now: datetime, reason: str = ""
) -> Appointment:
    """Cancel a visit and free what it held. The patient is told.

    Patients keep the site's notice; staff may cancel until the visit is done.

    Raises:
        WrongState: the visit is over, or a patient asks later than the notice allows.
        StaleVersion, NotFound: see `move`.

    """
    visit = locks.locked(appointment_id=appointment_id, by=by, version=version)
    if visit.status not in CANCELLABLE:
        raise WrongState(f"A visit that is {visit.get_status_display()} cannot be cancelled.")
    if by.patient_id is not None:
        in_time(visit, now)
    told = visit.status != Status.PENDING
    what = {"status": [visit.status, Status.CANCELLED.value]}
    rows.free_resources([visit.pk])
    rows.end_as(visit, Status.CANCELLED)
    visit.cancelled_at, visit.cancel_reason = now, reason[:200] if told else LAPSED
    rows.finish(visit, rows.Step(verb="cancel", told=told, by=by, now=now), what)
    flag_dependents(visit, now=now)
    return visit


def in_time(visit: Appointment, now: datetime) -> None:
    """Let a patient change a visit as long as the site's notice allows.

    Raises:
        WrongState: it is too late; the fact `notice_hours` is the notice.

    """
    hours = catalogue.current().site(visit.site_id).cancel_notice_hours
    if visit.start - now < timedelta(hours=hours):
        raise WrongState(
            f"Visits are cancelled or moved here at least {hours} hours before. Please phone the clinic.",
            notice_hours=hours,
        )


@retrying
def no_show(*, appointment_id: int, version: int | None, by: Actor, now: datetime) -> Appointment:
    """Note that the patient did not come, once the visit's start has passed.

    Raises: see `cancel`.
    """
    visit = locks.locked(appointment_id=appointment_id, by=by, version=version)
    if visit.status != Status.BOOKED:
        raise WrongState(f"A visit that is {visit.get_status_display()} cannot be a no-show.")
    if visit.start > now:
        raise WrongState("The visit has not begun yet.")
    what = {"status": [visit.status, Status.NOSHOW.value]}
    rows.free_resources([visit.pk])
    rows.end_as(visit, Status.NOSHOW)
    rows.finish(visit, rows.Step(verb="no_show", told=False, by=by, now=now), what)
    flag_dependents(visit, now=now)
    return visit


@retrying
def reinstate(*, appointment_id: int, version: int | None, by: Actor, now: datetime) -> Appointment:
    """Undo a mistake: the visit is booked again as it was.

    What a cancelled or missed visit held must still be free, and the rules must still allow it;
    what completion wrote (a consultation's Record) is withdrawn.

    Raises:
        Refused: its place was taken, or the rules refuse it now.
        WrongState: there is nothing to undo.
        and see `cancel`.

    """
    visit = locks.locked(appointment_id=appointment_id, by=by, version=version)
    if visit.status not in REINSTATABLE or visit.cancel_reason == LAPSED:
        raise WrongState(f"A visit that is {visit.get_status_display()} needs no undoing.")
    before, idle = visit.status, visit.status in IDLE
    if before == Status.FULFILLED:
        _put_back(visit)
    if idle or not visit.allocations.filter(active=True).exists():
        _take_again(visit, now)
    written = Record.objects.filter(appointment=visit, kind__in=WRITTEN, withdrawn_at=None)
    written.update(withdrawn_at=now)
    visit.status = Status.BOOKED.value
    visit.arrived_at = visit.checked_in_at = visit.completed_at = visit.actual_end = None
    visit.cancelled_at, visit.cancel_reason = None, ""
    rows.set_recovery(visit)
    step = rows.Step(verb="reinstate", told=idle, by=by, now=now)
    rows.finish(visit, step, {"status": [before, visit.status]})
    return visit


def _put_back(visit: Appointment) -> None:
    """Undo what completion replaced by what was done, and when; the trail says what it was."""
    visit.procedure = visit.treatment.procedure
    told = Change.objects.filter(subject="appointment", subject_id=visit.pk, verb="complete")
    done = told.order_by("-at", "-pk").first()
    was = {name: values[0] for name, values in done.what.items()} if done is not None else {}
    for name in ("areas", "size", "depth"):
        setattr(visit, name, was.get(name, getattr(visit, name)))
    if "start" in was:
        start, end = (datetime.fromisoformat(was[name]) for name in ("start", "end"))
        rows.set_time(visit, floor_q(start), floor_q(end))


def _take_again(visit: Appointment, now: datetime) -> None:
    """Hold again what the visit held last, when nobody else does and the rules agree."""
    last = Allocation.objects.filter(appointment=visit).select_related("resource")
    held = tuple(Held(a.resource_id, a.resource.kind, a.start_q, a.end_q) for a in last)
    choice = Choice(
        start_q=visit.start_q, end_q=visit.end_q, prep_minutes=visit.prep_minutes, held=held
    )
    against = diary.recheck(wish=wish_of(visit), choice=choice, now=now)
    codes = TAKEN | AWAY if visit.start > now else TAKEN
    taken = [r for r in against if r.code in codes]
    standing = overrides.covered_by(overrides.live(visit.pk), visit)
    skin = [r for r in reasons_now(visit, now) if (r.code, r.other) not in standing]
    if overrides.blocking([*taken, *skin]):
        raise Refused([*taken, *skin])
    last.update(active=True)
    rows.turn_page(h.resource_id for h in held)


@retrying
def cancel_many(
    *,
    appointment_ids: Collection[int],
    by: Actor,
    now: datetime,
    reason: str = "",
    versions: Mapping[int, int] | None = None,
) -> list[Appointment]:
    """Cancel several visits of one patient together; the patient is told once.

    `versions` are those at which each must still be; None for whatever they are.

    Raises: see `cancel`; nothing is cancelled then.
    """
    glimpses = [locks.seen(appointment_id=pk, by=by) for pk in sorted(appointment_ids)]
    ids = [glimpse.pk for glimpse in glimpses]
    held = Allocation.objects.filter(appointment__in=ids).values_list("resource_id", flat=True)
    locks.lock(patients={glimpse.patient_id for glimpse in glimpses}, resources=set(held))
    visits = list(
        Appointment.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    )
    if versions is not None and {visit.pk: visit.version for visit in visits} != dict(versions):
        raise StaleVersion
    entries = []
    for visit in visits:
        if visit.status not in CANCELLABLE:
            raise WrongState(f"A visit that is {visit.get_status_display()} cannot be cancelled.")
        what = {"status": [visit.status, Status.CANCELLED.value]}
        rows.end_as(visit, Status.CANCELLED)
        visit.cancelled_at, visit.cancel_reason = now, reason[:200]
        visit.version, visit.told_version = visit.version + 1, visit.told_version + 1
        visit.save()
        entries.append(trail.entry(subject=visit, verb="cancel", by=by, now=now, what=what))
    rows.free_resources(ids)
    rows.announce(visits, rows.Step(verb="cancel", told=True, by=by, now=now), entries)
    for patient in {visit.patient_id for visit in visits}:
        flag_coming(patient, now=now)
    return visits


_EXPIRED = f"""
SELECT id FROM scheduling_appointment
WHERE status = '{Status.PENDING}' AND expires_at <= %s ORDER BY id LIMIT 500
"""  # noqa: S608 - no text of anybody's


def free_expired_holds(*, now: datetime) -> int:
    """Let go of every hold whose time is up; answer how many."""
    # every refusal asks, and hardly ever is there one: no transaction until there is
    return _let_go([pk for (pk,) in statements.rows(_EXPIRED, [now])], now=now, by=now)


def release_holds(*, appointment_ids: Collection[int], now: datetime) -> int:
    """Let go of these holds before their time is up; answer how many there still were."""
    return _let_go(sorted(appointment_ids), now=now, by=datetime.max.replace(tzinfo=UTC))


def _let_go(ids: list[int], *, now: datetime, by: datetime) -> int:
    """End those of these holds that expire `by` an instant; no transaction where there is none."""
    return _ended(ids, now=now, by=by) if ids else 0


@retrying
def _ended(ids: list[int], *, now: datetime, by: datetime) -> int:
    """End them under the house's locks; a hold that is being booked at this moment is skipped."""
    kept = Appointment.objects.filter(pk__in=ids)
    held = Allocation.objects.filter(appointment_id__in=ids, active=True)
    locks.lock(
        patients=set(kept.values_list("patient_id", flat=True)),
        resources=set(held.values_list("resource_id", flat=True)),
    )
    still = kept.select_for_update(no_key=True).filter(
        status=Status.PENDING.value, expires_at__lte=by
    )
    expired = list(still.order_by("pk").values_list("pk", flat=True))
    rows.free_resources(expired)
    Appointment.objects.filter(pk__in=expired).update(
        status=Status.CANCELLED.value,
        expires_at=None,
        cancelled_at=now,
        cancel_reason=LAPSED,
    )
    return len(expired)
