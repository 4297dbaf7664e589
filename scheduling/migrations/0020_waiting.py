"""What patients read about a treatment, in other languages than the clinic's own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0019_transfer'),
    ]

    operations = [
        migrations.CreateModel(
            name='TreatmentText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Spanish'), ('ar', 'Arabic')], max_length=2)),
                ('preparation', models.TextField(blank=True, help_text='what the patient does before')),
                ('aftercare', models.TextField(blank=True)),
                ('bring', models.TextField(blank=True, help_text='what the patient brings along')),
                ('treatment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='texts', to='scheduling.treatment')),
            ],
            options={
                'ordering': ['treatment_id', 'language'],
                'constraints': [models.UniqueConstraint(fields=('treatment', 'language'), name='treatment_told_once_a_language')],
            },
        ),
    ]
