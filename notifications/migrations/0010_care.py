"""The care timeline: its lines as shipped, what patients answer, recalls; and the texts around them."""

import json
from datetime import time
from importlib.resources import files
from itertools import product

import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

KINDS = ("care", "aftercare", "recall", "alert")
CHANNELS = ("email", "sms")
LANGUAGES = ("en", "es", "ar")
FACTS = ("code", "name", "day", "until", "channel", "procedures", "areas", "depth", "record",
         "fitzpatrick_least", "source", "sureness")


def listed(apps, schema_editor):
    text = apps.get_model("notifications", "MessageText")
    text.objects.bulk_create(
        [
            text(kind=kind, channel=channel, language=language)
            for kind, channel, language in product(KINDS, CHANNELS, LANGUAGES)
        ],
        ignore_conflicts=True,
    )


def shipped(apps, schema_editor):
    note = apps.get_model("notifications", "CareNote")
    data = json.loads(files("notifications").joinpath("data", "care.json").read_text("utf-8"))
    note.objects.bulk_create(
        [
            note(
                **{name: line[name] for name in FACTS},
                at=time.fromisoformat(line["at"]),
                asks=line["check"],
            )
            for line in data["notes"]
        ],
        ignore_conflicts=True,
    )


# the counter of the ground floor also says whether lines that are remembered still stand
MOVED = """
CREATE TRIGGER grounds_moved AFTER INSERT OR UPDATE OR DELETE ON notifications_{table}
FOR EACH STATEMENT EXECUTE FUNCTION scheduling_grounds_moved();
"""
TABLES = ("carenote", "caretext")


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0009_content'),
        ('plans', '0001_plans'),
        ('scheduling', '0009_on_call'),
    ]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='kind',
            field=models.CharField(choices=[('booked', 'visit booked'), ('reminder', 'reminder'), ('changed', 'visit moved'), ('cancelled', 'visit cancelled'), ('several', 'several visits'), ('all_off', 'several visits cancelled'), ('reply', 'automatic answer'), ('answer', "reception's answer"), ('care', 'advice before a visit'), ('aftercare', 'advice and checks after a visit'), ('recall', 'time to come again'), ('alert', 'call to the clinician')], max_length=12),
        ),
        migrations.AlterField(
            model_name='messagetext',
            name='kind',
            field=models.CharField(choices=[('booked', 'visit booked'), ('reminder', 'reminder'), ('changed', 'visit moved'), ('cancelled', 'visit cancelled'), ('several', 'several visits'), ('all_off', 'several visits cancelled'), ('reply', 'automatic answer'), ('answer', "reception's answer"), ('care', 'advice before a visit'), ('aftercare', 'advice and checks after a visit'), ('recall', 'time to come again'), ('alert', 'call to the clinician'), ('day', 'reminder of several visits on one day'), ('family', 'reminder to several people on one day')], max_length=12),
        ),
        migrations.CreateModel(
            name='CareNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40, unique=True)),
                ('name', models.CharField(help_text='for the clinic; patients read the text below', max_length=80)),
                ('day', models.SmallIntegerField(help_text="local days from the session's date; negative before it", validators=[django.core.validators.MinValueValidator(-365), django.core.validators.MaxValueValidator(365)])),
                ('until', models.SmallIntegerField(help_text='the last day, counted in the same way', validators=[django.core.validators.MinValueValidator(-365), django.core.validators.MaxValueValidator(365)], verbose_name='of use until')),
                ('at', models.TimeField(default=datetime.time(10, 0), help_text="by the site's clock; the day's earliest counts", verbose_name='local time')),
                ('channel', models.CharField(choices=[('email', 'e-mail, else SMS'), ('sms', 'SMS, else e-mail'), ('both', 'both')], default='email', max_length=5, verbose_name='by')),
                ('asks', models.BooleanField(default=False, help_text='a check: better, same or worse', verbose_name='asks how it is')),
                ('procedures', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('areas', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None)),
                ('depth', models.CharField(blank=True, choices=[('superficial', 'superficial only'), ('deep', 'deep only')], max_length=12)),
                ('record', models.CharField(blank=True, choices=[('consultation', 'Consultation'), ('consent', 'Consent'), ('patch_test', 'Patch test'), ('healed', 'Healed sign-off'), ('isotretinoin', 'Isotretinoin'), ('sun_exposure', 'Sun or sunbed'), ('fake_tan', 'Fake tan'), ('waxing', 'Waxing, plucking, threading'), ('pregnancy', 'Pregnancy'), ('breastfeeding', 'Breastfeeding'), ('active_infection', 'Cold sore or infection'), ('photosensitising_drug', 'Photosensitising drug'), ('dental_or_vaccine', 'Dental work or vaccine'), ('adverse_event', 'Adverse event'), ('doctor_directed', 'Directed by a doctor'), ('prior_session', 'Session done elsewhere')], help_text='ended or not', max_length=24, verbose_name='history of')),
                ('fitzpatrick_least', models.PositiveSmallIntegerField(blank=True, choices=[(1, 'I - always burns'), (2, 'II - usually burns'), (3, 'III - sometimes burns'), (4, 'IV - rarely burns'), (5, 'V - very rarely burns'), (6, 'VI - never burns')], null=True, verbose_name='Fitzpatrick type from')),
                ('source', models.TextField(blank=True, help_text='where the figures come from')),
                ('sureness', models.CharField(blank=True, max_length=4)),
                ('active', models.BooleanField(default=True)),
                ('changed_at', models.DateTimeField(blank=True, null=True)),
                ('changed_by', models.CharField(blank=True, max_length=160)),
            ],
            options={
                'verbose_name': 'care note',
                'ordering': ['day', 'code'],
                'constraints': [models.CheckConstraint(condition=models.Q(('until__gte', models.F('day')), models.Q(('day__gte', 0), ('until__lt', 0), _connector='OR')), name='care_note_days_in_order'), models.CheckConstraint(condition=models.Q(('asks', False), ('day__gte', 0), _connector='OR'), name='care_check_after_session'), models.CheckConstraint(condition=models.Q(('sureness__in', ['', 'A', 'B', 'C', 'D', 'seed'])), name='care_note_sureness')],
            },
        ),
        migrations.CreateModel(
            name='CareAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('told_version', models.PositiveIntegerField()),
                ('day', models.SmallIntegerField()),
                ('answer', models.CharField(choices=[('better', 'better'), ('same', 'same'), ('worse', 'worse')], max_length=6)),
                ('said', models.TextField(blank=True, verbose_name='in their words')),
                ('source', models.CharField(choices=[('link', 'the page behind a link'), ('reply', 'a reply by SMS')], max_length=5)),
                ('at', models.DateTimeField()),
                ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='scheduling.appointment')),
                ('event', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scheduling.record')),
            ],
            options={
                'verbose_name': 'answer to a check',
                'verbose_name_plural': 'answers to checks',
                'ordering': ['-at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('answer', 'worse'), _negated=True), ('event__isnull', False), _connector='OR'), name='worse_has_an_event')],
            },
        ),
        migrations.CreateModel(
            name='CareText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=5)),
                ('title', models.CharField(max_length=120)),
                ('body', models.TextField(verbose_name='text')),
                ('note', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='texts', to='notifications.carenote')),
            ],
            options={
                'verbose_name': 'text',
                'ordering': ['note_id', 'language'],
                'constraints': [models.UniqueConstraint(fields=('note', 'language'), name='care_note_worded_once')],
            },
        ),
        migrations.CreateModel(
            name='Recall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('overdue', 'a session is overdue'), ('upkeep', 'upkeep is due')], max_length=8)),
                ('seq', models.PositiveSmallIntegerField(default=0)),
                ('due_on', models.DateField()),
                ('at', models.DateTimeField()),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recalls', to='plans.plan')),
            ],
            options={
                'ordering': ['-at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('plan', 'kind', 'seq', 'due_on'), name='recalled_once_an_occasion')],
            },
        ),
        migrations.RunSQL(
            "".join(MOVED.format(table=table) for table in TABLES),
            "".join(f"DROP TRIGGER grounds_moved ON notifications_{t};" for t in TABLES),
        ),
        migrations.RunPython(listed, migrations.RunPython.noop),
        migrations.RunPython(shipped, migrations.RunPython.noop),
    ]
