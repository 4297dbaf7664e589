"""Countries and their parts, as the `holidays` library knows them."""

import re
from functools import lru_cache

import holidays
from holidays.registry import COUNTRIES


@lru_cache(maxsize=1)
def countries() -> dict[str, str]:
    """Map ISO 3166-1 codes to English names, in the order of the names."""
    named = {classes[1]: _spaced(classes[0]) for classes in COUNTRIES.values()}
    return dict(sorted(named.items(), key=lambda pair: pair[1]))


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


@lru_cache(maxsize=1)
def _parts() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=False)


def subdivisions(country: str) -> tuple[str, ...]:
    """List the codes of a country's parts (ISO 3166-2 without the country) with own holidays."""
    return tuple(_parts().get(country, ()))
