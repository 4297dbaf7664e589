"""Forms for a template: itself, its steps, and the lags between them; read into a draft."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import zip_longest
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.http import QueryDict
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from plans.core.course import Unit
from plans.templates import Draft, LagDraft, StepDraft, sentences
from scheduling import protocols
from scheduling.models import Treatment
from scheduling.screens.refusing import Told

ANY = ("", "the plan’s")
SIZES = (ANY, ("small", "small"), ("face", "as large as a face"), ("large", "large"))
DEPTHS = (ANY, ("superficial", "superficial"), ("deep", "deep"))
SURENESS = (
    ("", "not said"),
    ("A", "A: law, label, trial or consensus"),
    ("B", "B: reviewed study or large hospital"),
    ("C", "C: one clinic or expert (weak)"),
    ("D", "D: no source found (weak)"),
)
SPARE = 2
"""Empty rows below those that are there."""

MOST_ROWS = 60


def whole(least: int = 0, **facts: Any) -> forms.IntegerField:
    """Make a field for a whole number."""
    return forms.IntegerField(
        min_value=least, max_value=32_767, widget=UnfoldAdminIntegerFieldWidget, **facts
    )


def line(longest: int, **facts: Any) -> forms.CharField:
    """Make a field for a line of text."""
    return forms.CharField(max_length=longest, widget=UnfoldAdminTextInputWidget, **facts)


def choice(choices: Any, **facts: Any) -> forms.ChoiceField:
    """Make a picker."""
    return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget, **facts)


def words(rows: int, **facts: Any) -> forms.CharField:
    """Make a field for some sentences."""
    widget = UnfoldAdminTextareaWidget(attrs={"rows": rows})
    return forms.CharField(max_length=4000, widget=widget, required=False, **facts)


class TemplateForm(forms.Form):
    """The template itself."""

    name = line(120, help_text="as it is chosen for a patient")
    indication = choice((), required=False, help_text="what it treats")
    note = words(3, help_text="what it is for, in a sentence or two")
    source = words(3, help_text="where the figures come from")
    sureness = choice(SURENESS, required=False, help_text="that of the weakest figure")

    def __init__(self, *args: Any, **facts: Any) -> None:
        """Offer the indications that the protocol knows."""
        super().__init__(*args, **facts)
        known = [("", "any"), *protocols.indication_choices()]
        self.fields["indication"].choices = known  # type: ignore[attr-defined]


class StepForm(forms.Form):
    """One step; its number is what lags name it by, and where it stands."""

    number = whole(1, label="Step")
    name = line(80, label="Name for the patient")
    treatment = forms.ModelChoiceField(
        Treatment.objects.none(), widget=UnfoldAdminSelectWidget, empty_label="-"
    )
    repeat = whole(1, initial=1, label="Times")
    minutes = whole(5, required=False, help_text="empty: the treatment’s own")
    areas = forms.MultipleChoiceField(
        required=False, widget=UnfoldAdminSelectMultipleWidget, help_text="none: the plan’s"
    )
    size = choice(SIZES, required=False)
    depth = choice(DEPTHS, required=False)
    same_practitioner = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        label="Same practitioner",
        help_text="all steps that say so are given by one person",
    )
    optional = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="left out rather than make the course longer",
    )


class LagForm(forms.Form):
    """How long a step comes after an earlier one; after itself: from one of its times to the next."""

    step = whole(1, label="Step")
    after = whole(1, label="After step")
    least = whole(initial=0)
    target = whole(required=False, label="Best")
    most = whole(required=False, help_text="empty: no limit")
    unit = choice([(unit.value, unit.value) for unit in Unit], initial=Unit.DAYS.value)


class _Steps(BaseFormSet):
    """The steps, each with the treatments and areas that there are."""

    def __init__(self, *args: Any, **facts: Any) -> None:
        """Read the choices once for all rows."""
        self.treatments = list(Treatment.objects.filter(active=True).order_by("name", "pk"))
        self.areas = protocols.area_choices()
        super().__init__(*args, **facts)

    def add_fields(self, form: Any, index: int | None) -> None:
        """Fill the pickers of one row."""
        super().add_fields(form, index)
        picker = form.fields["treatment"]
        picker.queryset = Treatment.objects.filter(active=True)
        kept = form.initial.get("treatment")
        named = [(row.pk, row.name) for row in self.treatments]
        if kept is not None and kept not in dict(named):
            named.append((kept, "(not offered any more)"))
        picker.choices = [("", "-"), *named]
        form.fields["areas"].choices = self.areas


def _set_of(form: type[forms.Form], base: type[BaseFormSet]) -> Any:
    return formset_factory(
        form,
        formset=base,
        extra=SPARE,
        can_delete=True,
        max_num=MOST_ROWS,
        absolute_max=MOST_ROWS,
    )


StepSet, LagSet = _set_of(StepForm, _Steps), _set_of(LagForm, BaseFormSet)


class Sheet:
    """All forms of the page together."""

    def __init__(self, draft: Draft | None, said: QueryDict | None = None) -> None:
        """Show a draft, or what was typed."""
        own, steps, lags = _shown(draft) if draft else ({}, [], [])
        self.form = TemplateForm(said, initial=own)
        self.steps = StepSet(said, initial=steps, prefix="steps")
        self.lags = LagSet(said, initial=lags, prefix="lags")
        self.read = [each for step in sentences(draft) for each in step] if draft else []
        self.refused: tuple[Told, ...] = ()

    @property
    def lag_rows(self) -> list[tuple[Any, str]]:
        """Put beside each lag how it reads as it is kept."""
        return list(zip_longest(self.lags.forms, self.read[: len(self.lags.forms)], fillvalue=""))

    def is_valid(self) -> bool:
        """Tell whether all that was typed can be read; each field says where not."""
        return all([self.form.is_valid(), self.steps.is_valid(), self.lags.is_valid()])

    def draft(self, code: str) -> Draft:
        """Read what was typed, steps in the order of their numbers.

        A lag that names a step that is not there is read as one that cannot be: the check says so.
        """
        rows = sorted(_kept(self.steps), key=lambda row: row["number"])
        places = {row["number"]: place for place, row in enumerate(rows, start=1)}
        lags = list(_kept(self.lags))
        steps = tuple(
            _step(row, [lag for lag in lags if lag["step"] == row["number"]], places)
            for row in rows
        )
        return Draft(code=code, **self.form.cleaned_data, steps=steps)

    def strays(self) -> list[str]:
        """Say what only the numbers of the rows can tell: two alike, or a lag to none of them."""
        numbers = [row["number"] for row in _kept(self.steps)]
        twice = sorted({each for each in numbers if numbers.count(each) > 1})
        named = {row[end] for row in _kept(self.lags) for end in ("step", "after")}
        return [
            *(f"Two steps have the number {each}." for each in twice),
            *(
                f"A lag names step {each}, which is not there."
                for each in sorted(named - {*numbers})
            ),
        ]


def _kept(rows: Any) -> Iterator[dict[str, Any]]:
    for form in rows.forms:
        if form.cleaned_data and not form.cleaned_data.get("DELETE"):
            yield form.cleaned_data


def _step(row: dict[str, Any], lags: list[dict[str, Any]], places: dict[int, int]) -> StepDraft:
    return StepDraft(
        name=row["name"],
        treatment_id=row["treatment"].pk,
        repeat=row["repeat"],
        minutes=row["minutes"],
        areas=tuple(row["areas"]),
        size=row["size"],
        depth=row["depth"],
        same_practitioner=row["same_practitioner"],
        optional=row["optional"],
        lags=tuple(
            LagDraft(
                after=places.get(lag["after"], 0),
                least=lag["least"],
                target=lag["target"],
                most=lag["most"],
                unit=Unit(lag["unit"]),
            )
            for lag in lags
        ),
    )


def _shown(draft: Draft) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """Read a draft into what the forms show first."""
    own = {name: getattr(draft, name) for name in TemplateForm.base_fields}
    steps = [
        asdict(step) | {"number": place, "treatment": step.treatment_id}
        for place, step in enumerate(draft.steps, start=1)
    ]
    lags = [
        asdict(lag) | {"step": place, "unit": lag.unit.value}
        for place, step in enumerate(draft.steps, start=1)
        for lag in step.lags
    ]
    return own, steps, lags
