"""A code is asked for: counted, written down, and on its way within a second or two."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import current_app
from django.db import transaction

from notifications.core.states import State
from notifications.models import Challenge
from notifications.signin.addresses import Address
from scheduling import limits
from scheduling.errors import NotFound
from scheduling.limits import Limit
from scheduling.models import Site

GOOD_FOR = timedelta(minutes=10)
"""How long a code may be used (NIST SP 800-63B, 5.1.3.2: at most ten minutes out of band)."""

MINUTE = timedelta(minutes=1)
"""How long one waits for the next code to the same address."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

OF_AN_ADDRESS = ((1, MINUTE), (5, HOUR), (10, DAY))
"""Ten codes a day with five tries each: a guesser's chance is one in 20,000 a day, before the date."""

OF_A_NETWORK = ((30, HOUR), (100, DAY))
"""A waiting room, or a provider's customers behind one address, but not a machine."""

OF_THE_HOUSE = ((300, HOUR), (1500, DAY))
"""What an attack from everywhere may cost the clinic at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who wants a code: to which address, from which network, in which language, and for what.

    `token` is that of the code before in the same browser, which ends; `onward` is a path of the
    patients' pages.
    """

    address: Address
    network: str
    language: str
    token: str = ""
    onward: str = ""


def ask(asked: Asked, *, now: datetime) -> str:
    """Write down that a code is to be sent; answer the token by which this browser may answer it.

    Raises:
        TooMany: enough codes were sent to this address, or for this network, or by the house.
        NotFound: the clinic has no site.

    """
    site = house_of()
    limits.take(limits=_limits(asked), now=now)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        end(token=asked.token, now=now)
        Challenge.objects.create(
            token_hash=hash_of(token),
            nonce=secrets.token_bytes(16),
            channel=asked.address.channel.value,
            address=asked.address.text,
            site=site,
            language=asked.language,
            onward=asked.onward,
            created_at=now,
            expires_at=now + GOOD_FOR,
        )
        # robust: a broker that is down costs one tick, and nobody their page
        transaction.on_commit(_ring, robust=True)
    return token


def end(*, token: str, now: datetime) -> None:
    """End the code of a token, and take it back where it has not left."""
    living = Challenge.objects.filter(token_hash=hash_of(token), ended_at=None)
    living.filter(state=State.PENDING.value).update(state=State.DROPPED.value, settled_at=now)
    living.update(ended_at=now)


def house_of() -> Site:
    """Give the site that speaks for the clinic where no visit says which: its first.

    Raises:
        NotFound: it has none.

    """
    site = Site.objects.filter(active=True).order_by("pk").first()
    if site is None:
        raise NotFound
    return site


def hash_of(token: str) -> bytes:
    """Hash a token as it is kept; above 112 bits a plain hash is enough (OWASP ASVS 5.0, V6.5.2)."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _limits(asked: Asked) -> list[Limit]:
    sets = (
        (f"code to {asked.address.key}", OF_AN_ADDRESS),
        (f"codes for {asked.network}", OF_A_NETWORK),
        ("codes of the house", OF_THE_HOUSE),
    )
    return [Limit(key=key, most=n, within=span) for key, each in sets for n, span in each]


def _ring() -> None:
    # by its name: tasks are an edge, which imports this package
    current_app.send_task("notifications.tasks.send_codes", expires=15)
