"""Forms of one question a page, as GOV.UK's patterns have them: errors on top and at the field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse

from scheduling.doors import Page, Visitor, language_of, show, words_of
from scheduling.doors.frame import Words
from scheduling.models import Site

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: `kind` is text, email, number, one (radio buttons) or some (boxes to tick)."""

    name: str
    label: str
    kind: str = "text"
    value: Any = ""
    hint: str = ""
    error: str = ""
    autocomplete: str = ""
    choices: Sequence[tuple[str, str]] = ()
    longest: int = LONGEST_NAME

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        """List the choices, each with whether it is taken."""
        taken = self.value if isinstance(self.value, list | tuple) else [self.value]
        return [(code, label, code in taken) for code, label in self.choices]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A page with a form: its title, fields, and where `back` leads."""

    title: str
    fields: Sequence[Field]
    back: str
    site_id: int | None = None
    lead: str = ""
    together: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def words_for(request: HttpRequest, visitor: Visitor) -> Words:
    """Read the words of these pages in the visitor's language."""
    return words_of("scheduling", "booking_page", language_of(request, visitor.patient))


def line(request: HttpRequest, name: str, longest: int = LONGEST_NAME) -> str:
    """Read one line of text as it was typed, without blanks around and control characters in it."""
    typed = "".join(letter for letter in request.POST.get(name, "") if letter.isprintable())
    return " ".join(typed.split())[:longest]


def ask(request: HttpRequest, visitor: Visitor, form: Form) -> HttpResponse:
    """Show a form; with errors they stand on top, each leading to its field."""
    words = words_for(request, visitor)
    errors = [(each.name, each.error) for each in form.fields if each.error]
    page = Page(
        template="scheduling/patient/form.html",
        title=f"{words['error_word']} {form.title}" if errors else form.title,
        words=words,
        patient=visitor.patient,
        site=Site.objects.filter(pk=form.site_id or 0).first(),
        facts={"form": form, "heading": form.title, "errors": errors, **form.facts},
    )
    return show(request, page)
