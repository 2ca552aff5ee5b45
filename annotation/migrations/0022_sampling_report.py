from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0021_automatic_labels"),
    ]

    operations = [
        migrations.AddField(
            model_name="sampling",
            name="report",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
    ]
