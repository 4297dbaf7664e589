"""Countries, their parts, and their public holidays, as the `holidays` library knows them."""

import re
from datetime import date
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


def holidays_between(
    country: str, subdivision: str, first: date, last: date
) -> tuple[tuple[date, str], ...]:
    """List the public holidays from `first` to `last`, both inclusive, with their English names."""
    return tuple(
        (day, name)
        for year in range(first.year, last.year + 1)
        for day, name in _year(country, subdivision, year)
        if first <= day <= last
    )


@lru_cache(maxsize=256)
def _year(country: str, subdivision: str, year: int) -> tuple[tuple[date, str], ...]:
    if country not in countries():
        return ()
    known = subdivision if subdivision in subdivisions(country) else None
    language = "en_US" if "en_US" in _languages(country) else None
    found = holidays.country_holidays(country, subdiv=known, years=year, language=language)
    return tuple(sorted(found.items()))


def _languages(country: str) -> tuple[str, ...]:
    return tuple(holidays.list_localized_countries().get(country, ()))
