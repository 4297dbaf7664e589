"""What opens a patient's pages opens nothing else: every route of the house that is not theirs."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.admindocs.views import simplify_regex
from django.test import Client
from django.urls import URLPattern, get_resolver

from tests import cast, neighbours
from tests.clinic.test_patients_doors import PREFIXES, code_of, content, of_ada
from tests.neighbours import ADA, OF_ADA, Street

pytestmark = pytest.mark.django_db


OPEN = frozenset({"/api/v1/docs/", "/api/v1/schema/", "/livez", "/readyz"})
"""Where anybody is answered."""


def addresses() -> Iterator[str]:
    """Spell an address of every route outside the patients' pages; each id is 1."""

    def walk(patterns: list[Any], before: str = "") -> Iterator[str]:
        for each in patterns:
            path = before + str(each.pattern)
            if isinstance(each, URLPattern):
                yield path
            else:
                yield from walk(each.url_patterns, path)

    for route in walk(get_resolver(settings.ROOT_URLCONF).url_patterns):
        plain = simplify_regex(route.replace("\\Z", "$")).lstrip("/")
        if not plain.startswith(PREFIXES):
            yield "/" + re.sub(r"<[^>]+>", "1", plain)


@pytest.fixture
def street() -> Iterator[Street]:
    with time_machine.travel(cast.NOW, tick=False):
        yield neighbours.built()


def holders(street: Street) -> dict[str, Client]:
    """Hold up all that Ada has, a sign-in and links, as cookies and as a program's key."""
    found = {}
    for name in ("patient", "visit"):
        client = code_of(street.ada, ADA)
        for door, which in (("v", "visit"), ("c", "care"), ("o", "offer")):
            client.get(f"/{door}/{street.tokens[which]}/")
        key = client.cookies["patient"].value if name == "patient" else street.tokens["visit"]
        client.cookies["session"] = key
        client.defaults["HTTP_AUTHORIZATION"] = f"Token {key}"
        found[name] = client
    return found


def test_no_token_of_a_patient_opens_a_route_of_the_staff(street: Street) -> None:
    asked, doors = sorted(set(addresses())), holders(street)
    before = of_ada(street)
    assert len([path for path in asked if path.startswith("/api/")]) > 20
    assert len([path for path in asked if path.startswith("/admin/")]) > 50
    for name, client in doors.items():
        for path in asked:
            for method in ("get", "post"):
                # a page has no keys: the cookies are the same for both
                if path.startswith("/api/") or name == "patient":
                    refused(f"{name}: {method} {path}", getattr(client, method)(path), path)
    assert of_ada(street) == before


def refused(where: str, response: Any, path: str) -> None:
    """Check that it is answered as nobody is: the API's door is shut, a page asks who it is."""
    assert not OF_ADA.search(content(response).decode("utf-8", "replace")), where
    if path.startswith("/api/") and response.status_code != 200:
        assert response.status_code in {401, 403}, where
    elif path.startswith("/admin/") and path != "/admin/login/":
        assert response.status_code == 302, where
        assert response["Location"].startswith(("/accounts/login/", "/admin/")), where
    elif response.status_code == 200:
        assert path in OPEN or Client().get(path).status_code == 200, where
