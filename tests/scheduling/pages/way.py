"""The way of a patient through the forms, as a browser goes it."""

import re
from typing import Any

from django.test import Client

from scheduling import links, visitors
from scheduling.models import Appointment, Patient
from scheduling.papers.questions import form
from tests import cast


def by_link(client: Client, visit: Appointment) -> str:
    """Open the link of a message, and answer the address of the visit's page."""
    address: str = client.get(f"/v/{links.issue(appointment=visit, now=cast.NOW)}/")["Location"]
    return address


def sign_in(client: Client, patient: Patient) -> None:
    """Come in with a code."""
    client.cookies["patient"] = visitors.admit(patient_id=patient.pk, now=cast.NOW)


def answer(client: Client, home: str, **said: Any) -> str:
    """Answer every question, “no” where nothing is said; answer where it led."""
    at = f"{home}forms/history/"
    for question in form().questions:
        fields = said.get(question.key, {"answer": "no"})
        at = client.post(f"{home}forms/history/{question.key}/", fields)["Location"]
    return at


def hand_in(client: Client, home: str, **said: Any) -> Any:
    """Answer everything, send it, and read the page that follows."""
    check = answer(client, home, **said)
    return client.get(client.post(check)["Location"])


def text_of(response: Any) -> str:
    """Read a page as a person does."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
