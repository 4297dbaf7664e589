from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    """btree_gist for the exclusion constraints, pg_trgm for finding patients."""

    dependencies = []
    operations = [BtreeGistExtension(), TrigramExtension()]
