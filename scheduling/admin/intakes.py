"""Moving in and out: files handed in, their verdicts, and the whole clinic as one zip."""

from typing import Any

from celery import current_app
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_date
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from scheduling.admin.merging import likely_view, merge_view
from scheduling.errors import ClinicError
from scheduling.models import Intake, IntakeRow
from scheduling.screens import door
from scheduling.screens.frame import actor, attempt, now
from scheduling.transfer import exports, foreign, intakes, kinds, tables, verdicts

MOVE = "scheduling.move_data"
A_PAGE = 100


def may_move(request: HttpRequest) -> None:
    """Turn away who may not move data, or works at some sites only: it is the whole clinic's."""
    door.needs(request, MOVE)
    if actor(request).sites is not None:
        raise PermissionDenied


class HandInForm(forms.Form):
    """A file, what it is, where it comes from, and in which order it writes its dates."""

    file = forms.FileField(widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,text/csv"}))
    kind = forms.ChoiceField(label="It holds", widget=UnfoldAdminSelectWidget)
    source = forms.SlugField(
        label="Name of the other system",
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text="one word, always the same: by it a file handed in again is known",
    )
    dates = forms.ChoiceField(
        label="Its dates are written",
        required=False,
        widget=UnfoldAdminSelectWidget,
        choices=[
            ("", "like 2027-03-28"),
            ("dmy", "day first: 28/03/2027"),
            ("mdy", "month first: 03/28/2027"),
        ],
    )
    encoding = forms.ChoiceField(
        label="Its letters are",
        required=False,
        widget=UnfoldAdminSelectWidget,
        choices=[("", "UTF-8"), ("windows-1252", "Windows-1252")],
    )
    delimiter = forms.ChoiceField(
        label="Its columns are separated by",
        required=False,
        widget=UnfoldAdminSelectWidget,
        choices=[("", "what its first line shows"), *tables.DELIMITERS.items()],
    )

    called = forms.CharField(
        label="Columns that have other names there",
        required=False,
        max_length=5_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "placeholder": "Vorname = given_name"}),
        help_text="one a line: their name = our name; “= -” leaves a column out; what was said of"
        " the last such file stands, where nothing else is said",
    )
    since = forms.DateField(
        label="Opening hours: in place of those that stand, from",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text="they end the day before, nothing is deleted; empty adds to what stands",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the kinds of every floor."""
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [("", "Choose"), *((kind.code, kind.title) for kind in kinds.every())]

    def clean_called(self) -> dict[str, str]:
        """Read the names, one pair a line."""
        try:
            return foreign.read(self.cleaned_data["called"])
        except ClinicError as error:
            raise forms.ValidationError(error.sentence) from error

    def handed(self) -> intakes.Handed:
        """Spell what was handed in; the form must be valid."""
        said = self.cleaned_data
        return intakes.Handed(
            name=said["file"].name,
            content=said["file"].read(),
            kind=said["kind"],
            source=said["source"],
            dates=said["dates"],
            encoding=said["encoding"],
            delimiter=said["delimiter"],
            since=said["since"],
            called=said["called"],
        )

    def refuse(self, error: ClinicError) -> None:
        """Say why a file was not taken; where columns are unknown, propose what each could be.

        A browser forgets the file; what was typed stays, and the proposal stands below it.
        """
        self.add_error("file", error.sentence)
        unknown = error.facts.get("unknown", ())
        columns = kinds.named(self.cleaned_data["kind"]).names
        proposed = foreign.proposed(unknown, columns, known=error.facts.get("known", 0))
        if not proposed:
            return
        typed = self.data.get("called", "")
        self.data = dict(self.data.items()) | {"called": "\n".join(filter(None, [typed, proposed]))}
        self.add_error(
            "called",
            "These are guesses; “-” leaves a column out. Correct them, and choose the file again.",
        )


@admin.register(Intake)
class IntakeScreen(ModelAdmin):
    """Files from other systems, newest first; each is looked at before it is written."""

    nothing_yet = (
        "A CSV file of another system is looked at first; nothing is written before you say so."
    )
    list_display = ("file", "kind", "source", "standing", "tally", "handed")
    list_filter = ("state", "kind")
    list_per_page = 50
    show_full_result_count = False
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Put the screens of a move before the admin's."""
        screens = (
            ("hand-in/", hand_in_view, "hand_in"),
            ("template/<slug:code>.csv", template_view, "template"),
            ("everything/", everything_view, "everything"),
            ("likely/", likely_view, "likely"),
            ("merge/", merge_view, "merge"),
            ("<int:pk>/change/", file_view, "change"),
        )
        door_of = self.admin_site.admin_view
        return [
            *(
                path(at, door_of(view), name=f"scheduling_intake_{name}")
                for at, view, name in screens
            ),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Intake]:
        """Leave the files' bytes where they are."""
        rows: QuerySet[Intake] = super().get_queryset(request)
        return rows.defer("content")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the line to who may move data."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those look who may move data."""
        return request.user.has_perm(MOVE) and actor(request).sites is None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let those hand a file in who may look."""
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never through a form."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never from the list: a file is thrown away on its page."""
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the form that takes a file."""
        return HttpResponseRedirect(reverse("admin:scheduling_intake_hand_in"))

    @admin.display(description="file", ordering="name")
    def file(self, row: Intake) -> str:
        """Show the file's name."""
        return row.name

    @display(
        description="state",
        ordering="state",
        label={"written": "success", "checked": "warning", "received": "info"},
    )
    def standing(self, row: Intake) -> tuple[str, str]:
        """Show the state."""
        return row.state, row.get_state_display()

    @admin.display(description="rows")
    def tally(self, row: Intake) -> str:
        """Count the verdicts."""
        return ", ".join(f"{n} {verdict}" for verdict, n in sorted(row.counts.items()))

    @admin.display(description="handed in", ordering="created_at")
    def handed(self, row: Intake) -> str:
        """Say when and by whom."""
        return f"{row.created_at:%-d %b %Y} by {row.created_by}"


def hand_in_view(request: HttpRequest) -> HttpResponse:
    """Ask for a file (GET), or take it and look at every row (POST)."""
    may_move(request)
    form = HandInForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            intake = intakes.receive(handed=form.handed(), by=actor(request), now=now())
            _look(request, intake)
        except ClinicError as error:
            form.refuse(error)
        else:
            return _to(intake.pk)
    context = door.context_of(
        request, "Take a file in", form=form, kinds=kinds.every(), most=tables.MOST_ROWS
    )
    status = 422 if request.method == "POST" else 200
    return render(request, "scheduling/desk/hand_in.html", context, status=status)


def _look(request: HttpRequest, intake: Intake) -> None:
    if len(intakes.rows_of(intake)) <= intakes.AT_ONCE:
        intakes.look_over(intake_id=intake.pk, by=actor(request), now=now())
        return
    intakes.tell(intake.pk, 0, 0)
    by = actor(request)
    _by_a_worker("look_over_file", intake.pk, by.name, by.user_id)


def file_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the verdicts on a file (GET), write it, look again or throw it away (POST)."""
    may_move(request)
    intake = Intake.objects.defer("content").filter(pk=pk).first()
    if intake is None:
        raise Http404
    if request.method == "POST":
        return _step(request, intake)
    wanted = request.GET.get("verdict", "")
    rows = intake.rows.filter(verdict=wanted) if wanted in IntakeRow.Verdict else intake.rows.all()
    page = Paginator(rows.order_by("line"), A_PAGE).get_page(request.GET.get("page"))
    counted = [(v.value, v.label, intake.counts.get(v.value, 0)) for v in IntakeRow.Verdict]
    refused = intake.counts.get("refused", 0)
    context = door.context_of(
        request,
        f"{kinds.named(intake.kind).title}: {intake.name}",
        intake=intake,
        page=page,
        verdicts=counted,
        wanted=wanted,
        refused=refused,
        since=parse_date(intake.declared.get("since", "")),
        called=intake.declared.get("called", {}).items(),
        writes=sum(intake.counts.values()) - refused - intake.counts.get("same", 0),
        progress=intakes.progress(pk) if intake.state != Intake.State.WRITTEN else None,
    )
    return render(request, "scheduling/desk/intake.html", context)


def _step(request: HttpRequest, intake: Intake) -> HttpResponse:
    match request.POST.get("step"):
        case "verdicts":
            return _verdicts(request, intake)
        case "write":
            attempt(request, lambda: _write(request, intake), "Written, as it was shown.")
        case "look":
            attempt(
                request, lambda: _look(request, Intake.objects.get(pk=intake.pk)), "Looked at anew."
            )
        case "discard":
            moment = now()
            done = attempt(
                request,
                lambda: intakes.discard(intake_id=intake.pk, by=actor(request), now=moment),
                "The file was thrown away; nothing of it was written.",
            )
            if done:
                return HttpResponseRedirect(reverse("admin:scheduling_intake_changelist"))
        case _:
            raise Http404
    return _to(intake.pk)


def _verdicts(request: HttpRequest, intake: Intake) -> HttpResponse:
    """Stream the verdicts, all or those of one sort, with the rows as they were handed in."""
    wanted = request.POST.get("verdict", "")
    if wanted and wanted not in IntakeRow.Verdict:
        raise Http404
    pieces = verdicts.told(intake_id=intake.pk, wanted=wanted, by=actor(request), now=now())
    name = f"{intake.kind}-{intake.pk}-{wanted or 'verdicts'}.csv"
    download: HttpResponse = _download(
        StreamingHttpResponse(pieces), name, "text/csv; charset=utf-8"
    )
    return download


def _write(request: HttpRequest, intake: Intake) -> None:
    leaving = intake.counts.get("refused", 0) if request.POST.get("leave_out") else 0
    agreed = intakes.Agreed(
        sha256=request.POST.get("sha256", ""),
        seen=request.POST.get("seen", ""),
        leaving_out=leaving,
    )
    by = actor(request)
    if sum(intake.counts.values()) <= intakes.AT_ONCE:
        intakes.write(intake_id=intake.pk, agreed=agreed, by=by, now=now())
        return
    intakes.tell(intake.pk, 0, 0)
    told = [agreed.sha256, agreed.seen, agreed.leaving_out]
    _by_a_worker("write_file", intake.pk, told, by.name, by.user_id)


def _by_a_worker(task: str, *what: object) -> None:
    current_app.send_task(f"scheduling.tasks.{task}", args=what, expires=3600)


def template_view(request: HttpRequest, code: str) -> HttpResponse:
    """Hand out the header of a kind, with one row as an example."""
    may_move(request)
    try:
        kind = kinds.named(code)
    except ClinicError as error:
        raise Http404 from error
    example = [column.example for column in kind.columns]
    content = b"".join(tables.written(kind.names, [example]))
    return _download(HttpResponse(content), f"{kind.code}.csv", "text/csv; charset=utf-8")


def everything_view(request: HttpRequest) -> Any:
    """Say what the zip holds (GET), or stream it (POST)."""
    may_move(request)
    if request.method == "POST":
        moment = now()
        pieces = exports.everything(by=actor(request), now=moment)
        name = f"clinic-{moment:%Y-%m-%d}.zip"
        return _download(StreamingHttpResponse(pieces), name, "application/zip")
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    context = door.context_of(
        request,
        "Take everything along",
        kinds=kinds.every(),
        left_out=sorted((name.split(".")[1], why) for name, why in exports.LEFT_OUT.items()),
    )
    return render(request, "scheduling/desk/everything.html", context)


def _download(response: Any, name: str, kind: str) -> Any:
    response["Content-Type"] = kind
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _to(pk: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:scheduling_intake_change", args=[pk]))
