"""Patients of the rule tests: visits and records in a few words, and strategies for any of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from scheduling.core.protocol import Protocol, shipped
from scheduling.core.rules import Chart, Record, Visit
from scheduling.core.words import Status

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MONDAY = date(2026, 6, 1)
ENGLAND = frozenset({"england"})


def at(day: str, clock: str = "10:00", zone: ZoneInfo = LONDON) -> datetime:
    """Read wall time in a zone."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)


def visit(procedure: str, day: str, clock: str = "10:00", **facts: Any) -> Visit:
    """Make a face visit of 40 minutes, superficial, unless told otherwise."""
    zone = facts.get("zone", LONDON)
    start = at(day, clock, zone)
    facts.setdefault("id", f"{procedure} {day} {clock}")
    end = (start.astimezone(UTC) + timedelta(minutes=facts.pop("minutes", 40))).astimezone(zone)
    area = facts.pop("area", "face")
    facts.setdefault("areas", frozenset({area} if area else ()))
    facts.setdefault("size", "face")
    facts.setdefault("depth", "superficial")
    facts.setdefault("zone", zone)
    return Visit(procedure=procedure, start=start, end=end, **facts)


def done(procedure: str, day: str, clock: str = "10:00", **facts: Any) -> Visit:
    """Make a visit that took place."""
    return visit(procedure, day, clock, status=Status.FULFILLED, **facts)


def booked(procedure: str, day: str, clock: str = "10:00", **facts: Any) -> Visit:
    """Make a visit that is still to come."""
    return visit(procedure, day, clock, status=Status.BOOKED, **facts)


def signed(kind: str, day: str, clock: str = "09:00", **facts: Any) -> Record:
    """Make a consultation, consent or patch test of 20 minutes, done unless told otherwise."""
    start = at(day, clock)
    facts.setdefault("status", Status.FULFILLED)
    end = start + timedelta(minutes=20)
    return Record(type=kind, start=start, end=end, zone=LONDON, **facts)


CONSULTED = signed("consultation", "2026-05-20")


def chart(*facts: Visit | Record, **patient: Any) -> Chart:
    """Make the chart of a grown-up with these visits and records."""
    patient.setdefault("born", date(1985, 4, 12))
    patient.setdefault("fitzpatrick", 2)
    return Chart(
        records=tuple(fact for fact in facts if isinstance(fact, Record)),
        visits=tuple(fact for fact in facts if isinstance(fact, Visit)),
        **patient,
    )


PROTOCOL: Protocol = shipped()

ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/London",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Cairo",
        "Pacific/Apia",
        "America/Sao_Paulo",
        "Australia/Sydney",
    )
]
AREAS = ["face", "face", "face", "cheeks", "cheeks_left", "neck", "hands", "body"]
PROCEDURES = [
    "fractional_nonablative",
    "fractional_ablative",
    "ablative_co2",
    "ipl",
    "laser_hair_removal",
    "ndyag_1064",
    "excimer_308",
    "filler",
    "botulinum_toxin",
    "peel_superficial",
    "microneedling",
    "facelift",
    "consultation",
    "review",
]
SHORT = timedelta(minutes=5)
FIGURES = [0, 1, 2, 3, 5, 6, 7, 10, 14, 21, 28, 42, 56, 181, 182, 183, 184, 365, 366]
"""Distances, in days, at which rules of the shipped protocol turn."""


def days(around: date, figures: list[int]) -> st.SearchStrategy[date]:
    """Choose a date one of these distances away, before or after, give or take a day."""
    shifts = st.tuples(
        st.sampled_from(figures), st.sampled_from([-1, 1]), st.sampled_from([-1, 0, 0, 1])
    )
    return shifts.map(lambda each: around + timedelta(days=each[0] * each[1] + each[2]))


@st.composite
def visits(draw: st.DrawFn, number: int) -> Visit:
    """Choose any visit around a date; often on the clocks' edges of a day."""
    zone = draw(st.sampled_from(ZONES))
    day = draw(days(MONDAY, FIGURES[:-6] if number else [0]))
    minute = draw(st.sampled_from([0, 1, 20, 600, 660, 720, 1410, 1439]))
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    start += timedelta(minutes=minute)
    return Visit(
        id=number,
        procedure=draw(st.sampled_from(PROCEDURES)),
        start=start,
        end=start + timedelta(minutes=draw(st.sampled_from([5, 20, 30, 45, 60]))),
        zone=zone,
        areas=frozenset([draw(st.sampled_from(AREAS))] if draw(st.integers(0, 9)) else ()),
        size=draw(st.sampled_from(["small", "face", "large", ""])),
        depth=draw(st.sampled_from(["superficial", "deep", ""])),
        status=draw(st.sampled_from([Status.BOOKED, Status.BOOKED, Status.FULFILLED])),
        indication=draw(st.sampled_from(["", "spider_veins", "acne", "cancerous_cell_removal"])),
        encounter=draw(st.sampled_from(["", "E1"])),
        series=draw(st.sampled_from([None, 1, 2])),
        seq=draw(st.sampled_from([None, 1, 2, 3])),
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Choose any record around the first of June."""
    kind = draw(st.sampled_from(sorted(PROTOCOL.record_types)))
    zone = draw(st.sampled_from(ZONES))
    day = draw(days(MONDAY, FIGURES))
    start = datetime(day.year, day.month, day.day, 10, tzinfo=zone)
    return Record(
        type=kind,
        start=start,
        end=start + SHORT,
        zone=zone,
        status=draw(st.sampled_from([Status.BOOKED, Status.FULFILLED])),
        procedure=draw(st.sampled_from(["ipl", "laser_hair_removal", "fractional_ablative"])),
        result=draw(st.sampled_from(["", "clear", "reaction"])),
        areas=frozenset(draw(st.lists(st.sampled_from(AREAS), max_size=1))),
        size="face",
        depth="superficial",
        on=day,
        start_date=day,
        end_date=draw(st.sampled_from([None, day, day, day])),
        drug_class=draw(st.sampled_from(["", "pdt", "high", "other"])),
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[Visit, Chart]:
    """Choose a request and the chart that it meets; half of the charts hold a consultation."""
    asked = draw(visits(0))
    history = draw(st.integers(0, 4))
    others = [draw(visits(number)) for number in range(1, history + 1)]
    known = draw(st.lists(records(), max_size=4))
    if draw(st.booleans()):
        known.append(CONSULTED)
    born = draw(st.sampled_from([None, date(1985, 4, 12), date(2008, 2, 29), date(2008, 6, 3)]))
    fitzpatrick = draw(st.sampled_from([None, 2, 4]))
    return asked, Chart(
        born=born, fitzpatrick=fitzpatrick, records=tuple(known), visits=tuple(others)
    )
