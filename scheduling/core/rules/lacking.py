"""What a visit still lacks before anybody may be treated: the prerequisites alone, for a list."""

from datetime import datetime

from scheduling.core.protocol.values import Prerequisite, Protocol
from scheduling.core.rules.chart import Chart, Moment, Visit
from scheduling.core.rules.scene import scene_of
from scheduling.core.rules.table import table
from scheduling.core.words import Severity


def lacking(
    visit: Visit, chart: Chart, protocol: Protocol, *, now: datetime, profiles: frozenset[str]
) -> tuple[str, ...]:
    """Name the prerequisites (`consultation`, `consent`, `patch_test`) that check-in would miss.

    It is the verdict's own answer about these rules, without the search for when each ends, so
    that a day of 200 visits is read in a moment.
    """
    scene, asked = scene_of(visit, chart, protocol, now=now, moment=Moment.CHECK_IN)
    needs: dict[str, None] = {}
    for line in table(protocol, visit.procedure, profiles):
        if isinstance(line.rule, Prerequisite):
            fired = line.fire(line.rule, scene, asked)
            if any(found.severity is not Severity.ADVISORY for found in fired):
                needs[line.rule.needs] = None
    return tuple(needs)
