"""How many faults: a tenth, or with `-m faults` all of them; and the scene on which they happen."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clinic.log import PlainLines
from tests.faults import crowd, invariants
from tests.faults.crowd import Scene
from tests.faults.senders import Nursery
from tests.faults.stub import Letters, Texts, Truth

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture
def times(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """Answer how often of a full number a fault happens in this run."""
    full = "faults" in str(request.config.getoption("markexpr"))
    return lambda number: number if full else max(1, number // 10)


@pytest.fixture(scope="session")
def nursery(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nursery]:
    with django_db_blocker.unblock():
        made = Nursery(tmp_path_factory.mktemp("senders") / "log")
    yield made
    made.close()


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(PlainLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def scene(transactional_db: None, nursery: Nursery) -> Iterator[Scene]:
    """Give a clinic with two providers; at the end, see that no log says what it may not."""
    truth, alive = Truth(), threading.enumerate()
    texts, letters = Texts(truth), Letters(truth)
    kept = _Kept()
    logging.getLogger().addHandler(kept)
    before = nursery.log.stat().st_size
    made = Scene(truth, texts, letters, nursery)
    yield made
    logging.getLogger().removeHandler(kept)
    words = crowd.canaries(truth)
    texts.close()
    letters.close()
    assert [t for t in threading.enumerate() if t not in alive and t.daemon] == []
    said = "\n".join(kept.lines) + nursery.log.read_bytes()[before:].decode("utf-8", "replace")
    assert invariants.leaked(said, words) == []
    assert made.uncapped or invariants.over_cap(truth) == []
