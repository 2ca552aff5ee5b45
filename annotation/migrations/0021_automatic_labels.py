import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from annotation.migrations.first_release import triggers, walls


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0020_put_back_restored_ungraded"),
    ]

    operations = [
        migrations.CreateModel(
            name="AutomaticLabel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("estimates", models.JSONField()),
                ("start", models.JSONField(null=True)),
                (
                    "ratings",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(null=True), size=None
                    ),
                ),
                ("tokens", models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="AutomaticSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("rollouts", "rollouts of a completer"), ("model", "a process reward model")],
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("asked", models.JSONField(default=dict)),
                ("report", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Sampling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="job",
            name="job_kind_is_known",
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("round", "retrain round"),
                    ("export", "Export"),
                    ("options", "next steps"),
                    ("refill", "refill of the queue"),
                    ("import", "Import"),
                    ("grading", "grading of answers"),
                    ("automatic", "automatic labels"),
                    ("sampling", "sampling of solutions"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["round", "export", "options", "refill", "import", "grading", "automatic", "sampling"])
                ),
                name="job_kind_is_known",
            ),
        ),
        migrations.AddField(
            model_name="automaticlabel",
            name="project",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.project"),
        ),
        migrations.AddField(
            model_name="automaticlabel",
            name="solution",
            field=models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="annotation.solution"
            ),
        ),
        migrations.AddField(
            model_name="automaticsource",
            name="job",
            field=models.OneToOneField(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="annotation.job"
            ),
        ),
        migrations.AddField(
            model_name="automaticsource",
            name="project",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.project"),
        ),
        migrations.AddField(
            model_name="automaticsource",
            name="started_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="automaticsource",
            name="version",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="annotation.modelversion",
            ),
        ),
        migrations.AddField(
            model_name="automaticlabel",
            name="source",
            field=models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="annotation.automaticsource"
            ),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="automatic",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="annotation.automaticsource",
            ),
        ),
        migrations.AddField(
            model_name="sampling",
            name="batch",
            field=models.OneToOneField(
                db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="annotation.importbatch"
            ),
        ),
        migrations.AddField(
            model_name="sampling",
            name="job",
            field=models.OneToOneField(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="annotation.job"
            ),
        ),
        migrations.AddField(
            model_name="sampling",
            name="project",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.project"),
        ),
        migrations.AddField(
            model_name="sampling",
            name="started_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="automaticsource",
            constraint=models.UniqueConstraint(fields=("project", "id"), name="automatic_source_wall"),
        ),
        migrations.AddConstraint(
            model_name="automaticsource",
            constraint=models.UniqueConstraint(
                fields=("project", "name"), name="automatic_source_has_a_name_of_its_own"
            ),
        ),
        migrations.AddConstraint(
            model_name="automaticsource",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="automatic_source_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="automaticsource",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["rollouts", "model"])), name="automatic_kind_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="automaticsource",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "model"), ("version__isnull", False)),
                    models.Q(models.Q(("kind", "model"), _negated=True), ("version__isnull", True)),
                    _connector="OR",
                ),
                name="a_model_labels_as_one_of_its_versions",
            ),
        ),
        migrations.AddConstraint(
            model_name="automaticlabel",
            constraint=models.UniqueConstraint(fields=("source", "solution"), name="one_automatic_label_per_source"),
        ),
        migrations.AddConstraint(
            model_name="automaticlabel",
            constraint=models.CheckConstraint(
                condition=models.Q(("ratings__len__gt", 0)), name="automatic_label_rates_steps"
            ),
        ),
        migrations.AddConstraint(
            model_name="automaticlabel",
            constraint=models.CheckConstraint(
                condition=django.db.models.expressions.RawSQL(
                    "array_remove(ratings, NULL) <@ '{-1,1}'", (), models.BooleanField()
                ),
                name="automatic_rating_is_minus_one_or_one",
            ),
        ),
        *walls.built(walls.OF_AUTOMATIC_LABELS),
        *triggers.added("automaticlabel"),
    ]
