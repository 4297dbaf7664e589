"""Patients: entered, amended, found by name, phone or birth date."""

from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from phonenumber_field.phonenumber import PhoneNumber
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from scheduling import register
from scheduling.access import visible_sites
from scheduling.errors import Malformed, NotFound
from scheduling.models import Patient
from scheduling.models.places import known_zone
from scheduling.rest.answers import Spelling
from scheduling.rest.bodies import Day, Id, Query, Strict
from scheduling.rest.doors import Door
from scheduling.rest.problems import READ_PROBLEMS, WRITE_PROBLEMS
from scheduling.walltime import LIVING

FIELDS = [
    "id", "given_name", "family_name", "birth_date", "phone", "other_phone", "email", "language",
    "zone", "channel", "fitzpatrick", "guardian", "do_not_contact", "deceased_on", "note",
]  # fmt: skip
PHONES = ("phone", "other_phone")


@extend_schema_serializer(component_name="Patient")
class PatientShape(serializers.ModelSerializer[Patient]):
    """A person who is treated; phones in E.164."""

    class Meta:
        model = Patient
        fields = FIELDS


@extend_schema_serializer(component_name="Likeness")
class LikenessShape(serializers.Serializer[Any]):
    """Somebody in the register who may be the same person, and why."""

    patient = PatientShape()
    because = serializers.CharField()


@extend_schema_serializer(component_name="EnteredPatient")
class EnteredShape(PatientShape):
    """The patient as entered, with who looks like them."""

    duplicates = LikenessShape(many=True)

    class Meta(PatientShape.Meta):
        fields = [*FIELDS, "duplicates"]


class PatientBody(Strict):
    """What is known of a person. Phones may be written as the sites' countries dial them."""

    given_name = serializers.CharField(min_length=1, max_length=80)
    family_name = serializers.CharField(min_length=1, max_length=80)
    birth_date = Day(since=LIVING, required=False, allow_null=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    other_phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    language = serializers.ChoiceField(choices=Patient.Language.choices, required=False)
    zone = serializers.CharField(
        max_length=64, required=False, allow_blank=True, validators=[known_zone]
    )
    channel = serializers.ChoiceField(choices=Patient.Channel.choices, required=False)
    fitzpatrick = serializers.IntegerField(
        min_value=1, max_value=6, required=False, allow_null=True
    )
    guardian = Id(required=False, allow_null=True)
    do_not_contact = serializers.BooleanField(required=False)
    deceased_on = Day(since=LIVING, required=False, allow_null=True)
    note = serializers.CharField(max_length=10_000, required=False, allow_blank=True)


class PatientChange(PatientBody):
    """What is to change; members left out stay."""

    def __init__(self, *args: Any, **facts: Any) -> None:
        """Require nothing."""
        super().__init__(*args, partial=True, **facts)


class PatientsAsked(Query):
    """By what to find patients; every word must fit."""

    search = serializers.CharField(max_length=200, required=False, help_text="any of the others")
    name = serializers.CharField(max_length=160, required=False)
    phone = serializers.CharField(max_length=40, required=False)
    birth_date = Day(since=LIVING, required=False)


class Likely(Query):
    """Who is about to be entered."""

    given_name = serializers.CharField(min_length=1, max_length=80)
    family_name = serializers.CharField(min_length=1, max_length=80)
    birth_date = Day(since=LIVING, required=False)
    phone = serializers.CharField(max_length=40, required=False)
    email = serializers.CharField(max_length=254, required=False)


class Patients(Door):
    """The clinic's patients, of all its sites."""

    queryset = Patient.objects.filter(provisional=False).order_by("family_name", "given_name", "pk")
    serializer_class = PatientShape
    needs = {
        "list": "scheduling.view_patient",
        "retrieve": "scheduling.view_patient",
        "duplicates": "scheduling.view_patient",
        "create": "scheduling.add_patient",
        "partial_update": "scheduling.change_patient",
    }

    @extend_schema(
        parameters=[PatientsAsked], responses={200: PatientShape(many=True), **READ_PROBLEMS}
    )
    def list(self, request: Request) -> Response:
        """Find patients by any part of name, phone and birth date."""
        asked = self.query(PatientsAsked)
        rows: QuerySet[Patient] = self.get_queryset()
        for words in (asked[name] for name in ("search", "name", "phone") if name in asked):
            rows &= register.find(words, countries=self.countries())
        if "birth_date" in asked:
            rows = rows.filter(birth_date=asked["birth_date"])
        return self.paged(rows, lambda row: PatientShape(row).data)

    @extend_schema(responses={200: PatientShape, **READ_PROBLEMS})
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one patient."""
        return Response(PatientShape(self.get_object()).data)

    @extend_schema(
        parameters=[Likely],
        responses={200: LikenessShape(many=True), **READ_PROBLEMS},
        filters=False,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def duplicates(self, request: Request) -> Response:
        """See who is in the register already, before entering somebody."""
        asked = self.query(Likely)
        return Response(_likely(_set(Patient(), asked, self.countries())))

    @extend_schema(request=PatientBody, responses={201: EnteredShape, **WRITE_PROBLEMS})
    def create(self, request: Request) -> HttpResponse:
        """Enter a patient; the answer names who looks like them."""
        asked = self.body(PatientBody)
        return self.once(request, lambda: self._entered(asked))

    def _entered(self, asked: dict[str, Any]) -> Spelling:
        patient = _set(Patient(), asked, self.countries())
        alike = _likely(patient)
        register.register(patient=patient, by=self.actor, now=self.now)
        return Spelling(PatientShape(patient).data | {"duplicates": alike}, HTTPStatus.CREATED)

    @extend_schema(request=PatientChange, responses={200: PatientShape, **WRITE_PROBLEMS})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is known of a patient."""
        patient = _set(self.get_object(), self.body(PatientChange), self.countries())
        register.amend(patient=patient, by=self.actor, now=self.now)
        return Response(PatientShape(patient).data)

    def countries(self) -> tuple[str, ...]:
        """List the countries whose national phone numbers the caller's sites read."""
        sites = visible_sites(self.request.user)
        return tuple(sorted(set(sites.values_list("country", flat=True))))


def _set(patient: Patient, asked: dict[str, Any], countries: tuple[str, ...]) -> Patient:
    facts = dict(asked)
    for name in PHONES:
        if facts.get(name):
            facts[name] = _phone(facts[name], countries)
    if "guardian" in facts:
        facts["guardian_id"] = facts.pop("guardian")
        _known_guardian(facts["guardian_id"], patient)
    for name, value in facts.items():
        setattr(patient, name, value)
    return patient


def _phone(text: str, countries: tuple[str, ...]) -> PhoneNumber:
    return register.phone_of(text, countries=countries)


def _known_guardian(guardian_id: int | None, patient: Patient) -> None:
    if guardian_id is None:
        return
    if guardian_id == patient.pk:
        raise Malformed("A patient is not their own guardian.")
    if not Patient.objects.filter(pk=guardian_id).exists():
        raise NotFound("There is no such guardian.")


def _likely(patient: Patient) -> list[dict[str, Any]]:
    return [
        {"patient": PatientShape(like.patient).data, "because": like.because}
        for like in register.duplicates_of(patient)
    ]
