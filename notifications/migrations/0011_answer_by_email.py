"""List the words around an answer by e-mail."""

from django.db import migrations

LANGUAGES = ("en", "es", "ar")


def listed(apps, schema_editor):
    text = apps.get_model("notifications", "MessageText")
    text.objects.bulk_create(
        [text(kind="answer", channel="email", language=language) for language in LANGUAGES],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("notifications", "0010_care")]
    operations = [migrations.RunPython(listed, migrations.RunPython.noop)]
