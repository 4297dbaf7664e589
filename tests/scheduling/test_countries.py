from scheduling import countries


def test_countries_are_named_and_sorted() -> None:
    named = countries.countries()
    assert (named["GB"], named["ES"], named["NZ"]) == ("United Kingdom", "Spain", "New Zealand")
    assert list(named.values()) == sorted(named.values())


def test_subdivisions_are_those_with_own_holidays() -> None:
    assert countries.subdivisions("GB") == ("ENG", "NIR", "SCT", "WLS")
    assert countries.subdivisions("XX") == ()
