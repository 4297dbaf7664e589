"""The place itself: sites, skills, people, rooms, devices, treatments, hours, absences.

A row of these is known by what it is (a name, a weekday and a time), so a file needs no ids. All of
it goes through `scheduling.grounds`, which tells the trail and the floors above.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import NOT_PROVIDED, Model

from scheduling import grounds
from scheduling.errors import Malformed
from scheduling.models import (
    Absence,
    Capability,
    Need,
    OpeningHours,
    Resource,
    Site,
    Skill,
    Treatment,
)
from scheduling.transfer.cells import Row, listed, spelt
from scheduling.transfer.kinds import Column, Desk, Kind, Outcome, Verdict, row_by_row
from scheduling.walltime import instant_of

Reader = Callable[[Row, str], Any]
"""Reads the cell of a column as the value of a field."""


def _text(row: Row, name: str) -> str:
    return row.text(name)


def _number(least: int, most: int) -> Reader:
    return lambda row, name: row.number(name, least=least, most=most)


def _choice(*among: str) -> Reader:
    return lambda row, name: row.choice(name, among)


def _row_of(model: type[Model], *fields: str) -> Reader:
    """Read the row of a model that one of these fields names, whatever the case."""

    def read(row: Row, name: str) -> Model | None:
        said = row.text(name)
        if not said:
            return None
        for field in fields:
            found = list(model._default_manager.filter(**{f"{field}__iexact": said})[:2])  # noqa: SLF001 -- the model is any
            if len(found) > 1:
                raise Malformed(f"{name}: more than one is called “{said}”.")
            if found:
                return found[0]
        raise Malformed(f"{name}: there is none called “{said}” here.")

    return read


def _moment(row: Row, name: str) -> Any:
    said = row.text(name)
    return instant_of(said, _home()) if said else None


def _home() -> ZoneInfo:
    """Read the clock of the first site, by which absences are written."""
    zones = Site.objects.order_by("name", "pk").values_list("zone", flat=True)
    return ZoneInfo(zones.first() or "Etc/UTC")


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _weekday(row: Row, name: str) -> int | None:
    said = row.choice(name, WEEKDAYS)
    return WEEKDAYS.index(said) if said else None


READERS: Mapping[str, Reader] = {
    "text": _text,
    "day": lambda row, name: row.day(name),
    "clock": lambda row, name: row.clock(name),
    "moment": _moment,
    "yes": lambda row, name: row.truth(name),
    "phone": lambda row, name: row.phone(name),
    "site": _row_of(Site, "name"),
    "skill": _row_of(Skill, "code", "name"),
    "resource": _row_of(Resource, "name"),
    "treatment": _row_of(Treatment, "name"),
    "minutes": _number(5, 1440),
    "shift": _number(-240, 240),
    "number": _number(0, 100_000),
    "weekday": _weekday,
    "kind": _choice(*Resource.Kind.values),
    "purpose": lambda row, name: row.choice(name, OpeningHours.Purpose.values, "open"),
    "cause": _choice(*Absence.Cause.values),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """How rows of one model are spelled: (column, field, reader, what it says, example) and its key.

    An empty cell leaves a field as the model has it; in a changed row it empties the field.
    """

    model: type[Model]
    columns: tuple[tuple[str, str, str, str], ...]
    key: tuple[str, ...]

    def one(self, row: Row, desk: Desk) -> Outcome:
        """Take one row in: new, changed, or the same."""
        return self.take(self.read(row), desk)

    def read(self, row: Row) -> dict[str, Any]:
        """Read the fields that a row tells of.

        Raises:
            Malformed: a cell that cannot be read, or an empty one by which the thing is known.

        """
        said = {
            name: READERS[how](row, name) for name, how, *_ in self.columns if name in row.cells
        }
        for name in self.key:  # what a row is known by is what will stand, said or not
            if said.get(name) in (None, "") and self._stands_anyhow(name):
                said[name] = self.model._meta.get_field(name).get_default()  # type: ignore[union-attr]
        lacking = [
            name for name in self.key if name in self.needed and said.get(name) in (None, "")
        ]
        if lacking:
            raise Malformed(f"{lacking[0]}: this is empty.")
        return said

    def take(self, said: Mapping[str, Any], desk: Desk) -> Outcome:
        """Keep what was read: new, changed, or the same."""
        found = self._found(said)
        thing = found or self.model()
        before = None if found is None else self.model._default_manager.get(pk=found.pk)  # noqa: SLF001 -- the model is any
        self._set(thing, said, fresh=found is None)
        what = grounds.changes(before, thing)
        if found is not None and not what:
            return Outcome(Verdict.SAME, subject_id=thing.pk)
        grounds.keep(row=thing, by=desk.by, now=desk.now)
        if found is None:
            return Outcome(Verdict.NEW, subject_id=thing.pk)
        return Outcome(Verdict.CHANGED, f"Changed: {', '.join(sorted(what))}.", (), thing.pk)

    def _found(self, said: Mapping[str, Any]) -> Model | None:
        rows = self.model._default_manager.filter(  # noqa: SLF001 -- the model is any
            **{name: said.get(name) for name in self.key if said.get(name) is not None},
            **{f"{name}__isnull": True for name in self.key if said.get(name) is None},
        )
        return rows.order_by("pk").first()

    def _set(self, thing: Model, said: Mapping[str, Any], *, fresh: bool) -> None:
        for name, value in said.items():
            field = thing._meta.get_field(name)
            if value is None and not getattr(field, "null", False):
                continue  # nothing said, and the field has to say something: as it was
            if fresh and value == "" and getattr(field, "default", None):
                continue
            setattr(thing, name, value)
        try:
            thing.clean_fields(exclude={name for name, how, *_ in self.columns if how == "phone"})
        except ValidationError as error:
            name, sentences = next(iter(error.message_dict.items()))
            raise Malformed(f"{name}: {' '.join(sentences)}") from error

    @property
    def needed(self) -> frozenset[str]:
        """Name the fields that have to say something."""
        fields = self.model._meta.get_fields()
        return frozenset(f.name for f in fields if not getattr(f, "null", True))

    def _is_asked(self, name: str) -> bool:
        return name in self.key and name in self.needed and not self._stands_anyhow(name)

    def _stands_anyhow(self, name: str) -> bool:
        """Tell whether the model says something where a file says nothing."""
        return (
            getattr(self.model._meta.get_field(name), "default", NOT_PROVIDED) is not NOT_PROVIDED
        )

    @property
    def header(self) -> tuple[Column, ...]:
        """Answer the columns as a file has them."""
        return tuple(
            Column(name, says, example, required=self._is_asked(name))
            for name, _, says, example in self.columns
        )

    def bodies(self) -> Iterator[Sequence[str]]:
        """Give every row of the model."""
        refers = [name for name, how, *_ in self.columns if how in REFERS]
        rows = self.model._default_manager.select_related(*refers).order_by("pk")  # noqa: SLF001 -- the model is any
        for thing in rows:
            yield listed(self._cell(thing, name, how) for name, how, *_ in self.columns)

    @staticmethod
    def _cell(thing: Model, name: str, how: str) -> str:
        value = getattr(thing, name)
        if value is None:
            return ""
        if how == "weekday":
            return WEEKDAYS[value]
        if how == "moment":
            return spelt(value.astimezone(_home()))
        return str(getattr(value, REFERS[how])) if how in REFERS else spelt(value)


REFERS = {"site": "name", "skill": "code", "resource": "name", "treatment": "name"}

SITES = Sheet(
    Site,
    (
        ("name", "text", "its name", "Harley House"),
        ("zone", "text", "IANA time zone", "Europe/London"),
        ("country", "text", "ISO 3166-1", "GB"),
        ("subdivision", "text", "ISO 3166-2 without the country", "ENG"),
        ("closed_on_holidays", "yes", "closed on public holidays", "yes"),
        ("address", "text", "postal address", ""),
        ("phone", "phone", "phone", "+442079460000"),
        ("email", "text", "e-mail", ""),
        ("sms_sender", "text", "whom a text seems to come from", ""),
        ("sms_inbound", "phone", "number for replies", ""),
        ("email_from", "text", "whom an e-mail comes from", ""),
        ("out_of_hours_phone", "phone", "what a patient rings out of hours", ""),
        ("on_call_phone", "phone", "clinician on call", ""),
        ("care_email", "text", "advice by e-mail: link or full", "link"),
        ("offers_automatic", "yes", "offers free times by itself", "no"),
        ("offer_minutes", "number", "how long an offer waits", "30"),
        ("offers_a_day", "number", "how many a patient gets a day", "3"),
        ("step_minutes", "number", "starts every 5, 10 or 15 minutes", "15"),
        ("notice_minutes", "number", "booked at least this long before", "0"),
        ("horizon_days", "number", "booked at most this many days ahead", "366"),
        ("cancel_notice_hours", "number", "patients cancel at least this long before", "24"),
        ("active", "yes", "in use", "yes"),
    ),
    ("name",),
)
SKILLS = Sheet(
    Skill,
    (
        ("code", "text", "short name without blanks", "laser"),
        ("name", "text", "its name", "Operates lasers"),
    ),
    ("code",),
)
RESOURCES = Sheet(
    Resource,
    (
        ("kind", "kind", "practitioner, room or device", "practitioner"),
        ("name", "text", "its name", "Dr Amara Lind"),
        ("site", "site", "of a room or device: where it stands", ""),
        ("follows_site_hours", "yes", "open when its site is", "no"),
        ("active", "yes", "in use", "yes"),
    ),
    ("kind", "name"),
)
CAPABILITIES = Sheet(
    Capability,
    (
        ("resource", "resource", "who or what", "Dr Amara Lind"),
        ("skill", "skill", "code of the skill", "laser"),
        ("valid_from", "day", "first day", ""),
        ("valid_until", "day", "last day", ""),
        ("note", "text", "certificate, register number", ""),
    ),
    ("resource", "skill", "valid_from"),
)
TREATMENTS = Sheet(
    Treatment,
    (
        ("name", "text", "its name", "Laser resurfacing"),
        ("procedure", "text", "clinical code of the protocol", "fractional_ablative"),
        ("minutes_least", "minutes", "shortest", "30"),
        ("minutes_default", "minutes", "usual", "45"),
        ("minutes_most", "minutes", "longest", "60"),
        ("summary", "text", "what patients read when they book it", ""),
        ("preparation", "text", "what the patient does before", ""),
        ("aftercare", "text", "and after", ""),
        ("bring", "text", "what the patient brings along", ""),
        ("asks_area", "yes", "area, size and depth are asked", "yes"),
        ("self_booking", "yes", "patients may book it themselves", "no"),
        ("active", "yes", "in use", "yes"),
    ),
    ("name",),
)
NEEDS = Sheet(
    Need,
    (
        ("treatment", "treatment", "name of the treatment", "Laser resurfacing"),
        ("kind", "kind", "practitioner, room or device", "room"),
        ("skill", "skill", "code of the skill", "laser-safe"),
        (
            "from_min",
            "shift",
            "held from so many minutes after the start; negative is before",
            "-60",
        ),
        ("until_min", "shift", "until so many minutes after the end", "10"),
        ("choice", "number", "needs that share a number above 0 are alternatives", "0"),
    ),
    ("treatment", "kind", "skill", "from_min", "until_min", "choice"),
)
HOURS = Sheet(
    OpeningHours,
    (
        ("site", "site", "name of the site", "Harley House"),
        ("resource", "resource", "whose; empty for the site itself", ""),
        ("weekday", "weekday", "monday to sunday", "monday"),
        ("opens", "clock", "local time", "09:00"),
        ("closes", "clock", "local time; at or before the opening it is the next day's", "18:00"),
        ("purpose", "purpose", "open, or lunch for a break", "open"),
        ("valid_from", "day", "first day", ""),
        ("valid_until", "day", "last day", ""),
    ),
    ("site", "resource", "weekday", "opens", "purpose", "valid_from"),
)
ABSENCES = Sheet(
    Absence,
    (
        ("resource", "resource", "who or what is away", "Dr Amara Lind"),
        ("site", "site", "or which site is closed", ""),
        ("cause", "cause", f"one of {', '.join(Absence.Cause.values)}", "leave"),
        ("start", "moment", "from, by the first site's clock", "2027-08-02T00:00"),
        ("end", "moment", "until", "2027-08-09T00:00"),
        ("note", "text", "why", ""),
    ),
    ("resource", "site", "start", "end"),
)


def _kind(code: str, title: str, order: int, sheet: Sheet) -> Kind:
    return Kind(code, title, order, sheet.header, row_by_row(sheet.one), sheet.bodies)


KINDS = (
    _kind("sites", "Sites", 1, SITES),
    _kind("skills", "Skills", 2, SKILLS),
    _kind("resources", "Practitioners, rooms, devices", 3, RESOURCES),
    _kind("capabilities", "Who and what can do which", 4, CAPABILITIES),
    _kind("treatments", "Treatments", 5, TREATMENTS),
    _kind("needs", "What treatments need", 6, NEEDS),
    _kind("absences", "Absences", 8, ABSENCES),
)
