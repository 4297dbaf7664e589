"""The API's callers: each with a token of their own, at a fixed hour of a fixed day."""

from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from clinic import groups
from scheduling import access
from tests import cast


@pytest.fixture(autouse=True)
def _at_eight_on_monday() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture
def clinic(db: None) -> cast.Clinic:
    return cast.build()


@pytest.fixture
def member(clinic: cast.Clinic) -> Callable[..., User]:
    """Make a member of staff of a group, at the clinic's site unless others are named."""
    made = groups.ensure()

    def make(group: str | None, *sites: object, name: str = "") -> User:
        user = cast.staff_user(name or str(group or "stranger"), *(sites or (clinic.site,)))  # type: ignore[arg-type]
        if group is not None:
            user.groups.add(made[group])
        return user

    return make


def caller(user: User | None = None) -> APIClient:
    """Answer a client that sends the user's token."""
    client = APIClient(raise_request_exception=True)
    if user is not None:
        token, _ = Token.objects.get_or_create(user=user)
        client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    return client


@pytest.fixture
def desk(member: Callable[..., User]) -> APIClient:
    return caller(member(access.RECEPTION))


@pytest.fixture
def doctor(member: Callable[..., User]) -> APIClient:
    return caller(member(access.CLINICIAN))
