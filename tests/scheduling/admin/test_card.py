import pytest
from django.test import Client

from clinic import groups
from scheduling import booking
from scheduling.models import Appointment, Change, Patient, Record, Todo
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.screens import card


def test_card_shows_coming_and_past_visits_and_the_rest(desk: Client, clinic: cast.Clinic) -> None:
    coming = screens.visit(clinic, 3)
    page = desk.get(card(clinic.patient.pk))
    assert [v.row for v in page.context["coming"]] == [coming]
    assert page.context["past"] == []
    assert [(r.row.recovery_most, r.healed_on) for r in page.context["rests"]] == [
        (cast.day(17), None)
    ]
    assert "skin will rest until Thu 21 Jan 2027 at most" in page.text


def test_healed_closes_the_rest(doctor: Client, clinic: cast.Clinic) -> None:
    visit = screens.visit(clinic, 0, 10)
    Appointment.objects.filter(pk=visit.pk).update(
        status="fulfilled", recovery_least=cast.day(-3), recovery_most=cast.day(5)
    )
    doctor.post(card(clinic.patient.pk), {"kind": "healed", "area": "face"})
    rests = doctor.get(card(clinic.patient.pk)).context["rests"]
    assert [rest.healed_on for rest in rests] == [cast.day(0)]


@pytest.mark.parametrize("kind", ["consent", "consultation"])
def test_quick_record_is_of_now(doctor: Client, clinic: cast.Clinic, kind: str) -> None:
    Record.objects.all().delete()
    doctor.post(card(clinic.patient.pk), {"kind": kind})
    made = Record.objects.get()
    assert (made.kind, made.start, made.recorded_by.username) == (kind, cast.NOW, "clinician")  # type: ignore[union-attr]


def test_quick_record_of_another_kind_is_not_found(doctor: Client, clinic: cast.Clinic) -> None:
    assert doctor.post(card(clinic.patient.pk), {"kind": "pregnancy"}).status_code == 404


def test_reception_does_not_record(desk: Client, clinic: cast.Clinic) -> None:
    assert desk.post(card(clinic.patient.pk), {"kind": "consent"}).status_code == 403
    assert Record.objects.filter(kind="consent").count() == 0


def test_visits_of_other_sites_are_busy_time_only(sign_in: SignIn, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 3)
    stranger = sign_in("reception", cast.site_named("Elsewhere"), name="stranger")
    page = stranger.get(card(clinic.patient.pk))
    assert "At Harley House" in page.text
    assert 'change/">Fri' not in page.text


def test_tasks_of_another_site_are_not_told(
    sign_in: SignIn, desk: Client, clinic: cast.Clinic
) -> None:
    facts = {"patient": clinic.patient, "kind": "note", "created_at": cast.NOW}
    Todo.objects.create(site=clinic.site, text="Ring about the visit here", **facts)
    Todo.objects.create(site=None, text="Ask for the new address", **facts)
    stranger = sign_in("reception", cast.site_named("Mayfair"), name="stranger")
    for page in (card(clinic.patient.pk), f"{screens.BOOK}?patient={clinic.patient.pk}"):
        told = [client.get(page).content.decode() for client in (desk, stranger)]
        assert ["Ring about" in text for text in told] == [True, False]
        assert ["new address" in text for text in told] == [True, True]


def test_card_lists_open_tasks(desk: Client, clinic: cast.Clinic) -> None:
    Todo.objects.create(
        patient=clinic.patient, site=clinic.site, kind="note", text="Ring back", created_at=cast.NOW
    )
    assert "Ring back" in desk.get(card(clinic.patient.pk)).text


def test_looking_changes_nothing(desk: Client, clinic: cast.Clinic) -> None:
    desk.get(card(clinic.patient.pk))
    assert (Change.objects.count(), Record.objects.count()) == (0, 1)


def test_card_needs_its_permission_and_a_patient(desk: Client, clinic: cast.Clinic) -> None:
    nobody = Client()
    nobody.force_login(cast.staff_user("nobody", clinic.site))
    assert nobody.get(card(clinic.patient.pk)).status_code == 403
    assert desk.get(card(999999)).status_code == 404


def test_times_that_were_kept_and_not_taken_are_no_visits(
    desk: Client, clinic: cast.Clinic
) -> None:
    kept = booking.hold(
        wish=clinic.wish(), start=cast.at(cast.day(2), 11), by=cast.reception(), now=cast.NOW
    ).appointment
    assert [v.row for v in desk.get(card(clinic.patient.pk)).context["coming"]] == [kept]
    booking.release_holds(appointment_ids=[kept.pk], now=cast.NOW)
    assert desk.get(card(clinic.patient.pk)).context["coming"] == []


def test_messages_are_for_those_who_may_read_them(
    sign_in: SignIn, onlooker: Client, clinic: cast.Clinic
) -> None:
    groups.ensure()
    screens.visit(clinic, 3)
    shown = [
        client.get(card(clinic.patient.pk)).text for client in (sign_in("reception"), onlooker)
    ]
    assert ["<h2>Messages</h2>" in text for text in shown] == [True, False]


def test_new_patient_leads_to_the_card(desk: Client, clinic: cast.Clinic) -> None:
    answer = desk.post(
        "/admin/scheduling/patient/add/",
        {
            "given_name": "Zora",
            "family_name": "Quill",
            "birth_date": "1990-02-03",
            "language": "en",
            "channel": "both",
        },
    )
    made = Patient.objects.get(given_name="Zora")
    assert answer.headers["Location"] == card(made.pk)


def test_register_leads_to_the_card(desk: Client, clinic: cast.Clinic) -> None:
    assert f'href="{card(clinic.patient.pk)}"' in desk.get("/admin/scheduling/patient/").text
    change = f"/admin/scheduling/patient/{clinic.patient.pk}/change/"
    assert f'href="{card(clinic.patient.pk)}"' in desk.get(change).text
