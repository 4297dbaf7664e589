"""What the booking panel asks while it is filled in: who, which starts, and why not this one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_GET

from scheduling import catalogue, diary
from scheduling.admin import finder
from scheduling.admin.calendar.asking import Days, days_of, kind_of, site_of
from scheduling.admin.calendar.spelling import clock, moment_in_words
from scheduling.admin.chosen import look_at
from scheduling.admin.wanted import WantedForm
from scheduling.catalogue import Thing
from scheduling.core.hours import day_start
from scheduling.core.words import Wish
from scheduling.errors import ClinicError, Malformed, NotFound
from scheduling.models import Patient, Resource, Site
from scheduling.screens import door, refusing
from scheduling.screens.frame import now
from scheduling.screens.times import wall

SHORTEST = 2
"""Letters from which a search is of use."""


@require_GET
def patients_view(request: HttpRequest) -> HttpResponse:
    """Find patients by any of name, phone and birth date, misspelt names too."""
    door.needs(request, door.WORK)
    text = request.GET.get("q", "")
    found = finder.look_for(text) if len(text.strip()) >= SHORTEST else None
    rows = found.patients if found else ()
    return JsonResponse(
        {
            "patients": [_person(patient) for patient in rows],
            "more": bool(found and found.more),
            "alike": bool(found and found.alike),
            "new": reverse("admin:scheduling_patient_add"),
        }
    )


def _person(patient: Patient) -> dict[str, Any]:
    born = patient.birth_date
    return {
        "id": patient.pk,
        "name": str(patient),
        "born": f"{born.day} {born:%b %Y}" if born else "birth date missing",
        "phone": str(patient.phone) if patient.phone else patient.email,
    }


@require_GET
def starts_view(request: HttpRequest) -> HttpResponse:
    """Answer for each column the stretches in which a visit may start, as booking would decide."""
    door.needs(request, door.WORK)
    days = days_of(request)
    wish, moment = wish_in(request), now()
    ground = catalogue.current()
    starts: dict[int, list[tuple[str, str]]] = {}
    hidden: list[dict[str, str]] = []
    for thing in ground.resources.values():
        if thing.kind != days.kind or not (thing.active and thing.works_at(days.site.id)):
            continue
        try:
            free = diary.free_starts(
                wish=held_by(wish, thing), first=days.first, last=days.last, now=moment
            )
        except ClinicError:  # the treatment has no need for such a thing
            continue
        runs = _runs(free.quanta.tolist(), days.site.step_minutes // 5)
        starts[thing.id] = [(clock(a, days.site.tz), clock(b, days.site.tz)) for a, b in runs]
    if not any(starts.values()):
        hidden = _hidden(wish, days.first, days.last)
    offer = ground.treatment(wish.treatment_id)
    return JsonResponse(
        {
            "starts": starts,
            "hidden": hidden,
            "earliest": None if any(starts.values()) else _earliest(wish, days, moment),
            "minutes": wish.minutes or offer.minutes_default,
        }
    )


def _earliest(wish: Wish, days: Days, moment: datetime) -> dict[str, str] | None:
    """Name the first start from these days on, so that nobody pages from day to day for it."""
    after = day_start(days.first, days.site.tz)
    found = diary.earliest_start(wish=wish, after=after, now=moment)
    if found is None:
        return None
    start = wall(found.start, days.site.tz)
    return {"start": start.isoformat(timespec="minutes"), "when": moment_in_words(start)}


def _runs(quanta: list[int], step_q: int) -> Iterator[tuple[int, int]]:
    """Join starts that follow each other step by step; a run ends a step after its last start."""
    first = last = None
    for quantum in quanta:
        if first is None or last is None or quantum != last + step_q:
            if first is not None and last is not None:
                yield first, last + step_q
            first = quantum
        last = quantum
    if first is not None and last is not None:
        yield first, last + step_q


def _hidden(wish: Wish, first: date, last: date) -> list[dict[str, str]]:
    """Say of each day without any start why."""
    days = diary.free_starts(wish=wish, first=first, last=last, now=now()).hidden
    return [
        {"date": day.date.isoformat(), "words": day.reasons[0].sentence}
        for day in days
        if day.reasons
    ]


@require_GET
def why_view(request: HttpRequest) -> HttpResponse:
    """Say of one start in one column whether it would do, and what speaks against it."""
    door.needs(request, door.WORK)
    site = Site.objects.get(pk=site_of(request).id)
    thing = column_of(request.GET.get("column"), site.pk, kind_of(request))
    wish = wish_in(request)
    start = door.start_in(request.GET.get("start", ""), site.zone)
    seen = look_at(wish=held_by(wish, thing) if thing else wish, start=start, now=now())
    told = {
        "start": seen.iso,
        "when": moment_in_words(seen.start),
        "who": seen.who,
        "where": seen.rest,
        "minutes": seen.minutes,
        "arrive": f"{seen.arrive:%H:%M}" if seen.arrive != seen.start else "",
        "cautions": [each.reason.sentence for each in seen.cautions],
        "refusal": refusal_in(seen.refusal),
        "override": "",
    }
    may = seen.refusal and seen.refusal.overridable and request.user.has_perm(door.OVERRIDE)
    if may and wish.patient_id is not None:
        told["override"] = booking_screen(request.GET)
    return JsonResponse(told)


def booking_screen(asked: QueryDict) -> str:
    """Write the address of the booking screen with what the panel holds."""
    data = asked.copy()
    if data.get("by") == Resource.Kind.PRACTITIONER and data.get("column"):
        data["practitioner"] = str(data["column"])
    for name in ("csrfmiddlewaretoken", "by", "column"):
        data.pop(name, None)
    return f"{reverse('admin:scheduling_appointment_book')}?{data.urlencode()}"


def refusal_in(refusal: refusing.Refusal | None) -> dict[str, Any] | None:
    """Spell a refusal for the screen: every reason with its sum and source, and the earliest."""
    if refusal is None:
        return None
    earliest = refusal.earliest
    return {
        "reasons": [
            {
                "sentence": told.reason.sentence,
                "sum": told.reason.arithmetic,
                "source": told.reason.source,
                "strength": told.strength,
            }
            for told in refusal.against
        ],
        "overridable": refusal.overridable,
        "earliest": earliest
        and refusal.earliest_day
        and {
            "start": earliest.iso,
            "when": moment_in_words(refusal.earliest_day),
            "who": earliest.who,
        },
    }


def wish_in(request: HttpRequest) -> Wish:
    """Read what the panel wants, by the booking screen's own form; nobody may be chosen yet.

    Raises:
        Malformed: something is missing or unknown.
        NotFound: there is no such patient.

    """
    data = request.GET if request.method == "GET" else request.POST
    form = WantedForm(door.sites_of(request), data)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Malformed(f"{form.fields[field].label or field}: {errors[0]}", field=str(field))
    patient = door.whole(data.get("patient"))
    known = Patient.objects.filter(pk=patient or 0, provisional=False)
    if patient is not None and not known.exists():
        raise NotFound
    return replace(form.wish(0), patient_id=patient)


def held_by(wish: Wish, thing: Thing) -> Wish:
    """Ask for the visit with one practitioner, in one room or on one device."""
    if thing.kind == Resource.Kind.PRACTITIONER:
        return replace(wish, practitioner_id=thing.id)
    return replace(wish, resources={**wish.resources, thing.kind: (thing.id,)})


def column_of(text: str | None, site_id: int, kind: str) -> Thing | None:
    """Read which column is meant; None for the one of visits that hold nothing of the kind.

    Raises:
        NotFound: the site has no such column.

    """
    pk = door.whole(text)
    if not pk:
        return None
    thing = catalogue.current().resources.get(pk)
    if thing is None or thing.kind != kind or not thing.works_at(site_id):
        raise NotFound
    return thing
