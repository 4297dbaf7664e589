import pytest
from django.test import Client

from scheduling import booking
from scheduling.models import Appointment
from tests import cast
from tests.scheduling.admin.conftest import SignIn

WALK_IN = "/admin/scheduling/appointment/board/walk-in/"


def test_a_single_match_is_taken_and_booked_at_the_next_start(
    desk: Client, clinic: cast.Clinic
) -> None:
    page = desk.get(f"{WALK_IN}?q=pine")
    assert (page.context["desk"].patient, page.context["desk"].start.time) == (
        clinic.patient, "09:00",
    )  # fmt: skip
    assert not Appointment.objects.exists()
    chosen = page.context["desk"]
    query = f"?patient={clinic.patient.pk}&treatment={clinic.consultation.pk}"
    answer = desk.post(WALK_IN + query, {"start": chosen.start.iso})
    assert answer.url == f"/admin/scheduling/appointment/board/?site={clinic.site.pk}"
    visit = Appointment.objects.get()
    assert (visit.status, visit.treatment, f"{visit.local_time:%H:%M}") == (
        "arrived", clinic.consultation, "09:00",
    )  # fmt: skip
    assert "autofocus>Book Consultation, 09:00" in page.content.decode()


def test_of_several_the_first_is_ready_to_be_picked(desk: Client, clinic: cast.Clinic) -> None:
    cast.patient("Ada", "Ash")
    page = desk.get(f"{WALK_IN}?q=ada")
    assert page.context["desk"].patient is None
    assert [str(p) for p in page.context["desk"].found.patients] == ["Ada Ash", "Ada Pine"]
    html = page.content.decode()
    assert (html.count(" autofocus"), html.count('class="desk-pick" autofocus')) == (1, 1)


def test_the_next_walk_in_wants_what_the_last_one_wanted(desk: Client, clinic: cast.Clinic) -> None:
    query = f"?patient={clinic.patient.pk}&treatment={clinic.review.pk}"
    start = desk.get(WALK_IN + query).context["desk"].start.iso
    desk.post(WALK_IN + query, {"start": start})
    form = desk.get(WALK_IN).context["desk"].form
    assert form["treatment"].value() == str(clinic.review.pk)


def test_a_start_that_was_taken_is_refused_and_the_next_one_offered(
    desk: Client, clinic: cast.Clinic
) -> None:
    query = f"?patient={clinic.patient.pk}&treatment={clinic.consultation.pk}"
    start = desk.get(WALK_IN + query).context["desk"].start.iso
    wish = clinic.wish(clinic.consultation, patient_id=cast.patient("Bo", "Reed").pk)
    booking.book(wish=wish, start=cast.at(cast.TODAY, 9), by=cast.reception(), now=cast.NOW)
    answer = desk.post(WALK_IN + query, {"start": start})
    assert (answer.status_code, answer.context["desk"].start.time) == (409, "09:30")
    assert desk.post(WALK_IN + query, {"start": "x"}).status_code == 400


def test_what_the_rules_forbid_today_is_offered_on_its_day(
    desk: Client, clinic: cast.Clinic
) -> None:
    gone = cast.day(-1)
    clinic.patient.records.create(kind="sun_exposure", start_date=gone, end_date=gone)
    page = desk.get(f"{WALK_IN}?q=pine&treatment={clinic.resurfacing.pk}").context["desk"]
    assert (page.today, page.day.date() > cast.TODAY) == (False, True)


@pytest.mark.parametrize(
    "query", ["?patient=0", "?patient=x&treatment=x", "?site=9999999999", "?q=%"]
)
def test_odd_input_books_nothing(desk: Client, query: str) -> None:
    assert desk.get(WALK_IN + query).status_code == 200
    assert desk.post(WALK_IN + query, {"start": "2027-01-04T09:00"}).status_code == 400


def test_a_stranger_books_nothing(sign_in: SignIn, onlooker: Client, clinic: cast.Clinic) -> None:
    query = f"?patient={clinic.patient.pk}&site={clinic.site.pk}"
    elsewhere = sign_in("reception", cast.site_named("Mill Lane"), name="far")
    assert elsewhere.post(WALK_IN + query, {"start": "2027-01-04T09:00"}).status_code == 400
    assert onlooker.get(WALK_IN).status_code == 403
    assert not Appointment.objects.exists()
