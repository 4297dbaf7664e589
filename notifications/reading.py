"""A row of the outbox, with all that is true of it, as the letter that the core decides on."""

from datetime import UTC, datetime, timedelta
from typing import Any

from notifications import lines
from notifications.core.letters import Facts, Letter
from notifications.core.policy import TO_STAFF, Channel, Kind
from scheduling.core.words import Status

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_NO_VISIT = (0, "", 0, Status.BOOKED.value, 0, 0, 0, "UTC")
"""What stands for a visit until the offer that a message brings is read (`leases`)."""


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def letter(row: tuple[Any, ...]) -> Letter:
    """Make a letter of the columns that `leases.READ` lists."""
    m, a, p, s = row[:12], row[12:20], row[20:28], row[28:]
    kind = Kind(m[3])
    facts = _facts(a if a[0] is not None else _NO_VISIT, p, s)
    return Letter(
        id=m[0],
        ref=m[1].hex,
        token=str(m[2]),
        kind=kind,
        channel=Channel(m[4]),
        told_version=m[5],
        not_after=_moment(m[6]),
        first_due_at=_moment(m[7]),
        attempts=m[8],
        patient_id=m[9],
        site_id=m[10],
        seen=m[11],
        detour=s[6],
        kin=tuple(s[8] or ()),
        facts=facts.to_staff(m[5]) if kind in TO_STAFF else facts,
    )


def _facts(a: tuple[Any, ...], p: tuple[Any, ...], s: tuple[Any, ...]) -> Facts:
    return Facts(
        appointment_id=a[0],
        uid=str(a[1]),
        told_version=a[2],
        status=Status(a[3]),
        start=_moment(a[4]),
        end=_moment(a[5]),
        prep_minutes=a[6],
        zone=a[7],
        name=p[0],
        language=p[1],
        patient_zone=p[2],
        reach=p[3],
        address=p[4],
        opted_out=p[5],
        do_not_contact=p[6],
        deceased_on=p[7],
        clinic=s[0],
        clinic_address=s[1],
        clinic_phone=s[2],
        clinic_email=s[3],
        country=s[4],
        sender=s[5],
        takes_replies=lines.takes_replies(s[5]),
        sent=None if s[7] is None else tuple(s[7]),
    )
