"""What the doors of plans have in common: whose plan it is, at which version, and how it is told."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema

from plans import courses
from plans.api import spelling
from plans.api.shapes import LostShape, PlanShape
from plans.models import Plan
from plans.planning import ProposalLost
from scheduling.errors import StaleVersion
from scheduling.rest import versions
from scheduling.rest.answers import Spelling
from scheduling.rest.doors import MATCH, ONCE, Door
from scheduling.rest.problems import PROBLEM, STEP_PROBLEMS

VIEW, WORK, MAKE = "plans.view_plan", "plans.work_plan", "plans.make_plan"

LOST = "Refused, with every reason; or somebody was faster, and this is proposed instead."
PROBLEMS = STEP_PROBLEMS | {(409, PROBLEM): OpenApiResponse(LostShape, description=LOST)}


def step(body: Any, answer: Any = PlanShape) -> Callable[[Any], Any]:
    """Describe a step with one plan, taken by POST."""
    return extend_schema(
        parameters=[ONCE, MATCH], request=body, responses={200: answer, **PROBLEMS}
    )


class CourseDoor(Door):
    """A door to something of a plan, at the sites where the caller works."""

    site_path = "site_id"

    def get_queryset(self) -> QuerySet[Any]:
        """Hide what stands at other sites."""
        rows: QuerySet[Any] = super().get_queryset()
        sites = self.actor.sites
        return rows if sites is None else rows.filter(**{f"{self.site_path}__in": sites})

    def told(self, plan_id: int, status: int = 200) -> Spelling:
        """Spell a plan as it stands after a step."""
        view = courses.view(plan_id, now=self.now)
        return Spelling(spelling.plan(view), status, versions.tag(view.version))

    def stepped(
        self, plan_id: int, asked: dict[str, Any], verb: Callable[[], Spelling]
    ) -> HttpResponse:
        """Take one step, once, at the version of the plan that the caller has seen."""
        version = versions.expected(self.request, asked.get("version"))

        def run() -> Spelling:
            _at_version(plan_id, version)
            try:
                return verb()
            except ProposalLost as lost:
                return self._lost(plan_id, lost)

        return self.once(self.request, run)

    def _lost(self, plan_id: int, lost: ProposalLost) -> Spelling:
        """Spell what is proposed instead, as an answer: raised, it would take the proposal along."""
        view = courses.view(plan_id, now=self.now)
        spelt, zone = spelling.plan(view), ZoneInfo(view.zone)
        lost.facts |= {
            "proposal": spelt["proposal"],
            "changes": [spelling.change(each, zone) for each in lost.changes],
            "refusals": [reason.as_dict() for reason in lost.reasons],
            "plan": spelt,
        }
        problem = self.get_exception_handler()(lost, self.get_exception_handler_context())
        if problem is None:
            raise lost
        headers = {"Content-Type": problem.content_type or PROBLEM, **versions.tag(view.version)}
        return Spelling(problem.data, problem.status_code, headers)


def _at_version(plan_id: int, version: int | None) -> None:
    if version is None:
        return
    current = Plan.objects.values_list("version", flat=True).get(pk=plan_id)
    if current != version:
        raise StaleVersion("This plan was changed by someone else. Read it again.", version=current)
