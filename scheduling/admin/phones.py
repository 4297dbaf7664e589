"""Telephone numbers on forms, read by the register as every other edge reads them."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from scheduling import register
from scheduling.errors import Malformed
from scheduling.screens.frame import PlainForm


class PhonesForm(PlainForm):
    """A form whose `phones` may be written as people dial them in `dialled_in`; they become E.164.

    The register knows more numbers than the model's field does: those set aside for drama.
    """

    phones: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what is typed as it is."""
        super().__init__(*args, **kwargs)
        for name in self._shown():
            asked = self.fields[name]
            self.fields[name] = forms.CharField(
                required=asked.required,
                label=asked.label,
                help_text=asked.help_text,
                widget=UnfoldAdminTextInputWidget,
            )

    def dialled_in(self) -> Sequence[str]:
        """Name the countries in which a number without a country's code may be dialled."""
        raise NotImplementedError

    def _shown(self) -> list[str]:
        return [name for name in self.phones if name in self.fields]

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        for name in self._shown():
            if said := (self.cleaned_data.get(name) or "").strip():
                try:
                    number = register.phone_of(said, countries=self.dialled_in())
                except Malformed as error:
                    self.add_error(name, error.sentence)
                else:
                    self.cleaned_data[name] = number.as_e164

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded | set(self.phones)
