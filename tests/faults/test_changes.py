"""Moves, cancellations and opt-outs at seven points between claim and acceptance.

What was on the wire when the change committed may arrive, once, and is followed by a correction;
nothing else may.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from notifications import outbox
from notifications.models import Message
from scheduling.models import Appointment
from tests.faults import crowd, guards, invariants, points
from tests.faults.children import elsewhere
from tests.faults.crowd import Scene

AT_PROVIDER = "at the provider, not yet accepted"
ACCEPTED = "accepted, not yet answered"
SEVEN = (
    points.CLAIMED,
    points.BEGUN,
    points.GRANTED,
    points.CONNECTED,
    points.HALF,
    AT_PROVIDER,
    ACCEPTED,
)
VERBS = ("move", "cancel", "opt out")


@dataclass
class Change:
    """One change of one visit at one point of one message's way."""

    scene: Scene
    point: str
    verb: str
    channel: str
    arrived: int = 0
    visit: Appointment = field(init=False)

    def happen(self) -> None:
        """Book, sweep, change at the point, sweep on until all is told."""
        (self.visit,) = self.scene.crowd(1)
        truth = self.scene.truth
        trap = None
        if self.point == AT_PROVIDER:
            truth.before = self._at_stub
        elif self.point == ACCEPTED:
            truth.after = self._at_stub
        else:
            trap = points.Trap(self.point, self.channel, lambda: elsewhere(self._commit))
        with points.set_up(trap):
            desk = points.desk(truth.clock, self.scene.ports, trap)
            outbox.sweep(clock=truth.clock, using=desk)
        truth.before = truth.after = lambda _: None
        self.scene.come_to_rest()

    def _at_stub(self, ref: str) -> None:
        elsewhere(lambda: self._commit_if_it_is(ref))

    def _commit_if_it_is(self, ref: str) -> None:
        truth = self.scene.truth
        if Message.objects.get(ref=UUID(ref)).channel == self.channel:
            truth.before = truth.after = lambda _: None
            self._commit()

    def _commit(self) -> None:
        if self.verb == "opt out":
            address = getattr(self.visit.patient, {"sms": "phone", "email": "email"}[self.channel])
            self.scene.opt_out(self.channel, str(address))
        else:
            crowd.change(self.visit, self.verb, self.scene.truth.clock.now)
        # what arrived before cannot be stale; a message that waits at the stub is not in the list
        self.arrived = len(self.scene.truth.taken)

    def breaks(self) -> list[object]:
        """List what was accepted after the change and should not have been."""
        late = [
            m
            for t, m in invariants.rows_of(self.scene.truth)[self.arrived :]
            if m.appointment_id == self.visit.pk
        ]
        if self.verb == "opt out":
            wrong = [m for m in late if m.channel == self.channel]
            corrected = True
        else:
            wrong = [m for m in late if m.told_version == 0]
            corrected = {m.channel for m in late if m.told_version == 1} == {"email", "sms"}
        # from the moment its mark has begun a message may be on the wire: its mark may have
        # committed first, and the database says which was first
        excess = wrong if self.point == points.CLAIMED else wrong[1:]
        return [*excess, *([] if corrected else ["no correction"])]


@pytest.mark.parametrize("point", SEVEN)
def test_a_change_between_claim_and_acceptance(
    scene: Scene, times: Callable[[int], int], point: str
) -> None:
    rng = random.Random(point)  # noqa: S311 - a fixed seed
    for n in range(times(200)):
        change = Change(scene, point, VERBS[n % 3], rng.choice(["email", "sms"]))
        change.happen()
        assert change.breaks() == [], (change.verb, change.channel)
        scene.truth.clock.now = crowd.NOW
    assert invariants.sent_twice(scene.truth) == []
    assert invariants.at_night(scene.truth) == []
    open_rows = Message.objects.filter(open=True, due_at__lte=scene.truth.clock.now)
    assert not open_rows.exists()


@pytest.mark.parametrize("verb", VERBS)
def test_without_the_version_check_the_invariants_turn_red(scene: Scene, verb: str) -> None:
    change = Change(scene, points.CLAIMED, verb, "email")
    with guards.removed(guards.VERSION):
        change.happen()
    assert change.breaks() != []
