"""What an empty house is set up with: groups, the shipped protocol; and the demo, but not everywhere."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

from scheduling.models import ProtocolVersion

pytestmark = pytest.mark.django_db


def test_demo_is_not_loaded_where_strangers_come(settings: Any) -> None:
    settings.LOCAL = False
    with pytest.raises(CommandError, match="localhost only"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_groups_are_set_up_with_the_rights_of_every_floor() -> None:
    out = StringIO()
    call_command("set_up_groups", stdout=out)
    assert [line.partition(":")[0] for line in out.getvalue().splitlines()] == [
        "reception",
        "clinician",
        "manager",
        "medical lead",
    ]
    user = User.objects.create_user("desk", password="a-long-password")
    user.groups.set(Group.objects.filter(name="reception"))
    assert user.has_perm("notifications.view_message")


def test_shipped_protocol_is_loaded_as_a_draft() -> None:
    out = StringIO()
    call_command("load_protocol", stdout=out)
    version = ProtocolVersion.objects.get()
    assert (version.number, version.state) == (1, "draft")
    assert "before a medical lead activates" in out.getvalue()
