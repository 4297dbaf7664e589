"""One reminder of several visits on one day: of one patient, or of several on one telephone.

To several people it gives first names and times, and in an e-mail each visit has a link of its own,
which opens that visit alone: nobody's page opens by another's link.
"""

from collections.abc import Sequence

from notifications.core import itinerary
from notifications.core.letters import Facts, Part, way_of
from notifications.core.policy import Kind
from scheduling.core.dates import spoken


def blanks(parts: Sequence[Part]) -> dict[str, str]:
    """Give the blanks that only such a reminder has; `parts` are in time order."""
    family = way_of(parts) is Kind.FAMILY
    said = itinerary.words(parts[0].facts.language)
    first = parts[0].facts.clinic
    times = said["and"].join(_short(p, first, family=family) for p in parts)
    lines = [
        said["family" if family else "day"].format(
            name=p.facts.name, time=_time(p.facts), link=p.link
        )
        for p in parts
    ]
    facts = [p.facts for p in parts]
    return {
        "times": times,
        "visits": itinerary.placed(facts, lines),
        **itinerary.number_of(facts),
    }


def _short(part: Part, first: str, *, family: bool) -> str:
    """Say one visit in a few letters; its place only where it is another than the first's."""
    clinic = part.facts.clinic
    place = f" ({clinic})" if clinic != first else ""
    name = f"{part.facts.name} " if family else ""
    return f"{name}{_time(part.facts)}{place}"


def _time(facts: Facts) -> str:
    return spoken(
        at=facts.be_there,
        zone=facts.zone,
        language=facts.language,
        country=facts.country,
        home=facts.patient_zone,
    ).time
