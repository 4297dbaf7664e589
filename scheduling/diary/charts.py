"""A patient's rows as the rules read them, and the rules asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from scheduling import statements
from scheduling.catalogue import COUNTER
from scheduling.core import rules
from scheduling.core.refusals import refusal
from scheduling.core.rules import Chart, Moment, Visit
from scheduling.core.timeline import Timeline, Window, ceil_q, covered, instant
from scheduling.core.words import OCCUPYING, Reason, Severity, Status
from scheduling.diary.question import Question
from scheduling.errors import NotFound
from scheduling.models import Record
from scheduling.models.appointments import LONGEST_Q

VISIT_FIELDS = (
    "pk", "procedure", "start", "end", "actual_end", "start_q", "end_q", "zone", "areas", "size",
    "depth", "status", "indication", "encounter", "series_id", "seq", "treatment__name",
)  # fmt: skip
_PERSON = f"""
SELECT birth_date, fitzpatrick, deceased_on, ({COUNTER}) FROM scheduling_patient WHERE id = %s
"""  # noqa: S608 - no text of anybody's
_VISITS = f"""
SELECT a.id, a.procedure, a.start, a."end", a.actual_end, a.start_q, a.end_q, a.zone, a.areas,
  a.size, a.depth, a.status, a.indication, a.encounter, a.series_id, a.seq, t.name
FROM scheduling_appointment a JOIN scheduling_treatment t ON t.id = a.treatment_id
WHERE a.patient_id = %s AND a.status NOT IN ('{Status.ENTERED_IN_ERROR}', '{Status.CANCELLED}')
ORDER BY a.start, a.id
"""  # noqa: S608
_RECORDS = f"""
SELECT {statements.columns(Record, "r")} FROM scheduling_record r
WHERE patient_id = %s AND withdrawn_at IS NULL ORDER BY id
"""  # noqa: S608
_TAKEN = """
SELECT a.start_q, a.end_q, a.id, t.name
FROM scheduling_appointment a JOIN scheduling_treatment t ON t.id = a.treatment_id
WHERE a.patient_id = %s AND a.status = ANY(%s) AND a.start_q >= %s AND a.start_q < %s
ORDER BY a.start_q, a.id
"""
_INSTANT_TYPES = frozenset({Record.Kind.CONSULTATION, Record.Kind.PATCH_TEST, Record.Kind.CONSENT})
PATCH_TEST = Record.Kind.PATCH_TEST.value
_DAY_TYPES = frozenset({Record.Kind.HEALED, Record.Kind.DOCTOR_DIRECTED, Record.Kind.PRIOR_SESSION})


Taken = tuple[int, int, int, str]
"""A visit that occupies the patient: start_q, end_q, id and the treatment's name."""


@dataclass(frozen=True)
class Known:
    """What the rows say of one patient: the chart for the rules, and the patient's own time."""

    chart: Chart
    taken: tuple[Taken, ...] = ()
    deceased_on: date | None = None
    counter: int | None = None
    """The catalogue's counter when the patient was read."""

    def busy(self, window: Window, moving: int | None) -> Timeline:
        """Answer when the patient is at another visit."""
        return covered(((a, b) for a, b, pk, _ in self.taken if pk != moving), window)

    def clash(self, start_q: int, end_q: int, moving: int | None) -> tuple[int, int, str] | None:
        """Answer the first other visit that overlaps ``[start_q, end_q)``."""
        for a, b, pk, name in self.taken:
            if pk != moving and a < end_q and start_q < b:
                return a, b, name
        return None


NOBODY = Known(Chart())


def known(patient_id: int) -> Known:
    """Read a patient's rows, clinic-wide, in one round trip.

    Raises:
        NotFound: there is no such patient.

    """
    return known_after((), patient_id)[0]


def known_after(
    first: Sequence[statements.Asked], patient_id: int
) -> tuple[Known, list[list[tuple[Any, ...]]]]:
    """Read a patient's rows after other statements, in the same round trip; give both answers.

    Raises: see `known`.
    """
    *answers, person, visited, noted = statements.rows_of_each(
        *first, *((sql, [patient_id]) for sql in (_PERSON, _VISITS, _RECORDS))
    )
    return _known(person, visited, noted), answers


def _known(
    person: Sequence[tuple[Any, ...]],
    visited: Sequence[tuple[Any, ...]],
    noted: Sequence[tuple[Any, ...]],
) -> Known:
    if not person:
        raise NotFound("There is no such patient.")
    born, fitzpatrick, deceased_on, counter = person[0]
    visits = [dict(zip(VISIT_FIELDS, row, strict=True)) for row in visited]
    records = [statements.made(Record, row) for row in noted]
    return Known(
        Chart(
            born=born,
            fitzpatrick=fitzpatrick,
            records=tuple(record_of(row) for row in records),
            visits=tuple(visit_of(row) for row in visits),
        ),
        tuple(
            (row["start_q"], row["end_q"], row["pk"], row["treatment__name"])
            for row in visits
            if row["status"] in OCCUPYING
        ),
        deceased_on,
        counter,
    )


def taken_by(patient_id: int, window: Window) -> tuple[Taken, ...]:
    """Read only when the patient is at other visits in a window, in one query."""
    asked = [patient_id, sorted(OCCUPYING), window.q0 - LONGEST_Q, window.q1]
    return tuple((a, b, pk, name) for a, b, pk, name in statements.rows(_TAKEN, asked))


def chart(patient_id: int) -> Chart:
    """Answer all that the rules may know of a patient.

    Raises:
        NotFound: there is no such patient.

    """
    return known(patient_id).chart


def visit_of(row: dict[str, Any]) -> Visit:
    """Read an appointment's row, as `VISIT_FIELDS` names it, for the rules."""
    return Visit(
        id=row["pk"],
        procedure=row["procedure"],
        start=row["start"],
        end=max(row["actual_end"] or row["end"], row["start"] + timedelta(minutes=1)),
        zone=ZoneInfo(row["zone"]),
        areas=frozenset(row["areas"]),
        size=row["size"],
        depth=row["depth"],
        status=Status(row["status"]),
        indication=row["indication"],
        encounter=row["encounter"],
        series=row["series_id"],
        seq=row["seq"],
    )


def record_of(row: Record) -> rules.Record:
    """Read a record's row for the rules."""
    counts_hours = row.kind in _INSTANT_TYPES
    zone = ZoneInfo(row.zone) if row.zone else None
    began = row.start.astimezone(zone or UTC).date() if row.start else None
    on = row.start_date or row.end_date or began
    return rules.Record(
        type=row.kind,
        start=row.start,
        end=row.end or row.start,
        zone=zone,
        status=Status.FULFILLED if counts_hours else "",
        procedure=row.procedure,
        result=row.result,
        areas=frozenset(row.areas),
        size=row.size,
        depth=row.depth,
        on=on if row.kind in _DAY_TYPES else None,
        start_date=row.start_date,
        end_date=row.end_date,
        code=row.code,
        drug_class=row.drug_class,
    )


def booked_tests(visits: Iterable[Visit], procedure: str) -> tuple[rules.Record, ...]:
    """Read the patch tests that are booked and not done yet as tests for one kind of laser."""
    return tuple(
        rules.Record(
            type=PATCH_TEST,
            start=visit.start,
            end=visit.end,
            zone=visit.zone,
            status=visit.status,
            procedure=procedure,
        )
        for visit in visits
        if visit.procedure == PATCH_TEST
        and isinstance(visit.status, Status)
        and visit.status is not Status.FULFILLED
    )


@dataclass(frozen=True)
class Skin:
    """The rules, ready to be asked about one wish at any start."""

    question: Question
    known: Known
    now: datetime
    moment: Moment = Moment.BOOKING

    @cached_property
    def chart(self) -> Chart:
        """The patient's chart, with the patch tests that are booked but not done yet.

        A booked test does not say which kind of laser it is for, so at booking it counts for the
        one asked about; at check-in only a recorded test of that kind does.
        """
        chart, question = self.known.chart, self.question
        coming = (each for each in chart.visits if each.id != question.wish.moving)
        booked = booked_tests(coming, question.offer.procedure)
        return replace(chart, records=chart.records + booked)

    @cached_property
    def profiles(self) -> frozenset[str]:
        """Jurisdictions that the site lies in."""
        site = self.question.site
        return rules.profiles_for(site.country, site.subdivision, self.question.ground.protocol)

    def visit(self, start: datetime) -> Visit:
        """Stand the wish at a start."""
        question = self.question
        wish = question.wish
        return Visit(
            id=wish.moving if wish.moving is not None else "asked",
            procedure=question.offer.procedure,
            start=start,
            end=start + timedelta(minutes=question.minutes),
            zone=question.zone,
            areas=frozenset(wish.areas),
            size=wish.size,
            depth=wish.depth,
            indication=wish.indication,
            encounter=wish.encounter,
            series=wish.series_id,
            seq=wish.seq,
        )

    def reasons(self, start_q: int) -> tuple[Reason, ...]:
        """Answer every reason that fires at a start, advisories included, worst first."""
        verdict = rules.judge(
            self.visit(instant(start_q)),
            self.chart,
            self.question.ground.protocol,
            now=self.now,
            profiles=self.profiles,
            moment=self.moment,
        )
        told = tuple(
            replace(fired.reason, other="" if fired.other is None else str(fired.other))
            for fired in verdict.fired
        )
        return (*self._deceased(), *told)

    def _deceased(self) -> tuple[Reason, ...]:
        died = self.known.deceased_on
        return (refusal("patient_deceased", {"date": f"{died:%d %b %Y}"}),) if died else ()

    def blocking(self, start_q: int) -> tuple[Reason, ...]:
        """Answer the reasons that stop a booking without an override."""
        return tuple(r for r in self.reasons(start_q) if r.severity is not Severity.ADVISORY)

    def allowed(self, first: date, last: date, window: Window) -> Timeline:
        """Answer the starts of some local dates at which nothing blocks: one look a stretch.

        Outside of the dates nothing is said, and so nothing is allowed.
        """
        if self.known.deceased_on:
            return 0
        clear = rules.clear_stretches(
            self.visit(instant(window.q0)),
            self.chart,
            self.question.ground.protocol,
            first,
            last,
            now=self.now,
            profiles=self.profiles,
            moment=self.moment,
        )
        return covered(((ceil_q(begin), ceil_q(end)) for begin, end in clear), window)
