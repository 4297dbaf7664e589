"""Who wrote to us: the people whom a number or an address reaches, and their visits."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Q

from notifications.core import codes
from notifications.core.policy import TOGETHER, Channel, Kind
from notifications.mentions import LEFT
from notifications.models import Mention, Message
from scheduling.core.words import Status
from scheduling.models import Appointment, Patient

STILL_SPOKEN_OF = timedelta(days=1)
"""How long after its end a visit may still be meant by its code."""

_E164 = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True, slots=True)
class Writer:
    """The people behind an address, whose it is first, and their visits that are not long over.

    A child without a number of its own is written to by its guardian's, so both are behind that.
    """

    patients: tuple[Patient, ...]
    visits: tuple[Appointment, ...]

    def coming(self, now: datetime) -> tuple[Appointment, ...]:
        """List the visits that are on and have not begun, soonest first."""
        return tuple(v for v in self.visits if v.status == Status.BOOKED and v.start > now)

    def by_code(self, code: str) -> Appointment | None:
        """Find the visit of a code; None where there is none, or, after 9,000 others, two."""
        found = [v for v in self.visits if code in codes_of(v.pk)]
        return found[0] if len(found) == 1 else None


def codes_of(appointment_id: int) -> list[str]:
    """Spell a visit's code, and those that it had under former keys."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [codes.code_of(appointment_id, key=key) for key in keys]


def people_at(channel: Channel, address: str) -> tuple[Patient, ...]:
    """Find whom an address reaches: its owners, then the children written to by it."""
    if channel is Channel.SMS:
        if not _E164.fullmatch(address):
            return ()
        owners = list(Patient.objects.filter(Q(phone=address) | Q(other_phone=address)))
        wards = Patient.objects.filter(guardian__in=owners, phone="")
    else:
        owners = list(Patient.objects.filter(email__iexact=address))
        wards = Patient.objects.filter(guardian__in=owners, email="")
    own = sorted(owners, key=lambda p: (p.guardian_id is not None, p.pk))
    return tuple({p.pk: p for p in [*own, *wards.order_by("pk")]}.values())


def writer(*, patients: Iterable[Patient], now: datetime) -> Writer:
    """Read the visits of these people."""
    people = tuple(patients)
    rows = Appointment.objects.filter(patient__in=people, end__gt=now - STILL_SPOKEN_OF)
    # a hold is no visit yet, and its code was told to nobody
    visits = rows.exclude(status=Status.PENDING.value).select_related("site", "patient")
    return Writer(people, tuple(visits.order_by("start", "pk")))


def meant(coming: tuple[Appointment, ...], channel: Channel) -> Appointment:
    """Choose, of visits to come, the one of which a message left last; else the soonest."""
    newest = (
        Message.objects.filter(appointment__in=coming, channel=channel.value, state__in=LEFT)
        .order_by("-sending_at", "-pk")
        .first()
    )
    spoken_of = newest.appointment_id if newest else coming[0].pk
    return next(v for v in coming if v.pk == spoken_of)


def knows(visit: Appointment, channel: Channel) -> bool:
    """Tell whether the newest message that left about a visit told of it as it is.

    So does nobody's message: whoever has the code then has it from a person.
    """
    gone = Message.objects.filter(appointment=visit, channel=channel.value, state__in=LEFT)
    alone = gone.exclude(kind__in=[*TOGETHER, Kind.ANSWER]).aggregate(told=Max("told_version"))
    among = Mention.objects.filter(
        appointment=visit, channel=channel.value, message__state__in=LEFT
    ).aggregate(told=Max("told_version"))
    told = [each["told"] for each in (alone, among) if each["told"] is not None]
    return not told or max(told) >= visit.told_version


def anchor(patients: Iterable[Patient], now: datetime) -> Appointment | None:
    """Choose the visit under which these people are answered: the next one, else the last."""
    rows = Appointment.objects.filter(patient__in=list(patients)).exclude(
        status=Status.PENDING.value
    )
    rows = rows.select_related("site", "patient")
    coming = rows.filter(status=Status.BOOKED.value, start__gt=now).order_by("start", "pk")
    return coming.first() or rows.order_by("-start", "-pk").first()
