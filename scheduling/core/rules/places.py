"""Where: do areas overlap, and which jurisdiction's rules hold at a site."""

from collections.abc import Iterable

from scheduling.core.protocol.values import Protocol


def overlap(some: Iterable[str], others: Iterable[str], protocol: Protocol) -> bool:
    """Tell whether two sets of areas overlap; an empty set is "not said" and overlaps everything."""
    return protocol.areas.overlap(some, others)


def profiles_for(country: str, subdivision: str, protocol: Protocol) -> frozenset[str]:
    """Name the jurisdictions that a site lies in, by ISO 3166-1 country and 3166-2 subdivision.

    A site in the right country that does not say its subdivision is taken to lie there.
    """
    return frozenset(
        name
        for name, profile in protocol.profiles.items()
        if profile.matches(country.upper(), subdivision.upper())
    )
