"""List every message in the admin, each with the shipped wording until somebody edits it."""

from itertools import product

from django.db import migrations

KINDS = ("booked", "reminder", "changed", "cancelled")
CHANNELS = ("email", "sms")
LANGUAGES = ("en", "es")


def listed(apps, schema_editor):
    text = apps.get_model("notifications", "MessageText")
    text.objects.bulk_create(
        [
            text(kind=kind, channel=channel, language=language)
            for kind, channel, language in product(KINDS, CHANNELS, LANGUAGES)
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_wordings")]
    operations = [migrations.RunPython(listed, migrations.RunPython.noop)]
