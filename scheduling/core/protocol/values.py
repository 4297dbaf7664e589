"""The protocol as frozen values: what the rules calculate with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from scheduling.core.protocol.areas import AreaTree
from scheduling.core.words import Severity, Status

SIZES = ("small", "face", "large")
"""Size classes in rising order; deep treatment uses the next size up."""

MEASURES = ("minimum", "typical", "maximum")
"""The three figures of a recovery window, in days."""


@dataclass(frozen=True, slots=True)
class Tier:
    """`severity` applies while the value is less than `below` (convention D11)."""

    below: int
    severity: Severity


Tiers = tuple[Tier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Modality:
    """Figures of one kind of laser: days, except `session_min` in minutes.

    `intervals` maps an area name (or ``"other"``) to the tiers between two of its sessions;
    `recovery` maps a size to (minimum, typical, maximum) days.
    """

    name: str
    session_min: tuple[int, int]
    sessions: tuple[int, int, int]
    intervals: Mapping[str, Tiers]
    recovery: Mapping[str, tuple[int, int, int]]
    recovery_source: str = ""
    recovery_sureness: str = ""
    interval_source: str = ""
    interval_sureness: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A jurisdiction: country, and where it matters the subdivision (ISO 3166-2, no country)."""

    country: str
    subdivision: str = ""

    def matches(self, country: str, subdivision: str) -> bool:
        """Tell whether a site lies here; a site that does not say its subdivision does.

        A law that protects children is not switched off by an empty field.
        """
        mine = subdivision.removeprefix(f"{country}-")
        return country == self.country and mine in {"", self.subdivision or mine}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """What every row says: where it comes from, how sure that is, and its two sentences."""

    kind: ClassVar[str] = ""
    structural: ClassVar[bool] = False

    code: str
    source: str
    sureness: str
    origin: str = ""
    title: str = ""
    sentence: str
    patient_sentence: str
    jurisdiction: str = ""
    severities: tuple[Severity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MinGap(Rule):
    """Fewer local days than a tier between `a` and a later `b` (or the other way round too)."""

    kind: ClassVar[str] = "min_gap"
    a: frozenset[str]
    b: frozenset[str]
    both_orders: bool
    tiers: Tiers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaxGap(Rule):
    """More local days than `days` since the last `a` before a `b`."""

    kind: ClassVar[str] = "max_gap"
    a: frozenset[str]
    b: frozenset[str]
    days: int
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interval(Rule):
    """Too few days between two sessions of one modality on one area."""

    kind: ClassVar[str] = "same_modality_interval"
    tiers: Mapping[str, Mapping[str, Tiers]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecoveryWindow(Rule):
    """The skin still recovers from `after`, by its modality, size and depth."""

    kind: ClassVar[str] = "recovery_window"
    after: frozenset[str]
    blocks: frozenset[str]
    tiers: tuple[tuple[int, Severity], ...]
    """(index into (minimum, typical, maximum), severity)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ordering(Rule):
    """`first` comes before `then`; once `then` is done it is only `if_done`, None to be silent."""

    kind: ClassVar[str] = "ordering"
    first: frozenset[str]
    then: frozenset[str]
    severity: Severity
    if_done: Severity | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Permit(Rule):
    """`a` and `b` in one encounter: rules between the two sessions are silent."""

    kind: ClassVar[str] = "permit_same_encounter"
    a: frozenset[str]
    b: frozenset[str]

    def joins(self, one: str, two: str) -> bool:
        """Tell whether two procedures, in either order, may share an encounter."""
        return (one in self.a and two in self.b) or (one in self.b and two in self.a)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Which patients a rule is about; None is everybody."""

    under: int | None = None
    fitzpatrick_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prerequisite(Rule):
    """`needs` comes first: long enough before, and not too long ago."""

    kind: ClassVar[str] = "prerequisite"
    procedures: frozenset[str]
    needs: str
    severity: Severity
    same_day: Severity | None
    min_hours: int
    min_days: int
    valid_months: int | None
    booked_counts: bool
    renewed_by_session: bool
    at_check_in: bool
    whom: Whom


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoolingOff(Rule):
    """Days to think it over since the first consultation."""

    kind: ClassVar[str] = "cooling_off"
    procedures: frozenset[str]
    after: str
    days: int
    severity: Severity
    whom: Whom


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Age(Rule):
    """The patient is under an age on the visit's local date (convention D8)."""

    kind: ClassVar[str] = "age"
    procedures: frozenset[str]
    under: int
    severity: Severity
    indications: frozenset[str]
    exempt: frozenset[str]
    lifted_by: str
    on_booking_day: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contraindication(Rule):
    """A dated fact, and how long to wait after it: days by tiers, or months of one severity.

    `tiers` maps a drug class to its tiers, ``""`` to those of everything else.
    """

    kind: ClassVar[str] = "contraindication"
    record: str
    procedures: frozenset[str]
    on_area: bool
    tiers: Mapping[str, Tiers]
    wait_months: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SessionCount(Rule):
    """More sessions than `most` for one indication on overlapping areas."""

    kind: ClassVar[str] = "session_count"
    indication: str
    procedures: frozenset[str]
    most: int
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowCap(Rule):
    """More than `count` sessions in any `days` consecutive local dates."""

    kind: ClassVar[str] = "max_per_window"
    procedures: frozenset[str]
    count: int
    days: int
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Duration(Rule):
    """A session shorter or longer than the procedure takes, in minutes, both ends allowed."""

    kind: ClassVar[str] = "duration"
    procedures: frozenset[str]
    least: int
    most: int
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConcurrentPlans(Rule):
    """More open courses than `most` on overlapping areas."""

    kind: ClassVar[str] = "max_concurrent_plans"
    procedures: frozenset[str]
    most: int
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanSequence(Rule):
    """A session of a course passes its neighbour. A fact of the diary, not a clinical figure."""

    kind: ClassVar[str] = "plan_sequence"
    structural: ClassVar[bool] = True
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DoubleBooking(Rule):
    """The patient is in two places at once. A fact of the diary, not a clinical figure."""

    kind: ClassVar[str] = "no_double_booking"
    structural: ClassVar[bool] = True
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Notice(Rule):
    """A remark of the engine itself, such as PENDING-PREREQUISITE: never blocks."""

    kind: ClassVar[str] = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Titles:
    """What codes are called on screens: singular, lower case, code itself where none is given."""

    procedures: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)
    indications: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)
    adverse_events: Mapping[str, str] = field(default_factory=dict)
    drug_classes: Mapping[str, str] = field(default_factory=dict)

    def of(self, kind: str, code: str) -> str:
        """Name a code: `of("procedures", "ipl")` -> "IPL"."""
        named: Mapping[str, str] = getattr(self, kind)
        return named.get(code) or code.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Protocol:
    """A protocol that was read to the end. Compared by identity; safe to share between threads.

    `procedures` are all codes a treatment may have; `assessments` (consultation, patch test,
    review) are never blocked by recovery and never counted as sessions. `areas` answers overlap.
    """

    areas: AreaTree
    categories: Mapping[str, frozenset[str]]
    procedures: frozenset[str]
    assessments: frozenset[str]
    modalities: Mapping[str, Modality]
    rules: tuple[Rule, ...]
    pending: Notice
    counted: frozenset[Status]
    profiles: Mapping[str, Profile]
    titles: Titles
    record_types: Mapping[str, Mapping[str, Any]]
    indications: tuple[str, ...]
    adverse_events: tuple[str, ...]

    @property
    def patch_tested(self) -> frozenset[str]:
        """The procedures that some rule wants a patch test for, whoever the patient is."""
        return frozenset().union(
            *(
                rule.procedures
                for rule in self.rules
                if isinstance(rule, Prerequisite) and rule.needs == "patch_test"
            )
        )

    def rule(self, code: str) -> Rule:
        """Give the row of this code, or the engine's own notice.

        Raises:
            KeyError: no row has the code.

        """
        for rule in (*self.rules, self.pending):
            if rule.code == code:
                return rule
        raise KeyError(code)
