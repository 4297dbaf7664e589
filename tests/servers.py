"""Gives the tests their servers, before pytest-django reads the settings (see addopts).

A conftest would come too late. The controller starts what no address is configured for; xdist's
workers find the addresses in the environment they inherit, and take a Redis database each.
"""

import importlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from clinic import embedded, programs
from tests import migrated

running: list[embedded.Server] = []
migrating: list["subprocess.Popen[bytes]"] = []
folders: list[Path] = []


def is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    if is_worker():
        os.environ["REDIS_URL"] = own_redis(os.environ["REDIS_URL"])
        return
    options = early_config.known_args_namespace
    if options.help or options.version:
        return
    try:
        start()
    except programs.NoServer as error:
        stop()
        raise pytest.UsageError(str(error)) from error


def start() -> None:
    var = Path(tempfile.mkdtemp(prefix="fallow-tests-"))
    folders.append(var)
    (var / "static").mkdir()
    os.environ["FALLOW_VAR"] = str(var)
    os.environ["FALLOW_OUTBOX"] = str(var / "outbox")
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    compile_once(var)
    sources = programs.order(os.environ.get("FALLOW_SERVERS"), first="installed")
    if not os.environ.get("DATABASE_URL") or not os.environ.get("REDIS_URL"):
        folders.append(embedded.home(var))
    if not os.environ.get("DATABASE_URL"):
        server = embedded.start_postgres(base=folders[-1], sources=sources, durable=False)
        running.append(server)
        os.environ["DATABASE_URL"] = server.url
    if not os.environ.get("REDIS_URL"):
        server = embedded.start_redis(base=folders[-1], sources=sources, durable=False)
        running.append(server)
        os.environ["REDIS_URL"] = server.url
    migrating.append(migrated.begin())


def compile_once(var: Path) -> None:
    """Let all processes share what Python compiles, aside, where it is told to keep nothing.

    Else each of some fifty compiles Django and the house again, for seconds.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(var / "compiled")
        sys.dont_write_bytecode = False


def stop() -> None:
    for process in migrating:
        migrated.end(process)
    embedded.stop_all(running)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def own_redis(url: str) -> str:
    """Move a worker one database further: gw0 to 1, gw1 to 2, beside the controller's own."""
    parts = urlsplit(url)
    first = int(parts.path.strip("/") or 0)
    number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    return parts._replace(path=f"/{first + 1 + number}").geturl()


def pytest_collection(session: pytest.Session) -> None:
    """Let the second worker read the whole suite from its end, where the first has not been yet.

    Both must collect all of it, in one order. What either compiles is kept, so each compiles half.
    """
    whole = [Path(each).name for each in session.config.args] == ["tests"]
    if not whole or os.environ.get("PYTEST_XDIST_WORKER") != "gw1":
        return
    root = session.config.rootpath
    for path in sorted((root / "tests").rglob("test_*.py"), reverse=True):
        importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))


def pytest_report_header() -> str:
    titles = [server.title for server in running]
    if len(titles) < 2:
        titles.append("the rest as DATABASE_URL and REDIS_URL say")
    return f"servers: {', '.join(titles)}"


def pytest_unconfigure() -> None:
    if not is_worker():
        stop()
