"""Patients from another system: each row's verdict before anything is written, then exactly that."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Event, current_thread, main_thread
from time import sleep
from typing import Any

import pytest
from django.db import connections

from scheduling.errors import WrongState
from scheduling.models import Intake, Origin, Patient
from scheduling.transfer import intakes
from tests import cast
from tests.scheduling.transfer.moving import BY, agreed, looked_over, sentences, taken_in, verdicts

pytestmark = pytest.mark.django_db

TWO = """external_id,given_name,family_name,birth_date,phone,email
P1,Ada,Pine,1985-04-12,020 7946 0000,ada@example.org
P2,Bo,Elm,1990-01-02,+34 612 345 678,
"""


@pytest.fixture(autouse=True)
def _site() -> None:
    cast.site_named("Harley House")


def test_looking_over_writes_nothing_and_says_every_row() -> None:
    intake = looked_over("patients", TWO)
    assert (intake.state, intake.counts, verdicts(intake)) == ("checked", {"new": 2}, ["new"] * 2)
    assert (Patient.objects.count(), Origin.objects.count()) == (0, 0)


def test_writing_takes_exactly_those_in_with_phones_of_the_country() -> None:
    taken_in("patients", TWO)
    rows = Patient.objects.order_by("pk").values_list("family_name", "birth_date", "phone")
    assert list(rows) == [
        ("Pine", date(1985, 4, 12), "+442079460000"),
        ("Elm", date(1990, 1, 2), "+34612345678"),
    ]
    assert Patient.objects.filter(search_key__contains="ada pine").count() == 1


def test_repeated_it_changes_nothing_even_what_was_changed_here() -> None:
    taken_in("patients", TWO)
    Patient.objects.filter(family_name="Elm").update(phone="+442079460001")
    again = taken_in("patients", TWO)
    assert (verdicts(again), Patient.objects.count()) == (["same", "same"], 2)
    assert Patient.objects.get(family_name="Elm").phone == "+442079460001"


def test_a_row_that_says_otherwise_changes_only_that() -> None:
    taken_in("patients", TWO)
    changed = taken_in("patients", TWO.replace("Bo,Elm", "Bo,Oak"))
    assert (verdicts(changed), sentences(changed)[1]) == (
        ["same", "changed"],
        "Changed: family_name.",
    )
    assert sorted(Patient.objects.values_list("family_name", flat=True)) == ["Oak", "Pine"]


def test_guardians_may_stand_below_those_for_whom_they_answer() -> None:
    taken_in(
        "patients",
        "external_id;given_name;family_name;birth_date;guardian\n"
        "K;Kim;Elm;2015-01-02;G\nG;Gus;Elm;1980-01-02;\n",
    )
    assert Patient.objects.get(given_name="Kim").guardian == Patient.objects.get(given_name="Gus")


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ("P1,,Pine,,", "given_name: this is empty."),
        ("P1,Ada,Pine,03/04/1985,", "birth_date: “03/04/1985” can be read in two ways. Say in which order the file writes day, month and year."),
        ("P1,Ada,Pine,1985-02-30,", "birth_date: there is no day “1985-02-30”, read like 2027-03-28."),
        ("P1,Ada,Pine,2030-02-03,", "A patient was born between 1900 and today."),
        ("P1,Ada,Pine,,12", "phone: “12” is not a phone number; write +44 or another country code first."),
        (",Ada,Pine,,", "external_id: this is empty."),
    ],
    ids=["no name", "two ways", "no such day", "unborn", "no phone", "no id"],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(cells: str, sentence: str) -> None:
    intake = looked_over(
        "patients", f"external_id,given_name,family_name,birth_date,phone\n{cells}\n"
    )
    assert (verdicts(intake), sentences(intake)) == (["refused"], [sentence])


def test_the_order_of_dates_is_declared_and_then_kept() -> None:
    head = "external_id,given_name,family_name,birth_date\n"
    taken_in("patients", f"{head}P1,Ada,Pine,03/04/1985\n", dates="dmy")
    assert Patient.objects.get().birth_date == date(1985, 4, 3)
    american = looked_over("patients", f"{head}P2,Bo,Elm,28/04/1985\n", dates="mdy")
    assert sentences(american) == [
        "birth_date: there is no day “28/04/1985”, read like 03/28/2027."
    ]


def test_refused_rows_are_left_out_only_when_somebody_says_so() -> None:
    intake = looked_over("patients", TWO + "P3,,Fir,,,\n")
    silent = intakes.Agreed(sha256=intake.sha256, seen=intake.seen)
    with pytest.raises(WrongState, match="left out only when"):
        intakes.write(intake_id=intake.pk, agreed=silent, by=BY, now=cast.NOW)
    assert Patient.objects.count() == 0
    intakes.write(intake_id=intake.pk, agreed=agreed(intake), by=BY, now=cast.NOW)
    assert Patient.objects.count() == 2


def test_what_changed_meanwhile_makes_the_preview_outdated_and_nothing_is_written() -> None:
    intake = looked_over("patients", TWO)
    cast.patient("Ada", "Pine", birth_date=date(1985, 4, 12))
    with pytest.raises(intakes.Outdated):
        intakes.write(intake_id=intake.pk, agreed=agreed(intake), by=BY, now=cast.NOW)
    assert Patient.objects.count() == 1


def test_another_file_than_the_one_shown_is_not_written() -> None:
    intake = looked_over("patients", TWO)
    Intake.objects.filter(pk=intake.pk).update(content=TWO.replace("Ada", "Eve").encode())
    with pytest.raises(intakes.Outdated):
        intakes.write(intake_id=intake.pk, agreed=agreed(intake), by=BY, now=cast.NOW)


def test_a_file_is_written_once_and_its_bytes_go() -> None:
    intake = taken_in("patients", TWO)
    assert bytes(Intake.objects.get(pk=intake.pk).content) == b""
    with pytest.raises(WrongState, match="written before"):
        intakes.write(intake_id=intake.pk, agreed=agreed(intake), by=BY, now=cast.NOW)


def test_one_person_twice_is_entered_and_flagged() -> None:
    intake = taken_in("patients", TWO + "P9,Ada,Pine,1985-04-12,,\n")
    assert verdicts(intake) == ["new", "new", "flagged"]
    assert Patient.objects.count() == 3


def test_a_file_that_nobody_writes_is_forgotten_after_30_days() -> None:
    taken_in("patients", TWO)
    looked_over("patients", TWO, source="other")
    month = timedelta(days=30)
    assert intakes.forget_old(now=cast.NOW + month) == 0
    assert intakes.forget_old(now=cast.NOW + month + timedelta(seconds=1)) == 1
    assert [intake.source for intake in Intake.objects.all()] == ["old"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", [intakes.look_over, intakes.discard], ids=["look", "discard"])
def test_a_file_that_is_being_written_is_neither_looked_at_nor_thrown_away(
    monkeypatch: pytest.MonkeyPatch, deed: Callable[..., object]
) -> None:
    intake = looked_over("patients", TWO)
    working, found = Event(), intakes._taken_in

    def slow(*asked: Any) -> object:
        done = found(*asked)
        if current_thread() is not main_thread():
            working.set()
            sleep(0.3)
        return done

    def write() -> Intake:
        try:
            return intakes.write(intake_id=intake.pk, agreed=agreed(intake), by=BY, now=cast.NOW)
        finally:
            connections.close_all()

    monkeypatch.setattr(intakes, "_taken_in", slow)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(write)
        assert working.wait(10)
        with pytest.raises(WrongState):
            deed(intake_id=intake.pk, by=BY, now=cast.NOW)
        running.result(30)
    assert (Intake.objects.get().state, Patient.objects.count()) == ("written", 2)
