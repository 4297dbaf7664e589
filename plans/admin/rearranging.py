"""An absence over booked visits: all of them listed by harm, arranged anew, and what is accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from plans import rearranging
from plans.admin.plans_door import WORK, context_of
from plans.rearranging import Affected, Move, Offer
from scheduling import catalogue
from scheduling.core.words import Held
from scheduling.errors import ClinicError, NotFound, Refused, StaleVersion
from scheduling.models import Absence, Appointment
from scheduling.screens import door, refusing
from scheduling.screens.frame import actor, now
from scheduling.screens.times import wall

SALT = "plans.rearranging"
SECONDS = 3600
"""How long an arrangement that is shown can be accepted; the verb asks the diary anew anyway."""

OLD = "This arrangement was shown too long ago. Here is what can be had now."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One visit that would move, on the site's clock; `struck`: the absence hits it itself."""

    visit: Appointment
    old: datetime
    new: datetime
    who: str
    struck: bool
    breaks_on: date | None

    @property
    def late(self) -> bool:
        """Tell whether the new date breaks what its plan allows."""
        return self.breaks_on is not None and self.new.date() > self.breaks_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is offered to one patient; `token` spells the moves for the form."""

    patient_id: int
    patient: str
    phone: str
    shifts: tuple[Shift, ...]
    stuck: tuple[Affected, ...]
    reasons: tuple[refusing.Told, ...]
    token: str


def absence_view(request: HttpRequest, pk: int) -> HttpResponse:
    """List the visits hit, or with `?new=1` a new arrangement (GET); move what is ticked (POST)."""
    door.needs(request, WORK)
    moment = now()
    hit = rearranging.affected(absence_id=pk, by=actor(request), now=moment)
    absence = Absence.objects.select_related("resource", "site").get(pk=pk)
    of = absence.resource.site_id if absence.resource else absence.site_id
    if of is not None and not actor(request).works_at(of):
        raise Http404
    if request.method == "POST":
        return _accept(request, absence, moment)
    lines = _lines(request, absence, moment) if request.GET.get("new") and hit else None
    return _shown(request, absence, hit, lines)


def _lines(request: HttpRequest, absence: Absence, moment: datetime) -> list[Line]:
    offers = rearranging.propose(absence_id=absence.pk, by=actor(request), now=moment)
    return [_line(offer, absence) for offer in offers]


def _line(offer: Offer, absence: Absence) -> Line:
    patient = offer.affected[0].visit.patient
    hit = {each.visit.pk: each for each in offer.affected}
    return Line(
        patient_id=patient.pk,
        patient=str(patient),
        phone=patient.phone.as_international if patient.phone else "",
        shifts=tuple(
            _shift(move, offer.visits[move.visit_id], hit.get(move.visit_id))
            for move in offer.moves
        ),
        stuck=() if offer.moves else offer.affected,
        reasons=refusing.told(offer.reasons),
        token=_spelt(offer.moves, absence) if offer.moves else "",
    )


def _shift(move: Move, visit: Appointment, hit: Affected | None) -> Shift:
    zone = ZoneInfo(visit.zone)
    known = catalogue.current().resources
    names = [known[held.resource_id].name for held in move.held if held.kind == "practitioner"]
    return Shift(
        visit=visit,
        old=wall(visit.start, zone),
        new=wall(move.start, zone),
        who=", ".join(names),
        struck=hit is not None,
        breaks_on=hit.breaks_on if hit else None,
    )


def _spelt(moves: Sequence[Move], absence: Absence) -> str:
    """Sign the moves, so that what comes back is what was shown."""
    rows = [
        [
            move.visit_id,
            move.version,
            move.start.isoformat(),
            [[held.resource_id, held.kind, held.start_q, held.end_q] for held in move.held],
        ]
        for move in moves
    ]
    return signing.dumps([absence.pk, rows], salt=SALT, compress=True)


def _read(tokens: Sequence[str], absence: Absence) -> list[Move]:
    """Read the moves that were ticked.

    Raises:
        StaleVersion: they were shown too long ago, or never.

    """
    moves = list[Move]()
    for token in tokens:
        try:
            pk, rows = signing.loads(token, salt=SALT, max_age=SECONDS)
        except signing.BadSignature as error:
            raise StaleVersion(OLD) from error
        if pk != absence.pk:
            raise StaleVersion(OLD)
        moves += [
            Move(
                visit_id=visit,
                version=version,
                start=datetime.fromisoformat(start),
                held=tuple(Held(*each) for each in held),
            )
            for visit, version, start, held in rows
        ]
    return moves


def _accept(request: HttpRequest, absence: Absence, moment: datetime) -> HttpResponse:
    try:
        moves = _read(request.POST.getlist("take"), absence)
        moved = rearranging.accept(moves=moves, by=actor(request), now=moment)
    except NotFound:
        raise
    except ClinicError as error:
        return _lost(request, absence, error, moment)
    patients = len({each.appointment.patient_id for each in moved})
    visits = "1 visit is" if len(moved) == 1 else f"{len(moved)} visits are"
    people = "The patient gets" if patients == 1 else f"Each of the {patients} patients gets"
    messages.success(request, f"{visits} moved. {people} one message.")
    return HttpResponseRedirect(address_of(absence.pk))


def _lost(
    request: HttpRequest, absence: Absence, error: ClinicError, moment: datetime
) -> HttpResponse:
    """Say what stood in the way, and show what can be had now; nothing was moved."""
    hit = rearranging.affected(absence_id=absence.pk, by=actor(request), now=moment)
    lines = _lines(request, absence, moment) if hit else []
    facts: dict[str, Any] = {"error": error.sentence}
    if isinstance(error, Refused):
        site = hit[0].visit.site if hit else door.sites_of(request)[0]
        facts = {"refusal": refusing.of_error(error, site)}
    return _shown(request, absence, hit, lines, 409, **facts)


def _shown(
    request: HttpRequest,
    absence: Absence,
    hit: Sequence[Affected],
    lines: Sequence[Line] | None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    who = absence.resource or absence.site
    facts = {"absence": absence, "hit": hit, "lines": lines, "asked": lines is not None, **more}
    context = context_of(request, f"{who} away: visits to arrange anew", **facts)
    return render(request, "plans/desk/absence.html", context, status=status)


def address_of(absence_id: int) -> str:
    """Answer the address of an absence's visits."""
    return reverse("admin:plans_plan_absence", args=[absence_id])
