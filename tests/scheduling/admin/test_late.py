import pytest
from django.test import Client

from scheduling import booking
from scheduling.models import Appointment
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn

LATE = "/admin/scheduling/appointment/board/late/"


def url(clinic: cast.Clinic, minutes: int = 15) -> str:
    return f"{LATE}?site={clinic.site.pk}&practitioner={clinic.doctor.pk}&minutes={minutes}"


def fill(clinic: cast.Clinic, *hours: int) -> None:
    for hour in hours:
        pk = cast.patient(f"P{hour}", "Row", consulted=True).pk
        screens.visit(clinic, 0, hour, clinic.review, patient_id=pk)


def ticked(client: Client, clinic: cast.Clinic, minutes: int = 15) -> list[str]:
    rows = client.get(url(clinic, minutes)).context["rows"]
    return [row.token for row in rows if row.token]


def times() -> list[str]:
    return [f"{time:%H:%M}" for time in Appointment.objects.values_list("local_time", flat=True)]


def test_nothing_is_moved_until_it_is_pressed(desk: Client, clinic: cast.Clinic) -> None:
    fill(clinic, 10, 11)
    rows = desk.get(url(clinic)).context["rows"]
    assert [(f"{r.old:%H:%M}", f"{r.new:%H:%M}", r.ticked) for r in rows] == [
        ("10:00", "10:15", True), ("11:00", "11:15", True),
    ]  # fmt: skip
    assert times() == ["10:00", "11:00"]
    take = [row.token for row in rows]
    answer = desk.post(url(clinic), {"take": take}, follow=True)
    assert "2 visits moved on. Each of 2 patients gets one message." in answer.content.decode()
    assert times() == ["10:15", "11:15"]


def test_only_what_is_ticked_moves(desk: Client, clinic: cast.Clinic) -> None:
    fill(clinic, 10, 11)
    desk.post(url(clinic), {"take": ticked(desk, clinic)[:1]})
    assert times() == ["10:15", "11:00"]


def test_a_page_that_is_no_longer_true_moves_nothing(desk: Client, clinic: cast.Clinic) -> None:
    fill(clinic, 10, 11)
    take = ticked(desk, clinic)
    booking.annotate(
        appointment_id=Appointment.objects.order_by("-pk")[0].pk,
        note="x", version=None, by=cast.reception(), now=cast.NOW,
    )  # fmt: skip
    answer = desk.post(url(clinic), {"take": take})
    assert (answer.status_code, times()) == (409, ["10:00", "11:00"])
    assert "Nothing was moved" in answer.content.decode()
    assert desk.post(url(clinic), {"take": ["forged"]}).status_code == 409
    assert desk.post(url(clinic), {}).status_code == 400


def test_who_lost_the_place_is_named(desk: Client, clinic: cast.Clinic) -> None:
    fill(clinic, 10)
    take = ticked(desk, clinic, 60)
    fill(clinic, 11)
    answer = desk.post(url(clinic, 60), {"take": take})
    assert (answer.status_code, times()) == (409, ["10:00", "11:00"])
    assert "P10 Row can no longer be moved on like this" in answer.content.decode()


def test_after_closing_only_a_clinician_moves_on_with_a_reason(
    desk: Client, doctor: Client, clinic: cast.Clinic
) -> None:
    fill(clinic, 17)
    take = ticked(desk, clinic, 60)
    page = desk.get(url(clinic, 60)).content.decode()
    assert "Only a clinician may move it on" in page
    assert 'type="checkbox"' not in page
    assert desk.post(url(clinic, 60), {"take": take, "reason": "late"}).status_code == 400
    assert doctor.post(url(clinic, 60), {"take": take, "reason": "late"}).status_code == 302
    assert times() == ["18:00"]


def test_minutes_between_the_starts_lead_to_those_that_fit(
    desk: Client, doctor: Client, clinic: cast.Clinic
) -> None:
    fill(clinic, 10)
    press = "Move on what is ticked"
    seen = desk.get(url(clinic, 20))
    said = seen.content.decode()
    assert seen.context["fitting"] == (15, 30)
    assert f"practitioner={clinic.doctor.pk}&amp;minutes=30" in said
    assert press not in said, "there is nothing that reception could tick"
    assert press in doctor.get(url(clinic, 20)).content.decode()
    assert press in desk.get(url(clinic, 30)).content.decode()


@pytest.mark.parametrize("query", ["", "?minutes=x", "?minutes=7&practitioner=x&site=99999999999"])
def test_odd_input_is_asked_again(desk: Client, query: str) -> None:
    answer = desk.get(LATE + query)
    assert (answer.status_code, answer.context["rows"]) == (200, None)
    assert desk.post(LATE + query, {"take": "x"}).status_code == 400


def test_a_stranger_is_turned_away(
    sign_in: SignIn, onlooker: Client, desk: Client, clinic: cast.Clinic
) -> None:
    fill(clinic, 10)
    take = ticked(desk, clinic)
    mill_lane = cast.site_named("Mill Lane")
    elsewhere = sign_in("reception", mill_lane, name="far")
    assert elsewhere.get(url(clinic)).context["rows"] is None
    mill = url(clinic).replace(f"site={clinic.site.pk}", "site=")
    assert elsewhere.get(mill).context["rows"] is None, "nobody of the other site is late here"
    cast.open_weekly(mill_lane, clinic.doctor)
    assert elsewhere.get(mill).context["rows"] == []
    assert elsewhere.post(mill, {"take": take}).status_code == 404
    assert onlooker.get(url(clinic)).status_code == 403
    assert times() == ["10:00"]
