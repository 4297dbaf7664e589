"""The demo's processes: a step that fails or hangs says so, and ends."""

import os
import sys
from pathlib import Path

import pytest

from clinic.demo import processes
from clinic.demo.house import check_port
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


@pytest.mark.parametrize("port", [-5, 0, 99999])
def test_a_port_that_does_not_exist_is_named(port: int) -> None:
    with pytest.raises(Broke, match=f"no port {port}: choose one from 1 to 65535"):
        check_port(port)


def test_a_step_that_ends_is_no_fault_and_a_process_that_was_to_stay_is(family: Family) -> None:
    step = family.start("prepare", "-c", "pass", stays=False)
    step.process.wait()
    family.watch()
    family.see_out(step)
    family.start("web", "-c", "print('gone')").process.wait()
    with pytest.raises(Broke, match="web ended by itself:\ngone"):
        family.watch()
