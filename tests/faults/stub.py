"""Two providers that know the truth: a Messages API as Twilio's over HTTP, and an SMTP server.

Each keeps what it accepted, when and under which of our own ids, and fails as told: by `plan`, a
mode for each attempt at an address. What it accepted is true whatever it answered.
"""

import email
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.policy import default as default_policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.notifications.stage import Clock

TIMEOUT = 0.25
"""How long senders wait for an answer where a test is about just that, in seconds."""

PATIENT = 10.0
"""How long they wait elsewhere: on a busy machine an answer may take longer than `TIMEOUT`, while
the clock of the test is a quarter of an hour further in a moment."""

OK = "ok"


@dataclass(frozen=True)
class Taken:
    """One accepted message: our own id, to whom, what, and when by the clock of the test."""

    ref: str
    channel: str
    to: str
    text: str
    at: datetime


@dataclass
class Truth:
    """What both providers accepted, and how they are to behave."""

    clock: Clock = field(default_factory=Clock)
    taken: list[Taken] = field(default_factory=list)
    plan: Callable[[str, int], str] = lambda _to, _attempt: OK
    before: Callable[[str], None] = lambda _ref: None
    after: Callable[[str], None] = lambda _ref: None
    wait: float = 0.0
    knocks: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def mode(self, to: str) -> str:
        with self.lock:
            self.knocks[to] += 1
            return self.plan(to, self.knocks[to])

    def take(self, channel: str, ref: str, to: str, text: str) -> int:
        """Accept one, between what the test does before and after; answer its number."""
        self.before(ref)
        if self.wait:
            time.sleep(self.wait)
        with self.lock:
            self.taken.append(Taken(ref, channel, to, text, self.clock.now))
            number = len(self.taken)
        self.after(ref)
        return number


def reset(line: socket.socket) -> None:
    """End a connection with RST, as a machine that dies."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


class Lines:
    """The open connections of a server, each with its thread: a test leaves none behind."""

    def __init__(self) -> None:
        self._open: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()

    @contextmanager
    def kept(self, line: socket.socket) -> Iterator[None]:
        """Know this thread's connection for as long as it is talked on."""
        with self._lock:
            self._open[threading.current_thread()] = line
        try:
            yield
        finally:
            with self._lock:
                del self._open[threading.current_thread()]

    def close(self) -> None:
        """Shut every connection down, which wakes whoever reads from it, and wait for the threads."""
        with self._lock:
            still = dict(self._open)
        for line in still.values():
            hang_up(line)
        for thread in still:
            thread.join(ENOUGH)


def hang_up(line: socket.socket) -> None:
    """Shut a socket down: unlike `close`, it wakes a thread that is blocked in it."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


ENOUGH = 5.0
"""Seconds within which a thread that was told to end has ended."""


# ---------------------------------------------------------------- Twilio


class Texts(ThreadingHTTPServer):
    """Twilio's Messages API: create and list."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, truth: Truth) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.truth = truth
        self.lines = Lines()
        self._served = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._served.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Talk on one connection, which `close` ends however long its other side keeps it."""
        with self.lines.kept(request):
            super().process_request_thread(request, client_address)

    def close(self) -> None:
        """End every thread of it."""
        self.shutdown()
        self._served.join(ENOUGH)
        self.lines.close()
        self.server_close()

    def handle_error(self, *args: object) -> None:
        """Say nothing: a client that was killed in its call is what these tests are about."""


class _Asked(BaseHTTPRequestHandler):
    server: Texts
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        said = {k: v[0] for k, v in parse_qs(body.decode()).items()}
        self._behave(self.server.truth.mode(said["To"]), said)

    def _behave(self, mode: str, said: dict[str, str]) -> None:
        how, _, when = mode.partition(" ")
        if how.isdigit():
            self._refuse(int(how), when)
            return
        sid = "" if when == "before" else self._take(said)
        if how == "reset":
            self.close_connection = True
            self.wfile.flush()
            reset(self.connection)
        elif how == "timeout":
            self.close_connection = True
            time.sleep(TIMEOUT * 1.6)
        elif how == "garbage":
            self._say(201, b"<html>\xff\xfe")
        else:
            time.sleep(TIMEOUT / 4 if how == "slow" else 0)
            self._say(201, {"sid": sid, "status": "queued"})

    def _take(self, said: dict[str, str]) -> str:
        ref = said["StatusCallback"].rstrip("/").rpartition("/")[2]
        number = self.server.truth.take("sms", ref, said["To"], said["Body"])
        return f"SM{number:032x}"

    def _refuse(self, status: int, code: str) -> None:
        more = {"Retry-After": "40"} if status == 429 else {}
        self._say(status, {"code": int(code), "message": "no"} if code else b"", **more)

    def do_GET(self) -> None:
        asked = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        with self.server.truth.lock:
            found = [
                {"sid": f"SM{n:032x}", "status": "sent", "body": t.text, "to": t.to}
                for n, t in enumerate(self.server.truth.taken, 1)
                if t.channel == "sms" and t.to == asked["To"]
            ]
        self._say(200, {"messages": found[::-1], "next_page_uri": None, "page_size": 200})

    def _say(self, status: int, body: Any, **headers: str) -> None:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args: object) -> None:
        pass


# ---------------------------------------------------------------- SMTP


class Letters:
    """A mail server. Modes: ``rcpt 550``, ``data drop``, ``dot 451``, ``timeout after`` ..."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self._door = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._door.getsockname()[1]
        self.lines = Lines()
        self._served = threading.Thread(target=self._serve, daemon=True)
        self._served.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with suppress(OSError), line, self.lines.kept(line):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Talk(line, self.truth).go()

    def close(self) -> None:
        """End every thread of it: closing a socket alone leaves its `accept` blocked for ever."""
        hang_up(self._door)
        self._served.join(ENOUGH)
        self._door.close()
        self.lines.close()


class _Talk:
    """One connection."""

    def __init__(self, line: socket.socket, truth: Truth) -> None:
        self.line, self.truth = line, truth
        self.wire = line.makefile("rb")
        self.to, self.step, self.how = "", "", OK

    def say(self, text: str) -> bool:
        self.line.sendall(text.encode() + b"\r\n")
        return True

    def go(self) -> None:
        alive = self.say("220 hi")
        while alive:
            command = self.wire.readline().decode("ascii", "replace").strip()
            alive = bool(command) and self._answer(command)

    def _answer(self, command: str) -> bool:
        match command[:4].lower():
            case "rcpt":
                self.to = command.partition("<")[2].rstrip(">")
                self.step, _, self.how = self.truth.mode(self.to).partition(" ")
                return self._fail("rcpt") or self.say("250 ok")
            case "data":
                if self.step == "data":
                    return self._fail("data")
                return self.say("354 go") and self._letter()
            case "quit":
                self.say("221 bye")
                return False
            case _:
                return self.say("250 ok")

    def _fail(self, step: str) -> bool:
        """Fail as told at this step; False when nothing was told, or the line is dropped."""
        if self.step != step:
            return False
        if self.how == "drop":
            reset(self.line)
            raise ConnectionResetError
        return self.say(f"{self.how} no")

    def _letter(self) -> bool:
        lines = []
        while (text := self.wire.readline()) != b".\r\n":
            if not text.endswith(b"\n"):
                return False  # broken off: RFC 5321 has it discarded
            lines.append(text.removeprefix(b"."))
        if self._fail("dot"):
            return True
        if self.how != "before":
            self._take(b"".join(lines))
        return self._reply()

    def _reply(self) -> bool:
        match self.step:
            case "reset":
                reset(self.line)
                return False
            case "timeout":
                time.sleep(TIMEOUT * 1.6)
                return False
            case "garbage":
                return self.say("hm?")
            case _:
                time.sleep(TIMEOUT / 4 if self.step == "slow" else 0)
                return self.say("250 2.0.0 queued")

    def _take(self, raw: bytes) -> None:
        letter = email.message_from_bytes(raw, policy=default_policy)
        ref = letter["Message-ID"].strip("<>").partition("@")[0]
        text = letter.get_body(("plain",))
        self.truth.take("email", ref, self.to, text.get_content() if text else "")
