"""What reception asks for: the fields of a visit, read from a query string that can be reloaded."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
)

from scheduling import protocols
from scheduling.core.words import Wish
from scheduling.models import Site, Treatment
from scheduling.screens import whom
from scheduling.screens.frame import OfferingForm
from scheduling.screens.skin import DEPTHS, SIZES
from scheduling.screens.whom import WhomField


class TreatmentSelect(UnfoldAdminSelectWidget):
    """Tells the page of each treatment whether it asks for an area, and how long it takes."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Hang the facts on the option; a page without scripts shows all fields."""
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        treatment = getattr(value, "instance", None)
        if isinstance(treatment, Treatment):
            option["attrs"]["data-area"] = "yes" if treatment.asks_area else "no"
            option["attrs"]["data-minutes"] = str(treatment.minutes_default)
        return option


class WantedForm(OfferingForm):
    """Treatment, place and preferences of one visit; unknown values are errors, never guesses."""

    treatment = forms.ModelChoiceField(
        queryset=Treatment.objects.none(),
        empty_label="Choose a treatment",
        widget=TreatmentSelect,
        error_messages={"invalid_choice": "This treatment is not offered any more."},
    )
    site = forms.ModelChoiceField(
        queryset=Site.objects.none(), empty_label=None, widget=UnfoldAdminSelectWidget
    )
    area = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    area_too = forms.ChoiceField(required=False, label="and", widget=UnfoldAdminSelectWidget)
    size = forms.ChoiceField(choices=SIZES, required=False, widget=UnfoldAdminSelectWidget)
    depth = forms.ChoiceField(choices=DEPTHS, required=False, widget=UnfoldAdminSelectWidget)
    indication = forms.ChoiceField(
        required=False, label="Because of", widget=UnfoldAdminSelectWidget
    )
    practitioner = WhomField(required=False, empty_label="anyone", label="With")
    minutes = forms.IntegerField(
        required=False, min_value=5, max_value=720, widget=UnfoldAdminIntegerFieldWidget
    )
    encounter = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, sites: QuerySet[Site], data: QueryDict | None = None, **kwargs: Any) -> None:
        """Offer what the clinic has today, at the sites of the user."""
        super().__init__(data, **kwargs)
        if data is None:
            self.fields["treatment"].widget.attrs["autofocus"] = True
        self.offer("treatment", Treatment.objects.filter(active=True))
        self.offer("site", sites.filter(active=True))
        whom.offer(self, sites.filter(active=True), self["site"].value())
        areas = protocols.area_choices()
        self.choices("area", [("", "not said"), *areas])
        self.choices("area_too", [("", "nothing else"), *areas])
        self.choices("indication", [("", "not said"), *protocols.indication_choices()])

    def wish(self, patient_id: int) -> Wish:
        """Spell what was asked as the wish of this patient; the form must be valid."""
        clean = self.cleaned_data
        areas = dict.fromkeys(a for a in (clean["area"], clean["area_too"]) if a)
        practitioner = clean["practitioner"]
        return Wish(
            site_id=clean["site"].pk,
            treatment_id=clean["treatment"].pk,
            patient_id=patient_id,
            minutes=clean["minutes"],
            areas=tuple(areas),
            size=clean["size"],
            depth=clean["depth"],
            indication=clean["indication"],
            encounter=clean["encounter"],
            practitioner_id=practitioner.pk if practitioner else None,
        )
