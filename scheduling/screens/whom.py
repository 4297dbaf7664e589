"""With whom: the field that offers practitioners, of the site that is chosen, as free times do."""

from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from unfold.widgets import UnfoldAdminSelectWidget

from scheduling import catalogue
from scheduling.models import Practitioner, Resource, Site
from scheduling.screens import door

FIRST = "first"
"""Stands for the first site, where a page shows that one when none is named."""


def working_at(sites: Collection[int], *, retired: bool = False) -> dict[int, tuple[int, ...]]:
    """Map each practitioner to those of some sites where they have hours: free times ask the same.

    `retired` takes in those who work nowhere any more, for lists of days that are over.
    """
    ground = catalogue.current()
    found = {
        thing.id: tuple(site for site in sites if thing.works_at(site))
        for thing in ground.resources.values()
        if thing.kind == Resource.Kind.PRACTITIONER and (thing.active or retired)
    }
    return {practitioner: there for practitioner, there in found.items() if there}


class WhomSelect(UnfoldAdminSelectWidget):
    """Says of each practitioner at which sites, so that the page can follow the site's picker."""

    at: Mapping[int, tuple[int, ...]] = {}
    site_id: int | None = None

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Hang the sites on the option; who is not at the chosen site is not offered."""
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        row = getattr(value, "instance", None)
        if row is not None:
            there = self.at.get(row.pk, ())
            option["attrs"]["data-sites"] = " ".join(map(str, there))
            if self.site_id is not None and self.site_id not in there:
                option["attrs"] |= {"hidden": True, "disabled": True}
        return option


class WhomField(forms.ModelChoiceField):
    """A practitioner who works at the chosen site; where none is chosen, sites stand beside names."""

    widget: WhomSelect
    site_id: int | None = None
    sites: Mapping[int, str] = {}
    at: Mapping[int, tuple[int, ...]] = {}

    def __init__(self, **facts: Any) -> None:
        """Begin with nobody: who is offered depends on the form."""
        said = {"elsewhere": "This practitioner does not work at that site. Choose somebody else."}
        super().__init__(
            Practitioner.objects.none(),
            widget=WhomSelect,
            error_messages=said,
            **facts,
        )

    def offer(self, sites: QuerySet[Site], chosen: Any, *, retired: bool = False) -> None:
        """Offer those of a chosen site (an id as it was said, or FIRST), else of all of them."""
        self.sites = {site.pk: str(site) for site in sites}
        first = next(iter(self.sites), None)
        wanted = first if chosen == FIRST else door.whole(str(chosen or ""))
        only = first if len(self.sites) == 1 else None
        self.site_id = wanted if wanted in self.sites else only
        self.at = working_at(self.sites, retired=retired)
        self.widget.at, self.widget.site_id = self.at, self.site_id
        self.queryset = Practitioner.objects.filter(pk__in=self.at)

    def label_from_instance(self, obj: Practitioner) -> str:
        """Name the sites of who does not work at all of them, where none is chosen."""
        there = self.at.get(obj.pk, ())
        if self.site_id is not None or len(there) == len(self.sites):
            return str(obj)
        return f"{obj} ({', '.join(self.sites[site] for site in there)})"

    def clean(self, value: Any) -> Any:
        """Refuse who does not work at the chosen site."""
        found = super().clean(value)
        if found and self.site_id is not None and self.site_id not in self.at[found.pk]:
            raise forms.ValidationError(self.error_messages["elsewhere"], code="elsewhere")
        return found


def offer(form: forms.Form, sites: QuerySet[Site], chosen: Any, *, retired: bool = False) -> None:
    """Fill a form's field of practitioners."""
    field = form.fields["practitioner"]
    assert isinstance(field, WhomField)  # noqa: S101 - for the type checker
    field.offer(sites, chosen, retired=retired)
