"""Where a patient stands in the day, since when, and whether that is late: in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from scheduling.core.words import Status
from scheduling.models import Appointment, Stage


class Place(StrEnum):
    """The columns of the status board, from left to right."""

    EXPECTED = "expected"
    ARRIVED = "arrived"
    NUMBING = "in numbing"
    TREATMENT = "in treatment"
    DONE = "done"
    LEFT = "left"
    NOSHOW = "did not come"


_OF_STATUS = {
    Status.BOOKED.value: Place.EXPECTED,
    Status.ARRIVED.value: Place.ARRIVED,
    Status.CHECKED_IN.value: Place.ARRIVED,
    Status.FULFILLED.value: Place.DONE,
    Status.NOSHOW.value: Place.NOSHOW,
}
_OF_STAGE = {
    (Status.CHECKED_IN.value, Stage.Kind.NUMBING.value): Place.NUMBING,
    (Status.CHECKED_IN.value, Stage.Kind.TREATMENT.value): Place.TREATMENT,
    (Status.FULFILLED.value, Stage.Kind.LEFT.value): Place.LEFT,
}
SHOWN = frozenset(_OF_STATUS)
"""Statuses that the board shows; holds and what was cancelled are nobody who comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Minutes counted from an instant, with the words around them; the page counts on by itself."""

    since: datetime
    before: str = ""
    after: str = ""

    def words(self, now: datetime) -> str:
        """Say how long it is at `now`, never less than nothing."""
        return f"{self.before}{spelled(max(now - self.since, timedelta()))}{self.after}"


def spelled(length: timedelta) -> str:
    """Spell whole minutes: “1 minute”, “12 minutes”, “1 h 5 min”."""
    minutes = length // timedelta(minutes=1)
    if minutes >= 60:  # noqa: PLR2004 - minutes of an hour
        return f"{minutes // 60} h {minutes % 60} min"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def place_of(visit: Appointment, stage: Stage | None) -> Place:
    """Answer the column of a visit whose status the board shows; `stage` is its last stamp."""
    kind = stage.kind if stage else ""
    return _OF_STAGE.get((visit.status, kind), _OF_STATUS[visit.status])


def spent(visit: Appointment, place: Place, stage: Stage | None) -> Count | None:
    """Count how long the patient has been there; None where nobody asks."""
    if place is Place.ARRIVED and visit.arrived_at:
        return Count(since=visit.arrived_at, before="waiting ")
    if place in {Place.NUMBING, Place.TREATMENT} and stage:
        return Count(since=stage.at, before="for ")
    return None


def lateness(visit: Appointment, place: Place) -> Count | None:
    """Count from when this is late; None where it cannot be.

    A patient is late from the time to be there, the house from the start, a treatment from its end.
    """
    if place is Place.EXPECTED:
        be_there = visit.start - timedelta(minutes=visit.prep_minutes)
        return Count(since=be_there, after=" late")
    if place in {Place.ARRIVED, Place.NUMBING}:
        return Count(since=visit.start, before="starts ", after=" late")
    return Count(since=visit.end, after=" over time") if place is Place.TREATMENT else None


RESULT = "patch_test"
"""The procedure that is never completed at one click: its result must be said."""


def next_steps(visit: Appointment, place: Place, now: datetime) -> tuple[str, ...]:
    """Name the steps that move a visit on, the usual one first; the verbs still decide."""
    through = ("numbing", "treatment") if visit.prep_minutes else ("treatment",)
    at_desk = through if visit.status == Status.CHECKED_IN else ("check-in",)
    return {
        Place.EXPECTED: ("arrive", "no-show") if visit.start <= now else ("arrive",),
        Place.ARRIVED: at_desk,
        Place.NUMBING: ("treatment",),
        Place.TREATMENT: () if visit.procedure == RESULT else ("complete",),
        Place.DONE: ("left",),
    }.get(place, ())
