"""Messages for other programs, to be read: `/api/v1/messages/`."""

from typing import Any

from django.db.models import QuerySet
from django.urls import include, path
from drf_spectacular.utils import extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ReadOnlyModelViewSet

from notifications import mentions
from notifications.models import CHANNELS, KINDS, STATES, Mention, Message
from scheduling import access

GREATEST_ID = 2**63 - 1


class MayRead(BasePermission):
    """Let those through who may see messages."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Ask for the one permission."""
        return bool(request.user.has_perm("notifications.view_message"))


@extend_schema_serializer(component_name="Mention")
class MentionShape(serializers.ModelSerializer[Mention]):
    """One visit of several that a message tells of: which version, when, and when before."""

    class Meta:
        model = Mention
        fields = ["appointment", "told_version", "be_there", "was"]


@extend_schema_serializer(component_name="Message")
class MessageShape(serializers.ModelSerializer[Message]):
    """One message: what it is, to whom, when, and what became of it. Never its text.

    One that tells of several visits belongs to the first and mentions each.
    """

    mentions = MentionShape(many=True, read_only=True)

    class Meta:
        model = Message
        fields = [
            "id", "ref", "appointment", "offer", "patient", "site", "kind", "channel", "offset",
            "told_version", "recipient", "due_at", "not_after", "state", "drop_reason", "attempts",
            "sending_at", "provider", "provider_id", "created_at", "settled_at", "mentions",
        ]  # fmt: skip


class Which(serializers.Serializer[Any]):
    """Which messages to list."""

    appointment = serializers.IntegerField(required=False, min_value=1, max_value=GREATEST_ID)
    patient = serializers.IntegerField(required=False, min_value=1, max_value=GREATEST_ID)
    site = serializers.IntegerField(required=False, min_value=1, max_value=GREATEST_ID)
    state = serializers.ChoiceField(required=False, choices=STATES)
    channel = serializers.ChoiceField(required=False, choices=CHANNELS)
    kind = serializers.ChoiceField(required=False, choices=KINDS)


@extend_schema_view(list=extend_schema(parameters=[Which]))
class Messages(ReadOnlyModelViewSet[Message]):
    """The outbox, newest due first, of the sites where the caller works."""

    queryset = Message.objects.order_by("-due_at", "-pk").prefetch_related("mentions")
    serializer_class = MessageShape
    permission_classes = (MayRead,)
    filter_backends = ()
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Message]:
        """Keep to the caller's sites; messages elsewhere are not there."""
        rows: QuerySet[Message] = super().get_queryset()
        sites = access.actor_of(self.request.user).sites
        mine = rows if sites is None else rows.filter(site__in=sites)
        return self._asked(mine) if self.action == "list" else mine

    def _asked(self, rows: QuerySet[Message]) -> QuerySet[Message]:
        asked = Which(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        which: dict[str, Any] = dict(asked.validated_data)
        visit = which.pop("appointment", None)
        chosen = rows.filter(**which)
        return chosen if visit is None else chosen.filter(mentions.about(visit))


router = SimpleRouter()
router.register("messages", Messages, basename="message")

urlpatterns = [path("", include(router.urls))]
