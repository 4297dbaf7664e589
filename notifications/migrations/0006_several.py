"""Messages that tell of several visits at once: what each mentions, and their texts to edit."""

from itertools import product

import django.db.models.deletion
from django.db import migrations, models


KINDS = ("several", "all_off")
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

    dependencies = [
        ('notifications', '0005_fewer_checks'),
        ('scheduling', '0005_patient_version'),
    ]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='kind',
            field=models.CharField(choices=[('booked', 'visit booked'), ('reminder', 'reminder'), ('changed', 'visit moved'), ('cancelled', 'visit cancelled'), ('several', 'several visits'), ('all_off', 'several visits cancelled')], max_length=12),
        ),
        migrations.AlterField(
            model_name='messagetext',
            name='kind',
            field=models.CharField(choices=[('booked', 'visit booked'), ('reminder', 'reminder'), ('changed', 'visit moved'), ('cancelled', 'visit cancelled'), ('several', 'several visits'), ('all_off', 'several visits cancelled')], max_length=12),
        ),
        migrations.CreateModel(
            name='Mention',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('told_version', models.PositiveIntegerField()),
                ('channel', models.CharField(choices=[('email', 'e-mail'), ('sms', 'SMS')], max_length=5)),
                ('be_there', models.DateTimeField(blank=True, null=True)),
                ('was', models.DateTimeField(blank=True, null=True)),
                ('appointment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='mentions', to='scheduling.appointment')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mentions', to='notifications.message')),
            ],
            options={
                'ordering': ['message_id', 'be_there', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('appointment', 'told_version', 'channel'), name='visit_mentioned_once')],
            },
        ),
        migrations.RunPython(listed, migrations.RunPython.noop),
    ]
