"""The medical history: each answer a dated fact that counts at once, each question kept."""

import json
from datetime import date, timedelta
from importlib.resources import files
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.db.utils import DatabaseError
from django.test import Client

from scheduling import records
from scheduling.doors.frame import LANGUAGES, words_of
from scheduling.models import Appointment, Change, Draft, Patient, Record, Submission, Todo
from scheduling.papers import history
from scheduling.papers.questions import form
from tests import cast
from tests.scheduling.pages import way

pytestmark = pytest.mark.django_db


def test_every_question_and_option_has_its_words_in_three_languages() -> None:
    for language in LANGUAGES:
        words = words_of("scheduling", "forms_page", language)
        for question in form().questions:
            needed = [f"q_{question.key}", f"h_{question.key}"]
            needed += [f"o_{question.key}_{option.value}" for option in question.options]
            asks = {option.asks for option in question.options} | {question.asks}
            needed += [f"d_{question.key}"] if "date" in asks else []
            needed += [f"w_{question.key}"] if "words" in asks else []
            needed += [f"m_{question.kind}"] if question.kind else []
            assert [key for key in needed if key not in words] == []


def test_languages_have_the_same_words() -> None:
    said = json.loads(files("scheduling").joinpath("data/forms_page.json").read_text("utf-8"))
    assert said["en"].keys() == said["es"].keys() == said["ar"].keys()


def test_the_overview_shows_what_is_to_do(client: Client, visit: Appointment) -> None:
    page = client.get(f"{way.by_link(client, visit)}forms/")
    assert "Your health To do" in way.text_of(page)
    assert "For your visit on Thursday 14 January 2027" in way.text_of(page)


def test_looking_changes_nothing(client: Client, visit: Appointment) -> None:
    home = way.by_link(client, visit)
    for path in ("", "history/", "history/sun/", "history/check/", "history/sent/", "consent/"):
        client.get(f"{home}forms/{path}?answer=yes")
        client.head(f"{home}forms/{path}")
    assert (Draft.objects.count(), Submission.objects.count()) == (0, 0)
    assert Record.objects.exclude(kind="consultation").count() == 0


def test_questions_lead_to_each_other_and_then_to_the_check(
    client: Client, visit: Appointment
) -> None:
    home = way.by_link(client, visit)
    first = client.get(f"{home}forms/history/")["Location"]
    assert first == f"{home}forms/history/isotretinoin/"
    assert client.post(first, {"answer": "no"})["Location"] == f"{home}forms/history/drugs/"
    assert way.answer(client, home) == f"{home}forms/history/check/"
    assert "Do you take isotretinoin? No, not in the last 12 months Change" in way.text_of(
        client.get(f"{home}forms/history/check/")
    )


def test_a_changed_answer_comes_back_to_the_check(client: Client, visit: Appointment) -> None:
    home = way.by_link(client, visit)
    way.answer(client, home)
    back = client.post(f"{home}forms/history/pregnancy/", {"answer": "yes"})["Location"]
    assert back == f"{home}forms/history/check/"


@pytest.mark.parametrize(
    ("key", "said", "field", "sentence"),
    [
        ("sun", {}, "answer", "Choose an answer"),
        ("sun", {"answer": "maybe"}, "answer", "Choose an answer"),
        ("sun", {"answer": "yes"}, "day", "Give day, month and year"),
        (
            "sun",
            {"answer": "yes", "day": "31", "month": "2", "year": "2026"},
            "day",
            "This is not a date: give day, month and year in figures",
        ),
        (
            "sun",
            {"answer": "yes", "day": "5", "month": "1", "year": "2027"},
            "day",
            "The day must be today or in the past",
        ),
        (
            "sun",
            {"answer": "yes", "day": "1", "month": "1", "year": "9" * 30},
            "day",
            "This is not a date: give day, month and year in figures",
        ),
        ("allergies", {"answer": "yes", "words": " "}, "words", "Write a few words"),
        ("drugs", {"answer": ["high", "no"]}, "answer", "Choose either the last answer"),
    ],
    ids=[
        "nothing",
        "unknown",
        "no-date",
        "no-such-day",
        "tomorrow",
        "no-year",
        "no-words",
        "none-and-some",
    ],
)
def test_a_mistake_is_said_above_and_at_the_field(
    client: Client, visit: Appointment, key: str, said: Any, field: str, sentence: str
) -> None:
    response = client.post(f"{way.by_link(client, visit)}forms/history/{key}/", said)
    page = response.content.decode()
    assert response.status_code == 422
    assert f'<a href="#f-{field}">{sentence}' in page
    assert f'id="f-{field}"' in page
    assert f'id="e-{field}"' in page
    if "day" in said:
        assert (
            f'name="day" inputmode="numeric" dir="ltr" maxlength="2" value="{said["day"]}"' in page
        )
    assert Draft.objects.count() == 0


def test_each_answer_becomes_a_dated_fact_to_be_reviewed(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    way.hand_in(
        client,
        way.by_link(client, visit),
        isotretinoin={"answer": "ended", "day": "1", "month": "10", "year": "2026"},
        drugs={"answer": ["high", "unsure", "other"], "words": "St John's wort"},
        infection={"answer": "now"},
    )
    made = Record.objects.filter(reported_by_patient=True).order_by("pk")
    assert [(r.kind, r.end_date, r.drug_class, r.reviewed_at) for r in made] == [
        ("isotretinoin", date(2026, 10, 1), "", None),
        ("photosensitising_drug", None, "high", None),
        ("photosensitising_drug", None, "other", None),
        ("active_infection", None, "", None),
    ]
    assert {r.submission_id for r in made} == {Submission.objects.get().pk}
    assert "St John's wort" in made[1].note


def test_records_of_before_need_no_review(clinic: cast.Clinic) -> None:
    record = Record.objects.get(kind="consultation")
    assert (record.reported_by_patient, record.reviewed_at) == (False, None)


def test_the_submission_keeps_what_was_asked_and_answered(
    client: Client, visit: Appointment
) -> None:
    client.cookies["speaks"] = "es"
    way.hand_in(
        client,
        way.by_link(client, visit),
        allergies={"answer": "yes", "words": "Lidocaína: ronchas"},
    )
    kept = Submission.objects.get()
    assert (kept.language, kept.version, kept.allergies) == ("es", 1, "Lidocaína: ronchas")
    assert kept.by == f"patient {visit.patient_id} by link"
    assert kept.door == f"link {visit.links.get().pk}"
    assert kept.answers[2] == {
        "key": "pregnancy",
        "question": "¿Está embarazada?",
        "answer": "No",
        "facts": {"chosen": ["no"], "on": None, "words": ""},
    }
    assert len(kept.answers) == len(form().questions)


@pytest.mark.parametrize(
    "change",
    ["UPDATE scheduling_submission SET language = 'en'", "DELETE FROM scheduling_submission"],
)
def test_a_submission_never_changes(client: Client, visit: Appointment, change: str) -> None:
    way.hand_in(client, way.by_link(client, visit))
    with pytest.raises(DatabaseError, match="does not change"), connection.cursor() as cursor:
        cursor.execute(change)


def test_a_history_without_a_fact_asks_nobody(client: Client, visit: Appointment) -> None:
    page = way.hand_in(client, way.by_link(client, visit))
    assert "The clinic has your answers." in way.text_of(page)
    assert (Todo.objects.count(), Draft.objects.count()) == (0, 0)


def test_a_disqualifying_answer_is_told_kindly_and_the_clinic_at_once(
    client: Client, visit: Appointment
) -> None:
    page = way.hand_in(client, way.by_link(client, visit), pregnancy={"answer": "yes"})
    said = way.text_of(page)
    assert "About your visit on Thursday 14 January 2027" in said
    assert "We save this treatment for after your pregnancy" in said
    assert "Your visit is not cancelled." in said
    assert "+44 20 7946 0000" in said
    assert [(t.kind, t.urgent, t.appointment_id) for t in Todo.objects.order_by("pk")] == [
        ("visit-no-longer-allowed", True, visit.pk),
        ("answers-to-review", True, visit.pk),
    ]
    visit.refresh_from_db()
    assert (visit.status, visit.version) == ("booked", 1)


def test_a_link_does_not_tell_what_was_answered_elsewhere(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    """Somebody else may hold it: a partner, a parent, whoever picked up the phone."""
    own = Client()
    way.sign_in(own, clinic.patient)
    way.hand_in(own, "/my/", pregnancy={"answer": "yes"})
    home = way.by_link(client, visit)
    there = f"{home}forms/history/sent/"
    assert client.get(there)["Location"] == f"{home}forms/"
    assert "pregnancy" not in way.text_of(way.hand_in(client, home))
    sun = {"answer": "yes", "day": "3", "month": "1", "year": "2027"}
    said = way.text_of(way.hand_in(client, home, sun=sun))
    assert ("Skin that has had sun" in said, "pregnancy" in said) == (True, False)
    assert "pregnancy" in way.text_of(own.get("/my/forms/history/sent/"))


def test_a_date_from_which_nothing_stands_in_the_way_is_said(
    client: Client, visit: Appointment
) -> None:
    sun = {"answer": "yes", "day": "3", "month": "1", "year": "2027"}
    said = way.text_of(way.hand_in(client, way.by_link(client, visit), sun=sun))
    assert "Skin that has had sun needs a little time before a laser." in said
    assert "From Sunday 31 January 2027 on" in said


def test_an_answer_that_only_cautions_stops_nothing(client: Client, visit: Appointment) -> None:
    way.hand_in(client, way.by_link(client, visit), isotretinoin={"answer": "now"})
    assert [(t.kind, t.urgent) for t in Todo.objects.all()] == [("answers-to-review", False)]


def test_the_same_answer_again_adds_no_second_fact(client: Client, visit: Appointment) -> None:
    home = way.by_link(client, visit)
    for _ in range(2):
        way.hand_in(client, home, pregnancy={"answer": "yes"})
    assert (Record.objects.filter(kind="pregnancy").count(), Submission.objects.count()) == (1, 2)
    assert Todo.objects.filter(kind="answers-to-review").count() == 1


def test_sending_twice_hands_in_once(client: Client, visit: Appointment) -> None:
    home = way.by_link(client, visit)
    check = way.answer(client, home)
    first, second = client.post(check), client.post(check)
    assert first["Location"] == second["Location"] == f"{home}forms/history/sent/"
    assert Submission.objects.count() == 1


def test_answers_begun_behind_one_link_are_not_shown_behind_another(
    client: Client, visit: Appointment
) -> None:
    home = way.by_link(client, visit)
    client.post(f"{home}forms/history/pregnancy/", {"answer": "yes"})
    assert b"checked" in client.get(f"{home}forms/history/pregnancy/").content
    other = Client()
    elsewhere = way.by_link(other, visit)
    assert b"checked" not in other.get(f"{elsewhere}forms/history/pregnancy/").content


def test_another_visit_is_told_of_without_its_day_behind_a_link(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    from tests.scheduling.admin import screens

    other = screens.visit(clinic, 60, treatment=clinic.filler)
    home = way.by_link(client, visit)
    said = way.text_of(way.hand_in(client, home, pregnancy={"answer": "yes"}))
    assert "Another visit of yours may have to wait too." in said
    assert f"{other.local_date:%-d %B}" not in said


def test_a_signed_in_patient_hands_in_without_a_visit(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    way.sign_in(client, clinic.patient)
    assert "Forms for the visit on Thursday 14 January 2027" in way.text_of(
        client.get("/my/forms/")
    )
    said = way.text_of(way.hand_in(client, "/my/", pregnancy={"answer": "yes"}))
    assert "About your visit on Thursday 14 January 2027" in said
    assert Submission.objects.get().appointment is None


def test_another_patient_and_a_stranger_find_nothing(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    assert client.get(f"/v/see/{visit.pk}/forms/").status_code == 404
    stranger = cast.patient("Ben", "Oak", phone="+447700900124")
    way.sign_in(client, stranger)
    for path in ("", "history/sun/", "history/check/", "history/sent/", "consent/"):
        assert client.get(f"/my/visits/{visit.pk}/forms/{path}").status_code == 404
    assert Draft.objects.count() == 0


def test_drafts_are_forgotten_after_a_week(client: Client, visit: Appointment) -> None:
    client.post(f"{way.by_link(client, visit)}forms/history/sun/", {"answer": "no"})
    assert history.forget_drafts(now=cast.NOW + timedelta(days=6)) == 0
    assert history.forget_drafts(now=cast.NOW + timedelta(days=7)) == 1


def test_a_history_is_asked_for_again_after_a_treatment(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    assert history.due(clinic.patient.pk, visit)
    way.hand_in(client, way.by_link(client, visit))
    assert not history.due(clinic.patient.pk, visit)
    Appointment.objects.filter(pk=visit.pk).update(status="fulfilled")
    assert history.due(clinic.patient.pk, None)


def test_the_trail_says_who_handed_in_and_nothing_clinical(
    client: Client, visit: Appointment
) -> None:
    way.hand_in(client, way.by_link(client, visit), allergies={"answer": "yes", "words": "Latex"})
    entry = Change.objects.get(subject="submission")
    assert (entry.verb, entry.what) == ("hand_in", {})


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_are_both_kept() -> None:
    patient = cast.patient("Ada", "Pine")
    together = Barrier(2)

    def send(key: str) -> None:
        with time_machine.travel(cast.NOW, tick=False):
            client = Client()
            client.cookies["patient"] = token
            together.wait(timeout=10)
            client.post(f"/my/forms/history/{key}/", {"answer": "no"})
        connections.close_all()

    from scheduling import visitors

    cast.site_named("Harley House")
    token = visitors.admit(patient_id=patient.pk, now=cast.NOW)
    threads = [Thread(target=send, args=[key]) for key in ("sun", "waxing")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert set(Draft.objects.get().answers) == {"sun", "waxing"}


def test_withdrawing_is_what_lets_the_visit_stand_again(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    from scheduling.papers import standing

    way.hand_in(client, way.by_link(client, visit), pregnancy={"answer": "unsure"})
    assert len(standing.refused(patient_id=clinic.patient.pk, now=cast.NOW)) == 1
    records.withdraw(
        record_id=Record.objects.get(kind="pregnancy").pk, by=cast.clinician(), now=cast.NOW
    )
    assert standing.refused(patient_id=clinic.patient.pk, now=cast.NOW) == ()


def test_a_patient_without_a_visit_has_a_clinic_to_ring(
    client: Client, clinic: cast.Clinic
) -> None:
    fresh = Patient.objects.create(given_name="Eva", family_name="Rose")
    way.sign_in(client, fresh)
    assert "+44 20 7946 0000" in way.text_of(client.get("/my/forms/"))
