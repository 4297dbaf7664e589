"""The points between claim and settlement at which a test may do something to a sender.

A trap wraps what the sender calls at that point; the product knows nothing of it.
"""

import http.client
import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import urllib3.util.connection
from django.core.mail.backends.smtp import EmailBackend

from notifications import leases, outbox
from notifications.core.policy import Channel, Policy
from notifications.desks import Clock, Desk
from notifications.providers import (
    Outgoing,
    Permit,
    Provider,
    ProviderId,
    Trace,
    at_once,
)
from notifications.providers.smtp import Smtp
from notifications.providers.twilio import Account, Twilio
from tests.faults.stub import PATIENT

CLAIMED = "claimed"
BEGUN = "mark begun"
GRANTED = "mark granted"
CONNECTED = "connected"
HALF = "half the body"
WHOLE = "the whole body"
ANSWERED = "answered"
SETTLING = "before the settle's commit"
OVERTAKEN = "overtaken by a look-up"
POINTS = (CLAIMED, BEGUN, GRANTED, CONNECTED, HALF, WHOLE, ANSWERED, SETTLING, OVERTAKEN)


@dataclass
class Trap:
    """What to do when the `nth` message of a channel reaches a point; it springs once."""

    point: str
    channel: str
    do: Callable[[], None]
    nth: int = 1
    marked: int = 0
    letter_id: int | None = None
    sprung: bool = False
    armed: bool = field(default=False)

    def spring(self, point: str) -> None:
        if self.point == point and not self.sprung and (self.armed or point == CLAIMED):
            self.sprung = True
            self.do()

    def arm(self, letter: Any) -> None:
        """See a message being marked."""
        self.armed = False
        if letter.channel == self.channel:
            self.marked += 1
            self.armed = self.marked == self.nth or self.point == CONNECTED
            self.letter_id = letter.id if self.armed else self.letter_id


@dataclass
class Watched:
    """A provider that lets a trap see how far a message is."""

    inner: Provider
    trap: Trap | None

    @property
    def name(self) -> str:
        return self.inner.name

    def __enter__(self) -> Self:
        self.inner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.inner.__exit__(kind, error, trace)

    def send(self, outgoing: Outgoing, permit: Permit = at_once) -> ProviderId:
        def asked() -> bool:
            granted = permit()
            if granted and self.trap:
                self.trap.spring(GRANTED)
            return granted

        taken = self.inner.send(outgoing, permit=asked)
        if self.trap:
            self.trap.spring(ANSWERED)
            self.trap.spring(OVERTAKEN)
        return taken

    def prepare(self, outgoing: Outgoing) -> None:
        self.inner.prepare(outgoing)

    def foretold(self, outgoing: Outgoing) -> str:
        return self.inner.foretold(outgoing)

    def find(self, trace: Trace) -> ProviderId | None:
        return self.inner.find(trace)


def desk(
    clock: Clock,
    ports: tuple[int, int],
    trap: Trap | None = None,
    timeout: float = PATIENT,
) -> Desk:
    """Set up a round that speaks to the stub: its ports of HTTP and of SMTP."""

    def carry(channel: Channel, /) -> Provider:
        if channel is Channel.SMS:
            home = f"http://127.0.0.1:{ports[0]}"
            account = Account(
                sid="AC1",
                token="secret",
                sender="+447700900000",
                callback=f"{home}/status/",
                base_url=home,
                timeout=timeout,
            )
            return Watched(Twilio(account), trap)
        backend = EmailBackend(host="127.0.0.1", port=ports[1], timeout=timeout)
        return Watched(Smtp(sender="clinic@fallow.example", backend=backend), trap)

    habits = outbox.quiet_hours("")  # the shipped ones: hours of quiet, and caps
    return Desk(clock=clock, policy=Policy(habits=habits), carriers=carry)


@contextmanager
def set_up(trap: Trap | None) -> Iterator[None]:
    """Wrap what a sender calls, for as long as a trap is set."""
    if trap is None:
        yield
        return
    wrapped = [*_of_leases(trap), *_of_wires(trap)]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in wrapped]
    try:
        for owner, name, new in wrapped:
            setattr(owner, name, new)
        yield
    finally:
        for owner, name, old in before:
            setattr(owner, name, old)


Wraps = list[tuple[Any, str, Any]]


def _of_leases(trap: Trap) -> Wraps:
    lease, mark, settle = leases.lease, leases.mark, leases.settling

    def leased(**asked: Any) -> Any:
        letters = lease(**asked)
        if letters:
            trap.spring(CLAIMED)
        return letters

    def marked(wanted: Any) -> Any:
        marking = mark(wanted)
        trap.arm(wanted.letter)
        trap.spring(BEGUN)
        return marking

    def settled(outcomes: Any) -> Any:
        under_way = settle(outcomes)
        if trap.point == SETTLING and trap.letter_id in {x.letter.id for x in outcomes}:
            trap.armed = True
            trap.spring(SETTLING)  # the statement is on its way, its answer unread
        return under_way

    return [(leases, "lease", leased), (leases, "mark", marked), (leases, "settling", settled)]


def _of_wires(trap: Trap) -> Wraps:
    mail, web = socket.create_connection, urllib3.util.connection.create_connection
    say, post = smtplib.SMTP.send, http.client.HTTPConnection.send

    def connecting(connect: Any) -> Any:
        def connected(*where: Any, **more: Any) -> Any:
            line = connect(*where, **more)
            trap.spring(CONNECTED)
            return line

        return connected

    def sending(send: Any, is_body: Callable[[Any], bool]) -> Any:
        def sent(self: Any, data: Any) -> None:
            if not is_body(data) or trap.point not in {HALF, WHOLE}:
                send(self, data)
                return
            half = len(data) // 2
            send(self, data[:half])
            trap.spring(HALF)
            send(self, data[half:])
            trap.spring(WHOLE)

        return sent

    def is_form(data: Any) -> bool:
        return isinstance(data, bytes) and not data.startswith((b"POST", b"GET"))

    return [
        (socket, "create_connection", connecting(mail)),
        (urllib3.util.connection, "create_connection", connecting(web)),
        (smtplib.SMTP, "send", sending(say, lambda data: isinstance(data, bytes))),
        (http.client.HTTPConnection, "send", sending(post, is_form)),
    ]
