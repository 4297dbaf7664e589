"""Where visits happen and what they occupy."""

import re
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from phonenumber_field.modelfields import PhoneNumberField


def known_zone(name: str) -> None:
    """Refuse a time zone that the IANA database does not hold."""
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not an IANA time zone, such as Europe/London.")


def sms_sender(name: str) -> None:
    """Refuse what no network takes as the sender of a text.

    A number in E.164, an alphanumeric sender (3GPP TS 23.040: up to 11 characters, and at least
    one letter, or it would be a number), or the id of a messaging service.
    """
    number, service = r"\+[1-9][0-9]{6,14}", r"MG[0-9a-f]{32}"
    word = r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}"
    if not re.fullmatch(f"{number}|{service}|{word}", name):
        raise ValidationError(
            f"“{name}” is no sender: a number such as +442079460000, or up to 11 letters and digits."
        )


class Grounds(models.Model):
    """One row that counts every change of the catalogue.

    Sites, hours, absences, capabilities, treatments, protocol: database triggers raise it, so a
    memo of the catalogue is valid exactly while `version` stands, whoever made the change and by
    whatever road.
    """

    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(name="grounds_is_one_row", condition=Q(pk=1))]

    def __str__(self) -> str:
        return f"grounds {self.version}"


class Site(models.Model):
    """One address of the clinic, with its IANA time zone and its country's public holidays."""

    class Step(models.IntegerChoices):
        FIVE = 5, "every 5 minutes"
        TEN = 10, "every 10 minutes"
        FIFTEEN = 15, "every 15 minutes"

    class CareEmail(models.TextChoices):
        LINK = "link", "only a link to it"
        FULL = "full", "the whole text"

    name = models.CharField(max_length=120, unique=True)
    zone = models.CharField(
        max_length=64, validators=[known_zone], help_text="IANA name, such as Europe/London"
    )
    country = models.CharField(
        max_length=2,
        validators=[RegexValidator(r"^[A-Z]{2}$", "Two capital letters (ISO 3166-1).")],
        help_text="ISO 3166-1, such as GB; decides public holidays and how phone numbers are read",
    )
    subdivision = models.CharField(
        max_length=6, blank=True, help_text="ISO 3166-2 without the country, such as ENG"
    )
    closed_on_holidays = models.BooleanField(default=True)
    address = models.TextField(blank=True)
    phone = PhoneNumberField(blank=True)
    email = models.EmailField(blank=True)
    sms_sender = models.CharField(
        "SMS sender",
        max_length=34,
        blank=True,
        validators=[sms_sender],
        help_text="whom a text seems to come from: a number such as +442079460000, a name of up to"
        " 11 letters and digits, or a messaging service (MG…); empty: the house's own",
    )
    sms_inbound = PhoneNumberField(
        "number for replies",
        blank=True,
        help_text="where this site's patients send texts, if it is not the sender",
    )
    email_from = models.EmailField(
        "From address", blank=True, help_text="whom an e-mail comes from; empty: the house's own"
    )
    step_minutes = models.PositiveSmallIntegerField(
        choices=Step, default=Step.FIFTEEN, help_text="starts lie on these wall-clock minutes"
    )
    notice_minutes = models.PositiveIntegerField(
        default=0, help_text="a visit is booked at least this long before it starts"
    )
    horizon_days = models.PositiveSmallIntegerField(
        default=366,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text="a visit is booked at most this many days ahead",
    )
    cancel_notice_hours = models.PositiveSmallIntegerField(
        default=24, help_text="patients cancel by their link at least this long before"
    )
    out_of_hours_phone = PhoneNumberField(
        "out-of-hours number", blank=True, help_text="what a patient rings when something is wrong"
    )
    on_call_phone = PhoneNumberField(
        "clinician on call",
        blank=True,
        help_text="gets an SMS when a patient says that it is worse, at any hour",
    )
    care_email = models.CharField(
        "advice by e-mail",
        max_length=4,
        choices=CareEmail,
        default=CareEmail.LINK,
        help_text="SMS never hold more than a link",
    )
    offers_automatic = models.BooleanField(
        "offers free times by itself",
        default=False,
        help_text="a cancelled time is offered to those who wait, one after another",
    )
    offer_minutes = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(1440)],
        help_text="how long an offer waits for an answer",
    )
    offers_a_day = models.PositiveSmallIntegerField(
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text="how many a patient gets a day at most",
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="site_step_is_5_10_or_15", condition=Q(step_minutes__in=[5, 10, 15])
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Skill(models.Model):
    """A word of the clinic's own for what a resource can do, such as “operates fractional CO2”."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Resource(models.Model):
    """What a visit occupies: a practitioner, a room or a device.

    `diary_version` rises with every change of the resource's allocations; a memo of its
    timeline is valid exactly while it stands.
    """

    class Kind(models.TextChoices):
        PRACTITIONER = "practitioner", "practitioner"
        ROOM = "room", "room"
        DEVICE = "device", "device"

    kind = models.CharField(max_length=12, choices=Kind)
    name = models.CharField(max_length=120)
    site = models.ForeignKey(
        Site,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="resources",
        help_text="where a room or device stands; a practitioner works where the opening hours say",
    )
    user = models.OneToOneField(
        "auth.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="practitioner"
    )
    follows_site_hours = models.BooleanField(
        default=False,
        help_text="open whenever its site is; otherwise no hours of its own means closed",
    )
    active = models.BooleanField(default=True)
    diary_version = models.BigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["kind", "name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="room_or_device_has_one_site",
                condition=Q(kind="practitioner", site__isnull=True)
                | Q(kind__in=["room", "device"], site__isnull=False),
            ),
            models.CheckConstraint(
                name="practitioner_has_own_hours",
                condition=~Q(kind="practitioner", follows_site_hours=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class _OfKind(models.Manager[Any]):
    """Only the resources of one kind."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(kind=self._kind)


class Practitioner(Resource):
    """A resource who treats patients."""

    objects: ClassVar[models.Manager[Any]] = _OfKind(Resource.Kind.PRACTITIONER)

    class Meta:
        proxy = True


class Room(Resource):
    """A resource with walls."""

    objects: ClassVar[models.Manager[Any]] = _OfKind(Resource.Kind.ROOM)

    class Meta:
        proxy = True


class Device(Resource):
    """A resource with a plug: a laser, a light, a cooling unit."""

    objects: ClassVar[models.Manager[Any]] = _OfKind(Resource.Kind.DEVICE)

    class Meta:
        proxy = True


class Capability(models.Model):
    """What a resource can do and for how long: credentials lapse, certificates expire.

    Dates are the local dates of the visit, both inclusive; an empty end does not lapse.
    """

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="capabilities")
    skill = models.ForeignKey(Skill, on_delete=models.PROTECT, related_name="capabilities")
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="last day that counts")
    note = models.CharField(max_length=200, blank=True, help_text="certificate, register number")

    class Meta:
        verbose_name_plural = "capabilities"
        ordering = ["resource_id", "skill_id", "valid_from", "pk"]
        constraints = [
            models.CheckConstraint(
                name="capability_dates_in_order",
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_from__lte=F("valid_until")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.skill} ({self.resource})"


class OpeningHours(models.Model):
    """Weekly wall-clock hours of a site, or of a resource at a site.

    `closes` at or before `opens` runs past midnight; 00:00 to 00:00 is the whole day. A row of
    purpose `lunch` closes instead of opening.
    """

    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    class Purpose(models.TextChoices):
        OPEN = "open", "open"
        LUNCH = "lunch", "lunch break"

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="hours")
    resource = models.ForeignKey(
        Resource,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="hours",
        help_text="empty for the hours of the site itself",
    )
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.TimeField()
    closes = models.TimeField()
    purpose = models.CharField(max_length=5, choices=Purpose, default=Purpose.OPEN)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="last day that counts")

    class Meta:
        verbose_name_plural = "opening hours"
        ordering = ["site_id", "resource_id", "weekday", "opens", "pk"]
        constraints = [
            models.CheckConstraint(name="weekday_is_0_to_6", condition=Q(weekday__range=(0, 6))),
            models.CheckConstraint(
                name="hours_dates_in_order",
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_from__lte=F("valid_until")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"


class Absence(models.Model):
    """A dated stretch in which a resource, or a whole site, is not there."""

    class Cause(models.TextChoices):
        LEAVE = "leave", "leave"
        SICK = "sick", "sick"
        TRAINING = "training", "training"
        DOWNTIME = "downtime", "device downtime"
        CLOSURE = "closure", "closure"

    resource = models.ForeignKey(
        Resource, on_delete=models.CASCADE, null=True, blank=True, related_name="absences"
    )
    site = models.ForeignKey(
        Site, on_delete=models.CASCADE, null=True, blank=True, related_name="absences"
    )
    cause = models.CharField(max_length=10, choices=Cause)
    start = models.DateTimeField()
    end = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["start", "pk"]
        constraints = [
            models.CheckConstraint(name="absence_has_length", condition=Q(start__lt=F("end"))),
            models.CheckConstraint(
                name="absence_is_of_resource_or_site",
                condition=Q(resource__isnull=False, site__isnull=True)
                | Q(resource__isnull=True, site__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_cause_display()}: {self.resource or self.site}"
