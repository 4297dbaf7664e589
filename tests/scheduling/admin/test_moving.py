import pytest
from django.test import Client

from scheduling.models import Appointment, Override
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.screens import move


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    return screens.visit(clinic, 1, 11)


def at(n: int, hour: int, minute: int = 0) -> str:
    return cast.at(cast.day(n), hour, minute).isoformat()


def test_own_place_does_not_count(desk: Client, visit: Appointment) -> None:
    page = desk.get(move(visit), {"from": cast.day(1).isoformat()}).context["desk"].page
    offered = [start.time for start in page.days[0].starts]
    # Quarters that overlap its own hour are free; the time it has already is no other time.
    assert [t for t in offered if "10:30" <= t <= "11:30"] == ["10:30", "10:45", "11:15", "11:30"]


def test_looking_changes_nothing(desk: Client, visit: Appointment) -> None:
    desk.get(move(visit), {"start": at(2, 12)})
    assert Appointment.objects.get() == visit
    assert Appointment.objects.get().version == visit.version


def test_post_moves_it(desk: Client, visit: Appointment) -> None:
    answer = desk.post(move(visit), {"start": at(2, 12), "version": visit.version})
    visit.refresh_from_db()
    assert answer.headers["Location"] == screens.page(visit)
    assert (visit.local_date, visit.local_time.hour, visit.told_version) == (cast.day(2), 12, 1)


def test_minutes_and_practitioner_may_change(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    address = f"{move(visit)}?minutes=30&practitioner={clinic.nurse.pk}"
    desk.post(address, {"start": at(2, 12), "version": visit.version})
    visit.refresh_from_db()
    assert visit.end_q - visit.start_q == 6
    assert list(
        visit.allocations.filter(resource__kind="practitioner").values_list(
            "resource_id", flat=True
        )
    ) == [clinic.nurse.pk]


def test_refused_move_lists_reasons_and_the_earliest(
    desk: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    filler = screens.visit(clinic, 22, 11, clinic.filler)
    page = desk.post(move(filler), {"start": at(4, 11), "version": filler.version})
    refusal = page.context["desk"].refusal
    assert page.status_code == 409
    assert "SEED-GAP-RF" in refusal.codes
    assert f'name="version" value="{filler.version}"' in page.text
    desk.post(move(filler), {"start": refusal.earliest.iso, "version": filler.version})
    filler.refresh_from_db()
    assert filler.local_date == cast.day(15)


def test_clinician_moves_against_hours_with_a_reason(doctor: Client, clinic: cast.Clinic) -> None:
    review = screens.visit(clinic, 1, 11, clinic.review)
    doctor.post(
        move(review),
        {
            "start": at(1, 19),
            "version": review.version,
            "override": "must be seen tonight",
            "code": ["outside_hours"],
        },
    )
    review.refresh_from_db()
    assert review.local_time.hour == 19
    assert Override.objects.get().code == "outside_hours"


def test_stale_move_is_told_kindly(desk: Client, visit: Appointment) -> None:
    desk.post(move(visit), {"start": at(2, 12), "version": visit.version})
    answer = desk.post(move(visit), {"start": at(3, 12), "version": visit.version}, follow=True)
    assert "Somebody else changed this visit a moment ago" in answer.text
    visit.refresh_from_db()
    assert visit.local_date == cast.day(2)


def test_visit_that_is_over_says_so(desk: Client, visit: Appointment) -> None:
    Appointment.objects.filter(pk=visit.pk).update(status="fulfilled")
    page = desk.post(move(visit), {"start": at(2, 12), "version": visit.version})
    assert page.status_code == 400
    assert "is not moved" in page.text


def test_others_may_not(sign_in: SignIn, onlooker: Client, visit: Appointment) -> None:
    stranger = sign_in("reception", cast.site_named("Elsewhere"), name="stranger")
    body = {"start": at(2, 12), "version": visit.version}
    assert stranger.get(move(visit)).status_code == 404
    assert stranger.post(move(visit), body).status_code == 404
    assert onlooker.post(move(visit), body).status_code == 403
    assert Client().post(move(visit), body).status_code == 302
    visit.refresh_from_db()
    assert visit.local_date == cast.day(1)
