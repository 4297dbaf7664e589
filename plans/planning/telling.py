"""Why a re-flow moves a visit: what speaks against the place where it is."""

from plans.core.course import Placement
from plans.core.course import Proposal as Found
from plans.planning.posing import Posed
from plans.planning.spacing import breaches
from scheduling import diary
from scheduling.booking import blocking

ROOM = "The other sessions need the room that it leaves."


def why_moved(work: Posed, found: Found, old: Placement) -> str:
    """Say in a sentence what stands against a session's old place; diary and skin first."""
    against = blocking(diary.told(work.looks[old.key], old.start_q))
    if against:
        return against[0].sentence
    placed = {place.key: place for place in found.placements} | {old.key: old}
    return next(breaches(work.problem.course, placed, old.key), ROOM)
