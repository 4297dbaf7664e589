"""Reception's inbox: what came in, whose it is, and the answer."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from notifications import inbox, threads
from notifications.core import sms
from notifications.core.policy import Channel
from notifications.models import Answer, Reply
from scheduling import access
from scheduling.core.words import Status
from scheduling.errors import ClinicError
from scheduling.models import Appointment
from scheduling.screens.frame import PlainForm, Rows, Screen, actor, now

TONES = {"to be read": "warning", "acted upon": "success", "answered": "success"}


class ToBeRead(admin.SimpleListFilter):
    """What waits for a person first: the rest is looked up, not lived with."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what is not the default."""
        return [("done", "Done"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        """Call the default by its name."""
        first, *others = super().choices(changelist)
        yield {**first, "display": "To be read"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Reply]) -> QuerySet[Reply]:
        """Keep what is open, and of which no task was ticked off, unless asked otherwise."""
        waits = Q(state=Reply.State.OPEN) & (Q(todo=None) | Q(todo__done_at=None))
        if self.value() == "all":
            return queryset
        return queryset.exclude(waits) if self.value() == "done" else queryset.filter(waits)


LISTED = 140
"""Characters of a message that the list shows."""

BY_SMS = (
    "Goes as a text to the number in the register, with the clinic's name and telephone around it."
    " Nothing clinical, please: a text can be read by anybody."
)
BY_EMAIL = (
    "Goes by e-mail to the address in the register, with the words around it that stand under"
    " Texts. Nothing clinical, please: an e-mail can be read on the way."
)


class AnswerForm(PlainForm):
    """The answer, and whose message it is where the number does not say."""

    answer = forms.CharField(
        required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), help_text=BY_SMS
    )
    known = forms.IntegerField(required=False, widget=forms.HiddenInput())

    class Meta:
        model = Reply
        fields = ("patient",)

    def __init__(self, *args: Any, **more: Any) -> None:
        """Say the way that the answer takes, and keep how many were to be read when it began."""
        super().__init__(*args, **more)
        if self.instance.pk and "known" in self.fields:
            self.initial["known"] = self.instance.answers.count()
        if "answer" in self.fields and self.instance.channel == "email":
            self.fields["answer"].help_text = BY_EMAIL
            self.fields["answer"].widget.attrs["rows"] = 8

    def clean(self) -> dict[str, Any]:
        """Refuse an answer that could not be sent, before it is lost."""
        said = super().clean() or self.cleaned_data
        if said.get("answer", "").strip() and not self.errors:
            patient = said.get("patient", self.instance.patient)
            try:
                inbox.answerable(
                    reply=self.instance, patient=patient, words=said["answer"], now=now()
                )
                inbox.unanswered_since(self.instance, said.get("known"))
            except ClinicError as error:
                raise forms.ValidationError(error.sentence) from error
        return said


class Answers(Rows):
    """What was answered, and how that fared."""

    model = Answer
    fields = ("said", "by", "how")
    readonly_fields = fields
    can_delete = False
    verbose_name_plural = "answers"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Answer]:
        """Read the messages along."""
        return super().get_queryset(request).select_related("message")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Leave writing to the verb."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Leave it as it was written."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Whoever reads a message reads its answers."""
        return bool(request.user.has_perm("notifications.view_reply"))

    @admin.display(description="state")
    def how(self, row: Answer) -> str:
        """Lead to the message."""
        page = reverse("admin:notifications_message_change", args=[row.message_id])
        return format_html('<a href="{}">{}</a>', page, row.message.get_state_display())


def _verbs(request: HttpRequest, visit: Appointment | None) -> list[tuple[str, str]]:
    """Name what may be done about the visit that is meant, and the page where it is done."""
    if visit is None or not request.user.has_perm("scheduling.work_diary"):
        return []
    page = reverse("admin:scheduling_appointment_change", args=[visit.pk])
    if visit.status != Status.BOOKED:
        return [("Open the visit", page)]
    move = reverse("admin:scheduling_appointment_move", args=[visit.pk])
    moved = f"{move}?from={visit.local_date:%Y-%m-%d}"
    verbs = [("Move…", moved), ("Cancel…", f"{page}#steps")]
    return verbs if visit.confirmed_at else [("Confirm…", f"{page}#steps"), *verbs]


def _counting(row: Reply) -> dict[str, Any]:
    """Give the browser what it needs to count an answer by text as the server will."""
    around = inbox.around(row, now=now()) if row.channel == Channel.SMS else None
    if around is None:
        return {}
    before, after = around
    return {
        "alphabet": sms.ALPHABET,
        "before": before,
        "after": after,
        "most": sms.MOST_SEGMENTS,
    }


@admin.register(Reply)
class ReplyScreen(Screen):
    """A message that came in."""

    nothing_yet = (
        "What patients write back to a text or an e-mail stands here until somebody has read it."
    )
    form = AnswerForm
    list_display = ("at", "beginning", "who", "visit", "intent", "how", "done_by")
    list_filter = (ToBeRead, "channel", "intent")
    search_fields = ("patient__search_key", "sender")
    search_help_text = "name or number"
    site_paths = ("appointment__site",)
    autocomplete_fields = ("patient",)
    actions = ("put_aside",)
    inlines = (Answers,)
    change_form_before_template = "notifications/thread.html"
    readonly_fields = (
        "words", "sender", "sent_to", "channel", "at", "who", "visit", "intent", "how", "pictures",
        "done_at", "done_by",
    )  # fmt: skip

    class Media:
        css = {"all": ("notifications/wording.css",)}
        js = ("notifications/sms.js", "notifications/answer.js")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reply]:
        """Read patient, visit and task along."""
        rows = super().get_queryset(request)
        return rows.select_related("patient", "appointment__site", "todo")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what was written, then ask for the answer; a known writer is not asked for."""
        said = [
            "words",
            ("who", "visit"),
            ("sender", "sent_to"),
            ("at", "channel"),
            ("intent", "how"),
        ]
        if obj is not None and obj.pictures:
            said.append("pictures")
        if obj is not None and obj.done_at:
            said.append(("done_at", "done_by"))
        asked = [] if obj is None or obj.patient_id else ["patient"]
        if obj is not None and self.has_change_permission(request, obj):
            # what is posted is read all the same: words typed before a STOP came are not lost
            refused = request.method != "POST" and inbox.refusal(obj, now=now())
            asked += [] if refused else ["answer", "known"]
        # the thread above has the words already; what is asked stands right below them
        sets: list[tuple[Any, dict[str, Any]]] = [("About this message", {"fields": said})]
        return [("Answer", {"fields": asked}), *sets] if asked else sets

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Show answers where there are any."""
        return self.inlines if obj is not None and obj.answers.exists() else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave it to whoever writes to us."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep what was written: it is evidence."""
        return False

    def save_model(self, request: HttpRequest, obj: Reply, form: Any, change: Any) -> None:
        """Assign and answer through the verbs."""
        by, moment = actor(request), now()
        if "patient" in form.changed_data and obj.patient_id:
            inbox.assign(reply_id=obj.pk, patient_id=obj.patient_id, by=by, now=moment)
        words = form.cleaned_data.get("answer", "").strip()
        if words:
            known = form.cleaned_data.get("known")
            inbox.answer(reply_id=obj.pk, words=words, by=by, now=moment, known=known)
            whom = obj.patient.given_name if obj.patient else obj.sender
            messages.success(request, f"Your answer to {whom} is on its way.")
        elif "patient" in form.changed_data:
            messages.success(request, f"Kept: {obj.patient} wrote this.")

    def response_change(self, request: HttpRequest, obj: Reply) -> HttpResponse:
        """Go back to the inbox; what was done is said already, in the desk's own words."""
        page = "change" if "_continue" in request.POST else "changelist"
        ids = [obj.pk] if page == "change" else []
        return HttpResponseRedirect(reverse(f"admin:notifications_reply_{page}", args=ids))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **more: Any
    ) -> HttpResponse:
        """Show the thread, the visit that is meant, and why nobody can be answered where it is so."""
        row, moment = context["original"], now()
        context |= {
            "thread": threads.thread(row, sites=access.visible_sites(request.user), now=moment),
            "zone": row.appointment.zone if row.appointment else "UTC",
            "meant": row.appointment,
            "verbs": _verbs(request, row.appointment),
            "refusal": inbox.refusal(row, now=moment),
            "counting": _counting(row),
        }
        answer: HttpResponse = super().render_change_form(request, context, **more)
        return answer

    @action(description="Put aside without an answer", permissions=["change"])
    def put_aside(self, request: HttpRequest, queryset: QuerySet[Reply]) -> None:
        """Take the chosen messages out of the inbox."""
        ids = list(queryset.values_list("pk", flat=True))
        done = inbox.put_aside(reply_ids=ids, by=actor(request), now=now())
        messages.success(request, f"{done} put aside.")

    @admin.display(description="text")
    def words(self, row: Reply) -> str:
        """Show what was written, as it was written, in the direction of its own script."""
        return format_html('<bdi class="whitespace-pre-line">{}</bdi>', row.shown)

    @admin.display(description="text")
    def beginning(self, row: Reply) -> str:
        """Show how it begins: an e-mail may fill a page."""
        return format_html("<bdi>{}</bdi>", Truncator(" ".join(row.shown.split())).chars(LISTED))

    @admin.display(description="patient")
    def who(self, row: Reply) -> str:
        """Lead to the patient's page; an unknown number stands for itself."""
        if row.patient is None:
            return f"unknown: {row.sender}"
        page = reverse("admin:scheduling_appointment_card", args=[row.patient_id])
        return format_html('<a class="font-semibold" href="{}">{}</a>', page, row.patient)

    @admin.display(description="visit")
    def visit(self, row: Reply) -> str:
        """Lead to the visit that it seems to be about."""
        if row.appointment is None:
            return "-"
        page = reverse("admin:scheduling_appointment_change", args=[row.appointment_id])
        when = f"{row.appointment.local_date:%a %-d %b %Y}, {row.appointment.local_time:%H:%M}"
        return format_html('<a href="{}">{}</a>', page, when)

    @display(description="state", ordering="state", label=TONES)
    def how(self, row: Reply) -> str:
        """Say how it stands."""
        return row.get_state_display()
