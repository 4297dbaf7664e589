"""What can be asked of appointments: the bodies, and the words that they become."""

from typing import Any

from rest_framework import serializers

from scheduling.booking import OverrideAsk
from scheduling.core.words import Status, Wish
from scheduling.models import Record
from scheduling.rest.bodies import (
    DEPTHS,
    SIZES,
    Areas,
    Day,
    Hold,
    Id,
    Minutes,
    OverrideBody,
    Query,
    Resources,
    Strict,
    VersionBody,
    When,
)


class OverridableBody(VersionBody):
    """A step that a clinician may take against refusals."""

    override = OverrideBody(required=False, allow_null=True)


class BookBody(Strict):
    """A visit to book, or to hold for a while."""

    site = Id()
    patient = Id()
    treatment = Id()
    start = When()
    minutes = Minutes(required=False, allow_null=True)
    area = Areas(required=False)
    size = serializers.ChoiceField(choices=SIZES, required=False, allow_blank=True)
    depth = serializers.ChoiceField(choices=DEPTHS, required=False, allow_blank=True)
    indication = serializers.CharField(max_length=40, required=False, allow_blank=True)
    encounter = serializers.CharField(max_length=40, required=False, allow_blank=True)
    practitioner = Id(required=False, allow_null=True)
    resources = Resources(required=False)
    note = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    hold = Hold(required=False)
    override = OverrideBody(required=False, allow_null=True)


class MoveBody(OverridableBody):
    """Where a visit goes; what is left out stays as it is."""

    start = When()
    minutes = Minutes(required=False, allow_null=True)
    practitioner = Id(required=False, allow_null=True)
    resources = Resources(required=False)


class CompleteBody(VersionBody):
    """What was done, where it differs from what was booked."""

    procedure = serializers.SlugField(max_length=60, required=False)
    area = Areas(required=False)
    size = serializers.ChoiceField(choices=SIZES, required=False)
    depth = serializers.ChoiceField(choices=DEPTHS, required=False)
    ended_at = When(required=False)
    result = serializers.ChoiceField(choices=Record.Result.choices, required=False)
    tested = serializers.ListField(
        child=serializers.SlugField(max_length=60), max_length=20, required=False
    )


class CancelBody(VersionBody):
    """Why a visit is cancelled."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class SlotsAsked(Query):
    """A visit somebody would like, and the local dates to look at."""

    treatment = Id()
    site = Id()
    practitioner = Id(required=False)
    patient = Id(required=False)
    area = Areas(required=False)
    size = serializers.ChoiceField(choices=SIZES, required=False)
    depth = serializers.ChoiceField(choices=DEPTHS, required=False)
    minutes = Minutes(required=False)
    indication = serializers.CharField(max_length=40, required=False)
    encounter = serializers.CharField(max_length=40, required=False)
    moving = Id(required=False, help_text="the appointment whose own place does not count")
    start = When(required=False, help_text="why not this one; `from` and `to` are then not needed")

    def get_fields(self) -> dict[str, Any]:
        """Add the members whose names Python keeps for itself."""
        return {
            **super().get_fields(),
            "from": Day(required=False, help_text="first local date"),
            "to": Day(required=False, help_text="last local date, inclusive; at most 92 days"),
        }


class VisitsAsked(Query):
    """Which visits to list."""

    site = Id(required=False)
    patient = Id(required=False)
    treatment = Id(required=False)
    practitioner = Id(required=False)
    resource = Id(required=False)
    status = serializers.CharField(
        max_length=120, required=False, help_text="one or several with commas between"
    )

    def get_fields(self) -> dict[str, Any]:
        """Add the members whose names Python keeps for itself."""
        return {
            **super().get_fields(),
            "from": Day(required=False, help_text="first local date"),
            "to": Day(required=False, help_text="last local date, inclusive"),
        }

    def validate_status(self, text: str) -> list[str]:
        """Answer the statuses named."""
        asked = [name.strip() for name in text.split(",") if name.strip()]
        if strange := sorted(set(asked) - {s.value for s in Status}):
            known = ", ".join(s.value for s in Status)
            raise serializers.ValidationError(f"Unknown status: {strange[0]}. Known: {known}.")
        return asked


def wish_of(asked: dict[str, Any]) -> Wish:
    """Make the wish of a booking or of a question for free starts."""
    return Wish(
        site_id=asked["site"],
        treatment_id=asked["treatment"],
        patient_id=asked.get("patient"),
        minutes=asked.get("minutes"),
        areas=asked.get("area", ()),
        size=asked.get("size", ""),
        depth=asked.get("depth", ""),
        indication=asked.get("indication", ""),
        encounter=asked.get("encounter", ""),
        practitioner_id=asked.get("practitioner"),
        resources=asked.get("resources", {}),
        moving=asked.get("moving"),
        note=asked.get("note", ""),
    )


def override_of(asked: dict[str, Any]) -> OverrideAsk | None:
    """Make the override of a body; None without one."""
    given = asked.get("override")
    return given and OverrideAsk(reason=given["reason"], codes=frozenset(given["codes"]))
