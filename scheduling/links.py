"""Patients' links: issued one a message, redeemed by a page, dead when the visit changes.

A token has 256 bits (`secrets.token_urlsafe(32)`); only its SHA-256 is kept. Above 112 bits a plain
hash is enough (OWASP ASVS 5.0, V6.5.2). The token stands in the path, never in a query, and the
page exchanges it at once for a cookie.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from scheduling.core.words import Actor
from scheduling.errors import ClinicError, NotFound
from scheduling.models import Appointment, Link

GRACE = timedelta(days=1)
"""A link outlives its visit by a day, so that a late look still shows what was."""


class LinkDead(ClinicError):
    """The link was real, but its visit has moved, ended or been taken back since."""

    code = "link_dead"
    sentence = "This link is no longer in use. Your newest message has the one that works."


def issue(*, appointment: Appointment, now: datetime, purpose: str = Link.Purpose.VISIT) -> str:
    """Make a new link to one visit and answer its token; it is not kept and not shown again."""
    return issue_many(appointments=[appointment], now=now, purpose=purpose)[0]


def issue_many(
    *, appointments: Sequence[Appointment], now: datetime, purpose: str = Link.Purpose.VISIT
) -> list[str]:
    """Make a new link to each visit, in one statement, and answer their tokens in order."""
    tokens = [secrets.token_urlsafe(32) for _ in appointments]
    Link.objects.bulk_create(
        Link(
            token_hash=_hash(token),
            purpose=purpose,
            patient_id=appointment.patient_id,
            appointment=appointment,
            bound_version=appointment.told_version,
            expires_at=appointment.end + GRACE,
            created_at=now,
        )
        for token, appointment in zip(tokens, appointments, strict=True)
    )
    return tokens


def redeem(*, token: str, now: datetime, purpose: str = Link.Purpose.VISIT) -> Link:
    """Find the living link of a token. Looking uses nothing up; scanners follow links.

    Raises:
        NotFound: nobody was ever given this token.
        LinkDead: its visit has changed, or its time is up, or it was revoked.

    """
    link = (
        Link.objects.select_related("appointment__site", "appointment__treatment", "patient")
        .filter(token_hash=_hash(token), purpose=purpose)
        .first()
    )
    if link is None or link.appointment is None:
        raise NotFound("This link does not exist.")
    changed = link.appointment.told_version != link.bound_version
    if changed or link.revoked_at is not None or link.expires_at <= now:
        raise LinkDead(link=link)
    return link


def revoke(*, appointments: Iterable[Appointment], now: datetime) -> int:
    """Take back every living link to these visits; answer how many."""
    living = Link.objects.filter(appointment__in=list(appointments), revoked_at=None)
    return living.update(revoked_at=now)


def holder(link: Link) -> Actor:
    """Answer who acts by this link: its patient, on that patient's visits only."""
    return Actor(name=f"patient {link.patient_id} by link", patient_id=link.patient_id)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
