"""Named database constraints, and the domain errors they stand for."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from scheduling.errors import Busy, ClinicError, Malformed, NotFound
from scheduling.models import Patient

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3
ORDERING_LOST = {"40P01", "40001"}
"""Deadlock and serialisation failure: nothing is wrong with the change, only with its moment."""


class ResourceTaken(ClinicError):
    """Somebody else holds the room, device or practitioner for this time."""

    code = "resource_taken"
    sentence = "That time has just been taken."


class GroundsMoved(ClinicError):
    """Hours, rooms, absences or rules were changed after a choice was made."""

    code = "grounds_moved"
    sentence = "The clinic's hours, rooms or rules have just been changed. Please choose again."


class PatientBusy(ClinicError):
    """The patient already has a visit at this time."""

    code = "patient_busy"
    sentence = "The patient already has a visit at that time."


class SessionBooked(ClinicError):
    """The session of a plan has its visit already."""

    code = "session_booked"
    sentence = "This session of the plan is booked already."


class AlreadyWaiting(ClinicError):
    """The patient waits for this treatment at this site already."""

    code = "already_waiting"
    sentence = "The patient is on the waiting list for this treatment already."


class OfferOpen(ClinicError):
    """The patient, or the time, has an offer that waits for an answer."""

    code = "offer_open"
    sentence = "An offer waits for an answer already."


class StageReached(ClinicError):
    """The patient stands there already: two people pressed at once."""

    code = "stage_reached"
    sentence = "Somebody noted this step a moment ago."


class AlreadyAnswered(ClinicError):
    """A request with the same Idempotency-Key was answered before."""

    code = "request_answered_once"


ERROR_OF: dict[str, tuple[type[ClinicError], str]] = {
    "resource_not_double_booked": (ResourceTaken, ""),
    "grounds_stand_still": (GroundsMoved, ""),
    "patient_in_one_place": (PatientBusy, ""),
    "waits_once_for_a_treatment": (AlreadyWaiting, ""),
    "waiting_hours_in_order": (Malformed, "The earliest time is after the latest."),
    "one_offer_at_a_time": (OfferOpen, ""),
    "opening_offered_to_one": (OfferOpen, ""),
    "came_from_one_row": (Malformed, "A row of another system becomes one row here."),
    "origin_has_an_id": (Malformed, "A row of another system has an id there."),
    "one_verdict_a_line": (Malformed, "A line of a file has one verdict."),
    "opening_has_length": (Malformed, "A free time ends after it starts."),
    "session_booked_once": (SessionBooked, ""),
    "request_answered_once": (AlreadyAnswered, "This request was answered before."),
    "stage_reached_once": (StageReached, ""),
    "stage_is_known": (Malformed, "There is no such step."),
    "stage_is_append_only": (Malformed, "A step that was noted stays noted."),
    "allocation_has_length": (Malformed, "A resource is held for 5 minutes to 24 hours."),
    "appointment_has_length": (Malformed, "A visit lasts 5 minutes to 24 hours."),
    "hold_has_an_expiry": (Malformed, "Only a hold expires."),
    "override_has_a_reason": (Malformed, "An override needs a reason."),
    "limit_kept": (Malformed, "No more is taken than there is."),
    "trail_is_append_only": (Malformed, "The audit trail is append-only."),
    "paper_is_kept": (Malformed, "What was handed in or signed does not change."),
    "one_draft_a_door": (Malformed, "These answers were begun before."),
    "consent_text_once": (Malformed, "This version has a text in that language already."),
    "consent_version_from_1": (Malformed, "Versions of a text are numbered from 1."),
    "consent_of_minor_names_guardian": (Malformed, "A guardian who signs is named."),
    "consent_is_signed": (Malformed, "A consent is signed with a name."),
    "protocol_is_immutable": (Malformed, "An activated protocol does not change; copy it."),
    "one_protocol_is_active": (Malformed, "Another protocol is active."),
    "active_protocol_names_who": (Malformed, "An active protocol says who activated it."),
    "room_or_device_has_one_site": (Malformed, "A room or device stands at one site."),
    "practitioner_has_own_hours": (Malformed, "A practitioner has hours of their own."),
    "site_step_is_5_10_or_15": (Malformed, "Starts lie 5, 10 or 15 minutes apart."),
    "absence_has_length": (Malformed, "An absence ends after it starts."),
    "absence_is_of_resource_or_site": (Malformed, "An absence is of a resource or of a site."),
    "capability_dates_in_order": (Malformed, "A capability ends after it begins."),
    "hours_dates_in_order": (Malformed, "Opening hours end after they begin."),
    "weekday_is_0_to_6": (Malformed, "Weekdays are 0, Monday, to 6, Sunday."),
    "treatment_told_once_a_language": (Malformed, "Each language has one text."),
    "treatment_minutes_in_order": (Malformed, "Least, default and most minutes are in order."),
    "treatment_minutes_least_on_grid": (Malformed, "Minutes are multiples of 5."),
    "treatment_minutes_default_on_grid": (Malformed, "Minutes are multiples of 5."),
    "treatment_minutes_most_on_grid": (Malformed, "Minutes are multiples of 5."),
    "need_on_grid": (Malformed, "A need begins and ends on multiples of 5 minutes."),
    "fitzpatrick_is_1_to_6": (Malformed, "Fitzpatrick types are 1 to 6."),
    "two_people_in_order": (Malformed, "A pair of patients is named in order."),
    "two_people_said_once": (Malformed, "This was said of the two already."),
    "patient_not_own_guardian": (Malformed, "A patient is not their own guardian."),
    "record_dates_in_order": (Malformed, "A record ends after it begins."),
    "idempotency_key_not_empty": (Malformed, "An Idempotency-Key is not empty."),
    "third_next_measured_once": (Malformed, "This was measured before today."),
    "grounds_is_one_row": (Malformed, "The grounds are one row."),
}


def constraint_of(error: BaseException) -> str:
    """Read the name of the constraint that a database error broke; empty when none is named."""
    diag = getattr(error.__cause__, "diag", None)
    return getattr(diag, "constraint_name", None) or ""


@contextmanager
def named_constraints() -> Iterator[None]:
    """Turn the breach of a named constraint into the domain error it stands for.

    Raises:
        ClinicError: the constraint is one of ours.
        DatabaseError: it is not; a fault of the program, passed on.

    """
    try:
        yield
    except IntegrityError as error:
        name = constraint_of(error)
        if name not in ERROR_OF:
            raise
        kind, sentence = ERROR_OF[name]
        raise kind(sentence, constraint=name) from error


def retrying(verb: Callable[P, R]) -> Callable[P, R]:
    """Run the outermost verb in one transaction, again when the database lost its ordering.

    Within a transaction of a caller the verb runs in a savepoint, once: only the outermost
    transaction can be repeated.

    Raises:
        Busy: it was lost three times.

    """

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        tries = 1 if connection.in_atomic_block else TRIES
        for attempt in range(1, tries + 1):
            try:
                with transaction.atomic(), named_constraints():
                    return verb(*args, **kwargs)
            except OperationalError as error:
                if not _ordering_lost(error):
                    raise
                if attempt == tries:
                    if connection.in_atomic_block:
                        raise
                    raise Busy from error
                # Full jitter: two that collided do not meet again at once.
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - no secret
        raise AssertionError("unreachable")  # pragma: no cover

    return run


def lock_patient(patient_id: int | None) -> None:
    """Lock a patient, as bookings do first: no rule reads half of what is theirs.

    Raises:
        NotFound: there is none, or they went a moment ago, as two records became one.

    """
    rows = Patient.objects.select_for_update(no_key=True)
    if patient_id is None or not rows.filter(pk=patient_id).exists():
        raise NotFound


def _ordering_lost(error: DatabaseError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in ORDERING_LOST
