"""A course as a picture for a phone: sessions by their names, every other word beside it in HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.template.loader import render_to_string

from plans.courses import PlanView
from plans.picture import Frame, layout
from scheduling.core.dates import short_month

PHONE = Frame(name="phone", width=360, font=13, radius=8)
SIGNS = ("done", "booked", "proposed", "unplanned", "missed", "skipped")
ENGLISH = tuple(f"{date(2027, 1, 1) + timedelta(days=31 * n):%b}" for n in range(12))
"""The months as `plans.picture` labels them."""


@dataclass(frozen=True, slots=True)
class Key:
    """A sign of the picture and what it means."""

    kind: str
    text: str


def sketch(plan: PlanView, language: str, words: Mapping[str, Any]) -> str:
    """Draw a course for a phone in the page's language; safe to put into a page."""
    picture = layout(plan, PHONE)
    months = [
        (tick, short_month(ENGLISH.index(tick.label), language) if tick.label else "")
        for tick in picture.months
    ]
    used = {mark.kind for row in picture.rows for mark in row.marks}
    shades = {shade.kind for row in picture.rows for shade in row.shades}
    keys = [Key(kind, words["states"][kind]) for kind in SIGNS if kind in used]
    keys += [Key(kind, words[f"key_{kind}"]) for kind in ("least", "most") if kind in shades]
    of = plan.progress
    about = words["counts"].format(done=of.done, of=of.of, booked=of.booked)
    facts = {
        "p": picture,
        "months": months,
        "keys": keys,
        "about": words["picture"].format(about=about),
        "here": words["here"],
    }
    return render_to_string("plans/patient/sketch.html", facts)
