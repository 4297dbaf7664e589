"""What a sender process does with its life; needs Django set up."""

import os
import signal
import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from notifications import lookups, outbox, recovery
from notifications.core.policy import Channel
from notifications.models import Message
from notifications.rounds import LOOK_UP_AFTER
from tests.faults import guards, points
from tests.faults.senders import Life
from tests.notifications.stage import Clock

LONG_AGO = "2020-01-01T00:00:00+00:00"


def warm_up() -> None:
    """Load what a provider's library loads at its first use, once for all lives."""
    carry = points.desk(Clock(), (1, 1)).carriers
    for channel in Channel:
        with carry(channel):
            pass


def live(life: Life, ports: tuple[int, int]) -> None:
    """Sweep once by a clock that stands, and die where it is said."""
    for name in life.removed:
        guards.remove(name)
    trap = None
    if life.point:
        trap = points.Trap(life.point, life.channel, _fate(life, ports), nth=life.nth)
    clock = Clock(life.now)
    with points.set_up(trap):
        outbox.sweep(clock=clock, using=points.desk(clock, ports, trap))


def _fate(life: Life, ports: tuple[int, int]) -> Callable[[], None]:
    def die() -> None:
        if life.point == points.OVERTAKEN:
            elsewhere(lambda: overtake(Clock(life.now), ports))
        if life.sleeps:
            elsewhere(lambda: take_over(Clock(life.now), ports))
        if not (life.survives or life.sleeps):
            os.kill(os.getpid(), signal.SIGKILL)

    return die


def elsewhere(what: Callable[[], None]) -> None:
    """Do something in a thread with a connection of its own, and wait for it."""

    def done() -> None:
        try:
            what()
        finally:
            connection.close()

    thread = threading.Thread(target=done)
    thread.start()
    thread.join()


def end_leases() -> None:
    """Let every lease run out, as five minutes would."""
    Message.objects.filter(leased_until__isnull=False).update(leased_until=LONG_AGO)


def overtake(clock: Clock, ports: tuple[int, int]) -> None:
    """Take a message from a sender that is still in its call: look it up, and settle it."""
    end_leases()
    recovery.recover(look_up_at=clock.now + LOOK_UP_AFTER, now=clock.now)
    later = Clock(clock.now + timedelta(minutes=2))
    lookups.reconcile(points.desk(later, ports))


def take_over(clock: Clock, ports: tuple[int, int]) -> None:
    """Sweep as another process does that finds a lease at its end."""
    end_leases()
    outbox.sweep(clock=clock, using=points.desk(clock, ports))
