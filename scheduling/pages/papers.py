"""A patient's own papers: what they handed in and signed, as PDF; only behind a code."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import path

from scheduling.doors import Visitor, signed_in
from scheduling.errors import NotFound
from scheduling.models import SignedConsent, Submission
from scheduling.pages.forms import day_of, drawn, said, site_of
from scheduling.screens.prints import consent_pdf, history_pdf

MOST = 50
"""Papers of each kind that are listed, newest first."""


def papers(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """List the papers."""
    words, language = said(request, visitor)
    site = site_of(visitor)
    handed_in = Submission.objects.filter(patient=visitor.patient)[:MOST]
    signed = SignedConsent.objects.filter(patient=visitor.patient).select_related("text")[:MOST]
    lines = [
        {
            "href": f"/my/papers/consent-{row.pk}.pdf",
            "label": words["paper_consent"].format(
                title=row.text.title, date=day_of(row.signed_at, row.zone, language, site)
            ),
        }
        for row in signed
    ]
    lines += [
        {
            "href": f"/my/papers/history-{row.pk}.pdf",
            "label": words["paper_history"].format(date=day_of(row.at, row.zone, language, site)),
        }
        for row in handed_in
    ]
    return drawn(request, visitor, "papers", words["papers"], {"lines": lines})


def history(request: HttpRequest, visitor: Visitor, now: datetime, pk: int) -> HttpResponse:
    """Give one medical history as PDF."""
    row = Submission.objects.filter(pk=pk, patient=visitor.patient).first()
    if row is None:
        raise NotFound
    return history_pdf(row, row.appointment.site if row.appointment else site_of(visitor))


def consent(request: HttpRequest, visitor: Visitor, now: datetime, pk: int) -> HttpResponse:
    """Give one signed consent as PDF."""
    row = SignedConsent.objects.filter(pk=pk, patient=visitor.patient).first()
    if row is None:
        raise NotFound
    return consent_pdf(row)


my_urls = [
    path("papers/", signed_in(papers)),
    path("papers/history-<int:pk>.pdf", signed_in(history)),
    path("papers/consent-<int:pk>.pdf", signed_in(consent)),
]
