from django.db import migrations

from annotation.migrations.first_release import walls


class Migration(migrations.Migration):
    dependencies = [("annotation", "0004_options_messages_disputes")]
    operations = walls.built(walls.OF_MESSAGES)
