"""How tests hold a page: links opened, codes shown, forms filled in, text read."""

import re
from datetime import datetime
from typing import Any

from django.test import Client

from scheduling import links, visitors
from scheduling.doors.entering import SESSION_COOKIE
from scheduling.models import Appointment, Patient
from tests.notifications.stage import NOW


def opened(client: Client, made: Appointment, now: datetime = NOW) -> str:
    """Open the link of a message, and answer the address of the page it leads to."""
    token = links.issue(appointment=made, now=now)
    address: str = client.get(f"/v/{token}/")["Location"]
    return address


def signed_in(client: Client, patient: Patient, now: datetime = NOW, **proved: str) -> str:
    """Sign a patient in, and answer the address of their first page."""
    token = visitors.admit(patient_id=patient.pk, now=now, **(proved or {"phone": "+447700900123"}))
    client.cookies[SESSION_COOKIE] = token
    client.cookies[SESSION_COOKIE]["path"] = "/my/"
    return "/my/"


def text_of(response: Any) -> str:
    """Read a page as a person does."""
    bare = re.sub(r"<(style|script).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", bare).split())


def filled(response: Any) -> dict[str, str]:
    """Read what the page's own hidden fields would send along."""
    inputs = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"', response.content.decode()
    )
    return {name: value for name, value in inputs if name not in {"csrfmiddlewaretoken", "next"}}


def cancelling(client: Client, page: str, **said: str) -> Any:
    """Fill in the form that cancels, and send it."""
    typed = filled(client.get(f"{page}cancel/")) | {"reason": "ill"} | said
    return client.post(f"{page}cancel/", typed)
