"""The README's first command, as a visitor runs it: a real process, started and stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.conf import settings

from clinic.embedded import forget, free_port, home
from clinic.programs import installed_postgres, installed_redis

READY_SECONDS = 60
HANGS_SECONDS = 280
STOP_SECONDS = 5.0
IN_CI = "CI" in os.environ


def environment(var: Path, **extra: str) -> dict[str, str]:
    """Give the demo an environment as on a fresh machine, with a folder of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FALLOW_", "PYTEST_"))
        and name not in {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    }
    return kept | {"FALLOW_VAR": str(var), "PYTHONFAULTHANDLER": "1"} | extra


@contextmanager
def demo(var: Path, port: int, *flags: str, **extra: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "manage.py", "demo", "--port", str(port), *flags]
    with subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=environment(var, **extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], start: str) -> list[str]:
    """Read the demo's lines up to the one that begins with `start`."""
    assert process.stdout
    lines: list[str] = []
    with told_to_say_where(process):
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith(start):
                return lines
    raise AssertionError("\n".join(lines))


@contextmanager
def told_to_say_where(process: subprocess.Popen[str]) -> Iterator[None]:
    """Let a demo that hangs write its stack among its lines, instead of ending the test mute."""
    watch = threading.Timer(HANGS_SECONDS, process.send_signal, [signal.SIGABRT])
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def left_behind(var: Path) -> list[str]:
    """List the processes that were told of this demo's folder."""
    marker, found = f"FALLOW_VAR={var}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def gone_within(var: Path, seconds: float) -> list[str]:
    deadline = time.monotonic() + seconds
    while (found := left_behind(var)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "var"
    forget(tmp_path / "var")


def sources() -> list[str]:
    """Both sources; on a visitor's machine only those that it has, in CI both or an error."""
    both = installed_postgres() and installed_redis()
    return ["wheel", "installed"] if both or IN_CI else ["wheel"]


@pytest.mark.parametrize("source", sources())
def test_demo_shows_a_page_and_leaves_nothing_behind(var: Path, source: str) -> None:
    """Stopped, and started again on what it has, and killed."""
    port = free_port()
    with demo(var, port, FALLOW_SERVERS=source) as process:
        lines = read_until(process, "ready ")
        assert lines[-1] == f"ready http://localhost:{port}/"
        started = [line for line in lines if line.startswith("started ")]
        for step in (
            "starting the web server",
            "migrating the database",
            "loading the demo clinic",
            "starting the worker and the sinks",
            "starting beat",
        ):
            assert sum(line.startswith(step) for line in lines) == 1, step
        assert [re.findall(r"\((wheel|installed),", line) for line in started] == [[source]] * 2
        with urlopen(f"http://localhost:{port}/", timeout=READY_SECONDS) as page:
            assert (page.status, "<form" in page.read().decode()) == (200, True)

        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0
        assert time.monotonic() - began < STOP_SECONDS
    assert left_behind(var) == []
    if source == "wheel" and sys.platform == "linux":  # only Linux ends children with their parent
        killed_hard(var, port)


def killed_hard(var: Path, port: int) -> None:
    """Start on data that are there, and kill the whole house at work."""
    with demo(var, port, FALLOW_SERVERS="wheel") as process:
        read_until(process, "ready ")
        assert left_behind(var) != []
        process.kill()
        process.wait()
        assert gone_within(var, 10.0) == []


def test_demo_says_that_the_port_is_taken(var: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo(var, port) as process:
            output, _ = process.communicate(timeout=READY_SECONDS)
    assert process.returncode == 1
    assert output == (
        f"CommandError: Port {port} cannot be used (Address already in use). "
        f"Choose another one: uv run manage.py demo --port {port + 10}\n"
    )


def test_demo_refuses_data_of_another_postgresql(var: Path) -> None:
    data = home(var) / "data" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")
    with demo(var, free_port()) as process:
        output, _ = process.communicate(timeout=READY_SECONDS)
    assert process.returncode == 1
    assert "were made by PostgreSQL 14; this is 18. Start with --fresh" in output
