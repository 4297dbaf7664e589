"""Patients' links: issued one a message, redeemed by a page, dead when the visit changes.

A token has 256 bits (`secrets.token_urlsafe(32)`); only its SHA-256 is kept. Above 112 bits a plain
hash is enough (OWASP ASVS 5.0, V6.5.2). The token stands in the path, never in a query, and the
page exchanges it at once for a cookie.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Sum

from scheduling.core.words import Actor
from scheduling.errors import ClinicError, NotFound
from scheduling.models import Appointment, Link

PATH = "v/"
"""Where the patients' pages hang; `clinic.urls` puts them there."""

CARE_PATH = "c/"
"""Where the pages with advice hang."""

OFFER_PATH = "o/"
"""Where the offers of the waiting list hang."""

GRACE = timedelta(days=1)
"""A link outlives its visit by a day, so that a late look still shows what was."""


class LinkDead(ClinicError):
    """The link was real, but its visit has moved, ended or been taken back since."""

    code = "link_dead"
    sentence = "This link is no longer in use. Your newest message has the one that works."


TRIES = 5
"""Answers to the question for a second fact that all links to one visit may give together, right or
wrong: whoever picks up a phone finds a link in every message about a visit and guesses a birth year
within a decade, and five of some eighty years are few enough."""


class NotProved(ClinicError):
    """The second fact is not the patient's; `left` says how many tries are left."""

    code = "not_proved"
    sentence = "This is not what we have on file."


class NoMoreTries(NotProved):
    """The links to this visit have used up their tries, or there is nothing on file to compare with."""

    code = "no_more_tries"
    sentence = "This cannot be done by the link any more. Please phone the clinic."


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a link is bound to: one version of one patient's visit, which ends at `end`.

    It lives until `expires_at`, or by default a day longer than the visit. With `offer_id` it is an
    offer of the waiting list, of no version, that is to be answered by `end`; a late look still says
    what became of it.
    """

    appointment_id: int | None
    patient_id: int
    told_version: int
    end: datetime
    purpose: str = Link.Purpose.VISIT
    expires_at: datetime | None = None
    offer_id: int | None = None


def issue(*, appointment: Appointment, now: datetime, purpose: str = Link.Purpose.VISIT) -> str:
    """Make a new link to one visit and answer its token; it is not kept and not shown again."""
    visit = Visit(
        appointment_id=appointment.pk,
        patient_id=appointment.patient_id,
        told_version=appointment.told_version,
        end=appointment.end,
        purpose=purpose,
    )
    return issue_many(visits=[visit], now=now)[0]


def issue_many(*, visits: Sequence[Visit], now: datetime) -> list[str]:
    """Make a new link to each visit, in one statement, and answer their tokens in order.

    It is for whose the visit, or the offer, is by now: since it was read, two records may have become
    one, and one that is gone would stop the whole batch.
    """
    tokens = [secrets.token_urlsafe(32) for _ in visits]
    with connection.cursor() as cursor:
        # arrays, not rows of models: every message that leaves brings a link
        cursor.execute(
            """INSERT INTO scheduling_link (token_hash, purpose, patient_id, appointment_id,
                offer_id, bound_version, expires_at, created_at)
            SELECT asked.hash, asked.purpose, COALESCE(a.patient_id, w.patient_id, asked.patient),
                asked.visit, asked.offer, asked.version, asked.expires, %s
            FROM unnest(%s::bytea[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[],
                %s::timestamptz[]) AS asked (hash, purpose, patient, visit, offer, version, expires)
            LEFT JOIN scheduling_appointment a ON a.id = asked.visit
            LEFT JOIN scheduling_offer o ON o.id = asked.offer
            LEFT JOIN scheduling_waitingentry w ON w.id = o.entry_id""",
            [
                now,
                [_hash(token) for token in tokens],
                [str(v.purpose) for v in visits],
                [v.patient_id for v in visits],
                [v.appointment_id for v in visits],
                [v.offer_id for v in visits],
                [v.told_version for v in visits],
                [v.expires_at or v.end + GRACE for v in visits],
            ],
        )
    return tokens


def redeem(*, token: str, now: datetime, purposes: Sequence[str] = (Link.Purpose.VISIT,)) -> Link:
    """Find the living link of a token. Looking uses nothing up; scanners follow links.

    Raises:
        NotFound: nobody was ever given this token for one of these purposes.
        LinkDead: its visit has changed, or its time is up, or it was revoked.

    """
    link = (
        Link.objects.select_related(
            "appointment__site",
            "appointment__treatment",
            "patient__guardian",
            "offer__entry__site",
        )
        .filter(token_hash=_hash(token), purpose__in=purposes)
        .first()
    )
    if link is None or (link.appointment is None and link.offer is None):
        raise NotFound("This link does not exist.")
    visit = link.appointment
    changed = visit is not None and visit.told_version != link.bound_version
    if changed or link.revoked_at is not None or link.expires_at <= now:
        raise LinkDead(link=link)
    return link


def prove(*, link: Link, birth_year: int) -> None:
    """Let on who holds the link and knows the patient's birth year.

    A try is taken before the answer is looked at, and stands whatever comes after, so that however
    many ask at once, and by however many links, `TRIES` answers are compared in all.

    Raises:
        NoMoreTries: there were none left, or no birth date is on file.
        NotProved: it is another year.

    """
    born = link.patient.birth_date
    if born is None:
        raise NoMoreTries(left=0)
    left = _take_try(link)
    if born.year != birth_year:
        raise (NotProved if left else NoMoreTries)(left=left)


@transaction.atomic(durable=True)
def _take_try(link: Link) -> int:
    """Take one of the visit's tries and answer how many are left.

    Raises:
        NoMoreTries: there were none left.

    """
    # the visit's row, not the links': a new message may bring another link meanwhile
    Appointment.objects.select_for_update(of=("self",), no_key=True).get(links=link)
    left = tries_left(link)
    if not left:
        raise NoMoreTries(left=0)
    Link.objects.filter(pk=link.pk).update(tries=F("tries") + 1)
    return left - 1


def tries_left(link: Link) -> int:
    """Answer how many tries the links to this visit have left together, dead ones included.

    Whoever moves a visit to and fro gets new links, and no new tries.
    """
    taken = Link.objects.filter(appointment=link.appointment_id).aggregate(n=Sum("tries"))["n"]
    return max(0, TRIES - (taken or 0))


def revoke(*, appointments: Iterable[Appointment], now: datetime) -> int:
    """Take back every living link to these visits; answer how many."""
    living = Link.objects.filter(appointment__in=list(appointments), revoked_at=None)
    return living.update(revoked_at=now)


def revoke_all(*, patients: Iterable[int], now: datetime) -> int:
    """Take back every living link of these patients, to whatever it leads; answer how many."""
    living = Link.objects.filter(patient__in=list(patients), revoked_at=None)
    return living.update(revoked_at=now)


def holder(link: Link) -> Actor:
    """Answer who acts by this link: its patient, on that patient's visits only."""
    return Actor(name=f"patient {link.patient_id} by link", patient_id=link.patient_id)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
