"""Several treatments for one visit to the clinic: those already chosen travel in the address."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import QueryDict

from scheduling.admin.wanted import WantedForm
from scheduling.booking.ask import Ask
from scheduling.core.words import Span
from scheduling.errors import Malformed
from scheduling.models import Site, Treatment
from scheduling.screens.door import start_in

MOST = 4
"""Treatments in one go; more is a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A treatment already chosen with its start, and its spelling in the address."""

    spelled: str
    ask: Ask
    treatment: Treatment
    site: Site

    @property
    def span(self) -> Span:
        """Answer the patient's time that it takes."""
        length = timedelta(minutes=self.ask.wish.minutes or self.treatment.minutes_default)
        start = self.ask.start.astimezone(UTC)
        return Span(start, start + length)

    @property
    def words(self) -> str:
        """Say it as “Filler, Tue 5 Jan 10:00”."""
        local = self.ask.start.astimezone(ZoneInfo(self.site.zone))
        return f"{self.treatment}, {local:%a} {local.day} {local:%b %H:%M}"


def items(data: QueryDict, patient_id: int, sites: QuerySet[Site]) -> list[Item]:
    """Read what was chosen before.

    Raises:
        Malformed: an item cannot be read, or there are too many.

    """
    spelled = data.getlist("with")
    if len(spelled) >= MOST:
        raise Malformed(f"At most {MOST} treatments are booked at once.")
    return [_item(text, patient_id, sites) for text in spelled]


def _item(text: str, patient_id: int, sites: QuerySet[Site]) -> Item:
    data = QueryDict(text)
    form = WantedForm(sites, data)
    if not form.is_valid() or "start" not in data:
        raise Malformed("A treatment chosen before could not be read. Please choose it again.")
    site: Site = form.cleaned_data["site"]
    ask = Ask(wish=form.wish(patient_id), start=start_in(data["start"], site.zone))
    return Item(spelled=text, ask=ask, treatment=form.cleaned_data["treatment"], site=site)


KEPT = ("treatment", "site", "area", "area_too", "size", "depth", "indication", "practitioner", "minutes", "encounter")  # fmt: skip


def spell(data: QueryDict, start: str) -> str:
    """Spell the visit on screen as an item, to go on with the next treatment."""
    out = QueryDict(mutable=True)
    for name in KEPT:
        if value := data.get(name):
            out[name] = str(value)
    out["start"] = start
    return out.urlencode()


def together(asks: Iterable[Ask], encounter: str) -> list[Ask]:
    """Give all asks the encounter that they were looked up with."""
    return [replace(ask, wish=replace(ask.wish, encounter=encounter)) for ask in asks]
