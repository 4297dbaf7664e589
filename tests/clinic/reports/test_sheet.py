import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from clinic.reports import sheet

FACTS = json.loads(
    (Path(__file__).parents[2] / "facts" / "csv_formula_vectors.json").read_text("utf-8")
)
TRIGGERS = "=+-@＝＋－＠\t\r\n"


@pytest.mark.parametrize("text", FACTS["vectors"])
def test_nothing_begins_as_a_formula(text: str) -> None:
    written = sheet.inert(text)
    for part in written.replace(";", "\n").split("\n"):
        assert part.strip(" \"'")[:1] not in TRIGGERS or part.lstrip()[:1] == "'", written
    assert written.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize(
    ("value", "spelled"),
    [(-5, "-5"), ("+447700900123", "+447700900123"), (Decimal("-0.04300"), "-0.04300"), (None, ""),
     (date(2027, 1, 4), "2027-01-04"), ("Ada Pine", "Ada Pine"), ("O'Neil-Smith", "O'Neil-Smith")],
)  # fmt: skip
def test_numbers_phones_and_names_stay_readable(value: object, spelled: str) -> None:
    assert sheet.inert(value) == spelled  # type: ignore[arg-type]
