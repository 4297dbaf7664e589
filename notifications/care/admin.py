"""The care timeline on the staff's screens: its lines to edit, and what patients answered."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from notifications.care import noting, photos
from notifications.care.noting import LANGUAGES
from notifications.core.care import Text
from notifications.models import CareAnswer, CareNote
from scheduling import access, catalogue
from scheduling.screens.frame import PlainForm, Screen, actor, now
from scheduling.screens.refusing import SURENESS

Texts = dict[str, Text]


class NoteForm(PlainForm):
    """A line with its words in every language; lists are picked from the protocol."""

    procedures = forms.MultipleChoiceField(
        required=False,
        widget=UnfoldAdminSelectMultipleWidget,
        help_text="procedures or categories; none picked: every visit",
    )
    areas = forms.MultipleChoiceField(
        required=False,
        widget=UnfoldAdminSelectMultipleWidget,
        help_text="met by any area that overlaps; none picked: anywhere",
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        """Offer the protocol's words, and show the line's words as they hold now."""
        super().__init__(*args, **more)
        offers = _offers()
        for name, choices in offers.items():
            field = self.fields.get(name)
            if isinstance(field, forms.MultipleChoiceField):
                field.choices = choices
        for language, text in noting.worded(self.instance).items():
            self.initial.update({f"title_{language}": text.title, f"body_{language}": text.body})

    def clean(self) -> dict[str, Any]:
        """Refuse what the verb would refuse, as sentences above the form."""
        said = super().clean() or self.cleaned_data
        early, until = said.get("day"), said.get("until")
        if early is not None and until is not None and (until < early or (early < 0 <= until)):
            self.add_error(
                "until", "It ends on or after its day, and before the session if sent before."
            )
        if said.get("asks") and (early or 0) < 0:
            self.add_error("asks", "A check comes after the session.")
        return said

    def texts(self) -> Texts:
        """Read the words as typed."""
        return {
            language: Text(
                title=self.cleaned_data.get(f"title_{language}", "").strip(),
                body=self.cleaned_data.get(f"body_{language}", "").replace("\r\n", "\n").strip(),
            )
            for language in LANGUAGES
        }


def _words(language: str, name: str) -> dict[str, forms.Field]:
    side = {"dir": "rtl" if language == "ar" else "ltr", "lang": language}
    return {
        f"title_{language}": forms.CharField(
            label=f"{name}: title",
            required=language == "en",
            max_length=120,
            widget=UnfoldAdminTextInputWidget(attrs=side),
        ),
        f"body_{language}": forms.CharField(
            label=f"{name}: text",
            required=language == "en",
            widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, **side}),
        ),
    }


NoteFormWithWords: Any = type(
    "NoteFormWithWords",
    (NoteForm,),
    {k: v for language, name in LANGUAGES.items() for k, v in _words(language, name).items()},
)


def _offers() -> dict[str, list[tuple[str, str]]]:
    protocol = catalogue.current().active_protocol
    if protocol is None:
        return {}
    titles = protocol.titles
    categories = [
        (c, f"all: {titles.categories.get(c, c.replace('_', ' '))}")
        for c in sorted(protocol.categories)
    ]
    procedures = [(p, titles.of("procedures", p)) for p in sorted(protocol.procedures)]
    areas = [(a, titles.areas.get(a, a)) for a in sorted(protocol.areas.masks)]
    return {"procedures": [*categories, *procedures], "areas": areas}


@admin.register(CareNote)
class NoteScreen(Screen):
    """What patients are told around a session: when, whom, in which words."""

    form = NoteFormWithWords
    list_display = ("name", "when", "whom", "channel", "asks", "words", "how_sure", "active")
    list_filter = ("active", "asks", "channel")
    search_fields = ("name", "code")
    ordering = ("day", "code")
    readonly_fields = ("source", "how_sure", "changed_at", "changed_by")
    change_form_after_template = "notifications/care_preview.html"

    class Media:
        css = {"all": ("notifications/wording.css",)}

    fieldsets = (
        (None, {"fields": ("name", "code", ("day", "until"), ("at", "channel"), "asks", "active")}),
        (
            "Whom it concerns",
            {"fields": (("procedures", "areas"), ("depth", "record"), "fitzpatrick_least")},
        ),
        *(
            (f"Words: {name}", {"fields": (f"title_{language}", f"body_{language}")})
            for language, name in LANGUAGES.items()
        ),
        ("Source", {"fields": ("source", "how_sure", ("changed_at", "changed_by"))}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[CareNote]:
        """Read the words along."""
        rows: QuerySet[CareNote] = super().get_queryset(request)
        return rows.prefetch_related("texts")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Keep the code of a line that is there: its shipped words hang on it."""
        return (*self.readonly_fields, "code") if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let lines retire (“active” off): what was sent refers to them."""
        return False

    @display(description="when", ordering="day")
    def when(self, row: CareNote) -> str:
        """Say the day and the hour."""
        return f"day {row.day:+d}, {row.at:%H:%M}"

    @display(description="whom it concerns")
    def whom(self, row: CareNote) -> str:
        """Say the condition."""
        return noting.condition_in_words(row)

    @display(description="how sure", ordering="sureness")
    def how_sure(self, row: CareNote) -> str:
        """Say what its letter of sureness stands for."""
        return SURENESS.get(row.sureness, row.sureness)

    @display(description="words")
    def words(self, row: CareNote) -> str:
        """Tell the clinic's own words from the shipped ones."""
        own = sorted(text.language for text in row.texts.all())
        return f"the clinic's own ({', '.join(own)})" if own else "as shipped"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Keep the line and its words through the verb."""
        noting.keep(note=obj, texts=form.texts(), by=actor(request), now=now())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **more: Any
    ) -> HttpResponse:
        """Show below the form how and when the line reaches a patient."""
        row = context.get("original")
        if isinstance(row, CareNote):
            sites = access.actor_of(request.user).sites
            context |= {
                "shown": noting.preview(note=row, sites=sites, now=now()),
                "texts": [
                    (name, language, noting.worded(row)[language])
                    for language, name in LANGUAGES.items()
                ],
            }
        answer: HttpResponse = super().render_change_form(request, context, **more)
        return answer


@admin.register(CareAnswer)
class AnswerScreen(Screen):
    """What patients answered to checks; written by them alone."""

    nothing_yet = (
        "After a treatment patients are asked how their skin is; what they answer stands here."
    )
    list_display = ("at", "who", "visit", "day", "how", "said", "source")
    list_filter = ("answer", "source")
    search_fields = ("appointment__patient__search_key",)
    ordering = ("-at", "-pk")
    site_paths = ("appointment__site",)
    fields = ("who", "visit", "day", "answer", "said", "source", "at", "event")
    readonly_fields = ("who", "visit")
    change_form_outer_after_template = "notifications/care_photos.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the look at a photo."""
        look = self.admin_site.admin_view(require_POST(self.look))
        return [path("photo/<int:pk>/", look, name="care_photo"), *super().get_urls()]

    def look(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a photo to a clinician; the trail keeps who looked. Only a POST looks."""
        if not request.user.has_perm("notifications.view_carephoto"):
            raise PermissionDenied
        jpeg = photos.look(photo_id=pk, by=actor(request), now=now())
        response = HttpResponse(jpeg, content_type="image/jpeg")
        response["Content-Disposition"] = "inline"
        response["Cache-Control"] = "no-store"
        return response

    def get_queryset(self, request: HttpRequest) -> QuerySet[CareAnswer]:
        """Read the patients along."""
        rows: QuerySet[CareAnswer] = super().get_queryset(request)
        return rows.select_related("appointment__patient", "event")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave answering to patients."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Leave it as it was said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Leave it as it was said."""
        return False

    @display(description="patient")
    def who(self, row: CareAnswer) -> str:
        """Name the patient."""
        return str(row.appointment.patient)

    @display(description="visit")
    def visit(self, row: CareAnswer) -> str:
        """Name the visit by its date."""
        return f"{row.appointment.local_date:%-d %b %Y}"

    @display(
        description="answer",
        ordering="answer",
        label={"better": "success", "same": "info", "worse": "danger"},
    )
    def how(self, row: CareAnswer) -> str:
        """Say the answer."""
        return row.answer
