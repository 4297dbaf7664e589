"""Booking with its guards taken away, for the controls that show what each of them prevents."""

import threading
from typing import Any

import pytest

from scheduling.booking import locks, overrides

BARE = "SELECT id, diary_version FROM scheduling_resource WHERE %s > 0 AND id = ANY(%s) AND id = ANY(%s)"


def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the rows that booking locks, and lock none."""
    bare = locks._PATIENTS.replace("FOR NO KEY UPDATE", "")
    monkeypatch.setattr(locks, "_PATIENTS", bare)
    monkeypatch.setattr(locks, "_RESOURCES", BARE)


def no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask nothing under the locks, whatever was written since the choice."""
    monkeypatch.setattr(locks, "_STILL_FREE", "SELECT %s, %s, %s, %s, %s")


def all_look_before_anybody_writes(monkeypatch: pytest.MonkeyPatch, clients: int) -> None:
    """Let the clients meet, each with its verdict in hand: the worst moment, every time."""
    met, settle = threading.Barrier(clients), overrides.settle

    def settled(**facts: Any) -> Any:
        met.wait(30)
        return settle(**facts)

    monkeypatch.setattr(overrides, "settle", settled)
