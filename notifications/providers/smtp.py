"""E-mail by SMTP, through the connection that Django's settings describe.

The conversation is held here, step by step, because at each step a failure means something else:
before the final dot nothing was sent (RFC 5321 has the receiver discard it), after it and before
the reply nobody knows (RFC 1047).
"""

import smtplib
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from email.utils import parseaddr
from types import TracebackType
from typing import Self

from django.core.mail.backends.smtp import EmailBackend

from notifications.core.resting import Trouble
from notifications.providers import (
    CannotTell,
    OutcomeUnknown,
    Outgoing,
    Permit,
    ProviderDown,
    ProviderId,
    SendFailed,
    Trace,
    Withheld,
    announce,
    at_once,
    mime,
)

_READY_FOR_DATA = 354
_CLOSING = 421

Reply = tuple[int, bytes]
"""A server's code, and what it says beside it."""


class Smtp:
    """One connection for a batch; opened at the first message, opened again when it breaks."""

    name = "smtp"

    def __init__(self, *, sender: str, backend: EmailBackend | None = None, echo: bool = False):
        """Take the From address; `echo` announces each message, for demonstrations."""
        self._name, self._address = parseaddr(sender)
        self.domain = self._address.rpartition("@")[2] or "localhost"
        self.echo = echo
        self._prepared: dict[str, tuple[Outgoing, bytes]] = {}
        self._backend = backend or EmailBackend(timeout=20)

    def __enter__(self) -> Self:
        """Leave the connection for the first message."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say QUIT; by now every message is settled, so a failure to do so tells nothing."""
        try:
            self._backend.close()
        except OSError:
            self._hang_up()

    def foretold(self, outgoing: Outgoing) -> str:
        """Spell the Message-ID: the same at every attempt, so that mailboxes may collapse two."""
        return f"{outgoing.ref}@{self.domain}"

    def send(self, outgoing: Outgoing, permit: Permit = at_once) -> ProviderId:
        """Hold the conversation for one message.

        The permit is asked after the envelope: while a server that takes it in one breath thinks
        about it, or when the server waits for the letter.

        Raises:
            ProviderDown: no connection, no log-in, sender refused, or service closing.
            SendFailed: refused, or broken off before the final dot.
            OutcomeUnknown: no answer after the final dot.
            Withheld: it may no longer be sent.

        """
        letter = self._letter(outgoing)
        to = mime.envelope_address(outgoing.to)
        sender = outgoing.sender or self._address
        smtp = self._connection()
        self._envelope(smtp, (f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA"), permit)
        # either every byte reaches the kernel or this raises: then the final dot never left
        self._before_the_letter(lambda: smtp.send(letter), smtp)
        said = self._answer(smtp)
        provider_id = ProviderId(self.foretold(outgoing), said)
        if self.echo:
            announce(outgoing, provider_id)
        return provider_id

    def prepare(self, outgoing: Outgoing) -> None:
        """Write the letter down beforehand.

        Raises:
            SendFailed: no letter can go to this address.

        """
        self._prepared[outgoing.ref] = outgoing, self._letter(outgoing)

    def _letter(self, outgoing: Outgoing) -> bytes:
        """Give the letter as it goes over the wire, its final dot included."""
        prepared, letter = self._prepared.pop(outgoing.ref, (None, b""))
        if prepared is outgoing:
            return letter
        # no letter begins with a dot: it begins with a header
        return self.encode(outgoing).replace(b"\n.", b"\n..") + b".\r\n"

    def _before_the_letter(self, step: Callable[[], None], smtp: smtplib.SMTP) -> None:
        """Take a step after whose failure nothing was sent."""
        try:
            step()
        except SendFailed:
            self._forget(smtp)
            raise
        except (OSError, ValueError) as error:
            self._hang_up()
            raise SendFailed(f"broken off before the end: {error}", permanent=False) from error

    def _ask(self, permit: Permit) -> None:
        """Ask the permit; without one the line is dropped, for the server waits for a letter."""
        allowed = False
        try:
            allowed = permit()
        finally:
            if not allowed:
                self._hang_up()
        if not allowed:
            raise Withheld

    def find(self, trace: Trace) -> ProviderId | None:
        """Refuse: SMTP keeps no record that could be asked.

        Raises:
            CannotTell: always.

        """
        raise CannotTell("SMTP cannot say what became of a message")

    def encode(self, outgoing: Outgoing) -> bytes:
        """Write the message down as it goes over the wire."""
        named = outgoing if outgoing.sender_name else replace(outgoing, sender_name=self._name)
        message_id = self.foretold(outgoing)
        sender = outgoing.sender or self._address
        return mime.encoded(named, sender=sender, message_id=message_id)

    def _connection(self) -> smtplib.SMTP:
        try:
            fresh = self._backend.open()
            smtp = self._backend.connection
            if smtp is None or smtp.sock is None:
                raise smtplib.SMTPServerDisconnected("closed meanwhile")
            if fresh:
                # a letter's last packet is a small one; without this it may wait 40 ms
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            smtp.ehlo_or_helo_if_needed()
        except (OSError, ValueError) as error:
            self._hang_up()
            refused = isinstance(error, smtplib.SMTPAuthenticationError)
            trouble = Trouble.ACCOUNT if refused else Trouble.DOWN
            raise ProviderDown(f"no connection: {error}", trouble=trouble) from error
        return smtp

    def _envelope(self, smtp: smtplib.SMTP, steps: Sequence[str], permit: Permit) -> None:
        """Take the steps up to the letter, and ask the permit.

        A server that offers PIPELINING hears them all in one breath, which spares two journeys to
        it and back for each letter, and answers each (RFC 2920, 3.1: DATA must be the last).
        """
        if not smtp.has_extn("pipelining"):
            self._before_the_letter(lambda: self._judge(_one_by_one(smtp, steps)), smtp)
            self._ask(permit)
            return
        breath = "".join(f"{step}\r\n" for step in steps)
        self._before_the_letter(lambda: smtp.send(breath), smtp)
        self._ask(permit)
        self._before_the_letter(lambda: self._judge(_replies(smtp, len(steps))), smtp)

    def _judge(self, replies: Sequence[Reply]) -> None:
        for judge, (code, said) in zip(_JUDGES, replies, strict=False):
            try:
                judge(code, said)
            except SendFailed:
                if replies[-1][0] == _READY_FOR_DATA:
                    # it waits for a letter all the same, and would take RSET for its first line
                    self._hang_up()
                raise

    def _answer(self, smtp: smtplib.SMTP) -> str:
        """Read the reply to the final dot; until it comes, nobody knows (RFC 1047)."""
        try:
            code, said = smtp.getreply()
        except (OSError, ValueError) as error:
            self._hang_up()
            raise OutcomeUnknown(f"no answer after the final dot: {error}") from error
        if _good(code):
            return _reply(code, said)
        self._forget(smtp)
        if code < 400:  # noqa: PLR2004 - neither yes nor no
            raise OutcomeUnknown(f"an answer without sense: {_reply(code, said)}")
        raise _refusal("message refused", code, said)

    def _forget(self, smtp: smtplib.SMTP) -> None:
        """Clear the half-made message, so that the next one finds a clean connection."""
        try:
            code, _ = smtp.rset()
        except OSError:
            code = _CLOSING
        if not _good(code):
            self._hang_up()

    def _hang_up(self) -> None:
        """Drop the connection without another word: QUIT after half a message could end it."""
        connection, self._backend.connection = self._backend.connection, None
        if connection is not None:
            connection.close()


def _one_by_one(smtp: smtplib.SMTP, steps: Sequence[str]) -> list[Reply]:
    """Take each step when the one before was taken; the last reply may be a refusal."""
    replies: list[Reply] = []
    for step in steps:
        replies.append(smtp.docmd(step))
        if not _good(replies[-1][0]):
            break
    return replies


def _replies(smtp: smtplib.SMTP, count: int) -> list[Reply]:
    """Read so many replies; of a server that hangs up after a refusal, those up to then."""
    replies: list[Reply] = []
    while len(replies) < count:
        try:
            replies.append(smtp.getreply())
        except smtplib.SMTPServerDisconnected:
            if all(_good(code) for code, _ in replies):
                raise
            break
    return replies


def _sender_taken(code: int, said: bytes) -> None:
    if not _good(code):
        # 4xx passes, such as 421 and 451 of a busy server; 5xx is a sender nobody will take
        trouble = Trouble.SENDER if code >= 500 else Trouble.DOWN  # noqa: PLR2004 - RFC 5321
        sentence = f"sender refused: {_reply(code, said)}"
        raise ProviderDown(sentence, provider_code=str(code), trouble=trouble)


def _recipient_taken(code: int, said: bytes) -> None:
    if not _good(code):
        raise _refusal("recipient refused", code, said)


def _letter_wanted(code: int, said: bytes) -> None:
    if code != _READY_FOR_DATA:
        raise _refusal("message refused", code, said)


_JUDGES = _sender_taken, _recipient_taken, _letter_wanted


def _good(code: int) -> bool:
    return 200 <= code < 300  # noqa: PLR2004 - RFC 5321, 4.2.1


def _reply(code: int, said: bytes) -> str:
    return f"{code} {said.decode('ascii', 'replace')}"[:300]


def _refusal(what: str, code: int, said: bytes) -> SendFailed:
    sentence = f"{what}: {_reply(code, said)}"
    if code == _CLOSING or code < 0:
        return ProviderDown(sentence, provider_code=str(code))
    permanent = code >= 500  # noqa: PLR2004 - RFC 5321, 4.2.1
    return SendFailed(sentence, permanent=permanent, provider_code=str(code))
