"""Which plans may call for a recall, asked of the database: the rest are not even read.

Without it every plan that the clinic ever made would be read at each tick. What is answered here may
be too much, never too little: whether a session is overdue is for `plans.courses` to say.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce

from notifications.models import Recall
from plans.models import Plan, Session
from scheduling.core.words import COUNTED, Status
from scheduling.models import Appointment

BATCH = 200

AHEAD = timedelta(hours=14)
"""No clock on earth is further ahead of UTC, so that no site's date is missed."""


def pages(waits: Mapping[str, timedelta], now: datetime) -> Iterator[Sequence[Plan]]:
    """Read the plans that may call for a recall, page by page, each with its `turn`.

    `waits` says after how long each procedure's result wants upkeep.
    """
    today, last = (now + AHEAD).date(), 0
    reached = Q(patient__deceased_on=None, patient__do_not_contact=False)
    rows = Plan.objects.filter(reached, abandoned_at=None).select_related("patient", "site")
    rows = rows.annotate(turn=_turn()).filter(_overdue() | _upkeep(waits, today))
    while page := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = page[-1].pk
        yield page


def _turn() -> CombinedExpression:
    """Count how often a plan and its visits have changed: while it stands, nothing has."""
    mine = Appointment.objects.filter(series=OuterRef("series")).order_by().values("series")
    changes = mine.annotate(n=Sum("version") + Count("pk")).values("n")
    return Coalesce(Subquery(changes, output_field=IntegerField()), 0) + F("version")


def _overdue() -> Q:
    """Keep running plans that have nothing booked, something to do, and were not asked yet."""
    booked = _visits(COUNTED - {Status.FULFILLED})
    waits = Session.objects.filter(~Exists(_of_session(COUNTED)), **_TO_DO)
    return Q(~Exists(booked), Exists(waits), ~Exists(_asked(Recall.Kind.OVERDUE)), paused_at=None)


def _upkeep(waits: Mapping[str, timedelta], today: date) -> Q:
    """Keep plans all done so long ago, of which nobody has come for the same since."""
    undone = Session.objects.filter(
        ~Exists(_of_session({Status.FULFILLED})), optional=False, **_TO_DO
    )
    due = Q(pk__in=[])
    for procedure, wait in waits.items():
        due |= Q(procedure=procedure, local_date__lte=today - wait)
    later = Appointment.objects.filter(
        patient=OuterRef("patient"),
        procedure=OuterRef("procedure"),
        status__in=sorted(COUNTED),
        local_date__gt=OuterRef("local_date"),
    )
    last = _visits({Status.FULFILLED}).filter(due).filter(~Exists(later))
    return Q(Exists(last), ~Exists(undone), ~Exists(_asked(Recall.Kind.UPKEEP)))


_TO_DO = {"plan": OuterRef("pk"), "skipped_at": None}


def _visits(statuses: Iterable[Status]) -> QuerySet[Appointment]:
    return Appointment.objects.filter(series=OuterRef("series"), status__in=sorted(statuses))


def _of_session(statuses: Iterable[Status]) -> QuerySet[Appointment]:
    return Appointment.objects.filter(
        series=OuterRef("plan__series"), seq=OuterRef("seq"), status__in=sorted(statuses)
    )


def _asked(kind: Recall.Kind) -> QuerySet[Recall]:
    return Recall.objects.filter(plan=OuterRef("pk"), kind=kind, turn=OuterRef("turn"))
