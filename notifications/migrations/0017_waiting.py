"""Messages about offers of the waiting list, which are about no visit; list their words."""

import django.db.models.deletion
from django.db import migrations, models


LANGUAGES = ("en", "es", "ar")


def listed(apps, schema_editor):
    text = apps.get_model("notifications", "MessageText")
    text.objects.bulk_create(
        [
            text(kind="offer", channel=channel, language=language)
            for channel in ("email", "sms")
            for language in LANGUAGES
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0016_reports'),
        ('scheduling', '0020_waiting'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='offer',
            field=models.ForeignKey(blank=True, db_index=False, help_text='the free time that it offers; it is about no visit then', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='scheduling.offer'),
        ),
        migrations.AlterField(
            model_name='message',
            name='appointment',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='scheduling.appointment'),
        ),
        migrations.AlterField(
            model_name='message',
            name='drop_reason',
            field=models.CharField(blank=True, choices=[('superseded', 'The visit was moved or cancelled before this was sent.'), ('visit_started', 'The patient was already here, or the visit was over.'), ('too_late', 'It would have arrived too late to be of use.'), ('quiet_hours', 'It fell into the night and would have been too late by morning.'), ('opted_out', 'The patient asked for no messages on this channel.'), ('do_not_contact', 'The patient asked not to be contacted.'), ('deceased', 'The patient has died.'), ('no_address', 'There is no address for this channel any more.'), ('unwritable', 'Its text could not be made; please phone the patient.'), ('capped', 'Enough was sent to this address already, this day or this week.'), ('told_together', 'Another reminder told of this visit too, on the same day.'), ('offer_over', 'The offer was over before this was sent.')], max_length=16),
        ),
        migrations.AlterField(
            model_name='message',
            name='kind',
            field=models.CharField(choices=[('booked', 'visit booked'), ('reminder', 'reminder'), ('changed', 'visit moved'), ('cancelled', 'visit cancelled'), ('several', 'several visits'), ('all_off', 'several visits cancelled'), ('reply', 'automatic answer'), ('answer', "reception's answer"), ('care', 'advice before a visit'), ('aftercare', 'advice and checks after a visit'), ('recall', 'time to come again'), ('alert', 'call to the clinician'), ('offer', 'offer of a free time')], max_length=12),
        ),
        migrations.AlterField(
            model_name='messagetext',
            name='kind',
            field=models.CharField(choices=[('booked', 'visit booked'), ('reminder', 'reminder'), ('changed', 'visit moved'), ('cancelled', 'visit cancelled'), ('several', 'several visits'), ('all_off', 'several visits cancelled'), ('reply', 'automatic answer'), ('answer', "reception's answer"), ('care', 'advice before a visit'), ('aftercare', 'advice and checks after a visit'), ('recall', 'time to come again'), ('alert', 'call to the clinician'), ('offer', 'offer of a free time'), ('day', 'reminder of several visits on one day'), ('family', 'reminder to several people on one day')], max_length=12),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('offer__isnull', False)), fields=['offer'], name='message_of_offer'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('appointment__isnull', True), ('offer__isnull', False)), models.Q(('appointment__isnull', False), ('offer__isnull', True)), _connector='OR'), name='message_about_a_visit_or_an_offer'),
        ),
        migrations.RunPython(listed, migrations.RunPython.noop),
    ]
