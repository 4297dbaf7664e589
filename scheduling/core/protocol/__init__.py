"""The clinical protocol: a JSON document parsed into frozen values, or refused.

`parse(document) -> Protocol` raises `Unreadable` (`.path` is the JSON path) for whatever it cannot
read: a protocol that is half understood books nothing. `shipped()` is the product's own default.
`describe(rule, protocol)` reads a rule as an English sentence with its figures.
"""

from scheduling.core.protocol.areas import AreaTree
from scheduling.core.protocol.parse import parse
from scheduling.core.protocol.reader import Unreadable
from scheduling.core.protocol.reading import describe
from scheduling.core.protocol.shipped import shipped, shipped_document
from scheduling.core.protocol.values import Protocol, Rule

__all__ = [
    "AreaTree",
    "Protocol",
    "Rule",
    "Unreadable",
    "describe",
    "parse",
    "shipped",
    "shipped_document",
]
