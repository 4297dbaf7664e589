"""The day's sheet kept as a file for when the network is down, each evening and each morning.

Any tick may be lost, late or doubled: what is due is read from the clock and the folder. The files
hold names, telephones and notes of patients: they are readable by their owner only, and go after
some days.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from tempfile import NamedTemporaryFile
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils.text import slugify

from scheduling.flow.sheets import Sheet, sheet
from scheduling.models import Site

MORNING, EVENING = time(6), time(19)
"""Local times from which today's sheet, and tomorrow's, are due."""

SUFFIX = ".html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The sheet of a local date, made the evening before or on its morning."""

    day: date
    name: str
    due: datetime


def html(found: Sheet) -> str:
    """Draw a sheet as one page that asks for nothing else: no script, no picture, no network."""
    style = files("scheduling").joinpath("static/scheduling/sheet.css").read_text("utf-8")
    return render_to_string("scheduling/sheet.html", {"sheet": found, "style": style})


def due(site: Site, now: datetime) -> Edition:
    """Answer the newest edition that is due at a site; older ones tell less, and are not made up."""
    zone = ZoneInfo(site.zone)
    return max((e for e in _editions(now.astimezone(zone).date(), zone) if e.due <= now), key=_due)


def _due(edition: Edition) -> datetime:
    return edition.due


def _editions(today: date, zone: ZoneInfo) -> Iterator[Edition]:
    for day in (today - timedelta(days=1), today):
        yield Edition(day=day, name="morning", due=datetime.combine(day, MORNING, zone))
        tomorrow = day + timedelta(days=1)
        yield Edition(day=tomorrow, name="evening", due=datetime.combine(day, EVENING, zone))


def keep(*, folder: Path, days: int, now: datetime) -> list[Path]:
    """Write each open site's newest due edition unless it is there, and remove what is old.

    Files older than `days` days go. One site's trouble does not keep the others from theirs.

    Raises:
        OSError: a file could not be written; the next tick tries again.

    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written, trouble = list[Path](), list[OSError]()
    for site in Site.objects.filter(active=True).order_by("pk"):
        edition = due(site, now)
        path = folder / place_of(site) / f"{edition.day:%Y-%m-%d}-{edition.name}{SUFFIX}"
        if path.exists():
            continue
        try:
            write(path, html(sheet(site=site, day=edition.day, now=now)))
            written.append(path)
        except OSError as error:
            trouble.append(error)
    _remove_old(folder, now.date() - timedelta(days=days))
    if trouble:
        raise trouble[0]
    return written


def place_of(site: Site) -> str:
    """Name a site's folder; its id keeps two of one name apart."""
    return f"{slugify(site.name) or 'site'}-{site.pk}"


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # such a temporary file is made with mode 0600, before a byte is in it
    with NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f"{path.name}.", delete=False
    ) as made:
        try:
            made.write(text)
            made.flush()
            os.fsync(made.fileno())
            Path(made.name).replace(path)
        except BaseException:
            Path(made.name).unlink(missing_ok=True)
            raise


def _remove_old(folder: Path, before: date) -> None:
    # what a writer that was killed left half written goes in the same way
    for path in folder.glob(f"*/????-??-??-*{SUFFIX}*"):
        with suppress(ValueError):  # somebody else's file
            if date.fromisoformat(path.name[:10]) < before:
                path.unlink(missing_ok=True)
