"""How courses are usually built: kept, checked against the protocol, copied, retired.

* `create`, `save`, `copy`, `retire`, `reinstate`: the verbs, keyword-only, with `by` and `now`;
* `load_shipped(*, by, now) -> Loaded`: the templates that come with the program;
* `check(draft) -> Findings`: what stands against a draft, and what is to be known;
* `unsatisfiable() -> list[Unsatisfied]`: active templates that the protocol has outgrown;
* `listed()`, `with_steps(rows)`, `draft_of(template)`, `sentences(draft)`, `free_code(name)`: reads.

A template whose bounds the protocol in force contradicts is refused with the arithmetic, so that
no plan is ever made that could not be proposed. Who may do what is asked at the edge.
"""

from plans.templates.keeping import copy, create, reinstate, retire, save
from plans.templates.proving import Findings
from plans.templates.reading import (
    Unsatisfied,
    check,
    draft_of,
    free_code,
    listed,
    sentences,
    standing,
    unsatisfiable,
    with_steps,
)
from plans.templates.shipped import Loaded, load_shipped
from plans.templates.values import Draft, LagDraft, StepDraft

__all__ = [
    "Draft",
    "Findings",
    "LagDraft",
    "Loaded",
    "StepDraft",
    "Unsatisfied",
    "check",
    "copy",
    "create",
    "draft_of",
    "free_code",
    "listed",
    "load_shipped",
    "reinstate",
    "retire",
    "save",
    "sentences",
    "standing",
    "unsatisfiable",
    "with_steps",
]
