"""Tables as CSV: what a spreadsheet may open without running anything in it."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.http import HttpResponse

from clinic.reports.shapes import Cell, Value

_BEGINS = re.compile(r"(^|[;,\t|\"'])(\s*)(?=[=+\-@＝＋－＠\t\r\n\x00])")
"""Where a spreadsheet would begin to reckon: at the start of a cell, or after what other
spreadsheets take for the end of one (OWASP, CSV injection; ASVS 5 V1.2.10)."""

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def inert(value: Value) -> str:
    """Spell a value so that no spreadsheet takes it for a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    text = value.replace("\x00", "")
    return text if _PHONE.fullmatch(text) else _BEGINS.sub(r"\1'\2", text)


def written(
    name: str,
    facts: Iterable[tuple[str, str]],
    heads: Sequence[str],
    lines: Iterable[Sequence[Cell]],
) -> HttpResponse:
    """Answer a file: what it is, over what, what it means; an empty line; heads and lines."""
    sheet = io.StringIO()
    out = csv.writer(sheet, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    out.writerows([inert(term), inert(said)] for term, said in facts)
    out.writerow([])
    out.writerow([inert(head) for head in heads])
    out.writerows([inert(cell.value) for cell in line] for line in lines)
    # the mark by which Excel knows UTF-8
    answer = HttpResponse("\ufeff" + sheet.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer
