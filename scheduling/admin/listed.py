"""A filtered list as CSV, by django-import-export, with the house's own guard against formulas."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV
from import_export.resources import ModelResource
from unfold.contrib.import_export.forms import ExportForm

from scheduling import trail
from scheduling.models import Grounds, Patient, Treatment
from scheduling.screens.frame import actor, now
from scheduling.transfer import tables
from scheduling.transfer.cells import spelt


class InertCSV(CSV):
    """CSV in which no cell is a formula."""

    def get_title(self) -> str:
        """Name the format in the picker."""
        return "csv"

    def export_data(self, dataset: Any, **kwargs: Any) -> str:
        """Write the rows as every file that leaves the house."""
        rows = ([spelt(cell) for cell in row] for row in dataset)
        return b"".join(tables.written(dataset.headers, rows)).decode()


class PatientRows(ModelResource):
    """The register, without the clinic's own notes."""

    class Meta:
        model = Patient
        fields = export_order = (
            "id",
            "given_name",
            "family_name",
            "birth_date",
            "phone",
            "other_phone",
            "email",
            "language",
            "channel",
            "do_not_contact",
            "deceased_on",
        )


class TreatmentRows(ModelResource):
    """What the clinic offers."""

    class Meta:
        model = Treatment
        fields = export_order = (
            "id",
            "name",
            "procedure",
            "minutes_least",
            "minutes_default",
            "minutes_most",
            "self_booking",
            "active",
        )


class Listed(ExportMixin):
    """Gives the rows of a list as it is filtered, to managers of the whole clinic, with a trace."""

    export_form_class = ExportForm
    given: type[ModelResource]
    """Which columns of the list are given."""

    def get_export_formats(self) -> list[type]:
        """Offer no format in which a cell computes."""
        return [InertCSV]

    def get_export_resource_classes(self, request: HttpRequest) -> list[type]:
        """Answer the one way in which this list is given."""
        return [self.given]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Let those take a list along who may take everything."""
        return request.user.has_perm("scheduling.move_data") and actor(request).sites is None

    def get_export_data(
        self, file_format: Any, request: HttpRequest, queryset: QuerySet[Any], **kwargs: Any
    ) -> Any:
        """Note in the trail who took how many rows of which list."""
        what = {"list": [None, queryset.model._meta.label], "rows": [None, queryset.count()]}
        entry = trail.entry(
            subject=Grounds(pk=1), verb="export_list", by=actor(request), now=now(), what=what
        )
        trail.write([entry])
        return super().get_export_data(file_format, request, queryset, **kwargs)  # type: ignore[no-untyped-call]
