"""What comes in, read strictly: an unknown member is a mistake, never ignored."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scheduling.errors import Malformed
from scheduling.models import Resource
from scheduling.walltime import EARLIEST, local_date_of

LARGEST_ID = 2**63 - 1
MOST_AREAS = 20
SIZES = ("small", "face", "large")
DEPTHS = ("superficial", "deep")
KINDS = tuple(Resource.Kind.values)


class Strict(serializers.Serializer[Any]):
    """A serializer that names the members it does not know."""

    besides: ClassVar[frozenset[str]] = frozenset()

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown members beside everything else that is wrong."""
        unknown = set(data) - set(self.fields) - self.besides if isinstance(data, Mapping) else ()
        if unknown:
            known = ", ".join(self.fields) or "nothing"
            raise serializers.ValidationError(
                {name[:80]: [f"Unknown here. Known: {known}."] for name in sorted(unknown)}
            )
        return super().to_internal_value(data)


class Query(Strict):
    """What a list can be asked; paging and the format are read elsewhere."""

    besides = frozenset({"limit", "offset", "format"})


def plain(query: QueryDict) -> dict[str, Any]:
    """Read a query as an object: one value, or a list where a name is repeated."""
    return {name: values[0] if len(values) == 1 else values for name, values in query.lists()}


class VersionBody(Strict):
    """A step that needs nothing but, perhaps, the version that was seen."""

    version = serializers.IntegerField(min_value=0, max_value=10**9, required=False)


class Id(serializers.IntegerField):
    """The id of a row."""

    def __init__(self, **facts: Any) -> None:
        """Keep it within what a row's id can be."""
        super().__init__(min_value=1, max_value=LARGEST_ID, **facts)


def _on_grid(minutes: int) -> None:
    if minutes % 5:
        raise serializers.ValidationError("Write a multiple of 5 minutes.")


class Minutes(serializers.IntegerField):
    """A length in minutes; whether the treatment allows it, the diary says."""

    def __init__(self, **facts: Any) -> None:
        """Keep it within a day, and on the diary's grid."""
        super().__init__(min_value=5, max_value=1440, validators=[_on_grid], **facts)


@extend_schema_field(OpenApiTypes.DATE)
class Day(serializers.CharField):
    """A local date, YYYY-MM-DD; of the diary, or with `since` of a life."""

    def __init__(self, *, since: date = EARLIEST, **facts: Any) -> None:
        """Keep the first date that makes sense."""
        self.since = since
        super().__init__(**facts)

    def to_internal_value(self, data: Any) -> Any:
        """Read the date."""
        try:
            return local_date_of(super().to_internal_value(data), since=self.since)
        except Malformed as error:
            raise serializers.ValidationError(error.sentence) from error


_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?$"


@extend_schema_field({"type": "string", "pattern": _TIME, "maxLength": 40})
class When(serializers.CharField):
    """An ISO 8601 time: wall time of the site, or with the offset that the site truly has."""

    def __init__(self, **facts: Any) -> None:
        """Keep it as text until the site's zone is known."""
        super().__init__(min_length=16, max_length=40, **facts)


_AREA = {"type": "string", "maxLength": 40}


@extend_schema_field({"oneOf": [_AREA, {"type": "array", "items": _AREA, "maxItems": MOST_AREAS}]})
class Areas(serializers.Field[Any, Any, Any, Any]):
    """One body area or several: a code, a list of codes, or codes with commas between."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        """Answer the codes in order, each once."""
        codes = data.split(",") if isinstance(data, str) else data
        if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
            raise serializers.ValidationError("Write an area's code, or a list of them.")
        if len(codes) > MOST_AREAS or any(len(code) > 40 for code in codes):  # noqa: PLR2004
            raise serializers.ValidationError(f"Name at most {MOST_AREAS} areas.")
        return tuple(dict.fromkeys(code.strip() for code in codes if code.strip()))

    def to_representation(self, value: Any) -> list[str]:
        """Answer a list always."""
        return list(value)


class Resources(serializers.DictField):
    """Which resources to hold, by kind: `{"room": [3]}`."""

    child = serializers.ListField(child=Id(), max_length=20)

    def to_internal_value(self, data: Any) -> Any:
        """Answer ids by kind, kinds without ids left out."""
        read = super().to_internal_value(data)
        if unknown := sorted(set(read) - set(KINDS)):
            raise serializers.ValidationError(
                f"Unknown kind: {unknown[0][:80]}. Known: {', '.join(KINDS)}."
            )
        return {kind: tuple(dict.fromkeys(ids)) for kind, ids in read.items() if ids}


@extend_schema_field(
    {"oneOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1, "maximum": 60}]}
)
class Hold(serializers.Field[Any, Any, Any, Any]):
    """Whether to keep the time without booking it: true for 10 minutes, or how many minutes."""

    def to_internal_value(self, data: Any) -> int:
        """Answer the minutes, 0 for no hold."""
        if isinstance(data, bool):
            return 10 if data else 0
        if isinstance(data, int) and 1 <= data <= 60:  # noqa: PLR2004 - as booking.hold has it
            return data
        raise serializers.ValidationError("Write true, false, or minutes from 1 to 60.")

    def to_representation(self, value: Any) -> Any:
        """Answer what was asked."""
        return value


class OverrideBody(Strict):
    """A clinician's reason for booking against refusals, and the codes that it covers."""

    reason = serializers.CharField(min_length=1, max_length=2000)
    codes = serializers.ListField(
        child=serializers.CharField(max_length=40), min_length=1, max_length=50
    )
