"""Starts kept for people who book by themselves, and the visits that come of them.

A person keeps one start at a time, on however many phones: nobody can hold the diary closed. Rules,
diary and locks are those of `scheduling.booking`; here is only who may keep what, and for how long.
"""

from scheduling.reservations.keeping import (
    Enough,
    NotOpen,
    Reserved,
    confirm,
    forget_strangers,
    keep,
    let_go,
    offered,
)
from scheduling.reservations.newcomers import Newcomer, enrol

__all__ = [
    "Enough",
    "Newcomer",
    "NotOpen",
    "Reserved",
    "confirm",
    "enrol",
    "forget_strangers",
    "keep",
    "let_go",
    "offered",
]
