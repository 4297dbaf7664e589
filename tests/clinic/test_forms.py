"""Forms as browsers send them: a page without a referrer sends its forms without a name."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from scheduling import links
from scheduling.models import Appointment
from tests.notifications import stage

pytestmark = pytest.mark.django_db
OURS = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}


def confirming(headers: dict[str, str], token: str = "", *, secure: bool = False) -> int:
    """Open a visit by its link, and send its form with these headers."""
    client = Client(enforce_csrf_checks=True)
    made = stage.visit(stage.house())

    Appointment.objects.update(start=timezone.now() + (made.end - made.start) * 99)
    key = links.issue(appointment=Appointment.objects.get(), now=timezone.now())
    page = client.get(f"/v/{key}/", secure=secure)["Location"]
    response = client.get(page, secure=secure)
    assert response["Referrer-Policy"] == "no-referrer"
    own = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', response.content.decode())[0]
    form = {"act": "confirm", "csrfmiddlewaretoken": token or own}
    status: int = client.post(page, form, headers=headers, secure=secure).status_code
    confirmed = Appointment.objects.get().confirmed_at is not None
    assert confirmed == (status == 303)
    return status


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("headers", [OURS, {"Origin": "null"}], ids=["new", "old"])
def test_a_patients_form_is_taken_from_a_browser(headers: dict[str, str], *, secure: bool) -> None:
    assert confirming(headers, secure=secure) == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
        {"Origin": "null", "Sec-Fetch-Site": "none"},
        {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "same-origin"},
    ],
    ids=str,
)
def test_a_form_from_elsewhere_is_refused(headers: dict[str, str]) -> None:
    assert confirming(headers) == 403


def test_a_form_without_its_token_is_refused() -> None:
    assert confirming(OURS, token="a" * 64) == 403


@pytest.mark.parametrize("path", ["/admin/", "/accounts/login/"])
def test_staff_send_no_nameless_forms(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.get("/accounts/login/").content.decode()
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    form = {"csrfmiddlewaretoken": token, "login": "x", "password": "y"}
    assert client.post(path, form, headers=OURS).status_code == 403


def test_without_its_name_django_refuses_every_form(settings: Any) -> None:
    settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if not m.endswith("NamelessForms")]
    assert confirming(OURS) == 403
