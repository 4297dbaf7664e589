"""Booking with its guards taken away, for the controls that show what each of them prevents."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from scheduling.booking import locks

BARE = "SELECT id, diary_version FROM scheduling_resource WHERE %s > 0 AND id = ANY(%s) AND id = ANY(%s)"


def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the rows that booking locks, and lock none."""
    bare = locks._PATIENTS.replace("FOR NO KEY UPDATE", "")
    monkeypatch.setattr(locks, "_PATIENTS", bare)
    monkeypatch.setattr(locks, "_RESOURCES", BARE)


def no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find every place free still, whatever was written since it was chosen."""
    grip = locks.grip
    monkeypatch.setattr(locks, "grip", lambda **asked: replace(grip(**asked), taken=False))


def all_look_before_anybody_writes(monkeypatch: pytest.MonkeyPatch, clients: int) -> None:
    """Let the clients meet where the locks would have been: the worst moment, every time."""
    met, grip = threading.Barrier(clients), locks.grip

    def meet(**asked: Any) -> locks.Grip:
        met.wait(30)
        return grip(**asked)

    monkeypatch.setattr(locks, "grip", meet)
