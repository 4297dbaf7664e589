"""What a message may say: the facts of one visit and its reader, nothing clinical among them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from notifications.core.policy import Channel, Circumstances, Kind
from scheduling.core.words import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One visit and the person who is written to, as they are at this moment.

    `start` and `end` are aware UTC; `prep_minutes` is the preparation before the start. `reach`
    is the patient's own choice of channels (both, email, sms, none); `address` is where this
    message would go, empty when there is none.
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

    @property
    def be_there(self) -> datetime:
        """When the patient is to be there: the start less the preparation."""
        return self.start - timedelta(minutes=self.prep_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A leased message with its facts.

    `told_version` is the version of the visit that the message tells of; `seen` marks the
    very rows that the facts were read from: while it holds, nothing about them has changed.
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
            same_version=facts.told_version == self.told_version,
            status=facts.status,
            has_address=bool(facts.address),
            opted_out=facts.opted_out or facts.reach not in {"both", self.channel},
            do_not_contact=facts.do_not_contact,
            deceased=facts.deceased_on is not None,
        )
