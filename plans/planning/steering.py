"""A plan paused, resumed, abandoned; a session skipped, fixed or let go."""

from datetime import datetime

from plans.models import Plan, Session
from scheduling.core.words import Actor


def pause(*, plan_id: int, reason: str, by: Actor, now: datetime) -> Plan:
    """Stop planning until somebody resumes; visits that are booked stay.

    Raises:
        Malformed: no reason in words.
        WrongState: it is paused already, or over.
        NotFound: no such plan for this actor.

    """
    raise NotImplementedError


def resume(*, plan_id: int, reason: str, by: Actor, now: datetime) -> Plan:
    """Go on with a plan that somebody paused. An open adverse event pauses on until it ends.

    Raises: see `pause`.
    """
    raise NotImplementedError


def abandon(*, plan_id: int, reason: str, by: Actor, now: datetime) -> Plan:
    """End a plan before it is complete: its coming visits are cancelled, the series closed.

    Raises: see `pause`.
    """
    raise NotImplementedError


def skip(*, session_id: int, reason: str, by: Actor, now: datetime) -> Session:
    """Leave a session out; its visit, if it has one, must be cancelled first.

    Raises:
        WrongState: it is booked, done or skipped.
        and see `pause`.

    """
    raise NotImplementedError


def fix(*, session_id: int, by: Actor, now: datetime) -> Session:
    """Keep a booked session where it is in every re-flow: the patient cannot come elsewhere.

    Raises:
        WrongState: it has no visit to fix.
        NotFound: no such session for this actor.

    """
    raise NotImplementedError


def unfix(*, session_id: int, by: Actor, now: datetime) -> Session:
    """Let a session move again.

    Raises: see `fix`.
    """
    raise NotImplementedError
