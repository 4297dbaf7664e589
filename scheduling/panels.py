"""What upper floors show on the ground floor's pages, registered from their `apps.py`.

The patient page and the diary draw whatever stands here; nobody imports upward to show something.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Render = Callable[[Any, Mapping[str, Any]], str]
"""Takes the page's subject (a Patient, an Appointment, an Absence, a User) and the page's context;
answers HTML that is already escaped (`format_html` or a template), empty for nothing to show. At
the place `phone` it is a Patient, and stands beside the number that somebody is about to ring."""

PLACES = frozenset({"patient", "phone", "appointment", "absence", "at-once", "dashboard"})


@dataclass(frozen=True, slots=True)
class Panel:
    """One box on a page; lower `order` stands higher."""

    order: int
    name: str
    render: Render


_panels: dict[str, dict[str, Panel]] = {place: {} for place in sorted(PLACES)}


def add(place: str, order: int, render: Render) -> None:
    """Show `render` at `place`; adding the same function again replaces it.

    Raises:
        ValueError: there is no such place.

    """
    if place not in PLACES:
        raise ValueError(f"no page has the place “{place}”")
    name = f"{render.__module__}.{render.__qualname__}"
    _panels[place][name] = Panel(order, name, render)


def drawn(place: str, subject: object, context: Mapping[str, Any]) -> list[str]:
    """Draw every panel of a place for a subject, in order, leaving out the empty ones."""
    panels = sorted(_panels[place].values(), key=lambda p: (p.order, p.name))
    return [html for panel in panels if (html := panel.render(subject, context))]


Marks = Callable[[Sequence[Any]], Mapping[int, str]]
"""Takes the appointments of a list and answers, by pk, a short escaped HTML for each that has
something to say; it makes a fixed number of queries, however many appointments there are."""

Hints = Callable[[Sequence[Any], Mapping[str, Any]], Mapping[int, str]]
"""Takes the visits of some days of the diary, each with `pk`, `patient_id`, `series_id`, `seq` and
`local_date`, and the page's context; answers, by pk, a few plain words for each that has something
to say, in one query however many visits there are."""

_hints: dict[str, tuple[int, Hints]] = {}


def add_hints(order: int, read: Hints) -> None:
    """Say something in plain words about each visit of the diary; the same again replaces it."""
    _hints[f"{read.__module__}.{read.__qualname__}"] = (order, read)


def hints(visits: Sequence[Any], context: Mapping[str, Any]) -> dict[int, list[str]]:
    """Answer what upper floors hint at for each visit, by pk, in order."""
    said: dict[int, list[str]] = {}
    for _, _, read in sorted((order, name, read) for name, (order, read) in _hints.items()):
        for pk, words in read(visits, context).items():
            said.setdefault(pk, []).append(words)
    return said


_marks: dict[str, tuple[int, Marks]] = {}


def add_marks(order: int, read: Marks) -> None:
    """Say something short about each visit of a day list; adding the same again replaces it."""
    _marks[f"{read.__module__}.{read.__qualname__}"] = (order, read)


def marks(appointments: Sequence[Any]) -> dict[int, list[str]]:
    """Answer what upper floors say about each visit, by pk, in order."""
    said: dict[int, list[str]] = {}
    for _, _, read in sorted((order, name, read) for name, (order, read) in _marks.items()):
        for pk, html in read(appointments).items():
            said.setdefault(pk, []).append(html)
    return said
