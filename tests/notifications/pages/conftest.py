"""The pages' clock stands still, and Redis is asked."""

from collections.abc import Iterator
from datetime import date

import pytest

from scheduling import limits
from scheduling.models import Patient
from tests.notifications import stage
from tests.notifications.pages import door


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    limits.ask_again()
    with door.clock():
        yield


@pytest.fixture
def ada() -> Patient:
    return stage.house(birth_date=date(1990, 3, 27)).patient
