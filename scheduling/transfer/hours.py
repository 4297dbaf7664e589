"""Opening hours from a file: added to those that stand, or from a date on in their place.

Replaced hours end the day before; nothing is deleted. Hours of one site, or of one person there, are
replaced as a whole or not at all, so that a line that was left out closes no day. Booked visits that
then lie outside of all hours stay booked and go on the work list.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, Q

from scheduling import diary, grounds
from scheduling.booking import wish_of
from scheduling.core.words import Choice, Held, Reason, Status
from scheduling.errors import Malformed
from scheduling.models import Allocation, Appointment, OpeningHours, Override, Todo
from scheduling.transfer.cells import Row
from scheduling.transfer.grounds import HOURS, WEEKDAYS
from scheduling.transfer.kinds import Desk, Kind, Outcome, Verdict, refusing, row_by_row, said
from scheduling.transfer.worklist import BREAKS_A_RULE

OUTSIDE_HOURS = "visit-outside-hours"
"""The kind of task about a visit that new opening hours leave outside."""

NAMED = 5
"""How many visits a verdict names; each has its task."""

DAY = timedelta(days=1)
_ADDED = row_by_row(HOURS.one)

Place = tuple[str, str]
"""Whose hours a row tells: the names of the site and of the resource, as they are written."""


Said = dict[str, Any]
"""What a row says, by the names of the fields."""


class _NotWhole(Exception):
    """Lines of one place were refused, so that none of them is taken."""

    def __init__(self, refused: Mapping[int, Outcome]) -> None:
        super().__init__("not whole")
        self.refused = dict(refused)


def apply(rows: Sequence[Row], desk: Desk) -> list[Outcome]:
    """Take hours in, as one change of all, and see which booked visits they leave outside."""
    with grounds.together(by=desk.by, now=desk.now):
        return _taken_in(rows, desk)


def _taken_in(rows: Sequence[Row], desk: Desk) -> list[Outcome]:
    found: dict[int, Outcome] = {}
    if desk.declared.since is None:
        found = dict(zip([row.line for row in rows], _ADDED(rows, desk), strict=True))
    else:
        places: dict[Place, list[Row]] = {}
        for row in rows:
            places.setdefault(_place(row), []).append(row)
        for lines in places.values():
            found |= _in_place(lines, desk, desk.declared.since)
    _flag_outside(rows, found, desk)
    return [found[row.line] for row in rows]


def _place(row: Row) -> Place:
    return row.text("site").casefold(), row.text("resource").casefold()


# ---------------------------------------------------------------- in place of what stands


def _in_place(rows: Sequence[Row], desk: Desk, since: date) -> dict[int, Outcome]:
    """Replace the hours of one place, all of them or none."""
    try:
        with transaction.atomic():
            return _replaced(rows, desk, since)
    except _NotWhole as part:
        why = "Another line of the same place is refused; its hours are replaced as a whole."
        other = Outcome(Verdict.REFUSED, why, ("not_whole",))
        return {row.line: other for row in rows} | part.refused


def _replaced(rows: Sequence[Row], desk: Desk, since: date) -> dict[int, Outcome]:
    said: dict[int, Said] = {}
    _each(rows, lambda row: said.update({row.line: _from(since, HOURS.read(row))}))
    ended: list[str] = []
    _each(rows[:1], lambda _: ended.extend(_end(list(said.values()), desk, since)))
    found: dict[int, Outcome] = {}
    _each(rows, lambda row: found.update({row.line: _taken(said[row.line], desk)}))
    if ended:
        first = found[rows[0].line]
        what = f"Ends on {since - DAY:%-d %b %Y}: {'; '.join(ended)}. {first.sentence}".strip()
        found[rows[0].line] = replace(first, verdict=Verdict.CHANGED, sentence=what)
    return found


def _each(rows: Sequence[Row], step: Callable[[Row], None]) -> None:
    """Do a step for each row.

    Raises:
        _NotWhole: one or more were refused.

    """
    refused: dict[int, Outcome] = {}
    for row in rows:
        outcomes: list[Outcome] = []
        with refusing(outcomes), transaction.atomic():
            step(row)
        if outcomes:
            refused[row.line] = outcomes[-1]
    if refused:
        raise _NotWhole(refused)


def _from(since: date, said: Said) -> Said:
    """Let a row hold from the date on, where it names no later one."""
    until = said.get("valid_until")
    if until is not None and until < since:
        raise Malformed(f"valid_until: these hours end before {since:%-d %b %Y}.")
    begins = said.get("valid_from")
    return {**said, "valid_from": max(begins, since) if begins else since}


def _end(said: Sequence[Said], desk: Desk, since: date) -> list[str]:
    """End the hours of this place that the file does not go on with; say which.

    Raises:
        Malformed: others are planned from that date on, or a later one.

    """
    site, resource = said[0]["site"], said[0].get("resource")
    hold_on = Q(valid_until=None) | Q(valid_until__gte=since)
    standing = OpeningHours.objects.filter(hold_on, site=site, resource=resource).order_by(
        "weekday", "opens", "pk"
    )
    wanted = {_known_by(each) for each in said}
    planned, ended = [], []
    for hours in standing:
        if hours.valid_from is not None and hours.valid_from >= since:
            if _known_by(vars(hours)) not in wanted:
                planned.append(_spelt(hours))
        elif not any(_goes_on(hours, each, since) for each in said):
            ended.append(_spelt(hours))
            hours.valid_until = since - DAY
            grounds.keep(row=hours, by=desk.by, now=desk.now)
    if planned:
        raise Malformed(
            f"Planned from {since:%-d %b %Y} on or later are {'; '.join(planned)}: remove them on"
            " the site's page, or name a later date."
        )
    return ended


def _known_by(said: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(said.get(name) for name in ("weekday", "opens", "purpose", "valid_from"))


def _goes_on(hours: OpeningHours, said: Mapping[str, Any], since: date) -> bool:
    """Tell whether a row says what stands already, so that nothing ends."""
    names = ("weekday", "opens", "closes", "purpose", "valid_until")
    return said["valid_from"] == since and all(
        getattr(hours, name) == said.get(name) for name in names
    )


def _taken(said: Said, desk: Desk) -> Outcome:
    since = said["valid_from"]
    place = OpeningHours.objects.filter(site=said["site"], resource=said.get("resource"))
    before = place.filter(Q(valid_from=None) | Q(valid_from__lt=since))
    if stands := next((each for each in before if _goes_on(each, said, since)), None):
        return Outcome(Verdict.SAME, subject_id=stands.pk)
    return HOURS.take(said, desk)


def _spelt(hours: OpeningHours) -> str:
    what = f" ({hours.purpose})" if hours.purpose != OpeningHours.Purpose.OPEN else ""
    return f"{WEEKDAYS[hours.weekday]} {hours.opens:%H:%M}–{hours.closes:%H:%M}{what}"


# ---------------------------------------------------------------- visits that are left outside


def _flag_outside(rows: Sequence[Row], found: dict[int, Outcome], desk: Desk) -> None:
    """Put each booked visit that is outside of the new hours on the work list, and say it on a row.

    Asked at the sites of which a row changed something, from the date on from which it holds.
    """
    changed: dict[str, list[Row]] = {}
    for row in rows:
        if found[row.line].verdict in (Verdict.NEW, Verdict.CHANGED):
            changed.setdefault(row.text("site").casefold(), []).append(row)
    told: dict[int, list[str]] = {}
    for site, lines in changed.items():
        for visit, reason in _outside(site, desk):
            row = next((r for r in lines if _same_day(r, visit)), lines[0])
            told.setdefault(row.line, []).append(f"{visit} ({visit.treatment.name})")
            _ask(visit, reason, desk)
    for line, visits in told.items():
        found[line] = _flagged(found[line], visits)


def _flagged(outcome: Outcome, visits: Sequence[str]) -> Outcome:
    count = f"{len(visits)} booked visit" + ("s are" if len(visits) > 1 else " is")
    more = f" and {len(visits) - NAMED} more" if len(visits) > NAMED else ""
    what = f"{count} left outside of hours, on the work list: {'; '.join(visits[:NAMED])}{more}."
    sentence = f"{outcome.sentence} {what}".strip()
    return Outcome(Verdict.FLAGGED, sentence, ("outside_hours",), outcome.subject_id)


def _same_day(row: Row, visit: Appointment) -> bool:
    return row.text("weekday").casefold() == WEEKDAYS[visit.local_date.weekday()]


def _outside(site: str, desk: Desk) -> Iterator[tuple[Appointment, Reason]]:
    """Give the coming visits of a site outside of hours, but those that somebody knows of already."""
    coming = Appointment.objects.filter(
        site__name__iexact=site, status=Status.BOOKED.value, start__gt=desk.now
    )
    if (since := desk.declared.since) is not None:
        coming = coming.filter(local_date__gte=since)
    known = Q(todos__kind__in=(OUTSIDE_HOURS, BREAKS_A_RULE), todos__done_at=None) | Q(
        pk__in=Override.objects.filter(code="outside_hours", lapsed_at=None).values("appointment")
    )
    held = Prefetch(
        "allocations", Allocation.objects.filter(active=True).select_related("resource"), "holding"
    )
    visits = coming.exclude(known).select_related("site", "treatment").prefetch_related(held)
    for visit in visits.order_by("start", "pk"):
        for reason in _against(visit, desk):
            if reason.code == "outside_hours":
                yield visit, reason
                break


def _against(visit: Appointment, desk: Desk) -> Sequence[Reason]:
    holding: list[Allocation] = getattr(visit, "holding", [])
    held = tuple(Held(a.resource_id, a.resource.kind, a.start_q, a.end_q) for a in holding)
    choice = Choice(
        start_q=visit.start_q, end_q=visit.end_q, prep_minutes=visit.prep_minutes, held=held
    )
    return diary.recheck(wish=wish_of(visit), choice=choice, now=desk.now)


def _ask(visit: Appointment, reason: Reason, desk: Desk) -> None:
    Todo.objects.create(
        site_id=visit.site_id,
        patient_id=visit.patient_id,
        appointment=visit,
        kind=OUTSIDE_HOURS,
        text=f"The visit on {visit} is outside of the hours that a file brought in. {said([reason])}",
        urgent=True,
        created_at=desk.now,
    )


KIND = Kind("hours", "Opening hours", 7, HOURS.header, apply, HOURS.bodies, whole=True)
