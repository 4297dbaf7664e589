"""Patients' texts read: keywords, codes, and what only a person can understand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.core.replies import Intent, Reading, plain, read
from tests import facts

VECTORS = facts.read("sms_keywords.json")

MEANINGS = {
    "opt_out": {Intent.OPT_OUT},
    "opt_out_or_staff_review": {Intent.OPT_OUT, Intent.UNCLEAR, Intent.OTHER},
    "staff_review_not_opt_out": {Intent.UNCLEAR, Intent.OTHER},
    "appointment_reply": {Intent.CONFIRM},
    "appointment_reply_or_staff_review": {Intent.UNCLEAR},
    "opt_in": {Intent.OPT_IN},
    "help": {Intent.HELP},
    "ignore": {Intent.NOTHING},
}


@pytest.mark.parametrize("vector", VECTORS["parser_vectors"], ids=lambda v: v["body"] or "empty")
def test_the_vectors_are_read_as_agreed(vector: dict[str, str]) -> None:
    assert read(vector["body"]).intent in MEANINGS[vector["expect"]]


@pytest.mark.parametrize("word", VECTORS["union_to_support"])
def test_every_networks_word_stops(word: str) -> None:
    spellings = [word, word.lower(), f" {word.title()}. "]
    assert {read(each).intent for each in spellings} == {Intent.OPT_OUT}


@pytest.mark.parametrize(
    ("word", "intent"),
    [
        ("START", Intent.OPT_IN),
        ("UNSTOP", Intent.OPT_IN),
        ("alta", Intent.OPT_IN),
        ("INFO", Intent.HELP),
        ("Ayuda", Intent.HELP),
        ("informaci\u00f3n", Intent.HELP),
        ("BAJA", Intent.OPT_OUT),
        ("\u00a1Alto!", Intent.OPT_OUT),
        ("no m\u00e1s mensajes", Intent.OPT_OUT),
        ("Please stop texting me", Intent.OPT_OUT),
        ("STOP 4417", Intent.OPT_OUT),
    ],
)
def test_keywords_in_english_and_spanish(word: str, intent: Intent) -> None:
    assert read(word) == Reading(intent=intent)


@pytest.mark.parametrize(
    ("body", "intent"),
    [
        ("YES 4417", Intent.CONFIRM),
        ("yes4417", Intent.CONFIRM),
        ("4417 yes", Intent.CONFIRM),
        ("Yes, 4417. Thank you!", Intent.CONFIRM),
        ("S\u00cd 4417 gracias", Intent.CONFIRM),
        ("\uff39\uff25\uff33 \uff14\uff14\uff11\uff17", Intent.CONFIRM),
        ("YES \u0664\u0664\u0661\u0667", Intent.CONFIRM),
        ("\U0001f44d 4417", Intent.CONFIRM),
        ("CANCEL 4417", Intent.CANCEL),
        ("cancelar 4417 por favor", Intent.CANCEL),
        ("YES 4417 but at three please", Intent.UNCLEAR),
        ("NO 4417", Intent.UNCLEAR),
        ("4417", Intent.UNCLEAR),
    ],
)
def test_a_code_names_the_visit(body: str, intent: Intent) -> None:
    assert read(body) == Reading(intent=intent, code="4417", of_a_visit=True)


def test_two_codes_are_left_to_a_person() -> None:
    assert read("YES 4417 5528") == Reading(intent=Intent.UNCLEAR, of_a_visit=True)


@pytest.mark.parametrize(
    ("body", "intent"),
    [
        ("CANCEL", Intent.OPT_OUT),
        ("YES", Intent.OPT_IN),
        ("ok", Intent.UNCLEAR),
        ("OK thanks", Intent.UNCLEAR),
        ("can't come", Intent.UNCLEAR),
        ("Sorry I can\u2019t make it on Monday", Intent.UNCLEAR),
        ("\U0001f44d", Intent.UNCLEAR),
        ("no puedo ir", Intent.UNCLEAR),
        ("Cancelar", Intent.UNCLEAR),
    ],
)
def test_bare_words_may_mean_a_visit(body: str, intent: Intent) -> None:
    assert read(body) == Reading(intent=intent, of_a_visit=True)


@pytest.mark.parametrize(
    "body",
    ["Is there parking?", "please do not stop the treatment", "the end of the road", "stop " * 40],
)
def test_what_says_more_is_for_a_person(body: str) -> None:
    assert read(body) == Reading(intent=Intent.OTHER)


@given(st.text(max_size=400))
def test_anything_can_be_read(body: str) -> None:
    found = read(body)
    assert found.code == "" or (len(found.code) == 4 and found.code.isascii())
    assert plain(plain(body)) == plain(body)
