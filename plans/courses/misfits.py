"""Why the visits of a plan no longer fit together: what a re-flow is for."""

from collections.abc import Mapping, Sequence

from plans.core.course import Unit
from plans.courses.values import LagView, SessionView, State
from scheduling.core.words import Plain, Reason, Severity

OUTSIDE_LAG = "outside_lag"
WITHOUT_DATE = "session_without_date"
NOT_ALLOWED = "visit_not_allowed"

_PATIENT = "Some of your dates no longer fit together. We suggest new ones."

_LIES = frozenset({State.BOOKED, State.DONE})


def misfits(sessions: Sequence[SessionView], refused: Mapping[int, str]) -> tuple[Reason, ...]:
    """Tell every lag that booked visits break, every gap before a booked one, every visit refused.

    `refused` holds, by visit, what reception was told where the rules no longer allow it.
    """
    by_id = {session.id: session for session in sessions}
    found = [
        reason
        for session in sessions
        if session.state is State.BOOKED
        for lag in session.lags
        if (reason := _broken(session, by_id[lag.after_id], lag)) is not None
    ]
    found += _gaps(sessions)
    for session in sessions:
        if session.visit is not None and session.visit.id in refused:
            found.append(_reason(NOT_ALLOWED, refused[session.visit.id]))
    return tuple(found)


def _broken(session: SessionView, after: SessionView, lag: LagView) -> Reason | None:
    """Tell whether two sessions that lie fast break the lag between them."""
    if after.state not in _LIES or session.visit is None or after.visit is None:
        return None
    if lag.unit == Unit.DAYS:
        gap = (session.visit.local_date - after.visit.end_date).days
    else:
        gap = int((session.visit.start - after.visit.start).total_seconds()) // 60
    if gap < lag.least:
        asked, sign, bound = "at least", "<", lag.least
    elif lag.most is not None and gap > lag.most:
        asked, sign, bound = "at most", ">", lag.most
    else:
        return None
    return _reason(
        OUTSIDE_LAG,
        f"{session.name} lies {gap} {lag.unit} after {after.name}; {asked} {bound} are planned.",
        f"{gap} {sign} {bound}",
        other=f"{after.id}-{session.id}",
    )


def _gaps(sessions: Sequence[SessionView]) -> list[Reason]:
    """Tell which required sessions have no date although a later one is booked."""
    found, booked = list[Reason](), None
    for session in reversed(sessions):
        if session.state is State.BOOKED:
            booked = session
        elif booked is not None and not session.optional and session.state not in _OVER:
            found.append(
                _reason(
                    WITHOUT_DATE,
                    f"{session.name} has no date, and {booked.name} is booked.",
                    other=str(session.id),
                )
            )
    return found[::-1]


_OVER = frozenset({State.DONE, State.SKIPPED})


def _reason(code: str, sentence: str, arithmetic: str = "", other: str = "") -> Reason:
    """Make a reason; `other` names the sessions, so that it is known again with other figures."""
    return Reason(
        code=code,
        severity=Severity.OVERRIDE,
        sentence=sentence,
        patient_sentence=_PATIENT,
        arithmetic=arithmetic,
        source="The plan",
        other=other,
        plain=Plain(_PATIENT),
    )
