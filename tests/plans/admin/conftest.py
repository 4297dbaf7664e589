"""The desk in the morning, as for the diary's screens; its people may work with plans too."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from clinic import groups
from plans.models import Plan
from scheduling.models import Site
from tests import cast
from tests.plans import stage
from tests.scheduling.admin.conftest import SignIn, _morning, clinic, desk, doctor, onlooker

__all__ = ["_morning", "clinic", "desk", "doctor", "onlooker"]


@pytest.fixture
def sign_in(clinic: cast.Clinic) -> SignIn:
    """Sign somebody in with what their group may do on every floor."""
    groups.ensure()

    def as_somebody(group: str, *sites: Site, name: str = "") -> Client:
        user = cast.staff_user(name or group, *(sites or (clinic.site,)))
        user.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(user)
        return client

    return as_somebody


@pytest.fixture
def stranger(sign_in: SignIn) -> Client:
    """Somebody of another site, with every permission that a clinician has."""
    return sign_in("clinician", cast.site_named("Elsewhere"), name="stranger")


@pytest.fixture
def plan(clinic: cast.Clinic) -> Plan:
    return stage.plan(clinic)
