"""Opt-outs when two records become one: whoever wanted no more by a channel still wants none."""

from notifications import optouts
from notifications.core.policy import Channel
from notifications.models import OptOut
from scheduling.merging import Joined
from scheduling.models import Patient
from scheduling.register import fold_mail

MERGED = "merge"


def settle(joined: Joined) -> list[str]:
    """Carry an opt-out of either record over to the address that stands.

    An opt-out is of an address; a person who gave it on one telephone did not give it for one
    record only.
    """
    said = []
    for channel in Channel:
        before = {_address(who, channel) for who in (joined.before, joined.goes)} - {""}
        stands = _address(joined.stays, channel)
        rows = OptOut.objects.filter(channel=channel.value, ended_at=None)
        standing = {fold_mail(each) for each in rows.values_list("address", flat=True)} & before
        if not stands or not standing or stands in standing:
            continue
        evidence = optouts.Evidence(source=MERGED)
        optouts.opt_out(channel=channel, address=stands, evidence=evidence, now=joined.now)
        word = "SMS" if channel is Channel.SMS else "e-mail"
        said.append(f"No {word}: the other record had asked for none.")
    return said


def _address(who: Patient, channel: Channel) -> str:
    if channel is Channel.EMAIL:
        return fold_mail(who.email)
    return str(getattr(who.phone, "as_e164", who.phone) or "")
