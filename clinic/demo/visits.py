"""The demo's visits: what was done, and what is booked through the clinic's one door.

Past visits are written as a clinic moving in would bring its paper diary: placed by the same
engine, but without telling anybody. Coming ones are booked, so their reminders are real.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinic.demo.places import LONDON, MADRID
from scheduling import booking, diary, todos, trail, waiting
from scheduling.booking import rows
from scheduling.core.timeline import instant
from scheduling.core.words import Actor, Severity, Status, Wish
from scheduling.errors import ClinicError
from scheduling.models import Appointment, Patient, Site, Todo, Treatment, WaitingEntry

RESURFACING, NAFL = "Fractional CO2 resurfacing", "Non-ablative resurfacing"
HAIR, PDL, IPL = "Laser hair removal", "Pulsed dye laser", "IPL photorejuvenation"
FILLER, CONSULTATION, REVIEW = "Dermal filler", "Consultation", "Review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit of the demo: who, what, and on which of these days from today (first that fits).

    `share` is how far down the day's free starts it is placed, 0 to 1.
    """

    who: str
    what: str
    days: tuple[int, ...]
    share: float = 0.3
    where: str = LONDON
    areas: tuple[str, ...] = ("face",)
    size: str = "face"
    indication: str = ""
    status: Status = Status.FULFILLED
    confirmed: bool = False
    override: str = ""


def _around(day: int, reach: int = 6) -> tuple[int, ...]:
    """List days from one on, so that a weekend or holiday is passed over."""
    return tuple(range(day, day + reach))


def back(day: int) -> tuple[int, ...]:
    """List days of the past around one, itself first."""
    return tuple(-n for n in (day, day + 1, day - 1, day + 2) if n > 0)


DONE = (
    Visit(who="Ada Pine", what=RESURFACING, days=back(3)),
    Visit(who="Hana Field", what=IPL, days=back(6), areas=("cheeks",), size="small"),
    Visit(who="Ivo Marsh", what=RESURFACING, days=back(90)),
    Visit(who="Farid Lindon", what=HAIR, days=back(50), areas=("back",), size="large"),
    Visit(who="Greta Brook", what=PDL, days=back(60), areas=("nose",), size="small"),
    Visit(who="Nell Birch", what=CONSULTATION, days=back(20), areas=(), size=""),
    Visit(who="Bruno Ash", what=REVIEW, days=back(9), areas=(), size="", status=Status.NOSHOW),
    Visit(who="Lucía Núñez Vega", what=IPL, days=back(45), where=MADRID),
    Visit(who="Elsa Heath", what=REVIEW, days=(0,), share=0, areas=(), size=""),
    Visit(who="June Alder", what=CONSULTATION, days=(0,), share=0, areas=(), size=""),
)

COMING = (
    Visit(who="Owen Reed", what=CONSULTATION, days=_around(0), share=0.2, areas=(), size=""),
    Visit(who="Farid Lindon", what=HAIR, days=_around(0), share=0.5, areas=("back",), size="large"),
    Visit(who="Greta Brook", what=PDL, days=_around(0), share=0.8, areas=("nose",), size="small"),
    Visit(who="Bruno Ash", what=REVIEW, days=_around(1), share=0.1, areas=(), size=""),
    Visit(who="Nell Birch", what=RESURFACING, days=_around(1), share=0.6, confirmed=True),
    Visit(who="Ada Pine", what=REVIEW, days=_around(4), share=0.4, areas=(), size=""),
    Visit(who="Ada Pine", what=FILLER, days=_around(21), areas=("perioral",), size="small"),
    Visit(who="Ivo Marsh", what=NAFL, days=_around(2), share=0.5, confirmed=True),
    Visit(who="Farid Lindon", what=IPL, days=_around(3), areas=("face",)),
    Visit(who="Hana Field", what=REVIEW, days=_around(1), share=0.5, areas=(), size=""),
    Visit(who="Dev Rowan", what=CONSULTATION, days=_around(5), areas=(), size=""),
    Visit(who="Elsa Heath", what=NAFL, days=_around(19), share=0.2),
    Visit(who="Bruno Ash", what=NAFL, days=_around(7), share=0.7),
    Visit(
        who="Kai Sorrel",
        what=NAFL,
        days=_around(6),
        indication="acne_scars",
        override="Deep scars; seen with his mother, who understands that the result may not last.",
    ),
    Visit(who="Lucía Núñez Vega", what=IPL, days=_around(1), where=MADRID, confirmed=True),
    Visit(who="Mateo Robles", what=NAFL, days=_around(2), where=MADRID, share=0.6),
    Visit(who="Mateo Robles", what=REVIEW, days=_around(8), where=MADRID, areas=(), size=""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Somebody on the waiting list of the demo."""

    who: str
    what: str
    days_ago: int
    weekdays: tuple[int, ...] = ()
    urgent: bool = False


WAITING = (
    Waits(who="Clara Moss", what=CONSULTATION, days_ago=9),
    Waits(who="Nell Birch", what=REVIEW, days_ago=12, weekdays=(0, 2)),
    Waits(who="Hana Field", what=CONSULTATION, days_ago=1, urgent=True),
    Waits(who="Clara Moss", what=RESURFACING, days_ago=9),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who writes the visits down, and when."""

    cast: dict[str, Patient]
    by: Actor
    clinician: Actor
    now: datetime

    def wish(self, visit: Visit) -> Wish:
        """Ask for a visit of the demo."""
        return Wish(
            site_id=Site.objects.get(name=visit.where).pk,
            treatment_id=Treatment.objects.get(name=visit.what).pk,
            patient_id=self.cast[visit.who].pk,
            areas=visit.areas,
            size=visit.size,
            depth="superficial" if visit.size else "",
            indication=visit.indication,
        )

    def today(self, visit: Visit) -> date:
        """Read the date at the visit's site."""
        zone = Site.objects.values_list("zone", flat=True).get(name=visit.where)
        return self.now.astimezone(ZoneInfo(zone)).date()


TASKS = (
    ("Clara Moss", "Asked for resurfacing: offer a consultation first.", False),
    ("Hana Field", "Call about the burn on her cheeks: a clinician wants to see it.", True),
)


def fill(desk: Desk) -> None:
    """Make sure that the past stories are fresh, the coming days booked, and tasks at hand."""
    for who, text, urgent in TASKS:
        _note(who, text, desk, urgent=urgent)
    for visit in DONE:
        _bring(visit, desk)
    for visit in COMING:
        _book(visit, desk)
    for waits in WAITING:
        _wait(waits, desk)


def _wait(waits: Waits, desk: Desk) -> None:
    """Put somebody on the waiting list, unless they were on it before."""
    wish = desk.wish(Visit(who=waits.who, what=waits.what, days=(), areas=(), size=""))
    if WaitingEntry.objects.filter(patient=wish.patient_id, treatment=wish.treatment_id).exists():
        return
    now = desk.now - timedelta(days=waits.days_ago)
    until = desk.now.date() + timedelta(days=28)
    want = waiting.Want(until=until, weekdays=waits.weekdays, urgent=waits.urgent)
    waiting.join(wish=wish, want=want, by=desk.by, now=now)


def _note(who: str, text: str, desk: Desk, *, urgent: bool) -> None:
    if Todo.objects.filter(text=text).exists():
        return
    site = Site.objects.get(name=LONDON)
    todo = Todo(kind="note", text=text, urgent=urgent, patient=desk.cast[who], site=site)
    todos.write_down(todo=todo, by=desk.by, now=desk.now)


def _bring(visit: Visit, desk: Desk) -> None:
    """Write a past visit into the diary, unless one as fresh stands there."""
    today = desk.today(visit)
    oldest = today + timedelta(days=min(visit.days))
    mine = Appointment.objects.filter(patient=desk.cast[visit.who], treatment__name=visit.what)
    if mine.filter(local_date__gte=oldest, start__lt=desk.now).exists():
        return
    bring(visit, desk.wish(visit), desk)


def bring(visit: Visit, wish: Wish, desk: Desk) -> None:
    """Write a past visit into the diary, on the first of its days that has room."""
    today = desk.today(visit)
    for day in (today + timedelta(days=n) for n in visit.days):
        early = datetime.combine(day, time(), UTC) - timedelta(days=1)
        start = _start(_anonymous(wish), visit, [day], now=early, before=desk.now)
        if start is not None:
            _write(visit, wish, start, desk)
            return


def _anonymous(wish: Wish) -> Wish:
    # What was done was done: the rules of today are not asked about it.
    return Wish(site_id=wish.site_id, treatment_id=wish.treatment_id)


def _start(
    wish: Wish, visit: Visit, days: Iterable[date], *, now: datetime, before: datetime | None = None
) -> datetime | None:
    """Choose a free start on the first of these days that has one."""
    minutes = timedelta(minutes=60)
    for day in days:
        found = diary.free_starts(wish=wish, first=day, last=day, now=now)
        starts = [instant(int(q)) for q in found.quanta]
        fitting = [s for s in starts if before is None or s + minutes <= before]
        if fitting:
            return fitting[min(int(len(fitting) * visit.share), len(fitting) - 1)]
    return None


def _write(visit: Visit, wish: Wish, start: datetime, desk: Desk) -> None:
    early = start - timedelta(days=14)
    choice = diary.choose(wish=_anonymous(wish), start=start, now=early)
    made = Appointment(
        patient=desk.cast[visit.who],
        status=visit.status.value,
        created_at=early,
        booked_by=desk.by.name,
    )
    rows.place(made, wish, choice)
    rows.describe(made, wish)
    if visit.status is Status.FULFILLED:
        made.arrived_at = made.checked_in_at = made.start - timedelta(minutes=5)
        made.actual_end = made.completed_at = made.end
        rows.set_recovery(made)
    made.save()
    if visit.status is Status.FULFILLED:
        rows.hold_resources(made, choice)
    trail.write([trail.entry(subject=made, verb="bring_in", by=desk.by, now=desk.now)])


def _book(visit: Visit, desk: Desk) -> None:
    """Book a coming visit, unless the patient has one of its kind ahead."""
    mine = Appointment.objects.filter(patient=desk.cast[visit.who], treatment__name=visit.what)
    if mine.filter(start__gte=desk.now, status=Status.BOOKED.value).exists():
        return
    today = desk.today(visit)
    days = [today + timedelta(days=n) for n in visit.days]
    by = desk.clinician if visit.override or visit.where != LONDON else desk.by
    wish = desk.wish(visit)
    searched = _anonymous(wish) if visit.override else wish
    start = _start(searched, visit, days, now=desk.now)
    if start is None:
        return
    try:
        booked = booking.book(
            wish=wish,
            start=start,
            by=by,
            now=desk.now,
            override=_override(visit, wish, start, desk),
        )
    except ClinicError:
        return  # the diary of a demo that was played with may be full
    if visit.confirmed:
        booking.confirm(appointment_id=booked.appointment.pk, version=None, by=by, now=desk.now)


def _override(visit: Visit, wish: Wish, start: datetime, desk: Desk) -> booking.OverrideAsk | None:
    if not visit.override:
        return None
    reasons = diary.explain_start(wish=wish, start=start, now=desk.now)
    codes = frozenset(reason.code for reason in reasons if reason.severity == Severity.OVERRIDE)
    return booking.OverrideAsk(reason=visit.override, codes=codes)
