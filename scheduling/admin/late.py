"""Running late: every consequence on one page, then all of it at one press, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from scheduling.booking import Move
from scheduling.errors import ClinicError, NotFound, Refused, StaleVersion
from scheduling.flow import late
from scheduling.flow.late import Consequence
from scheduling.models import Appointment, Site
from scheduling.screens import door, refusing, whom
from scheduling.screens.frame import actor, now
from scheduling.screens.times import wall
from scheduling.screens.whom import WhomField

SALT = "scheduling.late"
SECONDS = 900
"""How long a shift that is shown can be done; the verb asks the diary anew anyway."""

OLD = (
    "Somebody changed a visit since this was shown, or it was shown too long ago. "
    "Nothing was moved. This is how it stands now: please look, and press again."
)


class LateForm(forms.Form):
    """Who is late, where, and by how much."""

    site = forms.ModelChoiceField(
        queryset=Site.objects.none(), empty_label=None, widget=UnfoldAdminSelectWidget
    )
    practitioner = WhomField(empty_label="Choose who is late")
    minutes = forms.IntegerField(
        min_value=5, max_value=late.MOST, step_size=5, widget=UnfoldAdminIntegerFieldWidget
    )

    def __init__(self, sites: QuerySet[Site], data: Mapping[str, Any]) -> None:
        """Offer the sites of the user; the first one where none is named."""
        here = sites.filter(active=True)
        first = here.first()
        super().__init__({**data, "site": data.get("site") or (first.pk if first else "")})
        field = self.fields["site"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = here
        whom.offer(self, here, self["site"].value())


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One visit on the page, times naive on the site's clock; `token` is its signed move."""

    each: Consequence
    old: datetime
    new: datetime
    told: tuple[refusing.Told, ...]
    token: str
    ticked: bool


def late_view(request: HttpRequest) -> HttpResponse:
    """Show what a delay would mean (GET), or move on what was shown and ticked (POST)."""
    door.needs(request, door.WORK)
    form = LateForm(door.sites_of(request), request.GET.dict())
    moment = now()
    if request.method == "POST" and form.is_valid():
        return _shift(request, form, moment)
    return _shown(request, form, moment, 400 if request.method == "POST" else 200)


def _shift(request: HttpRequest, form: LateForm, moment: datetime) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()
    try:
        moves = [_read(token) for token in request.POST.getlist("take")]
        moved = late.shift(moves=moves, reason=reason, by=actor(request), now=moment)
    except (StaleVersion, signing.BadSignature):
        return _shown(request, form, moment, 409, error=OLD)
    except NotFound:
        raise
    except Refused as refused:
        return _shown(request, form, moment, 409, **_lost(refused, moves))
    except ClinicError as error:
        return _shown(request, form, moment, 400, error=error.sentence)
    patients = len({each.appointment.patient_id for each in moved})
    messages.success(
        request,
        f"{len(moved)} visit{'s' * (len(moved) > 1)} moved on."
        f" {'The patient gets' if patients == 1 else f'Each of {patients} patients gets'}"
        " one message.",
    )
    for each in moved:
        for advisory in each.advisories:
            said = f"{each.appointment.patient}: {advisory.sentence} {advisory.arithmetic}"
            messages.warning(request, said.strip())
    board = reverse("admin:scheduling_appointment_board")
    return HttpResponseRedirect(f"{board}?site={form.cleaned_data['site'].pk}")


def _lost(refused: Refused, moves: list[Move]) -> dict[str, Any]:
    """Say which visit stopped it and why; nothing was moved."""
    at = refused.facts.get("ask")
    lost = None
    if at is not None:
        lost = Appointment.objects.select_related("patient").get(pk=moves[at].visit_id)
    return {"lost": lost, "reasons": refusing.told(refused.reasons)}


def _shown(
    request: HttpRequest, form: LateForm, moment: datetime, status: int = 200, **more: Any
) -> HttpResponse:
    rows: list[Row] | None = None
    may = request.user.has_perm(door.OVERRIDE)
    if form.is_valid():
        clean = form.cleaned_data
        try:
            found = late.preview(
                practitioner_id=clean["practitioner"].pk,
                site_id=clean["site"].pk,
                minutes=clean["minutes"],
                by=actor(request),
                now=moment,
            )
            rows = [_row(each) for each in found]
        except NotFound:
            raise
        except ClinicError as error:
            more["error"] = error.sentence
    context = door.context_of(
        request,
        "Running late",
        form=form,
        rows=rows,
        asked=bool(request.GET.get("minutes")),
        step=form.cleaned_data["site"].step_minutes if form.is_valid() else 15,
        fitting=_fitting(form) if rows else (),
        overridable=any(row.token and not row.ticked for row in rows or ()),
        doable=any(row.token and (row.ticked or may) for row in rows or ()),
        posted=request.POST,
        **more,
    )
    return render(request, "scheduling/desk/late.html", context, status=status)


def _fitting(form: LateForm) -> tuple[int, ...]:
    """Answer the delays around what was asked that keep to the site's step, where that does not."""
    minutes, step = form.cleaned_data["minutes"], form.cleaned_data["site"].step_minutes
    below = minutes // step * step
    if below == minutes:
        return ()
    return tuple(each for each in (below, below + step) if 0 < each <= late.MOST)


def _row(each: Consequence) -> Row:
    zone = ZoneInfo(each.visit.zone)
    return Row(
        each=each,
        old=wall(each.visit.start, zone),
        new=wall(each.new, zone),
        told=refusing.told(each.reasons),
        token=_token(each.move) if each.move else "",
        ticked=each.free,
    )


def _token(move: Move) -> str:
    """Sign a move, so that what comes back is what was shown."""
    return signing.dumps(move.spelled(), salt=SALT, compress=True)


def _read(token: str) -> Move:
    return Move.read(signing.loads(token, salt=SALT, max_age=SECONDS))
