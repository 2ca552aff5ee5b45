from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0022_sampling_report"),
    ]

    operations = [
        migrations.CreateModel(
            name="Pulse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("default", "Default"),
                            ("bulk", "Bulk"),
                            ("gpu", "Gpu"),
                            ("schedule", "Schedule"),
                            ("backup", "Backup"),
                        ],
                        max_length=10,
                    ),
                ),
                ("place", models.CharField(blank=True, max_length=255)),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("part", "place"), name="one_pulse_per_part_and_place"),
                    models.CheckConstraint(
                        condition=models.Q(("part__in", ["default", "bulk", "gpu", "schedule", "backup"])),
                        name="pulse_part_is_known",
                    ),
                ],
            },
        ),
    ]
