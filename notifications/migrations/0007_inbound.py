"""What comes in: receipts of providers, patients' replies, our answers, evidence of opt-outs."""

from itertools import product

import django.db.models.deletion
from django.db import migrations, models


def listed(apps, schema_editor):
    text = apps.get_model("notifications", "MessageText")
    text.objects.bulk_create(
        [
            text(kind=kind, channel="sms", language=language)
            for kind, language in product(("reply", "answer"), ("en", "es"))
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0006_several'),
        ('scheduling', '0005_patient_version'),
    ]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='kind',
            field=models.CharField(choices=[('booked', 'visit booked'), ('reminder', 'reminder'), ('changed', 'visit moved'), ('cancelled', 'visit cancelled'), ('several', 'several visits'), ('all_off', 'several visits cancelled'), ('reply', 'automatic answer'), ('answer', "reception's answer")], max_length=12),
        ),
        migrations.AlterField(
            model_name='messagetext',
            name='kind',
            field=models.CharField(choices=[('booked', 'visit booked'), ('reminder', 'reminder'), ('changed', 'visit moved'), ('cancelled', 'visit cancelled'), ('several', 'several visits'), ('all_off', 'several visits cancelled'), ('reply', 'automatic answer'), ('answer', "reception's answer")], max_length=12),
        ),
        migrations.AlterField(
            model_name='optout',
            name='message',
            field=models.ForeignKey(blank=True, help_text='the last message that went there before', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='notifications.message'),
        ),
        migrations.CreateModel(
            name='Reply',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=16)),
                ('provider_id', models.CharField(max_length=255)),
                ('channel', models.CharField(choices=[('email', 'e-mail'), ('sms', 'SMS')], max_length=5)),
                ('sender', models.CharField(max_length=254, verbose_name='from')),
                ('sent_to', models.CharField(blank=True, max_length=254, verbose_name='to')),
                ('body', models.TextField(blank=True, verbose_name='text')),
                ('pictures', models.PositiveSmallIntegerField(default=0, help_text='sent along, and not kept')),
                ('at', models.DateTimeField(verbose_name='received')),
                ('intent', models.CharField(choices=[('opt_out', 'no more messages'), ('opt_in', 'messages again'), ('help', 'asks for help'), ('confirm', 'confirms'), ('cancel', 'cancels'), ('unclear', 'about a visit'), ('other', 'something else'), ('nothing', 'nothing')], max_length=8, verbose_name='read as')),
                ('state', models.CharField(choices=[('open', 'to be read'), ('acted', 'acted upon'), ('answered', 'answered'), ('closed', 'put aside')], default='open', max_length=8)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('done_by', models.CharField(blank=True, max_length=160)),
                ('appointment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='replies', to='scheduling.appointment', verbose_name='visit')),
                ('patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='replies', to='scheduling.patient')),
                ('todo', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='scheduling.todo')),
            ],
            options={
                'verbose_name_plural': 'replies',
                'ordering': ['-at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('said', models.TextField()),
                ('by', models.CharField(blank=True, max_length=160)),
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='answer', to='notifications.message')),
                ('reply', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='notifications.reply')),
            ],
            options={
                'ordering': ['reply_id', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='optout',
            name='ended_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='notifications.reply'),
        ),
        migrations.AddField(
            model_name='optout',
            name='reply',
            field=models.ForeignKey(blank=True, help_text='the message that asked for it', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='notifications.reply'),
        ),
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=16)),
                ('provider_id', models.CharField(max_length=255)),
                ('event', models.CharField(max_length=24)),
                ('provider_code', models.CharField(blank=True, max_length=16)),
                ('said_at', models.DateTimeField(blank=True, null=True)),
                ('at', models.DateTimeField(verbose_name='received')),
                ('merged', models.CharField(choices=[('moved', 'news'), ('known', 'known already'), ('conflict', 'contradicts'), ('unmatched', 'no such message'), ('aside', 'noted')], max_length=10, verbose_name='effect')),
                ('message', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='receipts', to='notifications.message')),
            ],
            options={
                'ordering': ['message_id', 'at', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('provider', 'provider_id', 'event', 'said_at'), name='receipt_kept_once', nulls_distinct=False)],
            },
        ),
        migrations.AddIndex(
            model_name='reply',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['at'], name='reply_open'),
        ),
        migrations.AddConstraint(
            model_name='reply',
            constraint=models.UniqueConstraint(fields=('provider', 'provider_id'), name='reply_kept_once'),
        ),
        migrations.RunPython(listed, migrations.RunPython.noop),
    ]
