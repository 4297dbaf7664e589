"""Dated clinical facts of a patient: add, end, withdraw; never rewritten."""

from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from scheduling import catalogue, records
from scheduling.access import visible_sites
from scheduling.errors import Malformed, NotFound
from scheduling.models import Patient, Record
from scheduling.models.places import known_zone
from scheduling.rest.answers import Spelling
from scheduling.rest.bodies import Areas, Day, Strict, When
from scheduling.rest.doors import Door
from scheduling.rest.problems import READ_PROBLEMS, WRITE_PROBLEMS
from scheduling.walltime import LIVING, instant_of

WHOSE = OpenApiParameter("patient", int, OpenApiParameter.PATH)

NAMES = {
    "start": "start", "end": "end", "start_date": "start_date", "end_date": "end_date",
    "date": "start_date", "area": "areas", "procedure": "procedure", "size": "size",
    "depth": "depth", "code": "code", "class": "drug_class", "result": "result",
}  # fmt: skip
"""Members of a body, and the fields of the row that they fill; `date` is of one-day facts."""


@extend_schema_serializer(component_name="Record")
class RecordShape(serializers.ModelSerializer[Record]):
    """A dated clinical fact. An empty `end_date` means that it still goes on."""

    type = serializers.ChoiceField(source="kind", choices=Record.Kind.choices)
    area = serializers.ListField(source="areas", child=serializers.CharField())

    class Meta:
        model = Record
        fields = [
            "id", "type", "start", "end", "start_date", "end_date", "zone", "area", "procedure",
            "size", "depth", "code", "result", "note", "created_at", "withdrawn_at",
        ]  # fmt: skip

    def get_fields(self) -> dict[str, Any]:
        """Add the member whose name Python keeps for itself."""
        return {**super().get_fields(), "class": serializers.CharField(source="drug_class")}


class RecordBody(Strict):
    """A fact as its type reads it; members that the type does not use are refused."""

    type = serializers.ChoiceField(choices=Record.Kind.choices)
    start = When(required=False)
    end = When(required=False, allow_null=True)
    date = Day(since=LIVING, required=False)
    start_date = Day(since=LIVING, required=False, allow_null=True)
    end_date = Day(since=LIVING, required=False, allow_null=True)
    zone = serializers.CharField(max_length=64, required=False, validators=[known_zone])
    area = Areas(required=False)
    procedure = serializers.SlugField(max_length=60, required=False)
    size = serializers.ChoiceField(choices=["small", "face", "large"], required=False)
    depth = serializers.ChoiceField(choices=["superficial", "deep"], required=False)
    code = serializers.ChoiceField(choices=Record.AdverseEvent.choices, required=False)
    result = serializers.ChoiceField(choices=Record.Result.choices, required=False)
    note = serializers.CharField(max_length=10_000, required=False, allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        """Add the member whose name Python keeps for itself."""
        drug_class = serializers.ChoiceField(choices=Record.DrugClass.choices, required=False)
        return {**super().get_fields(), "class": drug_class}


class EndBody(Strict):
    """On which local date an ongoing fact ended, its last day included."""

    end_date = Day(since=LIVING)


class Records(Door):
    """What is known of one patient's skin and health."""

    queryset = Record.objects.order_by("-created_at", "-pk")
    serializer_class = RecordShape
    needs = {
        "list": "scheduling.view_record",
        "retrieve": "scheduling.view_record",
        "create": "scheduling.add_record",
        "finish": "scheduling.change_record",
        "withdraw": "scheduling.change_record",
    }

    def get_queryset(self) -> QuerySet[Record]:
        """Keep to the patient in the address."""
        rows: QuerySet[Record] = super().get_queryset()
        return rows.filter(patient_id=self.kwargs["patient"])

    @extend_schema(parameters=[WHOSE], responses={200: RecordShape(many=True), **READ_PROBLEMS})
    def list(self, request: Request, patient: str) -> Response:
        """List a patient's records, newest first; withdrawn ones stay readable."""
        self.query()
        _patient(patient)
        return self.paged(self.get_queryset(), lambda row: RecordShape(row).data)

    @extend_schema(parameters=[WHOSE], responses={200: RecordShape, **READ_PROBLEMS})
    def retrieve(self, request: Request, patient: str, pk: str) -> Response:
        """Read one record."""
        return Response(RecordShape(self.get_object()).data)

    @extend_schema(
        parameters=[WHOSE], request=RecordBody, responses={201: RecordShape, **WRITE_PROBLEMS}
    )
    def create(self, request: Request, patient: str) -> HttpResponse:
        """Add a dated fact; the rules read it from now on."""
        asked = self.body(RecordBody)
        row = self._row(_patient(patient), asked)

        def added() -> Spelling:
            kept = records.add(record=row, by=self.actor, now=self.now)
            return Spelling(RecordShape(kept).data, HTTPStatus.CREATED)

        return self.once(request, added)

    @extend_schema(
        parameters=[WHOSE], request=EndBody, responses={200: RecordShape, **WRITE_PROBLEMS}
    )
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, patient: str, pk: str) -> HttpResponse:
        """Say when an ongoing fact ended."""
        asked = self.body(EndBody)
        row = self.get_object()

        def finished() -> Spelling:
            kept = records.finish(
                record_id=row.pk, on=asked["end_date"], by=self.actor, now=self.now
            )
            return Spelling(RecordShape(kept).data)

        return self.once(request, finished)

    @extend_schema(parameters=[WHOSE], request=None, responses={200: RecordShape, **WRITE_PROBLEMS})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, patient: str, pk: str) -> HttpResponse:
        """Mark a record as entered in error: it counts no longer."""
        self.body(Strict)
        row = self.get_object()

        def withdrawn() -> Spelling:
            kept = records.withdraw(record_id=row.pk, by=self.actor, now=self.now)
            return Spelling(RecordShape(kept).data)

        return self.once(request, withdrawn)

    def _row(self, patient: Patient, asked: dict[str, Any]) -> Record:
        kind = Record.Kind(asked["type"])
        _only_used(kind, asked)
        _known_words(asked)
        row = Record(patient=patient, kind=kind, note=asked.get("note", ""))
        zone = self._zone(asked)
        row.zone = zone.key
        for name, field in NAMES.items():
            if asked.get(name) is not None:
                value = asked[name]
                times = name in ("start", "end")
                setattr(row, field, instant_of(value, zone) if times else _listed(value))
        return row

    def _zone(self, asked: dict[str, Any]) -> ZoneInfo:
        if "zone" in asked:
            return ZoneInfo(asked["zone"])
        sites = visible_sites(self.request.user)
        zones = sorted(set(sites.values_list("zone", flat=True)))
        if len(zones) != 1:
            raise Malformed(
                "Your sites have several time zones, or none: say which `zone` is meant."
            )
        return ZoneInfo(zones[0])


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _only_used(kind: Record.Kind, asked: dict[str, Any]) -> None:
    fields = records.FIELDS[kind]
    used = {name for name, field in NAMES.items() if field in fields}
    used -= {"start_date"} if kind in records.ONE_DAY else {"date"}
    strange = sorted(set(asked) - used - {"type", "note", "zone"})
    if strange:
        known = ", ".join(sorted(used))
        raise Malformed(f"{kind.label} has no “{strange[0]}”; it has {known}.", field=strange[0])


def _known_words(asked: dict[str, Any]) -> None:
    """Refuse words that no rule would read: a misspelt area would count as the whole body."""
    ground = catalogue.current()
    for name, given, known in (
        ("area", asked.get("area", ()), ground.areas),
        ("procedure", [p] if (p := asked.get("procedure")) else [], ground.protocol.procedures),
    ):
        if strange := sorted(set(given) - set(known)):
            raise Malformed(f"Unknown {name}: {strange[0]}.", field=name)


def _patient(pk: str) -> Patient:
    found = Patient.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such patient.")
    return found
