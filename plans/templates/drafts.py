"""A draft read strictly: whether it makes sense at all, and what it comes to session by session."""

import re
from collections.abc import Iterator, Mapping

from plans.core.ruling import Kind
from plans.templates.values import Between, Draft, LagDraft, Outline, Sitting, StepDraft
from scheduling import catalogue
from scheduling.catalogue import Offer
from scheduling.core.protocol import Protocol
from scheduling.errors import Malformed, NotFound

MOST_STEPS = 20
MOST_SITTINGS = 60
MOST_REPEATS = 40
LONGEST = 32_767
"""Days or minutes: what a column of the database holds, and more than any course lasts."""
LONGEST_NAME, LONGEST_STEP = 120, 80
CODE = re.compile(r"[-a-zA-Z0-9_]{1,60}")

SIZES = ("", "small", "face", "large")
DEPTHS = ("", "superficial", "deep")
SURENESS = ("", "A", "B", "C", "D")


def outline(draft: Draft, *, protocol: Protocol) -> Outline:
    """Unfold a draft into its sessions and the lags between them.

    Raises:
        Malformed: it makes no sense, whatever the protocol asks: an empty name, a lag to a later
            step, minutes that the treatment does not take, a word that the protocol does not know.
        NotFound: a step's treatment is not there.

    """
    _whole(draft, protocol)
    offers = {number: _offer(number, step) for number, step in enumerate(draft.steps, start=1)}
    for number, step in enumerate(draft.steps, start=1):
        _step(number, step, protocol)
        for lag in step.lags:
            _lag(number, step, lag)
    return _unfolded(draft, offers)


def _whole(draft: Draft, protocol: Protocol) -> None:
    if not 1 <= len(draft.name.strip()) <= LONGEST_NAME:
        raise Malformed(f"Give the template a name, at most {LONGEST_NAME} letters.", field="name")
    if not CODE.fullmatch(draft.code):
        raise Malformed("A code has 1 to 60 letters, digits, - and _.", field="code")
    if draft.indication and draft.indication not in protocol.indications:
        raise Malformed(f"Unknown indication: {draft.indication}.", field="indication")
    if draft.sureness not in SURENESS:
        raise Malformed("Sureness is A, B, C or D.", field="sureness")
    if not 1 <= len(draft.steps) <= MOST_STEPS:
        raise Malformed(f"A template has 1 to {MOST_STEPS} steps.", field="steps")
    if sum(step.repeat for step in draft.steps) > MOST_SITTINGS:
        raise Malformed(f"A template has at most {MOST_SITTINGS} sessions.", field="steps")


def _offer(number: int, step: StepDraft) -> Offer:
    ground = catalogue.current()
    if step.treatment_id not in ground.treatments:
        raise NotFound(f"Step {number}: there is no such treatment.")
    offer = ground.treatments[step.treatment_id]
    if not offer.active:
        raise Malformed(f"Step {number}: {offer.name} is not offered any more.", field="steps")
    minutes = offer.minutes_default if step.minutes is None else step.minutes
    if minutes % 5 or not offer.minutes_least <= minutes <= offer.minutes_most:
        least, most = offer.minutes_least, offer.minutes_most
        raise Malformed(
            f"Step {number}: {offer.name} takes {least} to {most} minutes, in fives.", field="steps"
        )
    return offer


def _step(number: int, step: StepDraft, protocol: Protocol) -> None:
    if not 1 <= len(step.name.strip()) <= LONGEST_STEP:
        raise Malformed(
            f"Step {number}: give it a name, at most {LONGEST_STEP} letters.", field="steps"
        )
    if not 1 <= step.repeat <= MOST_REPEATS:
        raise Malformed(f"Step {number}: repeat it 1 to {MOST_REPEATS} times.", field="steps")
    if strange := sorted(set(step.areas) - set(protocol.areas.masks)):
        raise Malformed(f"Step {number}: unknown area: {strange[0]}.", field="steps")
    if step.size not in SIZES or step.depth not in DEPTHS:
        raise Malformed(f"Step {number}: unknown size or depth.", field="steps")
    given = [(lag.after, lag.unit) for lag in step.lags]
    if len(set(given)) < len(given):
        raise Malformed(
            f"Step {number}: one lag in days and one in minutes to each earlier step.",
            field="lags",
        )


def _lag(number: int, step: StepDraft, lag: LagDraft) -> None:
    if not 1 <= lag.after <= number:
        raise Malformed(f"Step {number}: a lag counts from an earlier step.", field="lags")
    if lag.after == number and step.repeat == 1:
        raise Malformed(
            f"Step {number}: it comes once, so no lag lies between its sessions.", field="lags"
        )
    bounds = [value for value in (lag.least, lag.target, lag.most) if value is not None]
    if bounds != sorted(bounds):
        raise Malformed(f"Step {number}: least, target and most are in order.", field="lags")
    if not 0 <= bounds[0] <= bounds[-1] <= LONGEST:
        raise Malformed(f"Step {number}: a lag is 0 to {LONGEST}.", field="lags")


def _unfolded(draft: Draft, offers: Mapping[int, Offer]) -> Outline:
    sittings: list[Sitting] = []
    spans: dict[int, tuple[int, int]] = {}
    for number, step in enumerate(draft.steps, start=1):
        spans[number] = (len(sittings), len(sittings) + step.repeat - 1)
        sittings += _sittings(number, step, offers[number], draft.indication)
    lags = [
        between
        for number, step in enumerate(draft.steps, start=1)
        for lag in step.lags
        for between in _between(number, lag, spans)
    ]
    return Outline(sittings=tuple(sittings), lags=tuple(lags))


def _sittings(number: int, step: StepDraft, offer: Offer, indication: str) -> Iterator[Sitting]:
    kind = Kind(
        procedure=offer.procedure,
        minutes=step.minutes or offer.minutes_default,
        areas=frozenset(step.areas),
        size=step.size,
        depth=step.depth,
        indication=indication,
    )
    name = step.name.strip()
    for repeat in range(1, step.repeat + 1):
        yield Sitting(number=number, repeat=repeat, repeats=step.repeat, step=name, kind=kind)


def _between(number: int, lag: LagDraft, spans: Mapping[int, tuple[int, int]]) -> Iterator[Between]:
    """Count from the last session of the earlier step; within a step, from one to the next."""
    first, last = spans[number]
    pairs = (
        [(at, at + 1) for at in range(first, last)]
        if lag.after == number
        else [(spans[lag.after][1], first)]
    )
    for earlier, later in pairs:
        yield Between(earlier=earlier, later=later, least=lag.least, most=lag.most, unit=lag.unit)
