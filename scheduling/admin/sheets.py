"""Day sheets: the day of each practitioner and each room, to print or to take along as a file."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from scheduling.admin.board import today_at
from scheduling.flow import keeping, sheets
from scheduling.models import Practitioner, Room, Site
from scheduling.screens import door, whom
from scheduling.screens.frame import now


class SheetForm(forms.Form):
    """Which sheets."""

    site = forms.ModelChoiceField(
        queryset=Site.objects.none(), empty_label=None, required=False,
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    date = forms.CharField(
        required=False, widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
    only = forms.ChoiceField(required=False, label="For", widget=UnfoldAdminSelectWidget)

    def __init__(self, sites: QuerySet[Site], data: Mapping[str, Any]) -> None:
        """Offer the user's sites, and each practitioner and room of the one on screen."""
        super().__init__(data)
        site, only = self.fields["site"], self.fields["only"]
        assert isinstance(site, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        assert isinstance(only, forms.ChoiceField)  # noqa: S101 - for the type checker
        site.queryset = sites.filter(active=True)
        here = list(site.queryset.values_list("pk", flat=True))
        wanted = door.whole(data.get("site"))
        at = [wanted] if wanted in here else here[:1]
        people = Practitioner.objects.filter(pk__in=whom.working_at(at))
        rooms = Room.objects.filter(site__in=at, active=True)
        only.choices = [
            ("", "all"),
            ("practitioner", "each practitioner"),
            ("room", "each room"),
            *((str(r.pk), r.name) for r in people),
            *((str(r.pk), r.name) for r in rooms),
        ]


def sheets_view(request: HttpRequest) -> HttpResponse:
    """Show the sheets of one site and one day as they print."""
    door.needs(request, door.LOOK)
    form = SheetForm(door.sites_of(request), request.GET.dict())
    form.is_valid()
    clean = form.cleaned_data
    site = clean.get("site") or door.sites_of(request).filter(active=True).first()
    if site is None:
        context = door.context_of(request, "Day sheets", form=form, sheet=None)
        return render(request, "scheduling/desk/sheets.html", context)
    moment = now()
    today = today_at(site, moment)
    day = door.day_in(clean.get("date")) or today
    # The fields show what is on screen, also where the address left it open.
    form.data = {**form.data, "site": site.pk, "date": day.isoformat()}
    found = sheets.sheet(site=site, day=day, now=moment, only=clean.get("only", ""))
    context = door.context_of(
        request, "Day sheets", form=form, sheet=found, tomorrow=today + timedelta(days=1)
    )
    return render(request, "scheduling/desk/sheets.html", context)


def file_view(request: HttpRequest) -> HttpResponse:
    """Hand out a site's day as the file that is kept each evening: it opens without a network."""
    door.needs(request, door.LOOK)
    site = door.sites_of(request).filter(pk=door.whole(request.GET.get("site")) or 0).first()
    if site is None:
        raise Http404
    moment = now()
    wanted = request.GET.get("date")
    day = door.day_in(wanted) if wanted else today_at(site, moment)
    if day is None:  # a paper of another day than was asked for misleads
        raise Http404
    text = keeping.html(sheets.sheet(site=site, day=day, now=moment))
    name = f"{keeping.place_of(site)}-{day:%Y-%m-%d}.html"
    answer = HttpResponse(text, content_type="text/html; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
