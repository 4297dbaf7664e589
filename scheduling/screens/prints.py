"""Papers as PDF, for the staff and for the patient whose they are."""

from collections.abc import Iterator
from datetime import datetime

from django.http import HttpResponse

from scheduling.core.words import Actor
from scheduling.models import SignedConsent, Site, Submission
from scheduling.papers import sheets
from scheduling.papers.wording import words_in


def history_pdf(row: Submission, site: Site) -> HttpResponse:
    """Answer a medical history as PDF, in the language in which it was filled in."""
    paper = sheets.of_submission(row, words_in(row.language), site)
    return _download(paper, f"medical-history-{row.pk}")


def consent_pdf(row: SignedConsent) -> HttpResponse:
    """Answer a signed consent as PDF, in the language in which it was read."""
    words = words_in(row.text.language)
    paper = sheets.of_consent(row, words, row.appointment.site)
    return _download(paper, f"consent-{row.pk}")


def _download(paper: sheets.Paper, name: str) -> HttpResponse:
    from scheduling.papers import printing  # noqa: PLC0415 - every process would load it for a second

    response = HttpResponse(printing.pdf_of(paper), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


def for_export(by: Actor, now: datetime) -> Iterator[tuple[str, bytes]]:
    """Give every paper as PDF, by its name in the zip of everything."""
    home = Site.objects.order_by("name", "pk").first()
    for row in Submission.objects.select_related("patient").order_by("pk").iterator():
        if home is not None:
            yield f"papers/history-{row.pk}.pdf", history_pdf(row, home).content
    rows = SignedConsent.objects.select_related(
        "patient", "text", "record", "appointment__site", "guardian"
    )
    for signed in rows.order_by("pk").iterator():
        yield f"papers/consent-{signed.pk}.pdf", consent_pdf(signed).content
