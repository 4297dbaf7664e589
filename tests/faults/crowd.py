"""Patients by the hundred, each with one visit, and the words that staff must never see in a log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction

from notifications import outbox
from notifications.core.states import OPEN
from notifications.models import Breaker, Message, OptOut
from scheduling.models import Appointment, Patient
from tests.faults import children, points
from tests.faults.senders import Nursery
from tests.faults.stub import PATIENT, Letters, Texts, Truth
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, House

CLINICAL = "Zanthorine peel"
FAMILY = "Quillfeather"
SOON = 3
"""After so many steps the clock takes longer ones: a grace has fifteen look-ups, all the same."""

_number = count(1)


@dataclass
class Scene:
    """A clinic, its two providers, and senders of its own."""

    truth: Truth
    texts: Texts
    letters: Letters
    nursery: Nursery
    timeout: float = PATIENT
    uncapped: bool = False
    """Whether a control has taken the guard of the caps away; else they must hold after every fault."""
    house: House = field(init=False)

    def __post_init__(self) -> None:
        self.house = stage.house(email="", phone="")
        type(self.house.treatment).objects.update(name=CLINICAL)
        self.nursery.ports = self.ports

    @property
    def ports(self) -> tuple[int, int]:
        return self.texts.server_port, self.letters.port

    def crowd(self, size: int, *, start: datetime = DAYS_14, **facts: Any) -> list[Appointment]:
        """Register patients, book a visit for each, and write their messages."""
        patients = Patient.objects.bulk_create(_patient(**facts) for _ in range(size))
        visits = [
            stage.visit(House(self.house.site, self.house.treatment, who), start, created_at=NOW)
            for who in patients
        ]
        self.tell(visits)
        return visits

    def tell(self, visits: Sequence[Appointment], verb: str = "book") -> None:
        with transaction.atomic():
            outbox.enqueue(appointments=visits, verb=verb, now=self.truth.clock.now)

    def sweep(self) -> None:
        """Sweep in this process."""
        clock = self.truth.clock
        outbox.sweep(clock=clock, using=points.desk(clock, self.ports, timeout=self.timeout))

    def come_to_rest(self, within: timedelta = timedelta(hours=3), steps: int = 400) -> datetime:
        """End all leases and sweep on until nothing is open that was due; answer the horizon.

        The clock jumps to when there is next something to do.
        """
        clock = self.truth.clock
        horizon = clock.now + within
        for step in range(steps):
            children.end_leases()
            self.sweep()
            rows = Message.objects.filter(state__in=OPEN, due_at__lte=horizon)
            if not rows.exists():
                break
            least = timedelta(minutes=4) if step > SOON else timedelta(seconds=1)
            clock.now = max(self._next(rows), clock.now + least)
        return horizon

    def _next(self, rows: Any) -> datetime:
        now = self.truth.clock.now
        moments = [
            *rows.filter(state="pending").order_by("due_at").values_list("due_at", flat=True)[:1],
            *rows.filter(state="unknown")
            .order_by("look_up_at")
            .values_list("look_up_at", flat=True)[:1],
        ]
        rests = Breaker.objects.filter(since__isnull=False).values_list("until", flat=True)
        soonest = min([m for m in moments if m], default=now)
        return max(soonest, *rests) if rests else soonest

    def opt_out(self, channel: str, address: str) -> None:
        OptOut.objects.create(
            channel=channel, address=address, at=self.truth.clock.now, source="staff"
        )


def change(visit: Appointment, verb: str, now: datetime) -> None:
    """Move or cancel a visit in one transaction, as booking does: its row first, then its words."""
    with transaction.atomic():
        mine = Appointment.objects.select_for_update().get(pk=visit.pk)
        if verb == "move":
            mine.start, mine.end = mine.start + timedelta(days=1), mine.end + timedelta(days=1)
        facts = {"status": "cancelled"} if verb == "cancel" else {}
        stage.change(mine, verb, now=now, **facts)


def _patient(**facts: Any) -> Patient:
    n = next(_number)
    return Patient(
        **{
            "given_name": f"Ada{n}",
            "family_name": FAMILY,
            "email": f"quill{n}@example.org",
            "phone": f"+447{700_000_000 + n}",
            "search_key": f"ada{n}",
        }
        | facts
    )


def canaries(truth: Truth) -> set[str]:
    """List what no log may hold: the treatment, the name, every address used, every link's token."""
    import re

    tokens = {m for t in truth.taken for m in re.findall(r"/([\w-]{40,})/", t.text)}
    addresses = set(Patient.objects.values_list("email", "phone"))
    return {CLINICAL, FAMILY, *tokens} | {str(a) for pair in addresses for a in pair if a}
