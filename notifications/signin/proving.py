"""A code comes back, then a birth date: five tries each, then one patient is let in, or a newcomer."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from notifications.core import passcodes
from notifications.core.policy import Channel
from notifications.models import MOST_TRIES, Challenge
from notifications.signin.asking import GOOD_FOR, hash_of
from scheduling import register, statements, trail, visitors
from scheduling.core.words import Actor
from scheduling.errors import ClinicError
from scheduling.models import Patient


class ChallengeOver(ClinicError):
    """The code was used, replaced, tried too often, or its time is up: ask for a new one."""

    code = "challenge_over"
    sentence = "This code cannot be used any more. Please ask for a new one."


class Wrong(ClinicError):
    """It is not that; `left` says how many tries remain."""

    code = "wrong"
    sentence = "That is not it."

    @property
    def left(self) -> int:
        """How many tries remain; at least one, for after the last it is over."""
        return int(self.facts["left"])


def live(*, token: str, now: datetime) -> Challenge:
    """Find the challenge that waits for its code in this browser. Looking uses nothing up.

    Raises:
        ChallengeOver: there is none.

    """
    return _found(Q(proved_at=None, expires_at__gt=now, code_tries__lt=MOST_TRIES), token)


def proved(*, token: str, now: datetime) -> Challenge:
    """Find the challenge whose code has come back, and which waits for a birth date.

    Raises:
        ChallengeOver: there is none.

    """
    return _found(Q(proved_at__gt=now - GOOD_FOR, date_tries__lt=MOST_TRIES), token)


def _found(fits: Q, token: str) -> Challenge:
    living = Challenge.objects.filter(fits, token_hash=hash_of(token), ended_at=None)
    challenge = living.select_related("site").first()
    if challenge is None:
        raise ChallengeOver
    return challenge


def prove(*, token: str, typed: str, now: datetime) -> None:
    """Try a code: the try is counted before anything is compared.

    Raises:
        Wrong: it is another code.
        ChallengeOver: it was the last try, or there is nothing to try.

    """
    challenge = live(token=token, now=now)
    left = _one_try_of(challenge, "code_tries")
    code = passcodes.code_of(bytes(challenge.nonce), key=settings.SECRET_KEY)
    if not passcodes.same(typed, code):
        raise Wrong(left=left) if left else ChallengeOver
    if not Challenge.objects.filter(pk=challenge.pk, proved_at=None).update(proved_at=now):
        raise ChallengeOver


def patient_by_birth_date(*, token: str, born: date, now: datetime) -> str:
    """Let in the one patient of the proved address who was born that day; answer their token.

    Those of the address are whoever has it as their own, and minors whose guardian has it. Twins on
    one telephone are two: nobody is let in, and nobody is named.

    Raises:
        Wrong: no such patient, or more than one.
        ChallengeOver: it was the last try, or no code has come back.

    """
    challenge = proved(token=token, now=now)
    left = _one_try_of(challenge, "date_tries")
    found = _patients(challenge, born, now)
    if len(found) != 1:
        raise Wrong(left=left) if left else ChallengeOver
    return _admitted(challenge, found[0], now)


def newcomer(*, token: str, now: datetime) -> str:
    """Let in somebody who proved an address and has never been here; answer their token.

    Raises:
        ChallengeOver: no code has come back.

    """
    return _admitted(proved(token=token, now=now), None, now)


_TRY = """UPDATE notifications_challenge SET {tries} = {tries} + 1
    WHERE id = %s AND ended_at IS NULL AND {tries} < %s RETURNING {tries}"""


def _one_try_of(challenge: Challenge, tries: str) -> int:
    """Use up one try, however many come at once; answer how many remain."""
    rows = statements.rows(_TRY.format(tries=tries), [challenge.pk, MOST_TRIES])
    if not rows:
        raise ChallengeOver
    return MOST_TRIES - int(rows[0][0])


def _patients(challenge: Challenge, born: date, now: datetime) -> list[Patient]:
    today = now.astimezone(ZoneInfo(challenge.site.zone)).date()
    minor = register.needs_guardian(born, today)
    fits = _reached_at(challenge, "")
    if minor:
        fits |= _reached_at(challenge, "guardian__")
    rows = Patient.objects.select_related("guardian").filter(fits)
    found = rows.filter(birth_date=born, deceased_on=None).order_by("pk")
    return [row for row in found if _is_of(challenge, row, minor=minor)]


def _reached_at(challenge: Challenge, whose: str) -> Q:
    """Spell whose number or address it is; a second telephone may be anybody's, and opens nothing."""
    if challenge.channel == Channel.SMS.value:
        return Q(**{f"{whose}phone": challenge.address})
    return Q(**{f"{whose}email__iexact": challenge.address})


def _is_of(challenge: Challenge, row: Patient, *, minor: bool) -> bool:
    """Tell whether the proved address is theirs to the letter, the case of a to z aside.

    The database takes more for the same: the upper case of ı is I, of ſ is S, and a mailbox at a
    domain so spelled is somebody else's (CVE-2019-19844).
    """
    if challenge.channel == Channel.SMS.value:
        return True
    theirs = [row.email, row.guardian.email if minor and row.guardian else ""]
    return challenge.address.encode().lower() in [each.encode().lower() for each in theirs]


@transaction.atomic
def _admitted(challenge: Challenge, patient: Patient | None, now: datetime) -> str:
    if not Challenge.objects.filter(pk=challenge.pk, ended_at=None).update(ended_at=now):
        raise ChallengeOver
    if patient is not None:
        by = Actor(name=f"patient {patient.pk} by code", patient_id=patient.pk)
        trail.write([trail.entry(subject=patient, verb="sign-in", by=by, now=now)])
    texts = challenge.channel == Channel.SMS.value
    return visitors.admit(
        patient_id=patient.pk if patient else None,
        phone=challenge.address if texts else "",
        email="" if texts else challenge.address,
        now=now,
    )
