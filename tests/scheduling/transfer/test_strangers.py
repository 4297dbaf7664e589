"""Each of the seven works of a move from a file that a stranger wrote, and files that are damaged."""

from collections.abc import Callable
from datetime import date, time

import pytest

from notifications.models import OptOut
from plans.models import Plan
from scheduling.errors import Malformed
from scheduling.models import Appointment, Intake, OpeningHours, Patient, Record
from scheduling.transfer import intakes
from tests import cast
from tests.plans import stage
from tests.scheduling.transfer.moving import BY, sentences, taken_in, verdicts

pytestmark = pytest.mark.django_db

BOM = "\ufeff"
PEOPLE = (
    f"{BOM}\r\n\r\nGiven Name;family-name;EXTERNAL ID;Birth_Date;phone;note;language\r\n"
    '"Zoë";"O\'Neill; ""Zo""";P1;31/12/1985;020 7946 0001;"line one\r\nline two";\r\n'
    ";;;;;;\r\n"
    "=1+1;@Ash;P2;01/02/1990;;+44-1;es\r\n"
    "Bo;;P3;31/12/1985;;;\r\n"
    "Cy;Fir;P4;12/31/1985;;;\r\n"
)


@pytest.fixture
def clinic() -> cast.Clinic:
    """Build the clinic, and take two of three strangers in, as a British program wrote them."""
    built = cast.build()
    intake = taken_in("patients", PEOPLE, dates="dmy")
    assert verdicts(intake) == ["new", "new", "refused", "refused"]
    assert [s for s in sentences(intake) if s] == [
        "family_name: this is empty.",
        "birth_date: there is no day “12/31/1985”, read like 28/03/2027.",
    ]
    assert list(intake.rows.values_list("line", flat=True)) == [4, 7, 8, 9]
    return built


def test_patients_as_they_were_written(clinic: cast.Clinic) -> None:
    zoe, formula = Patient.objects.exclude(pk=clinic.patient.pk).order_by("pk")
    assert (zoe.given_name, zoe.family_name, zoe.note) == (
        "Zoë",
        'O\'Neill; "Zo"',
        "line one\r\nline two",
    )
    assert (zoe.birth_date, str(zoe.phone)) == (date(1985, 12, 31), "+442079460001")
    assert (formula.given_name, formula.family_name, formula.note) == ("=1+1", "@Ash", "+44-1")


def test_patients_of_an_american_and_of_an_old_windows_program() -> None:
    cast.site_named("Harley House")
    text = "external_id\tgiven_name\tfamily_name\tbirth_date\r\nP1\tJosé\tMüller\t12/31/2005\r\n"
    taken_in("patients", text.encode("latin-1"), dates="mdy", encoding="windows-1252")
    who = Patient.objects.get()
    assert (who.given_name, who.family_name, who.birth_date) == (
        "José",
        "Müller",
        date(2005, 12, 31),
    )


def test_past_treatments_and_future_appointments(clinic: cast.Clinic) -> None:
    text = (
        f"{BOM}patient;external_id;site;treatment;date;time;status;areas;size;depth\r\n\r\n"
        'P1;V1;harley house;"Laser resurfacing";31.12.2026;9:30 am;fulfilled;face|neck;face;Deep\r\n'
        "P1;V2;Harley House;Filler;01.03.2027;14.30;;face;face;superficial\r\n"
        "P9;V3;Harley House;Filler;01.03.2027;15:30;;face;face;superficial\r\n"
        "P1;V4;Harley House;Filler;30.02.2027;15:30;;nose tip;face;superficial\r\n"
    )
    intake = taken_in("visits", text, dates="dmy")
    assert verdicts(intake)[2:] == ["refused", "refused"]
    assert [s.split(":")[0] for s in sentences(intake)[2:]] == ["patient", "date"]
    done, coming = Appointment.objects.order_by("start")
    assert (done.local_date, done.local_time, done.status, done.depth) == (
        date(2026, 12, 31),
        time(9, 30),
        "fulfilled",
        "deep",
    )
    assert (coming.start, coming.status) == (cast.at(date(2027, 3, 1), 14, 30), "booked")


def test_records_and_what_was_done_elsewhere(clinic: cast.Clinic) -> None:
    text = (
        "type,external_id,patient,date,until,start,procedure,areas,size,depth,note\n"
        'consultation,R1,P1,,,2026-12-01T10:30,,,,,"a, ""b"""\n\n'
        "prior_session,R2,P1,30/12/2026,,,fractional_ablative,face,face,superficial,\n"
        "Isotretinoin,R3,P2,01/02/2026,31/03/2026,,,,,,\n"
        "holiday,R4,P2,01/02/2026,,,,,,,\n"
        "healed,R5,P2,01/02/2026,,,,elbow pit,,,\n"
    )
    intake = taken_in("records", text, dates="dmy")
    assert verdicts(intake) == ["new", "new", "new", "refused", "refused"]
    assert "holiday" in sentences(intake)[3]
    assert "elbow pit" in sentences(intake)[4]
    kept = Record.objects.filter(patient__family_name="@Ash").get()
    assert (kept.start_date, kept.end_date) == (date(2026, 2, 1), date(2026, 3, 31))


def test_opt_outs_hold_whatever_the_letters(clinic: cast.Clinic) -> None:
    Patient.objects.filter(pk=clinic.patient.pk).update(email="Ada@Example.org")
    text = (
        f"{BOM}address;channel;at\r\n020 7946 0001;SMS;\r\nADA@example.ORG;Email;2025-12-31T10:30\r\n"
        "New@Example.org;email;\r\n12;sms;\r\nada;email;\r\nx@example.org;email;2031-01-01T00:00\r\n"
    )
    intake = taken_in("opt_outs", text)
    assert verdicts(intake) == ["new", "new", "new", "refused", "refused", "refused"]
    kept = OptOut.objects.order_by("pk").values_list("address", "at")
    assert list(kept) == [
        ("+442079460001", cast.NOW),
        ("Ada@Example.org", cast.at(date(2025, 12, 31), 10, 30)),
        ("new@example.org", cast.NOW),
    ]


def test_courses_under_way_and_the_sessions_that_belong_to_them(clinic: cast.Clinic) -> None:
    course = stage.scars(clinic)
    text = (
        f"{BOM}template;external_id;patient;site;areas;size;depth;paid_sessions;paused\r\n"
        f"{course.code.upper()};C1;P1;Harley House;face;face;superficial;3;\r\n"
        f"{course.code};C2;P2;Harley House;face;face;superficial;three;\r\n"
        "other;C3;P2;Harley House;face;face;superficial;;\r\n"
    )
    intake = taken_in("plans", text)
    assert verdicts(intake) == ["new", "refused", "refused"]
    assert "“three” is no whole number" in sentences(intake)[1]
    done = (
        "external_id;patient;site;treatment;date;time;status;areas;size;depth;plan;session\r\n"
        "V1;P1;Harley House;Laser resurfacing;01/12/2026;10:00;fulfilled;face;face;superficial;C1;1\r\n"
    )
    assert verdicts(taken_in("visits", done, dates="dmy")) == ["new"]
    visit = Appointment.objects.get()
    assert (visit.series_id, visit.seq) == (Plan.objects.get().series_id, 1)


def test_opening_hours(clinic: cast.Clinic) -> None:
    text = (
        f"{BOM}weekday;site;resource;opens;closes;valid_from\r\n\r\n"
        "Sunday;Harley House;;10:00;4:00 pm;01/02/2027\r\n"
        "sun;Harley House;;10:00;16:00;\r\n"
        ";Harley House;;10:00;16:00;\r\n"
    )
    intake = taken_in("hours", text, dates="dmy")
    assert verdicts(intake) == ["new", "refused", "refused"]
    sunday = OpeningHours.objects.get(weekday=6)
    assert (sunday.closes, sunday.valid_from) == (time(16), date(2027, 2, 1))


HEADERS = {
    "patients": "external_id,given_name,family_name",
    "records": "external_id,patient,type",
    "opt_outs": "channel,address",
    "plans": "external_id,patient,site,template",
    "visits": "external_id,patient,site,treatment,date,time",
    "hours": "site,weekday,opens,closes",
}
Damage = Callable[[str], str]
DAMAGES: dict[str, tuple[Damage, str]] = {
    "nul": (lambda head: f"{head}\na,b\0\n", "Line 2 holds a NUL byte"),
    "huge cell": (lambda head: f'{head}\na\n"{"x" * 9_000_000}"\n', "Line 3 has a cell of more than 20,000"),
    "huge file": (lambda head: f"{head}\n{'x' * 11_000_000}\n", "at most 10 MB"),
    "open quote": (lambda head: f'{head}\na,"b\n', "cannot be read as CSV"),
    "too wide": (lambda head: f"{head}\n{',' * 30}x\n", "Line 2 has 31 cells, and the header"),
    "unknown column": (lambda head: f"{head},shoe size\na\n", "“shoe_size”, which no column here"),
    "lacking": (lambda head: head.split(",")[0] + "\na\n", "The file has no column"),
    "twice": (lambda head: f"{head},{head}\na\n", "twice"),
    "not a table": (lambda _: "Dear colleague,\nplease find enclosed\n", "names none of the columns"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_refused_kindly_and_leaves_nothing(kind: str, damage: str) -> None:
    spoil, sentence = DAMAGES[damage]
    content = spoil(HEADERS[kind]).encode()
    handed = intakes.Handed(name="x.csv", content=content, kind=kind, source="old")
    with pytest.raises(Malformed, match=sentence):
        intakes.receive(handed=handed, by=BY, now=cast.NOW)
    assert Intake.objects.count() == 0
