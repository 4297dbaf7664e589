"""Vectors agreed outside this project, with their sources inside."""

import json
from pathlib import Path
from typing import Any

_OWN = Path(__file__).parent
_SHARED = _OWN.parents[2] / "shared" / "facts"


def read(name: str) -> Any:
    """Read a vector file: the shared one when it is beside the project, else the copy here."""
    shared = _SHARED / name
    return json.loads((shared if shared.exists() else _OWN / name).read_text("utf-8"))
