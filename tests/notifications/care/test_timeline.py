"""Advice around a session: written with the visit's change, dropped when it no longer holds."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications import care, carenotes
from notifications.models import CareNote, Message
from scheduling import booking, records
from scheduling.models import Patient, Record
from tests import cast
from tests.notifications.care import bedside
from tests.notifications.care.bedside import DAY, DESK
from tests.notifications.test_rendering import CLINICAL

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return bedside.clinic()


# ---------------------------------------------------------------- before the visit


def test_booking_writes_the_advice_before_the_visit(clinic: cast.Clinic) -> None:
    visit = bedside.booked(clinic)
    assert bedside.written(visit) == {
        "0:care:-28d:email": "pending",
        "0:care:-14d:email": "pending",
        "0:care:-7d:email": "pending",
        "0:care:-2d:email": "pending",
    }
    assert bedside.due(visit, "-7d") == cast.at(cast.day(28), 10)


def test_a_visit_without_lines_has_no_timeline_and_reads_no_patient(clinic: cast.Clinic) -> None:
    carenotes.lines()
    with CaptureQueriesContext(connection) as queries:
        visit = bedside.booked(clinic, 3, treatment=clinic.consultation, areas=(), size="")
    assert bedside.written(visit) == {}
    assert [
        q
        for q in queries
        if "notifications_carenote" in (q["sql"] or "") or "r.kind" in (q["sql"] or "")
    ] == []


def test_a_visit_booked_late_brings_what_can_still_be_followed_at_once(
    clinic: cast.Clinic,
) -> None:
    visit = bedside.booked(clinic, 5)
    assert list(bedside.written(visit)) == ["0:care:-7d:email", "0:care:-2d:email"]
    clinic.site.care_email = "full"
    clinic.site.save()
    (told,) = [m for m in bedside.sent(cast.NOW) if m.kind == "care"]
    assert "Stop retinoids and acids" in told.text
    assert "Keep out of the sun" in told.text
    assert "Has anything changed?" not in told.text


def test_moving_the_visit_moves_its_timeline(clinic: cast.Clinic) -> None:
    visit = bedside.booked(clinic)
    booking.move(
        appointment_id=visit.pk, to=visit.start + 2 * DAY, version=1, by=DESK, now=cast.NOW
    )
    found = bedside.written(visit)
    assert {k: v for k, v in found.items() if k.startswith("0:")} == dict.fromkeys(
        (f"0:care:{day}d:email" for day in (-28, -14, -7, -2)), "superseded"
    )
    assert found["1:care:-7d:email"] == "pending"
    assert bedside.due(visit, "-7d") == cast.at(cast.day(30), 10)


def test_cancelling_withdraws_the_timeline(clinic: cast.Clinic) -> None:
    visit = bedside.booked(clinic)
    booking.cancel(appointment_id=visit.pk, version=1, by=DESK, now=cast.NOW)
    assert set(bedside.written(visit).values()) == {"superseded"}


def test_a_visit_that_was_not_done_is_followed_by_nothing(clinic: cast.Clinic) -> None:
    visit = bedside.booked(clinic, 1)
    booking.no_show(appointment_id=visit.pk, version=1, by=DESK, now=visit.end)
    assert [k for k in bedside.written(visit) if "aftercare" in k] == []
    assert [m for m in bedside.sent(visit.end + DAY) if m.kind in {"care", "aftercare"}] == []


def test_a_booking_that_rolls_back_leaves_no_advice(clinic: cast.Clinic) -> None:
    def break_off() -> None:
        with transaction.atomic():
            bedside.booked(clinic)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert Message.objects.count() == 0


# ---------------------------------------------------------------- after the session


def test_completing_writes_what_follows(clinic: cast.Clinic) -> None:
    visit = bedside.done(clinic)
    assert [k for k in bedside.written(visit) if "aftercare" in k] == [
        "0:aftercare:+0d:email",
        "0:aftercare:+1d:sms",
        "0:aftercare:+3d:sms",
        "0:aftercare:+7d:sms",
        "0:aftercare:+21d:sms",
        "0:aftercare:+28d:sms",
    ]
    assert bedside.due(visit, "+0d") == visit.end
    assert bedside.due(visit, "+1d") == cast.at(cast.day(2), 10)


def test_completing_late_brings_what_is_still_of_use_at_once(clinic: cast.Clinic) -> None:
    visit = bedside.booked(clinic, 1)
    late = cast.at(cast.day(2), 16)
    bedside.complete(visit, now=late)
    found = [k for k in bedside.written(visit) if "aftercare" in k]
    assert found[:2] == ["0:aftercare:+1d:email", "0:aftercare:+1d:sms"]
    assert bedside.due(visit, "+1d") == late


def test_an_undone_completion_sends_nothing_and_a_second_one_sends_once(
    clinic: cast.Clinic,
) -> None:
    visit = bedside.done(clinic)
    booking.reinstate(appointment_id=visit.pk, version=None, by=DESK, now=visit.end)
    assert [m for m in bedside.sent(visit.end) if m.kind == "aftercare"] == []
    assert bedside.written(visit)["0:aftercare:+0d:email"] == "superseded"
    bedside.complete(visit)
    assert bedside.written(visit)["0:aftercare:+1d:sms"] == "pending"
    sent = [m for m in bedside.sent(cast.at(cast.day(2), 10)) if m.kind == "aftercare"]
    assert len(sent) == 1


def test_the_whole_timeline_goes_out_once_whatever_the_ticks_do(clinic: cast.Clinic) -> None:
    visit = bedside.done(clinic)
    sent = [
        m.kind
        for hours in range(0, 24 * 30, 12)
        for _ in range(2)
        for m in bedside.sent(visit.end + timedelta(hours=hours))
        if m.kind == "aftercare"
    ]
    assert len(sent) == 6
    assert (
        care.follow(
            appointments=[visit], verb="complete", told=False, by=cast.reception(), now=visit.end
        )
        > 0
    )
    assert Message.objects.filter(appointment=visit, kind="aftercare").count() == 6


# ---------------------------------------------------------------- whom it concerns


def dark(clinic: cast.Clinic) -> None:
    """Make the patient's skin one of type V, tested as the protocol asks."""
    Patient.objects.update(fitzpatrick=5)
    Record.objects.create(
        patient=clinic.patient,
        kind="patch_test",
        procedure="fractional_ablative",
        result="clear",
        start=cast.at(cast.day(-40), 9),
        end=cast.at(cast.day(-40), 10),
        zone="Europe/London",
    )


def test_a_cold_sore_history_brings_the_antiviral(clinic: cast.Clinic) -> None:
    Record.objects.create(
        patient=clinic.patient,
        kind="active_infection",
        areas=["perioral"],
        start_date=cast.day(-400),
        end_date=cast.day(-390),
    )
    visit = bedside.booked(clinic)
    assert "0:care:-2d:sms" in bedside.written(visit)  # by both: it must not be missed
    bedside.complete(visit)
    assert "0:aftercare:+10d:email" in bedside.written(visit)


def test_a_darker_skin_is_asked_about_its_colour_twice(clinic: cast.Clinic) -> None:
    dark(clinic)
    assert "0:aftercare:+42d:sms" in bedside.written(bedside.done(clinic))


def test_a_history_entered_later_brings_its_advice_all_the_same(clinic: cast.Clinic) -> None:
    visit = bedside.booked(clinic)
    record = Record(
        patient=clinic.patient,
        kind="active_infection",
        areas=["perioral"],
        start_date=cast.day(-400),
        end_date=cast.day(-390),
    )
    records.add(record=record, by=DESK, now=cast.NOW)
    assert "0:care:-2d:sms" in bedside.written(visit)


def test_a_line_that_no_longer_holds_is_not_sent(clinic: cast.Clinic) -> None:
    dark(clinic)
    visit = bedside.done(clinic)
    Patient.objects.update(fitzpatrick=2)
    assert bedside.sent(cast.at(cast.day(43), 10)) == []
    assert bedside.written(visit)["0:aftercare:+42d:sms"] == "superseded"


def test_what_an_outage_kept_back_does_not_come_all_at_once(clinic: cast.Clinic) -> None:
    visit = bedside.booked(clinic)
    sent = [m for m in bedside.sent(bedside.due(visit, "-7d") + DAY) if m.kind == "care"]
    assert len(sent) == 1
    assert bedside.written(visit)["0:care:-14d:email"] == "too_late"


def test_an_edited_line_holds_at_once(clinic: cast.Clinic) -> None:
    assert any(n.code == "no-sun" for n in carenotes.lines())
    CareNote.objects.filter(code="no-sun").update(active=False)
    assert not any(n.code == "no-sun" for n in carenotes.lines())
    assert "0:care:-28d:email" not in bedside.written(bedside.booked(clinic))


def test_the_sessions_of_the_excimer_are_not_asked_about_every_other_day(
    clinic: cast.Clinic,
) -> None:
    protocol = clinic.protocol.document["categories"]["laser_except_excimer"]
    notes = CareNote.objects.exclude(code="aftercare")
    assert "excimer_308" not in protocol
    assert [n.code for n in notes if {"laser", "nonresurfacing_laser"} & {*n.procedures}] == [
        "sun-cream"
    ]


@pytest.mark.parametrize(
    ("facts", "channels"),
    [
        ({"email": ""}, ["sms"]),
        ({"phone": ""}, ["email"]),
        ({"channel": "sms"}, ["sms"]),
        ({"do_not_contact": True}, []),
        ({"channel": "none"}, []),
    ],
)
def test_whoever_lacks_a_channel_is_reached_by_the_other(
    clinic: cast.Clinic, facts: dict[str, object], channels: list[str]
) -> None:
    Patient.objects.update(**facts)
    found = bedside.written(bedside.booked(clinic))
    assert sorted({k.rpartition(":")[2] for k in found}) == channels


# ---------------------------------------------------------------- what it says


def test_an_sms_says_that_there_is_a_note_and_nothing_else(clinic: cast.Clinic) -> None:
    bedside.done(clinic)
    (told,) = [m for m in bedside.sent(cast.at(cast.day(2), 10)) if m.channel == "sms"]
    assert told.text.startswith(
        "Harley House: how are you after your visit? A short note for you: http"
    )
    assert [w for w in (*CLINICAL, "Ada", "Pine") if w in told.text] == []


def test_an_email_holds_only_a_link_until_the_clinic_wants_the_text_in_it(
    clinic: cast.Clinic,
) -> None:
    visit = bedside.booked(clinic)
    at = bedside.due(visit, "-28d")
    (told,) = [m for m in bedside.sent(at) if m.kind == "care"]
    assert "sun" not in told.text
    assert "\n\n\n" not in told.text
    clinic.site.care_email = "full"
    clinic.site.save()
    (told,) = [m for m in bedside.sent(bedside.due(visit, "-7d")) if m.kind == "care"]
    assert "please use no retinoid (tretinoin, retinol)" in told.text
    assert "Keep out of the sun" in told.text  # still in force
    assert told.subject == "Harley House: before your visit"
    assert not told.calendar


def test_advice_is_written_in_the_patients_language(clinic: cast.Clinic) -> None:
    Patient.objects.update(language="es")
    clinic.site.care_email = "full"
    clinic.site.save()
    visit = bedside.booked(clinic)
    (told,) = [m for m in bedside.sent(bedside.due(visit, "-7d")) if m.kind == "care"]
    assert "Deje retinoides y ácidos" in told.text


def test_a_check_waits_for_the_morning_of_the_patients_own_zone(clinic: cast.Clinic) -> None:
    Patient.objects.update(zone="America/New_York")
    bedside.done(clinic)
    early, seven = cast.at(cast.day(2), 10), datetime(2027, 1, 6, 13, tzinfo=UTC)
    assert [m for m in bedside.sent(early) if m.channel == "sms"] == []
    assert [m.kind for m in bedside.sent(seven) if m.channel == "sms"] == ["aftercare"]


# ---------------------------------------------------------------- what it costs


def test_sending_an_ordinary_message_costs_no_statement_more(clinic: cast.Clinic) -> None:
    bedside.booked(clinic, 3, treatment=clinic.consultation, areas=(), size="")
    with CaptureQueriesContext(connection) as queries:
        bedside.sent(cast.NOW)
    assert [q for q in queries if "care" in (q["sql"] or "")] == []


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_a_note_that_is_only_a_link_leaves_no_empty_paragraph(language: str) -> None:
    visit = bedside.booked(bedside.clinic(care_email="link"))
    Patient.objects.filter(pk=visit.patient_id).update(language=language)
    (told,) = (m for m in bedside.sent(bedside.due(visit, "-7d")) if m.kind == "care")
    assert "/c/" in told.text
    assert "<p></p>" not in told.html
    assert "\n\n\n" not in told.text
