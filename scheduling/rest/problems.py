"""How the API's refusals look, for its OpenAPI description; `clinic/http.py` writes them."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema_serializer
from rest_framework import serializers

from scheduling.core.words import Severity

PROBLEM = "application/problem+json"


@extend_schema_serializer(component_name="Reason")
class ReasonShape(serializers.Serializer[Any]):
    """Why a visit may not be, or may be with a caution."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=[s.value for s in Severity])
    sentence = serializers.CharField(help_text="for staff")
    patient_sentence = serializers.CharField()
    arithmetic = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the reason's own word
    sureness = serializers.CharField(help_text="A to D, with D the weakest; empty for the diary")
    earliest = serializers.DateField(
        allow_null=True, help_text="local date on which this reason alone ends"
    )


@extend_schema_serializer(component_name="Problem")
class ProblemShape(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="stable; docs/refusals.md lists all")
    detail = serializers.CharField(help_text="a sentence for a person")
    request_id = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # RFC 9457's own word
        required=False, help_text="by member, where the input could not be read"
    )
    instants = serializers.ListField(
        child=serializers.DateTimeField(),
        required=False,
        help_text="both readings of a time that does not exist or exists twice",
    )


@extend_schema_serializer(component_name="Earliest")
class EarliestShape(serializers.Serializer[Any]):
    """The earliest start that works, and what it would hold."""

    start = serializers.DateTimeField()
    resources = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField()))


@extend_schema_serializer(component_name="Refusal")
class RefusalShape(ProblemShape):
    """Skin or diary says no: every reason at once, worst first."""

    refusals = ReasonShape(many=True, required=False)
    earliest = EarliestShape(allow_null=True, required=False)


def problem(sentence: str) -> OpenApiResponse:
    """Describe an answer that is a problem."""
    return OpenApiResponse(ProblemShape, description=sentence)


READ_PROBLEMS = {
    (400, PROBLEM): problem("The query could not be read."),
    (401, PROBLEM): problem("Sign in, or send a token."),
    (403, PROBLEM): problem("The permission is missing."),
    (404, PROBLEM): problem("There is nothing here that you can see."),
}
WRITE_PROBLEMS = READ_PROBLEMS | {
    (409, PROBLEM): OpenApiResponse(RefusalShape, description="Refused, with every reason."),
    (413, PROBLEM): problem("The body is longer than 1 MiB."),
    (415, PROBLEM): problem("Only application/json is read."),
    (422, PROBLEM): problem("The Idempotency-Key came before with another body."),
    (503, PROBLEM): problem("Too many changes at once; try again."),
}
STEP_PROBLEMS = WRITE_PROBLEMS | {
    (412, PROBLEM): problem("It was changed since that version."),
}
