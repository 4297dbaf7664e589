"""A refusal as reception reads it: every reason, the arithmetic, the source, and the way out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduling.core.words import FreeStart, Reason, Severity
from scheduling.errors import Refused
from scheduling.models import Site
from scheduling.screens import times

SURENESS = {
    "seed": "the clinic’s founding protocol",
    "law": "law",
    "A": "law, regulator, label, trial or consensus",
    "B": "reviews, cohorts or hospital guidance",
    "C": "one clinic or expert: a weak source",
    "D": "our assumption: no source found",
}
"""What a letter of sureness stands for; C and D are called weak wherever they show."""

WEAK = frozenset({"C", "D"})

STRENGTH = {
    Severity.HARD: "cannot be overridden",
    Severity.OVERRIDE: "a clinician may decide otherwise",
    Severity.ADVISORY: "please note",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One reason in words."""

    reason: Reason

    @property
    def strength(self) -> str:
        """Say how strong it is."""
        return STRENGTH[self.reason.severity]

    @property
    def sureness(self) -> str:
        """Say how sure its figure is; empty for the diary's own reasons."""
        return SURENESS.get(self.reason.sureness, self.reason.sureness)

    @property
    def weak(self) -> bool:
        """Tell whether the source is weak."""
        return self.reason.sureness in WEAK


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """All that speaks against a start, and what can be done about it."""

    against: tuple[Told, ...]
    cautions: tuple[Told, ...]
    earliest: times.Start | None
    earliest_day: datetime | None
    overridable: bool

    @property
    def codes(self) -> list[str]:
        """List the codes that an override would name."""
        return sorted({told.reason.code for told in self.against})


def told(reasons: Iterable[Reason]) -> tuple[Told, ...]:
    """Put reasons into words, in their order."""
    return tuple(Told(reason) for reason in reasons)


def refusal(reasons: Iterable[Reason], earliest: FreeStart | None, site: Site) -> Refusal:
    """Shape what a verb refused, the earliest start in the site's time."""
    reasons = list(dict.fromkeys(reasons))
    against = [r for r in reasons if r.severity is not Severity.ADVISORY]
    # Of reasons equally strong the skin's come first: another room or doctor would not help.
    against.sort(key=lambda r: (r.severity.rank, not r.sureness))
    zone = ZoneInfo(site.zone)
    return Refusal(
        against=told(against),
        cautions=told(r for r in reasons if r.severity is Severity.ADVISORY),
        earliest=times.button(earliest, zone, times.names_of([earliest])) if earliest else None,
        earliest_day=times.wall(earliest.start, zone) if earliest else None,
        overridable=bool(against) and all(r.severity is Severity.OVERRIDE for r in against),
    )


def of_error(error: Refused, site: Site) -> Refusal:
    """Shape a refusal as a verb raised it."""
    return refusal(error.reasons, error.earliest, site)
