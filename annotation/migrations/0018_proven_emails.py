from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0017_reports_by_an_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="outsideidentity",
            name="email",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
    ]
