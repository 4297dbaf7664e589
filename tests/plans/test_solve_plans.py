import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCKS = re.findall(r"```json\n(.*?)```", (ROOT / "docs/plans.md").read_text("utf-8"), re.DOTALL)


def solve(tmp_path: Path, document: object) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "instances.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return subprocess.run(
        [sys.executable, "manage.py", "solve_plans", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_solve_plans_answers_as_its_document_shows(tmp_path: Path) -> None:
    asked, shown = [json.loads(b) for b in BLOCKS[::2]], [json.loads(b) for b in BLOCKS[1::2]]

    done = solve(tmp_path, {"instances": asked})

    assert [json.loads(line) for line in done.stdout.splitlines()] == shown
    assert (done.returncode, len(shown)) == (0, 3)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("[", "$: Expecting value"),
        ([{"zone": "Europe/Nowhere"}], "$[0].zone: a zone such as Europe/London is expected here"),
        ({"instances": [{}]}, "$.instances[0].zone: this is missing"),
    ],
    ids=["no JSON", "unknown zone", "missing"],
)
def test_solve_plans_names_the_place_it_cannot_read(
    tmp_path: Path, document: Any, said: str
) -> None:
    done = solve(tmp_path, document)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
