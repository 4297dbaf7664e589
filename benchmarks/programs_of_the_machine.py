"""Programs of the machine that a measurement may use where they are there."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser() -> str:
    """Find a Chromium or Chrome; empty where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), "")
