"""Versions of the clinical protocol: copy, amend, compare, try, activate.

A medical lead works on a draft. Activating it retires the version in force in the same
transaction; from then on the database itself refuses to change it (`protocol_is_immutable`).
"""

from scheduling.protocols.trying import CaseTried, VisitTried, try_on_cases, try_on_visits, untried
from scheduling.protocols.versions import (
    UnreadableProtocol,
    activate,
    active,
    amend,
    compare,
    copy,
    discard,
    load_shipped,
    read,
)
from scheduling.protocols.words import (
    active_pk,
    adverse_event_choices,
    area_choices,
    area_names,
    in_force,
    indication_choices,
    procedure_choices,
    procedure_name,
)

__all__ = [
    "CaseTried",
    "UnreadableProtocol",
    "VisitTried",
    "activate",
    "active",
    "active_pk",
    "adverse_event_choices",
    "amend",
    "area_choices",
    "area_names",
    "compare",
    "copy",
    "discard",
    "in_force",
    "indication_choices",
    "load_shipped",
    "procedure_choices",
    "procedure_name",
    "read",
    "try_on_cases",
    "try_on_visits",
    "untried",
]
