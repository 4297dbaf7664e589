"""The desk in the morning of `cast.NOW`: a clinic, and people signed in at it."""

from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client

from scheduling import access
from scheduling.models import Site
from tests import cast

SignIn = Callable[..., Client]


@pytest.fixture
def clinic(db: None) -> cast.Clinic:
    return cast.build()


@pytest.fixture(autouse=True)
def _morning() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture
def sign_in(clinic: cast.Clinic) -> SignIn:
    """Sign somebody in who is in a group and works at some sites (the clinic's own by default)."""
    access.ensure_groups()

    def as_somebody(group: str, *sites: Site, name: str = "") -> Client:
        user = cast.staff_user(name or group, *(sites or (clinic.site,)))
        user.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(user)
        return client

    return as_somebody


@pytest.fixture
def desk(sign_in: SignIn) -> Client:
    return sign_in("reception")


@pytest.fixture
def doctor(sign_in: SignIn) -> Client:
    return sign_in("clinician")


@pytest.fixture
def onlooker(clinic: cast.Clinic) -> Client:
    """Somebody who may look at the clinic's visits and patients, and no more."""
    from django.contrib.auth.models import Permission

    user: User = cast.staff_user("onlooker", clinic.site)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_appointment", "view_patient"])
    )
    client = Client()
    client.force_login(user)
    return client
