"""Plan templates: read as sentences, edited as a whole, copied, retired."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.decorators import display

from plans import templates
from plans.admin.templates_forms import Sheet
from plans.models import PlanTemplate
from plans.templates import Draft
from scheduling import catalogue, protocols
from scheduling.core.words import Reason
from scheduling.errors import ClinicError, NotFound, Refused
from scheduling.screens import door
from scheduling.screens.frame import Screen, actor, attempt, now
from scheduling.screens.refusing import SURENESS, WEAK, told

MAKE = "plans.make_plan"


class Judged(ChangeList):
    """A page of templates, each with what stands against it today."""

    def get_results(self, request: HttpRequest) -> None:
        """Ask the protocol about the rows of the page, from one reading of the catalogue."""
        super().get_results(request)
        rows: Any = list(self.result_list)
        with catalogue.steady():
            titles = protocols.in_force().titles
            for row in rows:
                row.reasons = templates.standing(row) if row.active else ()
                row.treats = titles.of("indications", row.indication) if row.indication else ""
        self.result_list = rows


@dataclass(frozen=True, slots=True)
class Line:
    """One step as it is read: what and how often, and its lags in words."""

    number: int
    name: str
    times: int
    treatment: str
    extra: str
    lags: list[str]


@admin.register(PlanTemplate)
class TemplateScreen(Screen):
    """How courses are usually built."""

    list_display = ("name", "course", "treats", "sure", "standing")
    list_filter = ("active",)
    search_fields = ("name", "note")
    ordering = ("name", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlanTemplate]:
        """Read steps and lags along."""
        return templates.with_steps(super().get_queryset(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Judge the rows of a page."""
        return Judged

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let those in who make plans."""
        return bool(request.user.has_perm(MAKE))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those in who make plans."""
        return bool(request.user.has_perm(MAKE))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let templates retire: plans were made from them."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add the steps of a template's life."""
        steps: tuple[tuple[str, Any], ...] = (
            ("copy", self.copy_view),
            ("retire", self.retire_view),
            ("reinstate", self.reinstate_view),
        )
        wrap = self.admin_site.admin_view
        own = [
            path(f"<int:pk>/{name}/", wrap(require_POST(view)), name=f"plans_plantemplate_{name}")
            for name, view in steps
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Write a new template."""
        door.needs(request, MAKE)
        sheet = Sheet(None, request.POST if request.method == "POST" else None)

        def make(draft: Draft) -> PlanTemplate:
            return templates.create(draft=draft, by=actor(request), now=now())

        code = templates.free_code(request.POST.get("name", ""))
        return self._kept(request, sheet, code, make) or self._page(request, None, sheet)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Read a template, and for clinicians edit it."""
        template = self._seen(request, object_id)
        draft = templates.draft_of(template)
        if request.method != "POST":
            return self._page(request, template, Sheet(draft))
        door.needs(request, MAKE)
        version = door.whole(request.POST.get("version"))

        def keep(changed: Draft) -> PlanTemplate:
            return templates.save(
                template_id=template.pk,
                draft=changed,
                version=version,
                by=actor(request),
                now=now(),
            )

        sheet = Sheet(draft, request.POST)
        return self._kept(request, sheet, template.code, keep) or self._page(
            request, template, sheet
        )

    def _kept(
        self,
        request: HttpRequest,
        sheet: Sheet,
        code: str,
        verb: Callable[[Draft], PlanTemplate],
    ) -> HttpResponse | None:
        """Keep what was typed; None when it is to be shown again, with what is wrong in it."""
        if request.method != "POST" or not sheet.is_valid():
            return None
        for stray in (strays := sheet.strays()):
            sheet.form.add_error(None, stray)
        if strays:
            return None
        try:
            template = verb(sheet.draft(code))
        except Refused as error:
            sheet.refused = told(error.reasons)
            return None
        except ClinicError as error:
            sheet.form.add_error(None, error.sentence)
            return None
        messages.success(request, f"“{template.name}” is kept. Plans made before stay as they are.")
        return _to(template.pk)

    def copy_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make another template of this one."""
        door.needs(request, MAKE)
        name, made = request.POST.get("name", ""), list[int]()

        def copy() -> None:
            copied = templates.copy(
                template_id=pk,
                code=templates.free_code(name),
                name=name,
                by=actor(request),
                now=now(),
            )
            made.append(copied.pk)

        self._step(request, pk, copy, "Copied. This is the copy.")
        return _to(made[0] if made else pk)

    def retire_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Offer a template no longer."""
        step = partial(templates.retire, template_id=pk, version=None, by=actor(request), now=now())
        return self._step(request, pk, step, "Retired. Plans made from it go on.")

    def reinstate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Offer a template again."""
        by, moment = actor(request), now()
        step = partial(templates.reinstate, template_id=pk, version=None, by=by, now=moment)
        return self._step(request, pk, step, "Offered again.")

    def _step(
        self, request: HttpRequest, pk: int, step: Callable[[], object], done: str
    ) -> HttpResponse:
        door.needs(request, MAKE)
        try:
            attempt(request, step, done)
        except NotFound as error:
            raise Http404 from error
        return _to(pk)

    def _seen(self, request: HttpRequest, object_id: str) -> PlanTemplate:
        if not self.has_view_permission(request):
            raise PermissionDenied
        pk = door.whole(object_id)
        found = self.get_queryset(request).filter(pk=pk).first() if pk is not None else None
        if found is None:
            raise Http404
        return found

    def _page(
        self, request: HttpRequest, template: PlanTemplate | None, sheet: Sheet
    ) -> HttpResponse:
        with catalogue.steady():
            facts = _read(template) if template else {}
        context = door.context_of(
            request,
            template.name if template else "New template",
            opts=self.opts,
            original=template,
            template=template,
            sheet=sheet,
            may_make=request.user.has_perm(MAKE),
            **facts,
        )
        return TemplateResponse(request, "plans/admin/template.html", context)

    @admin.display(description="course")
    def course(self, row: PlanTemplate) -> str:
        """Name the steps in order."""
        return " → ".join(
            f"{step.name} × {step.repeat}" if step.repeat > 1 else step.name
            for step in row.steps.all()
        )

    @admin.display(description="treats", ordering="indication")
    def treats(self, row: Any) -> str:
        """Call the indication by its name."""
        return row.treats or "-"

    @admin.display(description="sureness", ordering="sureness")
    def sure(self, row: PlanTemplate) -> str:
        """Show how sure its source is, weak ones said so."""
        return f"{row.sureness} (weak)" if row.sureness in WEAK else row.sureness or "-"

    @display(
        description="state",
        ordering="active",
        label={"offered": "success", "retired": "info", "cannot be planned": "danger"},
    )
    def standing(self, row: Any) -> str:
        """Say whether plans can be made from it, as the protocol stands."""
        if not row.active:
            return "retired"
        return "cannot be planned" if row.reasons else "offered"


def _read(template: PlanTemplate) -> dict[str, Any]:
    """Read a template as sentences, with what speaks against it or for care."""
    draft = templates.draft_of(template)
    against = templates.standing(template)
    cautions: tuple[Reason, ...] = () if against else templates.check(draft).cautions
    titles = protocols.in_force().titles
    said = templates.sentences(draft)
    return {
        "lines": [
            Line(
                number=number,
                name=step.name,
                times=step.repeat,
                treatment=step.treatment.name,
                extra=_extra(step, titles),
                lags=lags,
            )
            for number, (step, lags) in enumerate(zip(template.steps.all(), said, strict=True), 1)
        ],
        "against": told(against),
        "cautions": told(cautions),
        "treats": titles.of("indications", template.indication) if template.indication else "",
        "sureness": SURENESS.get(template.sureness, ""),
        "weak": template.sureness in WEAK,
    }


def _extra(step: Any, titles: Any) -> str:
    said = [
        f"{step.minutes} minutes" if step.minutes else "",
        ", ".join(titles.of("areas", area) for area in step.areas),
        step.size,
        step.depth,
        "same practitioner" if step.same_practitioner else "",
        "optional" if step.optional else "",
    ]
    return ", ".join(part for part in said if part)


def _to(pk: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:plans_plantemplate_change", args=[pk]))
