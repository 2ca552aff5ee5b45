from django.db import migrations

from annotation.migrations.first_release import walls


class Migration(migrations.Migration):
    dependencies = [("annotation", "0001_initial")]
    operations = [*walls.built(walls.OF_THE_QUEUE), walls.wall("round", "snapshot_id", "snapshot")]
