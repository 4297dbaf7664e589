from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from scheduling import records
from scheduling.core.words import Actor
from scheduling.errors import Malformed, NotFound, WrongState
from scheduling.models import Change, Patient, Record
from scheduling.signals import patient_record_changed
from tests import cast
from tests.cast import NOW, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Patient:
    return cast.patient("Ada", "Pine")


def add(patient: Patient, kind: str, by: Actor | None = None, **facts: Any) -> Record:
    record = Record(patient=patient, kind=kind, **facts)
    return records.add(record=record, by=by or Actor(name="Doc"), now=NOW)


def test_every_type_says_which_fields_it_uses() -> None:
    columns = {field.name for field in Record._meta.get_fields()}
    assert set(records.FIELDS) == set(Record.Kind)
    assert {name for names in records.FIELDS.values() for name in names} <= columns


def test_record_is_signed_and_told(ada: Patient) -> None:
    user = User.objects.create_user("doc")
    heard: list[dict[str, Any]] = []

    def listen(**news: Any) -> None:
        heard.append(news)

    patient_record_changed.connect(listen)
    try:
        record = add(
            ada,
            "isotretinoin",
            by=Actor(name="Doc", user_id=user.pk),
            start_date=date(2026, 12, 1),
            note="takes 20 mg",
        )
    finally:
        patient_record_changed.disconnect(listen)

    assert record.recorded_by == user
    entry = Change.objects.get()
    assert (entry.by, entry.verb, entry.subject, entry.subject_id) == (
        "Doc",
        "add",
        "record",
        record.pk,
    )
    assert entry.what == {"patient": [None, ada.pk], "kind": [None, "isotretinoin"]}
    assert [(n["patient_id"], n["record"], n["now"]) for n in heard] == [(ada.pk, record, NOW)]


@pytest.mark.parametrize("kind", sorted(records.ONE_DAY))
def test_record_of_one_day_is_kept_as_both_ends_of_it(ada: Patient, kind: str) -> None:
    facts = {"procedure": "ipl"} if kind == "prior_session" else {}
    record = add(ada, kind, start_date=TODAY, **facts)
    assert (record.start_date, record.end_date) == (TODAY, TODAY)


@pytest.mark.parametrize(
    ("kind", "facts", "sentence"),
    [
        ("patch_test", {}, "when it began and which procedure and its result"),
        ("consultation", {}, "when it began"),
        ("adverse_event", {}, "what happened"),
        ("photosensitising_drug", {}, "the class of the drug"),
        ("healed", {}, "the date"),
        ("consultation", {"start": NOW + timedelta(days=1)}, "booked, not recorded"),
        ("pregnancy", {"start_date": TODAY + timedelta(days=1)}, "booked, not recorded"),
        (
            "sun_exposure",
            {"start_date": TODAY, "end_date": TODAY - timedelta(days=1)},
            "ends after it begins",
        ),
    ],
)
def test_record_that_no_rule_could_read_is_refused(
    ada: Patient, kind: str, facts: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Malformed, match=sentence):
        add(ada, kind, **facts)
    assert not Record.objects.exists()
    assert not Change.objects.exists()


def test_ongoing_fact_ends_once(ada: Patient) -> None:
    record = add(ada, "pregnancy", start_date=date(2026, 10, 1))
    assert records.ongoing(record)

    ended = records.finish(record_id=record.pk, on=date(2026, 12, 1), by=Actor(name="Doc"), now=NOW)

    assert ended.end_date == date(2026, 12, 1)
    assert not records.ongoing(ended)
    with pytest.raises(WrongState):
        records.finish(record_id=record.pk, on=TODAY, by=Actor(name="Doc"), now=NOW)


def test_fact_cannot_end_before_it_began(ada: Patient) -> None:
    record = add(ada, "pregnancy", start_date=date(2026, 10, 1))
    with pytest.raises(Malformed):
        records.finish(record_id=record.pk, on=date(2026, 9, 30), by=Actor(name="Doc"), now=NOW)


def test_withdrawn_record_is_kept_and_cannot_be_withdrawn_again(ada: Patient) -> None:
    record = add(ada, "consultation", start=NOW - timedelta(days=1))
    records.withdraw(record_id=record.pk, by=Actor(name="Doc"), now=NOW)
    assert Record.objects.get().withdrawn_at == NOW
    with pytest.raises(WrongState):
        records.withdraw(record_id=record.pk, by=Actor(name="Doc"), now=NOW)
    assert list(Change.objects.order_by("pk").values_list("verb", flat=True)) == [
        "add",
        "withdraw",
    ]


def test_record_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        records.withdraw(record_id=0, by=Actor(name="Doc"), now=NOW)
