import pytest
from rest_framework.test import APIClient

from scheduling.models import Change, Patient
from tests import cast

URL = "/api/v1/patients/"
NEW = {
    "given_name": "José",
    "family_name": "Núñez",
    "birth_date": "1990-02-28",
    "phone": "020 7946 0123",
    "email": "jose@example.org",
    "language": "es",
    "fitzpatrick": 3,
}
SHAPE = [
    "id",
    "given_name",
    "family_name",
    "birth_date",
    "phone",
    "other_phone",
    "email",
    "language",
    "zone",
    "channel",
    "fitzpatrick",
    "guardian",
    "do_not_contact",
    "deceased_on",
    "note",
]


def test_create_reads_a_national_phone_in_the_country_of_the_site(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    answer = desk.post(URL, NEW)
    assert answer.status_code == 201
    entered = answer.json()
    assert list(entered) == [*SHAPE, "duplicates"]
    assert (entered["phone"], entered["duplicates"]) == ("+442079460123", [])
    assert Change.objects.get(subject="patient", subject_id=entered["id"]).verb == "register"


def test_people_born_before_the_clocks_of_computers_began_are_patients(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    entered = desk.post(URL, NEW | {"birth_date": "1938-11-02"})
    assert (entered.status_code, entered.json()["birth_date"]) == (201, "1938-11-02")
    assert desk.get(URL, {"birth_date": "1938-11-02"}).json()["count"] == 1
    assert desk.get(URL, {"search": "2/11/1938"}).json()["count"] == 1


def test_create_names_who_looks_like_the_patient(desk: APIClient, clinic: cast.Clinic) -> None:
    first = desk.post(URL, NEW).json()
    again = desk.post(URL, NEW).json()
    assert [d["patient"]["id"] for d in again["duplicates"]] == [first["id"]]
    assert again["duplicates"][0]["because"] == "same phone, same e-mail, same birth date"


def test_duplicates_are_found_before_anybody_is_entered(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    first = desk.post(URL, NEW).json()
    before = Patient.objects.count()
    asked = {"given_name": "Jose", "family_name": "Nunez", "birth_date": "1990-02-28"}
    found = desk.get(f"{URL}duplicates/", asked).json()
    assert [(d["patient"]["id"], d["because"]) for d in found] == [(first["id"], "same birth date")]
    assert Patient.objects.count() == before


@pytest.mark.parametrize(
    "query",
    [
        {"search": "nunez"},
        {"search": "José Núñez"},
        {"search": "020 7946 0123"},
        {"search": "28/02/1990"},
        {"name": "jose"},
        {"phone": "+442079460123"},
        {"birth_date": "1990-02-28"},
        {"name": "jose", "birth_date": "1990-02-28"},
    ],
    ids=str,
)
def test_list_finds_by_name_phone_and_birth_date(
    desk: APIClient, clinic: cast.Clinic, query: dict[str, str]
) -> None:
    entered = desk.post(URL, NEW).json()
    found = desk.get(URL, query).json()
    assert [(p["id"], list(p)) for p in found["results"]] == [(entered["id"], SHAPE)]


def test_list_that_finds_nobody_is_empty(desk: APIClient, clinic: cast.Clinic) -> None:
    found = desk.get(URL, {"search": "nobody"}).json()
    assert found == {"count": 0, "next": None, "previous": None, "results": []}


def test_patch_changes_what_is_named_and_nothing_else(desk: APIClient, clinic: cast.Clinic) -> None:
    entered = desk.post(URL, NEW).json()
    answer = desk.patch(f"{URL}{entered['id']}/", {"phone": "+34 911 234 567", "fitzpatrick": None})
    assert answer.status_code == 200
    del entered["duplicates"]
    assert answer.json() == entered | {"phone": "+34911234567", "fitzpatrick": None}
    assert desk.get(URL, {"phone": "911234567"}).json()["count"] == 1


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"birth_date": "1990-02-30"}, "birth_date"),
        ({"email": "jose"}, "email"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"fitzpatrick": 7}, "fitzpatrick"),
        ({"fitzpatrick": 10**40}, "fitzpatrick"),
        ({"given_name": ""}, "given_name"),
        ({"given_name": "x" * 81}, "given_name"),
        ({"language": "xx"}, "language"),
        ({"channel": ["sms"]}, "channel"),
        ({"guardian": "me"}, "guardian"),
        ({"surname": "Nunez"}, "surname"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_named_and_nothing_is_entered(
    desk: APIClient, clinic: cast.Clinic, change: dict[str, object], named: str
) -> None:
    before = Patient.objects.count()
    answer = desk.post(URL, NEW | change)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert list(answer.json()["errors"]) == [named]
    assert Patient.objects.count() == before


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"phone": "12"}, 400),
        ({"phone": "+44 7"}, 400),
        ({"birth_date": "2027-01-05"}, 400),
        ({"birth_date": "1899-12-31"}, 400),
        ({"deceased_on": "2027-01-05"}, 400),
        ({"guardian": 999_999}, 404),
    ],
    ids=str,
)
def test_what_cannot_be_true_is_refused_with_a_sentence(
    desk: APIClient, clinic: cast.Clinic, change: dict[str, object], status: int
) -> None:
    before = Patient.objects.count()
    answer = desk.post(URL, NEW | change)
    assert answer.status_code == status
    assert answer.json()["detail"].endswith((".", "first."))
    assert Patient.objects.count() == before


def test_no_patient_is_their_own_guardian(desk: APIClient, clinic: cast.Clinic) -> None:
    answer = desk.patch(f"{URL}{clinic.patient.pk}/", {"guardian": clinic.patient.pk})
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "A patient is not their own guardian.",
    )


def test_the_address_of_nobody_is_404(desk: APIClient, clinic: cast.Clinic) -> None:
    for pk in (999_999, 10**17):
        assert desk.get(f"{URL}{pk}/").status_code == 404
        assert desk.patch(f"{URL}{pk}/", {"note": "x"}).status_code == 404
    assert desk.get(f"{URL}{10**30}/").json()["code"] == "not_found"


def test_nobody_is_deleted(desk: APIClient, clinic: cast.Clinic) -> None:
    answer = desk.delete(f"{URL}{clinic.patient.pk}/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "x"}, {"offset": "-1"}, {"offset": "9" * 30}], ids=str
)
def test_a_page_that_cannot_be_read_is_400(
    desk: APIClient, clinic: cast.Clinic, query: dict[str, str]
) -> None:
    assert desk.get(URL, query).status_code == 400


def test_pages_follow_one_another(desk: APIClient, clinic: cast.Clinic) -> None:
    cast.patient("Bea", "Oak")
    first = desk.get(URL, {"limit": "1"}).json()
    second = desk.get(first["next"]).json()
    assert [first["count"], second["next"]] == [2, None]
    assert first["results"][0]["id"] != second["results"][0]["id"]
