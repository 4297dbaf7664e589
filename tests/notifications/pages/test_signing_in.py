"""Patients sign in by a code and a date of birth; strangers learn nothing, guessers get nowhere."""

from datetime import date, timedelta

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from notifications import signin
from notifications.core import passcodes
from notifications.models import Challenge
from scheduling import visitors
from scheduling.doors import signed_in
from scheduling.models import Change, Patient, PatientSession
from tests import cast
from tests.notifications import stage
from tests.notifications.pages import door
from tests.notifications.pages.door import ASK, CODE, DATE, PHONE, at_once, born, inside, text_of
from tests.notifications.stage import NOW

pytestmark = pytest.mark.django_db

BORN = date(1990, 3, 27)


# ---------------------------------------------------------------- the whole way


def test_a_code_and_the_birth_date_let_the_patient_in(client: Client, ada: Patient) -> None:
    door.proved(client)
    response = born(client, "1990-03-27")
    assert (response.status_code, response["Location"]) == (303, "/my/")
    cookie = response.cookies["patient"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/my/", True, "Lax")
    assert (inside(response).patient_id, inside(response).phone) == (ada.pk, PHONE)
    assert response.cookies["proving"].value == ""
    entry = Change.objects.get(verb="sign-in")
    assert (entry.subject_id, entry.by) == (ada.pk, f"patient {ada.pk} by code")


def test_an_email_address_does_as_well_in_any_case(client: Client) -> None:
    ada = stage.house(birth_date=BORN, email="Ada@Pine.example").patient
    door.proved(client, "ada@pine.EXAMPLE")
    session = inside(born(client, "1990-03-27"))
    assert (session.patient_id, str(session.phone)) == (ada.pk, "")
    assert session.email.casefold() == "ada@pine.example"


LOOKALIKES = ["m\u0131ke@silk.example", "mike@\u017filk.example", "mi\u212ae@silk.example"]
"""The dotless i, the long s and the sign of the kelvin: their capitals or smalls are our letters."""


@pytest.mark.parametrize("address", LOOKALIKES)
@pytest.mark.parametrize("day", ["1990-03-27", "2013-06-01"], ids=["own", "of a guardian"])
def test_a_mailbox_that_only_looks_alike_lets_nobody_in(
    client: Client, address: str, day: str
) -> None:
    at = stage.house(birth_date=BORN, email="mike@silk.example")
    cast.patient("Kim", "Pine", email="", birth_date=date(2013, 6, 1), guardian=at.patient)
    door.proved(client, address)
    response = born(client, day)
    assert (response.status_code, "patient" in response.cookies) == (422, False)


@pytest.mark.parametrize("typed", ["07700 900123", "+44 (0)7700 900-123", "٠٧٧٠٠٩٠٠١٢٣"])
def test_numbers_are_read_as_the_clinics_country_dials_them(
    client: Client, ada: Patient, typed: str
) -> None:
    door.asked(client, typed)
    assert Challenge.objects.get().address == PHONE


def test_the_code_may_be_typed_with_blanks_and_in_arabic_digits(
    client: Client, ada: Patient
) -> None:
    code = door.asked(client)
    arabic = code.translate({ord(str(n)): chr(0x660 + n) for n in range(10)})
    assert client.post(CODE, {"code": f" {arabic[:3]} {arabic[3:]} "}).status_code == 303


def test_the_browser_goes_on_to_the_page_it_came_for(client: Client, ada: Patient) -> None:
    said = client.get(f"{ASK}?next=/my/visits/3/").content.decode()
    assert '<input type="hidden" name="next" value="/my/visits/3/">' in said
    door.proved(client, next="/my/visits/3/")
    assert born(client, "1990-03-27")["Location"] == "/my/visits/3/"


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/my/",
        "//evil.example/my/",
        "/admin/",
        "/my/../admin/",
        "/my/%2e%2e/admin/",
        "/my\\..\\admin/",
        "/my/sign-out/",
        "/my/?next=x",
        "/my/" + "a" * 250 + "/",
    ],
)
def test_nobody_is_sent_on_to_anywhere_else(client: Client, ada: Patient, onward: str) -> None:
    door.proved(client, next=onward)
    assert born(client, "1990-03-27")["Location"] == "/my/"


def test_who_is_in_goes_straight_on_and_out_again(client: Client, ada: Patient) -> None:
    door.proved(client)
    born(client, "1990-03-27")
    assert client.get(ASK)["Location"] == "/my/"
    assert client.get("/my/sign-out/").status_code == 405
    response = client.post("/my/sign-out/")
    assert (response.status_code, response["Location"]) == (303, "/my/left/")
    assert PatientSession.objects.get().ended_at == NOW
    assert client.get(ASK).status_code == 200


def test_a_door_sends_to_signing_in_and_back() -> None:
    page = signed_in(lambda *_, **__: HttpResponse("inside"))
    asked = RequestFactory().get("/my/visits/3/")
    answer = page(asked)
    assert (answer.status_code, answer["Location"]) == (302, f"{ASK}?next=%2Fmy%2Fvisits%2F3%2F")
    assert page(RequestFactory().post("/my/visits/3/"))["Location"] == ASK


def test_a_new_sign_in_ends_the_one_before_in_the_same_browser(
    client: Client, ada: Patient
) -> None:
    for minutes in (0, 2):
        with door.clock(NOW + timedelta(minutes=minutes)):
            client.cookies.pop("proving", None)
            client.post(ASK, {"address": PHONE})
            (code,) = door.delivered(NOW + timedelta(minutes=minutes))
            client.post(CODE, {"code": code})
            assert born(client, "1990-03-27").status_code == 303
    assert PatientSession.objects.filter(ended_at=None).count() == 1


def test_forms_from_elsewhere_are_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    for page in (ASK, CODE, DATE, "/my/sign-out/"):
        assert client.post(page, {"address": PHONE}).status_code == 403
    assert Challenge.objects.count() == 0


def test_looking_changes_nothing(client: Client, ada: Patient) -> None:
    door.asked(client)
    before = Challenge.objects.values().get()
    for page in (ASK, CODE, DATE, "/my/new/", f"{CODE}?code=123456", f"{ASK}?address={PHONE}"):
        client.get(page)
        client.head(page)
    assert Challenge.objects.values().get() == before


# ---------------------------------------------------------------- the code


def test_five_tries_then_the_code_is_dead_even_when_right(client: Client, ada: Patient) -> None:
    code = door.asked(client)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for left in ("4 tries", "3 tries", "2 tries", "one try"):
        response = client.post(CODE, {"code": wrong})
        assert (response.status_code, f"You have {left} left." in text_of(response)) == (422, True)
    assert client.post(CODE, {"code": wrong}).status_code == 410
    assert client.post(CODE, {"code": code}).status_code == 410
    assert client.get(DATE).status_code == 410


def test_what_is_no_code_uses_up_no_try(client: Client, ada: Patient) -> None:
    code = door.asked(client)
    for typed in ("", "12345", "abcdef", "1234567", "٣"):
        assert client.post(CODE, {"code": typed}).status_code == 422
    assert client.post(CODE, {"code": code}).status_code == 303


def test_a_code_is_good_for_ten_minutes(client: Client, ada: Patient) -> None:
    code = door.asked(client)
    with door.clock(NOW + timedelta(minutes=10)):
        assert client.post(CODE, {"code": code}).status_code == 410
    with door.clock(NOW + timedelta(minutes=9, seconds=59)):
        assert client.post(CODE, {"code": code}).status_code == 303


def test_a_new_code_may_be_asked_for_after_a_minute_and_the_old_one_dies(
    client: Client, ada: Patient
) -> None:
    old = door.asked(client)
    with door.clock(NOW + timedelta(seconds=59)):
        response = client.post(CODE, {"act": "again"})
        assert (response.status_code, response["Retry-After"]) == (429, "1")
        assert "Enter the code that you have" in text_of(response)
    later = NOW + timedelta(seconds=60)
    with door.clock(later):
        assert client.post(CODE, {"act": "again"}).status_code == 303
        (new,) = door.delivered(later)
        if old != new:
            assert client.post(CODE, {"code": old}).status_code == 422
        assert client.post(CODE, {"code": new}).status_code == 303
    assert Challenge.objects.filter(ended_at=None).count() == 1


def test_a_code_works_once(client: Client, ada: Patient) -> None:
    code = door.asked(client)
    assert client.post(CODE, {"code": code}).status_code == 303
    stands = Challenge.objects.values().get()
    again = client.post(CODE, {"code": code})  # whoever pressed twice is led on, and proves nothing
    assert (again.status_code, again["Location"]) == (303, DATE)
    assert Challenge.objects.values().get() == stands
    assert born(client, "1990-03-27").status_code == 303
    assert client.post(CODE, {"code": code}).status_code == 410
    assert born(client, "1990-03-27").status_code == 410
    assert PatientSession.objects.count() == 1


def test_a_code_is_of_no_use_in_another_browser(client: Client, ada: Patient) -> None:
    code = door.asked(client)
    stranger = Client()
    assert stranger.post(CODE, {"code": code}).status_code == 410
    assert stranger.get(DATE).status_code == 410


@pytest.mark.django_db(transaction=True)
def test_fifty_guesses_at_once_are_five_tries() -> None:
    client = Client()
    stage.house(birth_date=BORN)
    code = door.asked(client)
    wrong, token = f"{(int(code) + 1) % 10**6:06}", client.cookies["proving"].value

    def guess() -> int:
        try:
            signin.prove(token=token, typed=wrong, now=NOW)
        except signin.Wrong:
            return 1
        except signin.ChallengeOver:
            return 0
        raise AssertionError

    assert sum(at_once(guess, 50)) == 4  # the fifth try ends it
    assert Challenge.objects.get().code_tries == 5


@pytest.mark.django_db(transaction=True)
def test_one_proof_lets_in_once_however_many_ask() -> None:
    client = Client()
    stage.house(birth_date=BORN)
    door.proved(client)
    token = client.cookies["proving"].value

    def enter() -> int:
        try:
            signin.patient_by_birth_date(token=token, born=BORN, now=NOW)
        except signin.ChallengeOver:
            return 0
        return 1

    assert sum(at_once(enter, 20)) == 1
    assert PatientSession.objects.count() == 1


def test_nothing_that_is_kept_tells_the_code(client: Client, ada: Patient) -> None:
    code = door.asked(client)
    row = Challenge.objects.values().get()
    assert code not in repr(row)
    assert client.cookies["proving"].value not in repr(row)
    assert passcodes.code_of(bytes(row["nonce"]), key="another key") != code


# ---------------------------------------------------------------- the date of birth


def test_a_family_on_one_telephone_is_told_apart_and_never_listed(
    client: Client, ada: Patient
) -> None:
    bo = cast.patient("Bo", "Pine", birth_date=date(1988, 1, 2))
    child = cast.patient("Cy", "Pine", birth_date=date(2015, 5, 6), phone="", guardian=ada)
    grown = cast.patient("Di", "Pine", birth_date=date(2005, 5, 6), phone="", guardian=ada)
    assert grown.guardian_id == ada.pk
    for minutes, person in enumerate((bo, child), 1):
        now = NOW + timedelta(minutes=2 * minutes)
        with door.clock(now):
            client.cookies.clear()
            client.post(ASK, {"address": PHONE})
            client.post(CODE, {"code": door.delivered(now)[-1]})
            page = client.get(DATE)
            assert [n for n in ("Ada", "Bo", "Cy", "Di", "Pine") if n in text_of(page)] == []
            entered = born(client, str(person.birth_date))
            token = entered.cookies["patient"].value
            assert visitors.recognise(token=token, now=now).patient_id == person.pk


@pytest.mark.parametrize(
    ("facts", "because"),
    [
        ({"phone": "", "birth_date": date(2005, 5, 6)}, "of age, and only the guardian's number"),
        ({"phone": "+447700900999", "other_phone": PHONE}, "a second telephone is anybody's"),
        ({"deceased_on": date(2026, 1, 1)}, "dead"),
        ({"phone": "+447700900999"}, "another's number"),
        ({"birth_date": None}, "no date known"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_who_is_not_let_in(client: Client, facts: dict[str, object], because: str) -> None:
    ada = stage.house(birth_date=date(1950, 1, 1)).patient
    cast.patient("Di", "Pine", **({"birth_date": BORN, "guardian": ada} | facts))
    door.proved(client)
    day = facts.get("birth_date") or BORN
    response = born(client, str(day))
    assert response.status_code == 422, because
    assert PatientSession.objects.count() == 0


def test_twins_on_one_telephone_are_asked_to_ring(client: Client, ada: Patient) -> None:
    cast.patient("Eve", "Pine", birth_date=BORN)
    door.proved(client)
    response = born(client, "1990-03-27")
    assert (response.status_code, "phone us" in text_of(response)) == (422, True)
    assert PatientSession.objects.count() == 0


def test_five_dates_then_it_begins_anew(client: Client, ada: Patient) -> None:
    door.proved(client)
    for day in range(1, 5):
        assert born(client, f"1990-03-0{day}").status_code == 422
    assert born(client, "1990-03-05").status_code == 410
    assert born(client, "1990-03-27").status_code == 410


def test_a_date_that_never_was_uses_up_no_try(client: Client, ada: Patient) -> None:
    door.proved(client)
    for day in ("1990-02-30", "90-03-27", "x-y-z", "2027-12-31", "1899-01-01", "9" * 30 + "-1-1"):
        response = born(client, day)
        assert (response.status_code, "Enter a real date" in text_of(response)) == (422, True)
    assert Challenge.objects.get().date_tries == 0


def test_a_date_is_asked_for_only_after_the_code(client: Client, ada: Patient) -> None:
    door.asked(client)
    assert client.get(DATE).status_code == 410
    assert born(client, "1990-03-27").status_code == 410


def test_somebody_new_is_let_in_as_such(client: Client, ada: Patient) -> None:
    door.proved(client, "+447400123456")
    assert "I am new here" not in text_of(client.get(DATE))
    assert "I am new here" in text_of(born(client, "1990-03-27"))
    response = client.post(DATE, {"act": "new"})
    assert (response.status_code, response["Location"]) == (303, "/my/new/")
    session = inside(response)
    assert (session.patient_id, str(session.phone)) == (None, "+447400123456")
    assert client.get("/my/new/")["Location"] == "/my/new/name/"
    # not in: they may still sign in as somebody else
    assert client.get(ASK).status_code == 200
