"""How to break the constraints of what patients wait for, fill in and sign, past every door."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from scheduling.models import (
    Appointment,
    ConsentText,
    Draft,
    Intake,
    IntakeRow,
    Offer,
    Opening,
    Origin,
    Patient,
    Record,
    SignedConsent,
    Stage,
    Submission,
    Tally,
    ThirdNext,
    TreatmentText,
    TwoPeople,
    WaitingEntry,
)
from tests import cast
from tests.cast import NOW

Breach = Callable[[cast.Clinic], object]


def visit(c: cast.Clinic, q: int = 6_000_000, **facts: object) -> Appointment:
    """Write a visit's row past the door, as only a test may."""
    start = datetime.fromtimestamp(q * 300, UTC)
    row = {
        "patient": c.patient, "site": c.site, "treatment": c.review, "procedure": "review",
        "start": start, "end": start + timedelta(minutes=15), "start_q": q, "end_q": q + 3,
        "local_date": start.date(), "local_time": start.time(), "zone": "UTC", "created_at": NOW,
    }  # fmt: skip
    return Appointment.objects.create(**{**row, **facts})


def waits(c: cast.Clinic, **facts: object) -> WaitingEntry:
    row = {"patient": c.patient, "site": c.site, "treatment": c.review, "until": cast.day(9)}
    made = {"created_at": NOW, "created_by": "x"}
    return WaitingEntry.objects.create(**{**row, **made, **facts})


def offered(entry: WaitingEntry, opening: Opening | None = None) -> Offer:
    return Offer.objects.create(
        entry=entry, opening=opening, start=NOW, answer_by=NOW, created_at=NOW, created_by="x"
    )


def opened(c: cast.Clinic, length: timedelta = timedelta(minutes=30)) -> Opening:
    return Opening.objects.create(site=c.site, start=NOW, end=NOW + length, created_at=NOW)


def origin(external_id: str) -> Origin:
    return Origin.objects.create(
        source="old", subject="patients", external_id=external_id, subject_id=1, digest="", at=NOW
    )


def handed_over(n: int = 1) -> Intake:
    return Intake.objects.create(
        kind="patients", source="old", name=f"{n}.csv", sha256="", content=b"", created_at=NOW,
        created_by="x", counts={"new": 1},
    )  # fmt: skip


def verdict_given_twice(_: cast.Clinic) -> None:
    intake = handed_over()
    for _n in range(2):
        IntakeRow.objects.create(intake=intake, line=2, verdict="new")


def offered_to_two(c: cast.Clinic) -> None:
    opening = opened(c)
    for patient in (c.patient, cast.patient("Bo", "Ash")):
        offered(waits(c, patient=patient), opening)


def offered_twice(c: cast.Clinic) -> None:
    entry = waits(c)
    for _ in range(2):
        offered(entry)


def text(version: int = 1) -> ConsentText:
    return ConsentText.objects.create(
        subject="review", language="en", version=version, title="x", body="x",
        in_force_from=cast.TODAY, created_at=NOW, created_by="x",
    )  # fmt: skip


def signed(c: cast.Clinic, n: int = 7, **facts: object) -> SignedConsent:
    q = 6_000_000 + 12 * n
    record = Record.objects.create(patient=c.patient, kind="consent", start=NOW, end=NOW)
    row = {
        "patient": c.patient, "text": text(n), "appointment": visit(c, q), "procedure": "review",
        "treatment": "x", "role": "patient", "signed_name": "Ada", "signed_at": NOW, "zone": "UTC",
        "by": "x", "door": "x", "record": record,
    }  # fmt: skip
    return SignedConsent.objects.create(**{**row, **facts})


def handed_in(c: cast.Clinic) -> Submission:
    return Submission.objects.create(
        patient=c.patient, form="history", version=1, language="en", answers=[], at=NOW,
        zone="UTC", by="x", door="x",
    )  # fmt: skip


def begun(c: cast.Clinic) -> Draft:
    return Draft.objects.create(patient=c.patient, opened_by="link 1", changed_at=NOW)


def told(clinic: cast.Clinic) -> None:
    TreatmentText.objects.create(treatment=clinic.review, language="es", bring="x")


def stage(c: cast.Clinic, kind: str = "numbing", times: int = 1) -> Stage:
    booked = visit(c)
    facts = {"appointment": booked, "kind": kind, "since": NOW, "at": NOW, "by": "x"}
    return next(iter([Stage.objects.create(**facts) for _ in range(times)]))


def measured(c: cast.Clinic) -> ThirdNext:
    return ThirdNext.objects.create(
        site=c.site, treatment=c.review, measured_on=cast.TODAY, measured_at=NOW, reach_days=14
    )


def two(c: cast.Clinic, *, turned: bool = False) -> TwoPeople:
    other = Patient.objects.filter(given_name="Bo").first() or cast.patient("Bo", "Ash")
    one, later = (other, c.patient) if turned else (c.patient, other)
    return TwoPeople.objects.create(one=one, two=later, said_at=NOW, said_by="x")


BREACHES: dict[str, Breach] = {
    "two_people_in_order": lambda c: two(c, turned=True),
    "two_people_said_once": lambda c: [two(c), two(c)],
    "treatment_told_once_a_language": lambda c: [told(c), told(c)],
    "stage_reached_once": lambda c: stage(c, times=2),
    "stage_is_known": lambda c: stage(c, "lost"),
    "stage_is_append_only": lambda c: Stage.objects.filter(pk=stage(c).pk).delete(),
    "third_next_measured_once": lambda c: [measured(c), measured(c)],
    "waits_once_for_a_treatment": lambda c: [waits(c), waits(c)],
    "waiting_hours_in_order": lambda c: waits(c, from_time=time(12), until_time=time(9)),
    "one_offer_at_a_time": offered_twice,
    "opening_offered_to_one": offered_to_two,
    "came_from_one_row": lambda _: [origin("P1"), origin("P1")],
    "origin_has_an_id": lambda _: origin(""),
    "one_verdict_a_line": verdict_given_twice,
    "opening_has_length": lambda c: opened(c, timedelta()),
    "limit_kept": lambda _: Tally.objects.create(key="x", taken=2, most=1, until=NOW),
    "one_draft_a_door": lambda c: [begun(c), begun(c)],
    "consent_text_once": lambda _: [text(), text()],
    "consent_version_from_1": lambda _: text(0),
    "consent_of_minor_names_guardian": lambda c: signed(c, role="guardian"),
    "consent_is_signed": lambda c: signed(c, signed_name=""),
    "paper_is_kept": lambda _: ConsentText.objects.filter(pk=text().pk).update(title="y"),
}
