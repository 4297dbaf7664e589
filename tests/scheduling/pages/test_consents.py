"""Consent per course and version: signed with a name, kept for good, asked for by the rules."""

from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.db.utils import DatabaseError
from django.test import Client

from scheduling import booking, records
from scheduling.errors import Malformed, Refused
from scheduling.models import (
    Appointment,
    ConsentText,
    Patient,
    Record,
    Series,
    SignedConsent,
)
from scheduling.papers import consents
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.pages import way

pytestmark = pytest.mark.django_db


def text(
    subject: str = "laser", version: int = 1, language: str = "en", **facts: Any
) -> ConsentText:
    """Put a text in force."""
    given: dict[str, Any] = {
        "title": f"Laser, {version}",
        "body": "Redness is common.\n\nScars are rare.",
        "in_force_from": date(2026, 1, 1),
    }
    row = ConsentText(subject=subject, version=version, language=language, **(given | facts))
    return consents.publish(text=row, by=cast.clinician(), now=cast.NOW)


def sign(client: Client, home: str, read: ConsentText, name: str = "Ada Pine", **said: Any) -> Any:
    fields = {"text": read.pk, "name": name, "agree": "yes"} | said
    return client.post(f"{home}forms/consent/", fields)


def test_a_signature_is_kept_and_becomes_the_record(client: Client, visit: Appointment) -> None:
    read = text()
    home = way.by_link(client, visit)
    assert "Redness is common." in way.text_of(client.get(f"{home}forms/consent/"))
    response = sign(client, home, read, "  Ada   Pine ")
    assert (response.status_code, response["Location"]) == (303, f"{home}forms/consent/")
    kept = SignedConsent.objects.get()
    assert (kept.text, kept.signed_name, kept.signed_at, kept.role) == (
        read,
        "Ada Pine",
        cast.NOW,
        "patient",
    )
    assert kept.door == f"link {visit.links.get().pk}"
    assert (kept.record.kind, kept.record.start, kept.record.zone) == (
        "consent",
        cast.NOW,
        "Europe/London",
    )
    page = way.text_of(client.get(f"{home}forms/consent/"))
    assert "Signed by Ada Pine on Monday 4 January 2027, 08:00" in page


def test_check_in_asks_for_it_and_takes_the_signature(client: Client, visit: Appointment) -> None:
    read = text()
    home = way.by_link(client, visit)
    there = visit.start - timedelta(minutes=30)
    with pytest.raises(Refused, match="signed consent"):
        booking.check_in(
            appointment_id=visit.pk, version=visit.version, by=cast.reception(), now=there
        )
    sign(client, home, read)
    made, _ = booking.check_in(
        appointment_id=visit.pk, version=visit.version, by=cast.reception(), now=there
    )
    assert made.status == "checked-in"


@pytest.mark.parametrize(
    ("said", "field", "sentence"),
    [
        ({"name": " "}, "name", "Type your full name"),
        ({"name": "A"}, "name", "Type your full name"),
        ({"name": ". ."}, "name", "Type your full name"),
        ({"name": "\u2060\u2060\u2060"}, "name", "Type your full name"),
        ({"agree": ""}, "agree", "Tick the box if you agree"),
    ],
    ids=["no-name", "one-letter", "dots", "invisible", "no-tick"],
)
def test_a_mistake_signs_nothing_and_keeps_what_was_typed(
    client: Client, visit: Appointment, said: dict[str, str], field: str, sentence: str
) -> None:
    read = text()
    fields = {"name": "Ada Pine"} | said
    response = sign(client, way.by_link(client, visit), read, **fields)
    page = response.content.decode()
    assert response.status_code == 422
    assert f'<a href="#f-{field}">{sentence}</a>' in page
    assert f'value="{fields["name"]}"' in page
    assert SignedConsent.objects.count() == 0


def test_a_text_changed_while_it_was_read_is_read_again(client: Client, visit: Appointment) -> None:
    old, home = text(), way.by_link(client, visit)
    new = text(version=2, body="Scars are very rare.")
    page = way.text_of(sign(client, home, old))
    assert "This text has been changed in the meantime." in page
    assert "Scars are very rare." in page
    sign(client, home, new)
    assert SignedConsent.objects.get().text == new


def test_a_new_version_asks_again_without_a_course(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    sign(client, way.by_link(client, visit), text())
    assert not consents.standing(visit=visit, language="en", now=cast.NOW).needed
    text(version=2)
    assert consents.standing(visit=visit, language="en", now=cast.NOW).needed


def test_a_course_is_signed_for_once_and_a_new_course_again(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    first, second = (Series.objects.create(patient=clinic.patient) for _ in range(2))
    Appointment.objects.filter(pk=visit.pk).update(series=first)
    later = screens.visit(clinic, 70)
    Appointment.objects.filter(pk=later.pk).update(series=first)
    sign(client, way.by_link(client, visit), text())
    text(version=2)
    later.refresh_from_db()
    assert not consents.standing(visit=later, language="en", now=cast.NOW).needed
    later.series = second
    assert consents.standing(visit=later, language="en", now=cast.NOW).needed


def test_check_in_asks_for_the_consent_of_this_course(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    """A signature of another course, or of before, is not one to this; on paper counts too."""
    text()
    records.add(
        record=_on_paper(clinic, cast.NOW - timedelta(days=30)), by=cast.clinician(), now=cast.NOW
    )
    Appointment.objects.filter(pk=visit.pk).update(
        series=Series.objects.create(patient=clinic.patient)
    )
    day = cast.at(cast.day(10), 11)
    step = {"appointment_id": visit.pk, "version": None, "by": cast.reception(), "now": day}
    with pytest.raises(Refused) as refused:
        booking.check_in(**step)
    assert [r.code for r in refused.value.reasons if r.code == consents.COURSE] == [consents.COURSE]
    records.add(
        record=_on_paper(clinic, cast.NOW + timedelta(days=1)), by=cast.clinician(), now=day
    )
    booking.check_in(**step)


def _on_paper(clinic: cast.Clinic, at: Any) -> Record:
    return Record(patient=clinic.patient, kind="consent", start=at, end=at, zone="Europe/London")


def test_a_version_counts_from_its_day(visit: Appointment) -> None:
    first = text()
    text(version=2, in_force_from=date(2027, 1, 5))
    at = {"procedure": visit.procedure, "language": "en"}
    assert consents.text_for(**at, on=date(2027, 1, 4)) == first
    tomorrow = consents.text_for(**at, on=date(2027, 1, 5))
    assert tomorrow is not None
    assert tomorrow.version == 2


def test_the_narrowest_subject_and_the_own_language_are_chosen(visit: Appointment) -> None:
    text()
    own = text("fractional_ablative", title="Fractional")
    arabic = text("fractional_ablative", language="ar", title="ليزر")
    at = {"procedure": visit.procedure, "on": cast.TODAY}
    assert consents.text_for(**at, language="ar") == arabic  # type: ignore[arg-type]
    assert consents.text_for(**at, language="es") == own  # type: ignore[arg-type]


def test_consent_taken_back_is_asked_for_again(client: Client, visit: Appointment) -> None:
    sign(client, way.by_link(client, visit), text())
    record = Record.objects.get(kind="consent")
    records.withdraw(record_id=record.pk, by=cast.clinician(), now=cast.NOW)
    assert consents.standing(visit=visit, language="en", now=cast.NOW).needed


def test_consent_that_the_protocol_calls_too_old_is_asked_for_again(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    sign(client, way.by_link(client, visit), text())
    Record.objects.filter(kind="consent").update(
        start=cast.NOW - timedelta(days=400), end=cast.NOW - timedelta(days=400)
    )
    assert consents.standing(visit=visit, language="en", now=cast.NOW).needed


def minor(clinic: cast.Clinic, guardian: Patient | None) -> None:
    born = date(2010, 6, 1)
    Patient.objects.filter(pk=clinic.patient.pk).update(birth_date=born, guardian=guardian)


def test_a_guardian_signs_for_a_minor(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    guardian = cast.patient("Zoë", "Pine")
    minor(clinic, guardian)
    read, home = text(), way.by_link(client, visit)
    assert "You sign as guardian of Ada Pine." in way.text_of(client.get(f"{home}forms/consent/"))
    refused = way.text_of(sign(client, home, read, "Ada Pine"))
    assert "Type the guardian’s name as the clinic knows it" in refused
    sign(client, home, read, "zoe PINE")
    kept = SignedConsent.objects.get()
    assert (kept.role, kept.guardian, kept.signed_name) == ("guardian", guardian, "zoe PINE")


@pytest.mark.parametrize(
    ("born", "sentence"),
    [
        (date(2010, 6, 1), "A guardian signs for somebody under 18."),
        (None, "We do not have a birth date yet."),
    ],
    ids=["no-guardian", "no-birth-date"],
)
def test_nobody_signs_who_is_not_known(
    client: Client, clinic: cast.Clinic, visit: Appointment, born: date | None, sentence: str
) -> None:
    Patient.objects.filter(pk=clinic.patient.pk).update(birth_date=born)
    read, home = text(), way.by_link(client, visit)
    assert sentence in way.text_of(sign(client, home, read))
    assert SignedConsent.objects.count() == 0


def test_the_eighteenth_birthday_is_the_first_day_of_signing_alone() -> None:
    somebody = Patient(birth_date=date(2009, 1, 4))
    assert consents.signer_of(somebody, today=date(2027, 1, 4)) is somebody
    with pytest.raises(consents.NobodyToSign):
        consents.signer_of(somebody, today=date(2027, 1, 3))


def test_another_patient_signs_nothing(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    read = text()
    way.sign_in(client, cast.patient("Ben", "Oak", phone="+447700900124"))
    assert sign(client, f"/my/visits/{visit.pk}/", read).status_code == 404
    assert SignedConsent.objects.count() == 0


def test_a_visit_that_is_off_is_not_signed_for(client: Client, visit: Appointment) -> None:
    read, home = text(), way.by_link(client, visit)
    Appointment.objects.filter(pk=visit.pk).update(status="cancelled")
    assert "over or cancelled" in way.text_of(sign(client, home, read))


@pytest.mark.parametrize("table", ["consenttext", "signedconsent"])
@pytest.mark.parametrize(
    "change", ["UPDATE scheduling_{} SET id = id", "DELETE FROM scheduling_{}"]
)
def test_texts_and_signatures_never_change(
    client: Client, visit: Appointment, table: str, change: str
) -> None:
    sign(client, way.by_link(client, visit), text())
    with pytest.raises(DatabaseError, match="does not change"), connection.cursor() as cursor:
        cursor.execute(change.format(table))


@pytest.mark.django_db(transaction=True)
def test_signing_twice_at_once_signs_once() -> None:
    from scheduling import visitors

    with time_machine.travel(cast.NOW, tick=False):
        clinic = cast.build()
        visit = screens.visit(clinic, 10)
        read = text()
        token = visitors.admit(patient_id=clinic.patient.pk, now=cast.NOW)
    together = Barrier(2)

    def press() -> None:
        client = Client()
        client.cookies["patient"] = token
        together.wait(timeout=10)
        with_clock(lambda: sign(client, f"/my/visits/{visit.pk}/", read))
        connections.close_all()

    def with_clock(step: Any) -> None:
        with time_machine.travel(cast.NOW, tick=False):
            step()

    threads = [Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert SignedConsent.objects.count() == 1
    assert Record.objects.filter(kind="consent").count() == 1


def test_a_version_is_put_in_force_once() -> None:
    first = text()
    again = ConsentText(
        subject=first.subject,
        language=first.language,
        version=first.version,
        title="Another",
        body="Another.",
        in_force_from=cast.TODAY,
    )
    with pytest.raises(Malformed, match="has a text in that language already"):
        consents.publish(text=again, by=cast.clinician(), now=cast.NOW)
