"""What is booked, and what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from scheduling.core.languages import Called
from scheduling.models.people import Patient
from scheduling.models.places import Resource, Skill

TOLD = ("name", "summary", "preparation", "aftercare", "bring")
"""What a patient reads about a treatment; each may be there in several languages."""


class Treatment(models.Model):
    """A procedure as the clinic offers it: minutes, preparation, needs.

    `procedure` is a clinical code of the protocol; its rules apply. Minutes are those of the
    visit itself, without preparation, in multiples of 5.
    """

    name = models.CharField(max_length=120, unique=True)
    procedure = models.SlugField(max_length=60, help_text="clinical code of the protocol")
    minutes_least = models.PositiveSmallIntegerField()
    minutes_default = models.PositiveSmallIntegerField()
    minutes_most = models.PositiveSmallIntegerField()
    summary = models.CharField(
        max_length=300,
        blank=True,
        help_text="in one or two plain sentences, what patients read when they book it themselves",
    )
    preparation = models.TextField(blank=True, help_text="what the patient does before")
    aftercare = models.TextField(blank=True)
    bring = models.TextField(blank=True, help_text="what the patient brings along")
    asks_area = models.BooleanField(default=True, help_text="area, size and depth are asked")
    self_booking = models.BooleanField(
        "patients may book it themselves", default=False, help_text="on their own pages"
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="treatment_minutes_in_order",
                condition=Q(minutes_least__gte=5)
                & Q(minutes_least__lte=F("minutes_default"))
                & Q(minutes_default__lte=F("minutes_most"))
                & Q(minutes_most__lte=720),
            ),
            *(
                models.CheckConstraint(
                    name=f"treatment_{field}_on_grid",
                    condition=Q(**{f"{field}__in": list(range(5, 725, 5))}),
                )
                for field in ("minutes_least", "minutes_default", "minutes_most")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def told(self, language: str) -> "Told":
        """Give the texts in a language; what is not there in it is in the clinic's own.

        The treatment's own fields are in the clinic's language (`LANGUAGE_CODE`).
        """
        own = settings.LANGUAGE_CODE[:2]
        there = next((text for text in self.texts.all() if text.language == language), None)
        said, spoken = {}, {}
        for name in TOLD:
            theirs: str = getattr(there, name, "")
            said[name] = theirs or getattr(self, name)
            spoken[name] = language if theirs else own
        name = Called(said.pop("name"), spoken=spoken["name"], page=language)
        return Told(name=name, **said, languages=spoken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a patient reads about a treatment, and in which language each of it is there."""

    name: Called
    summary: str
    preparation: str
    aftercare: str
    bring: str
    languages: Mapping[str, str]


class TreatmentText(models.Model):
    """What a patient reads about a treatment, in a language other than the clinic's own."""

    treatment = models.ForeignKey(Treatment, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=2, choices=Patient.Language)
    name = models.CharField(max_length=120, blank=True)
    summary = models.CharField(
        max_length=300, blank=True, help_text="in one or two plain sentences"
    )
    preparation = models.TextField(blank=True, help_text="what the patient does before")
    aftercare = models.TextField(blank=True)
    bring = models.TextField(blank=True, help_text="what the patient brings along")

    class Meta:
        ordering = ["treatment_id", "language"]
        constraints = [
            models.UniqueConstraint(
                name="treatment_told_once_a_language", fields=["treatment", "language"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.treatment} in {self.get_language_display()}"


class Need(models.Model):
    """One resource that a visit holds, and when, relative to the visit.

    Held from `from_min` minutes after the visit's start (negative: before, as for numbing) until
    `until_min` minutes after its end (positive: cleaning). Needs of a treatment are all held
    (AND), except that needs sharing a `choice` number are alternatives (OR).
    """

    treatment = models.ForeignKey(Treatment, on_delete=models.CASCADE, related_name="needs")
    kind = models.CharField(max_length=12, choices=Resource.Kind)
    skill = models.ForeignKey(
        Skill, on_delete=models.PROTECT, null=True, blank=True, related_name="needs"
    )
    from_min = models.SmallIntegerField(default=0)
    until_min = models.SmallIntegerField(default=0)
    choice = models.PositiveSmallIntegerField(
        default=0, help_text="needs that share a number above 0 are alternatives"
    )

    class Meta:
        ordering = ["treatment_id", "choice", "kind", "pk"]
        constraints = [
            models.CheckConstraint(
                name="need_on_grid",
                condition=Q(from_min__in=list(range(-240, 245, 5)))
                & Q(until_min__in=list(range(-240, 245, 5))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.skill or ''} {self.from_min:+}/{self.until_min:+}"
