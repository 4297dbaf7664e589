"""List the words around an answer by e-mail; remember how a plan stood when it was recalled."""

from django.db import migrations, models

LANGUAGES = ("en", "es", "ar")


def listed(apps, schema_editor):
    text = apps.get_model("notifications", "MessageText")
    text.objects.bulk_create(
        [text(kind="answer", channel="email", language=language) for language in LANGUAGES],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("notifications", "0014_taken_by_the_next")]
    operations = [
        migrations.AddField(
            model_name="recall",
            name="turn",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="how often the plan and its visits had changed by then",
            ),
        ),
        migrations.RunPython(listed, migrations.RunPython.noop),
    ]
