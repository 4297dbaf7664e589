"""What a treatment is called, in other languages than the clinic's own."""

from django.db import migrations, models

GROUNDS = """
CREATE TRIGGER grounds_moved AFTER INSERT OR UPDATE OR DELETE ON scheduling_treatmenttext
FOR EACH STATEMENT EXECUTE FUNCTION scheduling_grounds_moved();
"""
GROUNDS_BACK = "DROP TRIGGER grounds_moved ON scheduling_treatmenttext;"


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0020_waiting'),
    ]

    operations = [
        migrations.AddField(
            model_name='treatmenttext',
            name='name',
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name='treatmenttext',
            name='summary',
            field=models.CharField(blank=True, help_text='in one or two plain sentences', max_length=300),
        ),
        migrations.RunSQL(GROUNDS, GROUNDS_BACK),
    ]
