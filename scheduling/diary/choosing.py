"""One start: what a visit would hold there, what speaks against it, and the same asked again."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from scheduling import catalogue
from scheduling.catalogue import Ground
from scheduling.core import combination, hours
from scheduling.core.availability import OUTSIDE_HOURS, Need, Option
from scheduling.core.refusals import refusal
from scheduling.core.rules import Moment
from scheduling.core.timeline import ceil_q, floor_q
from scheduling.core.words import Choice, Held, Reason, Wish
from scheduling.diary import timelines
from scheduling.diary.charts import NOBODY, Known, Skin, known
from scheduling.diary.looking import CLINICAL, Found, Look, drawn, grounded, look
from scheduling.diary.question import Question, asked
from scheduling.diary.reasons import Teller
from scheduling.errors import Malformed
from scheduling.walltime import EARLIEST, LATEST

plain_reason = refusal
"""The sentence of a diary code without further facts."""


def choose(*, wish: Wish, start: datetime, now: datetime, beside: Sequence[Held] = ()) -> Choice:
    """Choose what a visit would hold at a start, and tell what the diary says against it.

    `start` is aware, any zone. Nothing is locked: what is chosen may be gone a moment later, and
    `recheck` asks again under the locks. `held` is given also where only the hours, the notice,
    the horizon or the step speak against the start.

    Raises:
        NotFound: no such site, treatment, patient or resource there.
        Malformed: the minutes or the resources asked for make no sense, or the start is not on a
            5-minute mark.

    """
    seen = grounded(wish, lambda question: at_start(question, start, now, beside=beside))
    question, start_q = seen.question, floor_q(start)
    chosen, reasons = held_at(seen, start_q)
    reasons = [*masked(seen, start_q), *reasons]
    held = chosen or ()
    return Choice(
        start_q=start_q,
        end_q=start_q + question.length,
        prep_minutes=5 * max((start_q - h.start_q for h in held), default=0)
        if held
        else question.offer.prep_minutes,
        held=held,
        reasons=tuple(worst_first(reasons)),
        versions={h.resource_id: seen.taken.versions[h.resource_id] for h in held},
    )


def at_start(
    question: Question,
    start: datetime,
    now: datetime,
    *,
    beside: Iterable[Held] = (),
    days: int = 1,
) -> Look:
    """Look at the day of one start, and so many after it, without the skin's rules.

    Raises:
        Malformed: the start is naive, or not on a 5-minute mark.

    """
    if start.tzinfo is None:
        raise Malformed("A start needs its zone.")
    if not EARLIEST < start.date() < LATEST:
        raise Malformed("A start lies between the years 1970 and 2199.", field="start")
    if floor_q(start) != ceil_q(start):
        raise Malformed("A start lies on a 5-minute mark.", field="start")
    day = start.astimezone(question.zone).date()
    last = day + timedelta(days=days - 1)
    return look(question, day, last, now=now, beside=beside, clinical=False)


def worst_first(reasons: Iterable[Reason]) -> list[Reason]:
    """Sort reasons by severity; equal ones keep the order of telling."""
    return sorted(reasons, key=lambda reason: reason.severity.rank)


def masked(seen: Look, start_q: int) -> list[Reason]:
    """Tell the masks that remove a start: clock, notice, horizon, step, the patient's own time.

    The skin's mask is not told here: its rules have reasons of their own.
    """
    teller = Teller(seen)
    return [
        teller.at(code, start_q)
        for code, line in seen.search.allowed.items()
        if code != CLINICAL and not seen.window.has(line, start_q)
    ]


def held_at(seen: Look, start_q: int) -> tuple[tuple[Held, ...] | None, list[Reason]]:
    """Choose among what is free; where only the hours stand in the way, among what is there."""
    chosen = combination.choose(seen.search, start_q, seen.question.taste)
    if chosen is not None:
        return chosen, []
    reasons = Teller(seen).needs(start_q)
    if {reason.code for reason in reasons} != {OUTSIDE_HOURS}:
        return None, reasons
    after_hours = seen.without_hours()
    chosen = combination.choose(after_hours, start_q, seen.question.taste)
    if chosen is None:
        beyond = replace(seen, search=after_hours)
        reasons += Teller(beyond).needs(start_q)
    return chosen, reasons


def recheck(*, wish: Wish, choice: Choice, now: datetime) -> tuple[Reason, ...]:
    """Ask the diary again about exactly what was chosen, from the rows as they are now.

    Called inside the transaction, under the locks of the patient and of what is held: the rows
    read here cannot change before it commits.
    """

    def see(question: Question) -> Look:
        day = hours.local_date(choice.start_q, question.zone)
        return look(narrowed(question, choice), day, day, now=now, clinical=False)

    seen = grounded(wish, see)
    start_q = choice.start_q
    reasons = masked(seen, start_q) + Teller(seen).needs(start_q)
    return tuple(worst_first(reasons))


def narrowed(question: Question, choice: Choice) -> Question:
    """Narrow a question to exactly what a choice holds, each resource with the skill it is for."""
    needs = [_pinned(question.needs, held, choice) for held in choice.held]
    minutes = 5 * (choice.end_q - choice.start_q)
    return Question(
        question.wish, question.ground, question.site, question.offer, minutes, tuple(needs)
    )


def _pinned(needs: Sequence[Need], held: Held, choice: Choice) -> Need:
    from_q, until_q = held.start_q - choice.start_q, held.end_q - choice.end_q
    for option in (option for need in needs for option in need):
        same = (option.kind, option.from_q, option.until_q) == (held.kind, from_q, until_q)
        if same and held.resource_id in option.candidates:
            return (Option(held.kind, (held.resource_id,), from_q, until_q, option.skill),)
    return (Option(held.kind, (held.resource_id,), from_q, until_q),)


def clinical(
    *, wish: Wish, choice: Choice, now: datetime, moment: Moment, patient: Known | None = None
) -> tuple[Reason, ...]:
    """Answer every clinical reason that fires, advisories included, worst first.

    Read from the patient's rows as they are now, unless `patient` was just read from them;
    nothing fires where no patient is named.

    Raises:
        NotFound: there is no such patient.
        NoProtocol: no protocol is active.

    """
    if wish.patient_id is None:
        return ()
    if patient is None:
        patient = known(wish.patient_id)
    question = narrowed(asked(wish, _ground_of(patient)), choice)
    return Skin(question, patient, now, moment).reasons(choice.start_q)


def again(
    *,
    wish: Wish,
    choice: Choice,
    now: datetime,
    moment: Moment,
    free: bool = False,
    patient: Known | None = None,
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Answer what `recheck` and `clinical` do, from one reading of the patient's rows.

    `free`: what was chosen was seen to be free under the locks, and its diaries are not read again.
    `patient` is what was read under the patient's lock already.

    Raises:
        NotFound, NoProtocol: see `clinical`.

    """
    if patient is None:
        patient = NOBODY if wish.patient_id is None else known(wish.patient_id)
    question = narrowed(asked(wish, _ground_of(patient)), choice)
    day = hours.local_date(choice.start_q, question.zone)
    window = question.window(day, day)
    if free:
        taken = timelines.Busy(dict.fromkeys(question.candidates, 0), dict(choice.versions))
    else:
        taken = timelines.busy(question.candidates, window, moving=wish.moving)
    seen = drawn(question, (day, day), now, Found(taken, patient))
    start_q = choice.start_q
    reasons = worst_first([*masked(seen, start_q), *Teller(seen).needs(start_q)])
    skin: tuple[Reason, ...] = ()
    if wish.patient_id is not None:
        skin = Skin(question, patient, now, moment).reasons(start_q)
    return tuple(reasons), skin


def _ground_of(patient: Known) -> Ground:
    """Answer the catalogue as it stood when a patient was read."""
    ground = catalogue.remembered()
    return ground if ground and ground.version == patient.counter else catalogue.current()
