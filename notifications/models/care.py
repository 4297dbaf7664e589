"""Rows of the care timeline: the clinic's own lines, what patients answered, who was recalled."""

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from notifications.core.care import Answer
from plans.models import Plan
from scheduling.models import Appointment, Patient, Record

ANSWERS = [(a.value, a.value) for a in Answer]
FARTHEST = 365
"""Days from a session beyond which no line lies."""


class CareNote(models.Model):
    """One line of the timeline: what is sent, how many local days from the session, to whom.

    `code` is stable; texts that the clinic has not written are those shipped under it. Days are
    negative before the session. What a condition leaves empty it does not ask; see
    `notifications.core.care`. `sureness` is that of the source, A to D, or `seed`.
    """

    class By(models.TextChoices):
        EMAIL = "email", "e-mail, else SMS"
        SMS = "sms", "SMS, else e-mail"
        BOTH = "both", "both"

    class Depth(models.TextChoices):
        SUPERFICIAL = "superficial", "superficial only"
        DEEP = "deep", "deep only"

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80, help_text="for the clinic; patients read the text below")
    day = models.SmallIntegerField(
        validators=[MinValueValidator(-FARTHEST), MaxValueValidator(FARTHEST)],
        help_text="local days from the session's date; negative before it",
    )
    until = models.SmallIntegerField(
        "of use until",
        validators=[MinValueValidator(-FARTHEST), MaxValueValidator(FARTHEST)],
        help_text="the last day, counted in the same way",
    )
    at = models.TimeField(
        "local time", default=time(10), help_text="by the site's clock; the day's earliest counts"
    )
    channel = models.CharField("by", max_length=5, choices=By, default=By.EMAIL)
    asks = models.BooleanField(
        "asks how it is", default=False, help_text="a check: better, same or worse"
    )
    procedures = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    areas = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    depth = models.CharField(max_length=12, choices=Depth, blank=True)
    record = models.CharField(
        "history of", max_length=24, choices=Record.Kind, blank=True, help_text="ended or not"
    )
    fitzpatrick_least = models.PositiveSmallIntegerField(
        "Fitzpatrick type from", choices=Patient.Fitzpatrick, null=True, blank=True
    )
    source = models.TextField(blank=True, help_text="where the figures come from")
    sureness = models.CharField(max_length=4, blank=True)
    active = models.BooleanField(default=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.CharField(max_length=160, blank=True)

    class Meta:
        verbose_name = "care note"
        ordering = ["day", "code"]
        constraints = [
            models.CheckConstraint(
                name="care_note_days_in_order",
                condition=Q(until__gte=F("day")) & (Q(day__gte=0) | Q(until__lt=0)),
            ),
            models.CheckConstraint(
                name="care_check_after_session", condition=Q(asks=False) | Q(day__gte=0)
            ),
            models.CheckConstraint(
                name="care_note_sureness",
                condition=Q(sureness__in=["", "A", "B", "C", "D", "seed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:+d} days: {self.name}"


class CareText(models.Model):
    """The clinic's own words of one line in one language."""

    note = models.ForeignKey(CareNote, on_delete=models.CASCADE, related_name="texts")
    # no choices: a language may be added to the house without touching these rows
    language = models.CharField(max_length=5)
    title = models.CharField(max_length=120)
    body = models.TextField("text")

    class Meta:
        verbose_name = "text"
        ordering = ["note_id", "language"]
        constraints = [
            models.UniqueConstraint(name="care_note_worded_once", fields=["note", "language"]),
        ]

    def __str__(self) -> str:
        return f"{self.language}: {self.title}"


class CareAnswer(models.Model):
    """What a patient answered to a check. Rows are only added; the newest counts.

    `day` is the check's, in local days from the session; `event` is the adverse event that a
    “worse” opened, or that was open when it came.
    """

    class Source(models.TextChoices):
        LINK = "link", "the page behind a link"
        REPLY = "reply", "a reply by SMS"

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="answers")
    told_version = models.PositiveIntegerField()
    day = models.SmallIntegerField()
    answer = models.CharField(max_length=6, choices=ANSWERS)
    said = models.TextField("in their words", blank=True)
    source = models.CharField(max_length=5, choices=Source)
    at = models.DateTimeField()
    event = models.ForeignKey(
        Record, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "answer to a check"
        verbose_name_plural = "answers to checks"
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="worse_has_an_event", condition=~Q(answer="worse") | Q(event__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:+d} days: {self.answer}"


class CarePhoto(models.Model):
    """A picture that came with an answer: drawn anew without what the phone wrote into it, sealed.

    `sealed` is a Fernet token of the JPEG; `notifications.care.photos` has the keys.
    """

    answer = models.ForeignKey(CareAnswer, on_delete=models.CASCADE, related_name="photos")
    sealed = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = "photo"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"photo {self.pk}"


class Recall(models.Model):
    """One occasion on which a patient was asked to come again: a session overdue, or upkeep due.

    `seq` is the overdue session's number, 0 for upkeep; `due_on` is the last local date on which
    it should have been, or the date from which upkeep is due. The constraint is what makes a
    recall go out once, however often it is looked for.
    """

    class Kind(models.TextChoices):
        OVERDUE = "overdue", "a session is overdue"
        UPKEEP = "upkeep", "upkeep is due"

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="recalls")
    kind = models.CharField(max_length=8, choices=Kind)
    seq = models.PositiveSmallIntegerField(default=0)
    due_on = models.DateField()
    at = models.DateTimeField()
    turn = models.PositiveIntegerField(
        default=0, db_default=0, help_text="how often the plan and its visits had changed by then"
    )

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="recalled_once_an_occasion", fields=["plan", "kind", "seq", "due_on"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.plan}"
