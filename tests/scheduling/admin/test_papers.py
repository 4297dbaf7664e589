"""Forms and consent on the staff's screens: reviewed, corrected, seen and printed."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from scheduling import access
from scheduling.models import (
    Appointment,
    Change,
    ConsentText,
    Record,
    SignedConsent,
    Submission,
    Todo,
)
from scheduling.papers import consents
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.pages import way

RECORDS = "/admin/scheduling/record/"


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    return screens.visit(clinic, 10)


@pytest.fixture
def answer(visit: Appointment) -> Record:
    """Hand in a history that speaks of a pregnancy and an allergy."""
    patient = Client()
    way.hand_in(
        patient,
        way.by_link(patient, visit),
        pregnancy={"answer": "unsure"},
        allergies={"answer": "yes", "words": "Latex"},
    )
    return Record.objects.get(kind="pregnancy")


@pytest.fixture
def signed(visit: Appointment) -> SignedConsent:
    text = ConsentText(
        subject="laser",
        version=1,
        language="en",
        title="Laser",
        body="Redness is common.",
        in_force_from=date(2026, 1, 1),
    )
    consents.publish(text=text, by=cast.clinician(), now=cast.NOW)
    patient = Client()
    home = way.by_link(patient, visit)
    patient.post(f"{home}forms/consent/", {"text": text.pk, "name": "Ada Pine", "agree": "yes"})
    return SignedConsent.objects.get()


def test_answers_to_be_reviewed_are_listed(doctor: Client, answer: Record) -> None:
    listed = way.text_of(doctor.get(f"{RECORDS}?review=open"))
    assert "to be reviewed" in listed
    assert "1 found" in listed
    morning = way.text_of(doctor.get("/admin/"))
    assert "Patients’ answers to be reviewed Ada Pine Pregnancy" in morning


def test_accepting_is_noted_and_ends_the_task(doctor: Client, answer: Record) -> None:
    doctor.post(reverse("admin:record_accept", args=[answer.pk]))
    answer.refresh_from_db()
    assert (answer.reviewed_at, answer.reviewed_by) == (cast.NOW, "clinician")
    assert answer.withdrawn_at is None
    assert Change.objects.filter(subject="record", verb="review", subject_id=answer.pk).exists()
    assert Todo.objects.get(kind="answers-to-review").done_by == "clinician"


def test_correcting_keeps_both_and_ties_them(doctor: Client, answer: Record) -> None:
    page = doctor.get(f"{RECORDS}{answer.pk}/change/").content.decode()
    address = (
        f"{RECORDS}add/?kind=pregnancy&amp;patient={answer.patient_id}&amp;corrects={answer.pk}"
    )
    assert address in page
    doctor.post(
        address.replace("&amp;", "&"),
        {"patient": answer.patient_id, "start_date": "2026-01-01", "end_date": "2026-10-01"},
    )
    answer.refresh_from_db()
    right = Record.objects.get(kind="pregnancy", withdrawn_at=None)
    assert (answer.withdrawn_at, right.end_date) == (cast.NOW, date(2026, 10, 1))
    assert (right.reported_by_patient, right.submission_id) == (False, answer.submission_id)
    tied = Change.objects.get(subject="record", verb="correct")
    assert (tied.subject_id, tied.what) == (answer.pk, {"record": [answer.pk, right.pk]})
    assert Todo.objects.get(kind="answers-to-review").done_at == cast.NOW


def test_withdrawing_an_answer_ends_the_task(doctor: Client, answer: Record) -> None:
    doctor.post(reverse("admin:record_withdraw", args=[answer.pk]))
    assert Todo.objects.get(kind="answers-to-review").done_at == cast.NOW


def test_accepting_twice_is_refused(doctor: Client, answer: Record) -> None:
    for _ in range(2):
        doctor.post(reverse("admin:record_accept", args=[answer.pk]))
    assert Change.objects.filter(verb="review").count() == 1


def test_reception_reads_and_does_not_review(desk: Client, answer: Record) -> None:
    assert desk.post(reverse("admin:record_accept", args=[answer.pk])).status_code == 403
    answer.refresh_from_db()
    assert answer.reviewed_at is None


def test_the_desk_sees_allergies_and_who_signed(
    desk: Client, visit: Appointment, answer: Record, signed: SignedConsent
) -> None:
    card = way.text_of(desk.get(screens.card(visit.patient_id)))
    assert "Allergies Latex" in card
    assert "version 1, signed by Ada Pine, 4 Jan 2027, 08:00" in card
    page = way.text_of(desk.get(screens.page(visit)))
    assert "Medical history filled in" in page
    assert "Consent signed Laser, version 1" in page


def test_somebody_without_the_right_sees_no_forms(
    onlooker: Client, visit: Appointment, answer: Record, signed: SignedConsent
) -> None:
    assert "Latex" not in way.text_of(onlooker.get(screens.card(visit.patient_id)))
    for name, row in (("submission", Submission.objects.get()), ("signedconsent", signed)):
        assert onlooker.get(reverse(f"admin:{name}_pdf", args=[row.pk])).status_code in {403, 404}


def test_both_are_printed(desk: Client, answer: Record, signed: SignedConsent) -> None:
    for name, row in (("submission", Submission.objects.get()), ("signedconsent", signed)):
        response = desk.get(reverse(f"admin:{name}_pdf", args=[row.pk]))
        assert response["Content-Type"] == "application/pdf"
        assert response.content.startswith(b"%PDF-")
        assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("model", ["submission", "signedconsent"])
def test_nothing_kept_is_written_by_hand(
    desk: Client, answer: Record, signed: SignedConsent, model: str
) -> None:
    assert desk.get(f"/admin/scheduling/{model}/add/").status_code == 403
    row = Submission.objects.get() if model == "submission" else signed
    page = desk.get(f"/admin/scheduling/{model}/{row.pk}/change/")
    assert page.status_code == 200
    assert "Download as PDF" in way.text_of(page)
    assert desk.post(f"/admin/scheduling/{model}/{row.pk}/delete/").status_code == 403


def test_a_manager_puts_a_text_in_force_and_nobody_changes_it(sign_in: SignIn) -> None:
    manager = sign_in(access.MANAGER)
    fields = {
        "subject": "laser",
        "language": "en",
        "version": "1",
        "title": "Laser",
        "body": "Redness.",
        "in_force_from": "2027-01-01",
    }
    assert manager.post("/admin/scheduling/consenttext/add/", fields).status_code == 302
    text = ConsentText.objects.get()
    assert (text.created_by, text.created_at) == ("manager", cast.NOW)
    again = manager.post("/admin/scheduling/consenttext/add/", fields)
    assert "already exists" in way.text_of(again)
    change = f"/admin/scheduling/consenttext/{text.pk}/change/"
    assert manager.post(change, fields | {"body": "Other."}).status_code == 403


def test_reception_writes_no_text(desk: Client) -> None:
    assert desk.get("/admin/scheduling/consenttext/add/").status_code == 403
