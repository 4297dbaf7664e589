"""The API is for staff: whatever a patient's tokens are shown as, it answers them nothing.

Schemathesis writes the requests from the API's own schema, so that a route that is added is asked.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
import time_machine
from django.http import HttpResponse
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import Phase, given, settings
from rest_framework.authtoken.models import Token
from schemathesis.schemas import APIOperation

from clinic import groups
from scheduling import access
from scheduling.models import Change
from tests import cast, neighbours
from tests.neighbours import ADA, BO, OF_ADA, Street

pytestmark = pytest.mark.django_db

CLOSED = {401, 403, 404}
"""What a stranger may be answered (RFC 9110, 15.5); 404 for a number that no route takes."""


@pytest.fixture
def street() -> Iterator[Street]:
    with time_machine.travel(cast.NOW, tick=False):
        yield neighbours.built()


def operations() -> list[APIOperation[Any, Any, Any, Any]]:
    """List every operation of the API as its schema has it."""
    schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(public=True))
    return [each.ok() for each in schema.get_all_operations()]


def shown(street: Street) -> list[Client]:
    """Show the tokens of two patients in every way in which a client shows tokens."""
    links = street.tokens["visit"], street.tokens["bo"]
    sessions = neighbours.admitted(street.ada, ADA), neighbours.admitted(street.bo, BO)
    clients = []
    for token in (*links, *sessions):
        for scheme in ("Token", "Bearer"):
            clients.append(Client(headers={"Authorization": f"{scheme} {token}"}))
            clients[-1].cookies.load({"patient": token, "sessionid": token, "visit-1": token})
    return clients


def receptionist(street: Street) -> Client:
    """Show the token of a receptionist of the same house."""
    user = cast.staff_user("desk", street.clinic.site)
    user.groups.add(groups.ensure()[access.RECEPTION])
    return Client(headers={"Authorization": f"Token {Token.objects.create(user=user).key}"})


def ask(client: Client, case: schemathesis.Case) -> HttpResponse:
    """Send what schemathesis wrote, with this client's tokens and nothing else that opens."""
    written = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    answer: HttpResponse = client.generic(
        written.method or "",
        written.path_url,
        written.body or b"",
        content_type=written.headers.get("Content-Type", ""),
    )
    return answer


def test_the_api_answers_a_patients_tokens_nothing(street: Street) -> None:
    clients, desk, before = shown(street), receptionist(street), Change.objects.count()
    to_staff = set()
    for operation in operations():

        @given(case=operation.as_strategy())
        @settings(
            max_examples=3, deadline=None, derandomize=True, database=None, phases=[Phase.generate]
        )
        def asked(case: schemathesis.Case) -> None:
            for client in clients:
                answer = ask(client, case)
                assert answer.status_code in CLOSED or b"NUL" in answer.content, answer.content
                assert not OF_ADA.search(answer.content.decode())
            if case.method == "GET":
                to_staff.add(ask(desk, case).status_code)

        asked()
    assert Change.objects.count() == before
    assert 200 in to_staff, "the requests are such that somebody is answered"
