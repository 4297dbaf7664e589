"""The morning of `cast.NOW`, a clinic, and a laser visit of its patient in ten days."""

from collections.abc import Iterator

import pytest
import time_machine

from scheduling.models import Appointment
from tests import cast
from tests.scheduling.admin import screens


@pytest.fixture(autouse=True)
def _morning() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture
def clinic(db: None) -> cast.Clinic:
    return cast.build()


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    return screens.visit(clinic, 10)
