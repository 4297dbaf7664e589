"""Patients, and the dated clinical facts about them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from phonenumber_field.modelfields import PhoneNumberField

from scheduling.models.places import known_zone


class Patient(models.Model):
    """A person who is treated.

    `search_key` is made in Python: casefolded and unaccented names, phones without blanks and the
    birth date, so that any of them finds the patient.
    """

    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        SPANISH = "es", "Spanish"
        ARABIC = "ar", "Arabic"

    class Channel(models.TextChoices):
        BOTH = "both", "e-mail and SMS"
        EMAIL = "email", "e-mail only"
        SMS = "sms", "SMS only"
        NONE = "none", "no messages"

    class Fitzpatrick(models.IntegerChoices):
        I = 1, "I - always burns"  # noqa: E741 - the scale's own numerals
        II = 2, "II - usually burns"
        III = 3, "III - sometimes burns"
        IV = 4, "IV - rarely burns"
        V = 5, "V - very rarely burns"
        VI = 6, "VI - never burns"

    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    birth_date = models.DateField(null=True, blank=True)
    phone = PhoneNumberField(blank=True)
    other_phone = PhoneNumberField(blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=5, choices=Language, default=Language.ENGLISH)
    zone = models.CharField(
        max_length=64,
        blank=True,
        validators=[known_zone],
        help_text="only when the patient lives in another zone than the clinic",
    )
    channel = models.CharField("messages by", max_length=5, choices=Channel, default=Channel.BOTH)
    fitzpatrick = models.PositiveSmallIntegerField(
        "Fitzpatrick type", choices=Fitzpatrick, null=True, blank=True
    )
    guardian = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="wards"
    )
    do_not_contact = models.BooleanField(default=False)
    deceased_on = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)
    search_key = models.TextField(default="", editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    provisional = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="stands for somebody new while a start is held; has no name, and goes with it",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["family_name", "given_name", "pk"]
        indexes = [
            GinIndex(OpClass(F("search_key"), name="gin_trgm_ops"), name="patient_search_trgm"),
        ]
        constraints = [
            models.CheckConstraint(
                name="fitzpatrick_is_1_to_6",
                condition=Q(fitzpatrick__isnull=True) | Q(fitzpatrick__range=(1, 6)),
            ),
            models.CheckConstraint(
                name="patient_not_own_guardian",
                condition=Q(guardian__isnull=True) | ~Q(guardian=F("pk")),
            ),
        ]

    def __str__(self) -> str:
        # by the name alone: lists read no more of a patient than they show
        return f"{self.given_name} {self.family_name}".strip() or "somebody new"


class Convenience(models.Model):
    """When a patient can best come, as the patient said: `weekdays` (0 is Monday), parts of the day.

    A wish, no rule. Nothing said means that any day, or any time, will do.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="convenience")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    parts = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "convenience"
        ordering = ["patient_id"]

    def __str__(self) -> str:
        return f"wishes of patient {self.patient_id}"


class TwoPeople(models.Model):
    """Two patients who look like one person, and of whom somebody has said that they are not.

    They are kept in the order of their keys, so that a pair is said once.
    """

    one = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    two = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    said_at = models.DateTimeField()
    said_by = models.CharField(max_length=160)

    class Meta:
        verbose_name = "two people who look alike"
        verbose_name_plural = "two people who look alike"
        ordering = ["-said_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="two_people_in_order", condition=Q(one__lt=F("two"))),
            models.UniqueConstraint(name="two_people_said_once", fields=["one", "two"]),
        ]

    def __str__(self) -> str:
        return f"patients {self.one_id} and {self.two_id}"


class Record(models.Model):
    """A dated clinical fact: consultation, patch test, consent, isotretinoin, sun, healed ...

    Which fields a type uses is the protocol's (`record_types`). An empty `end_date` means
    ongoing. `start` and `end` are instants, for the types that count hours.
    """

    class Kind(models.TextChoices):
        CONSULTATION = "consultation", "Consultation"
        CONSENT = "consent", "Consent"
        PATCH_TEST = "patch_test", "Patch test"
        HEALED = "healed", "Healed sign-off"
        ISOTRETINOIN = "isotretinoin", "Isotretinoin"
        SUN_EXPOSURE = "sun_exposure", "Sun or sunbed"
        FAKE_TAN = "fake_tan", "Fake tan"
        WAXING = "waxing", "Waxing, plucking, threading"
        PREGNANCY = "pregnancy", "Pregnancy"
        BREASTFEEDING = "breastfeeding", "Breastfeeding"
        ACTIVE_INFECTION = "active_infection", "Cold sore or infection"
        PHOTOSENSITISING_DRUG = "photosensitising_drug", "Photosensitising drug"
        DENTAL_OR_VACCINE = "dental_or_vaccine", "Dental work or vaccine"
        ADVERSE_EVENT = "adverse_event", "Adverse event"
        DOCTOR_DIRECTED = "doctor_directed", "Directed by a doctor"
        PRIOR_SESSION = "prior_session", "Session done elsewhere"

    class AdverseEvent(models.TextChoices):
        SWELLING = "swelling", "Swelling"
        SCARRING = "scarring", "Scarring"
        BACTERIAL_INFECTION = "bacterial_infection", "Bacterial infection"
        PIGMENT_CHANGE = "pigment_change", "Pigment change"
        BURN = "burn", "Burn"
        OTHER = "other", "Other"

    class DrugClass(models.TextChoices):
        PDT = "pdt", "Photodynamic therapy agent"
        HIGH = "high", "High: amiodarone, minocycline, St John’s wort"
        OTHER = "other", "Other"

    class Result(models.TextChoices):
        CLEAR = "clear", "No reaction"
        REACTION = "reaction", "Reaction"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="records")
    kind = models.CharField("type", max_length=24, choices=Kind)
    start = models.DateTimeField(null=True, blank=True)
    end = models.DateTimeField(null=True, blank=True)
    start_date = models.DateField(null=True, blank=True)
    end_date = models.DateField(null=True, blank=True, help_text="last day; empty while it goes on")
    zone = models.CharField(max_length=64, blank=True, validators=[known_zone])
    areas = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    procedure = models.SlugField(max_length=60, blank=True)
    size = models.CharField(max_length=8, blank=True)
    depth = models.CharField(max_length=12, blank=True)
    code = models.CharField("adverse event", max_length=24, choices=AdverseEvent, blank=True)
    drug_class = models.CharField(max_length=8, choices=DrugClass, blank=True)
    result = models.CharField(max_length=10, choices=Result, blank=True)
    note = models.TextField(blank=True)
    appointment = models.ForeignKey(
        "scheduling.Appointment",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="records",
    )
    recorded_by = models.ForeignKey(
        "auth.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(
        null=True, blank=True, help_text="entered in error: kept, but counts no longer"
    )
    reported_by_patient = models.BooleanField(
        default=False, help_text="the patient's own answer; it counts before a clinician reads it"
    )
    submission = models.ForeignKey(
        "scheduling.Submission",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="records",
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["patient", "kind"], name="record_by_patient"),
            models.Index(
                fields=["created_at"],
                name="record_to_review",
                condition=Q(
                    reported_by_patient=True, reviewed_at__isnull=True, withdrawn_at__isnull=True
                ),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="record_dates_in_order",
                condition=(
                    Q(start_date__isnull=True)
                    | Q(end_date__isnull=True)
                    | Q(start_date__lte=F("end_date"))
                )
                & (Q(start__isnull=True) | Q(end__isnull=True) | Q(start__lte=F("end"))),
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
