"""Plans when two records become one: each is looked over with the joined history."""

from plans.models import Plan
from plans.planning.following import ask_for
from scheduling.merging import Joined


def settle(joined: Joined) -> list[str]:
    """Ask reception to re-flow each plan that the joined history leaves unfit."""
    asked = ask_for(Plan.objects.filter(patient=joined.stays, abandoned_at=None), joined.now)
    return [f"{name}: a re-flow is to be proposed." for name in asked]
