"""“New plan”: choose a template for a patient, then what this patient needs and wishes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from plans import planning
from plans.admin.plans_door import MAKE, context_of, page_of
from plans.admin.plans_lines import TIMES, WEEKDAYS
from plans.models import PlanTemplate, TemplateStep
from plans.picture import words
from plans.planning import Draft
from scheduling import protocols
from scheduling.errors import ClinicError, NotFound, Refused
from scheduling.models import Patient, Site
from scheduling.screens import door, refusing, whom
from scheduling.screens.frame import OfferingForm, actor, now
from scheduling.screens.once import once
from scheduling.screens.skin import DEPTHS, SIZES
from scheduling.screens.whom import WhomField

AREAS = ("area", "area_too", "area_also")
STRETCHES = ("1", "2", "3")
LONGEST_AWAY = 366
"""Days of one absence; more than that is a slip of the pen."""


def _day(label: str) -> forms.DateField:
    widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
    return forms.DateField(required=False, label=label, widget=widget)


def _select(label: str, choices: list[tuple[str, str]] | None = None) -> forms.ChoiceField:
    return forms.ChoiceField(
        required=False, label=label, choices=choices or [], widget=UnfoldAdminSelectWidget
    )


class StartForm(OfferingForm):
    """What one patient's plan is: where on the skin, where, when, with whom."""

    area, area_too, area_also = _select("Area"), _select("and"), _select("and")
    size, depth = _select("Size", SIZES), _select("Depth", DEPTHS)
    indication = _select("Because of")
    site = forms.ModelChoiceField(
        queryset=Site.objects.none(), empty_label=None, widget=UnfoldAdminSelectWidget
    )
    practitioner = WhomField(required=False, empty_label="anyone", label="Rather with")
    weekdays = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        choices=[(str(n), name[:3]) for n, name in enumerate(WEEKDAYS)],
        label="Rather on",
        widget=forms.CheckboxSelectMultiple,
    )
    times = forms.MultipleChoiceField(
        required=False,
        choices=list(TIMES.items()),
        label="Rather",
        widget=forms.CheckboxSelectMultiple,
    )
    other_times = forms.CharField(
        required=False,
        max_length=60,
        label="or between",
        help_text="such as 09:30-11:00; several with a comma",
        widget=UnfoldAdminTextInputWidget,
    )
    not_before, not_after = _day("Not before"), _day("Not after")
    away_1_first, away_1_last = _day("Away from"), _day("until")
    away_2_first, away_2_last = _day("Away from"), _day("until")
    away_3_first, away_3_last = _day("Away from"), _day("until")
    paid_sessions = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=200,
        label="Sessions paid",
        help_text="as your till says; shown only",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    left_out = forms.TypedMultipleChoiceField(
        required=False, coerce=int, label="Leave out", widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, template: PlanTemplate, sites: QuerySet[Site], data: QueryDict | None = None
    ) -> None:
        """Offer what the clinic has today, at the sites of the user."""
        super().__init__(data, initial={"indication": template.indication})
        self.template = template
        self.offer("site", sites.filter(active=True))
        whom.offer(self, sites.filter(active=True), self["site"].value())
        areas = protocols.area_choices()
        for name in AREAS:
            self.choices(name, [("", "not said" if name == "area" else "nothing else"), *areas])
        self.choices("indication", [("", "not said"), *protocols.indication_choices()])
        optional = [step for step in template.steps.all() if step.optional]
        self.choices("left_out", [(str(step.pk), step.name) for step in optional])

    @property
    def stretches(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Pair the fields of each absence."""
        return [(self[f"away_{n}_first"], self[f"away_{n}_last"]) for n in STRETCHES]

    def clean(self) -> dict[str, Any]:
        """Ask for dates in order."""
        clean = super().clean() or self.cleaned_data
        pairs = [("not_before", "not_after")]
        pairs += [(f"away_{n}_first", f"away_{n}_last") for n in STRETCHES]
        for first, last in pairs:
            low, high = clean.get(first), clean.get(last)
            if low and high and high < low:
                self.add_error(last, "This lies before the first date.")
        for n in STRETCHES:
            low, high = clean.get(f"away_{n}_first"), clean.get(f"away_{n}_last")
            if low and high and (high - low).days > LONGEST_AWAY:
                self.add_error(f"away_{n}_last", "This is more than a year; is it a slip?")
            if high and not low:
                self.add_error(f"away_{n}_first", "Say from when.")
        return clean

    def draft(self, patient: Patient) -> Draft:
        """Spell the form for the verb; it must be valid."""
        clean = self.cleaned_data
        practitioner = clean["practitioner"]
        typed = (each.strip() for each in clean["other_times"].split(","))
        return Draft(
            template_id=self.template.pk,
            patient_id=patient.pk,
            site_id=clean["site"].pk,
            areas=tuple(dict.fromkeys(clean[name] for name in AREAS if clean[name])),
            size=clean["size"],
            depth=clean["depth"],
            indication=clean["indication"],
            weekdays=tuple(sorted(clean["weekdays"])),
            times=(*clean["times"], *filter(None, typed)),
            practitioner_id=practitioner.pk if practitioner else None,
            not_before=clean["not_before"],
            not_after=clean["not_after"],
            blocked=tuple(sorted(set(self._away()))),
            paid_sessions=clean["paid_sessions"],
            steps_left_out=tuple(clean["left_out"]),
        )

    def _away(self) -> Iterator[date]:
        for n in STRETCHES:
            first = self.cleaned_data[f"away_{n}_first"]
            last = self.cleaned_data[f"away_{n}_last"] or first
            if first:
                yield from (first + timedelta(days=n) for n in range((last - first).days + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """A step of a template in words."""

    name: str
    times: int
    optional: bool
    lags: tuple[str, ...]


@once
def start_view(request: HttpRequest) -> HttpResponse:
    """Show the templates, then the form of the chosen one (GET), or make the plan (POST)."""
    door.needs(request, MAKE)
    if not request.GET.get("patient"):
        messages.info(request, "Choose the patient; their page has “New plan”.")
        return HttpResponseRedirect(reverse("admin:scheduling_patient_changelist"))
    patient = _patient(request)
    if not request.GET.get("template"):
        return _templates(request, patient)
    template = _template(request)
    sites = door.sites_of(request)
    if request.method != "POST":
        return _shown(request, patient, StartForm(template, sites))
    return _start(request, patient, StartForm(template, sites, request.POST))


def _patient(request: HttpRequest) -> Patient:
    found = Patient.objects.filter(pk=door.whole(request.GET.get("patient")) or 0).first()
    if found is None:
        raise Http404
    return found


def _active() -> QuerySet[PlanTemplate]:
    lags = ("steps__treatment", "steps__lags__after")
    return PlanTemplate.objects.filter(active=True).prefetch_related(*lags)


def _template(request: HttpRequest) -> PlanTemplate:
    found = _active().filter(pk=door.whole(request.GET.get("template")) or 0).first()
    if found is None:
        raise Http404
    return found


def _templates(request: HttpRequest, patient: Patient) -> HttpResponse:
    templates = [{"row": row, "steps": steps_of(row)} for row in _active()]
    context = context_of(request, f"New plan for {patient}", patient=patient, templates=templates)
    return render(request, "plans/desk/templates.html", context)


def steps_of(template: PlanTemplate) -> list[StepLine]:
    """Put a template's steps into words."""
    return [
        StepLine(
            name=step.name,
            times=step.repeat,
            optional=step.optional,
            lags=tuple(_gap(step, lag) for lag in step.lags.all()),
        )
        for step in template.steps.all()
    ]


def _gap(step: TemplateStep, lag: Any) -> str:
    if lag.after_id == step.pk:
        return words.gap(lag, "apart")
    return words.gap(lag, f"after {lag.after.name}")


def _start(request: HttpRequest, patient: Patient, form: StartForm) -> HttpResponse:
    if not form.is_valid():
        return _shown(request, patient, form, 400)
    try:
        plan = planning.start(draft=form.draft(patient), by=actor(request), now=now())
    except Refused as refused:
        refusal = refusing.of_error(refused, form.cleaned_data["site"])
        return _shown(request, patient, form, 409, refusal=refusal)
    except NotFound:
        raise
    except ClinicError as error:
        return _shown(request, patient, form, 400, error=error.sentence)
    messages.success(request, f"{plan.name} is planned for {patient}. Now propose the dates.")
    return HttpResponseRedirect(page_of(plan.pk))


def _shown(
    request: HttpRequest, patient: Patient, form: StartForm, status: int = 200, **more: Any
) -> HttpResponse:
    template = form.template
    context = context_of(
        request,
        f"New plan for {patient}: {template.name}",
        patient=patient,
        template=template,
        steps=steps_of(template),
        form=form,
        **more,
    )
    return render(request, "plans/desk/new.html", context, status=status)
