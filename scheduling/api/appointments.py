"""Appointments: read, booked, and taken through their day by the verbs of booking."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from scheduling import booking, catalogue
from scheduling.api import asks
from scheduling.booking.ask import wish_of
from scheduling.core.words import Reason, Status
from scheduling.errors import NotFound, StaleVersion
from scheduling.models import Appointment, Resource
from scheduling.rest import versions, visits
from scheduling.rest.answers import Spelling
from scheduling.rest.bodies import VersionBody
from scheduling.rest.doors import MATCH, ONCE, Door
from scheduling.rest.problems import READ_PROBLEMS, STEP_PROBLEMS, WRITE_PROBLEMS
from scheduling.walltime import instant_of

VIEW, WORK = "scheduling.view_appointment", "scheduling.work_diary"


def step(body: Any = VersionBody) -> Callable[[Any], Any]:
    """Describe a step of one visit, taken by POST."""
    return extend_schema(
        parameters=[ONCE, MATCH],
        request=body,
        responses={200: visits.BookedShape, **STEP_PROBLEMS},
    )


class Appointments(Door):
    """The visits at the sites where the caller works."""

    queryset = Appointment.objects.order_by("start", "pk")
    serializer_class = visits.VisitShape
    needs: ClassVar = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": WORK,
        "move": WORK,
        "confirm": WORK,
        "arrive": WORK,
        "check_in": WORK,
        "complete": WORK,
        "cancel": WORK,
        "no_show": WORK,
        "reinstate": WORK,
    }

    def get_queryset(self) -> QuerySet[Appointment]:
        """Hide the visits at other sites."""
        rows: QuerySet[Appointment] = visits.with_resources(super().get_queryset())
        sites = self.actor.sites
        return rows if sites is None else rows.filter(site_id__in=sites)

    @extend_schema(
        parameters=[asks.VisitsAsked],
        responses={200: visits.VisitShape(many=True), **READ_PROBLEMS},
    )
    def list(self, request: Request) -> Response:
        """List visits in the order of their starts."""
        return self.paged(filtered(self.get_queryset(), self.query(asks.VisitsAsked)), visits.shown)

    @extend_schema(responses={200: visits.VisitShape, **READ_PROBLEMS})
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one visit; its ETag is its version."""
        visit = self.get_object()
        return Response(visits.shown(visit), headers=versions.tag(visit.version))

    @extend_schema(
        parameters=[ONCE],
        request=asks.BookBody,
        responses={201: visits.BookedShape, **WRITE_PROBLEMS},
    )
    def create(self, request: Request) -> HttpResponse:
        """Book a visit, or hold its time; refused with every reason and the earliest start."""
        asked = self.body(asks.BookBody)
        if not self.actor.works_at(asked["site"]):
            raise NotFound("There is no such site.")
        zone = ZoneInfo(catalogue.current().site(asked["site"]).zone)
        asked["start"] = instant_of(asked["start"], zone)
        return self.once(request, lambda: self._booked(asked))

    def _booked(self, asked: dict[str, Any]) -> Spelling:
        wish, start, minutes = asks.wish_of(asked), asked["start"], asked.get("hold", 0)
        if minutes:
            made = booking.hold(
                wish=wish, start=start, minutes=minutes, by=self.actor, now=self.now
            )
        else:
            override = asks.override_of(asked)
            made = booking.book(
                wish=wish, start=start, override=override, by=self.actor, now=self.now
            )
        return self._spelt(made.appointment, made.advisories, HTTPStatus.CREATED)

    @step(asks.MoveBody)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> HttpResponse:
        """Move a visit; all rules are asked again."""
        asked, visit = self.body(asks.MoveBody), self.get_object()
        place = booking.Place(
            start=instant_of(asked["start"], ZoneInfo(visit.zone)),
            minutes=asked.get("minutes"),
            practitioner_id=asked.get("practitioner"),
            resources=asked.get("resources", {}),
        )

        def moved(**which: Any) -> Spelling:
            made = booking.move(to=place, override=asks.override_of(asked), **which)
            return self._spelt(made.appointment, made.advisories)

        return self._step(visit, asked, moved)

    @step(asks.OverridableBody)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> HttpResponse:
        """Note that the patient said yes; a hold is booked."""
        asked, visit = self.body(asks.OverridableBody), self.get_object()

        def held(version: int | None, **which: Any) -> Spelling:
            if version not in (None, visit.version):
                raise StaleVersion(version=visit.version)
            override = asks.override_of(asked)
            made = booking.book_held(wish=wish_of(visit), override=override, **which)
            return self._spelt(made.appointment, made.advisories)

        if visit.status == Status.PENDING:
            return self._step(visit, asked, held)
        return self._step(visit, asked, lambda **which: self._spelt(booking.confirm(**which)))

    @step()
    @action(detail=True, methods=["post"])
    def arrive(self, request: Request, pk: str) -> HttpResponse:
        """Note that the patient is in the house."""
        asked, visit = self.body(VersionBody), self.get_object()
        return self._step(visit, asked, lambda **which: self._spelt(booking.arrive(**which)))

    @step(asks.OverridableBody)
    @action(detail=True, methods=["post"], url_path="check-in")
    def check_in(self, request: Request, pk: str) -> HttpResponse:
        """Ask the rules once more, consent included, and let the patient through."""
        asked, visit = self.body(asks.OverridableBody), self.get_object()

        def let_in(**which: Any) -> Spelling:
            return self._spelt(*booking.check_in(override=asks.override_of(asked), **which))

        return self._step(visit, asked, let_in)

    @step(asks.CompleteBody)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> HttpResponse:
        """Record what was done, and from it until when the skin rests."""
        asked, visit = self.body(asks.CompleteBody), self.get_object()
        ended = asked.get("ended_at")
        done = booking.Done(
            procedure=asked.get("procedure"),
            areas=asked.get("area"),
            size=asked.get("size"),
            depth=asked.get("depth"),
            ended_at=ended and instant_of(ended, ZoneInfo(visit.zone)),
            result=asked.get("result", ""),
            tested=tuple(asked.get("tested", ())),
        )
        return self._step(
            visit, asked, lambda **which: self._spelt(booking.complete(done=done, **which))
        )

    @step(asks.CancelBody)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> HttpResponse:
        """Cancel a visit and free what it held; the patient is told."""
        asked, visit = self.body(asks.CancelBody), self.get_object()
        reason = asked.get("reason", "")
        return self._step(
            visit, asked, lambda **which: self._spelt(booking.cancel(reason=reason, **which))
        )

    @step()
    @action(detail=True, methods=["post"], url_path="no-show")
    def no_show(self, request: Request, pk: str) -> HttpResponse:
        """Note that the patient did not come."""
        asked, visit = self.body(VersionBody), self.get_object()
        return self._step(visit, asked, lambda **which: self._spelt(booking.no_show(**which)))

    @step()
    @action(detail=True, methods=["post"])
    def reinstate(self, request: Request, pk: str) -> HttpResponse:
        """Undo a mistake: the visit is booked again as it was."""
        asked, visit = self.body(VersionBody), self.get_object()
        return self._step(visit, asked, lambda **which: self._spelt(booking.reinstate(**which)))

    def _step(
        self, visit: Appointment, asked: dict[str, Any], verb: Callable[..., Spelling]
    ) -> HttpResponse:
        """Take one step of a visit, once, at the version that the caller has seen."""
        version = versions.expected(self.request, asked.get("version"))
        return self.once(
            self.request,
            lambda: verb(appointment_id=visit.pk, version=version, by=self.actor, now=self.now),
        )

    def _spelt(
        self,
        visit: Appointment,
        advisories: Iterable[Reason] = (),
        status: int = HTTPStatus.OK,
    ) -> Spelling:
        """Spell a visit after a verb, read anew with what it holds."""
        fresh = visits.with_resources(Appointment.objects.all()).get(pk=visit.pk)
        return Spelling(visits.booked(fresh, advisories), status, versions.tag(fresh.version))


def filtered(rows: QuerySet[Appointment], asked: dict[str, Any]) -> QuerySet[Appointment]:
    """Narrow a list of visits to what was asked; dates are local and inclusive."""
    plain = {
        "site": "site_id",
        "patient": "patient_id",
        "treatment": "treatment_id",
        "from": "local_date__gte",
        "to": "local_date__lte",
        "status": "status__in",
    }
    rows = rows.filter(**{field: asked[name] for name, field in plain.items() if name in asked})
    for name, kinds in (("practitioner", [Resource.Kind.PRACTITIONER]), ("resource", None)):
        if name in asked:
            held = rows.filter(allocations__resource_id=asked[name])
            rows = held.filter(allocations__resource__kind__in=kinds) if kinds else held
    return rows.distinct() if {"practitioner", "resource"} & set(asked) else rows
