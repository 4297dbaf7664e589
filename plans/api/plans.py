"""Plans: read, started from a template, proposed, re-flowed, paused, abandoned."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from plans import courses, planning
from plans.api import asks, spelling
from plans.api.course import MAKE, VIEW, WORK, CourseDoor, step
from plans.api.shapes import PlanShape, ReflowShape
from plans.models import Plan
from scheduling.errors import NotFound
from scheduling.rest import versions
from scheduling.rest.answers import Spelling
from scheduling.rest.bodies import VersionBody
from scheduling.rest.doors import ONCE
from scheduling.rest.problems import READ_PROBLEMS, WRITE_PROBLEMS


class Plans(CourseDoor):
    """The plans at the sites where the caller works."""

    queryset = Plan.objects.select_related("patient", "site").order_by("-created_at", "-pk")
    serializer_class = PlanShape
    needs: ClassVar = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": MAKE,
        "propose": WORK,
        "reflow": WORK,
        "pause": MAKE,
        "resume": MAKE,
        "abandon": MAKE,
    }

    @extend_schema(
        parameters=[asks.PlansAsked], responses={200: PlanShape(many=True), **READ_PROBLEMS}
    )
    def list(self, request: Request) -> Response:
        """List plans as they stand, the newest first."""
        asked = self.query(asks.PlansAsked)
        named = {f"{name}_id": asked[name] for name in ("patient", "site") if name in asked}
        page = self.paginate_queryset(self.get_queryset().filter(**named)) or []
        views = courses.views(page, now=self.now)
        return self.get_paginated_response([spelling.plan(view) for view in views])

    @extend_schema(responses={200: PlanShape, **READ_PROBLEMS})
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one plan as it stands; its ETag is its version."""
        view = courses.view(self.get_object().pk, now=self.now)
        return Response(spelling.plan(view), headers=versions.tag(view.version))

    @extend_schema(
        parameters=[ONCE], request=asks.PlanBody, responses={201: PlanShape, **WRITE_PROBLEMS}
    )
    def create(self, request: Request) -> HttpResponse:
        """Start a plan: the template's sessions for one patient; nothing is proposed yet."""
        asked = self.body(asks.PlanBody)
        if not self.actor.works_at(asked["site"]):
            raise NotFound("There is no such site.")
        draft = asks.draft_of(asked)

        def started() -> Spelling:
            plan = planning.start(draft=draft, by=self.actor, now=self.now)
            return self.told(plan.pk, HTTPStatus.CREATED)

        return self.once(request, started)

    @step(asks.ProposeBody)
    @action(detail=True, methods=["post"])
    def propose(self, request: Request, pk: str) -> HttpResponse:
        """Find the best dates for every session without one; with `hold` keep them 10 minutes."""
        asked, plan = self.body(asks.ProposeBody), self.get_object()
        verb = planning.propose_held if asked["hold"] else planning.propose

        def proposed() -> Spelling:
            verb(plan_id=plan.pk, by=self.actor, now=self.now)
            return self.told(plan.pk)

        return self.stepped(plan.pk, asked, proposed)

    @step(VersionBody, ReflowShape)
    @action(detail=True, methods=["post"])
    def reflow(self, request: Request, pk: str) -> HttpResponse:
        """Propose the fewest and smallest moves that make the plan fit again."""
        asked, plan = self.body(VersionBody), self.get_object()

        def reflowed() -> Spelling:
            made = planning.reflow(plan_id=plan.pk, by=self.actor, now=self.now)
            told = self.told(plan.pk)
            return Spelling({"moves": made is not None, "plan": told.data}, headers=told.headers)

        return self.stepped(plan.pk, asked, reflowed)

    @step(asks.ReasonBody)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> HttpResponse:
        """Stop planning until somebody resumes; visits that are booked stay."""
        return self._steered(planning.pause)

    @step(asks.ReasonBody)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> HttpResponse:
        """Go on with a plan that somebody paused."""
        return self._steered(planning.resume)

    @step(asks.ReasonBody)
    @action(detail=True, methods=["post"])
    def abandon(self, request: Request, pk: str) -> HttpResponse:
        """End a plan before it is complete: its coming visits are cancelled."""
        return self._steered(planning.abandon)

    def _steered(self, verb: Callable[..., Plan]) -> HttpResponse:
        asked: dict[str, Any] = self.body(asks.ReasonBody)
        plan = self.get_object()
        version = versions.expected(self.request, asked.get("version"))

        def steered() -> Spelling:
            verb(
                plan_id=plan.pk,
                reason=asked["reason"],
                version=version,
                by=self.actor,
                now=self.now,
            )
            return self.told(plan.pk)

        # These verbs compare the version themselves, under the patient's lock.
        return self.once(self.request, steered)
