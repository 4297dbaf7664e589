"""What a message may say: the facts of one visit and its reader, nothing clinical among them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from notifications.core.policy import (
    ADVICE,
    OFF,
    STILL_ON,
    TOGETHER,
    Channel,
    Circumstances,
    Kind,
)
from scheduling.core.words import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One visit and the person who is written to, as they are at this moment.

    `start` and `end` are aware UTC; `prep_minutes` is the preparation before the start. `reach`
    is the patient's own choice of channels (both, email, sms, none); `address` is where this
    message would go, empty when there is none; `sent` is when anything went there lately by the
    same channel (aware UTC), None where nobody counts. `sender` is the site's own sender on the
    message's channel, empty where it has none. `takes_replies`: a text to the patient may be
    answered by one.
    """

    appointment_id: int
    uid: str
    told_version: int
    status: Status
    start: datetime
    end: datetime
    prep_minutes: int
    zone: str

    name: str
    language: str
    patient_zone: str
    reach: str
    address: str
    opted_out: bool
    do_not_contact: bool
    deceased_on: date | None

    clinic: str
    clinic_address: str
    clinic_phone: str
    clinic_email: str
    country: str
    sender: str = ""
    takes_replies: bool = False
    sent: tuple[datetime, ...] | None = None

    @property
    def be_there(self) -> datetime:
        """When the patient is to be there: the start less the preparation."""
        return self.start - timedelta(minutes=self.prep_minutes)

    def to_staff(self, told_version: int) -> "Facts":
        """Read the same visit for the clinic's own people: the patient's choices do not count.

        What is wrong stays wrong whatever becomes of the visit, so it is of any version.
        """
        return replace(
            self,
            told_version=told_version,
            name="",
            language=STAFF_LANGUAGE,
            patient_zone="",
            reach="both",
            do_not_contact=False,
            deceased_on=None,
        )


STAFF_LANGUAGE = "en"
"""The language of the staff's own screens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One visit that a message about several tells of.

    `told_version` is the version that it tells of; `was` is when the patient was to be there by
    the last news that left before, aware UTC, None where nothing did or it is the same time.
    """

    facts: Facts
    told_version: int
    was: datetime | None = None

    @property
    def off(self) -> bool:
        """Whether nobody need come."""
        return self.facts.status in OFF

    @property
    def stands(self) -> bool:
        """Whether it is still as the message tells it."""
        same = self.facts.told_version == self.told_version
        return same and self.facts.status in STILL_ON[Kind.SEVERAL]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of several visits on one day of which a reminder tells.

    `message_id` is the row that this visit's own reminder has; `link` opens this visit alone.
    """

    facts: Facts
    patient_id: int
    message_id: int = 0
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a message about an offer must know besides: which, and until when (aware UTC)."""

    id: int
    answer_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A leased message with its facts.

    `told_version` is the version of the visit that the message tells of; `seen` marks the
    very rows that the facts were read from: while it holds, nothing about them has changed. The
    news of several visits has `visits`, in time order, and the marks of their rows in `seen_too`;
    a reminder of several visits on one day has `parts` in the same way, its own visit among them; `kin` are the rows of the others.
    `detour`: it takes the place of another message.
    An answer to a patient's message has `said`: the key of a shipped sentence, or reception's words;
    `answers_to` is how that message was named where it came from, an e-mail's Message-ID.
    `advice` is what a care message says in an e-mail, empty where only a link to it is wanted, None
    where nothing is left to say. `offered` is set for an offer of the waiting list: `facts` then tell
    of the time that is offered, as if it were a visit, and `seen_too` marks the offer's row.
    """

    id: int
    ref: str
    token: str
    kind: Kind
    channel: Channel
    told_version: int
    not_after: datetime
    first_due_at: datetime
    attempts: int
    patient_id: int
    site_id: int
    seen: str
    facts: Facts
    visits: tuple[Told, ...] = ()
    seen_too: str = ""
    detour: bool = False
    said: str = ""
    answers_to: str = ""
    parts: tuple[Part, ...] = ()
    kin: tuple[int, ...] = ()
    advice: str | None = None
    offered: Offered | None = None

    def as_of(self, now: datetime) -> "Letter":
        """Leave out, of the news of several visits, what stands no longer or is over.

        The earliest visit that is on leads. One that is left alone is told as if it had been
        alone from the start; when none is left, the policy finds the reason to drop the message.
        """
        if not self.visits:
            return self
        standing = tuple(v for v in self.visits if v.stands)
        told = tuple(v for v in standing if v.facts.be_there >= now) or standing
        lead = next((v for v in told if not v.off), (told or self.visits)[0])
        return replace(
            self,
            kind=_kind_of(told) if told else self.kind,
            facts=lead.facts,
            told_version=lead.told_version,
            not_after=(told or self.visits)[-1].facts.be_there,
            visits=told if len(told) > 1 else (),
        )

    @property
    def arrives_by(self) -> datetime:
        """When it must have arrived, aware UTC: before the first visit that it tells of."""
        if self.visits:
            return min(v.facts.be_there for v in self.visits)
        return min([self.not_after, *(p.facts.be_there for p in self.parts)])

    @property
    def worded_as(self) -> Kind:
        """Whose words it is said in."""
        return way_of(self.parts) if self.parts else self.kind

    @property
    def appointment_id(self) -> int:
        """The visit that it tells of."""
        return self.facts.appointment_id

    @property
    def circumstances(self) -> Circumstances:
        """Spell what the policy decides on."""
        facts = self.facts
        return Circumstances(
            kind=self.kind,
            channel=self.channel,
            not_after=self.not_after,
            quiet_zone=facts.patient_zone or facts.zone,
            # a message about several visits of which none is left tells of no version at all
            same_version=facts.told_version == self.told_version
            and bool(self.visits or self.kind not in TOGETHER)
            and (self.kind not in ADVICE or self.advice is not None),
            status=facts.status,
            has_address=bool(facts.address),
            opted_out=facts.opted_out or facts.reach not in {"both", self.channel},
            do_not_contact=facts.do_not_contact,
            deceased=facts.deceased_on is not None,
            country=facts.country,
            sent=facts.sent or (),
        )


def way_of(parts: Sequence[Part]) -> Kind:
    """Say whether visits on one day are one patient's or several people's."""
    return Kind.DAY if len({p.patient_id for p in parts}) == 1 else Kind.FAMILY


def _kind_of(told: Sequence[Told]) -> Kind:
    """Say what sort of news is left of several visits."""
    off = all(v.off for v in told)
    if len(told) > 1:
        return Kind.ALL_OFF if off else Kind.SEVERAL
    if off:
        return Kind.CANCELLED
    return Kind.CHANGED if told[0].was else Kind.BOOKED
