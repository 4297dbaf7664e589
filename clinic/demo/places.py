"""The demo clinic's two addresses, its people, rooms and devices, and what it offers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Model

from scheduling import grounds
from scheduling.core.words import Actor
from scheduling.models import (
    Capability,
    Need,
    OpeningHours,
    Resource,
    Site,
    Skill,
    Treatment,
    TreatmentText,
)

LONDON = "Harley House, London"
MADRID = "Plaza de Olavide, Madrid"

SITES: dict[str, dict[str, Any]] = {
    LONDON: {
        "zone": "Europe/London",
        "country": "GB",
        "subdivision": "ENG",
        "address": "12 Example Street, London W1",
        "phone": "+442079460018",
        "out_of_hours_phone": "+442079460118",
        "on_call_phone": "+447700900918",
        "email": "london@clinic.example",
    },
    MADRID: {
        "zone": "Europe/Madrid",
        "country": "ES",
        "subdivision": "MD",
        "address": "Calle del Ejemplo 7, 28010 Madrid",
        "phone": "+442079460019",
        "out_of_hours_phone": "+442079460119",
        "on_call_phone": "+447700900919",
        "email": "madrid@clinic.example",
    },
}

SKILLS = {
    "consults": "dermatology consultations",
    "injects": "injects fillers and toxin",
    "patch-tests": "carries out patch tests",
    "operates-co2": "operates fractional CO2",
    "operates-nafl": "operates fractional non-ablative",
    "operates-ipl": "operates IPL",
    "operates-pdl": "operates pulsed dye",
    "operates-hair": "operates hair-removal laser",
    "laser-safe": "laser-safe room",
    "consulting": "consulting room",
    "co2": "fractional CO2 laser",
    "nafl": "fractional 1550 nm laser",
    "ipl": "intense pulsed light",
    "pdl": "pulsed dye laser",
    "alexandrite": "hair-removal laser",
}

WEEK = range(5)
DAY, LATE, WEEKEND = (time(9), time(18)), (time(11), time(20)), (time(10), time(16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A practitioner: skills with the days they are still good for, and hours by site."""

    name: str
    skills: tuple[str, ...]
    hours: tuple[tuple[str, int, tuple[time, time]], ...]
    lapsing: tuple[str, int] | None = None


def _week(site: str, days: Iterable[int] = WEEK, hours: tuple[time, time] = DAY) -> Any:
    return tuple((site, day, hours) for day in days)


PEOPLE = (
    Person(
        name="Dr Amara Lind",
        skills=("consults", "injects", "operates-co2", "operates-nafl"),
        hours=(*_week(LONDON, range(4)), *_week(MADRID, [4], (time(10), time(18)))),
    ),
    Person(
        name="Dr Tomas Hale",
        skills=("consults", "operates-co2", "operates-pdl"),
        hours=(*_week(LONDON, [1, 2, 3, 4]), *_week(LONDON, [5, 6], WEEKEND)),
    ),
    Person(
        name="Noor Field, laser nurse",
        skills=("patch-tests", "operates-ipl", "operates-pdl", "operates-hair", "operates-nafl"),
        hours=_week(LONDON),
    ),
    Person(
        name="Jo Marsh, laser nurse",
        skills=("patch-tests", "operates-ipl", "operates-hair"),
        hours=(*_week(LONDON, [0, 2, 4], LATE), *_week(LONDON, [5, 6], WEEKEND)),
        lapsing=("operates-ipl", 24),
    ),
    Person(
        name="Dra. Inés Prado",
        skills=("consults", "injects", "patch-tests", "operates-ipl", "operates-nafl"),
        hours=_week(MADRID, hours=(time(10), time(19))),
    ),
)

THINGS: tuple[tuple[str, str, str, str], ...] = (
    ("room", "Laser room 1", LONDON, "laser-safe"),
    ("room", "Laser room 2", LONDON, "laser-safe"),
    ("room", "Consulting room", LONDON, "consulting"),
    ("room", "Sala láser", MADRID, "laser-safe consulting"),
    ("device", "Fractional CO2", LONDON, "co2"),
    ("device", "Fractional 1550", LONDON, "nafl"),
    ("device", "IPL", LONDON, "ipl"),
    ("device", "Pulsed dye laser", LONDON, "pdl"),
    ("device", "Alexandrite 755", LONDON, "alexandrite"),
    ("device", "IPL Madrid", MADRID, "ipl"),
    ("device", "Fractional 1550 Madrid", MADRID, "nafl"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A treatment and what a visit holds: (kind, skill, from, until, choice) in minutes."""

    name: str
    procedure: str
    minutes: tuple[int, int, int]
    needs: tuple[tuple[str, str, int, int, int], ...]
    preparation: str = ""
    aftercare: str = ""
    asks_area: bool = True
    self_booking: bool = False
    names: tuple[tuple[str, str], ...] = ()


_SUN = "No sun, sunbed or fake tan for four weeks before. Come without make-up."
_ROOMS = (("room", "consulting", 0, 5, 1), ("room", "laser-safe", 0, 5, 1))

OFFERS = (
    Offer(
        name="Consultation",
        names=(("es", "Consulta"), ("ar", "استشارة")),
        procedure="consultation",
        minutes=(20, 30, 45),
        needs=(("practitioner", "consults", 0, 0, 0), ("room", "consulting", 0, 5, 0)),
        asks_area=False,
        self_booking=True,
    ),
    Offer(
        name="Patch test",
        names=(("es", "Prueba en una zona pequeña"), ("ar", "اختبار على بقعة صغيرة")),
        procedure="patch_test",
        minutes=(10, 15, 20),
        needs=(("practitioner", "patch-tests", 0, 0, 0), *_ROOMS),
        preparation="Shave the test area the day before.",
        self_booking=True,
    ),
    Offer(
        name="Fractional CO2 resurfacing",
        names=(("es", "Láser CO2 fraccionado"), ("ar", "ليزر ثاني أكسيد الكربون الجزئي")),
        procedure="fractional_ablative",
        minutes=(30, 45, 45),
        needs=(
            ("room", "laser-safe", -60, 10, 0),
            ("practitioner", "operates-co2", 0, 0, 0),
            ("device", "co2", 0, 0, 0),
        ),
        preparation=f"Numbing cream is applied an hour before. {_SUN}",
        self_booking=True,
        aftercare="Keep the skin moist and out of the sun. Call us if it blisters or weeps.",
    ),
    Offer(
        name="Non-ablative resurfacing",
        names=(("es", "Láser no ablativo"), ("ar", "ليزر غير استئصالي")),
        procedure="fractional_nonablative",
        minutes=(30, 40, 45),
        needs=(
            ("room", "laser-safe", -30, 10, 0),
            ("practitioner", "operates-nafl", 0, 0, 0),
            ("device", "nafl", 0, 0, 0),
        ),
        preparation=_SUN,
        aftercare="Redness lasts a few days. Use SPF 50.",
    ),
    Offer(
        name="Dermal filler",
        names=(("es", "Relleno dérmico"), ("ar", "حقن الفيلر")),
        procedure="filler",
        minutes=(30, 30, 45),
        needs=(("practitioner", "injects", 0, 0, 0), *_ROOMS),
        aftercare="No pressure on the area for two days.",
    ),
    Offer(
        name="IPL photorejuvenation",
        names=(("es", "Luz pulsada intensa"), ("ar", "الضوء النبضي المكثف")),
        procedure="ipl",
        minutes=(20, 30, 30),
        needs=(
            ("room", "laser-safe", 0, 10, 0),
            ("practitioner", "operates-ipl", 0, 0, 0),
            ("device", "ipl", 0, 0, 0),
        ),
        preparation=_SUN,
    ),
    Offer(
        name="Pulsed dye laser",
        names=(("es", "Láser de colorante pulsado"), ("ar", "ليزر الصبغة النبضي")),
        procedure="vascular_pdl",
        minutes=(15, 20, 30),
        needs=(
            ("room", "laser-safe", 0, 10, 0),
            ("practitioner", "operates-pdl", 0, 0, 0),
            ("device", "pdl", 0, 0, 0),
        ),
        preparation=_SUN,
    ),
    Offer(
        name="Laser hair removal",
        names=(("es", "Depilación láser"), ("ar", "إزالة الشعر بالليزر")),
        procedure="laser_hair_removal",
        minutes=(10, 30, 45),
        needs=(
            ("room", "laser-safe", 0, 10, 0),
            ("practitioner", "operates-hair", 0, 0, 0),
            ("device", "alexandrite", 0, 0, 0),
        ),
        preparation="Shave the day before; no waxing or plucking for four weeks.",
        self_booking=True,
    ),
    Offer(
        name="Review",
        names=(("es", "Revisión"), ("ar", "مراجعة")),
        procedure="review",
        minutes=(10, 15, 30),
        needs=(("practitioner", "consults", 0, 0, 0), *_ROOMS),
        asks_area=False,
        self_booking=True,
    ),
)


def furnish(*, by: Actor, now: datetime) -> None:
    """Make sure that sites, skills, people, things and treatments stand as described."""
    made = _Furnisher(by, now)
    with grounds.together(by=by, now=now):
        sites = {name: made.row(Site, {"name": name}, facts) for name, facts in SITES.items()}
        skills = {code: made.row(Skill, {"code": code}, {"name": n}) for code, n in SKILLS.items()}
        for site, closed in ((sites[LONDON], []), (sites[MADRID], [5, 6])):
            hours = [
                (site.name, day, (time(9), time(20)) if day < 5 else WEEKEND)  # noqa: PLR2004 -- Friday is 4
                for day in range(7)
                if day not in closed
            ]
            made.open(sites, None, hours)
        for person in PEOPLE:
            made.person(person, sites, skills)
        for kind, name, where, can in THINGS:
            facts = {"site": sites[where], "follows_site_hours": True}
            thing = made.row(Resource, {"kind": kind, "name": name}, facts)
            for code in can.split():
                made.row(Capability, {"resource": thing, "skill": skills[code]}, {})
        for offer in OFFERS:
            made.offer(offer, skills)


class _Furnisher:
    """Adds what is missing, through the catalogue's own door, and leaves the rest alone."""

    def __init__(self, by: Actor, now: datetime) -> None:
        """Remember who furnishes, and when."""
        self.by, self.now = by, now

    def row(self, model: type[Model], key: dict[str, Any], facts: dict[str, Any]) -> Any:
        """Find a row by its key, or add it."""
        found = model._default_manager.filter(**key).first()  # noqa: SLF001 -- the model is any
        if found is not None:
            return found
        made = model(**key, **facts)
        grounds.keep(row=made, by=self.by, now=self.now)
        return made

    def open(self, sites: dict[str, Site], resource: Resource | None, hours: Iterable[Any]) -> None:
        """Open a site, or a resource at it, in these weekly hours; London breaks for lunch."""
        for where, weekday, (opens, closes) in hours:
            key = {"site": sites[where], "resource": resource, "weekday": weekday}
            self.row(OpeningHours, {**key, "purpose": "open"}, {"opens": opens, "closes": closes})
            if resource is not None and closes > time(17):
                lunch = {"opens": time(13), "closes": time(13, 30)}
                self.row(OpeningHours, {**key, "purpose": "lunch"}, lunch)

    def person(self, person: Person, sites: dict[str, Site], skills: dict[str, Skill]) -> None:
        """Add a practitioner with skills, one of them lapsing soon, and hours."""
        resource = self.row(Resource, {"kind": "practitioner", "name": person.name}, {})
        for code in person.skills:
            until = _lapse(person, code, self.now.date())
            note = "certificate to be renewed" if until else ""
            facts = {"valid_until": until, "note": note}
            self.row(Capability, {"resource": resource, "skill": skills[code]}, facts)
        self.open(sites, resource, person.hours)

    def offer(self, offer: Offer, skills: dict[str, Skill]) -> None:
        """Add a treatment and, with it, its needs."""
        if Treatment.objects.filter(name=offer.name).exists():
            return
        least, default, most = offer.minutes
        treatment = Treatment(
            name=offer.name,
            procedure=offer.procedure,
            minutes_least=least,
            minutes_default=default,
            minutes_most=most,
            preparation=offer.preparation,
            aftercare=offer.aftercare,
            asks_area=offer.asks_area,
            self_booking=offer.self_booking,
        )
        grounds.keep(row=treatment, by=self.by, now=self.now)
        for language, name in offer.names:
            text = TreatmentText(treatment=treatment, language=language, name=name)
            grounds.keep(row=text, by=self.by, now=self.now)
        for kind, code, from_min, until_min, choice in offer.needs:
            need = Need(
                treatment=treatment,
                kind=kind,
                skill=skills[code],
                from_min=from_min,
                until_min=until_min,
                choice=choice,
            )
            grounds.keep(row=need, by=self.by, now=self.now)


def _lapse(person: Person, code: str, today: date) -> date | None:
    if person.lapsing is None or person.lapsing[0] != code:
        return None
    return today + timedelta(days=person.lapsing[1])
