"""A call to the clinician that does not get through is itself urgent, and goes another way."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from notifications import care, receipts, recovery
from notifications.care import answering
from notifications.care.answering import Said
from notifications.core.care import Answer
from notifications.models import Message, OptOut
from notifications.providers import ProviderDown, RecipientOptedOut, SendFailed
from notifications.receipts import Event
from scheduling.core.words import Actor
from scheduling.models import Appointment, Patient, Site
from tests import cast
from tests.notifications import stage
from tests.notifications.care import bedside
from tests.notifications.care.bedside import ON_CALL
from tests.notifications.stage import Carrier

pytestmark = pytest.mark.django_db

NIGHT = cast.at(cast.day(2), 23)


@pytest.fixture
def visit() -> Appointment:
    at = bedside.clinic(email="desk@harley.example")
    made = bedside.done(at)
    bedside.sent(NIGHT)
    given = Said(answer=Answer.WORSE, source="link", words="it burns")
    by = Actor(name="patient", patient_id=made.patient_id)
    care.answer(appointment_id=made.pk, said=given, by=by, now=NIGHT)
    return made


def stopped(source: str) -> None:
    OptOut.objects.create(channel="sms", address=ON_CALL, at=NIGHT, source=source)


def calls() -> list[tuple[str, str, str]]:
    rows = Message.objects.filter(kind="alert").order_by("pk")
    return [(row.channel, row.recipient, row.drop_reason or row.state) for row in rows]


@pytest.mark.parametrize("source", ["reply", "page", "link"])
def test_a_patient_who_stops_texts_on_that_number_does_not_silence_it(
    visit: Appointment, source: str
) -> None:
    stopped(source)
    assert [m.to for m in bedside.sent(NIGHT)] == [ON_CALL]
    assert bedside.tasks("alarm-failed") == []


@pytest.mark.parametrize(
    ("carrier", "state"),
    [
        (Carrier(errors=[SendFailed("no such number", permanent=True)]), "rejected"),
        (Carrier(errors=[RecipientOptedOut("stopped", provider_code="21610")]), "rejected"),
    ],
    ids=["refused", "21610"],
)
def test_a_refused_call_is_an_urgent_task_and_an_email_to_the_site(
    visit: Appointment, carrier: Carrier, state: str
) -> None:
    stage.sweep(carrier, NIGHT)
    stage.sweep(carrier, NIGHT)
    assert calls() == [
        ("sms", ON_CALL, state),
        ("email", "desk@harley.example", "accepted"),
    ]
    (task,) = bedside.tasks("alarm-failed")
    assert task.urgent
    assert "did not reach the clinician on call" in task.text
    (told,) = carrier.sent
    assert "/admin/scheduling/appointment/" in told.text
    assert "List-Unsubscribe" not in told.headers
    assert "unsubscribe" not in told.html.lower()
    assert "burn" not in told.subject + told.text


def test_a_block_at_the_provider_holds_it_and_is_told(visit: Appointment) -> None:
    stopped("provider")
    carrier = Carrier()
    stage.sweep(carrier, NIGHT)
    stage.sweep(carrier, NIGHT)
    assert calls()[0][2] == "opted_out"
    assert [(m.channel, m.to) for m in carrier.sent] == [("email", "desk@harley.example")]
    assert len(bedside.tasks("alarm-failed")) == 1


def test_a_call_reported_as_not_delivered_is_told_even_after_its_use(visit: Appointment) -> None:
    bedside.sent(NIGHT)
    row = Message.objects.get(kind="alert")
    event = Event(provider="fake", provider_id=row.provider_id, status="undelivered", code="30006")
    receipts.record_receipt(event=event, now=row.not_after + timedelta(minutes=1))
    assert [c[:2] for c in calls()] == [("sms", ON_CALL), ("email", "desk@harley.example")]
    assert len(bedside.tasks("alarm-failed")) == 1


def test_without_an_address_a_person_is_asked(visit: Appointment) -> None:
    Site.objects.update(email="")
    stage.sweep(Carrier(errors=[SendFailed("no", permanent=True)]), NIGHT)
    assert [c[0] for c in calls()] == ["sms"]
    assert len(bedside.tasks("alarm-failed")) == 1


def test_a_call_that_waits_for_its_provider_is_told_once(visit: Appointment) -> None:
    stage.sweep(Carrier(errors=[ProviderDown("no connection")]), NIGHT)
    assert bedside.tasks("alarm-failed") == []
    later = NIGHT + recovery.ALARM_LATE + timedelta(seconds=31)
    for minutes in range(2):
        down = Carrier(errors=[ProviderDown("no connection")] * 9)
        stage.sweep(down, later + timedelta(minutes=minutes))
    assert len(bedside.tasks("alarm-failed")) == 1
    assert [c[0] for c in calls()] == ["sms", "email"]


def test_an_email_that_fails_too_is_told(visit: Appointment) -> None:
    errors = [SendFailed("no", permanent=True), SendFailed("no such box", permanent=True)]
    carrier = Carrier(errors=list(errors))
    stage.sweep(carrier, NIGHT)
    stage.sweep(carrier, NIGHT)
    assert [c[2] for c in calls()] == ["rejected", "rejected"]
    assert "E-mail" in bedside.tasks("alarm-failed")[1].text


def test_nothing_claims_that_the_clinician_knows(visit: Appointment) -> None:
    (task,) = bedside.tasks(answering.TODO)
    assert "is alerted" not in task.text
    assert "We are texting the clinician on call" in task.text


def test_a_site_says_when_its_number_on_call_is_a_patients(client: Client) -> None:
    at = bedside.clinic()
    Patient.objects.filter(pk=at.patient.pk).update(phone=ON_CALL)
    client.force_login(User.objects.create_superuser("mira", password="a-long-password"))
    page = client.get(reverse("admin:scheduling_site_change", args=[at.site.pk]))
    assert "is also a patient’s" in page.content.decode()
    Patient.objects.filter(pk=at.patient.pk).update(phone="+447700900111")
    page = client.get(reverse("admin:scheduling_site_change", args=[at.site.pk]))
    assert "is also a patient’s" not in page.content.decode()
