"""The day's steps as buttons: each a POST with the version on screen, each one verb."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import render
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from scheduling import booking, panels, protocols, records
from scheduling.admin import visit
from scheduling.admin.booking import override_of
from scheduling.booking import Done
from scheduling.core.words import Actor, Status
from scheduling.errors import ClinicError, NotFound, Refused, StaleVersion
from scheduling.flow import stages
from scheduling.models import Appointment, Record
from scheduling.screens import door, refusing, undoing
from scheduling.screens.frame import OfferingForm, actor, now
from scheduling.screens.once import answered
from scheduling.screens.skin import DEPTHS, SIZES

STALE = (
    "Somebody else changed this visit a moment ago, so nothing was done. "
    "This is how it stands now: please look, and press again if it is still right."
)


class DoneForm(OfferingForm):
    """What was actually done; whatever is left as it stands was done as booked."""

    procedure = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    area = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    area_too = forms.ChoiceField(required=False, label="and", widget=UnfoldAdminSelectWidget)
    size = forms.ChoiceField(choices=SIZES, required=False, widget=UnfoldAdminSelectWidget)
    depth = forms.ChoiceField(choices=DEPTHS, required=False, widget=UnfoldAdminSelectWidget)
    ended = forms.CharField(
        required=False,
        label="Ended at",
        help_text="empty: as planned, or now if that is earlier",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )
    result = forms.ChoiceField(
        required=False,
        label="Result",
        choices=Record.Result.choices,
        widget=UnfoldAdminSelectWidget,
    )

    tested = forms.ChoiceField(required=False, label="Tested for", widget=UnfoldAdminSelectWidget)

    def __init__(self, booked: Appointment, data: QueryDict | None = None) -> None:
        """Offer the protocol's words, with what was booked chosen."""
        areas = [*booked.areas, "", ""]
        first = {
            "procedure": booked.procedure,
            "area": areas[0],
            "area_too": areas[1],
            "size": booked.size,
            "depth": booked.depth,
        }
        super().__init__(data, initial=first)
        self.booked = booked
        known = protocols.area_choices()
        self.choices("procedure", protocols.procedure_choices())
        self.choices("area", [("", "not said"), *known])
        self.choices("area_too", [("", "nothing else"), *known])
        if booked.procedure != Record.Kind.PATCH_TEST:
            del self.fields["result"], self.fields["tested"]
        else:
            needy = protocols.in_force().patch_tested
            choices = [c for c in protocols.procedure_choices() if c[0] in needy]
            self.choices("tested", [("", "the laser booked ahead"), *choices])

    def done(self) -> Done:
        """Spell it for the verb; the form must be valid."""
        clean, sent = self.cleaned_data, self.data
        areas = [clean["area"], clean["area_too"], *self.booked.areas[2:]]
        ended = clean["ended"]
        # A field that was not sent at all was not changed; an empty one was emptied.
        return Done(
            procedure=clean["procedure"] or None,
            areas=tuple(dict.fromkeys(filter(None, areas))) if "area" in sent else None,
            size=clean["size"] if "size" in sent else None,
            depth=clean["depth"] if "depth" in sent else None,
            ended_at=door.start_in(ended, self.booked.zone) if ended else None,
            result=clean.get("result", ""),
            tested=tuple(t for t in [clean.get("tested")] if t),
        )


def visit_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one visit."""
    door.needs(request, door.LOOK)
    return shown(request, door.visit_of(request, pk), now())


def shown(
    request: HttpRequest, row: Appointment, moment: datetime, status: int = 200, **more: Any
) -> HttpResponse:
    """Draw the page of a visit, with whatever a step left to say."""
    facts = visit.facts_of(row, moment)
    form = DoneForm(row) if "complete" in facts.steps else None
    context = door.context_of(
        request,
        f"{row.patient}: {row.treatment}",
        **{"facts": facts, "visit": row, "done_form": form, "posted": request.POST, **more},
    )
    context["panels"] = panels.drawn("appointment", row, context)
    context["by_phone"] = panels.drawn("phone", row.patient, context)
    return render(request, "scheduling/desk/visit.html", context, status=status)


Step = Callable[[HttpRequest, Appointment, Actor, datetime], str]
"""Calls one verb with what the form holds, and answers what to tell reception."""


def _version(request: HttpRequest) -> int:
    version = door.whole(request.POST.get("version"))
    if version is None:
        raise StaleVersion
    return version


def _confirm(request: HttpRequest, row: Appointment, by: Actor, moment: datetime) -> str:
    booking.confirm(appointment_id=row.pk, version=_version(request), by=by, now=moment)
    return f"{row.patient} confirmed the visit."


def _annotate(request: HttpRequest, row: Appointment, by: Actor, moment: datetime) -> str:
    note = request.POST.get("note", "").strip().replace("\r\n", "\n")
    booking.annotate(appointment_id=row.pk, note=note, version=_version(request), by=by, now=moment)
    return "The note is kept."


def _arrive(request: HttpRequest, row: Appointment, by: Actor, moment: datetime) -> str:
    note = undoing.before("arrive", row, by, moment)
    here = booking.arrive(appointment_id=row.pk, version=_version(request), by=by, now=moment)
    undoing.offer(request, undoing.after(note, here))
    return f"{row.patient} is here."


def _check_in(request: HttpRequest, row: Appointment, by: Actor, moment: datetime) -> str:
    _, cautions = booking.check_in(
        appointment_id=row.pk,
        version=_version(request),
        by=by,
        now=moment,
        override=override_of(request.POST),
    )
    for reason in cautions:
        messages.warning(request, reason.sentence)
    return f"{row.patient} is checked in."


def _no_show(request: HttpRequest, row: Appointment, by: Actor, moment: datetime) -> str:
    note = undoing.before("no-show", row, by, moment)
    missed = booking.no_show(appointment_id=row.pk, version=_version(request), by=by, now=moment)
    undoing.offer(request, undoing.after(note, missed))
    return f"Noted: {row.patient} did not come."


def _cancel(request: HttpRequest, row: Appointment, by: Actor, moment: datetime) -> str:
    reason, by = request.POST.get("reason", "").strip(), undoing.thoughtful(by)
    note = undoing.before("cancel", row, by, moment)
    gone = booking.cancel(
        appointment_id=row.pk, version=_version(request), by=by, now=moment, reason=reason
    )
    if booking.may_be_put_back(was=note["was"]):
        undoing.offer(request, undoing.after(note, gone))
    return "Cancelled. What goes to the patient stands under Messages."


def _reinstate(request: HttpRequest, row: Appointment, by: Actor, moment: datetime) -> str:
    by = undoing.thoughtful(by)
    note = undoing.before("reinstate", row, by, moment)
    back = booking.reinstate(appointment_id=row.pk, version=_version(request), by=by, now=moment)
    if note["was"] == Status.CANCELLED:
        undoing.offer(request, undoing.after(note, back))
    return "Undone: the visit is booked again as it was."


def _complete(request: HttpRequest, row: Appointment, by: Actor, moment: datetime) -> str:
    form = DoneForm(row, request.POST)
    if not form.is_valid():
        raise Unread(form)
    booking.complete(
        appointment_id=row.pk, version=_version(request), by=by, now=moment, done=form.done()
    )
    return f"Done. {row.treatment} of {row.patient} is completed."


def _consent(request: HttpRequest, row: Appointment, by: Actor, moment: datetime) -> str:
    door.needs(request, "scheduling.add_record")
    consent = Record(
        patient_id=row.patient_id,
        kind=Record.Kind.CONSENT,
        start=moment,
        end=moment,
        zone=row.zone,
    )
    records.add(record=consent, by=by, now=moment)
    return "Consent is recorded. Check in again."


def _stage(to: str, said: str) -> Step:
    def step(request: HttpRequest, row: Appointment, by: Actor, moment: datetime) -> str:
        stages.move_on(appointment_id=row.pk, to=to, version=_version(request), by=by, now=moment)
        return said.format(row.patient)

    return step


class Unread(ClinicError):
    """The form of a step could not be read; it is shown again with what is wrong."""

    code = "malformed"
    sentence = "Please look at the fields marked below."

    def __init__(self, form: forms.Form) -> None:
        """Keep the form."""
        super().__init__()
        self.form = form


STEPS: Mapping[str, Step] = {
    "annotate": _annotate,
    "confirm": _confirm,
    "arrive": _arrive,
    "check-in": _check_in,
    "no-show": _no_show,
    "cancel": _cancel,
    "reinstate": _reinstate,
    "complete": _complete,
    "consent": _consent,
    "numbing": _stage("numbing", "{}: numbing has begun."),
    "treatment": _stage("treatment", "{} is in treatment."),
    "left": _stage("left", "{} has left."),
}


def step_view(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Do one step with one visit, by POST only."""
    door.needs(request, door.WORK)
    row = door.visit_of(request, pk)
    if step not in STEPS:
        raise Http404
    if request.method != "POST":
        # Somebody reloaded a refused step: nothing is done, and the visit is shown as it stands.
        return HttpResponseRedirect(door.page_of(row))
    if step == "consent":  # a record more, that no version of the visit keeps from coming twice
        return answered(request, lambda: _taken(request, row, step, now()))
    return _taken(request, row, step, now())


def _taken(request: HttpRequest, row: Appointment, step: str, moment: datetime) -> HttpResponse:
    try:
        messages.success(request, STEPS[step](request, row, actor(request), moment))
    except Refused as refused:
        return _refused(request, row, step, refused, moment)
    except Unread as unread:
        return shown(request, row, moment, 400, done_form=unread.form, error=unread.sentence)
    except StaleVersion:
        if step == "annotate":  # what was typed stays on the page
            return shown(request, door.visit_of(request, row.pk), moment, 409, error=STALE)
        messages.warning(request, STALE)
        return HttpResponseRedirect(door.page_of(row))
    except NotFound:
        raise
    except ClinicError as error:
        messages.error(request, error.sentence)
    return HttpResponseRedirect(door.back_of(request, door.page_of(row)))


def _refused(
    request: HttpRequest, row: Appointment, step: str, refused: Refused, moment: datetime
) -> HttpResponse:
    refusal = refusing.of_error(refused, row.site)
    facts = {"refusal": refusal, "refused_step": step, "asks_consent": asks_consent(refusal)}
    return shown(request, row, moment, 409, **facts)


def asks_consent(refusal: refusing.Refusal) -> bool:
    """Tell whether a rule of the protocol asks for consent, by whatever name."""
    asked = {
        rule.code for rule in protocols.in_force().rules if getattr(rule, "needs", "") == "consent"
    }
    return not asked.isdisjoint(refusal.codes)
