from django.db import migrations

from annotation.migrations.first_release import walls


class Migration(migrations.Migration):
    dependencies = [("annotation", "0009_lead_desk")]
    operations = walls.built(walls.OF_THE_LEADS_DESK)
