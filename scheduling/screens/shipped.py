"""What the screens need and a working copy may lack, each with an id and a way out."""

from collections.abc import Sequence
from typing import Any

from django.contrib.staticfiles import finders
from django.core import checks

CALENDAR = ("event-calendar/event-calendar.min.js", "event-calendar/event-calendar.min.css")
"""What `hatch_build.py` brings while the package is built."""


@checks.register(checks.Tags.staticfiles)
def diary_is_drawn(app_configs: Sequence[Any] | None, **_: Any) -> list[checks.CheckMessage]:
    """Find a build that could not fetch what the diary is drawn with."""
    missing = [name for name in CALENDAR if finders.find(name) is None]
    if not missing:
        return []
    hint = (
        "Fetch it with `uv sync --reinstall-package fallow` (or `pip install -e .`), online. Until "
        "then the diary leads to the day list."
    )
    said = "The diary’s calendar is missing: " + ", ".join(missing) + "."
    return [checks.Warning(said, hint=hint, id="scheduling.W001")]


def calendar_is_here() -> bool:
    """Tell whether the diary can be drawn."""
    return all(finders.find(name) is not None for name in CALENDAR)
