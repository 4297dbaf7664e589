"""Where on the body, how much of it and how deep: the words and choices of every form."""

from collections.abc import Iterable

from scheduling.core.protocol.values import Titles

SIZES = [
    ("", "not said"),
    ("small", "small"),
    ("face", "face-sized"),
    ("large", "large"),
]
DEPTHS = [("", "not said"), ("superficial", "superficial"), ("deep", "deep")]


def said(areas: Iterable[str], titles: Titles) -> str:
    """List areas in words."""
    words = " and ".join(titles.of("areas", area) for area in areas)
    return words[:1].upper() + words[1:]
