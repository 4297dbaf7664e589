"""Free starts, and why the others are not offered."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import orjson
from django.http import HttpResponse
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request

from scheduling import catalogue, diary
from scheduling.api import asks
from scheduling.booking.ask import known_wish
from scheduling.core.words import Choice, FreeStart, Reason, Severity, Wish
from scheduling.diary.free import FreeStarts, Holding
from scheduling.errors import Malformed, NotFound
from scheduling.models import Appointment
from scheduling.rest.answers import JSON
from scheduling.rest.doors import Door
from scheduling.rest.problems import READ_PROBLEMS, ReasonShape
from scheduling.walltime import instant_of

MOST_DAYS = 92


@extend_schema_serializer(component_name="FreeStart")
class StartShape(serializers.Serializer[Any]):
    """A start that booking would accept, and what it would hold."""

    start = serializers.DateTimeField(help_text="with the site's offset")
    arrive_at = serializers.DateTimeField(help_text="the time to be there")
    resources = serializers.DictField(
        child=serializers.ListField(child=serializers.IntegerField()), help_text="ids by kind"
    )


@extend_schema_serializer(component_name="HiddenDate")
class HiddenShape(serializers.Serializer[Any]):
    """A local date without any start, and every reason for it."""

    date = serializers.DateField()
    refusals = ReasonShape(many=True)


@extend_schema_serializer(component_name="FreeStarts")
class SlotsShape(serializers.Serializer[Any]):
    """Every start on the dates asked for, and the dates that have none."""

    starts = StartShape(many=True)
    hidden = HiddenShape(many=True)


# Without this the description takes every `list` for a list.
ONE = forced_singular_serializer(SlotsShape)  # type: ignore[no-untyped-call]


class Slots(Door):
    """When a treatment can be had."""

    serializer_class = SlotsShape
    pagination_class = None
    needs: ClassVar = {"list": "scheduling.view_appointment"}

    @extend_schema(
        parameters=[asks.SlotsAsked],
        responses={200: ONE, **READ_PROBLEMS},
        filters=False,
    )
    def list(self, request: Request) -> HttpResponse:
        """Find free starts, best combination of resources each, and why dates have none."""
        asked = self.query(asks.SlotsAsked)
        self._seen(asked)
        wish = asks.wish_of(asked)
        known_wish(wish)
        if "start" in asked:
            written = orjson.dumps(self._explained(wish, asked["start"]))
        else:
            first, last = _dates(asked)
            written = _written(diary.free_starts(wish=wish, first=first, last=last, now=self.now))
        return HttpResponse(written, content_type=JSON)

    def _seen(self, asked: dict[str, Any]) -> None:
        """Answer 404 for ids that the caller cannot see."""
        if not self.actor.works_at(asked["site"]):
            raise NotFound("There is no such site.")
        moving = asked.get("moving")
        if moving is not None:
            visit = Appointment.objects.filter(pk=moving).only("site_id").first()
            if visit is None or not self.actor.works_at(visit.site_id):
                raise NotFound("There is no such visit that you can see.")

    def _explained(self, wish: Wish, text: str) -> dict[str, Any]:
        zone = ZoneInfo(catalogue.current().site(wish.site_id).zone)
        start = instant_of(text, zone)
        reasons = diary.explain_start(wish=wish, start=start, now=self.now)
        if any(reason.severity is not Severity.ADVISORY for reason in reasons):
            return {"starts": [], "hidden": [_hidden(start.astimezone(zone).date(), reasons)]}
        choice = diary.choose(wish=wish, start=start, now=self.now)
        return {"starts": [_start(choice, start.astimezone(zone))], "hidden": []}


def _start(choice: Choice, start: datetime) -> FreeStart:
    resources: dict[str, tuple[int, ...]] = {}
    for held in choice.held:
        resources[held.kind] = (*resources.get(held.kind, ()), held.resource_id)
    # Counted in UTC: wall-clock arithmetic would be an hour off across a clock change.
    before = start.astimezone(UTC) - timedelta(minutes=choice.prep_minutes)
    return FreeStart(start, before.astimezone(start.tzinfo), resources)


def _written(free: FreeStarts) -> bytes:
    """Write thousands of starts; what several of them hold is written once."""
    face = free.face
    texts: dict[Holding, str] = {}
    rows = []
    for quantum, holding in zip(free.quanta.tolist(), free.holdings, strict=True):
        resources = texts.get(holding)
        if resources is None:
            resources = texts[holding] = orjson.dumps(holding.resources).decode()
        start, arrive_at = face.text(quantum), face.text(quantum - holding.before_q)
        rows.append(f'{{"start":"{start}","arrive_at":"{arrive_at}","resources":{resources}}}')
    hidden = orjson.dumps([_hidden(day.date, day.reasons) for day in free.hidden])
    return b"".join((b'{"starts":[', ",".join(rows).encode(), b'],"hidden":', hidden, b"}"))


def _hidden(day: date, reasons: Iterable[Reason]) -> dict[str, Any]:
    return {"date": day, "refusals": [reason.as_dict() for reason in reasons]}


def _dates(asked: dict[str, Any]) -> tuple[date, date]:
    if "from" not in asked or "to" not in asked:
        raise Malformed("Say from which local date to which: `from` and `to`, or one `start`.")
    first, last = asked["from"], asked["to"]
    if last < first:
        raise Malformed("`to` is before `from`.", field="to")
    if last - first >= timedelta(days=MOST_DAYS):
        raise Malformed(f"At most {MOST_DAYS} days can be looked at in one request.", field="to")
    return first, last
