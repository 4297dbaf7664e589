import subprocess
import sys
from pathlib import Path

from tests import migrated

ROOT = Path(__file__).resolve().parent.parent.parent


def test_run_prints_every_section_and_holds_every_target_against_a_figure() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/run.py", "--smoke", "--migrated", migrated.name()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    titles = [line.removeprefix("## ") for line in done.stdout.splitlines() if line[:3] == "## "]
    assert (done.returncode, done.stderr[-2000:] if done.returncode else "") == (0, "")
    assert titles == [
        "Search",
        "Peers",
        "Booking",
        "Reminders",
        "Day list",
        "Diary",
        "Status board",
        "Plans",
        "Reports",
        "Targets",
    ]
    assert "nan" not in done.stdout
