"""The templates that come with the program: data with sources, for a clinic to begin from."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from plans.core.course import Unit
from plans.models import PlanTemplate
from plans.templates.keeping import create
from plans.templates.values import Draft, LagDraft, StepDraft
from scheduling import catalogue
from scheduling.core.words import Actor
from scheduling.errors import Malformed, Refused


@dataclass(slots=True, kw_only=True)
class Loaded:
    """What became of the shipped templates, by code.

    `kept` were there already, whatever the clinic made of them; `waiting` name the procedures for
    which the clinic offers no treatment yet; `refused` say why they could not be kept: the clinic's
    own protocol could not satisfy them, or another template has their name.
    """

    added: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)


@cache
def shipped_document() -> dict[str, Any]:
    """Read the shipped templates as their JSON document; not to be changed."""
    text = files("plans").joinpath("data/templates.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def load_shipped(*, by: Actor, now: datetime) -> Loaded:
    """Make the shipped templates whose procedures the clinic offers; a second run adds the rest.

    One that is there is never touched, neither changed nor brought back when it was retired.
    """
    offers = _offers()
    there = set(PlanTemplate.objects.values_list("code", flat=True))
    loaded = Loaded()
    for row in shipped_document()["templates"]:
        if row["code"] in there:
            loaded.kept.append(row["code"])
        elif missing := {step["procedure"] for step in row["steps"]} - set(offers):
            loaded.waiting[row["code"]] = sorted(missing)
        else:
            _load(draft_from(row, offers), loaded, by=by, now=now)
    return loaded


def _load(draft: Draft, loaded: Loaded, *, by: Actor, now: datetime) -> None:
    try:
        create(draft=draft, by=by, now=now)
    except Refused as error:
        loaded.refused[draft.code] = [reason.sentence for reason in error.reasons]
    except Malformed as error:
        loaded.refused[draft.code] = [error.sentence]
    else:
        loaded.added.append(draft.code)


def _offers() -> dict[str, int]:
    """Name the treatment for each procedure: the first that the clinic entered and still offers."""
    active = (offer for offer in catalogue.current().treatments.values() if offer.active)
    newest_first = sorted(active, key=lambda offer: -offer.id)
    return {offer.procedure: offer.id for offer in newest_first}


def draft_from(row: dict[str, Any], offers: dict[str, int]) -> Draft:
    """Read one row of the document, with the clinic's treatment for each procedure."""
    return Draft(
        code=row["code"],
        name=row["name"],
        indication=row["indication"],
        note=row["note"],
        source=row["source"],
        sureness=row["sureness"],
        steps=tuple(
            StepDraft(
                name=step["name"],
                treatment_id=offers[step["procedure"]],
                repeat=step.get("repeat", 1),
                same_practitioner=step.get("same_practitioner", False),
                optional=step.get("optional", False),
                lags=tuple(_lag(number, lag) for lag in step.get("lags", ())),
            )
            for number, step in enumerate(row["steps"], start=1)
        ),
    )


def _lag(number: int, lag: dict[str, Any]) -> LagDraft:
    return LagDraft(
        after=number if lag["after"] == "self" else lag["after"],
        least=lag.get("least", 0),
        target=lag.get("target"),
        most=lag.get("most"),
        unit=Unit(lag.get("unit", "days")),
    )
