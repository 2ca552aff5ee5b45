import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from annotation.migrations.first_release import walls


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
        *walls.built(walls.OF_UNGRADED_ANSWERS),
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
        *walls.built(walls.OF_WHAT_IS_PUT_BACK),
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
