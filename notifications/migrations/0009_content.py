"""Reminders of several visits on one day, texts in Arabic, and what was sent to an address."""

from itertools import product

import django.db.models.deletion
from django.db import migrations, models


OLDER_KINDS = ("booked", "reminder", "changed", "cancelled", "several", "all_off")
NEW_KINDS = ("day", "family")
CHANNELS = ("email", "sms")


def listed(apps, schema_editor):
    text = apps.get_model("notifications", "MessageText")
    worded = [
        *product(OLDER_KINDS, CHANNELS, ("ar",)),
        *product(NEW_KINDS, CHANNELS, ("en", "es", "ar")),
        *product(("reply", "answer"), ("sms",), ("ar",)),
    ]
    text.objects.bulk_create(
        [text(kind=kind, channel=channel, language=language) for kind, channel, language in worded],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0008_sending'),
        ('scheduling', '0008_arabic'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='told_in',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, help_text='the reminder that tells of this visit too, on the same day', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='told_too', to='notifications.message'),
        ),
        migrations.AlterField(
            model_name='message',
            name='drop_reason',
            field=models.CharField(blank=True, choices=[('superseded', 'The visit was moved or cancelled before this was sent.'), ('visit_started', 'The patient was already here, or the visit was over.'), ('too_late', 'It would have arrived too late to be of use.'), ('quiet_hours', 'It fell into the night and would have been too late by morning.'), ('opted_out', 'The patient asked for no messages on this channel.'), ('do_not_contact', 'The patient asked not to be contacted.'), ('deceased', 'The patient has died.'), ('no_address', 'There is no address for this channel any more.'), ('unwritable', 'Its text could not be made; please phone the patient.'), ('capped', 'Enough was sent to this address already, this day or this week.'), ('told_together', 'Another reminder told of this visit too, on the same day.')], max_length=16),
        ),
        migrations.AlterField(
            model_name='messagetext',
            name='kind',
            field=models.CharField(choices=[('booked', 'visit booked'), ('reminder', 'reminder'), ('changed', 'visit moved'), ('cancelled', 'visit cancelled'), ('several', 'several visits'), ('all_off', 'several visits cancelled'), ('reply', 'automatic answer'), ('answer', "reception's answer"), ('day', 'reminder of several visits on one day'), ('family', 'reminder to several people on one day')], max_length=12),
        ),
        migrations.AlterField(
            model_name='messagetext',
            name='language',
            field=models.CharField(choices=[('en', 'English'), ('es', 'Spanish'), ('ar', 'Arabic')], max_length=5),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['recipient', 'open'], name='message_by_recipient'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('told_in__isnull', False)), fields=['told_in'], name='message_told_in'),
        ),
        migrations.AlterField(
            model_name='optout',
            name='source',
            field=models.CharField(help_text='who told us: provider, reply, staff, link', max_length=16),
        ),
        migrations.RunPython(listed, migrations.RunPython.noop),
    ]
