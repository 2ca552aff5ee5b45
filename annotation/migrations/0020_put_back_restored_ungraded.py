import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


def wall(table, column, target):
    """As in migration 0002."""
    name = f"{table}_{column}_stays_in_its_project"
    return migrations.RunSQL(
        f"ALTER TABLE annotation_{table} ADD CONSTRAINT {name} FOREIGN KEY (project_id, {column})"
        f" REFERENCES annotation_{target} (project_id, id) DEFERRABLE INITIALLY IMMEDIATE",
        f"ALTER TABLE annotation_{table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0019_webhooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="problem",
            name="restored_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="UngradedAnswer",
            fields=[
                (
                    "label",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="annotation.label",
                    ),
                ),
                ("answer", models.TextField()),
                ("project", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.project")),
            ],
        ),
        wall("ungradedanswer", "label_id", "label"),
        migrations.CreateModel(
            name="PutBack",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("project", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.project")),
                (
                    "reviewer",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="annotation.labeler",
                    ),
                ),
                (
                    "solution",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="annotation.solution",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("solution", "reviewer"), name="put_back_once_by_a_reviewer"),
                ],
            },
        ),
        wall("putback", "solution_id", "solution"),
        wall("putback", "reviewer_id", "labeler"),
        migrations.AddIndex(
            model_name="label",
            index=models.Index(
                condition=models.Q(("origin", "labeler")), fields=["project", "created_at"], name="label_given_here"
            ),
        ),
        migrations.AddIndex(
            model_name="label",
            index=models.Index(
                condition=models.Q(("origin", "labeler")),
                fields=["labeler", "created_at"],
                name="label_given_by_labeler",
            ),
        ),
    ]
