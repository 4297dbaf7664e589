"""What the patient would like and when the patient is away, as the plan's row keeps it."""

import re
from datetime import time

from plans.core.course import Preference
from plans.models import Plan
from scheduling import convenience
from scheduling.errors import Malformed

_STRETCH = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
_SUNDAY = 6


def preference_of(plan: Plan) -> Preference:
    """Read a plan's wishes for the solver; where it has none, those that the patient told us."""
    own = convenience.of(plan.patient_id)
    return Preference(
        weekdays=frozenset(plan.weekdays or own.weekdays),
        times=tuple(stretch(text) for text in plan.times or own.times),
        practitioners=frozenset({plan.practitioner_id} - {None}),  # type: ignore[arg-type]
        not_before=plan.not_before,
        not_after=plan.not_after,
        blocked=frozenset(plan.blocked),
    )


def stretch(text: str) -> tuple[time, time]:
    """Read "09:00-12:00"; until 00:00 is the end of the day.

    Raises:
        Malformed: it is no such stretch, or ends before it begins.

    """
    found = _STRETCH.fullmatch(text)
    try:
        low, high = (time.fromisoformat(part) for part in found.groups()) if found else (None, None)
    except ValueError:
        low = high = None
    if low is None or high is None or (high <= low and high != time()):
        raise Malformed(f"“{text}” is no time of day such as 09:00-12:00.", field="times")
    return low, high


def known_weekdays(weekdays: tuple[int, ...]) -> None:
    """Let through weekdays, 0 for Monday.

    Raises:
        Malformed: another number.

    """
    if any(not 0 <= day <= _SUNDAY for day in weekdays):
        raise Malformed("A weekday is 0 (Monday) to 6 (Sunday).", field="weekdays")
