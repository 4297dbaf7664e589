"""A picture as SVG, by a template: everything that people typed is escaped there."""

from django.template.loader import render_to_string

from plans.courses import PlanView
from plans.picture.frames import FRAMES
from plans.picture.layout import layout
from plans.picture.values import Picture


def svg(picture: Picture) -> str:
    """Write a picture as SVG, safe to put into a page."""
    return render_to_string("plans/picture.svg", {"p": picture})


def drawn(plan: PlanView, *names: str) -> str:
    """Draw a plan once for each frame named; `plans/picture.css` shows the one that fits.

    Raises:
        KeyError: there is no such frame.

    """
    pictures = [layout(plan, FRAMES[name]) for name in names]
    return render_to_string("plans/pictures.html", {"pictures": pictures})
