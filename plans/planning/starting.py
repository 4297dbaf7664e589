"""A template copied for one patient."""

from dataclasses import dataclass
from datetime import date, datetime

from plans.models import Plan
from scheduling.core.words import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a clinician chooses for one patient; empty fields take the template's.

    `weekdays` (0 is Monday), `times` ("09:00-12:00") and `practitioner_id` are wishes;
    `not_before`, `not_after` (both inclusive) and `blocked` are dates on which the patient is away.
    `steps_left_out` are ids of optional template steps that this patient does not get.
    """

    template_id: int
    patient_id: int
    site_id: int
    areas: tuple[str, ...] = ()
    size: str = ""
    depth: str = ""
    indication: str = ""
    name: str = ""
    weekdays: tuple[int, ...] = ()
    times: tuple[str, ...] = ()
    practitioner_id: int | None = None
    not_before: date | None = None
    not_after: date | None = None
    blocked: tuple[date, ...] = ()
    paid_sessions: int | None = None
    steps_left_out: tuple[int, ...] = ()


def start(*, draft: Draft, by: Actor, now: datetime) -> Plan:
    """Copy a template into a plan of the patient's own; nothing is proposed yet.

    Raises:
        Refused: the protocol allows no further course on this skin.
        Malformed: an area, size, depth or time of day that nobody can read.
        NotFound: no such template, patient, practitioner or site for this actor.

    """
    raise NotImplementedError
