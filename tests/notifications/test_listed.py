"""Every text that can be edited has a row from the first migration on."""

from importlib import import_module
from itertools import product

import pytest
from django.apps import apps

from notifications.core.policy import Channel, Kind
from notifications.models import WORDED, MessageText
from scheduling.models import Patient

pytestmark = pytest.mark.django_db

BY_TEXT_ALONE = {Kind.REPLY.value}
LISTING = (
    "0003_wordings_listed",
    "0006_several",
    "0007_inbound",
    "0009_content",
    "0010_care",
    "0015_answers_and_recalls",
    "0017_waiting",
)


def test_migrations_list_every_kind_by_each_channel_in_each_language() -> None:
    MessageText.objects.all().delete()
    for name in LISTING:
        import_module(f"notifications.migrations.{name}").listed(apps, None)
    kinds = [kind for kind, _ in WORDED]
    wanted = {
        (kind, channel.value, language)
        for kind, channel, language in product(kinds, Channel, Patient.Language.values)
        if channel is Channel.SMS or kind not in BY_TEXT_ALONE
    }
    assert set(MessageText.objects.values_list("kind", "channel", "language")) == wanted
