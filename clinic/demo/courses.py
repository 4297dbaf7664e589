"""The demo's courses of treatment: one plan in each state that a plan can be in.

Sessions of the past are brought in as from a paper diary; everything to come is proposed, accepted
and steered through the verbs that reception and clinicians use.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import F

from clinic.demo import visits
from clinic.demo.places import LONDON
from clinic.demo.visits import Desk
from plans import courses, planning
from plans.courses import PlanView, SessionView, State
from plans.models import Plan, PlanTemplate, Proposal
from scheduling import booking
from scheduling.core.words import Status
from scheduling.errors import ClinicError
from scheduling.models import Site

SCARS, NAFL_FOUR, IPL_FOUR = (
    "acne-scars-fractional-ablative",
    "nonablative-fractional-x4",
    "ipl-x4",
)
VESSELS = "vascular-pdl-x3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Whose course it is, how long ago each session was, and what became of the rest.

    `done` are days before today, one for each session from the first on; `missed` says that
    nobody came to the last of them.
    """

    who: str
    template: str
    then: str
    areas: tuple[str, ...] = ("cheeks",)
    size: str = "small"
    done: tuple[int, ...] = ()
    missed: bool = False
    paid: int | None = None


STORIES = (
    Story(who="Rosa Fern", template=SCARS, then="proposed", areas=("face",), size="face", paid=2),
    Story(who="Tom Hazel", template=NAFL_FOUR, then="booked"),
    Story(who="Uma Larch", template=SCARS, then="next two", done=(75, 61)),
    Story(who="Vera Holm", template=SCARS, then="middle cancelled", done=(70, 40)),
    Story(who="Wil Cedar", template=NAFL_FOUR, then="nothing", done=(90, 60, 4), missed=True),
    Story(who="Xenia Moor", template=VESSELS, then="paused", areas=("nose",), done=(50, 47, 30)),
    Story(who="Hana Field", template=IPL_FOUR, then="nothing", done=(40, 36, 9)),
    Story(who="Yves Thorn", template=NAFL_FOUR, then="last skipped", done=(180, 160, 130, 100)),
    Story(who="Zoe Meadow", template=SCARS, then="abandoned", done=(120, 100)),
)


def fill(desk: Desk) -> None:
    """Make sure that every story is there; what is there stays."""
    for story in STORIES:
        if not Plan.objects.filter(patient=desk.cast[story.who]).exists():
            _tell(story, desk)


def _tell(story: Story, desk: Desk) -> None:
    began = desk.now - timedelta(days=max(story.done, default=0) + 1)
    draft = planning.Draft(
        template_id=PlanTemplate.objects.get(code=story.template).pk,
        patient_id=desk.cast[story.who].pk,
        site_id=Site.objects.get(name=LONDON).pk,
        areas=story.areas,
        size=story.size,
        depth="superficial",
        paid_sessions=story.paid,
    )
    plan = planning.start(draft=draft, by=desk.clinician, now=began)
    view = courses.view(plan.pk, now=desk.now)
    for session, days in zip(view.sessions, story.done, strict=False):
        last = session.seq == len(story.done)
        _bring(view, session, days, desk, missed=story.missed and last)
    try:
        _THEN[story.then](plan, desk)
    except ClinicError:
        return  # the diary of a demo that was played with may leave no dates


def _bring(view: PlanView, session: SessionView, days: int, desk: Desk, *, missed: bool) -> None:
    """Write a session of the past into the diary."""
    visit = visits.Visit(
        who=view.patient,
        what=session.treatment,
        days=visits.back(days),
        areas=session.areas,
        size=session.size,
        indication=view.indication,
        status=Status.NOSHOW if missed else Status.FULFILLED,
    )
    wish = replace(
        desk.wish(visit), series_id=view.series_id, seq=session.seq, minutes=session.minutes
    )
    visits.bring(visit, wish, desk)


def _propose(plan: Plan, desk: Desk) -> None:
    """Propose, and keep the starts while the proposal is read out."""
    planning.propose_held(plan_id=plan.pk, by=desk.by, now=desk.now)


def _book(plan: Plan, desk: Desk, first: int | None = None) -> None:
    proposal = planning.propose(plan_id=plan.pk, by=desk.by, now=desk.now)
    planning.accept(proposal_id=proposal.pk, by=desk.by, now=desk.now, first=first)


def _book_two(plan: Plan, desk: Desk) -> None:
    """Book two sessions; the rest was proposed before the plan was as it is now, and is stale."""
    _book(plan, desk, first=2)
    rest = planning.propose(plan_id=plan.pk, by=desk.by, now=desk.now)
    Proposal.objects.filter(pk=rest.pk).update(plan_version=F("plan_version") - 1)


def _cancel_the_middle(plan: Plan, desk: Desk) -> None:
    """Book the course, and let the patient cancel the session in its middle."""
    _book(plan, desk)
    booked = [s for s in courses.view(plan.pk, now=desk.now).sessions if s.state is State.BOOKED]
    middle = booked[0].visit
    if middle is not None:
        booking.cancel(
            appointment_id=middle.id, version=None, by=desk.by, now=desk.now, reason="Travels"
        )


def _pause(plan: Plan, desk: Desk) -> None:
    planning.pause(plan_id=plan.pk, reason="Abroad until spring", by=desk.clinician, now=desk.now)


def _abandon(plan: Plan, desk: Desk) -> None:
    planning.abandon(plan_id=plan.pk, reason="Moved away", by=desk.clinician, now=desk.now)


def _skip_the_rest(plan: Plan, desk: Desk) -> None:
    """End a course early because its aim is reached: what is left is skipped."""
    for session in courses.view(plan.pk, now=desk.now).sessions:
        if session.state is State.UNPLANNED:
            planning.skip(
                session_id=session.id, reason="Aim reached", by=desk.clinician, now=desk.now
            )


def _nothing(plan: Plan, desk: Desk) -> None:
    """Leave it as it is: its next session is due, or an open side effect pauses it."""


_THEN: Mapping[str, Callable[[Plan, Desk], None]] = {
    "proposed": _propose,
    "booked": _book,
    "next two": _book_two,
    "middle cancelled": _cancel_the_middle,
    "paused": _pause,
    "abandoned": _abandon,
    "last skipped": _skip_the_rest,
    "nothing": _nothing,
}
