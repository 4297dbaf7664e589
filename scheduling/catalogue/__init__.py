"""The slowly changing ground: sites, resources, hours, treatments, the active protocol.

`current()` answers the catalogue as it stands, from memory while one small query says that
nothing changed. Values are frozen; ids are the rows'.
"""

from scheduling.catalogue.ground import Ground, NoProtocol
from scheduling.catalogue.reading import COUNTER, current, forget, remembered, steady
from scheduling.catalogue.values import Able, Absent, Asked, Offer, Place, Thing

__all__ = [
    "COUNTER",
    "Able",
    "Absent",
    "Asked",
    "Ground",
    "NoProtocol",
    "Offer",
    "Place",
    "Thing",
    "current",
    "forget",
    "remembered",
    "steady",
]
