"""The demo from the first step to the last: servers, rows, web, worker, beat and sinks."""

import fcntl
import os
import secrets
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from clinic import embedded, programs
from clinic.demo.processes import Broke, Child, Family

WEB_SECONDS = 30
WORKER_SECONDS = 30
PORTS = range(1, 65536)
FIRST_PAGE = "accounts/login/"
CELERY = ("-m", "celery", "-A", "clinic")


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal: not an error, so nothing may swallow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asked for."""

    base: Path
    var: Path
    port: int
    fresh: bool
    fast_reminders: bool


@dataclass(slots=True)
class House:
    """One demo: `run` returns when it was told to stop."""

    wishes: Wishes
    say: Callable[[str], None]
    servers: list[embedded.Server] = field(default_factory=list)

    def run(self) -> None:
        """Build the house, keep it until a signal comes, and leave nothing behind.

        Raises:
            Broke: a step failed or a process ended by itself.
            programs.NoServer: PostgreSQL or Valkey cannot be started.

        """
        wishes = self.wishes
        embedded.die_with_launcher()
        check_port(wishes.port)
        wishes.var.mkdir(parents=True, exist_ok=True)
        with only_one(wishes.var), ExitStack() as leaving:
            leaving.callback(self.say, "stopped")
            leaving.callback(embedded.stop_all, self.servers)
            with stopping_on_signals():
                family = Family(self.environment(), made(wishes.var / "log"), wishes.base)
                leaving.callback(family.end)
                leaving.callback(ignore_signals)
                self.build(family)
                self.keep(family)

    def environment(self) -> dict[str, str]:
        """Start what has no address, and spell everything that the processes are told."""
        wishes = self.wishes
        self.clear_away()
        told = {
            "FALLOW_PUBLIC_URL": f"http://localhost:{wishes.port}",
            "FALLOW_VAR": str(wishes.var),
            "FALLOW_OUTBOX": str(made(wishes.var / "outbox")),
            "FALLOW_LOG": "plain",
            "FALLOW_SMS": "file",
            "FALLOW_SWEEP_SECONDS": "1" if wishes.fast_reminders else "5",
            "FALLOW_FAST_REMINDERS": "true" if wishes.fast_reminders else "false",
            "EMAIL_URL": f"smtp://127.0.0.1:{embedded.free_port()}",
            "DJANGO_SETTINGS_MODULE": "clinic.settings",
            "SECRET_KEY": kept_secret(wishes.var / "secret-key"),
            "PYTHONUNBUFFERED": "1",
            "PYTHONFAULTHANDLER": "1",
        }
        return compiling_once(dict(os.environ), wishes.var) | told | self.addresses()

    def clear_away(self) -> None:
        """Forget the last demo's data when a fresh one is wished."""
        if not self.wishes.fresh:
            return
        if os.environ.get("DATABASE_URL"):
            self.say("fresh: the database of DATABASE_URL is yours and stays as it is")
        embedded.forget(self.wishes.var)
        shutil.rmtree(self.wishes.var / "outbox", ignore_errors=True)

    def addresses(self) -> dict[str, str]:
        """Start PostgreSQL and Valkey where the environment names no address."""
        found = {}
        sources = programs.order(os.environ.get("FALLOW_SERVERS"), first="wheel")
        for name, start in (
            ("DATABASE_URL", embedded.start_postgres),
            ("REDIS_URL", embedded.start_redis),
        ):
            if os.environ.get(name):
                self.say(f"using {name}")
                continue
            server = start(base=embedded.home(self.wishes.var), sources=sources, durable=True)
            self.servers.append(server)
            self.say(f"started {server.title}")
            found[name] = server.url
        return found

    def build(self, family: Family) -> None:
        """Migrate, load the demo clinic, open the doors; on two cores these go side by side."""
        self.say("starting the web server")
        self.open_web(family)
        tables = self.wishes.var / "log" / "tables"
        tables.unlink(missing_ok=True)
        preparing = family.start(
            "prepare", "-m", "clinic.demo.prepare", str(tables), shown=True, stays=False
        )
        until(lambda: answers(f"{self.web}livez"), preparing, family)
        self.say("starting the worker and the sinks for e-mail and SMS")
        self.open_doors(family)
        until(tables.exists, preparing, family)
        self.say("starting beat")
        family.start("beat", *CELERY, "beat", "--pidfile=")
        family.see_out(preparing)
        for server in self.servers:
            if server.url.startswith("postgres:"):
                embedded.write_out(server.url)
        wait_for(f"{self.web}{FIRST_PAGE}", family)
        if missing := wait_for_all(f"{self.web}readyz", family):
            self.say(f"not everything is well yet: {missing}")
        self.say(f"messages are kept in {self.wishes.var / 'outbox'}, logs beside it")
        self.say(f"ready http://localhost:{self.wishes.port}/")

    @property
    def web(self) -> str:
        """Where our own web server is asked."""
        return f"http://127.0.0.1:{self.wishes.port}/"

    def open_doors(self, family: Family) -> None:
        """Start what takes messages and tasks; tasks come once there are tables."""
        environment = family.environment
        mail = environment["EMAIL_URL"].rpartition(":")[2]
        family.start(
            "sinks", "-m", "clinic.demo.sinks", mail, environment["FALLOW_OUTBOX"], shown=True
        )
        lonely = ["--concurrency=2", "--without-gossip", "--without-mingle", "--loglevel=INFO"]
        family.start("worker", *CELERY, "worker", *lonely)

    def open_web(self, family: Family) -> None:
        """Start the web server: it reads its code for seconds, which the other core has to spare."""
        port = self.wishes.port
        made(self.wishes.var / "static")
        binds = [f"--bind={host}:{port}" for host in ("127.0.0.1", "[::1]") if listens(host)]
        quick = ["--workers=1", "--threads=8", "--graceful-timeout=1", "--log-level=warning"]
        family.start("web", "-m", "gunicorn", "clinic.wsgi", *binds, *quick)

    def keep(self, family: Family) -> None:
        """Watch until a signal ends it."""
        while True:
            family.watch()
            for server in self.servers:
                if server.process.poll() is not None:
                    raise Broke(f"{server.title} ended by itself")
            time.sleep(0.2)


def made(folder: Path) -> Path:
    """Make the folder where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def listens(host: str) -> bool:
    """Tell whether this machine has the loopback address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((host.strip("[]"), 0))
    except OSError:
        return False
    return True


def check_port(port: int) -> None:
    """Try the port before anything is started.

    Raises:
        Broke: another program has it, it is reserved, or there is no such port.

    """
    if port not in PORTS:
        raise Broke(f"There is no port {port}: choose one from {PORTS[0]} to {PORTS[-1]}.")
    for host in ("127.0.0.1", "::1"):
        if not listens(host):
            continue
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise Broke(
                    f"Port {port} cannot be used ({error.strerror}). "
                    f"Choose another one: uv run manage.py demo --port {port + 10}"
                ) from error


@contextmanager
def only_one(var: Path) -> Iterator[IO[str]]:
    """Hold the folder for one demo at a time.

    Raises:
        Broke: another demo runs in it.

    """
    with (var / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Broke(
                f"Another demo is running with the data in {var}. Stop it first."
            ) from error
        yield lock


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn Ctrl-C, SIGTERM and a closed terminal into `Stopped`, and end quietly on it."""

    def stop(number: int, frame: object) -> None:
        ignore_signals()  # Ctrl-C under `uv run` comes twice: from the terminal and from uv
        raise Stopped

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)
    with suppress(Stopped):
        yield


def ignore_signals() -> None:
    """Let a second Ctrl-C not interrupt the tidying up, which takes seconds at most."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)


def kept_secret(path: Path) -> str:
    """Read the demo's signing key; make one at the first start, so that sign-ins survive."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


def compiling_once(environment: dict[str, str], var: Path) -> dict[str, str]:
    """Let the processes share what Python compiles, aside, where it is told to keep nothing.

    Else each of the seven compiles the whole house again, for seconds.
    """
    if environment.pop("PYTHONDONTWRITEBYTECODE", ""):
        environment["PYTHONPYCACHEPREFIX"] = str(var / "compiled")
    return environment


def answers(url: str) -> bool:
    """Tell whether the address answers by now."""
    try:
        with urlopen(url, timeout=WEB_SECONDS):  # noqa: S310 -- our own http address
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False


def until(done: Callable[[], bool], preparing: Child, family: Family) -> None:
    """Wait for something that comes while the tables are prepared, and no longer than they take.

    Raises:
        Broke: a process ended that was to stay.

    """
    while preparing.process.poll() is None and not done():
        family.watch()
        time.sleep(0.05)


def wait_for(url: str, family: Family) -> None:
    """Fetch the first page until it comes.

    Raises:
        Broke: a process ended, or WEB_SECONDS passed.

    """
    deadline = time.monotonic() + WEB_SECONDS
    while time.monotonic() < deadline:
        family.watch()
        if answers(url):
            return
        time.sleep(0.05)
    raise Broke(f"The web server did not answer within {WEB_SECONDS} s.")


def wait_for_all(url: str, family: Family) -> str:
    """Ask `/readyz` until all is well; after WORKER_SECONDS return what it says is not."""
    deadline = time.monotonic() + WORKER_SECONDS
    while True:
        family.watch()
        try:
            with urlopen(url, timeout=WEB_SECONDS):  # noqa: S310 -- our own http address
                return ""
        except HTTPError as error:
            missing = error.read().decode()
        except (URLError, ConnectionError, TimeoutError) as error:
            missing = str(error)
        if time.monotonic() > deadline:
            return missing
        time.sleep(0.2)
