"""A built clinic and its people: the cast that tests call on stage.

`NOW` is Monday 4 January 2027, 08:00 in London; no summer time is near.
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from scheduling.core.words import Actor, Wish
from scheduling.models import (
    Capability,
    Need,
    OpeningHours,
    Patient,
    ProtocolVersion,
    Record,
    Resource,
    Site,
    Skill,
    Staff,
    Treatment,
)

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
TODAY = date(2027, 1, 4)
PROTOCOL = Path(__file__).parent.parent / "scheduling" / "data" / "protocol.json"


@dataclass(frozen=True)
class Clinic:
    """One site with what it takes to give a laser treatment, and one patient who may have it."""

    site: Site
    doctor: Resource
    nurse: Resource
    room: Resource
    laser: Resource
    consultation: Treatment
    resurfacing: Treatment
    filler: Treatment
    review: Treatment
    patient: Patient
    protocol: ProtocolVersion

    def wish(self, treatment: Treatment | None = None, **changes: object) -> Wish:
        """Ask for a treatment of the patient's whole face, superficial, without preferences."""
        facts: dict[str, object] = {
            "site_id": self.site.pk,
            "treatment_id": (treatment or self.resurfacing).pk,
            "patient_id": self.patient.pk,
            "areas": ("face",),
            "size": "face",
            "depth": "superficial",
        }
        return Wish(**{**facts, **changes})  # type: ignore[arg-type]


def at(day: date, hour: int, minute: int = 0, zone: ZoneInfo = LONDON) -> datetime:
    """Read a wall time of the clinic as an instant in UTC."""
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def day(n: int) -> date:
    """Count local days from TODAY."""
    return TODAY + timedelta(days=n)


def reception(site: Site | None = None) -> Actor:
    """Answer somebody at the desk, who may not override."""
    return Actor(name="Desk", sites=frozenset({site.pk}) if site else None)


def clinician(**facts: object) -> Actor:
    """Answer a named clinician, who may override."""
    user, _ = User.objects.get_or_create(username="clinician")
    return Actor(**{"name": "Dr Clinician", "user_id": user.pk, "may_override": True, **facts})  # type: ignore[arg-type]


def staff_user(name: str, *sites: Site, everywhere: bool = False) -> User:
    """Make a user who works at these sites."""
    user = User.objects.create_user(name, password="a-long-password", is_staff=True)
    Staff.objects.create(user=user, everywhere=everywhere).sites.set(sites)
    return user


def build(**site_facts: object) -> Clinic:
    """Build the clinic: open Monday to Saturday 09:00-18:00, starts every 15 minutes.

    Nearly every test begins here, so rows of a kind are written together.
    """
    protocol = active_protocol()
    site = site_row("Harley House", **site_facts)
    skills = skills_by_code()
    doctor, nurse, room, laser = resources(site, skills)
    consultation, resurfacing, filler, review = treatments(skills)
    return Clinic(
        site=site,
        doctor=doctor,
        nurse=nurse,
        room=room,
        laser=laser,
        consultation=consultation,
        resurfacing=resurfacing,
        filler=filler,
        review=review,
        patient=patient("Ada", "Pine", consulted=True),
        protocol=protocol,
    )


def skills_by_code() -> dict[str, Skill]:
    """Find the skills, or make those that are missing."""
    found = {skill.code: skill for skill in Skill.objects.filter(code__in=SKILLS)}
    missing = [Skill(code=code, name=code) for code in SKILLS if code not in found]
    found |= {skill.code: skill for skill in Skill.objects.bulk_create(missing)}
    return {code: found[code] for code in SKILLS}


def resources(site: Site, skills: dict[str, Skill]) -> list[Resource]:
    """Make a doctor, a nurse, a room and a laser, and open the site and its people."""
    kinds = Resource.Kind
    made = Resource.objects.bulk_create(
        [
            Resource(kind=kinds.PRACTITIONER, name="Dr Amara Lind"),
            Resource(kind=kinds.PRACTITIONER, name="Noor Field"),
            Resource(kind=kinds.ROOM, name="Room 1", site=site, follows_site_hours=True),
            Resource(kind=kinds.DEVICE, name="CO2 laser", site=site, follows_site_hours=True),
        ]
    )
    OpeningHours.objects.bulk_create(
        [*week(site), *(hours for who in made[:2] for hours in week(site, who))]
    )
    able = (("consults", "laser", "injects"), ("laser",), ("laser-safe",), ("fractional",))
    Capability.objects.bulk_create(
        Capability(resource=one, skill=skills[code])
        for one, codes in zip(made, able, strict=True)
        for code in codes
    )
    return made


def treatments(skills: dict[str, Skill]) -> list[Treatment]:
    """Make a consultation, the laser treatment, a filler and a review, with what each needs."""
    drafts = [
        draft("Consultation", "consultation", (20, 20, 30), skills, consults=(0, 0)),
        laser_draft(skills),
        draft("Filler", "filler", (30, 30, 45), skills, injects=(0, 0)),
        draft("Review", "review", (10, 15, 30), skills, consults=(0, 0)),
    ]
    made = Treatment.objects.bulk_create(treatment for treatment, _ in drafts)
    Need.objects.bulk_create(need for _, needs in drafts for need in needs)
    return made


SKILLS = ("consults", "laser", "injects", "laser-safe", "fractional")


def active_protocol() -> ProtocolVersion:
    """Load the shipped protocol as the active one."""
    document = json.loads(PROTOCOL.read_text(encoding="utf-8"))
    found = ProtocolVersion.objects.filter(state="active").first()
    return found or ProtocolVersion.objects.create(
        number=1,
        name="Default",
        state="active",
        document=document,
        created_at=NOW,
        created_by="cast",
        activated_at=NOW,
        activated_by="cast",
    )


def site_named(name: str, **facts: object) -> Site:
    """Make a site in London, open Monday to Saturday 09:00-18:00."""
    site = site_row(name, **facts)
    open_weekly(site)
    return site


def site_row(name: str, **facts: object) -> Site:
    """Make a site in London that has no hours yet."""
    defaults = {
        "zone": "Europe/London",
        "country": "GB",
        "subdivision": "ENG",
        "phone": "+442079460000",
    }
    return Site.objects.create(name=name, **{**defaults, **facts})


def open_weekly(
    site: Site, resource: Resource | None = None, opens: time = time(9), closes: time = time(18)
) -> None:
    """Open a site, or a resource at it, Monday to Saturday."""
    OpeningHours.objects.bulk_create(week(site, resource, opens, closes))


def week(
    site: Site, resource: Resource | None = None, opens: time = time(9), closes: time = time(18)
) -> list[OpeningHours]:
    """Draft the hours of Monday to Saturday."""
    return [
        OpeningHours(site=site, resource=resource, weekday=w, opens=opens, closes=closes)
        for w in range(6)
    ]


def practitioner(name: str, site: Site, *skills: Skill) -> Resource:
    """Make a practitioner who works all the site's hours."""
    resource = Resource.objects.create(kind=Resource.Kind.PRACTITIONER, name=name)
    open_weekly(site, resource)
    Capability.objects.bulk_create(Capability(resource=resource, skill=s) for s in skills)
    return resource


def place(name: str, kind: str, site: Site, *skills: Skill) -> Resource:
    """Make a room or a device that is open when its site is."""
    resource = Resource.objects.create(kind=kind, name=name, site=site, follows_site_hours=True)
    Capability.objects.bulk_create(Capability(resource=resource, skill=s) for s in skills)
    return resource


def treatment(
    name: str,
    procedure: str,
    minutes: tuple[int, int, int],
    skills: dict[str, Skill],
    **needs: tuple[int, int],
) -> Treatment:
    """Make a treatment that needs practitioners with the skills named, and nothing else."""
    made, wanted = draft(name, procedure, minutes, skills, **needs)
    made.save()
    Need.objects.bulk_create(wanted)
    return made


def draft(
    name: str,
    procedure: str,
    minutes: tuple[int, int, int],
    skills: dict[str, Skill],
    **needs: tuple[int, int],
) -> tuple[Treatment, list[Need]]:
    """Draft a treatment that needs practitioners with the skills named, and nothing else."""
    least, default, most = minutes
    made = Treatment(
        name=name,
        procedure=procedure,
        minutes_least=least,
        minutes_default=default,
        minutes_most=most,
    )
    return made, [
        Need(
            treatment=made,
            kind="practitioner",
            skill=skills[code],
            from_min=from_min,
            until_min=until_min,
        )
        for code, (from_min, until_min) in needs.items()
    ]


def laser_draft(skills: dict[str, Skill]) -> tuple[Treatment, list[Need]]:
    """Draft the main treatment: room from -60 for numbing to +10 for cleaning, hands, laser."""
    made, needs = draft(
        "Laser resurfacing", "fractional_ablative", (30, 45, 45), skills, laser=(0, 0)
    )
    room = Need(treatment=made, kind="room", skill=skills["laser-safe"], from_min=-60, until_min=10)
    return made, [*needs, room, Need(treatment=made, kind="device", skill=skills["fractional"])]


def patient(given: str, family: str, *, consulted: bool = False, **facts: object) -> Patient:
    """Register a patient, with a consultation of last month when asked."""
    defaults = {
        "birth_date": date(1985, 4, 12),
        "fitzpatrick": 2,
        "phone": "+447700900123",
        "email": f"{given.lower()}@example.org",
        "search_key": f"{given} {family}".casefold(),
    }
    made = Patient.objects.create(given_name=given, family_name=family, **{**defaults, **facts})
    if consulted:
        consult(made)
    return made


def consult(who: Patient, when: date = date(2026, 12, 7)) -> Record:
    """Record a fulfilled consultation."""
    return Record.objects.create(
        patient=who,
        kind="consultation",
        start=at(when, 9),
        end=at(when, 9, 20),
        zone="Europe/London",
    )
