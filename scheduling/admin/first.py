"""What has to come first: the treatment that would answer a missing consultation or patch test."""

from collections.abc import Iterable

from scheduling import protocols
from scheduling.core.protocol.values import Prerequisite
from scheduling.models import Treatment


def needed_first(codes: Iterable[str]) -> list[Treatment]:
    """List the clinic's own treatments that would satisfy the prerequisites among some reasons."""
    codes = frozenset(codes)
    if not codes:
        return []
    rules = protocols.in_force().rules
    needs = {r.needs for r in rules if isinstance(r, Prerequisite) and r.code in codes}
    if not needs:
        return []
    return list(Treatment.objects.filter(active=True, procedure__in=needs).order_by("name", "pk"))
