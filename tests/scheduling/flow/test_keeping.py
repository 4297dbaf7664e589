"""Sheets kept for an outage: whole, private, self-contained; ticks lost, late or doubled do no harm."""

import os
import re
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connections

from scheduling import booking, tasks
from scheduling.flow import keeping
from tests import cast

DESK = cast.reception()


@pytest.fixture
def clinic(db: None) -> cast.Clinic:
    return cast.build()


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    """London is on UTC in January."""
    return datetime(2027, 1, day, hour, minute, tzinfo=UTC)


def tick(folder: Path, now: datetime, days: int = 7) -> list[str]:
    return [path.name for path in keeping.keep(folder=folder, days=days, now=now)]


def book(clinic: cast.Clinic, day: int = 0, hour: int = 11, note: str = "") -> None:
    wish = clinic.wish(clinic.review, note=note)
    booking.book(wish=wish, start=cast.at(cast.day(day), hour), by=DESK, now=cast.NOW)


@pytest.mark.parametrize(
    ("now", "name"),
    [
        (utc(4, 5, 59), "2027-01-04-evening.html"),
        (utc(4, 6), "2027-01-04-morning.html"),
        (utc(4, 18, 59), "2027-01-04-morning.html"),
        (utc(4, 19), "2027-01-05-evening.html"),
        (utc(5, 0, 30), "2027-01-05-evening.html"),
    ],
    ids=str,
)
def test_each_evening_and_morning_has_its_sheet(
    clinic: cast.Clinic, tmp_path: Path, now: datetime, name: str
) -> None:
    assert tick(tmp_path, now) == [name]


def test_each_site_is_served_by_its_own_clock(clinic: cast.Clinic, tmp_path: Path) -> None:
    cast.site_named("Karori", zone="Pacific/Auckland", country="NZ", subdivision="")
    cast.site_named("Closed", active=False)
    assert sorted(tick(tmp_path, utc(4, 7))) == [
        "2027-01-04-morning.html", "2027-01-05-evening.html",
    ]  # fmt: skip


def test_a_doubled_tick_writes_nothing_and_a_lost_one_is_caught_up(
    clinic: cast.Clinic, tmp_path: Path
) -> None:
    said = [tick(tmp_path, now) for now in (utc(4, 6), utc(4, 6, 5), utc(4, 23, 55), utc(5, 11))]
    assert said == [
        ["2027-01-04-morning.html"], [], ["2027-01-05-evening.html"], ["2027-01-05-morning.html"],
    ]  # fmt: skip


def test_a_kept_sheet_is_private_and_its_folder_too(clinic: cast.Clinic, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        (path,) = keeping.keep(folder=tmp_path / "sheets", days=7, now=utc(4, 6))
    finally:
        os.umask(old)
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent, path.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]
    assert path.parent.name == f"harley-house-{clinic.site.pk}"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_kept_sheet_asks_for_nothing_else_and_holds_the_day(
    clinic: cast.Clinic, tmp_path: Path
) -> None:
    book(clinic, note="<b>allergic</b> to lidocaine")
    (path,) = keeping.keep(folder=tmp_path, days=7, now=utc(4, 6))
    text = path.read_text("utf-8")
    assert not re.search(r"<(?:script|link|img|iframe)|src=|href=|url\(|@import|https?://", text)
    for words in ("Ada Pine", "+44 7700 900123", "11:00", "Dr Amara Lind", "personal data"):
        assert words in text
    assert "&lt;b&gt;allergic&lt;/b&gt; to lidocaine" in text


def test_old_sheets_go_and_other_files_stay(clinic: cast.Clinic, tmp_path: Path) -> None:
    place = tmp_path / keeping.place_of(clinic.site)
    place.mkdir()
    for name in (
        "2026-12-27-morning.html", "2026-12-27-evening.html.x7", "2026-12-28-evening.html",
        "notes.html", "2026-xx-01-evening.html",
    ):  # fmt: skip
        (place / name).touch()
    tick(tmp_path, utc(4, 6))
    assert sorted(each.name for each in place.iterdir()) == [
        "2026-12-28-evening.html", "2026-xx-01-evening.html", "2027-01-04-morning.html",
        "notes.html",
    ]  # fmt: skip


def test_a_write_that_fails_leaves_nothing_half_written_and_others_get_theirs(
    clinic: cast.Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = cast.site_named("Mill Lane")
    blocked = tmp_path / keeping.place_of(clinic.site)
    blocked.touch()
    with pytest.raises(OSError, match="harley-house"):
        tick(tmp_path, utc(4, 6))
    assert [p.name for p in (tmp_path / keeping.place_of(other)).iterdir()] == [
        "2027-01-04-morning.html"
    ]
    blocked.unlink()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(keeping.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            tick(tmp_path, utc(4, 6))
    assert list(blocked.iterdir()) == []
    assert tick(tmp_path, utc(4, 6)) == ["2027-01-04-morning.html"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    clinic = cast.build()
    book(clinic)
    gun = Barrier(4)

    def worker(_: int) -> None:
        gun.wait(30)
        try:
            tick(tmp_path, utc(4, 6))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(worker, range(4)))
    (path,) = (tmp_path / keeping.place_of(clinic.site)).iterdir()
    assert path.read_text("utf-8").rstrip().endswith("</html>")


@pytest.fixture
def _six() -> Iterator[None]:
    with time_machine.travel(utc(4, 6), tick=False):
        yield


@pytest.mark.usefixtures("_six")
def test_the_tick_keeps_sheets_where_the_settings_say(
    clinic: cast.Clinic, tmp_path: Path, settings: Any
) -> None:
    settings.SHEETS_DIR = ""
    tasks.keep_sheets()
    settings.SHEETS_DIR = str(tmp_path)
    tasks.keep_sheets()
    assert [path.name for path in tmp_path.glob("*/*")] == ["2027-01-04-morning.html"]


def test_the_newest_edition_is_due_over_a_night_without_an_hour(clinic: cast.Clinic) -> None:
    """London skips 01:00 to 02:00 on 28 March 2027."""
    night = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    edition = keeping.due(clinic.site, night)
    assert (f"{edition.day}", edition.name) == ("2027-03-28", "evening")
    assert keeping.due(clinic.site, night + timedelta(hours=4)).name == "morning"
