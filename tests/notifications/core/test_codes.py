"""Codes of visits: four digits, all different among thousands in a row, not to be guessed."""

from hypothesis import given
from hypothesis import strategies as st

from notifications.core.codes import COUNT, code_of

KEY = "a key of the house"


def test_visits_booked_one_after_another_have_codes_of_their_own() -> None:
    first = 123_456
    codes = {code_of(pk, key=KEY) for pk in range(first, first + COUNT)}
    assert len(codes) == COUNT
    assert (min(codes), max(codes)) == ("1000", "9999")


@given(st.integers(0, 2**63 - 1))
def test_a_code_stays_the_same(pk: int) -> None:
    assert code_of(pk, key=KEY) == code_of(pk, key=KEY)


def test_another_key_gives_other_codes() -> None:
    same = [pk for pk in range(2000) if code_of(pk, key=KEY) == code_of(pk, key="another")]
    assert len(same) < 10


def test_neighbours_codes_do_not_follow_from_one() -> None:
    steps = {int(code_of(pk + 1, key=KEY)) - int(code_of(pk, key=KEY)) for pk in range(1000)}
    assert len(steps) > 900
