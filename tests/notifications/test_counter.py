"""The counter in the browser counts as the house does: the same vectors, by Node."""

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from notifications.core.sms import ALPHABET, measure, plain
from tests import facts

SCRIPT = Path("notifications/static/notifications/sms.js").resolve()
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no Node on this machine")

ASK = """
const sms = require(process.argv[1]);
const { alphabet, texts } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const counter = sms(alphabet);
const said = texts.map((text) => {
  const { text: sent, swapped } = counter.plain(text);
  return { ...counter.measure(text), sent, swapped: [...swapped] };
});
process.stdout.write(JSON.stringify(said));
"""


def asked(texts: list[str]) -> Any:
    """Let the browser's counter measure these texts."""
    question = json.dumps({"alphabet": ALPHABET, "texts": texts})
    answer = subprocess.run(
        [NODE or "", "-e", ASK, str(SCRIPT)],
        input=question.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return json.loads(answer.stdout)


def here(text: str) -> dict[str, Any]:
    """Measure a text as the house does."""
    size, (sent, swapped) = measure(text), plain(text)
    return {
        "encoding": str(size.encoding),
        "units": size.units,
        "segments": size.segments,
        "sent": sent,
        "swapped": [[r.character, r.by] for r in swapped],
    }


def test_it_agrees_with_the_shared_vectors() -> None:
    vectors = [v for group in "AB" for v in facts.read("sms_segments.json")[group]]
    said = asked([v.get("text") or v.get("repeat") or "" for v in vectors])
    assert [(s["encoding"], s["segments"]) for s in said] == [
        (v["encoding"], v["segments"]) for v in vectors
    ]
    assert len(vectors) > 30


def test_it_agrees_with_the_house_on_any_text() -> None:
    dice = random.Random(20261128)  # noqa: S311 - a test draws the same texts each time
    signs = [*ALPHABET["basic"], *ALPHABET["extension"], *ALPHABET["plain"], *"áłя😀م"]
    rare = [*ALPHABET["basic"][:60], "€", "^"]
    texts = [
        "".join(dice.choices(dice.choice((signs, rare)), k=dice.randrange(330))) for _ in range(400)
    ]
    assert asked(texts) == [here(text) for text in texts]
