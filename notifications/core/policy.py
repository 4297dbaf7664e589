"""What to tell a patient about a visit, when, and until when it is of use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from notifications.core.caps import Room, room
from notifications.core.habits import AT_ANY_HOUR, AT_NIGHT_NONE, Habit, Habits
from notifications.core.kinds import (
    ADVICE,
    ANSWERS,
    AT_ONCE,
    BUNDLED,
    OF_OFFERS,
    OFF,
    OTHER,
    OTHERWISE,
    SAFE_TWICE,
    STILL_ON,
    TO_STAFF,
    TOGETHER,
    Channel,
    DropReason,
    Kind,
)
from notifications.core.quiet import country_of
from scheduling.core.words import Status

__all__ = [
    "ADVICE",
    "ANSWERS",
    "AT_ONCE",
    "BEFORE_CLOSING",
    "BUNDLED",
    "DEFAULT_LEADS",
    "OFF",
    "OTHER",
    "OTHERWISE",
    "SAFE_TWICE",
    "STILL_ON",
    "TOGETHER",
    "TO_STAFF",
    "Channel",
    "Circumstances",
    "Defer",
    "Drop",
    "DropReason",
    "Kind",
    "Lead",
    "Planned",
    "Policy",
    "Send",
    "Visit",
    "dedupe_key",
    "dedupe_key_of_plan",
    "key_by",
    "look_again",
    "plan",
    "retry_at",
    "room_for",
    "when_allowed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One line of the reminder schedule.

    `days` are local dates at the site (the same wall time, so many dates earlier); `elapsed` is
    real time on the UTC line. A line uses one of them. The message is of no use once less than
    `useless_within` is left before the patient must be there; where it would be sent too late, it
    may go so much `earlier`, as far as the clinic's habits allow that at all.
    """

    channel: Channel
    offset: str
    days: int = 0
    elapsed: timedelta = timedelta()
    useless_within: timedelta
    earlier: timedelta = timedelta()

    def due(self, be_there: datetime, zone: ZoneInfo) -> datetime:
        """Find the instant, in UTC, at which this line falls due."""
        wall = be_there.astimezone(zone).replace(tzinfo=None) - timedelta(days=self.days)
        # fold=0: a wall time that the clocks skip reads as the same moment after the jump
        return (
            wall.replace(tzinfo=zone).astimezone(UTC) - self.elapsed
            if self.days
            else (be_there - self.elapsed)
        )


DEFAULT_LEADS = (
    Lead(channel=Channel.EMAIL, offset="7d", days=7, useless_within=timedelta(hours=24)),
    Lead(
        channel=Channel.SMS,
        offset="48h",
        elapsed=timedelta(hours=48),
        useless_within=timedelta(hours=12),
        earlier=timedelta(hours=16),
    ),
    Lead(
        channel=Channel.SMS,
        offset="3h",
        elapsed=timedelta(hours=3),
        useless_within=timedelta(hours=1),
        earlier=timedelta(hours=16),
    ),
)


BEFORE_CLOSING = timedelta(hours=1)
"""How long before a window closes a message goes that is sent earlier: time for a late sender."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The clinic's habits of writing.

    `quick` replaces the wait before each reminder by so much per line of the schedule, counted
    from the booking: for demonstrations with a sink, never for real telephones.
    """

    leads: tuple[Lead, ...] = DEFAULT_LEADS
    habits: Habits = AT_NIGHT_NONE
    quick: timedelta | None = None
    give_up_after: timedelta = timedelta(hours=24)
    backoff_base: timedelta = timedelta(seconds=30)
    backoff_cap: timedelta = timedelta(minutes=30)

    def hurried(self, step: timedelta = timedelta(seconds=5)) -> "Policy":
        """Turn every offset into seconds, and the night into day."""
        return replace(self, quick=step, habits=AT_ANY_HOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What the policy needs to know of an appointment.

    `be_there` is the start less the preparation, aware UTC; `patient_zone` is empty when the
    patient lives by the site's clock; `channels` are those by which the patient may be reached.
    """

    appointment_id: int
    told_version: int
    be_there: datetime
    site_zone: str
    patient_zone: str = ""
    channels: frozenset[Channel] = frozenset(Channel)

    @property
    def quiet_zone(self) -> str:
        """Where the telephone would sound."""
        return self.patient_zone or self.site_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One message to write down: due at, of use until (both UTC, inclusive), and its key.

    `visits` are those that it tells of, the first leads; all but the news of several visits tell
    of one. `drop` is set when it is already clear that it cannot be sent in time: it is written
    down all the same, so that reception can see why nothing came.
    """

    visits: tuple[Visit, ...]
    kind: Kind
    channel: Channel
    offset: str
    due_at: datetime
    not_after: datetime
    dedupe_key: str
    drop: DropReason | None = None


def dedupe_key(*, visit: Visit, kind: Kind, offset: str, channel: Channel) -> str:
    """Spell what makes a message the same message, e.g. ``42:3:reminder:48h:sms``."""
    return f"{visit.appointment_id}:{visit.told_version}:{kind}:{offset}:{channel}"


def dedupe_key_of_plan(
    *, plan_id: int, version: int, kind: Kind, offset: str, channel: Channel
) -> str:
    """Spell what makes a message about a plan the same, e.g. ``plan 7:2:recall:3.270301:sms``.

    `version` is the plan's own; the offset of a recall is its occasion, session and date. No
    visit's key begins with a word, so the two never meet.
    """
    return f"plan {plan_id}:{version}:{kind}:{offset}:{channel}"


def key_by(key: str, old: Channel, new: Channel) -> str:
    """Spell the key of the same message by another channel, as if it had been the first."""
    parts = key.split(":")
    return ":".join([*parts[: parts.index(old.value)], new.value])


def plan(*, kind: Kind, visit: Visit, now: datetime, policy: Policy) -> tuple[Planned, ...]:
    """List the messages that this news about the visit calls for, soonest first.

    News goes at once by e-mail and SMS; a visit that is on also gets its reminders. An offset
    that is already past gives none, and nothing is written about a visit whose time has come.
    """
    if visit.be_there <= now:
        return ()
    wanted = [_planned(kind, c, AT_ONCE, (now, visit.be_there), visit) for c in Channel]
    if kind is not Kind.CANCELLED:
        wanted += _reminders(visit, now, policy)
    reachable = [p for p in wanted if p.channel in visit.channels]
    kept = [_at_a_good_hour(p, visit, now, policy) for p in reachable]
    # another channel may have been chosen for one whose own would come too late
    each = {p.dedupe_key: p for p in sorted(kept, key=_soonest, reverse=True)}
    return tuple(sorted(each.values(), key=_soonest))


def _soonest(planned: Planned) -> tuple[datetime, str]:
    return planned.due_at, planned.dedupe_key


def _reminders(visit: Visit, now: datetime, policy: Policy) -> Iterator[Planned]:
    zone = ZoneInfo(visit.site_zone)
    for place, lead in enumerate(policy.leads, start=1):
        due, until = lead.due(visit.be_there, zone), visit.be_there - lead.useless_within
        if policy.quick is not None:
            due, until = now + place * policy.quick, visit.be_there
        if due > now:
            yield _planned(Kind.REMINDER, lead.channel, lead.offset, (due, until), visit)


def _planned(
    kind: Kind, channel: Channel, offset: str, useful: tuple[datetime, datetime], visit: Visit
) -> Planned:
    return Planned(
        visits=(visit,),
        kind=kind,
        channel=channel,
        offset=offset,
        due_at=useful[0],
        not_after=useful[1],
        dedupe_key=dedupe_key(visit=visit, kind=kind, offset=offset, channel=channel),
    )


def _at_a_good_hour(planned: Planned, visit: Visit, now: datetime, policy: Policy) -> Planned:
    """Move a message out of the night: later if that is of use, else earlier, else by e-mail."""
    zone, useful = ZoneInfo(visit.quiet_zone), (planned.due_at, planned.not_after)
    habit = _habit(policy, planned.channel, visit.quiet_zone)
    window = habit.window(planned.kind)
    due = planned.due_at if window is None else window.next_open(planned.due_at, zone)
    if window is None or due <= planned.not_after:
        return planned if due == planned.due_at else replace(planned, due_at=due)
    early = window.last_chance(planned.due_at, zone, BEFORE_CLOSING)
    allowed = planned.due_at - _may_go_earlier(planned, policy)
    if planned.kind in habit.earlier and early >= allowed and early > now:
        return replace(planned, due_at=early)
    other = OTHER[planned.channel]
    if planned.offset != AT_ONCE and other in visit.channels:
        return _planned(planned.kind, other, planned.offset, useful, visit)
    return replace(planned, due_at=due, drop=DropReason.QUIET_HOURS)


def when_allowed(
    planned: tuple[Kind, Channel], at: datetime, zone: str, policy: Policy
) -> datetime:
    """Give the first instant from `at` on (UTC) at which a kind may go by a channel."""
    window = _habit(policy, planned[1], zone).window(planned[0])
    return at if window is None else window.next_open(at, ZoneInfo(zone))


def _may_go_earlier(planned: Planned, policy: Policy) -> timedelta:
    found = (x.earlier for x in policy.leads if x.offset == planned.offset)
    return next(found, timedelta())


def _habit(policy: Policy, channel: Channel, zone: str, country: str = "") -> Habit:
    """Find what holds where the telephone would sound; `country` where its zone has none."""
    return policy.habits.of(channel, country_of(zone) or country)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is true of a message in the moment before it would be sent.

    `country` is the site's; `sent` are the moments at which this channel brought anything to this
    address lately, in UTC.
    """

    kind: Kind
    channel: Channel
    not_after: datetime
    quiet_zone: str
    same_version: bool
    status: Status
    has_address: bool = True
    opted_out: bool = False
    do_not_contact: bool = False
    deceased: bool = False
    country: str = ""
    sent: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True)
class Send:
    """Go ahead."""


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now, but still of use at `until` (UTC)."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Drop:
    """Never."""

    reason: DropReason


def look_again(facts: Circumstances, *, now: datetime, policy: Policy) -> Send | Defer | Drop:
    """Decide, in the moment before sending, whether it is still right to send.

    What falls into the night, or is one too many for a day or a week, waits for the next hour that
    has room, while it is of use then. News that is one too many waits for nothing: it is dropped at
    once, and may go another way (`OTHERWISE`).
    """
    reason = _objection(facts, now)
    if reason is not None:
        return Drop(reason)
    zone = ZoneInfo(facts.quiet_zone)
    habit = _habit(policy, facts.channel, facts.quiet_zone, facts.country)
    until = habit.next_good(facts.kind, facts.sent, now, zone)
    if until == now or facts.kind in TO_STAFF:
        return Send()
    shut = not habit.is_open(facts.kind, now, zone)
    waits = shut or facts.kind is Kind.REMINDER
    if until is not None and waits and until <= facts.not_after:
        return Defer(until)
    return Drop(DropReason.QUIET_HOURS if shut else DropReason.CAPPED)


def room_for(facts: Circumstances, *, now: datetime, policy: Policy) -> Room | None:
    """Spell how many may have been sent for this one to go too; None where nobody counts."""
    if facts.kind in TO_STAFF:
        return None
    cap = _habit(policy, facts.channel, facts.quiet_zone, facts.country).cap(facts.kind)
    return None if cap is None else room(cap, now, ZoneInfo(facts.quiet_zone))


def _objection(facts: Circumstances, now: datetime) -> DropReason | None:
    begun = {Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED, Status.NOSHOW}
    gone = facts.status in begun - STILL_ON[facts.kind]
    objections = (
        (facts.deceased, DropReason.DECEASED),
        (facts.do_not_contact, DropReason.DO_NOT_CONTACT),
        (facts.opted_out, DropReason.OPTED_OUT),
        (gone and facts.kind is not Kind.ANSWER, DropReason.VISIT_STARTED),
        (
            # what reception writes is about whatever it likes, not about a version of the visit
            (not facts.same_version and facts.kind is not Kind.ANSWER)
            or facts.status not in STILL_ON[facts.kind],
            DropReason.OFFER_OVER if facts.kind in OF_OFFERS else DropReason.SUPERSEDED,
        ),
        (not facts.has_address, DropReason.NO_ADDRESS),
        (now > facts.not_after, DropReason.TOO_LATE),
    )
    return next((reason for fired, reason in objections if fired), None)


def retry_at(
    *,
    attempts: int,
    due_at: datetime,
    not_after: datetime,
    now: datetime,
    draw: float,
    policy: Policy,
) -> datetime | None:
    """Choose when to try again after a failure that certainly sent nothing; None = give up.

    Full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015): a
    uniform share `draw` (0 to 1) of a ceiling that doubles with each attempt up to a cap. The
    deadline is the end of use, or `give_up_after` from the first due time, whichever is sooner.
    """
    ceiling = min(policy.backoff_cap, policy.backoff_base * 2 ** min(attempts, 20))
    again = now + ceiling * draw
    deadline = min(not_after, due_at + policy.give_up_after)
    return again if again <= deadline else None
