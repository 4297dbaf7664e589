"""Which lines concern a session, on which local day and hour they go, and how answers are read."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from notifications.core import care
from notifications.core.care import Answer, Condition, Note, Session, Text
from notifications.core.policy import Channel
from scheduling.core.protocol import shipped

DATA = json.loads(
    (Path(__file__).parents[3] / "notifications" / "data" / "care.json").read_text("utf-8")
)
PROTOCOL = shipped()
DAY = timedelta(days=1)


def session(**facts: object) -> Session:
    said: dict[str, object] = {
        "procedure": "fractional_ablative",
        "areas": ("cheeks",),
        "depth": "deep",
        "day": date(2027, 3, 24),
        "zone": "Europe/London",
    }
    return Session(**(said | facts))  # type: ignore[arg-type]


def note(day: int, until: int, **facts: object) -> Note:
    said: dict[str, object] = {"code": f"n{day}", "texts": {"en": Text(title="t", body="b")}}
    return Note(day=day, until=until, **(said | facts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        pytest.param({}, True, id="nothing asked"),
        pytest.param({"procedures": {"fractional_ablative"}}, True, id="procedure"),
        pytest.param({"procedures": {"ablative"}}, True, id="category"),
        pytest.param({"procedures": {"ipl", "injectable"}}, False, id="other procedures"),
        pytest.param({"areas": {"face"}}, True, id="area above"),
        pytest.param({"areas": {"cheeks_left"}}, True, id="area below"),
        pytest.param({"areas": {"legs"}}, False, id="other area"),
        pytest.param({"depth": "deep"}, True, id="depth"),
        pytest.param({"depth": "superficial"}, False, id="other depth"),
        pytest.param({"record": "active_infection"}, False, id="no such history"),
        pytest.param({"fitzpatrick_least": 4}, False, id="skin type unknown"),
        pytest.param({"procedures": {"ablative"}, "areas": {"legs"}}, False, id="all must hold"),
    ],
)
def test_conditions(condition: dict[str, object], met: bool) -> None:  # noqa: FBT001
    asked = Condition(
        **{k: frozenset(v) if isinstance(v, set) else v for k, v in condition.items()}
    )  # type: ignore[arg-type]
    assert care.applies(asked, session(), PROTOCOL) is met


def test_a_history_and_a_skin_type_are_read_from_the_patient() -> None:
    asked = Condition(record="active_infection", fitzpatrick_least=4)
    known = session(records=frozenset({"active_infection"}), fitzpatrick=5)
    assert care.applies(asked, known, PROTOCOL)
    assert not care.applies(asked, session(fitzpatrick=5), PROTOCOL)
    assert not care.applies(asked, session(records=known.records, fitzpatrick=3), PROTOCOL)


def test_days_are_local_and_the_hour_stands_still_over_a_change_of_the_clocks() -> None:
    """London puts its clocks forward on 28 March 2027, between the session and the check."""
    found = care.after(
        [note(3, 6), note(7, 13)], session(), now=datetime(2027, 3, 24, 12, tzinfo=UTC)
    )
    assert [(m.offset, m.due_at) for m in found] == [
        ("+3d", datetime(2027, 3, 27, 10, tzinfo=UTC)),
        ("+7d", datetime(2027, 3, 31, 9, tzinfo=UTC)),
    ]


def test_an_hour_that_the_clocks_skip_comes_after_the_jump() -> None:
    (moment,) = care.after(
        [note(4, 6, at=time(1, 30))], session(), now=datetime(2027, 3, 24, 12, tzinfo=UTC)
    )
    assert moment.due_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_a_day_without_midnight_has_its_message() -> None:
    """In Cairo the clocks go from 00:00 to 01:00 on Friday 30 April 2027."""
    egypt = session(day=date(2027, 4, 29), zone="Africa/Cairo")
    (moment,) = care.after([note(1, 2)], egypt, now=datetime(2027, 4, 29, 12, tzinfo=UTC))
    assert moment.due_at == datetime(2027, 4, 30, 7, tzinfo=UTC)
    assert egypt.days_since(datetime(2027, 4, 29, 22, 30, tzinfo=UTC)) == 1


def test_lines_of_one_day_are_one_message_at_the_earliest_hour_by_every_channel() -> None:
    sms = note(-7, -1, code="a", at=time(9), channels=frozenset({Channel.SMS}))
    now, there = datetime(2027, 3, 1, 12, tzinfo=UTC), datetime(2027, 3, 24, 10, tzinfo=UTC)
    (moment,) = care.before([note(-7, -3), sms], session(), be_there=there, now=now)
    assert (moment.offset, moment.channels) == ("-7d", frozenset(Channel))
    assert moment.due_at == datetime(2027, 3, 17, 9, tzinfo=UTC)
    assert moment.not_after == datetime(2027, 3, 23, 20, tzinfo=UTC)


def test_nothing_before_a_visit_comes_after_its_begin() -> None:
    early = datetime(2027, 3, 24, 6, tzinfo=UTC)
    lines = [note(-1, -1, at=time(9))]
    (moment,) = care.before(lines, session(), be_there=early - DAY / 2, now=early - 3 * DAY)
    assert moment.not_after == early - DAY / 2
    assert care.before(lines, session(), be_there=early, now=early - 3 * DAY)
    gone = early - DAY + timedelta(hours=3)
    assert care.before(lines, session(), be_there=gone, now=early - 3 * DAY) == ()


def test_what_has_passed_and_can_still_be_followed_is_one_message_at_once() -> None:
    lines = [note(-28, -1), note(-14, -6), note(-7, -1), note(-2, -1)]
    there = datetime(2027, 3, 24, 10, tzinfo=UTC)
    now = datetime(2027, 3, 19, 12, tzinfo=UTC)  # five days before
    found = care.before(lines, session(), be_there=there, now=now)
    assert [(m.offset, m.due_at) for m in found] == [
        ("-7d", now), ("-2d", datetime(2027, 3, 22, 10, tzinfo=UTC)),
    ]  # fmt: skip
    shown = care.in_force(lines, day=-7, today=-5)
    assert [n.day for n in shown] == [-7, -28]


def test_what_cannot_be_followed_any_more_is_left_out() -> None:
    now = datetime(2027, 3, 19, 12, tzinfo=UTC)
    there = datetime(2027, 3, 24, 10, tzinfo=UTC)
    assert care.before([note(-14, -6)], session(), be_there=there, now=now) == ()


def test_lines_before_and_after_a_session_never_mix() -> None:
    lines = [note(-7, -1), note(0, 3), note(1, 2, asks=True), note(3, 6, asks=True)]
    assert [n.day for n in care.in_force(lines, day=-2, today=-2)] == [-7]
    assert [n.day for n in care.in_force(lines, day=1, today=1)] == [1, 0]
    assert [n.day for n in care.in_force(lines, day=3, today=4)] == [3]


@pytest.mark.parametrize(("day", "check"), [(0, 0), (1, 1), (2, 1), (3, 3), (40, 3)])
def test_an_answer_belongs_to_the_newest_check(day: int, check: int) -> None:
    lines = [note(0, 3), note(1, 2, asks=True), note(2, 60), note(3, 6, asks=True)]
    assert care.check_day(lines, day=day) == check


def test_a_patient_who_lacks_the_wanted_channel_is_reached_by_the_other() -> None:
    email, sms = frozenset({Channel.EMAIL}), frozenset({Channel.SMS})
    assert care.by_which(email, frozenset(Channel)) == email
    assert care.by_which(email, sms) == sms
    assert care.by_which(frozenset(Channel), sms) == sms
    assert care.by_which(email, frozenset()) == frozenset()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("WORSE", Answer.WORSE),
        (" Worse! ", Answer.WORSE),
        ("It’s worse", Answer.WORSE),
        ("Peor.", Answer.WORSE),
        ("أسوأ", Answer.WORSE),
        ("much better", Answer.BETTER),
        ("igual", Answer.SAME),
        ("not worse", None),
        ("worse, can I come at 5?", None),
        ("YES 4417", None),
        ("", None),
    ],
)
def test_replies(text: str, answer: Answer | None) -> None:
    assert care.answer_in(text, DATA["replies"]) == answer


# ---------------------------------------------------------------- the lines as shipped


@pytest.mark.parametrize("line", DATA["notes"], ids=[n["code"] for n in DATA["notes"]])
def test_every_shipped_line_has_a_source_and_words_in_every_language(line: dict) -> None:  # type: ignore[type-arg]
    assert line["source"]
    assert line["sureness"] in {"A", "B", "C", "D", "seed"}
    assert line["day"] <= line["until"]
    assert {k for k, t in line["texts"].items() if t["title"] and t["body"]} >= {"en", "es", "ar"}
    assert set(line["procedures"]) <= PROTOCOL.procedures | set(PROTOCOL.categories)
    assert set(line["areas"]) <= set(PROTOCOL.areas.masks)


def test_the_shipped_days_are_those_of_the_clinical_figures() -> None:
    assert sorted({n["day"] for n in DATA["notes"]}) == [
        -28, -14, -7, -2, 0, 1, 2, 3, 7, 10, 21, 28, 42,
    ]  # fmt: skip
    assert {n["day"] for n in DATA["notes"] if n["check"]} == {1, 3, 7, 21, 28, 42}
