"""Several visits of one patient looked at together, as if some of those booked were not there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from scheduling import catalogue
from scheduling.core.rules import Record
from scheduling.core.timeline import Window, instant
from scheduling.core.words import Held, Reason, Status, Wish
from scheduling.diary import timelines
from scheduling.diary.charts import Known, Skin, known
from scheduling.diary.choosing import held_at, masked, worst_first
from scheduling.diary.looking import Found, Look, drawn
from scheduling.diary.question import asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """From when to when (local dates, both inclusive), and what is taken as not there or there.

    `without` are visits that count for nothing, neither for the diary nor for the skin, because
    they are being placed anew. `beside` is what other visits will hold. `assumed`, one tuple a
    wish, are records that the course itself will bring about.
    """

    first: date
    last: date
    without: frozenset[int] = frozenset()
    beside: tuple[Held, ...] = ()
    assumed: Sequence[tuple[Record, ...]] = ()


def looks(*, wishes: Sequence[Wish], setting: Setting, now: datetime) -> list[Look]:
    """Look at each wish, all in one window and from one reading; one site, one patient.

    Raises:
        NotFound: no such site, treatment, patient or resource there.
        Malformed: minutes or resources that make no sense.
        NoProtocol: no protocol is active.

    """
    ground = catalogue.current()
    questions = [asked(wish, ground) for wish in wishes]
    windows = [question.window(setting.first, setting.last) for question in questions]
    window = Window(min(w.q0 for w in windows), max(w.q1 for w in windows))
    taken = timelines.busy({r for q in questions for r in q.candidates}, window)
    freed = timelines.held_by(setting.without, window)
    lines = {r: line & ~freed.get(r, 0) for r, line in taken.lines.items()}
    patient = without(known(wishes[0].patient_id or 0), setting.without)
    assumed = setting.assumed or [()] * len(wishes)
    seen = []
    for question, more in zip(questions, assumed, strict=True):
        mine = {r: lines[r] for r in question.candidates}
        chart = replace(patient.chart, records=patient.chart.records + more)
        found = Found(
            timelines.Busy(mine, taken.versions, taken.ground),
            replace(patient, chart=chart),
            setting.beside,
            clinical=True,
            window=window,
        )
        seen.append(drawn(question, (setting.first, setting.last), now, found))
    return seen


def without(patient: Known, visits: Collection[int]) -> Known:
    """Answer what is known of a patient as if some visits were not there."""
    if not visits:
        return patient
    chart = replace(
        patient.chart, visits=tuple(v for v in patient.chart.visits if v.id not in visits)
    )
    return replace(
        patient, chart=chart, taken=tuple(t for t in patient.taken if t[2] not in visits)
    )


def told(seen: Look, start_q: int) -> list[Reason]:
    """Tell every reason against one start of a look, diary and skin, worst first."""
    _, reasons = held_at(seen, start_q)
    skin = seen.skin.reasons(start_q) if seen.skin is not None else ()
    return worst_first([*masked(seen, start_q), *reasons, *skin])


def against(
    *, seen: Sequence[Look], starts: Sequence[int], setting: Setting, now: datetime
) -> list[tuple[Reason, ...]]:
    """Ask the rules about each visit among all the others, as if all were booked at these starts.

    Answers, in their order, what blocks each. A reason's `other` is the index of the look that it
    stands against, after a colon, or the id of a visit that is booked.
    """
    patient = without(known(seen[0].question.wish.patient_id or 0), setting.without)
    placed = [
        replace(_skin(look, patient, now).visit(instant(q)), id=f":{at}", status=Status.BOOKED)
        for at, (look, q) in enumerate(zip(seen, starts, strict=True))
    ]
    found = []
    for at, (look, start_q) in enumerate(zip(seen, starts, strict=True)):
        others = tuple(visit for number, visit in enumerate(placed) if number != at)
        chart = replace(patient.chart, visits=patient.chart.visits + others)
        found.append(_skin(look, replace(patient, chart=chart), now).blocking(start_q))
    return found


def _skin(look: Look, patient: Known, now: datetime) -> Skin:
    return Skin(look.question, patient, now)
