"""How a patient wants to hear from the clinic: by which channels, in which language."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from notifications import optouts
from notifications.core.policy import Channel
from notifications.models import OptOut
from scheduling import register, todos
from scheduling.core.words import Actor, Status
from scheduling.errors import ClinicError
from scheduling.models import Appointment, Patient, Todo

SILENT = "wants-no-messages"
"""The task that a patient whom nothing reaches any more leaves at reception."""

NETWORK, PROVIDER, SOMEBODY = "network", "provider", "other"
"""Why a channel cannot be turned on here: only a START undoes a STOP at the network; the address
does not work; somebody else who reads there asked for it."""


class Silence(ClinicError):
    """The patient would hear nothing any more, and has not said that this is meant."""

    code = "silence"
    sentence = "No way is left by which messages reach you."


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One channel as it stands for a patient.

    `address` is where it leads, the guardian's for who has none; empty where it leads nowhere.
    `on`: messages go there. `stopped` says why it cannot be turned on here, empty where it can.
    `shared`: others are written to at the same address.
    """

    channel: Channel
    address: str
    on: bool
    stopped: str = ""
    shared: bool = False

    @property
    def free(self) -> bool:
        """Tell whether the patient can turn it on and off here."""
        return bool(self.address) and not self.stopped


def ways(patient: Patient) -> list[Way]:
    """Read how a patient is written to."""
    return [_way(patient, channel) for channel in (Channel.SMS, Channel.EMAIL)]


def _way(patient: Patient, channel: Channel) -> Way:
    address = _address(patient, channel)
    standing = OptOut.objects.filter(channel=channel.value, address=address, ended_at=None)
    out = standing.first() if address else None
    shared = bool(address) and _others(patient, channel, address)
    stopped = _stopped(channel, out, shared=shared) if out else ""
    wanted = patient.channel in {Patient.Channel.BOTH, channel.value}
    reached = bool(address) and out is None
    return Way(
        channel=channel, address=address, on=wanted and reached, stopped=stopped, shared=shared
    )


def _address(patient: Patient, channel: Channel) -> str:
    field = _FIELDS[channel]
    own, guardian = getattr(patient, field), patient.guardian
    return str(own or (getattr(guardian, field) if guardian else "") or "")


_FIELDS = {Channel.SMS: "phone", Channel.EMAIL: "email"}


def _others(patient: Patient, channel: Channel, address: str) -> bool:
    """Tell whether somebody else reads there: a family on one phone, a guardian's wards."""
    field = _FIELDS[channel]
    there = Q(**{f"{field}__iexact": address})
    through = Q(**{field: "", f"guardian__{field}__iexact": address})
    return Patient.objects.filter(there | through).exclude(pk=patient.pk).exists()


def _stopped(channel: Channel, out: OptOut, *, shared: bool) -> str:
    if channel is Channel.SMS and out.source in {optouts.REPLY, optouts.PROVIDER}:
        return NETWORK
    if out.source == optouts.PROVIDER:
        return PROVIDER
    return SOMEBODY if shared else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a patient chose; `channels` are those that are to be on, of the free ones.

    `version` is the patient's when the page was read. `silent`: no message at all is meant.
    """

    channels: Collection[Channel]
    language: str
    version: int
    silent: bool = False


@transaction.atomic
def choose(*, patient: Patient, choice: Choice, by: Actor, now: datetime) -> None:
    """Write to a patient as they choose from now on; the trail keeps who chose what.

    Where nobody else reads at an address, turning it off is an opt-out of the address with its
    evidence, so that nobody turns it on again by hand; a family's phone stays open to the others.

    Raises:
        Silence: nothing would be left on, and `silent` was not said.
        StaleVersion: somebody changed the patient since.

    """
    found = ways(patient)
    left = [w for w in found if w.free and w.channel in choice.channels]
    if not left and not choice.silent:
        raise Silence
    on = {w.channel for w in left} | {w.channel for w in found if not w.free and _wants(patient, w)}
    patient.channel, patient.language = _channel(on), choice.language
    register.amend(patient=patient, by=by, now=now, version=choice.version)
    for way in found:
        if way.free:
            _keep_evidence(patient, way, on=way in left, by=by, now=now)
    if not left:
        _tell_reception(patient, by=by, now=now)


def stands(*, patient: Patient, choice: Choice) -> bool:
    """Tell whether a patient is written to as they choose already."""
    free = [way for way in ways(patient) if way.free]
    as_chosen = all(way.on is (way.channel in choice.channels) for way in free)
    return as_chosen and patient.language == choice.language


def _wants(patient: Patient, way: Way) -> bool:
    return patient.channel in {Patient.Channel.BOTH, way.channel.value}


def _channel(on: Collection[Channel]) -> str:
    if len(on) == len(Channel):
        return Patient.Channel.BOTH
    return next((c.value for c in on), Patient.Channel.NONE)


def _keep_evidence(patient: Patient, way: Way, *, on: bool, by: Actor, now: datetime) -> None:
    address, channel = way.address, way.channel
    if on:
        optouts.opt_in(channel=channel, address=address, now=now, how=by.name)
    elif way.on and not way.shared:
        last = optouts.last_to(channel=channel, address=address, patient_id=patient.pk)
        told = optouts.Evidence(source=optouts.PAGE, message=last)
        optouts.opt_out(channel=channel, address=address, evidence=told, now=now)


def _tell_reception(patient: Patient, *, by: Actor, now: datetime) -> None:
    """Leave one open task: from now on this patient is phoned."""
    if Todo.objects.filter(patient=patient, kind=SILENT, done_at=None).exists():
        return
    visits = Appointment.objects.filter(patient=patient, status=Status.BOOKED.value)
    coming = visits.filter(start__gt=now).order_by("start", "pk").first()
    todo = Todo(
        site_id=coming.site_id if coming else None,
        patient=patient,
        appointment=coming,
        kind=SILENT,
        text="Wants no messages: please phone about every visit.",
    )
    todos.write_down(todo=todo, by=by, now=now)
