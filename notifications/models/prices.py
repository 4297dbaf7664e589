"""What one segment of a text costs the clinic: figures of its own, each with its source."""

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from scheduling.models import Site


class SmsPrice(models.Model):
    """The price of one segment, at one site or in a country, from a local date on.

    A site's own price goes before its country's. Fallow ships none: whoever pays enters what
    their provider's price list or bill says, and where it says so.
    """

    site = models.ForeignKey(
        Site, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    country = models.CharField(
        max_length=2,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}$", "Two capital letters (ISO 3166-1).")],
        help_text="ISO 3166-1, for all sites there that have no price of their own",
    )
    price = models.DecimalField(
        "price of a segment", max_digits=9, decimal_places=5, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}$", "Three capital letters (ISO 4217).")],
        help_text="ISO 4217, such as GBP",
    )
    valid_from = models.DateField(help_text="the first local date on which it counts")
    source = models.TextField(help_text="the price list or bill that says so, and its date")
    changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    changed_by = models.CharField(max_length=160, blank=True, editable=False)

    class Meta:
        verbose_name = "SMS price"
        ordering = ["country", "site_id", "-valid_from", "pk"]
        constraints = [
            models.CheckConstraint(
                name="sms_price_of_site_or_country",
                condition=Q(site__isnull=False, country="") | Q(site__isnull=True) & ~Q(country=""),
                violation_error_message="A price is that of a site or of a country.",
            ),
            models.CheckConstraint(
                name="sms_price_has_a_source",
                condition=~Q(source=""),
                violation_error_message="Say where the price comes from.",
            ),
            models.CheckConstraint(
                name="sms_price_not_negative",
                condition=Q(price__gte=0),
                violation_error_message="A price is not negative.",
            ),
            models.UniqueConstraint(
                name="sms_price_once_a_date",
                fields=["site", "country", "valid_from"],
                nulls_distinct=False,
                violation_error_message="There is a price from that date on already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.price.normalize():f} {self.currency}"
