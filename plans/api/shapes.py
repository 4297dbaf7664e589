"""How plans look outside, for the OpenAPI description; `spelling` writes them."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from plans.core.course import Unit
from plans.courses import Standing, State
from scheduling.models import Appointment
from scheduling.rest.problems import ReasonShape, RefusalShape
from scheduling.rest.visits import BookedShape, RecoveryShape


def _ids() -> serializers.DictField:
    child = serializers.ListField(child=serializers.IntegerField())
    return serializers.DictField(child=child, help_text="ids by kind")


def _words(**facts: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), **facts)


def _named(words: Any) -> list[tuple[str, str]]:
    return [(word.value, word.name) for word in words]


class LagShape(serializers.Serializer[Any]):
    """How long after another; days from its end date to the start date, minutes start to start."""

    least = serializers.IntegerField()
    target = serializers.IntegerField(allow_null=True)
    most = serializers.IntegerField(allow_null=True)
    unit = serializers.ChoiceField(choices=_named(Unit))


@extend_schema_serializer(component_name="TemplateLag")
class TemplateLagShape(LagShape):
    """A lag to an earlier step; to the step itself: from one of its repeats to the next."""

    after = serializers.IntegerField(help_text="position of the earlier step")
    sentence = serializers.CharField()


@extend_schema_serializer(component_name="TemplateStep")
class TemplateStepShape(serializers.Serializer[Any]):
    """A treatment, so many times; what is empty is the plan's, `minutes` null the treatment's."""

    id = serializers.IntegerField()
    position = serializers.IntegerField()
    name = serializers.CharField()
    treatment = serializers.IntegerField()
    repeat = serializers.IntegerField()
    minutes = serializers.IntegerField(allow_null=True)
    area = _words()
    size = serializers.CharField()
    depth = serializers.CharField()
    same_practitioner = serializers.BooleanField()
    optional = serializers.BooleanField()
    lags = TemplateLagShape(many=True)


@extend_schema_serializer(component_name="PlanTemplate")
class TemplateShape(serializers.Serializer[Any]):
    """A course as it is usually built."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    indication = serializers.CharField()
    note = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the template's own word
    sureness = serializers.CharField(help_text="A to D, with D the weakest; empty: not said")
    active = serializers.BooleanField()
    steps = TemplateStepShape(many=True)


@extend_schema_serializer(component_name="SessionLag")
class SessionLagShape(LagShape):
    """A lag to an earlier session of the plan."""

    after = serializers.IntegerField(help_text="id of the earlier session")


@extend_schema_serializer(component_name="SessionVisit")
class SessionVisitShape(serializers.Serializer[Any]):
    """The visit of a session; times carry the site's offset."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Appointment.STATUSES)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    confirmed = serializers.BooleanField()
    resources = _ids()
    recovery = RecoveryShape()


@extend_schema_serializer(component_name="ProposedVisit")
class ProposedShape(serializers.Serializer[Any]):
    """Where the open proposal would have a session; times carry the site's offset."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    arrive_at = serializers.DateTimeField()
    was = serializers.DateTimeField(allow_null=True, help_text="where its visit lies now")
    visit = serializers.IntegerField(allow_null=True, help_text="the visit that would move")
    resources = _ids()
    kept = serializers.BooleanField(help_text="a hold keeps it while it is read out")
    window_first = serializers.DateField(allow_null=True)
    window_last = serializers.DateField(allow_null=True)
    why = serializers.CharField()


@extend_schema_serializer(component_name="PlanSession")
class SessionShape(serializers.Serializer[Any]):
    """One session of a plan, as it stands today."""

    id = serializers.IntegerField()
    seq = serializers.IntegerField()
    name = serializers.CharField()
    treatment = serializers.IntegerField()
    procedure = serializers.CharField()
    minutes = serializers.IntegerField()
    area = _words()
    size = serializers.CharField()
    depth = serializers.CharField()
    same_practitioner = serializers.BooleanField()
    optional = serializers.BooleanField()
    fixed = serializers.BooleanField()
    state = serializers.ChoiceField(choices=_named(State))
    lags = SessionLagShape(many=True)
    due_first = serializers.DateField(allow_null=True)
    due_last = serializers.DateField(allow_null=True)
    due = serializers.BooleanField()
    overdue = serializers.BooleanField()
    stray = serializers.BooleanField(help_text="booked, but outside of its window")
    skip_reason = serializers.CharField()
    visit = SessionVisitShape(allow_null=True)
    proposed = ProposedShape(allow_null=True)


@extend_schema_serializer(component_name="PlanProgress")
class ProgressShape(serializers.Serializer[Any]):
    """How far a plan is; `of` counts the sessions that are not skipped."""

    done = serializers.IntegerField()
    booked = serializers.IntegerField()
    due = serializers.IntegerField()
    overdue = serializers.IntegerField()
    missed = serializers.IntegerField()
    of = serializers.IntegerField()


@extend_schema_serializer(component_name="Proposal")
class ProposalShape(serializers.Serializer[Any]):
    """The open proposal; its visits stand with the sessions, as `proposed`."""

    id = serializers.IntegerField()
    kind = serializers.CharField(help_text="new or reflow")
    end_date = serializers.DateField()
    made_at = serializers.DateTimeField()
    made_by = serializers.CharField()
    held_until = serializers.DateTimeField(allow_null=True)
    stale = serializers.BooleanField(help_text="accepting it will propose again")
    cost = serializers.DictField(child=serializers.IntegerField())
    left_out = serializers.ListField(
        child=serializers.IntegerField(), help_text="ids of optional sessions without room"
    )
    why = ReasonShape(many=True)


@extend_schema_serializer(component_name="Plan")
class PlanShape(serializers.Serializer[Any]):
    """A patient's course as it stands; its ETag is `version`."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    patient = serializers.IntegerField()
    site = serializers.IntegerField()
    series = serializers.IntegerField()
    template = serializers.IntegerField(allow_null=True)
    indication = serializers.CharField()
    area = _words()
    size = serializers.CharField()
    depth = serializers.CharField()
    weekdays = serializers.ListField(child=serializers.IntegerField())
    times = _words()
    practitioner = serializers.IntegerField(allow_null=True)
    not_before = serializers.DateField(allow_null=True)
    not_after = serializers.DateField(allow_null=True)
    blocked = serializers.ListField(child=serializers.DateField())
    standing = serializers.ChoiceField(choices=_named(Standing))
    paused_at = serializers.DateTimeField(allow_null=True)
    paused_by = serializers.CharField()
    pause_reason = serializers.CharField()
    abandon_reason = serializers.CharField()
    events = _words(help_text="open adverse events that pause it")
    paid_sessions = serializers.IntegerField(allow_null=True)
    progress = ProgressShape()
    sessions = SessionShape(many=True)
    proposal = ProposalShape(allow_null=True)
    needs_reflow = ReasonShape(many=True)


@extend_schema_serializer(component_name="AcceptedProposal")
class AcceptedShape(serializers.Serializer[Any]):
    """What was booked or moved, each visit with its cautions, and the plan after it."""

    visits = BookedShape(many=True)
    plan = PlanShape()


@extend_schema_serializer(component_name="Reflow")
class ReflowShape(serializers.Serializer[Any]):
    """Whether anything has to move, and the plan with the proposal for it."""

    moves = serializers.BooleanField()
    plan = PlanShape()


@extend_schema_serializer(component_name="ProposalChange")
class ChangeShape(serializers.Serializer[Any]):
    """A session that lies elsewhere in the new proposal; null where it had or has no place."""

    session = serializers.IntegerField()
    name = serializers.CharField()
    old = serializers.DateTimeField(allow_null=True)
    new = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(component_name="ProposalLost")
class LostShape(RefusalShape):
    """Refused, or lost to somebody faster: then with what is proposed instead."""

    proposal = ProposalShape(required=False, allow_null=True)
    changes = ChangeShape(many=True, required=False)
    plan = PlanShape(required=False)
