"""Proposals accepted, adjusted, declined; sessions skipped, fixed, let go."""

from collections.abc import Callable
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.request import Request

from plans import planning
from plans.api import asks
from plans.api.course import MAKE, WORK, CourseDoor, step
from plans.api.shapes import AcceptedShape, PlanShape
from plans.models import Proposal, Session
from scheduling.booking import Booked
from scheduling.models import Appointment
from scheduling.rest import visits
from scheduling.rest.answers import Spelling
from scheduling.rest.bodies import VersionBody
from scheduling.walltime import instant_of


class Proposals(CourseDoor):
    """What was proposed for a plan; read with the plan itself."""

    queryset = Proposal.objects.select_related("plan__site").order_by("pk")
    serializer_class = PlanShape
    site_path = "plan__site_id"
    needs: ClassVar = {"accept": WORK, "adjust": WORK, "decline": WORK}

    @step(asks.AcceptBody, AcceptedShape)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> HttpResponse:
        """Book exactly what was read out, all or the first so many, in one step or not at all."""
        asked, proposal = self.body(asks.AcceptBody), self.get_object()

        def accepted() -> Spelling:
            made = planning.accept(
                proposal_id=proposal.pk, first=asked.get("first"), by=self.actor, now=self.now
            )
            told = self.told(proposal.plan_id)
            return Spelling({"visits": _spelt(made), "plan": told.data}, headers=told.headers)

        return self.stepped(proposal.plan_id, asked, accepted)

    @step(asks.AdjustBody)
    @action(detail=True, methods=["post"])
    def adjust(self, request: Request, pk: str) -> HttpResponse:
        """Put one session elsewhere and solve the rest around it: a new proposal."""
        asked, proposal = self.body(asks.AdjustBody), self.get_object()
        start = instant_of(asked["start"], ZoneInfo(proposal.plan.site.zone))

        def adjusted() -> Spelling:
            planning.adjust(
                proposal_id=proposal.pk,
                session_id=asked["session"],
                start=start,
                by=self.actor,
                now=self.now,
            )
            return self.told(proposal.plan_id)

        return self.stepped(proposal.plan_id, asked, adjusted)

    @step(VersionBody)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> HttpResponse:
        """End a proposal that nobody wants, and let go of what it holds."""
        asked, proposal = self.body(VersionBody), self.get_object()

        def declined() -> Spelling:
            planning.decline(proposal_id=proposal.pk, by=self.actor, now=self.now)
            return self.told(proposal.plan_id)

        return self.stepped(proposal.plan_id, asked, declined)


def _spelt(made: list[Booked]) -> list[dict[str, object]]:
    """Spell the visits as booking answers them, read anew with what they hold."""
    fresh = visits.with_resources(Appointment.objects.all())
    rows = fresh.in_bulk([each.appointment.pk for each in made])
    return [visits.booked(rows[each.appointment.pk], each.advisories) for each in made]


class Sessions(CourseDoor):
    """The sessions of plans; read with the plan itself."""

    queryset = Session.objects.order_by("pk")
    serializer_class = PlanShape
    site_path = "plan__site_id"
    needs: ClassVar = {"skip": MAKE, "fix": WORK, "unfix": WORK}

    @step(asks.ReasonBody)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: str) -> HttpResponse:
        """Leave a session out; its visit, if it has one, is cancelled first."""
        asked, session = self.body(asks.ReasonBody), self.get_object()

        def skipped() -> Spelling:
            reason = asked["reason"]
            planning.skip(session_id=session.pk, reason=reason, by=self.actor, now=self.now)
            return self.told(session.plan_id)

        return self.stepped(session.plan_id, asked, skipped)

    @step(VersionBody)
    @action(detail=True, methods=["post"])
    def fix(self, request: Request, pk: str) -> HttpResponse:
        """Keep a booked session where it is in every re-flow."""
        return self._held(planning.fix)

    @step(VersionBody)
    @action(detail=True, methods=["post"])
    def unfix(self, request: Request, pk: str) -> HttpResponse:
        """Let a session move again."""
        return self._held(planning.unfix)

    def _held(self, verb: Callable[..., Session]) -> HttpResponse:
        asked, session = self.body(VersionBody), self.get_object()

        def held() -> Spelling:
            verb(session_id=session.pk, by=self.actor, now=self.now)
            return self.told(session.plan_id)

        return self.stepped(session.plan_id, asked, held)
