"""The demo's patients: invented people whose histories show what the rules say.

Dates count from the day of the seeding, so that the stories are fresh whenever it runs. Phones
are of Ofcom's range for drama (07700 900000 to 900999), addresses of example.org.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clinic.demo.places import LONDON, MADRID
from scheduling import records, register, walltime
from scheduling.core.words import Actor
from scheduling.models import Patient, Record, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A record: its type, how many days ago it happened, and what else it says."""

    kind: str
    days_ago: int
    ended: int | None = None
    says: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """A patient and the facts of their story."""

    given: str
    family: str
    born: str
    number: int
    site: str = LONDON
    facts: tuple[Fact, ...] = ()
    says: dict[str, Any] = field(default_factory=dict)
    story: str = ""

    @property
    def name(self) -> str:
        """The whole name, by which the demo knows a patient."""
        return f"{self.given} {self.family}"


CONSULTED = Fact(kind="consultation", days_ago=40)
CONSENTED = Fact(kind="consent", days_ago=40)
_READY = (CONSULTED, CONSENTED)


def _patched(*procedures: str, days_ago: int = 36) -> tuple[Fact, ...]:
    return tuple(
        Fact(kind="patch_test", days_ago=days_ago, says={"procedure": p, "result": "clear"})
        for p in procedures
    )


CAST = (
    Character(
        given="Ada",
        family="Pine",
        born="1985-04-12",
        number=101,
        facts=_READY,
        says={"fitzpatrick": 2},
        story="Resurfacing three days ago: a filler is refused until a week has passed.",
    ),
    Character(
        given="Bruno",
        family="Ash",
        born="1979-11-02",
        number=102,
        facts=(*_READY, Fact(kind="isotretinoin", days_ago=150)),
        says={"fitzpatrick": 3},
        story="Takes isotretinoin: a caution on every laser, full ablation refused.",
    ),
    Character(
        given="Clara",
        family="Moss",
        born="1992-07-30",
        number=103,
        says={"fitzpatrick": 2},
        story="Never consulted: no laser before a dermatologist has seen her.",
    ),
    Character(
        given="Dev",
        family="Rowan",
        born="1990-01-25",
        number=104,
        facts=(*_READY, *_patched("ipl", days_ago=1)),
        says={"fitzpatrick": 4},
        story="Patch test yesterday: 48 hours must pass, 28 days for his skin type.",
    ),
    Character(
        given="Elsa",
        family="Heath",
        born="1968-09-09",
        number=105,
        facts=(*_READY, Fact(kind="sun_exposure", days_ago=24, ended=10)),
        says={"fitzpatrick": 2},
        story="Back from the sun ten days ago: lasers wait for two weeks, better four.",
    ),
    Character(
        given="Farid",
        family="Lindon",
        born="1988-03-17",
        number=106,
        facts=(*_READY, *_patched("laser_hair_removal", "ipl")),
        says={"fitzpatrick": 3},
        story="Ready for hair removal and IPL.",
    ),
    Character(
        given="Greta",
        family="Brook",
        born="1975-12-05",
        number=107,
        facts=(CONSULTED, *_patched("vascular_pdl")),
        says={"fitzpatrick": 1},
        story="Ready for the pulsed dye laser, but for her consent: check-in asks for it.",
    ),
    Character(
        given="Hana",
        family="Field",
        born="1983-06-21",
        number=108,
        facts=(
            *_READY,
            Fact(kind="adverse_event", days_ago=5, says={"code": "burn", "areas": ["cheeks"]}),
        ),
        says={"fitzpatrick": 3},
        story="An open burn on the cheeks: nothing more there until a clinician closes it.",
    ),
    Character(
        given="Ivo",
        family="Marsh",
        born="1959-02-14",
        number=109,
        facts=(CONSULTED,),
        says={"fitzpatrick": 2, "channel": "sms"},
        story="Ready for resurfacing; reminders by SMS only; has not signed for the next treatment yet.",
    ),
    Character(
        given="June",
        family="Alder",
        born="1995-10-10",
        number=110,
        facts=(*_READY, Fact(kind="pregnancy", days_ago=60)),
        says={"fitzpatrick": 2},
        story="Expecting: elective treatments wait.",
    ),
    Character(
        given="Kai",
        family="Sorrel",
        born="2010-05-01",
        number=111,
        facts=_READY,
        says={"fitzpatrick": 2},
        story="Under 18: an injection is against the law, a laser needs a clinician's reason.",
    ),
    Character(
        given="Lucía",
        family="Núñez Vega",
        born="1987-08-18",
        number=112,
        site=MADRID,
        facts=(*_READY, *_patched("ipl")),
        says={"fitzpatrick": 3, "language": "es"},
        story="A patient in Madrid; her messages are in Spanish.",
    ),
    Character(
        given="Mateo",
        family="Robles",
        born="1981-03-03",
        number=113,
        site=MADRID,
        facts=_READY,
        says={"fitzpatrick": 4, "language": "es", "channel": "email"},
        story="A patient in Madrid; e-mail only.",
    ),
    Character(
        given="Owen",
        family="Reed",
        born="1999-05-27",
        number=116,
        says={"fitzpatrick": 1},
        story="New: his consultation is booked, so later lasers may be booked provisionally.",
    ),
    Character(
        given="Nell",
        family="Birch",
        born="1972-04-04",
        number=114,
        facts=_READY,
        says={"fitzpatrick": 2},
        story="Ready for resurfacing.",
    ),
    Character(
        given="Rosa",
        family="Fern",
        born="1991-02-11",
        number=117,
        facts=(),
        says={"fitzpatrick": 2},
        story="New: the whole course against acne scars is proposed, consultation first.",
    ),
    Character(
        given="Tom",
        family="Hazel",
        born="1984-08-03",
        number=118,
        facts=_READY,
        says={"fitzpatrick": 2},
        story="Four non-ablative sessions, all booked.",
    ),
    Character(
        given="Uma",
        family="Larch",
        born="1989-12-19",
        number=119,
        facts=_READY,
        says={"fitzpatrick": 3},
        story="Had her first ablative session; the next two are booked, the filler is due later.",
    ),
    Character(
        given="Vera",
        family="Holm",
        born="1977-05-06",
        number=120,
        facts=_READY,
        says={"fitzpatrick": 2},
        story="Cancelled the middle session of her course: it wants a re-flow.",
    ),
    Character(
        given="Wil",
        family="Cedar",
        born="1993-03-28",
        number=121,
        facts=_READY,
        says={"fitzpatrick": 3},
        story="Did not come to his second session: it is due again.",
    ),
    Character(
        given="Xenia",
        family="Moor",
        born="1970-10-01",
        number=122,
        facts=(*_READY, *_patched("vascular_pdl", days_ago=47)),
        says={"fitzpatrick": 1},
        story="Her course is paused until spring.",
    ),
    Character(
        given="Yves",
        family="Thorn",
        born="1962-07-14",
        number=123,
        facts=_READY,
        says={"fitzpatrick": 2},
        story="Reached his aim after three sessions; the last was skipped.",
    ),
    Character(
        given="Zoe",
        family="Meadow",
        born="1998-01-30",
        number=124,
        facts=_READY,
        says={"fitzpatrick": 2},
        story="Moved away: her course was abandoned.",
    ),
)

GUARDIAN = Character(
    given="Paula", family="Sorrel", born="1980-09-19", number=115, story="Kai's mother."
)


def enrol(*, by: Actor, now: datetime) -> dict[str, Patient]:
    """Make sure that everybody of the cast is in the register, with a story of today."""
    sites = {site.name: site for site in Site.objects.all()}
    guardian = _enter(GUARDIAN, {}, by=by, now=now)
    cast = {}
    for character in CAST:
        minor = register.needs_guardian(date.fromisoformat(character.born), now.date())
        more = {"guardian": guardian} if minor else {}
        patient = cast[character.name] = _enter(character, more, by=by, now=now)
        for fact in character.facts:
            _tell(patient, fact, sites[character.site], by=by, now=now)
    return cast


def _enter(character: Character, more: dict[str, Any], *, by: Actor, now: datetime) -> Patient:
    found = Patient.objects.filter(
        given_name=character.given, family_name=character.family, birth_date=character.born
    ).first()
    if found is not None:
        return found
    mail = register.fold(character.name).replace(" ", ".")
    patient = Patient(
        given_name=character.given,
        family_name=character.family,
        birth_date=date.fromisoformat(character.born),
        phone=f"+447700900{character.number}",
        email=f"{mail}@example.org",
        note=character.story,
        **character.says,
        **more,
    )
    return register.register(patient=patient, by=by, now=now)


def _tell(patient: Patient, fact: Fact, site: Site, *, by: Actor, now: datetime) -> None:
    """Add a fact of the story, unless one that is as fresh stands already."""
    today = now.astimezone(ZoneInfo(site.zone)).date()
    day = today - timedelta(days=fact.days_ago)
    procedure = fact.says.get("procedure", "")
    same = Record.objects.filter(
        patient=patient, kind=fact.kind, procedure=procedure, withdrawn_at=None
    )
    if fact.ended is None and fact.days_ago > 2:  # noqa: PLR2004 -- older facts stay true
        if same.exists():
            return
    elif same.filter(start_date=day).exists() or any(
        r.start and r.start.date() == day for r in same
    ):
        return
    records.add(record=_record(patient, fact, site, day), by=by, now=now)


def _record(patient: Patient, fact: Fact, site: Site, day: date) -> Record:
    made = Record(patient=patient, kind=fact.kind, zone=site.zone, **fact.says)
    if "start" in records.FIELDS[Record.Kind(fact.kind)]:
        zone = ZoneInfo(site.zone)
        made.start, made.end = (
            walltime.instant_of(datetime.combine(day, at).isoformat(), zone)
            for at in (time(10), time(10, 20))
        )
        return made
    made.start_date = day
    if fact.ended is not None:
        made.end_date = day + timedelta(days=fact.days_ago - fact.ended)
    return made
