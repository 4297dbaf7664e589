"""The cells of a visit that name rows here: its patient, site, treatment, resources and course."""

from collections.abc import Mapping
from typing import TypeVar
from zoneinfo import ZoneInfo

from scheduling.booking import Ask
from scheduling.core.words import Wish
from scheduling.errors import Malformed
from scheduling.models import Resource, Site, Treatment
from scheduling.transfer import people
from scheduling.transfer.cells import Row
from scheduling.transfer.kinds import Desk

SERIES = "series"
KINDS = ("practitioner", "room", "device")
"""Kinds of resources, each a column."""


def ask_of(row: Row, desk: Desk) -> Ask:
    """Read a row as what is asked of booking.

    Raises:
        Malformed: a cell that cannot be read, or a name that nothing here has.

    """
    site = site_of(row, desk)
    treatment = _treatment(row, desk)
    start = row.moment("date", "time", ZoneInfo(site.zone))
    if start is None:
        raise Malformed("A visit needs its date and its time.")
    series, seq = _session(row, desk)
    wish = Wish(
        site_id=site.pk,
        treatment_id=treatment.pk,
        patient_id=desk.find(people.SUBJECT, row.needed("patient"), "patient"),
        minutes=row.number("minutes", least=5, most=1440),
        areas=tuple(row.words("areas")),
        size=row.choice("size", ("small", "face", "large")),
        depth=row.choice("depth", ("superficial", "deep")),
        indication=row.text("indication", most=40),
        encounter=row.text("encounter", most=40),
        resources=_resources(row, desk),
        series_id=series,
        seq=seq,
        not_before=row.day("not_before"),
        not_after=row.day("not_after"),
        note=row.text("note"),
    )
    return Ask(wish=wish, start=start)


def _session(row: Row, desk: Desk) -> tuple[int | None, int | None]:
    plan, seq = row.text("plan"), row.number("session", least=1, most=60)
    if not plan:
        return None, None
    if seq is None:
        raise Malformed("session: say which session of the course this visit is.")
    return desk.find(SERIES, plan, "plan"), seq


def _resources(row: Row, desk: Desk) -> Mapping[str, tuple[int, ...]]:
    found = {}
    for kind in KINDS:
        ids = [_resource(kind, name, desk) for name in row.words(kind)]
        if ids:
            found[kind] = tuple(ids)
    return found


def _resource(kind: str, name: str, desk: Desk) -> int:
    memo: dict[tuple[str, str], int] = desk.memo.setdefault("resources", {})
    if not memo:
        rows = Resource.objects.values_list("kind", "name", "pk")
        memo.update({(k, n.casefold()): pk for k, n, pk in rows})
    if (kind, name.casefold()) not in memo:
        raise Malformed(f"{kind}: there is none called “{name}” here.")
    return memo[kind, name.casefold()]


def site_of(row: Row, desk: Desk) -> Site:
    """Find the site that a row names.

    Raises:
        Malformed: there is none.

    """
    found: dict[str, Site] = desk.memo.setdefault("sites", {})
    if not found:
        found.update({site.name.casefold(): site for site in Site.objects.all()})
    return _among(found, row.needed("site"), "site")


def _treatment(row: Row, desk: Desk) -> Treatment:
    found: dict[str, Treatment] = desk.memo.setdefault("treatments", {})
    if not found:
        found.update({each.name.casefold(): each for each in Treatment.objects.all()})
    return _among(found, row.needed("treatment"), "treatment")


T = TypeVar("T")


def _among(found: Mapping[str, T], name: str, column: str) -> T:
    if name.casefold() not in found:
        raise Malformed(f"{column}: there is none called “{name}” here.")
    return found[name.casefold()]
