"""What was proposed for a plan, as it was read out: nothing of it is booked until it is accepted."""

from django.db import models
from django.db.models import F, Q

from plans.models.plans import Plan, Session
from scheduling.models import Appointment, ProtocolVersion


class Proposal(models.Model):
    """Dates, times and resources for every session that is not over, all at once.

    `kind` tells a first proposal from a re-flow, whose visits carry where they were.
    `held_until` is set while its new starts are kept for the patient (each by a hold). `cost`
    and `left_out` are those of `plans.core.course.Proposal`; `why` lists reasons, each as
    `scheduling.core.words.Reason.as_dict`, for which a re-flow was asked. `protocol` is the
    version whose rules it keeps.
    """

    class Kind(models.TextChoices):
        """Whether it is the first of a course or moves what is booked."""

        NEW = "new", "new"
        REFLOW = "reflow", "re-flow"

    class State(models.TextChoices):
        """`open` can be accepted; every other state is an end."""

        OPEN = "open", "open"
        ACCEPTED = "accepted", "accepted"
        SUPERSEDED = "superseded", "superseded"
        DECLINED = "declined", "declined"

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="proposals")
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    plan_version = models.PositiveIntegerField()
    protocol = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="+")
    end_date = models.DateField()
    cost = models.JSONField(default=dict)
    left_out = models.JSONField(default=list)
    why = models.JSONField(default=list)
    held_until = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=160)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_proposal_is_open", fields=["plan"], condition=Q(state="open")
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.plan}"


class ProposedVisit(models.Model):
    """One session's place in a proposal, with what it would hold.

    `held` lists `[resource_id, kind, start_q, end_q]` as `scheduling.core.words.Held`. `visit` is
    the booked visit that a re-flow would move, at `visit_version`; `was` its start then. `hold`
    keeps the start while the proposal is read out. `window_first` and `window_last` are the
    local dates between which the session may lie as its lags stand; `why` says why it moves.
    """

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="visits")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="proposed")
    start = models.DateTimeField()
    end = models.DateTimeField()
    local_date = models.DateField()
    prep_minutes = models.PositiveSmallIntegerField(default=0)
    held = models.JSONField(default=list)
    visit = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    visit_version = models.PositiveIntegerField(null=True, blank=True)
    was = models.DateTimeField(null=True, blank=True)
    hold = models.ForeignKey(
        Appointment, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    window_first = models.DateField(null=True, blank=True)
    window_last = models.DateField(null=True, blank=True)
    why = models.TextField(blank=True)

    class Meta:
        ordering = ["proposal_id", "start", "pk"]
        constraints = [
            models.UniqueConstraint(name="session_proposed_once", fields=["proposal", "session"]),
            models.CheckConstraint(
                name="proposed_visit_has_length", condition=Q(start__lt=F("end"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session} {self.start:%Y-%m-%d %H:%M}"
