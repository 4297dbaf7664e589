import pytest
from django.test import Client
from django.urls import reverse

from scheduling.models import Appointment, Todo
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn

LIST = "/admin/scheduling/appointment/"


def test_list_finds_by_patient(desk: Client, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 1)
    other = cast.patient("Bo", "Reed")
    screens.visit(clinic, 2, 11, clinic.consultation, patient_id=other.pk)
    assert desk.get(LIST).context["cl"].result_count == 2
    found = desk.get(LIST, {"q": "reed"}).context["cl"].result_list
    assert [row.patient for row in found] == [other]


def test_list_is_of_the_users_own_sites(sign_in: SignIn, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 1)
    stranger = sign_in("reception", cast.site_named("Elsewhere"), name="stranger")
    assert stranger.get(LIST).context["cl"].result_count == 0


def test_add_leads_to_the_booking_screen(desk: Client) -> None:
    assert desk.get(f"{LIST}add/").headers["Location"] == screens.BOOK


@pytest.mark.parametrize("where", ["delete", "change"])
def test_nothing_is_saved_or_deleted_by_the_admin(
    desk: Client, clinic: cast.Clinic, where: str
) -> None:
    visit = screens.visit(clinic, 1)
    answer = desk.post(f"{LIST}{visit.pk}/{where}/", {"post": "yes", "status": "fulfilled"})
    assert answer.status_code in {200, 403, 405}
    assert Appointment.objects.get().status == "booked"


def test_task_is_ticked_off_by_post(desk: Client, clinic: cast.Clinic) -> None:
    task = Todo.objects.create(site=clinic.site, kind="note", text="Ring", created_at=cast.NOW)
    tick = reverse("admin:scheduling_appointment_tick", args=[task.pk])
    assert desk.get(tick).status_code == 405
    desk.post(tick, {"next": screens.DAY})
    task.refresh_from_db()
    assert (task.done_at, task.done_by) == (cast.NOW, "reception")


def test_task_of_another_site_stays(sign_in: SignIn, clinic: cast.Clinic) -> None:
    task = Todo.objects.create(site=clinic.site, kind="note", text="Ring", created_at=cast.NOW)
    stranger = sign_in("reception", cast.site_named("Elsewhere"), name="stranger")
    stranger.post(reverse("admin:scheduling_appointment_tick", args=[task.pk]))
    task.refresh_from_db()
    assert task.done_at is None


def test_ids_beyond_any_row_are_not_found(desk: Client, clinic: cast.Clinic) -> None:
    assert desk.get(f"{LIST}patient/{'9' * 40}/").status_code == 404
    assert desk.post(f"{LIST}task/{'9' * 40}/done/").status_code in {302, 404}
