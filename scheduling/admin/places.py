"""Sites, practitioners, rooms, devices: what they can do, and when they are open."""

from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import ForeignKey, Model, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget

from scheduling import access, countries, register
from scheduling.admin.phones import PhonesForm
from scheduling.catalogue.closures import public_holidays
from scheduling.models import (
    Capability,
    Device,
    OpeningHours,
    Practitioner,
    Resource,
    Room,
    Site,
    Skill,
)
from scheduling.screens.frame import PlainForm, Rows, Screen, actor, now, pick, zone_choices

ON_CALL_SHARED = (
    "The on-call number is also a patient’s. Calls for help may be read by the wrong person: give "
    "the clinician on call a number of its own."
)

SOON = timedelta(days=60)
"""How early an ending credential is pointed out: time for a course and its certificate."""


class Hours(Rows):
    """Weekly hours and lunch breaks."""

    model = OpeningHours
    fields: ClassVar[list[str]] = [
        "weekday",
        "opens",
        "closes",
        "purpose",
        "valid_from",
        "valid_until",
    ]
    verbose_name = "weekly hours"
    verbose_name_plural = (
        "weekly hours (wall-clock time; closing at or before opening runs past midnight)"
    )


class SiteHours(Hours):
    """The hours of the house itself."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[OpeningHours]:
        """Leave out the hours of the people and things there."""
        return super().get_queryset(request).filter(resource=None)


class PractitionerHours(Hours):
    """Hours at each site where a practitioner works."""

    fields: ClassVar[list[str]] = ["site", *Hours.fields]
    site_paths = ("site",)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer the user's own sites."""
        if db_field.name == "site":
            kwargs["queryset"] = access.visible_sites(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class _WhereItStands(BaseInlineFormSet):
    """A room or device is open where it stands."""

    def save_new(self, form: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """Put new hours where the room or device stands once that is said."""
        form.instance.site_id = self.instance.site_id
        return super().save_new(form, commit=commit)


class StandingHours(Hours):
    """Own hours of a room or device."""

    formset = _WhereItStands


class Capabilities(Rows):
    """What a resource can do, and until when."""

    model = Capability
    fields: ClassVar[list[str]] = ["skill", "valid_from", "valid_until", "note", "standing"]
    readonly_fields: ClassVar[list[str]] = ["standing"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Capability]:
        """Read the skills along."""
        return super().get_queryset(request).select_related("skill", "resource")

    @admin.display(description="today")
    def standing(self, row: Capability) -> SafeString | str:
        """Say whether it counts today, and point out an end that is near."""
        if not row.pk:
            return "-"
        tone, words = standing_on(row, now().date())
        return format_html('<span class="standing standing-{}">{}</span>', tone, words)


def standing_on(row: Capability, today: date) -> tuple[str, str]:
    """Judge a capability on a date: a tone (good, soon, over) and its words."""
    if row.valid_from and row.valid_from > today:
        return "soon", f"from {row.valid_from:%-d %b %Y}"
    if row.valid_until is None:
        return "good", "valid"
    left = (row.valid_until - today).days
    if left < 0:
        return "over", f"expired {-left} days ago"
    if row.valid_until - today <= SOON:
        return "soon", f"expires in {left} days"
    return "good", "valid"


class SiteForm(PhonesForm):
    """A site's zone and country are picked, its subdivision is checked."""

    phones = ("phone", "sms_inbound", "out_of_hours_phone", "on_call_phone")

    zone = forms.ChoiceField(
        label="time zone", widget=UnfoldAdminSelect2Widget, help_text="the clock on the wall"
    )
    country = forms.ChoiceField(
        widget=UnfoldAdminSelect2Widget,
        help_text="decides public holidays, law, and how phone numbers are read",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Fill the pickers."""
        super().__init__(*args, **kwargs)
        pick(self, "zone", zone_choices)
        pick(self, "country", country_choices)

    def dialled_in(self) -> list[str]:
        """Dial as in the site's own country."""
        return [country] if (country := self.cleaned_data.get("country")) else []

    def clean(self) -> dict[str, Any]:
        """Refuse a subdivision that the country does not have."""
        said = super().clean() or self.cleaned_data
        country, part = said.get("country", ""), (said.get("subdivision") or "").strip()
        known = countries.subdivisions(country)
        if part and country and part not in known:
            hint = f"known are {', '.join(known)}" if known else "leave it empty"
            self.add_error("subdivision", f"{country} has no subdivision “{part}”: {hint}.")
        return said


def country_choices() -> list[tuple[str, str]]:
    """List the countries by name."""
    named = countries.countries().items()
    return [("", ""), *((code, f"{name} ({code})") for code, name in named)]


@admin.register(Site)
class SiteScreen(Screen):
    """An address of the clinic."""

    form = SiteForm
    list_display = ("name", "zone", "country", "subdivision", "step_minutes", "active")
    list_filter = ("active",)
    search_fields = ("name",)
    inlines = (SiteHours,)
    site_paths = ("pk",)
    readonly_fields = ("next_holidays",)
    fieldsets = (
        (None, {"fields": ("name", ("address",), ("phone", "email"), "active")}),
        (
            "Senders of messages",
            {"fields": (("sms_sender", "sms_inbound"), "email_from")},
        ),
        (
            "Clock and calendar",
            {
                "fields": (
                    "zone",
                    ("country", "subdivision"),
                    "closed_on_holidays",
                    "next_holidays",
                )
            },
        ),
        (
            "Booking",
            {
                "fields": (
                    ("step_minutes", "notice_minutes"),
                    ("horizon_days", "cancel_notice_hours"),
                )
            },
        ),
        (
            "After a treatment",
            {"fields": (("out_of_hours_phone", "on_call_phone"), "care_email")},
        ),
        (
            "Waiting list",
            {"fields": ("offers_automatic", ("offer_minutes", "offers_a_day"))},
        ),
    )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **more: Any
    ) -> HttpResponse:
        """Warn of a number on call that rings at a patient's."""
        site = context["original"]
        if site is not None and register.is_a_patients(str(site.on_call_phone or "")):
            messages.warning(request, ON_CALL_SHARED)
        answer: HttpResponse = super().render_change_form(request, context, **more)
        return answer

    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: Any) -> None:
        """Warn at once, for most people leave the page by saving it."""
        super().save_model(request, obj, form, change)
        if register.is_a_patients(str(obj.on_call_phone or "")):
            messages.warning(request, ON_CALL_SHARED)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave new sites to those who work everywhere: others could not see what they added."""
        return super().has_add_permission(request) and actor(request).sites is None

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let sites retire (“active” off): past visits were there."""
        return False

    @admin.display(description="next public holidays")
    def next_holidays(self, site: Site) -> SafeString | str:
        """List the coming year's first holidays at this address."""
        if not site.pk:
            return "Shown once the site is saved."
        today = now().date()
        coming = {
            day: name
            for year in (today.year, today.year + 1)
            for day, name in public_holidays(site.country, site.subdivision, year).items()
            if day >= today
        }
        found = sorted(coming.items())[:6]
        if not found:
            return "None known for this country."
        closed = "closed" if site.closed_on_holidays else "open as on other days"
        days = format_html_join(
            "", "<li>{} - {}</li>", ((f"{d:%a %-d %b %Y}", n) for d, n in found)
        )
        return format_html("<ul>{}</ul><p>The site is {} on these days.</p>", days, closed)


@admin.register(Skill)
class SkillScreen(Screen):
    """A word of the clinic's own for what somebody or something can do."""

    list_display = ("name", "code")
    search_fields = ("name", "code")
    prepopulated_fields: ClassVar[dict[str, tuple[str, ...]]] = {"code": ("name",)}


class ResourceForm(PlainForm):
    """A resource whose kind is said by the screen, not by the user."""

    kind: ClassVar[Resource.Kind]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Set the kind before the row's constraints are asked."""
        super().__init__(*args, **kwargs)
        self.instance.kind = self.kind


class PractitionerForm(ResourceForm):
    """A practitioner."""

    kind = Resource.Kind.PRACTITIONER


class RoomForm(ResourceForm):
    """A room."""

    kind = Resource.Kind.ROOM


class DeviceForm(ResourceForm):
    """A device."""

    kind = Resource.Kind.DEVICE


class ResourceScreen(Screen):
    """What a practitioner, a room and a device have in common."""

    list_filter = ("active", "capabilities__skill")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read skills and sites along, for the list."""
        rows = super().get_queryset(request).select_related("site", "user")
        return rows.prefetch_related("capabilities__skill")

    @admin.display(description="can do")
    def can_do(self, row: Resource) -> str:
        """List the skills by name."""
        return ", ".join(str(held.skill) for held in row.capabilities.all()) or "-"

    @display(
        description="credentials", label={"over": "danger", "soon": "warning", "good": "success"}
    )
    def credentials(self, row: Resource) -> tuple[str, str]:
        """Point out the credential that ends first."""
        today = now().date()
        worst = sorted(
            (standing_on(held, today) for held in row.capabilities.all()),
            key=lambda found: ("over", "soon", "good").index(found[0]),
        )
        return worst[0] if worst else ("", "-")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let resources retire (“active” off): their past visits need them."""
        return False


@admin.register(Practitioner)
class PractitionerScreen(ResourceScreen):
    """A person who treats patients."""

    form = PractitionerForm
    fields = ("name", "user", "active")
    autocomplete_fields = ("user",)
    list_display = ("name", "can_do", "credentials", "active")
    inlines = (Capabilities, PractitionerHours)


class _Standing(ResourceScreen):
    """A room or a device, which stands at one site."""

    fields = ("name", "site", "follows_site_hours", "active")
    list_display = ("name", "site", "can_do", "credentials", "active")
    inlines = (Capabilities, StandingHours)
    site_paths = ("site",)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer the user's own sites."""
        if db_field.name == "site":
            kwargs["queryset"] = access.visible_sites(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Room)
class RoomScreen(_Standing):
    """A resource with walls."""

    form = RoomForm


@admin.register(Device)
class DeviceScreen(_Standing):
    """A resource with a plug."""

    form = DeviceForm
