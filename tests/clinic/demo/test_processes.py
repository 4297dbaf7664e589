"""The demo's processes: a step that fails or hangs says so, and ends."""

import os
import sys
from pathlib import Path

import pytest

from clinic.demo import processes
from clinic.demo.processes import Broke, Family


@pytest.fixture
def family(tmp_path: Path) -> Family:
    environment = {**os.environ, "PYTHONFAULTHANDLER": "1"}
    return Family(environment, tmp_path, Path(sys.prefix))


def test_step_that_fails_quotes_its_last_words(family: Family) -> None:
    with pytest.raises(Broke, match="prepare failed:\nno room left"):
        family.finish("prepare", "-c", "raise SystemExit('no room left')")


def test_step_that_hangs_is_ended_and_says_where_it_stood(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "FINISH_SECONDS", 1)
    with pytest.raises(Broke, match=r"did not end within 1 s:(.|\n)*line 2 in <module>"):
        family.finish("prepare", "-c", "import threading\nthreading.Event().wait()")
    assert family.children[0].process.returncode < 0
