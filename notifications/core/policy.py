"""What to tell a patient about a visit, when, and until when it is of use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from scheduling.core.words import Status


class Channel(StrEnum):
    """How words leave the house."""

    EMAIL = "email"
    SMS = "sms"


class Kind(StrEnum):
    """Why a message is written."""

    BOOKED = "booked"
    REMINDER = "reminder"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    SEVERAL = "several"
    ALL_OFF = "all_off"
    CARE = "care"
    AFTERCARE = "aftercare"
    RECALL = "recall"
    ALERT = "alert"


TOGETHER = frozenset({Kind.SEVERAL, Kind.ALL_OFF})
"""The kinds that tell of several visits at once; of the second, every one is cancelled."""


ADVICE = frozenset({Kind.CARE, Kind.AFTERCARE})
"""The kinds that bring the care timeline: what is said is behind a link, or in the e-mail."""

TO_STAFF = frozenset({Kind.ALERT})
"""The kinds that go to the clinic's own people, at any hour, whatever the patient chose."""


class DropReason(StrEnum):
    """Why a message was never sent; shown to reception as a sentence."""

    SUPERSEDED = "superseded"
    VISIT_STARTED = "visit_started"
    TOO_LATE = "too_late"
    QUIET_HOURS = "quiet_hours"
    OPTED_OUT = "opted_out"
    DO_NOT_CONTACT = "do_not_contact"
    DECEASED = "deceased"
    NO_ADDRESS = "no_address"
    UNWRITABLE = "unwritable"

    @property
    def sentence(self) -> str:
        """Say it on the screen."""
        return _DROP_SENTENCES[self]


_DROP_SENTENCES = {
    DropReason.SUPERSEDED: "The visit was moved or cancelled before this was sent.",
    DropReason.VISIT_STARTED: "The patient was already here, or the visit was over.",
    DropReason.TOO_LATE: "It would have arrived too late to be of use.",
    DropReason.QUIET_HOURS: "It fell into the night and would have been too late by morning.",
    DropReason.OPTED_OUT: "The patient asked for no messages on this channel.",
    DropReason.DO_NOT_CONTACT: "The patient asked not to be contacted.",
    DropReason.DECEASED: "The patient has died.",
    DropReason.NO_ADDRESS: "There is no address for this channel any more.",
    DropReason.UNWRITABLE: "Its text could not be made; please phone the patient.",
}

OFF = frozenset({Status.CANCELLED, Status.ENTERED_IN_ERROR})
"""The statuses of a visit to which nobody need come."""

STILL_ON: dict[Kind, frozenset[Status]] = {
    Kind.BOOKED: frozenset({Status.BOOKED}),
    Kind.REMINDER: frozenset({Status.BOOKED}),
    Kind.CHANGED: frozenset({Status.BOOKED}),
    Kind.CANCELLED: OFF,
    Kind.SEVERAL: OFF | {Status.BOOKED},
    Kind.ALL_OFF: OFF,
    Kind.CARE: frozenset({Status.BOOKED}),
    Kind.AFTERCARE: frozenset({Status.FULFILLED}),
    Kind.RECALL: frozenset(Status),
    Kind.ALERT: frozenset(Status),
}
"""The statuses in which a message of each kind still tells the truth."""

AT_ONCE = "now"
"""The offset of messages that go as soon as something happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One line of the reminder schedule.

    `days` are local dates at the site (the same wall time, so many dates earlier); `elapsed` is
    real time on the UTC line. A line uses one of them. The message is of no use once less than
    `useless_within` is left before the patient must be there.
    """

    channel: Channel
    offset: str
    days: int = 0
    elapsed: timedelta = timedelta()
    useless_within: timedelta

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
    ),
    Lead(
        channel=Channel.SMS,
        offset="3h",
        elapsed=timedelta(hours=3),
        useless_within=timedelta(hours=1),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The local hours in which a telephone may sound: `opens` included, `closes` excluded.

    08:00 to 20:00 lies within the strictest figure in use, 08:00-21:00 for solicitations
    (47 CFR 64.1200(c)(1)); reminders are informational, and still nobody likes one at night.
    """

    opens: time = time(8)
    closes: time = time(20)

    def next_open(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Give `at` itself when the window is open, else the next opening, in UTC."""
        local = at.astimezone(zone)
        wall = local.replace(tzinfo=None).time()
        if self.opens <= wall < self.closes:
            return at
        day = local.date() if wall < self.opens else local.date() + timedelta(days=1)
        return datetime.combine(day, self.opens, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The clinic's habits of writing.

    `quick` replaces the wait before each reminder by so much per line of the schedule, counted
    from the booking: for demonstrations with a sink, never for real telephones.
    """

    leads: tuple[Lead, ...] = DEFAULT_LEADS
    window: Window | None = Window()
    quick: timedelta | None = None
    give_up_after: timedelta = timedelta(hours=24)
    backoff_base: timedelta = timedelta(seconds=30)
    backoff_cap: timedelta = timedelta(minutes=30)

    def hurried(self, step: timedelta = timedelta(seconds=5)) -> "Policy":
        """Turn every offset into seconds, and the night into day."""
        return replace(self, quick=step, window=None)


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
    def quiet_zone(self) -> ZoneInfo:
        """Where the telephone would sound."""
        return ZoneInfo(self.patient_zone or self.site_zone)


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
    reachable = (p for p in wanted if p.channel in visit.channels)
    kept = (_outside_quiet_hours(p, visit, policy) for p in reachable)
    return tuple(sorted(kept, key=lambda p: (p.due_at, p.dedupe_key)))


def plan_together(
    *, news: Sequence[tuple[Kind, Visit]], now: datetime, policy: Policy
) -> tuple[Planned, ...]:
    """List the messages that one change of several visits of one patient calls for, soonest first.

    They are those of each visit by itself, save that by each channel one message tells all the
    news at once. News that would be dropped stays by itself, so that reception can see it.
    """
    apart = [
        p for kind, visit in news for p in plan(kind=kind, visit=visit, now=now, policy=policy)
    ]
    kept = [p for p in apart if p.offset != AT_ONCE or p.drop]
    for channel in Channel:
        told = [p for p in apart if p.channel is channel and p.offset == AT_ONCE and not p.drop]
        kept += _in_one(told) if len(told) > 1 else told
    return tuple(sorted(kept, key=lambda p: (p.due_at, p.dedupe_key)))


def _in_one(told: Sequence[Planned]) -> list[Planned]:
    """Put the news of several visits into one message, of use until the last of them begins.

    The earliest visit that is on leads: its page is the one that the link opens.
    """
    ordered = sorted(told, key=lambda p: (p.kind is Kind.CANCELLED, p.visits[0].be_there))
    lead = ordered[0]
    kind = Kind.ALL_OFF if lead.kind is Kind.CANCELLED else Kind.SEVERAL
    key = dedupe_key(visit=lead.visits[0], kind=kind, offset=AT_ONCE, channel=lead.channel)
    last = max(p.not_after for p in told)
    visits = tuple(p.visits[0] for p in ordered)
    return [replace(lead, visits=visits, kind=kind, not_after=last, dedupe_key=key)]


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


def _outside_quiet_hours(planned: Planned, visit: Visit, policy: Policy) -> Planned:
    due = when_allowed(planned.channel, planned.due_at, visit.quiet_zone, policy)
    drop = DropReason.QUIET_HOURS if due > planned.not_after else None
    return planned if due == planned.due_at else replace(planned, due_at=due, drop=drop)


def when_allowed(channel: Channel, at: datetime, zone: ZoneInfo, policy: Policy) -> datetime:
    """Give the first instant from `at` on (UTC) at which this channel may be used.

    E-mail makes no sound and goes at any hour.
    """
    if channel is Channel.EMAIL or policy.window is None:
        return at
    return policy.window.next_open(at, zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is true of a message in the moment before it would be sent."""

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
    """Decide, in the moment before sending, whether it is still right to send."""
    reason = _objection(facts, now)
    if reason is not None:
        return Drop(reason)
    allowed = when_allowed(facts.channel, now, ZoneInfo(facts.quiet_zone), policy)
    if allowed == now or facts.kind in TO_STAFF:
        return Send()
    return Drop(DropReason.QUIET_HOURS) if allowed > facts.not_after else Defer(allowed)


def _objection(facts: Circumstances, now: datetime) -> DropReason | None:
    begun = {Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED, Status.NOSHOW}
    gone = facts.status in begun - STILL_ON[facts.kind]
    objections = (
        (facts.deceased, DropReason.DECEASED),
        (facts.do_not_contact, DropReason.DO_NOT_CONTACT),
        (facts.opted_out, DropReason.OPTED_OUT),
        (gone, DropReason.VISIT_STARTED),
        (
            not facts.same_version or facts.status not in STILL_ON[facts.kind],
            DropReason.SUPERSEDED,
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
