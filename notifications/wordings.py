"""The clinic's own words: edited, checked, shown as they would arrive."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from notifications import rendering
from notifications.core import bundles, itinerary, sms
from notifications.core.letters import Facts, Part, Told
from notifications.core.policy import BUNDLED, TOGETHER, Channel, Kind
from notifications.core.wording import BadWording, check
from notifications.models import MessageText
from scheduling import trail
from scheduling.core.words import Actor, Status
from scheduling.models import Appointment

SAMPLE_LINK_TOKEN = "k" * 43
"""As long as a real one, so that an SMS is counted truly."""

SAMPLE_ADVICE = "(the advice of the day, see Care notes)"

SAMPLE_ANSWER = "(what is answered)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A text as it would arrive; `size` and `swapped` are of an SMS."""

    subject: str
    text: str
    size: sms.Size | None = None
    swapped: tuple[sms.Replaced, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Spell the preview as JSON."""
        size = self.size
        return {
            "subject": self.subject,
            "text": self.text,
            "count": size and _counted(size),
            "cost": size and size.cost(settings.SMS_SEGMENTS).value,
            "swapped": [str(r) for r in self.swapped],
        }


def _counted(size: sms.Size) -> str:
    parts = "segment" if size.segments == 1 else "segments"
    return f"{size.encoding}, {size.units} units, {size.segments} {parts}"


def preview(*, kind: Kind, channel: Channel, subject: str, body: str, facts: Facts) -> Preview:
    """Fill in a text with the facts of a visit; one about several makes up two more.

    Raises:
        BadWording: the text cannot be used.

    """
    wording = check(kind=kind, channel=channel, subject=subject, body=body)
    values = shown_values(kind=kind, channel=channel, facts=facts)
    if channel is Channel.EMAIL:
        return Preview(subject=wording.subject.fill(values), text=wording.body.fill(values))
    text = rendering.short_text(wording, values)
    _, swapped = sms.plain(wording.body.fill(values))
    return Preview(subject="", text=text, size=sms.measure(text), swapped=swapped)


def shown_values(*, kind: Kind, channel: Channel, facts: Facts) -> dict[str, str]:
    """Give each blank the value that a preview shows."""
    values = rendering.blanks(facts, channel, rendering.link_to(SAMPLE_LINK_TOKEN))
    values |= {"note": SAMPLE_ADVICE, "answer": SAMPLE_ANSWER, "answer_by": values["time"]}
    if kind in TOGETHER:
        return values | itinerary.blanks(_made_up(kind, facts))
    return values | bundles.blanks(_made_up_day(kind, facts)) if kind in BUNDLED else values


@transaction.atomic
def reword(*, text_id: int, subject: str, body: str, by: Actor, now: datetime) -> MessageText:
    """Keep the clinic's own wording; an empty body brings the shipped one back.

    Raises:
        BadWording: it lacks what every message must say, cannot be filled, or is too long.

    """
    row = MessageText.objects.select_for_update().get(pk=text_id)
    kind, channel = Kind(row.kind), Channel(row.channel)
    if body.strip():
        facts = sample(row.language)
        short_enough(preview(kind=kind, channel=channel, subject=subject, body=body, facts=facts))
    before = [row.subject, row.body]
    row.subject, row.body = subject.strip(), body.strip()
    row.changed_at, row.changed_by = now, by.name
    row.save()
    what = {"subject": [before[0], row.subject], "text": [before[1], row.body]}
    trail.write([trail.entry(subject=row, verb="reword", by=by, now=now, what=what)])
    return row


def short_enough(seen: Preview) -> None:
    """Refuse an SMS that costs more than the clinic's limit.

    Raises:
        BadWording: it does.

    """
    most = settings.SMS_SEGMENTS
    if seen.size and seen.size.cost(most) is sms.CostClass.TOO_LONG:
        raise BadWording(
            f"This SMS would cost {seen.size.segments} messages; at most {most} are allowed."
        )


def in_force(row: MessageText) -> tuple[str, str]:
    """Give the subject and body that hold now: the clinic's own, else the shipped ones."""
    if row.body:
        return row.subject, row.body
    return rendering.shipped(Kind(row.kind), Channel(row.channel), row.language)


def coming(*, sites: Iterable[int] | None, now: datetime, most: int) -> list[Appointment]:
    """List the next booked visits at these sites (None: at any), to show a text on."""
    booked = _at(sites).filter(status=Status.BOOKED.value, start__gt=now)
    return list(booked.order_by("start", "pk")[:most])


def visit_of(*, pk: int, sites: Iterable[int] | None) -> Appointment | None:
    """Find a visit at these sites (None: at any), whatever its status; None when there is none."""
    return _at(sites).filter(pk=pk).first()


def _at(sites: Iterable[int] | None) -> "QuerySet[Appointment]":
    every = Appointment.objects.select_related("site", "patient")
    return every if sites is None else every.filter(site__in=list(sites))


def facts_of(appointment: Appointment, language: str) -> Facts:
    """Read a visit as a message in this language would tell of it."""
    patient, site = appointment.patient, appointment.site
    return Facts(
        appointment_id=appointment.pk,
        uid=str(appointment.uid),
        told_version=appointment.told_version,
        status=Status(appointment.status),
        start=appointment.start,
        end=appointment.end,
        prep_minutes=appointment.prep_minutes,
        zone=appointment.zone,
        name=patient.given_name,
        language=language,
        patient_zone=patient.zone,
        reach=patient.channel,
        address=patient.email,
        opted_out=False,
        do_not_contact=patient.do_not_contact,
        deceased_on=patient.deceased_on,
        clinic=site.name,
        clinic_address=site.address,
        clinic_phone=str(site.phone),
        clinic_email=site.email,
        country=site.country,
    )


def _made_up(kind: Kind, facts: Facts) -> list[Told]:
    """Make up two visits after one, four weeks apart: the second moved, the third cancelled."""
    weeks = [
        replace(facts, start=facts.start + apart, end=facts.end + apart)
        for apart in (timedelta(weeks=4 * n) for n in range(3))
    ]
    off = weeks if kind is Kind.ALL_OFF else weeks[2:]
    told = [replace(f, status=Status.CANCELLED if f in off else Status.BOOKED) for f in weeks]
    was = None if kind is Kind.ALL_OFF else told[1].be_there - timedelta(days=1)
    return [
        Told(facts=f, told_version=f.told_version, was=was if n == 1 else None)
        for n, f in enumerate(told)
    ]


def _made_up_day(kind: Kind, facts: Facts) -> list[Part]:
    """Make up a second visit two hours after one, of the same patient or of a relative."""
    other = replace(
        facts,
        start=facts.start + timedelta(hours=2),
        end=facts.end + timedelta(hours=2),
        name="Sam" if kind is Kind.FAMILY else facts.name,
    )
    link = rendering.link_to(SAMPLE_LINK_TOKEN)
    who = (1, 2) if kind is Kind.FAMILY else (1, 1)
    return [
        Part(facts=f, patient_id=n, link=link) for n, f in zip(who, (facts, other), strict=True)
    ]


def sample(language: str) -> Facts:
    """Make up a visit, for a clinic that has none coming."""
    return Facts(
        appointment_id=0,
        uid="sample",
        told_version=0,
        status=Status.BOOKED,
        start=datetime(2027, 9, 15, 13, 30, tzinfo=UTC),
        end=datetime(2027, 9, 15, 14, 15, tzinfo=UTC),
        prep_minutes=0,
        zone="Europe/London",
        name="Maria",
        language=language,
        patient_zone="",
        reach="both",
        address="maria@example.org",
        opted_out=False,
        do_not_contact=False,
        deceased_on=None,
        clinic="Harley House",
        clinic_address="12 Harley Street\nLondon W1G 9QD",
        clinic_phone="+442079460000",
        clinic_email="desk@example.org",
        country="GB",
    )
