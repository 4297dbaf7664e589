"""Protocol versions: read as sentences, copied, amended in forms, tried, activated."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.decorators import display

from scheduling import protocols
from scheduling.admin.figures import FiguresForm
from scheduling.core import figures
from scheduling.core.protocol import Protocol, Rule, describe
from scheduling.core.protocol.values import SIZES, Modality
from scheduling.errors import ClinicError
from scheduling.models import ProtocolVersion
from scheduling.screens.frame import Screen, actor, attempt, now
from scheduling.screens.once import answered

WEAK = {"C", "D"}

KINDS = (
    ("Gaps between treatments", {"min_gap", "max_gap", "same_modality_interval", "ordering"}),
    ("Recovery", {"recovery_window"}),
    ("What must come first", {"prerequisite", "cooling_off"}),
    ("Who", {"age", "contraindication"}),
    ("How long and how often", {"duration", "session_count", "max_per_window"}),
    (
        "Courses and encounters",
        {"max_concurrent_plans", "permit_same_encounter", "plan_sequence", "no_double_booking"},
    ),
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A rule as a medical lead reads it."""

    rule: Rule
    text: str

    @property
    def key(self) -> str:
        """The rule's section among the figures."""
        return f"rules/{self.rule.code}"

    @property
    def weak(self) -> bool:
        """Tell whether its source is weak."""
        return self.rule.sureness in WEAK


def sentences(protocol: Protocol) -> list[tuple[str, list[Sentence]]]:
    """Read every rule as a sentence, under the headings of the page."""
    said = [Sentence(rule, describe(rule, protocol)) for rule in protocol.rules]
    named = [(title, [s for s in said if s.rule.kind in kinds]) for title, kinds in KINDS]
    known = {kind for _, kinds in KINDS for kind in kinds}
    rest = [s for s in said if s.rule.kind not in known]
    return [(title, rows) for title, rows in [*named, ("Further rules", rest)] if rows]


@dataclass(frozen=True, slots=True)
class Figures:
    """A kind of laser with its figures on one line each."""

    modality: Modality
    name: str

    @property
    def key(self) -> str:
        """Its section among the figures."""
        return f"modalities/{self.modality.name}"

    @property
    def recovery(self) -> list[tuple[str, str]]:
        """Say least, typical and most days for each size."""
        return [
            (size, " / ".join(str(days) for days in self.modality.recovery[size])) for size in SIZES
        ]

    @property
    def intervals(self) -> list[str]:
        """Say the tiers between two sessions."""
        return [
            ("" if area == "other" and len(self.modality.intervals) == 1 else f"{area}: ")
            + ", ".join(f"below {tier.below} days {tier.severity}" for tier in tiers)
            for area, tiers in self.modality.intervals.items()
        ]


def lasers(protocol: Protocol) -> list[Figures]:
    """List the kinds of laser by name."""
    named = protocol.titles
    rows = [Figures(m, named.of("procedures", m.name)) for m in protocol.modalities.values()]
    return sorted(rows, key=lambda row: row.name.casefold())


View = Callable[[HttpRequest, int], HttpResponse]


@admin.register(ProtocolVersion)
class ProtocolScreen(Screen):
    """The clinic's protocol, version by version."""

    list_display = ("number", "name", "standing", "based_on", "created", "activated")
    list_display_links = ("number", "name")
    list_filter = ("state",)
    ordering = ("-number",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProtocolVersion]:
        """Read the versions that were copied along; leave the documents where they are."""
        rows = super().get_queryset(request).select_related("based_on")
        return rows.defer("document", "based_on__document")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let versions begin as copies only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let drafts be discarded on their own page."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of a version's life."""
        pages: tuple[tuple[str, str, Any], ...] = (
            ("<int:pk>/figures/<path:key>/", "figures", self.figures_view),
            ("<int:pk>/compare/", "compare", self.compare_view),
            ("<int:pk>/try/", "try", self.try_view),
            ("<int:pk>/copy/", "copy", require_POST(self.copy_view)),
            ("<int:pk>/activate/", "activate", self.activate_view),
            ("<int:pk>/discard/", "discard", require_POST(self.discard_view)),
        )
        wrap = self.admin_site.admin_view
        own = [path(at, wrap(view), name=f"protocol_{name}") for at, name, view in pages]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Read a version as sentences with figures, source and sureness."""
        version = self._seen(request, object_id)
        protocol = protocols.read(version)
        return self._page(
            request,
            "protocol",
            version,
            groups=sentences(protocol),
            lasers=lasers(protocol),
        )

    def figures_view(self, request: HttpRequest, pk: int, key: str) -> HttpResponse:
        """Edit the figures of one rule, or of one kind of laser, of a draft."""
        _must(request, "scheduling.change_protocolversion")
        version = self._seen(request, pk)
        if version.state != ProtocolVersion.State.DRAFT:
            raise PermissionDenied
        try:
            section = figures.section(version.document, key)
        except KeyError as error:
            raise Http404 from error
        form = FiguresForm(section, request.POST or None)
        if form.is_valid() and self._amend(request, pk, form):
            return _to("change", pk)
        return self._page(
            request,
            "protocol_figures",
            version,
            form=form,
            title=f"{section.name}: figures",
            says=_says(protocols.read(version), section.name),
        )

    def _amend(self, request: HttpRequest, pk: int, form: FiguresForm) -> bool:
        try:
            changed = protocols.amend(
                version_id=pk, new=form.changed_figures(), by=actor(request), now=now()
            )
        except ClinicError as error:
            form.add_error(None, error.sentence)
            return False
        count = len(changed)
        messages.success(
            request, "1 figure changed." if count == 1 else f"{count} figures changed."
        )
        return True

    def compare_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show how a version differs from the one in force."""
        version = self._seen(request, pk)
        other = _other(version)
        found = protocols.compare(before=other, after=version) if other else ()
        return self._page(request, "protocol_compare", version, other=other, differences=found)

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try a version on the worked cases and on the clinic's coming visits."""
        version = self._seen(request, pk)
        cases = protocols.try_on_cases(version)
        tried = protocols.try_on_visits(version, now=now())
        by, looks = actor(request), request.user.has_perm("scheduling.view_appointment")
        # Not every medical lead treats at every site, or at any: others' visits are a number.
        shown = [each for each in tried if looks and by.works_at(each.appointment.site_id)]
        return self._page(
            request,
            "protocol_try",
            version,
            cases=sorted(cases, key=lambda case: not case.differs),
            differing=[case for case in cases if case.differs],
            visits=shown,
            hidden=len(tried) - len(shown),
            untried=protocols.untried(now=now()),
        )

    def copy_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Copy a version to a new draft."""
        _must(request, "scheduling.add_protocolversion")
        try:
            return answered(request, lambda: self._copied(request, pk))
        except ClinicError as error:
            messages.error(request, error.sentence)
            return _to("change", pk)

    def _copied(self, request: HttpRequest, pk: int) -> HttpResponse:
        draft = protocols.copy(
            version_id=pk, name=request.POST.get("name", ""), by=actor(request), now=now()
        )
        messages.success(
            request, f"Draft {draft.number} was made. Nothing changes until you activate it."
        )
        return _to("change", draft.pk)

    def activate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show once more what would change, and put the draft in force."""
        _must(request, "scheduling.activate_protocol")
        version = self._seen(request, pk)
        if request.method == "POST":
            attempt(
                request,
                lambda: protocols.activate(version_id=pk, by=actor(request), now=now()),
                f"Protocol {version.number} is in force from now on.",
            )
            return _to("change", pk)
        other = protocols.active()
        tried = protocols.try_on_visits(version, now=now())
        return self._page(
            request,
            "protocol_activate",
            version,
            other=other,
            differences=protocols.compare(before=other, after=version) if other else (),
            refused=sum(each.refused_now for each in tried),
            untried=protocols.untried(now=now()),
            differing=[case for case in protocols.try_on_cases(version) if case.differs],
        )

    def discard_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Throw a draft away."""
        _must(request, "scheduling.delete_protocolversion")
        done = attempt(
            request,
            lambda: protocols.discard(version_id=pk, by=actor(request), now=now()),
            "The draft was discarded.",
        )
        if not done:
            return _to("change", pk)
        return HttpResponseRedirect(reverse("admin:scheduling_protocolversion_changelist"))

    def _seen(self, request: HttpRequest, pk: int | str) -> ProtocolVersion:
        _must(request, "scheduling.view_protocolversion")
        found = ProtocolVersion.objects.filter(pk=pk).first() if str(pk).isdigit() else None
        if found is None:
            raise Http404
        return found

    def _page(
        self, request: HttpRequest, name: str, version: ProtocolVersion, **context: Any
    ) -> HttpResponse:
        may = request.user.has_perm
        draft = version.state == ProtocolVersion.State.DRAFT
        shown = {
            **self.admin_site.each_context(request),
            "title": f"Protocol {version.number}: {version.name}",
            "opts": self.opts,
            "original": version,
            "version": version,
            "draft": draft,
            "may_amend": draft and may("scheduling.change_protocolversion"),
            "may_copy": may("scheduling.add_protocolversion"),
            "may_activate": draft and may("scheduling.activate_protocol"),
            "may_discard": draft and may("scheduling.delete_protocolversion"),
            **context,
        }
        return TemplateResponse(request, f"scheduling/admin/{name}.html", shown)

    @display(
        description="state",
        ordering="state",
        label={"active": "success", "draft": "warning", "retired": "info"},
    )
    def standing(self, row: ProtocolVersion) -> str:
        """Show the state."""
        return row.get_state_display()

    @admin.display(description="made", ordering="created_at")
    def created(self, row: ProtocolVersion) -> str:
        """Say when it was made, and by whom."""
        return f"{row.created_at:%-d %b %Y} by {row.created_by}"

    @admin.display(description="activated", ordering="activated_at")
    def activated(self, row: ProtocolVersion) -> str:
        """Say when it came in force, and by whom."""
        if row.activated_at is None:
            return "-"
        return f"{row.activated_at:%-d %b %Y} by {row.activated_by}"


def _says(protocol: Protocol, code: str) -> str:
    """Read the rule of this code aloud; a kind of laser has no sentence."""
    named = [rule for rule in protocol.rules if rule.code == code]
    return describe(named[0], protocol) if named else ""


def _must(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _other(version: ProtocolVersion) -> ProtocolVersion | None:
    """Choose what a version is compared with: the one in force, or for that one its base."""
    active = protocols.active()
    return version.based_on if active and active.pk == version.pk else active


def _to(name: str, pk: int) -> HttpResponse:
    return HttpResponseRedirect(reverse(f"admin:scheduling_protocolversion_{name}", args=[pk]))
