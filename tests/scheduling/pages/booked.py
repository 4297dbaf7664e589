"""The stage of the booking pages: a clinic with open treatments, and phones that signed in."""

import re
from datetime import datetime

from django.test import Client

from scheduling import visitors
from scheduling.models import Patient, Treatment
from tests import cast
from tests.cast import NOW

PHONE = "+447700900456"


def clinic(**facts: object) -> cast.Clinic:
    """Build a clinic that opens consultation, review and laser to those who book by themselves."""
    made = cast.build(address="12 Harley Street", **facts)
    Treatment.objects.filter(name__in=["Consultation", "Review"]).update(asks_area=False)
    Treatment.objects.exclude(name="Filler").update(self_booking=True)
    return made


def phone(patient: Patient | None, number: str = PHONE, now: datetime = NOW) -> Client:
    """Sign somebody in on a phone of their own."""
    client = Client()
    token = visitors.admit(patient_id=patient and patient.pk, now=now, phone=number)
    client.cookies["patient"] = token
    return client


def text_of(response: object) -> str:
    """Read a page as a person does."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())  # type: ignore[attr-defined]


def field(response: object, name: str) -> str:
    """Read a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())  # type: ignore[attr-defined]
    assert found is not None
    return found[1]


def starts(response: object) -> list[tuple[str, str]]:
    """List the starts that a page offers, as (what is sent, what is read)."""
    page = response.content.decode()  # type: ignore[attr-defined]
    return re.findall(r'name="at" value="(\d+)"[^>]*>([^<]+)<', page)


def wanted(client: Client, treatment: Treatment) -> str:
    """Choose a treatment, and answer the address of the page that follows."""
    client.get("/my/book/")
    answer = client.post("/my/book/treatment/", {"choice": treatment.pk})
    assert answer.status_code == 303
    address: str = answer["Location"]
    return address


def kept(client: Client, root: str = "/my/book/", nth: int = 0) -> object:
    """Keep the n-th start that the page of times offers, and answer the check."""
    page = client.get(f"{root}times/")
    at = starts(page)[nth][0]
    answer = client.post(f"{root}times/", {"at": at, "of": field(page, "of")})
    assert (answer.status_code, answer["Location"]) == (303, f"{root}check/")
    return client.get(f"{root}check/")


def introduced(client: Client, **facts: object) -> str:
    """Answer every question that somebody new is asked; the address of the next page."""
    said = {
        "name": {"given": "Bea", "family": "Lowe"},
        "birth": {"day": "1", "month": "5", "year": "1990"},
        "messages": {"email": "bea@example.org", "language": "es", "agreed": ["sms"]},
    } | facts
    answer = None
    for step, fields in said.items():
        answer = client.post(f"/my/new/{step}/", fields)
        assert answer.status_code == 303, step
    assert answer is not None
    address: str = answer["Location"]
    return address
