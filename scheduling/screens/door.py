"""What every screen of the diary does at the door: who is there, what they may, and where back."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from scheduling import access, walltime
from scheduling.errors import Malformed
from scheduling.models import Appointment, Site
from scheduling.screens import undoing
from scheduling.screens.frame import now

LOOK = "scheduling.view_appointment"
WORK = "scheduling.work_diary"
OVERRIDE = "scheduling.override_refusal"


def needs(request: HttpRequest, permission: str) -> None:
    """Turn away who lacks the permission."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def sites_of(request: HttpRequest) -> QuerySet[Site]:
    """List the sites at which this user works."""
    return access.visible_sites(request.user)


def visit_of(request: HttpRequest, pk: int) -> Appointment:
    """Read a visit at one of the user's sites; elsewhere it is not there."""
    found = (
        Appointment.objects.filter(pk=pk, site__in=sites_of(request))
        .select_related("patient", "site", "treatment")
        .first()
    )
    if found is None:
        raise Http404
    return found


def context_of(request: HttpRequest, title: str, **facts: Any) -> dict[str, Any]:
    """Dress a page as one of the admin's, with what this user may do on it."""
    return {
        **admin.site.each_context(request),
        "request": request,
        "title": title,
        "may_work": request.user.has_perm(WORK),
        "may_override": request.user.has_perm(OVERRIDE),
        "may_record": request.user.has_perm("scheduling.add_record"),
        "undo": undoing.offered(request, now()) if request.user.has_perm(WORK) else None,
        **facts,
    }


def back_of(request: HttpRequest, otherwise: str) -> str:
    """Read where a form wants to go next, when that is one of our own pages."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if wanted.startswith("/") and safe else otherwise


def page_of(visit: Appointment) -> str:
    """Answer the address of a visit's own page."""
    return reverse("admin:scheduling_appointment_change", args=[visit.pk])


def whole(text: str | None) -> int | None:
    """Read an id or a count; None for whatever is none."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < MANY else None


MANY = 10
"""Digits beyond which a number is no id of ours."""


def day_in(text: str | None) -> date | None:
    """Read a date of the diary; None for whatever is none."""
    try:
        return walltime.local_date_of(text or "")
    except Malformed:
        return None


def start_in(text: str, zone: str) -> datetime:
    """Read a start on the site's clock; see `walltime.instant_of`.

    Raises:
        Malformed: it is no time, does not exist that day, or comes twice.

    """
    return walltime.instant_of(text, ZoneInfo(zone))
