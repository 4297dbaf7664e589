"""Opt-outs: who wants no more messages, taken in with a move and given out."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from notifications import optouts
from notifications.care import photos
from notifications.core.policy import Channel
from notifications.models import CarePhoto, OptOut
from scheduling.core.words import Actor
from scheduling.errors import Malformed, NotFound
from scheduling.models import Patient
from scheduling.register import fold_mail
from scheduling.transfer.cells import Row, listed
from scheduling.transfer.kinds import Column, Desk, Kind, Outcome, Verdict, row_by_row
from scheduling.walltime import instant_of

IMPORTED = "import"
COLUMNS = (
    Column("channel", "sms or email", "sms", required=True),
    Column("address", "the number or the address", "+447700900123", required=True),
    Column("at", "since when, by the clock of UTC; empty is now", "2027-02-15T10:30+00:00"),
)


def _one(row: Row, desk: Desk) -> Outcome:
    channel = Channel(row.choice("channel", [c.value for c in Channel]) or _missing("channel"))
    sms = channel is Channel.SMS
    addresses = [row.phone("address")] if sms else _spellings(_mail(row.needed("address")))
    if "" in addresses:
        _missing("address")
    evidence, since = optouts.Evidence(source=IMPORTED), _since(row, desk)
    fresh = [
        optouts.opt_out(channel=channel, address=address, evidence=evidence, now=since)
        for address in addresses
    ]
    return Outcome(Verdict.NEW if any(fresh) else Verdict.SAME)


def _since(row: Row, desk: Desk) -> datetime:
    """Read since when it stands; where nothing is said, since now."""
    said = row.text("at")
    since = instant_of(said, ZoneInfo("Etc/UTC")) if said else desk.now
    if since > desk.now:
        raise Malformed("at: an opt-out does not begin in the future.")
    return since


def _spellings(address: str) -> list[str]:
    """Answer an address as the register writes it, in each way; in small letters where it does not.

    Whoever wants no more wants none at Ada@Example.org either.
    """
    here = Patient.objects.filter(email__iexact=address).order_by("email")
    return list(here.values_list("email", flat=True).distinct()) or [fold_mail(address)]


def _missing(name: str) -> str:
    raise Malformed(f"{name}: this is empty.")


def _mail(said: str) -> str:
    try:
        validate_email(said)
    except ValidationError as error:
        raise Malformed(f"address: “{said}” is no e-mail address.") from error
    return said


def bodies() -> Iterator[Sequence[str]]:
    """Give every opt-out that stands."""
    for row in OptOut.objects.filter(ended_at=None).order_by("pk").iterator():
        yield listed([row.channel, row.address, row.at])


def photos_of_all(by: Actor, now: datetime) -> Iterator[tuple[str, bytes]]:
    """Give every photo as a picture; each is noted as looked at. What no key opens is left out."""
    for pk in CarePhoto.objects.order_by("pk").values_list("pk", flat=True):
        with suppress(NotFound):
            yield f"photos/{pk}.jpg", photos.look(photo_id=pk, by=by, now=now)


KIND = Kind("opt_outs", "Opt-outs", 25, COLUMNS, row_by_row(_one), bodies)
