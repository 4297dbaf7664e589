"""Two records of one person become one, with every rule asked again about the joined history.

`likely` finds who looks like one person, `preview` shows what joining two would do, `merge` does
exactly that. `tell_apart` says that two are not one, which is asked never again. Upper floors add what they have to settle (`settling.add`) from their `apps.py`.
"""

from scheduling.merging.apart import take_back, tell_apart, told_apart
from scheduling.merging.joining import (
    CHOICES,
    Agreed,
    MergeOutdated,
    Outcome,
    Pair,
    VisitsOverlap,
    merge,
    preview,
)
from scheduling.merging.likely import Likely, likely
from scheduling.merging.settling import Joined, add

__all__ = [
    "CHOICES",
    "Agreed",
    "Joined",
    "Likely",
    "MergeOutdated",
    "Outcome",
    "Pair",
    "VisitsOverlap",
    "add",
    "likely",
    "merge",
    "preview",
    "take_back",
    "tell_apart",
    "told_apart",
]
