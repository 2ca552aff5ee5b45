import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from annotation.migrations.first_release import triggers


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0003_policies_of_labeling"),
    ]

    operations = [
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Critique",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step", models.PositiveSmallIntegerField()),
                ("place", models.PositiveSmallIntegerField()),
                ("text", models.TextField()),
                ("source", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("answer", models.TextField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="LabelExtension",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("progress", "how far the solution had come"),
                            ("critiques", "explanations of the mistake"),
                        ],
                        max_length=10,
                    ),
                ),
                ("body", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="MessageRead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="OptionSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("prefix", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("prefix_hash", models.BinaryField(max_length=32)),
                ("wanted", models.PositiveSmallIntegerField()),
                ("options", models.JSONField(default=list)),
                ("is_ready", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddField(
            model_name="acknowledgement",
            name="labeler",
            field=models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.CASCADE, to="annotation.labeler"
            ),
        ),
        migrations.AddField(
            model_name="acknowledgement",
            name="project",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.project"),
        ),
        migrations.AddField(
            model_name="critique",
            name="project",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.project"),
        ),
        migrations.AddField(
            model_name="critique",
            name="solution",
            field=models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="annotation.solution"
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="label",
            field=models.OneToOneField(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="annotation.label"
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="project",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.project"),
        ),
        migrations.AddField(
            model_name="labelextension",
            name="label",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.label"),
        ),
        migrations.AddField(
            model_name="message",
            name="answers",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replies",
                to="annotation.message",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="author",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="label",
            field=models.ForeignKey(
                db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="annotation.label"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="labeler",
            field=models.ForeignKey(
                db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="annotation.labeler"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="project",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.project"),
        ),
        migrations.AddField(
            model_name="messageread",
            name="labeler",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="annotation.labeler"),
        ),
        migrations.AddField(
            model_name="messageread",
            name="message",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="annotation.message"),
        ),
        migrations.AddField(
            model_name="optionset",
            name="job",
            field=models.OneToOneField(
                db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="annotation.job"
            ),
        ),
        migrations.AddField(
            model_name="optionset",
            name="problem",
            field=models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to="annotation.problem"
            ),
        ),
        migrations.AddField(
            model_name="optionset",
            name="project",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="annotation.project"),
        ),
        migrations.AddConstraint(
            model_name="acknowledgement",
            constraint=models.UniqueConstraint(fields=("labeler", "version"), name="acknowledged_once"),
        ),
        migrations.AddConstraint(
            model_name="critique",
            constraint=models.UniqueConstraint(fields=("solution", "step", "place"), name="critique_is_unique"),
        ),
        migrations.AddConstraint(
            model_name="critique",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="critique_has_text"
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(fields=["project", "-created_at"], name="dispute_by_time"),
        ),
        migrations.AddConstraint(
            model_name="labelextension",
            constraint=models.UniqueConstraint(fields=("label", "kind"), name="one_extension_of_a_kind"),
        ),
        migrations.AddConstraint(
            model_name="labelextension",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["progress", "critiques"])), name="extension_kind_is_known"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["project", "-created_at"], name="message_by_time"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(fields=("project", "id"), name="message_wall"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="message_has_text"),
        ),
        migrations.AddConstraint(
            model_name="messageread",
            constraint=models.UniqueConstraint(fields=("message", "labeler"), name="message_read_once"),
        ),
        migrations.AddConstraint(
            model_name="optionset",
            constraint=models.UniqueConstraint(fields=("problem", "prefix_hash"), name="one_option_set_per_prefix"),
        ),
        migrations.AddConstraint(
            model_name="optionset",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_ready", True), ("job__isnull", False), _connector="OR"),
                name="an_unfinished_option_set_has_a_job",
            ),
        ),
        *triggers.added("labelextension", "optionset"),
    ]
