"""What can be asked of plans: the bodies, and the words that they become."""

from typing import Any

from rest_framework import serializers

from plans.planning import Draft
from scheduling.rest.bodies import DEPTHS, SIZES, Areas, Day, Id, Query, Strict, VersionBody, When

MOST = 60
"""How many of anything a plan has: sessions, dates away, times of day."""


class TemplatesAsked(Query):
    """Which templates to list."""

    active = serializers.BooleanField(
        required=False, default=True, help_text="false: those that are retired"
    )


class PlansAsked(Query):
    """Which plans to list."""

    patient = Id(required=False)
    site = Id(required=False)


class PlanBody(Strict):
    """A template, for whom and where, and what the patient would like; empty takes the template's."""

    template = Id()
    patient = Id()
    site = Id()
    area = Areas(required=False)
    size = serializers.ChoiceField(choices=SIZES, required=False, allow_blank=True)
    depth = serializers.ChoiceField(choices=DEPTHS, required=False, allow_blank=True)
    indication = serializers.CharField(max_length=40, required=False, allow_blank=True)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        max_length=7,
        required=False,
        help_text="0 is Monday",
    )
    times = serializers.ListField(
        child=serializers.CharField(max_length=11),
        max_length=MOST,
        required=False,
        help_text="such as 09:00-12:00, on the site's clock",
    )
    practitioner = Id(required=False, allow_null=True)
    not_before = Day(required=False, allow_null=True, help_text="first local date that is possible")
    not_after = Day(required=False, allow_null=True, help_text="last local date that is possible")
    blocked = serializers.ListField(
        child=Day(), max_length=366, required=False, help_text="local dates on which they are away"
    )
    paid_sessions = serializers.IntegerField(
        min_value=0, max_value=1000, required=False, allow_null=True, help_text="shown only"
    )
    steps_left_out = serializers.ListField(
        child=Id(), max_length=MOST, required=False, help_text="ids of optional steps"
    )


class ProposeBody(VersionBody):
    """Whether to keep the starts for 10 minutes, while they are read out."""

    hold = serializers.BooleanField(required=False, default=False)


class ReasonBody(VersionBody):
    """Why, in words that are kept."""

    reason = serializers.CharField(min_length=1, max_length=200)


class AcceptBody(VersionBody):
    """How many sessions the patient commits to, by date; without it all of them."""

    first = serializers.IntegerField(min_value=1, max_value=MOST, required=False, allow_null=True)


class AdjustBody(VersionBody):
    """Where one session of the proposal is to be; the others are solved around it."""

    session = Id()
    start = When()


def draft_of(asked: dict[str, Any]) -> Draft:
    """Make the draft of a plan."""
    return Draft(
        template_id=asked["template"],
        patient_id=asked["patient"],
        site_id=asked["site"],
        areas=asked.get("area", ()),
        size=asked.get("size", ""),
        depth=asked.get("depth", ""),
        indication=asked.get("indication", ""),
        name=asked.get("name", ""),
        weekdays=tuple(asked.get("weekdays", ())),
        times=tuple(asked.get("times", ())),
        practitioner_id=asked.get("practitioner"),
        not_before=asked.get("not_before"),
        not_after=asked.get("not_after"),
        blocked=tuple(asked.get("blocked", ())),
        paid_sessions=asked.get("paid_sessions"),
        steps_left_out=tuple(asked.get("steps_left_out", ())),
    )
