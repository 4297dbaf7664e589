"""What a visit leaves of a free time in which it was booked."""

from datetime import datetime, timedelta

from scheduling import catalogue
from scheduling.models import Appointment, Opening


def leave_the_rest(opening: Opening, visit: Appointment, now: datetime) -> list[Opening]:
    """Close a free time that was taken, and note what is left of it before and after the visit.

    A morning that was added is more than one visit. What is shorter than the shortest visit is
    nobody's; whether the rest is legal for anybody, `matches` decides.
    """
    if not Opening.objects.filter(pk=opening.pk, closed_at=None).update(closed_at=now):
        return []  # put aside meanwhile
    least = timedelta(minutes=5 * catalogue.current().shortest_q)
    be_there = visit.start - timedelta(minutes=visit.prep_minutes)
    ends = [
        (opening.start, min(be_there, opening.end)),
        (max(visit.end, opening.start), opening.end),
    ]
    rest = [
        Opening(site_id=opening.site_id, start=start, end=end, created_at=now)
        for start, end in ends
        if end - start >= least and end > now
    ]
    return Opening.objects.bulk_create(rest)
