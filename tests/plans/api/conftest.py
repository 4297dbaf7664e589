"""The API's callers, for the doors of plans."""

from tests.scheduling.api.conftest import _at_eight_on_monday, clinic, desk, doctor, member

__all__ = ["_at_eight_on_monday", "clinic", "desk", "doctor", "member"]
