"""The status board: who is expected, in the house, done; one press moves a visit on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import conditional_escape
from unfold.widgets import UnfoldAdminSelectWidget

from scheduling.admin import signs
from scheduling.admin.first import needed_first
from scheduling.admin.steps import STALE, STEPS, asks_consent
from scheduling.errors import ClinicError, NotFound, Refused, StaleVersion
from scheduling.flow import board
from scheduling.flow.board import Card
from scheduling.flow.standing import Place
from scheduling.models import Appointment, Room, Site
from scheduling.screens import door, refusing, whom
from scheduling.screens.frame import actor, now
from scheduling.screens.once import answered
from scheduling.screens.whom import WhomField

WORDS: Mapping[str, str] = {
    "arrive": "Arrived",
    "check-in": "Check in",
    "numbing": "Numbing",
    "treatment": "Treatment",
    "complete": "Done",
    "left": "Left",
    "no-show": "Did not come",
}
"""The board's steps, as their buttons say them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A card as it is drawn, spelled once: the template only places it, two hundred times.

    Steps are (step, word, address), stamps (when, what, who); `page` is the visit's own.
    """

    card: Card
    patient: str
    page: str
    steps: tuple[tuple[str, str, str], ...]
    stamps: tuple[tuple[str, str, str], ...]


def _in_words(cards: list[Card]) -> list[Shown]:
    # an address is spelled once and not for each card: reversing took a tenth of the page
    page = reverse("admin:scheduling_appointment_change", args=[0]).rpartition("0")
    step = reverse("admin:scheduling_appointment_board_step", args=[0, "step"]).rpartition("0/step")
    return [
        Shown(
            card,
            str(card.visit.patient),
            f"{page[0]}{card.visit.pk}{page[2]}",
            tuple(
                (word, WORDS[word], f"{step[0]}{card.visit.pk}/{word}{step[2]}")
                for word in card.steps
            ),
            tuple((f"{s.at:%H:%M}", signs.VERBS[s.verb], s.by) for s in card.stamps),
        )
        for card in cards
    ]


class BoardForm(forms.Form):
    """The filters of the board."""

    site = forms.ModelChoiceField(
        queryset=Site.objects.none(), empty_label=None, required=False,
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    practitioner = WhomField(required=False, empty_label="everyone")
    room = forms.ModelChoiceField(
        queryset=Room.objects.none(), required=False, empty_label="all",
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip

    def __init__(self, sites: QuerySet[Site], data: Mapping[str, Any]) -> None:
        """Offer the sites of the user and their rooms."""
        super().__init__(data)
        here = sites.filter(active=True)
        for name, rows in (
            ("site", here),
            ("room", Room.objects.filter(site__in=sites, active=True)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = rows
        # read once: a field of rows asks anew for each time that it is drawn
        self.fields["site"].choices = [(site.pk, str(site)) for site in here]  # type: ignore[attr-defined]
        whom.offer(self, here, data.get("site") or whom.FIRST)


def board_view(request: HttpRequest) -> HttpResponse:
    """Show the board of one site, today."""
    door.needs(request, door.LOOK)
    return _shown(request, request.GET, now())


def _shown(
    request: HttpRequest,
    data: QueryDict,
    moment: datetime,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    form = BoardForm(door.sites_of(request), data.dict())
    form.is_valid()
    site = form.cleaned_data.get("site") or door.sites_of(request).filter(active=True).first()
    if site is None:
        context = door.context_of(request, "Status board", form=form, site=None)
        return render(request, "scheduling/desk/board.html", context)
    form.data = {**form.data, "site": site.pk}
    day = today_at(site, moment)
    clean = form.cleaned_data
    only = [row.pk for name in ("practitioner", "room") if (row := clean.get(name))]
    cards = board.cards(board.day_of(site_id=site.pk, day=day, resources=only), moment)
    found = _in_words(cards)
    context = door.context_of(
        request,
        f"Status board: {site}",
        form=form,
        site=site,
        day=day,
        now=moment,
        columns=[(p, [each for each in found if each.card.place is p]) for p in Place],
        count=len(found),
        filtered=bool(only),
        pulse=board.pulse(site_id=site.pk, day=day),
        here=conditional_escape(
            f"{reverse('admin:scheduling_appointment_board')}?{data.urlencode()}"
        ),
        **more,
    )
    return render(request, "scheduling/desk/board.html", context, status=status)


def today_at(site: Site, moment: datetime) -> date:
    """Read the date on a site's calendar."""
    return moment.astimezone(ZoneInfo(site.zone)).date()


def pulse_view(request: HttpRequest) -> HttpResponse:
    """Tell whether anything of a site's day has changed: one query, asked every few seconds."""
    door.needs(request, door.LOOK)
    site = door.sites_of(request).filter(pk=door.whole(request.GET.get("site")) or 0).first()
    if site is None:
        raise Http404
    day = today_at(site, now())
    return JsonResponse({"pulse": board.pulse(site_id=site.pk, day=day)})


def step_view(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Move one visit on, by POST only, and come back to the board."""
    door.needs(request, door.WORK)
    row = door.visit_of(request, pk)
    if step not in WORDS and step != "consent":
        raise Http404
    if step == "consent":  # a record more, that no version of the visit keeps from coming twice
        return answered(request, lambda: _stepped(request, row, step))
    return _stepped(request, row, step)


def _stepped(request: HttpRequest, row: Appointment, step: str) -> HttpResponse:
    back = door.back_of(
        request, f"{reverse('admin:scheduling_appointment_board')}?site={row.site_id}"
    )
    if request.method == "POST":
        moment = now()
        try:
            messages.success(request, _taken(request, row, step, moment))
        except Refused as refused:
            return _refused(request, row, refused, moment, back)
        except StaleVersion:
            messages.warning(request, STALE)
        except NotFound:
            raise
        except ClinicError as error:
            # a consent may stand though nobody was let in: the same press must not write another
            say = messages.warning if step == "consent" else messages.error
            say(request, error.sentence)
    return HttpResponseRedirect(back)


def _taken(request: HttpRequest, row: Appointment, step: str, moment: datetime) -> str:
    """Do the step; a consent that is given at the desk lets the patient through at once."""
    by = actor(request)
    if step == "consent":
        STEPS["consent"](request, row, by, moment)
        return f"Consent is recorded. {STEPS['check-in'](request, row, by, moment)}"
    return STEPS[step](request, row, by, moment)


def _refused(
    request: HttpRequest, row: Appointment, refused: Refused, moment: datetime, back: str
) -> HttpResponse:
    """Show on the board itself what stands against checking in, and what is to be done."""
    refusal = refusing.of_error(refused, row.site)
    return _shown(
        request,
        QueryDict(urlsplit(back).query),
        moment,
        409,
        refusal=refusal,
        visit=row,
        posted=request.POST,
        asks_consent=asks_consent(refusal),
        first_needed=needed_first(refusal.codes),
        back=back,
    )
