from datetime import date

import pytest

from scheduling import booking, links, register, visitors
from scheduling.core.words import Actor
from scheduling.errors import Malformed, StaleVersion
from scheduling.models import Change, Link, Patient, PatientSession
from tests import cast
from tests.cast import NOW
from tests.scheduling.waiting import stage

pytestmark = pytest.mark.django_db
DESK = Actor(name="Desk")


def enter(given: str, family: str, **facts: object) -> Patient:
    patient = Patient(given_name=given, family_name=family, **facts)
    return register.register(patient=patient, by=DESK, now=NOW)


def found(text: str, *countries: str) -> list[str]:
    return [str(p) for p in register.find(text, countries=countries or ("GB",)).order_by("pk")]


@pytest.fixture
def jose() -> Patient:
    return enter(
        "José",
        "Núñez O’Hara",
        birth_date=date(1985, 4, 12),
        phone="+447700900123",
        email="Jose.N@Example.org",
    )


@pytest.mark.parametrize(
    "text",
    [
        "jose nunez",
        "NÚÑEZ",
        "ohara",
        "O'Hara José",
        "1985-04-12",
        "12/04/1985",
        "12.4.1985 jose",
        "07700 900123",
        "+44 7700 900123",
        "(07700) 900-123",
        "900123",
        "jose.n@example.org",
        "nun ose",
    ],
)
def test_find_reads_names_dates_phones_and_mail_as_people_write_them(
    jose: Patient, text: str
) -> None:
    enter("Ada", "Pine", birth_date=date(1990, 1, 1), phone="+447700900999")
    assert found(text) == [str(jose)]


@pytest.mark.parametrize("text", ["jose pine", "1985-04-13", "07700 900124", "31/02/1985"])
def test_find_wants_every_word_to_fit(jose: Patient, text: str) -> None:
    assert found(text) == []


def test_find_reads_a_national_number_in_the_country_of_the_site() -> None:
    enter("Lucía", "Vega", phone="+34612345678")
    assert found("612 345 678", "ES") == ["Lucía Vega"]


def test_find_forgets_what_was_amended(jose: Patient) -> None:
    jose.family_name = "Prado"
    register.amend(patient=jose, by=DESK, now=NOW)
    assert (found("nunez"), found("prado")) == ([], ["José Prado"])


@pytest.mark.parametrize(
    ("text", "countries", "number"),
    [
        ("07700 900123", ("GB",), "+447700900123"),
        ("612 345 678", ("GB", "ES"), "+34612345678"),
        ("+34 612 345 678", ("GB",), "+34612345678"),
    ],
)
def test_phone_is_read_as_a_site_dials_it(
    text: str, countries: tuple[str, ...], number: str
) -> None:
    assert register.phone_of(text, countries=countries).as_e164 == number


def test_phone_that_two_countries_read_differently_is_asked_about() -> None:
    with pytest.raises(Malformed, match="country code"):
        register.phone_of("0612345678", countries=("FR", "NL"))


def test_phone_that_is_none_is_refused() -> None:
    with pytest.raises(Malformed, match="not a phone number"):
        register.phone_of("12", countries=("GB",))


def alike(**facts: object) -> list[tuple[str, str]]:
    patient = Patient(**{"given_name": "Jon", "family_name": "Smith", **facts})
    return [(str(like.patient), like.because) for like in register.duplicates_of(patient)]


def test_duplicates_are_found_by_phone_mail_and_like_names_on_one_birthday() -> None:
    enter("Ann", "Smith", phone="+447700900111")
    enter("Bob", "Smith", email="jon@example.org")
    enter("John", "Smith", birth_date=date(1970, 5, 5))
    enter("Smith", "Jon", birth_date=date(1970, 5, 5))
    enter("Zoe", "Quill", birth_date=date(1970, 5, 5))

    got = alike(phone="+447700900111", email="JON@example.org", birth_date=date(1970, 5, 5))

    assert sorted(got) == [
        ("Ann Smith", "same phone"),
        ("Bob Smith", "same e-mail"),
        ("John Smith", "same birth date"),
        ("Smith Jon", "same birth date"),
    ]


def test_duplicates_are_found_by_name_where_a_birth_date_is_unknown() -> None:
    enter("Jon", "Smith")
    enter("Jón", "Smith", birth_date=date(1970, 5, 5))
    assert sorted(alike()) == [("Jon Smith", "same name"), ("Jón Smith", "same name")]
    assert alike(birth_date=date(1980, 1, 1)) == [("Jon Smith", "same name")]


def test_duplicates_leave_the_patient_out() -> None:
    jon = enter("Jon", "Smith", phone="+447700900111")
    assert register.duplicates_of(jon) == []


def test_duplicates_leave_guardian_and_ward_out() -> None:
    mother = enter("Ann", "Smith", phone="+447700900111")
    jon = enter("Jon", "Smith", phone="+447700900111", guardian=mother)
    assert (register.duplicates_of(jon), register.duplicates_of(mother)) == ([], [])


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"birth_date": date(1899, 12, 31)}, "between 1900 and today"),
        ({"birth_date": date(2027, 1, 5)}, "between 1900 and today"),
        ({"deceased_on": date(2027, 1, 5)}, "not in the future"),
    ],
)
def test_register_refuses_impossible_dates(facts: dict[str, object], sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        enter("Ada", "Pine", **facts)
    assert not Patient.objects.exists()


def test_register_refuses_a_patient_as_their_own_guardian(jose: Patient) -> None:
    jose.guardian = jose
    with pytest.raises(Malformed, match="own guardian"):
        register.amend(patient=jose, by=DESK, now=NOW)


def test_trail_names_fields_but_not_what_they_hold(jose: Patient) -> None:
    jose.note, jose.phone, jose.channel = "burns easily", "+447700900555", "sms"
    register.amend(patient=jose, by=DESK, now=NOW)
    register.amend(patient=jose, by=DESK, now=NOW)

    entries = Change.objects.order_by("pk").values_list("verb", "what")
    assert list(entries) == [
        ("register", {}),
        ("amend", {"phone": [], "channel": ["both", "sms"], "note": []}),
    ]


def test_amending_what_somebody_changed_since_is_refused(jose: Patient) -> None:
    read = jose.version
    jose.note = "burns easily"
    register.amend(patient=jose, by=DESK, now=NOW, version=read)
    late = Patient.objects.get(pk=jose.pk)
    late.note = "tans easily"
    with pytest.raises(StaleVersion):
        register.amend(patient=late, by=DESK, now=NOW, version=read)
    jose.refresh_from_db()
    assert (jose.note, jose.version) == ("burns easily", read + 1)


@pytest.mark.parametrize(
    ("field", "value", "revoked"),
    [("phone", "+447700900555", True), ("email", "j@example.org", True), ("note", "x", False)],
)
def test_links_to_an_old_address_die(field: str, value: str, revoked: bool) -> None:  # noqa: FBT001
    clinic = cast.build()
    start = cast.at(cast.day(7), 10)
    booked = booking.book(wish=clinic.wish(clinic.review), start=start, by=DESK, now=NOW)
    links.issue(appointment=booked.appointment, now=NOW)
    stage.link_to(stage.offered(stage.waits(clinic, clinic.patient)))
    visitors.admit(patient_id=clinic.patient.pk, phone="+447700900123", now=NOW)
    setattr(clinic.patient, field, value)
    register.amend(patient=clinic.patient, by=DESK, now=NOW)
    assert Link.objects.filter(revoked_at=NOW).count() == 2 * revoked
    assert PatientSession.objects.filter(ended_at=NOW).exists() is revoked


def test_a_guardians_old_number_opens_nothing_of_the_wards() -> None:
    clinic = cast.build()
    guardian = cast.patient("Gwen", "Pine", phone="+447700900125")
    Patient.objects.filter(pk=clinic.patient.pk).update(guardian=guardian, phone="")
    start = cast.at(cast.day(7), 10)
    booked = booking.book(wish=clinic.wish(clinic.review), start=start, by=DESK, now=NOW)
    token = links.issue(appointment=booked.appointment, now=NOW)
    key = visitors.admit(patient_id=clinic.patient.pk, phone="+447700900125", now=NOW)
    guardian.phone = "+447700900126"
    register.amend(patient=guardian, by=DESK, now=NOW)
    with pytest.raises(links.LinkDead):
        links.redeem(token=token, now=NOW)
    with pytest.raises(visitors.SignedOut):
        visitors.recognise(token=key, now=NOW)


@pytest.mark.parametrize(
    ("born", "today", "asked"),
    [
        (date(2009, 1, 5), date(2027, 1, 4), True),
        (date(2009, 1, 5), date(2027, 1, 5), False),
        (date(2008, 2, 29), date(2026, 2, 28), True),
        (date(2008, 2, 29), date(2026, 3, 1), False),
        (None, date(2027, 1, 4), False),
    ],
)
def test_guardian_is_asked_for_under_18(born: date | None, today: date, *, asked: bool) -> None:
    assert register.needs_guardian(born, today) is asked
