"""Somebody known books by the pages: what is open, legal starts, a kept start, one visit."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from scheduling import booking
from scheduling.models import (
    Appointment,
    Change,
    Patient,
    PatientSession,
    Record,
    Treatment,
    TreatmentText,
)
from tests import cast
from tests.cast import NOW
from tests.scheduling.pages import booked
from tests.scheduling.pages.booked import field, kept, starts, text_of, wanted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize("page", ["", "site/", "treatment/", "area/", "times/", "check/", "done/"])
def test_a_stranger_is_asked_to_sign_in(client: Client, page: str) -> None:
    booked.clinic()
    new = booked.phone(None)
    for who, root in ((client, "/my/book/"), (client, "/my/new/"), (new, "/my/book/")):
        if (root, page) != ("/my/new/", "done/"):
            answer = who.get(f"{root}{page}")
            where = answer["Location"].partition("?")[0]
            assert (answer.status_code, where) == (302, "/my/sign-in/")


def test_only_open_treatments_are_offered_consultation_first() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    assert phone.get("/my/book/")["Location"] == "/my/book/treatment/"
    said = text_of(phone.get("/my/book/treatment/"))
    assert "Filler" not in said
    assert "Consultation about 20 minutes You meet our doctor" in said
    assert said.index("Consultation") < said.index("Laser resurfacing") < said.index("Review")
    assert phone.post("/my/book/treatment/", {"choice": at.filler.pk}).status_code == 200


def test_the_clinics_own_words_come_before_ours() -> None:
    at = booked.clinic()
    Treatment.objects.filter(pk=at.review.pk).update(summary="Ten minutes with Dr Lind.")
    assert "Ten minutes with Dr Lind." in text_of(
        booked.phone(at.patient).get("/my/book/treatment/")
    )


def test_treatments_are_called_what_the_clinic_calls_them_in_the_patients_language() -> None:
    at = booked.clinic()
    TreatmentText.objects.create(
        treatment=at.review, language="es", name="Revisión", summary="Diez minutos."
    )
    phone = booked.phone(at.patient)
    assert "Revisión" not in text_of(phone.get("/my/book/treatment/"))
    type(at.patient).objects.filter(pk=at.patient.pk).update(language="es")
    said = text_of(phone.get("/my/book/treatment/"))
    assert ("Revisión unos" in said, "Diez minutos." in said) == (True, True)


def test_several_sites_are_asked_first() -> None:
    at = booked.clinic()
    other = cast.site_named("Olavide")
    cast.open_weekly(other, at.doctor)
    phone = booked.phone(at.patient)
    assert phone.get("/my/book/")["Location"] == "/my/book/site/"
    assert "Harley House Olavide" in text_of(phone.get("/my/book/site/"))
    answer = phone.post("/my/book/site/", {"choice": other.pk})
    assert (answer.status_code, answer["Location"]) == (303, "/my/book/treatment/")
    # the laser stands elsewhere
    assert "Laser" not in text_of(phone.get("/my/book/treatment/"))


def test_area_and_size_are_asked_where_the_treatment_needs_them() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    assert wanted(phone, at.resurfacing) == "/my/book/area/"
    wrong = phone.post("/my/book/area/", {"areas": ["cheeks"]})
    assert (wrong.status_code, 'href="#size"' in wrong.content.decode()) == (200, True)
    assert 'value="cheeks" id' not in wrong.content.decode()
    assert wrong.content.decode().count("checked") == 1
    answer = phone.post("/my/book/area/", {"areas": ["cheeks", "moon"], "size": "small"})
    assert answer["Location"] == "/my/book/times/"
    kept(phone)
    hold = Appointment.objects.get()
    assert (hold.status, hold.areas, hold.size) == ("pending", ["cheeks"], "small")


def test_starts_are_those_that_booking_accepts_soonest_first() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    page = phone.get("/my/book/times/")
    said = text_of(page)
    assert "The soonest time to be here Monday 4 January 2027, 09:00" in said
    offered = starts(page)
    # six days of 36 quarters of an hour less the last, and the soonest once more
    assert len(offered) == 1 + 6 * 35
    assert "Sunday 10 January 2027 We are closed, or not open for long enough." in said
    assert "All times are the time in London." in said
    assert len(page.content) < 50_000


def test_times_are_when_to_be_there() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    wanted(phone, at.resurfacing)
    phone.post("/my/book/area/", {"areas": ["face"], "size": "face"})
    soonest = starts(phone.get("/my/book/times/"))[0]
    said = text_of(kept(phone))
    hold = Appointment.objects.get()
    assert (int(soonest[0]), hold.prep_minutes) == (hold.start_q, 60)
    there = f"{hold.start - timedelta(minutes=60):%H:%M}"
    assert f"Please be here on Monday 4 January 2027, {there}" in said


def test_what_must_come_first_is_said_and_leads_there() -> None:
    at = booked.clinic()
    fresh = cast.patient("Bo", "Ash")
    phone = booked.phone(fresh)
    wanted(phone, at.resurfacing)
    phone.post("/my/book/area/", {"areas": ["face"], "size": "face"})
    page = phone.get("/my/book/times/")
    said = text_of(page)
    assert "Before a laser treatment you meet our dermatologist" in said
    assert "This comes first. You can book it now: Consultation" in said
    assert starts(page) == []
    answer = phone.post("/my/book/treatment/", {"choice": at.consultation.pk})
    assert answer["Location"] == "/my/book/times/"
    assert starts(phone.get("/my/book/times/")) != []


def test_a_day_that_the_skin_needs_says_from_when_it_may_be() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    wanted(phone, at.resurfacing)
    phone.post("/my/book/area/", {"areas": ["face"], "size": "face"})
    phone.post("/my/book/check/", {"kept": field(kept(phone), "kept"), "act": "book"})
    wanted(phone, at.resurfacing)
    phone.post("/my/book/area/", {"areas": ["face"], "size": "face"})
    said = text_of(phone.get("/my/book/times/"))
    assert "It is possible from" in said
    assert "The soonest time to be here" in said


def test_looking_changes_nothing() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    kept(phone)
    before = list(Appointment.objects.values()), list(PatientSession.objects.values())
    for page in (
        "",
        "site/",
        "treatment/",
        "area/",
        "times/",
        "times/?at=1",
        "check/?act=book",
        "done/",
    ):
        phone.get(f"/my/book/{page}")
        phone.head(f"/my/book/{page}")
    assert (list(Appointment.objects.values()), list(PatientSession.objects.values())) == before


def test_a_start_is_kept_until_a_time_by_the_clock_and_booked() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    page = kept(phone)
    said = text_of(page)
    assert "This time is kept for you until 08:10." in said
    assert "Please be here on Monday 4 January 2027, 09:00" in said
    assert "With Dr Amara Lind For Ada Pine" in said
    form = {"kept": field(page, "kept"), "act": "book", "note": "By bus"}
    answer = phone.post("/my/book/check/", form)
    assert (answer.status_code, answer["Location"]) == (303, "/my/book/done/")
    again = phone.post("/my/book/check/", form)
    assert again["Location"] == "/my/book/done/"
    visit = Appointment.objects.get()
    assert (visit.status, visit.note, visit.patient) == ("booked", "By bus", at.patient)
    assert "Your visit is booked" in text_of(phone.get("/my/book/done/"))
    assert Change.objects.filter(subject="appointment", verb="book").count() == 1


def test_choosing_another_time_lets_go_and_keeps_what_was_typed() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    page = kept(phone)
    form = {"kept": field(page, "kept"), "act": "another", "note": "By bus"}
    assert phone.post("/my/book/check/", form)["Location"] == "/my/book/times/"
    assert Appointment.objects.filter(status="pending").count() == 0
    assert "By bus" in text_of(kept(phone, nth=5))


def test_an_expired_hold_is_taken_again_while_it_is_free() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    form = {"kept": field(kept(phone, nth=9), "kept"), "act": "book", "note": "By bus"}
    with time_machine.travel(NOW + timedelta(minutes=11), tick=False):
        assert "Confirm, and it is yours if it is still free." in text_of(
            phone.get("/my/book/check/")
        )
        assert phone.post("/my/book/check/", form)["Location"] == "/my/book/done/"
    assert Appointment.objects.filter(status="booked", note="By bus").count() == 1


def test_a_lost_start_is_told_kindly_with_the_next_and_nothing_typed_is_lost() -> None:
    at = booked.clinic()
    mine, theirs = booked.phone(at.patient), booked.phone(cast.patient("Bo", "Ash"))
    wanted(mine, at.consultation)
    wanted(theirs, at.consultation)
    form = {"kept": field(kept(mine, nth=9), "kept"), "act": "book", "note": "By bus"}
    with time_machine.travel(NOW + timedelta(minutes=11), tick=False):
        booking.free_expired_holds(now=NOW + timedelta(minutes=11))
        kept(theirs, nth=9)
        page = mine.post("/my/book/check/", form)
        said = text_of(page)
        assert "this time has just been taken. Here are the next ones." in said
        assert starts(page) != []
        assert "By bus" in text_of(kept(mine, nth=12))


def test_a_start_that_is_gone_is_not_kept() -> None:
    at = booked.clinic()
    mine, theirs = booked.phone(at.patient), booked.phone(cast.patient("Bo", "Ash"))
    wanted(mine, at.consultation)
    wanted(theirs, at.consultation)
    page = mine.get("/my/book/times/")
    kept(theirs)
    at_it = {"at": starts(page)[0][0], "of": field(page, "of")}
    answer = mine.post("/my/book/times/", at_it)
    assert (answer.status_code, "has just been taken" in text_of(answer)) == (200, True)
    assert Appointment.objects.filter(patient=at.patient).count() == 0


@pytest.mark.parametrize(
    "sent",
    [{}, {"at": "x"}, {"at": "1"}, {"at": "9" * 30}, {"at": "5994827", "of": "1-2--"}],
    ids=str,
)
def test_what_no_page_of_ours_sent_keeps_nothing(sent: dict[str, str]) -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    of = field(phone.get("/my/book/times/"), "of")
    assert phone.post("/my/book/times/", {"of": of, **sent}).status_code == 200
    assert Appointment.objects.count() == 0


def test_a_page_left_open_in_another_tab_keeps_no_other_treatment() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    old = phone.get("/my/book/times/")
    wanted(phone, at.review)
    answer = phone.post("/my/book/times/", {"at": starts(old)[0][0], "of": field(old, "of")})
    assert (answer.status_code, Appointment.objects.count()) == (200, 0)


def test_nothing_said_stands_in_an_address_and_anothers_form_books_nothing() -> None:
    at = booked.clinic()
    mine, theirs = booked.phone(at.patient), booked.phone(cast.patient("Bo", "Ash"))
    wanted(mine, at.consultation)
    page = kept(mine)
    answer = theirs.post("/my/book/check/", {"kept": field(page, "kept"), "act": "book"})
    assert answer["Location"] == "/my/book/times/"
    theirs.cookies["draft"] = mine.cookies["draft"].value
    assert theirs.get("/my/book/check/")["Location"] == "/my/book/treatment/"
    assert Appointment.objects.filter(status="booked").count() == 0
    cookie = mine.cookies["draft"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/my/", True, "Lax")


@pytest.mark.parametrize(("language", "said"), [("es", "Elija una hora"), ("ar", "اختر وقتًا")])
def test_the_pages_speak_the_patients_language(language: str, said: str) -> None:
    at = booked.clinic()
    Patient.objects.filter(pk=at.patient.pk).update(language=language)
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    assert said in text_of(phone.get("/my/book/times/"))


def test_a_visitor_from_another_zone_is_told_which_clock() -> None:
    at = booked.clinic()
    Patient.objects.filter(pk=at.patient.pk).update(zone="America/New_York")
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    assert "kept for you until 08:10 (London)" in text_of(kept(phone))


def test_a_form_of_our_own_is_taken_and_one_from_elsewhere_is_not() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    phone.handler.enforce_csrf_checks = True
    page = phone.get("/my/book/treatment/")
    assert page["Referrer-Policy"] == "no-referrer"
    said = {"choice": at.consultation.pk, "csrfmiddlewaretoken": field(page, "csrfmiddlewaretoken")}
    where = "/my/book/treatment/"
    assert phone.post(where, said, headers={"origin": "http://testserver"}).status_code == 303
    assert (
        phone.post(where, said, headers={"origin": "https://elsewhere.example"}).status_code == 403
    )
    assert phone.post(where, {"choice": at.consultation.pk}).status_code == 403


def test_no_site_no_treatment_and_no_step_is_skipped() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    for page in ("times", "check"):
        assert phone.get(f"/my/book/{page}/")["Location"] == "/my/book/treatment/"
    wanted(phone, at.resurfacing)
    assert phone.get("/my/book/times/")["Location"] == "/my/book/area/"
    Treatment.objects.update(self_booking=False)
    assert phone.get("/my/book/treatment/").status_code in {200, 302}
    assert Appointment.objects.count() == 0


def test_a_week_is_asked_for_by_its_date_and_nonsense_is_today() -> None:
    at = booked.clinic()
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    later = text_of(phone.get("/my/book/times/?from=2027-01-18"))
    assert "Monday 18 January 2027 35 times" in later
    for nonsense in ("x", "2027-13-01", "1900-01-01", "9999-12-31"):
        assert "Monday 4 January 2027 35 times" in text_of(
            phone.get(f"/my/book/times/?from={nonsense}")
        )


def test_a_date_beyond_the_horizon_says_so() -> None:
    at = booked.clinic(horizon_days=30)
    phone = booked.phone(at.patient)
    wanted(phone, at.consultation)
    said = text_of(phone.get("/my/book/times/?from=2027-03-01"))
    assert "That is further ahead than we book." in said


def test_a_treatment_without_any_start_says_what_lasts_and_no_date() -> None:
    at = booked.clinic(horizon_days=60)
    Record.objects.create(
        patient=at.patient, kind="pregnancy", start_date=cast.TODAY, recorded_by=None
    )
    phone = booked.phone(at.patient)
    wanted(phone, at.resurfacing)
    phone.post("/my/book/area/", {"areas": ["cheeks"], "size": "small"})
    page = phone.get("/my/book/times/")
    said = text_of(page)
    assert starts(page) == []
    assert "No time is free as far ahead as we book. Please phone us" in said
    assert "pregnan" in said
    assert "It is possible from" not in said
