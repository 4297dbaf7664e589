"""A form for the figures of one section of a protocol, made from the figures themselves."""

from collections.abc import Iterable
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from scheduling.core.figures import Figure, Section, Sort
from scheduling.core.words import Severity

SEVERITIES = [
    (Severity.HARD.value, "hard: nobody overrides it"),
    (Severity.OVERRIDE.value, "override: a named clinician may, with a reason"),
    (Severity.ADVISORY.value, "advisory: shown, never blocks"),
]
SURENESS = [
    ("seed", "seed: the article that the project started from"),
    ("law", "law"),
    ("A", "A: law, regulator, label, trial or consensus"),
    ("B", "B: reviewed paper, NHS or large hospital"),
    ("C", "C: one clinic or expert (weak)"),
    ("D", "D: no source, an assumption (weak)"),
]


class FiguresForm(forms.Form):
    """One field a figure; `changed_figures` are those that the user touched, by key."""

    def __init__(self, section: Section, *args: Any, **kwargs: Any) -> None:
        """Build the fields."""
        super().__init__(*args, **kwargs)
        self.figures = section.figures
        for figure in section.figures:
            self.fields[figure.key] = _field(figure)

    def rows(self) -> list[list[forms.BoundField]]:
        """Put side by side what belongs together: a tier, the three figures of a recovery."""
        together: dict[str, list[forms.BoundField]] = {}
        for figure in self.figures:
            group, _, member = figure.key.rpartition("/")
            if group.count("/") == 1 and member.endswith(("source", "sureness")):
                group = f"{group}/{member.removesuffix('source').removesuffix('sureness')}said"
            together.setdefault(group, []).append(self[figure.key])
        return list(together.values())

    def changed_figures(self) -> dict[str, Any]:
        """Map the keys of touched figures to their new values; an emptied one is None."""
        said = {
            figure.key: _value(figure, self.cleaned_data[figure.key]) for figure in self.figures
        }
        was = {figure.key: figure.value for figure in self.figures}
        return {key: value for key, value in said.items() if value != was[key]}


def _value(figure: Figure, said: Any) -> Any:
    return None if figure.optional and said == "" else said


def _field(figure: Figure) -> forms.Field:
    label = figure.label[:1].upper() + figure.label[1:]
    common: dict[str, Any] = {
        "label": label,
        "required": not figure.optional and figure.sort is not Sort.FLAG,
        "initial": figure.value,
    }
    match figure.sort:
        case Sort.NUMBER:
            return forms.IntegerField(
                min_value=0, max_value=9999, widget=UnfoldAdminIntegerFieldWidget, **common
            )
        case Sort.FLAG:
            return forms.BooleanField(widget=UnfoldBooleanSwitchWidget, **common)
        case Sort.TEXT:
            return forms.CharField(widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), **common)
        case Sort.SEVERITY:
            return _choice(SEVERITIES, figure, common)
        case Sort.SURENESS:
            return _choice(SURENESS, figure, common)


def _choice(
    choices: Iterable[tuple[str, str]], figure: Figure, common: dict[str, Any]
) -> forms.ChoiceField:
    spare = [("", "none")] if figure.optional else []
    return forms.ChoiceField(choices=[*spare, *choices], widget=UnfoldAdminSelectWidget, **common)
