"""Public holidays, from the `holidays` library, by country and subdivision."""

from datetime import date
from functools import lru_cache

import holidays


@lru_cache(maxsize=256)
def public_holidays(country: str, subdivision: str, year: int) -> dict[date, str]:
    """Return a year's public holidays with their English names.

    A subdivision that the library does not know counts as none, and so does a country: the
    clinic's own closures are Absences, and Sundays are opening hours.
    """
    for part in dict.fromkeys((subdivision, "")):
        try:
            found = holidays.country_holidays(
                country, subdiv=part or None, years=year, language="en_US"
            )
        except NotImplementedError:
            continue
        return dict(found.items())
    return {}


@lru_cache(maxsize=256)
def closed_dates(
    country: str, subdivision: str, first_year: int, last_year: int
) -> frozenset[date]:
    """Return the public holidays of some years, both inclusive."""
    return frozenset(
        day
        for year in range(first_year, last_year + 1)
        for day in public_holidays(country, subdivision, year)
    )
