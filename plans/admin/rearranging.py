"""An absence over booked visits: all of them listed by harm, arranged anew, and what is accepted.

Looking writes nothing. What is read out goes into the form, signed, and comes back as it was shown:
just that is booked, or nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from plans import rearranging
from plans.admin import offers
from plans.admin.plans_door import WORK, context_of
from scheduling import absences
from scheduling.booking import Booked, Move
from scheduling.errors import ClinicError, Malformed, NotFound, Refused, StaleVersion
from scheduling.models import Absence, Appointment
from scheduling.screens import door, refusing
from scheduling.screens.frame import actor, now
from scheduling.screens.times import wall

SALT = "plans.rearranging"
SECONDS = 3600
"""How long an arrangement that is shown can be accepted; the verb asks the diary anew anyway."""

OLD = "This arrangement was shown too long ago, or the absence has changed since."


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One patient's line in the form; `changed`: it is not what was read out a moment ago."""

    line: offers.Line
    token: str
    ticked: bool
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came back: the moves of each patient ticked, by patient; `old`: some may not count."""

    moves: Mapping[int, tuple[Move, ...]]
    old: bool

    @property
    def all(self) -> list[Move]:
        """All moves, in the order of the page."""
        return [move for moves in self.moves.values() for move in moves]


@dataclass(slots=True, kw_only=True)
class Desk:
    """What stands on the screen; `rows` is None until an arrangement is asked for."""

    absence: Absence
    moment: datetime
    hits: Sequence[offers.Hit] = ()
    rows: Sequence[Row] | None = None
    error: str = ""
    lost: Sequence[str] = ()
    reasons: Sequence[refusing.Told] = ()
    others: rearranging.Others | None = None

    @property
    def acceptable(self) -> bool:
        """Tell whether there is anything to accept."""
        return any(row.token for row in self.rows or ())


def absence_view(request: HttpRequest, pk: int) -> HttpResponse:
    """List the visits hit, or with `?new=1` a new arrangement (GET); move what is ticked (POST)."""
    door.needs(request, WORK)
    absence = rearranging.absence_of(absence_id=pk, by=actor(request))
    desk = Desk(absence=absence, moment=now())
    if request.method == "POST":
        return _accept(request, desk)
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    if request.GET.get("new"):
        _fill(request, desk, {}, ticked=not request.GET.get("rest"))
    return _shown(request, desk)


def _fill(
    request: HttpRequest, desk: Desk, before: Mapping[int, tuple[Move, ...]], *, ticked: bool
) -> None:
    """Look for a new arrangement; what was read out `before` stays ticked where it still stands."""
    found = rearranging.propose(absence_id=desk.absence.pk, by=actor(request), now=desk.moment)
    lines = offers.lines(found, now=desk.moment, back=desk.absence.end)
    desk.rows = [
        Row(
            line=line,
            token=_token(line, desk.absence) if line.moves else "",
            ticked=before[line.patient.pk] == line.moves if line.patient.pk in before else ticked,
            changed=line.patient.pk in before and before[line.patient.pk] != line.moves,
        )
        for line in lines
    ]


def _token(line: offers.Line, absence: Absence) -> str:
    """Sign the moves, so that what comes back is what was shown, for this absence as it is."""
    said = [*_stretch(absence), line.patient.pk, offers.spelled(line.moves)]
    return signing.dumps(said, salt=SALT, compress=True)


def _stretch(absence: Absence) -> list[Any]:
    return [absence.pk, absence.start.isoformat(), absence.end.isoformat()]


def _sent(request: HttpRequest, absence: Absence) -> Sent:
    """Read what was ticked, or the one patient whose own button was pressed."""
    only = request.POST.get("only")
    moves, old = dict[int, tuple[Move, ...]](), False
    for token in [only] if only else request.POST.getlist("take"):
        try:
            *stretch, patient, rows = signing.loads(token, salt=SALT)
            if stretch == _stretch(absence):
                moves[patient] = offers.read(rows)
            # read first: what was shown too long ago still tells what was read out
            signing.loads(token, salt=SALT, max_age=SECONDS)
        except signing.BadSignature:
            old = True
        else:
            old = old or stretch != _stretch(absence)
    return Sent(moves=moves, old=old)


def _accept(request: HttpRequest, desk: Desk) -> HttpResponse:
    sent = _sent(request, desk.absence)
    moving = Appointment.objects.filter(pk__in=[move.visit_id for move in sent.all])
    starts = dict(moving.values_list("pk", "start"))
    try:
        if sent.old:
            raise StaleVersion(OLD)
        booked = rearranging.accept(moves=sent.all, by=actor(request), now=desk.moment)
    except NotFound:
        raise
    except ClinicError as error:
        return _lost(request, desk, sent, error)
    _tell(request, booked, starts)
    left = rearranging.affected(absence_id=desk.absence.pk, by=actor(request), now=desk.moment)
    # What is left was not ticked, or not read out yet: it comes back without ticks.
    query = "?new=1&rest=1" if left else ""
    return HttpResponseRedirect(address_of(desk.absence.pk) + query)


def _tell(request: HttpRequest, booked: Sequence[Booked], starts: Mapping[int, datetime]) -> None:
    """Say what was done, who hears of it by message, and what to mind."""
    visits = [each.appointment for each in booked]
    moved = "1 visit is" if len(visits) == 1 else f"{len(visits)} visits are"
    told = {visit.patient_id for visit in visits if visit.start != starts[visit.pk]}
    said = _messages(len(told), len({visit.patient_id for visit in visits}))
    messages.success(request, f"{moved} rearranged. {said}")
    for each in booked:
        for reason in each.advisories:
            said = f"{each.appointment.patient}: {reason.sentence} {reason.arithmetic}"
            messages.warning(request, said.strip())


def _messages(told: int, of: int) -> str:
    """Say how many patients are told: those whose time is another, once each."""
    if not told:
        return "No message goes out: the time stays as it was."
    if told < of:
        return f"{told} of {of} patients get one message; for the rest the time stays as it was."
    return (
        "The patient gets one message." if of == 1 else f"Each of {of} patients gets one message."
    )


def _lost(request: HttpRequest, desk: Desk, sent: Sent, error: ClinicError) -> HttpResponse:
    """Say whose place was lost and why, and show what can be had now; nothing was moved."""
    gone = [] if sent.old else rearranging.lost(moves=sent.all, error=error)
    desk.lost = list(dict.fromkeys(str(visit.patient) for visit in gone))
    if isinstance(error, Refused):
        desk.reasons = refusing.told(error.reasons)
    elif not desk.lost:
        desk.error = error.sentence
    _fill(request, desk, sent.moves, ticked=isinstance(error, Malformed))
    return _shown(request, desk, 409)


def _shown(request: HttpRequest, desk: Desk, status: int = 200) -> HttpResponse:
    by, absence = actor(request), desk.absence
    found = rearranging.affected(absence_id=absence.pk, by=by, now=desk.moment)
    desk.hits = offers.hits(found, now=desk.moment, back=absence.end)
    desk.others = rearranging.others(absence_id=absence.pk, by=by, now=desk.moment)
    clock = absences.clock_of(absence)
    zone = ZoneInfo(clock.zone if clock else "UTC")
    context = context_of(
        request,
        f"{absences.who(absence)}: {absence.get_cause_display()}, {absences.in_words(absence, zone)}",
        desk=desk,
        printed_at=wall(desk.moment, zone),
    )
    return render(request, "plans/desk/absence.html", context, status=status)


def address_of(absence_id: int) -> str:
    """Answer the address of an absence's visits."""
    return reverse("admin:plans_plan_absence", args=[absence_id])
