from urllib.parse import urlencode

import pytest
from django.test import Client

from scheduling import register
from scheduling.models import Appointment, Change, Override, Patient
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.screens import BOOK, wanted


def url(facts: dict[str, object]) -> str:
    return f"{BOOK}?{urlencode(facts, doseq=True)}"


def registered(given: str, family: str, **facts: object) -> Patient:
    patient = Patient(
        given_name=given,
        family_name=family,
        birth_date=facts.get("birth_date", cast.date(1990, 2, 3)),
        phone=facts.get("phone", "+447700900999"),
    )
    return register.register(patient=patient, by=cast.reception(), now=cast.NOW)


def test_screen_asks_first_for_whom(desk: Client) -> None:
    page = desk.get(BOOK)
    assert page.status_code == 200
    assert "Who is it for?" in page.text


@pytest.mark.parametrize(
    "typed", ["zora", "Quill", "07700 900888", "03/02/1990", "1990-02-03 quill"]
)
def test_search_finds_by_name_phone_and_birth_date_and_takes_a_single_match(
    desk: Client, typed: str
) -> None:
    zora = registered("Zora", "Quill", phone="+447700900888")
    answer = desk.get(BOOK, {"q": typed, "site": "1"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{BOOK}?site=1&patient={zora.pk}"


def test_search_lists_several_matches_to_pick_from(desk: Client) -> None:
    registered("Zora", "Quill")
    registered("Zoe", "Quill", birth_date=cast.date(1991, 2, 3))
    page = desk.get(BOOK, {"q": "quill"})
    assert [p.given_name for p in page.context["desk"].found.patients] == ["Zoe", "Zora"]


def test_search_without_a_match_says_what_to_try(desk: Client, clinic: cast.Clinic) -> None:
    assert "Nobody fits" in desk.get(BOOK, {"q": "nobody like this"}).text


def test_free_starts_stand_by_day_soonest_first(desk: Client, clinic: cast.Clinic) -> None:
    page = desk.get(BOOK, wanted(clinic))
    week = page.context["desk"].page
    # Today numbing from 09:00, so the first start is 10:00; Sunday is closed.
    assert [day.date for day in week.days] == [cast.day(n) for n in range(7)]
    assert week.days[0].starts[0].time == "10:00"
    assert week.earliest.time == "10:00"
    assert week.days[6].starts == ()
    assert week.days[6].reasons != ()


def test_hidden_days_say_why(desk: Client, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 1)
    page = desk.get(BOOK, wanted(clinic, clinic.filler))
    days = page.context["desk"].page.days
    assert days[4].starts == ()
    assert "SEED-GAP-RF" in [reason.code for reason in days[4].reasons]
    assert "3 &lt; 7" in page.text


def test_chosen_start_shows_when_to_be_there_and_until_when_the_skin_rests(
    desk: Client, clinic: cast.Clinic
) -> None:
    start = cast.at(cast.day(1), 11)
    page = desk.get(BOOK, wanted(clinic, start=start.isoformat()))
    chosen = page.context["desk"].chosen
    assert (chosen.arrive.hour, chosen.start.hour, chosen.minutes) == (10, 11, 45)
    assert chosen.most == cast.day(15)
    assert chosen.refusal is None


def test_looking_changes_nothing(desk: Client, clinic: cast.Clinic) -> None:
    desk.get(BOOK, wanted(clinic))
    desk.get(BOOK, wanted(clinic, start=cast.at(cast.day(1), 11).isoformat()))
    assert (Appointment.objects.count(), Change.objects.count()) == (0, 0)


def test_post_books_and_leads_to_the_visit(desk: Client, clinic: cast.Clinic) -> None:
    start = cast.at(cast.day(1), 11)
    answer = desk.post(
        url(wanted(clinic)), {"start": start.isoformat(), "note": "prefers the back door"}
    )
    visit = Appointment.objects.get()
    assert answer.headers["Location"] == screens.page(visit)
    assert (visit.start, visit.areas, visit.size, visit.note) == (
        start,
        ["face"],
        "face",
        "prefers the back door",
    )
    assert visit.booked_by == "reception"


def test_refusal_lists_every_reason_and_keeps_what_was_typed(
    desk: Client, clinic: cast.Clinic
) -> None:
    screens.visit(clinic, 1)
    start = cast.at(cast.day(4), 11)
    page = desk.post(
        url(wanted(clinic, clinic.filler)), {"start": start.isoformat(), "note": "call first"}
    )
    refusal = page.context["desk"].refusal
    assert page.status_code == 409
    assert [told.reason.code for told in refusal.against] == ["SEED-GAP-RF", "SEED-RECOVERY"]
    for told in refusal.against:
        assert told.reason.source[:20] in page.text
    assert "3 &lt; 7" in page.text
    assert page.context["desk"].form.cleaned_data["treatment"] == clinic.filler
    assert page.text.count('name="note" value="call first"') >= 1
    assert refusal.earliest_day.date() == cast.day(15)


def test_earliest_of_a_refusal_books_with_one_button(desk: Client, clinic: cast.Clinic) -> None:
    screens.visit(clinic, 1)
    address = url(wanted(clinic, clinic.filler))
    page = desk.post(address, {"start": cast.at(cast.day(4), 11).isoformat()})
    earliest = page.context["desk"].refusal.earliest.iso
    assert f'name="start" value="{earliest}"' in page.text
    desk.post(address, {"start": earliest})
    assert Appointment.objects.filter(treatment=clinic.filler).get().local_date == cast.day(15)


def test_refusal_offers_override_only_to_who_may(
    desk: Client, doctor: Client, clinic: cast.Clinic
) -> None:
    start = cast.at(cast.day(0), 19).isoformat()
    address = url(wanted(clinic, clinic.review))
    assert 'name="override"' not in desk.post(address, {"start": start}).text
    assert 'name="override"' in doctor.post(address, {"start": start}).text


def test_clinician_books_against_a_refusal_with_a_reason(
    doctor: Client, clinic: cast.Clinic
) -> None:
    start = cast.at(cast.day(0), 19).isoformat()
    address = url(wanted(clinic, clinic.review))
    page = doctor.post(address, {"start": start})
    codes = page.context["desk"].refusal.codes
    doctor.post(address, {"start": start, "override": "blister since noon", "code": codes})
    given = Override.objects.get()
    assert (given.reason, given.by_name) == ("blister since noon", "clinician")


def test_reception_cannot_override_by_hand(desk: Client, clinic: cast.Clinic) -> None:
    page = desk.post(
        url(wanted(clinic, clinic.review)),
        {
            "start": cast.at(cast.day(0), 19).isoformat(),
            "override": "please",
            "code": ["outside_hours"],
        },
    )
    assert page.status_code == 400
    assert "named clinician" in page.text
    assert Appointment.objects.count() == 0


def test_several_treatments_are_booked_together(desk: Client, clinic: cast.Clinic) -> None:
    first = wanted(clinic, clinic.consultation, start=cast.at(cast.day(1), 9).isoformat())
    page = desk.get(BOOK, first)
    follow = page.context["another"]
    second = f"{follow}&{urlencode({'treatment': clinic.review.pk, 'area': 'face'})}"
    week = desk.get(second).context["desk"].page
    # 09:00 to 09:20 is promised to the consultation.
    assert week.days[0].date == cast.day(1)
    assert week.days[0].starts[0].time == "09:30"
    desk.post(second, {"start": week.days[0].starts[0].iso})
    booked = list(Appointment.objects.order_by("start"))
    assert [v.treatment for v in booked] == [clinic.consultation, clinic.review]
    assert len({v.encounter for v in booked}) == 1
    assert booked[0].encounter != ""


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        ("2027-03-28T01:30", "The clocks skip"),
        ("2027-10-31T01:30", "twice"),
        ("tomorrow", "Write a time as"),
        ("", "Write a time as"),
    ],
)
def test_times_without_sense_get_a_sentence(
    desk: Client, clinic: cast.Clinic, start: str, sentence: str
) -> None:
    page = desk.post(url(wanted(clinic)), {"start": start})
    assert page.status_code == 400
    assert sentence in page.text
    assert Appointment.objects.count() == 0


@pytest.mark.parametrize(
    "facts",
    [
        {"treatment": "999999"},
        {"treatment": "x"},
        {"area": "tail"},
        {"minutes": "-5"},
        {"minutes": "7777777"},
        {"practitioner": "999999"},
        {"from": "soon"},
        {"from": "9999-12-31"},
        {"from": "0001-01-01"},
        {"minutes": "7"},
        {"minutes": "9" * 40},
        {"treatment": "9" * 40},
        {"site": "9" * 40},
        {"practitioner": "9" * 40},
        {"start": "9999-12-31T23:59"},
        {"start": "2027-01-05T11:00:00+05:00"},
        {"encounter": "x" * 500},
        {"q": "%_\\"},
        {"with": "nonsense"},
        {"with": ["a=1", "a=2", "a=3", "a=4", "a=5"]},
    ],
    ids=str,
)
def test_bad_query_strings_are_a_page_with_a_word_and_never_a_fault(
    desk: Client, clinic: cast.Clinic, facts: dict[str, object]
) -> None:
    assert desk.get(url(wanted(clinic, **facts))).status_code == 200


@pytest.mark.parametrize("patient", ["999999", "x", "9" * 40])
def test_unknown_patient_is_not_found(desk: Client, clinic: cast.Clinic, patient: str) -> None:
    assert desk.get(BOOK, wanted(clinic, patient=patient)).status_code == 404


def test_another_sites_diary_is_not_offered(sign_in: SignIn, clinic: cast.Clinic) -> None:
    elsewhere = cast.site_named("Elsewhere")
    stranger = sign_in("reception", elsewhere, name="stranger")
    page = stranger.post(url(wanted(clinic)), {"start": cast.at(cast.day(1), 11).isoformat()})
    assert page.status_code == 400
    assert Appointment.objects.count() == 0


def test_onlooker_may_not_book(onlooker: Client, clinic: cast.Clinic) -> None:
    assert onlooker.get(BOOK).status_code == 403
    assert onlooker.post(url(wanted(clinic)), {"start": "x"}).status_code == 403


def test_stranger_is_sent_to_sign_in(clinic: cast.Clinic) -> None:
    assert Client().get(BOOK).status_code == 302


def test_queries_do_not_grow_with_the_starts(
    desk: Client, clinic: cast.Clinic, django_assert_max_num_queries: object
) -> None:
    desk.get(BOOK, wanted(clinic))
    with django_assert_max_num_queries(40):  # type: ignore[operator]
        desk.get(BOOK, wanted(clinic))


def test_refused_start_can_be_looked_at_before_anything_is_sent(
    desk: Client, clinic: cast.Clinic
) -> None:
    screens.visit(clinic, 1)
    page = desk.get(BOOK, wanted(clinic, clinic.filler, start=cast.at(cast.day(4), 11).isoformat()))
    assert page.status_code == 200
    assert [told.reason.code for told in page.context["desk"].refusal.against] == [
        "SEED-GAP-RF",
        "SEED-RECOVERY",
    ]


def test_missing_consultation_is_offered_first(desk: Client, clinic: cast.Clinic) -> None:
    newcomer = cast.patient("New", "Face")
    page = desk.get(BOOK, wanted(clinic, patient=newcomer.pk))
    assert page.context["desk"].page.count == 0
    assert page.context["first"] == [clinic.consultation]
    assert "Consultation first" in page.text
    assert f"treatment={clinic.consultation.pk}" in page.text
