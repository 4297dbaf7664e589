from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.core.clockface import Clockface
from scheduling.core.hours import days_window
from scheduling.core.timeline import Window, instant


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("UTC", date(2027, 1, 1)),
        ("Europe/London", date(2027, 3, 27)),
        ("Europe/London", date(2027, 10, 30)),
        ("Australia/Lord_Howe", date(2027, 4, 3)),
        ("Australia/Lord_Howe", date(2027, 10, 2)),
        ("Asia/Kathmandu", date(2027, 2, 27)),
        ("America/St_Johns", date(2027, 3, 13)),
        ("Pacific/Chatham", date(2027, 9, 25)),
        ("Africa/Cairo", date(2027, 4, 29)),
        ("Africa/Monrovia", date(1972, 1, 6)),
        ("Pacific/Apia", date(2011, 12, 29)),
    ],
)
def test_every_quantum_is_spelt_as_a_datetime_would_be(name: str, first: date) -> None:
    zone = ZoneInfo(name)
    window = days_window(first, first + timedelta(days=2), zone)
    window = Window(window.q0 - 12, window.q1 + 12)
    face = Clockface(zone, window)
    quanta = range(window.q0, window.q1)
    assert [face.text(q) for q in quanta] == [
        instant(q).astimezone(zone).isoformat() for q in quanta
    ]
