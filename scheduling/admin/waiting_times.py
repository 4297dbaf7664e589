"""“Free times”: what came free, who could have it in the stated order and why, and what is offered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from scheduling import protocols, waiting, walltime
from scheduling.core.ranking import ORDER
from scheduling.errors import ClinicError, Malformed, NotFound, Refused
from scheduling.models import Offer, Opening, Site, WaitingEntry
from scheduling.screens import door, refusing, times
from scheduling.screens.frame import actor, attempt, now
from scheduling.screens.waiting import Offered, open_offers, what_in_words, when_in_words
from scheduling.waiting import Gap, Look

LONGEST = timedelta(days=7)
"""A stretch that is looked at is no longer than what one screen can say."""


class StretchForm(forms.Form):
    """A stretch of free time at a site: hours that were added, or a gap somebody saw."""

    site = forms.ModelChoiceField(
        Site.objects.none(), empty_label=None, widget=UnfoldAdminSelectWidget
    )
    start = forms.CharField(
        label="From", widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"})
    )
    end = forms.CharField(
        label="Until", widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"})
    )

    def __init__(
        self, sites: QuerySet[Site], data: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        """Offer the sites of the user."""
        super().__init__(data, **more)
        field = self.fields["site"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = sites.filter(active=True)

    def clean(self) -> dict[str, Any]:
        """Read both ends on the site's clock."""
        said = super().clean() or self.cleaned_data
        if not {"site", "start", "end"} <= said.keys():
            return said
        for name in ("start", "end"):
            try:
                said[name] = walltime.instant_of(said[name], ZoneInfo(said["site"].zone))
            except Malformed as error:
                self.add_error(name, error.sentence)
        if not self.errors and not timedelta() < said["end"] - said["start"] <= LONGEST:
            self.add_error("end", "It ends after it begins, within seven days.")
        return said

    def gap(self) -> Gap:
        """Spell the stretch; the form must be valid."""
        said = self.cleaned_data
        return Gap(site_id=said["site"].pk, start=said["start"], end=said["end"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Somebody who waits, beside a free time."""

    look: Look
    what: str
    when: str
    start: times.Start | None
    against: tuple[refusing.Told, ...]


def times_view(request: HttpRequest) -> HttpResponse:
    """Show free times and offers (GET); offer one, withdraw one, or put a time aside (POST)."""
    door.needs(request, door.LOOK)
    moment = now()
    if request.method == "POST":
        door.needs(request, door.WORK)
        return _act(request, moment)
    sites = door.sites_of(request)
    opening = _opening(request, sites)
    form = _form(request, sites, opening)
    offers = open_offers(Offer.objects.filter(entry__site__in=sites), moment)
    facts: dict[str, Any] = {
        "form": form,
        "opening": opening,
        "order": ORDER,
        "offers": offers,
        "promised": _promised(offers, opening),
        "openings": _openings(sites, moment),
        "sites": sites.filter(active=True),
    }
    if form.is_bound and form.is_valid():
        facts |= _ranked(form.gap(), form.cleaned_data["site"], moment)
    context = door.context_of(request, "Free times", **facts)
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "scheduling/desk/free_times.html", context, status=status)


def _promised(offers: list[Offered], opening: Opening | None) -> Offered | None:
    """Answer who was offered a time that came free and has not said yes or no yet."""
    if opening is None:
        return None
    return next((each for each in offers if each.row.opening_id == opening.pk), None)


def _opening(request: HttpRequest, sites: QuerySet[Site]) -> Opening | None:
    if not request.GET.get("opening"):
        return None
    pk = door.whole(request.GET["opening"]) or 0
    found = Opening.objects.filter(pk=pk, site__in=sites).select_related("site").first()
    if found is None:
        raise Http404
    return found


def _form(request: HttpRequest, sites: QuerySet[Site], opening: Opening | None) -> StretchForm:
    if opening is not None:
        zone = ZoneInfo(opening.site.zone)
        ends = {
            name: f"{times.wall(at, zone):%Y-%m-%dT%H:%M}"
            for name, at in (("start", opening.start), ("end", opening.end))
        }
        return StretchForm(sites, {"site": opening.site_id, **ends})
    if request.GET.get("start"):
        return StretchForm(sites, request.GET)
    first = sites.filter(active=True).values_list("pk", flat=True).first()
    return StretchForm(sites, initial={"site": request.GET.get("site") or first})


def _openings(sites: QuerySet[Site], moment: datetime) -> list[dict[str, Any]]:
    rows = Opening.objects.filter(site__in=sites, closed_at=None, start__gt=moment)
    return [
        {
            "row": row,
            "start": times.wall(row.start, ZoneInfo(row.site.zone)),
            "end": times.wall(row.end, ZoneInfo(row.site.zone)),
        }
        for row in rows.select_related("site").order_by("start", "pk")[:50]
    ]


def _ranked(gap: Gap, site: Site, moment: datetime) -> dict[str, Any]:
    """Look at those who wait, in order; those who can have the time stand apart from those who cannot."""
    looks = waiting.survey(opening=gap, now=moment)
    zone = ZoneInfo(site.zone)
    titles = protocols.in_force().titles
    names = times.names_of([look.start for look in looks if look.start])
    lines = [
        Line(
            look=look,
            what=what_in_words(look.entry, titles),
            when=when_in_words(look.entry),
            start=times.button(look.start, zone, names) if look.start else None,
            against=refusing.told(look.reasons),
        )
        for look in looks
    ]
    waits = WaitingEntry.objects.filter(site=site, closed_at=None).count()
    return {
        "gap_site": site,
        "gap_from": times.wall(gap.start, zone),
        "gap_until": times.wall(gap.end, zone),
        "can": [line for line in lines if line.start],
        "cannot": [line for line in lines if not line.start],
        "unseen": waits - len(lines) if waits > len(lines) else 0,
    }


def _act(request: HttpRequest, moment: datetime) -> HttpResponse:
    acts = {"offer": _offer, "withdraw": _withdraw, "aside": _aside}
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    act(request, moment)
    return HttpResponseRedirect(request.get_full_path())


def _offer(request: HttpRequest, moment: datetime) -> None:
    entry = _number(request, "entry")
    rows = WaitingEntry.objects.filter(pk=entry, site__in=door.sites_of(request))
    row = rows.select_related("site", "patient").first()
    if row is None:
        raise Http404
    try:
        made = waiting.offer(
            entry_id=row.pk,
            start=door.start_in(request.POST.get("start", ""), row.site.zone),
            minutes=door.whole(request.POST.get("minutes")) or row.site.offer_minutes,
            opening_id=door.whole(request.POST.get("opening")),
            by=actor(request),
            now=moment,
        )
    except NotFound:
        raise
    except Refused as refused:
        against = [t.reason.sentence for t in refusing.of_error(refused, row.site).against]
        messages.error(request, " ".join(["Not offered.", *against]))
    except ClinicError as error:
        messages.error(request, error.sentence)
    else:
        until = times.wall(made.answer_by, ZoneInfo(row.site.zone))
        messages.success(request, f"Offered to {row.patient}, to be answered by {until:%H:%M}.")


def _withdraw(request: HttpRequest, moment: datetime) -> None:
    offer = _number(request, "offer")
    attempt(
        request,
        lambda: waiting.withdraw(offer_id=offer, by=actor(request), now=moment),
        "The offer is withdrawn. Who read the message already sees that on their page.",
    )


def _aside(request: HttpRequest, moment: datetime) -> None:
    opening = _number(request, "opening")
    attempt(
        request,
        lambda: waiting.put_aside(opening_id=opening, by=actor(request), now=moment),
        "This time is offered to nobody any more.",
    )


def _number(request: HttpRequest, name: str) -> int:
    found = door.whole(request.POST.get(name))
    if found is None:
        raise Http404
    return found
