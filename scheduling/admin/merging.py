"""Two records of one person: who looks like it, what joining them would do, and the joining."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from scheduling import merging, register
from scheduling.core.words import Actor
from scheduling.errors import ClinicError
from scheduling.models import Patient
from scheduling.screens import door
from scheduling.screens.frame import actor, attempt, now

MOVE = "scheduling.move_data"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of both, of which one stands."""

    name: str
    label: str
    stays: str
    goes: str
    taken: bool

    @property
    def differs(self) -> bool:
        """Tell whether there is anything to choose."""
        return self.stays != self.goes


def _enter(request: HttpRequest) -> Actor:
    door.needs(request, MOVE)
    by = actor(request)
    if by.sites is not None:
        raise Http404
    return by


def likely_view(request: HttpRequest) -> HttpResponse:
    """List who looks like one person entered twice (GET); say that two are two, or take it back."""
    by = _enter(request)
    if request.method == "POST":
        return _said(request, by)
    context = door.context_of(
        request, "Likely duplicates", pairs=merging.likely(), apart=merging.told_apart()
    )
    return render(request, "scheduling/desk/likely.html", context)


def _said(request: HttpRequest, by: Actor) -> HttpResponse:
    one, two, pair = (door.whole(request.POST.get(name)) or 0 for name in ("one", "two", "pair"))
    moment = now()
    match request.POST.get("step"):
        case "apart":
            attempt(
                request,
                lambda: merging.tell_apart(one=one, two=two, by=by, now=moment),
                "They are two people. You are not asked about them again.",
            )
        case "back":
            attempt(
                request,
                lambda: merging.take_back(pair_id=pair, by=by, now=moment),
                "Taken back.",
            )
        case _:
            raise Http404
    return HttpResponseRedirect(reverse("admin:scheduling_intake_likely"))


def merge_view(request: HttpRequest) -> HttpResponse:
    """Choose what stays (GET), see what joining would do (POST look), and join (POST join)."""
    by = _enter(request)
    said = request.POST if request.method == "POST" else request.GET
    stays, goes = (_patient(said.get(name)) for name in ("stays", "goes"))
    if stays is None or goes is None:
        raise Http404
    taking = frozenset(name for name in merging.CHOICES if said.get(f"take_{name}") == "goes")
    pair = merging.Pair(stays=stays.pk, goes=goes.pk, taking=taking)
    shown: merging.Outcome | None = None
    try:
        if request.method == "POST" and said.get("step") == "join":
            merging.merge(pair=pair, agreed=_agreed(said), by=by, now=now())
            messages.success(request, f"{stays} is one record now.")
            return HttpResponseRedirect(
                reverse("admin:scheduling_appointment_card", args=[stays.pk])
            )
        if request.method == "POST":
            shown = merging.preview(pair=pair, by=by, now=now())
    except ClinicError as error:
        messages.error(request, error.sentence)
    context = door.context_of(
        request,
        "Join two records of one person",
        stays=stays,
        goes=goes,
        unlike=_unlike(stays, goes),
        facts=[_fact(name, stays, goes, taking) for name in merging.CHOICES],
        shown=shown,
        taking=sorted(taking),
    )
    return render(request, "scheduling/desk/merge.html", context)


def _patient(said: str | None) -> Patient | None:
    pk = door.whole(said)
    return None if pk is None else Patient.objects.filter(pk=pk, provisional=False).first()


def _unlike(stays: Patient, goes: Patient) -> bool:
    """Tell whether nothing but somebody's choice speaks for one person."""
    same_name = register.fold(str(stays)) == register.fold(str(goes))
    return not same_name and (not stays.birth_date or stays.birth_date != goes.birth_date)


def _agreed(said: Any) -> merging.Agreed:
    versions = tuple(door.whole(said.get(f"{name}_version")) or 0 for name in ("stays", "goes"))
    return merging.Agreed(versions=(versions[0], versions[1]), seen=said.get("seen", ""))


def _fact(name: str, stays: Patient, goes: Patient, taking: frozenset[str]) -> Fact:
    label = str(Patient._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return Fact(name, label, _shown(stays, name), _shown(goes, name), name in taking)


def _shown(who: Patient, name: str) -> str:
    spelt = getattr(who, f"get_{name}_display", None)
    value = spelt() if spelt else getattr(who, name)
    return "" if value is None else str(value)
