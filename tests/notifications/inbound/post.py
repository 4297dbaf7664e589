"""Texts and reports as Twilio sends them, signed, for tests of what comes in."""

from itertools import count
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils.datastructures import MultiValueDict
from twilio.request_validator import RequestValidator

from notifications.core.codes import code_of
from notifications.core.policy import Channel
from notifications.inbox import Incoming, act_on_reply
from notifications.models import Message, Reply
from notifications.providers import Outgoing
from scheduling.models import Appointment
from tests.notifications import stage
from tests.notifications.stage import NOW, Carrier

TOKEN = "12345"
ADA = "+447700900123"
CLINIC = "+442079460000"
INBOUND = "/webhooks/twilio/inbound/"
_sids = count(1)


def text(body: str, *, sender: str = ADA, sid: str = "", now: Any = NOW, **more: Any) -> Reply:
    """Take a text, as the hook does, and answer what was kept."""
    sid = sid or f"SM{next(_sids):032x}"
    incoming = Incoming(
        provider="twilio",
        provider_id=sid,
        channel=Channel.SMS,
        sender=sender,
        sent_to=CLINIC,
        body=body,
        **more,
    )
    act_on_reply(incoming=incoming, now=now)
    return Reply.objects.get(provider_id=sid)


def code(visit: Appointment) -> str:
    return code_of(visit.pk, key=settings.SECRET_KEY)


def texts(now: Any = NOW) -> list[Outgoing]:
    """Sweep, and answer the texts that left."""
    carrier = Carrier()
    stage.sweep(carrier, now)
    return [x for x in carrier.sent if x.channel == "sms"]


def answers(now: Any = NOW) -> list[str]:
    """Sweep, and answer what the answers among the texts say."""
    return [x.text for x in texts(now) if x.kind in {"reply", "answer"}]


def signature(address: str, said: dict[str, Any], token: str = TOKEN) -> str:
    lists = {k: v if isinstance(v, list) else [v] for k, v in said.items()}
    signed: str = RequestValidator(token).compute_signature(
        f"{settings.PUBLIC_URL}{address}", MultiValueDict(lists)
    )
    return signed


def posted(address: str, said: dict[str, Any], *, token: str = TOKEN, **more: Any) -> HttpResponse:
    """Post a form to a hook, signed."""
    from urllib.parse import urlencode

    headers = {"X-Twilio-Signature": signature(address, said, token), **more.pop("headers", {})}
    answer: HttpResponse = Client().post(
        address,
        urlencode(said, doseq=True),
        content_type="application/x-www-form-urlencoded",
        headers=headers,
        **more,
    )
    return answer


def report(message: Message, status: str, *, sid: str = "SM1", **more: Any) -> HttpResponse:
    """Report a status of one of our texts, as Twilio does."""
    said = {"MessageSid": sid, "MessageStatus": status, "To": message.recipient, **more}
    return posted(f"/webhooks/twilio/status/{message.ref.hex}/", said)
