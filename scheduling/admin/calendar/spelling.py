"""The diary in JSON: times on the site's clock, without an offset, as the grid draws them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from scheduling import catalogue
from scheduling.admin import signs
from scheduling.booking.ending import CANCELLABLE
from scheduling.booking.rows import instant
from scheduling.core.protocol.values import Protocol, Titles
from scheduling.core.timeline import spans
from scheduling.core.words import Status
from scheduling.diary import Agenda, Entry, Part
from scheduling.screens.skin import SIZES, said
from scheduling.screens.times import wall

OPENS, CLOSES = 8, 18
"""Hours that a day shows at least, where nobody opens earlier or closes later."""

_SIZES = {code: word for code, word in SIZES if code}


def clock(quantum: int, zone: ZoneInfo) -> str:
    """Spell a quantum as the wall time at the site, ``2027-03-28T10:30``."""
    return wall(instant(quantum), zone).isoformat(timespec="minutes")


def ends(start_q: int, end_q: int, zone: ZoneInfo) -> tuple[str, str]:
    """Spell both ends; where the clocks go back the end still stands after the start."""
    start, end = (wall(instant(q), zone) for q in (start_q, end_q))
    if end <= start:
        end = start + timedelta(minutes=5 * (end_q - start_q))
    return start.isoformat(timespec="minutes"), end.isoformat(timespec="minutes")


def spelled(
    agenda: Agenda, hints: Mapping[int, Sequence[str]], *, may_work: bool
) -> dict[str, Any]:
    """Spell some days of a site."""
    zone = agenda.site.tz
    protocol = agenda.ground.active_protocol
    titles = protocol.titles if protocol else Titles()
    words = _Words(agenda, titles, tones(protocol), may_work=may_work)
    visits = [words.visit(entry, hints.get(entry.pk, ())) for entry in agenda.entries]
    return {
        "columns": [{"id": thing.id, "title": thing.name} for thing in agenda.columns]
        + ([{"id": 0, "title": f"no {agenda.kind}"}] if any(v["nowhere"] for v in visits) else []),
        "visits": visits,
        "ground": list(_ground(agenda, zone)),
        "holidays": {day.isoformat(): name for day, name in agenda.holidays.items()},
        "hours": _hours(agenda, zone),
    }


def _ground(agenda: Agenda, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    for each in agenda.stretches():
        start, end = ends(each.start_q, each.end_q, zone)
        yield {
            "column": each.column,
            "start": start,
            "end": end,
            "kind": each.kind,
            "words": each.words,
        }


def _hours(agenda: Agenda, zone: ZoneInfo) -> list[str]:
    """Find the first and the last hour that the days have to show."""
    lines = agenda.ground.lines(agenda.site, agenda.window).opened
    opened = 0
    for thing in agenda.columns:
        opened |= lines[thing.id]
    low, high = OPENS * 60, CLOSES * 60
    for start, end in _stretches(agenda, opened, zone):
        low, high = min(low, start), max(high, end)
    return [f"{low // 60:02}:00", f"{-(-high // 60):02}:00"]


def _stretches(agenda: Agenda, opened: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Give minutes of the day, from and to, of what is open or booked."""
    held = [(entry.start_q, entry.end_q) for entry in agenda.entries]
    for low, high in [*spans(opened, agenda.window), *held]:
        start, end = wall(instant(low), zone), wall(instant(high), zone)
        over = end.date() > start.date()
        yield start.hour * 60 + start.minute, 24 * 60 if over else end.hour * 60 + end.minute


class _Words:
    """Spells visits: what is the same for all of them is read once."""

    def __init__(
        self, agenda: Agenda, titles: Titles, tones: Mapping[str, str], *, may_work: bool
    ) -> None:
        self.agenda, self.titles, self.tones = agenda, titles, tones
        self.may_work = may_work
        self.columns = [thing.id for thing in agenda.columns]
        self.root = reverse("admin:scheduling_appointment_changelist")

    def visit(self, entry: Entry, hints: Sequence[str]) -> dict[str, Any]:
        """Spell one visit with its parts, its sign and its hints."""
        ground, zone = self.agenda.ground, self.agenda.site.tz
        offer = ground.treatments.get(entry.treatment_id)
        start, end = ends(entry.start_q, entry.end_q, zone)
        sign = signs.SIGNS[entry.status]
        parts = [self._part(part, zone) for part in entry.parts(self.columns)]
        nowhere = not any(part["kind"] == "visit" for part in parts)
        if nowhere:
            parts.append({"column": 0, "start": start, "end": end, "kind": "visit"})
        where = [ground.resources[pk].name for pk, _, _ in entry.held if pk in ground.resources]
        return {
            "id": entry.pk,
            "version": entry.version,
            "patient": entry.patient,
            "treatment": offer.name if offer else entry.procedure,
            "what": ", ".join(filter(None, [said(entry.areas, self.titles), self._size(entry)])),
            "start": start,
            "end": end,
            "status": sign.word,
            "icon": sign.icon,
            "confirmed": entry.confirmed,
            "tone": self.tones.get(entry.procedure, "other"),
            "where": ", ".join(dict.fromkeys(where)),
            "hints": [*hints, *_rest(entry), *filter(None, [entry.note])],
            "page": f"{self.root}{entry.pk}/change/",
            "movable": self.may_work and entry.status == Status.BOOKED,
            "cancellable": self.may_work and entry.status in CANCELLABLE,
            "minutes": [offer.minutes_least, offer.minutes_most] if offer else [5, 720],
            "parts": parts,
            "nowhere": nowhere,
        }

    def _part(self, part: Part, zone: ZoneInfo) -> dict[str, Any]:
        start, end = ends(part.start_q, part.end_q, zone)
        return {"column": part.column, "start": start, "end": end, "kind": part.kind}

    def _size(self, entry: Entry) -> str:
        return _SIZES.get(entry.size, "")


def _rest(entry: Entry) -> Iterable[str]:
    """Say until when the skin rests after a visit."""
    if entry.recovery_least is None:
        return []
    typical = entry.recovery_typical
    usual = f", as a rule until {_day(typical)}" if typical else ""
    return [f"skin rests until {_day(entry.recovery_least)} at least{usual}"]


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def tones(protocol: Protocol | None) -> dict[str, str]:
    """Give each procedure the narrowest category that it belongs to: that is its colour."""
    found: dict[str, str] = {}
    if protocol is None:
        return found
    narrow_last = sorted(protocol.categories.items(), key=lambda item: (-len(item[1]), item[0]))
    for category, procedures in narrow_last:
        found |= dict.fromkeys(procedures, category)
    return found


def legend() -> list[tuple[str, str]]:
    """List the categories of the treatments that the clinic offers: code and words."""
    ground = catalogue.current()
    protocol = ground.active_protocol
    mine = tones(protocol)
    offered = {
        mine.get(offer.procedure, "other") for offer in ground.treatments.values() if offer.active
    }
    titles = protocol.titles if protocol else Titles()
    return sorted((code, titles.of("categories", code)) for code in offered)


def moment_in_words(start: datetime) -> str:
    """Say a wall time: “Tue 5 Jan, 10:30”."""
    return f"{start:%a} {start.day} {start:%b}, {start:%H:%M}"
