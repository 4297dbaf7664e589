"""Worked cases: a protocol tried on patients whose right answer is known.

`read_cases(document, protocol)` -> cases or `Unreadable`; `run(case, protocol)` -> `Result`, whose
`as_dict()` is the line that `try_protocol` prints; `differences(case, result)` names what came out
other than expected. The form of a case is that of `scheduling/data/cases.json`. The admin tries
drafts with it, `manage.py try_protocol` the terminal.
"""

from scheduling.core.casebook.reading import Case, read_cases
from scheduling.core.casebook.trying import Otherwise, Result, differences, run

__all__ = ["Case", "Otherwise", "Result", "differences", "read_cases", "run"]
