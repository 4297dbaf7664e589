"""Patients who signed in with a code: admitted, recognised, shown out.

There is no password. Whoever proved that a phone or an e-mail is theirs is let in for an hour; of
their token, like that of a link, only the SHA-256 is kept.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from scheduling.core.words import Actor
from scheduling.errors import ClinicError, NotFound
from scheduling.models import PatientSession

STAY = timedelta(hours=1)
"""How long a patient stays signed in; looking at a page writes nothing, so nothing prolongs it."""


class SignedOut(ClinicError):
    """Nobody is signed in, or the hour is over."""

    code = "signed_out"
    sentence = "Please sign in again with a code."


def admit(*, patient_id: int | None, now: datetime, phone: str = "", email: str = "") -> str:
    """Let somebody in who proved that `phone` (E.164) or `email` is theirs; answer the token.

    `patient_id` is None for somebody who is not known here yet.
    """
    token = secrets.token_urlsafe(32)
    PatientSession.objects.create(
        token_hash=_hash(token),
        patient_id=patient_id,
        phone=phone,
        email=email,
        created_at=now,
        expires_at=now + STAY,
    )
    return token


def recognise(*, token: str, now: datetime) -> PatientSession:
    """Find who is signed in with a token.

    Raises:
        SignedOut: nobody, or no longer.

    """
    living = PatientSession.objects.select_related("patient__guardian")
    session = living.filter(
        token_hash=_hash(token), ended_at=None, expires_at__gt=now, created_at__lte=now
    ).first()
    if session is None:
        raise SignedOut
    return session


def leave(*, session: PatientSession, now: datetime) -> None:
    """Sign out: the token opens nothing from now on."""
    PatientSession.objects.filter(pk=session.pk, ended_at=None).update(ended_at=now)


def person(session: PatientSession) -> Actor:
    """Answer who acts: the patient of the session, on that patient's things only.

    Raises:
        NotFound: the person is not a patient yet.

    """
    if session.patient_id is None:
        raise NotFound
    return Actor(name=f"patient {session.patient_id} by code", patient_id=session.patient_id)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
