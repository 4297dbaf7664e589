"""Each step of the conversation fails in its own way, on a real socket."""

import email
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from email.policy import default as default_policy

import pytest
from aiosmtpd.controller import Controller
from django.core.mail.backends.smtp import EmailBackend

from notifications.providers import CannotTell, OutcomeUnknown, ProviderDown, SendFailed, Withheld
from notifications.providers.smtp import Smtp
from tests.notifications import letters

DROP = "drop"
SILENCE = "silence"


class Server:
    """An SMTP server that plays a script: a reply, a dropped line or silence at each step."""

    def __init__(self, **script: str) -> None:
        self.script = {
            "greet": "220 hi",
            "ehlo": "250 hi",
            "mail": "250 ok",
            "rcpt": "250 ok",
            "data": "354 go",
            "dot": "250 2.0.0 queued as Q1",
            "rset": "250 ok",
            "quit": "221 bye",
        } | script
        self.bodies: list[bytes] = []
        self.connections = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._served = threading.Thread(target=self._serve, daemon=True)
        self._served.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            self.connections += 1
            with suppress(OSError), line, line.makefile("rwb") as wire:
                self._talk(line, wire)

    def _talk(self, line: socket.socket, wire: object) -> None:
        def answer(step: str) -> bool:
            said = self.script[step]
            if said == SILENCE:
                return line.recv(1) != b""
            if said != DROP:
                line.sendall(said.encode() + b"\r\n")
            return said != DROP

        alive = answer("greet")
        while alive:
            command = wire.readline().decode().strip().lower()[:4]  # type: ignore[attr-defined]
            if not command:
                return
            alive = answer("ehlo" if command == "helo" else command)
            if command == "data" and alive and self.script["data"].startswith("354"):
                alive = self._body(wire, answer)
            alive = alive and command != "quit"

    def _body(self, wire: object, answer: object) -> bool:
        lines = []
        while (text := wire.readline()) not in {b".\r\n", b""}:  # type: ignore[attr-defined]
            lines.append(text)
        self.bodies.append(b"".join(lines))
        return answer("dot")  # type: ignore[operator,no-any-return]

    def close(self) -> None:
        """End its thread: closing a socket alone leaves its `accept` blocked for ever."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._served.join(5)
        self._door.close()
        assert not self._served.is_alive()


OFFERED = "250-hi\r\n250 PIPELINING"
ONE_BY_ONE_OR_AT_ONCE = pytest.mark.parametrize(
    "ehlo", ["250 hi", OFFERED], ids=["one by one", "at once"]
)


class Impatient(Server):
    """One that answers nothing of an envelope before it has heard all of it and has `thought`."""

    thought = threading.Event()
    thought.set()

    def _talk(self, line: socket.socket, wire: object) -> None:
        line.sendall(b"220 hi\r\n")
        while command := wire.readline():  # type: ignore[attr-defined]
            if command.startswith(b"ehlo"):
                line.sendall(OFFERED.encode() + b"\r\n")
            elif command.startswith(b"DATA") and self.thought.wait(5):
                line.sendall(b"250 ok\r\n250 ok\r\n354 go\r\n")
                self._body(wire, lambda _: line.sendall(b"250 taken\r\n"))


def speaking(**script: str) -> AbstractContextManager[tuple[Smtp, Server]]:
    return talking_to(Server(**script))


@contextmanager
def talking_to(server: Server) -> Iterator[tuple[Smtp, Server]]:
    backend = EmailBackend(host="127.0.0.1", port=server.port, timeout=0.5)
    try:
        with Smtp(sender="Fallow <clinic@fallow.example>", backend=backend) as smtp:
            yield smtp, server
    finally:
        server.close()


@ONE_BY_ONE_OR_AT_ONCE
@pytest.mark.parametrize("step", ["greet", "ehlo", "mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("how", [DROP, SILENCE, "451 later", "550 never", "421 closing"])
def test_send_classifies_a_failure_by_its_step(step: str, how: str, ehlo: str) -> None:
    failures = pytest.raises((SendFailed, OutcomeUnknown))
    with speaking(**{"ehlo": ehlo} | {step: how}) as (smtp, _), failures as failure:
        smtp.send(letters.email())
    assert meaning(failure.value) == expected(step, how)


def meaning(error: BaseException) -> str:
    if isinstance(error, OutcomeUnknown):
        return "unknown"
    if isinstance(error, ProviderDown):
        return "down"
    assert isinstance(error, SendFailed)
    return "rejected" if error.permanent else "not sent"


def expected(step: str, how: str) -> str:
    if step in {"greet", "ehlo"}:
        return "down"
    if how in {DROP, SILENCE}:
        return "unknown" if step == "dot" else "not sent"
    if step == "mail" or how.startswith("421"):
        return "down"
    return "rejected" if how.startswith("5") else "not sent"


def test_send_says_down_when_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    backend = EmailBackend(host="127.0.0.1", port=port, timeout=0.5)
    with pytest.raises(ProviderDown), Smtp(sender="clinic@fallow.example", backend=backend) as smtp:
        smtp.send(letters.email())


def test_a_connection_lost_before_the_final_dot_sent_no_dot() -> None:
    with speaking(data=DROP) as (smtp, server), pytest.raises(SendFailed):
        smtp.send(letters.email())
    assert server.bodies == []


def test_the_envelope_goes_in_one_breath_where_the_server_takes_that() -> None:
    with talking_to(Impatient()) as (smtp, server):
        smtp.send(letters.email(ref="a"))
        smtp.send(letters.email(ref="b"))
    assert (len(server.bodies), server.connections) == (2, 1)


def test_the_permit_is_asked_while_the_server_thinks_about_the_envelope() -> None:
    server = Impatient()
    server.thought = threading.Event()

    def permit() -> bool:
        server.thought.set()
        return True

    with talking_to(server) as (smtp, _):
        smtp.send(letters.email(), permit=permit)
    assert len(server.bodies) == 1


@ONE_BY_ONE_OR_AT_ONCE
def test_without_a_permit_no_letter_leaves_and_the_next_finds_a_clean_line(ehlo: str) -> None:
    def broken() -> bool:
        raise ValueError

    with speaking(ehlo=ehlo) as (smtp, server):
        with pytest.raises(Withheld):
            smtp.send(letters.email(), permit=lambda: False)
        with pytest.raises(ValueError):  # noqa: PT011 - the permit's own
            smtp.send(letters.email(), permit=broken)
        smtp.send(letters.email(ref="b"))
    assert [b"MAIL FROM" in body for body in server.bodies if body] == [False]


@pytest.mark.parametrize("step", ["mail", "rcpt"])
def test_a_refusal_in_one_breath_leaves_nothing_behind(step: str) -> None:
    """The server wants a letter though it refused whom it is for: it gets none, not even RSET."""
    with speaking(ehlo=OFFERED, **{step: "550 no"}) as (smtp, server):
        with pytest.raises(SendFailed, match="refused: 550 no"):
            smtp.send(letters.email())
        server.script[step] = "250 ok"
        assert smtp.send(letters.email()).said == "250 2.0.0 queued as Q1"
    assert (len(server.bodies), server.bodies[0]) == (2, b"")


@ONE_BY_ONE_OR_AT_ONCE
def test_send_uses_one_connection_for_a_batch(ehlo: str) -> None:
    with speaking(ehlo=ehlo) as (smtp, server):
        ids = [smtp.send(letters.email(ref=ref)).value for ref in ("a", "b", "c")]
    assert (ids, server.connections) == (
        ["a@fallow.example", "b@fallow.example", "c@fallow.example"],
        1,
    )


@ONE_BY_ONE_OR_AT_ONCE
def test_send_goes_on_after_a_refused_recipient(ehlo: str) -> None:
    # nobody left to write to: 554 to DATA (RFC 2920, 3.1)
    with speaking(ehlo=ehlo, rcpt="550 no such user", data="554 nobody") as (smtp, server):
        for _ in range(2):
            with pytest.raises(SendFailed):
                smtp.send(letters.email())
    assert server.connections == 1


def test_send_reconnects_after_a_broken_line() -> None:
    with speaking(dot=DROP) as (smtp, server):
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                smtp.send(letters.email())
    assert server.connections == 2


def test_send_keeps_what_the_server_said() -> None:
    with speaking() as (smtp, _):
        assert smtp.send(letters.email()).said == "250 2.0.0 queued as Q1"


def test_the_message_id_is_the_same_at_every_attempt() -> None:
    smtp = Smtp(sender="Fallow <clinic@fallow.example>")
    first, second = (email.message_from_bytes(smtp.encode(letters.email())) for _ in range(2))
    assert first["Message-ID"] == second["Message-ID"] == "<0a1b2c3d@fallow.example>"


def test_a_real_server_receives_what_was_written() -> None:
    received: list[bytes] = []

    class Keeper:
        async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
            received.append(envelope.content)  # type: ignore[attr-defined]
            return "250 OK"

    door = Controller(Keeper(), hostname="127.0.0.1", port=free_port())
    door.start()
    try:
        backend = EmailBackend(host="127.0.0.1", port=door.port, timeout=5)
        with Smtp(sender="Fallow <clinic@fallow.example>", backend=backend) as smtp:
            smtp.send(letters.email(calendar="BEGIN:VCALENDAR\r\n", calendar_method="REQUEST"))
    finally:
        door.stop()
    message = email.message_from_bytes(received[0], policy=default_policy)
    said, _ = message.iter_parts()
    text, html, calendar = said.iter_parts()
    assert text.get_content().splitlines() == ["Dear Mar\u00eda,", ".a line that starts with a dot"]
    assert html.get_content().strip() == "<p>Dear Mar\u00eda</p>"
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    return port


def test_find_cannot_tell() -> None:
    with pytest.raises(CannotTell):
        Smtp(sender="clinic@fallow.example").find(letters.trace())
