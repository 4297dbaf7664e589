"""A plan laid out on a sheet: where each row, mark, span and bracket stands."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from plans.core.course import Unit
from plans.courses import LagView, PlanView, State
from plans.picture import words
from plans.picture.axis import DAY, Axis, axis_over, months, weeks
from plans.picture.frames import Frame
from plans.picture.keys import keys
from plans.picture.moments import SOME_DAYS, Moment, moments
from plans.picture.values import Arrow, Bracket, Mark, Picture, Row, Shade, Words

LINE = 15
"""Units from one line of text to the next."""

INDENT = 12
"""Units by which the second line of a name stands in."""

BRACKET = 13
"""Units that a bracket takes below a lane."""

LONGEST_END = timedelta(days=56)
"""How far beyond the last date the end of a lag is still shown; a later one is drawn as open."""


def layout(plan: PlanView, frame: Frame) -> Picture:
    """Lay a plan out on a frame. Every figure is a whole number within the view box."""
    course = moments(plan)
    axis = _axis(plan, course, frame)
    top = frame.font * 2 + 10
    rows = _rows(course, axis, frame, top)
    bottom = max([row.y + row.height for row in rows], default=top + LINE)
    explained = keys(rows, plan, frame, bottom + LINE * 2) if frame.rows else ()
    under = [key.y for key in explained] or [bottom + (LINE if frame.rows else 0)]
    shown = axis.holds(plan.today)
    return Picture(
        id=f"plan-{plan.id}-{frame.name}",
        frame=frame.name,
        width=frame.width,
        height=max(under) + frame.radius + 5,
        font=frame.font,
        radius=frame.radius,
        title=f"{plan.name}, {plan.patient}",
        desc=words.about(plan),
        left=axis.left,
        right=axis.right,
        top=top,
        bottom=bottom,
        months=months(axis, frame),
        weeks=weeks(axis),
        today=axis.at(plan.today) if shown else None,
        today_words=_near("today", axis.at(plan.today), bottom + frame.font, frame)
        if shown and frame.rows
        else None,
        away=tuple(_away(plan, axis, top, bottom)),
        rows=rows,
        keys=explained,
    )


def _axis(plan: PlanView, course: Sequence[Moment], frame: Frame) -> Axis:
    """Show every date of the plan, and today unless the plan is over."""
    dates = [day for moment in course for day in moment.dates]
    if not plan.standing.over or not dates:
        dates.append(plan.today)
    ends = [end for end in _ends(course) if end <= max(dates) + LONGEST_END]
    return axis_over(min(dates), max(dates + ends), frame)


def _ends(course: Sequence[Moment]) -> Iterator[date]:
    """List the dates at which lags end, where they have an end and a beginning."""
    since = {moment.session.id: moment.end for moment in course}
    for moment in course:
        for lag in moment.session.lags:
            start = since.get(lag.after_id)
            if start and lag.most is not None and lag.unit == Unit.DAYS:
                yield start + timedelta(days=lag.most)


def _rows(course: Sequence[Moment], axis: Axis, frame: Frame, top: int) -> tuple[Row, ...]:
    rows: list[Row] = []
    lanes: dict[int, tuple[int, Moment]] = {}
    for moment in course:
        drawn = _row(moment, axis, frame, top, lanes)
        lanes[moment.session.id] = (drawn.lane, moment)
        rows.append(drawn)
        if frame.rows:
            top += drawn.height
    return tuple(rows)


def _row(
    moment: Moment,
    axis: Axis,
    frame: Frame,
    y: int,
    lanes: Mapping[int, tuple[int, Moment]],
) -> Row:
    lane = y + (LINE if frame.gutter else 2 * LINE) + frame.radius + 6
    if not frame.rows:
        lane = y + frame.radius + 4
    brackets = tuple(_brackets(moment, axis, frame, lane, lanes)) if frame.rows else ()
    at = axis.at(_stands(moment) or axis.first)
    return Row(
        seq=moment.session.seq,
        title=words.title(moment.session),
        y=y,
        height=lane + frame.radius + 4 + BRACKET * len(brackets) - y,
        lane=lane,
        name=_name(moment, frame, y, lane),
        said=_said(moment, frame, at, lane) if frame.rows else None,
        shades=tuple(_shades(moment, axis, frame, lane)),
        marks=tuple(_marks(moment, axis, at, lane, frame)),
        brackets=brackets,
        arrow=Arrow(x=axis.at(moment.was), to=at, y=lane) if moment.was else None,
    )


def _stands(moment: Moment) -> date | None:
    """Answer the date at which a session's mark stands; an unplanned one where it may begin."""
    return moment.day or (moment.due[0] if moment.due else None)


def _name(moment: Moment, frame: Frame, y: int, lane: int) -> tuple[Words, ...]:
    """Name a session: beside its lane in at most two lines, or in one above it."""
    text = f"{moment.session.seq}  {moment.session.name}"
    if not frame.rows:
        return ()
    if not frame.gutter:
        return (Words(x=4, y=y + LINE, text=_cut(text, frame.width - frame.margin, frame)),)
    room = frame.gutter - 6
    if frame.width_of(text) <= room:
        return (Words(x=4, y=lane + 4, text=text),)
    words_of = text.split(" ")
    count = len(words_of)
    while count > 1 and frame.width_of(" ".join(words_of[:count])) > room:
        count -= 1
    first, second = " ".join(words_of[:count]), " ".join(words_of[count:])
    lines = [_cut(first, room, frame), _cut(second, room - INDENT, frame)]
    return (
        Words(x=4, y=lane - 4, text=lines[0]),
        *([Words(x=4 + INDENT, y=lane + 10, text=lines[1])] if second else []),
    )


def _cut(text: str, room: int, frame: Frame) -> str:
    """Cut a text to its room, with a sign that something is missing."""
    while len(text) > 1 and frame.width_of(text) > room:
        text = f"{text[:-2]}…"
    return text


def _said(moment: Moment, frame: Frame, at: int, lane: int) -> Words:
    text = words.said(moment.session)
    if moment.session.stray and moment.kind != State.PROPOSED:
        text += ", outside its window"
    return _near(text, at, lane - frame.radius - 5, frame)


def _near(text: str, x: int, y: int, frame: Frame) -> Words:
    """Write a text above a place, moved inward where it would leave the sheet."""
    half = frame.width_of(text) // 2
    if x + half > frame.width - 2:
        return Words(x=frame.width - 2, y=y, text=text, anchor="end")
    if x - half < frame.gutter + 2:
        return Words(x=frame.gutter + 2, y=y, text=text)
    return Words(x=x, y=y, text=text, anchor="middle")


def _shades(moment: Moment, axis: Axis, frame: Frame, lane: int) -> Iterator[Shade]:
    """Shade until when the skin rests, and where an unplanned session should lie."""
    height, y = frame.radius + 5, lane - (frame.radius + 5) // 2
    if moment.rest and moment.day:
        least, most = (max(day, moment.day) for day in moment.rest)
        for kind, first, last in (("least", moment.day, least), ("most", least, most)):
            x = axis.at(first)
            yield Shade(
                kind=kind,
                x=x,
                y=y,
                width=axis.at(last) - x,
                height=height,
                title=f"skin rests until {words.full_day(last)} at {kind}",
            )
    if moment.due:
        x = axis.at(moment.due[0])
        last = moment.due[1] or moment.due[0] + SOME_DAYS
        yield Shade(
            kind="due",
            x=x,
            y=y,
            width=max(axis.at(last + DAY) - x, 2),
            height=height,
            title=f"should lie {words.window(moment.session)}",
            open=moment.due[1] is None,
        )


def _marks(moment: Moment, axis: Axis, at: int, lane: int, frame: Frame) -> Iterator[Mark]:
    if moment.was:
        yield Mark(kind="was", x=axis.at(moment.was), y=lane)
    if frame.rows or moment.day:
        yield Mark(kind=moment.kind, x=at, y=lane)


def _brackets(
    moment: Moment,
    axis: Axis,
    frame: Frame,
    lane: int,
    lanes: Mapping[int, tuple[int, Moment]],
) -> Iterator[Bracket]:
    """Draw the lags of a session whose earlier ones have a date; minutes are told in words only."""
    y = lane + frame.radius + 1
    for lag in moment.session.lags:
        top, earlier = lanes.get(lag.after_id, (0, None))
        skipped = moment.kind == State.SKIPPED
        if earlier is None or earlier.end is None or lag.unit != Unit.DAYS or skipped:
            continue
        y += BRACKET
        yield _bracket(lag, moment, earlier.end, axis, frame, (top + frame.radius, y - 4))


def _bracket(
    lag: LagView, moment: Moment, since: date, axis: Axis, frame: Frame, ys: tuple[int, int]
) -> Bracket:
    least = since + timedelta(days=lag.least)
    shown = max(least + SOME_DAYS, moment.day or least)
    most = shown if lag.most is None else since + timedelta(days=lag.most)
    text = words.lag(lag)
    return Bracket(
        x=axis.at(since),
        top=ys[0],
        y=ys[1],
        least=axis.at(least),
        most=axis.at(most),
        open=lag.most is None or not axis.holds(most),
        target=_target(lag, since, axis),
        title=text,
        words=_beside(text, axis.at(most), ys[1] + 4, axis, frame),
    )


def _target(lag: LagView, since: date, axis: Axis) -> int | None:
    best = None if lag.target is None else since + timedelta(days=lag.target)
    return axis.at(best) if best and axis.holds(best) else None


def _beside(text: str, x: int, y: int, axis: Axis, frame: Frame) -> Words | None:
    """Write a lag's figures right of its bracket where there is room; the table has them all."""
    fits = x + 8 + frame.width_of(text) <= axis.right
    return Words(x=x + 8, y=y, text=text) if fits and frame.gutter else None


def _away(plan: PlanView, axis: Axis, top: int, bottom: int) -> Iterator[Shade]:
    """Shade the dates on which the patient is away, neighbours as one stretch."""
    for first, last in words.stretches(day for day in plan.blocked if axis.holds(day)):
        x = axis.at(first)
        yield Shade(
            kind="away",
            x=x,
            y=top,
            width=max(axis.at(last + DAY) - x, 2),
            height=bottom - top,
            title=f"away {words.between(first, last)}",
        )
