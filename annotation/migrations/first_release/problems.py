"""Problems, their solutions and what was offered to go on with."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.migrations import CreateModel
from django.db.models.functions import Now

from annotation.migrations.first_release.triggers import TRIGGERS

TABLES = [
    CreateModel(
        name="Problem",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("text", models.TextField()),
            ("answer", models.TextField(null=True)),
            ("reference_solution", models.TextField(blank=True)),
            ("subject", models.CharField(blank=True, max_length=100)),
            ("level", models.PositiveSmallIntegerField(null=True)),
            ("unique_id", models.CharField(blank=True, max_length=200)),
            (
                "split",
                models.CharField(
                    choices=[("train", "Train"), ("test", "test (held out, never queued)")],
                    default="train",
                    max_length=5,
                ),
            ),
            ("content_hash", models.BinaryField(max_length=32)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("withdrawn_at", models.DateTimeField(null=True)),
            (
                "batch",
                models.ForeignKey(
                    db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.importbatch"
                ),
            ),
            ("restored_at", models.DateTimeField(null=True)),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("project", "content_hash"), name="problem_content_is_unique"),
                models.UniqueConstraint(
                    condition=models.Q(("unique_id", ""), _negated=True),
                    fields=("project", "unique_id"),
                    name="problem_unique_id_is_unique",
                ),
                models.UniqueConstraint(fields=("project", "id"), name="problem_wall"),
                models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="problem_has_text"),
                models.CheckConstraint(
                    condition=models.Q(("split__in", ["train", "test"])), name="problem_split_is_known"
                ),
            ],
            "triggers": TRIGGERS["problem"],
        },
    ),
    CreateModel(
        name="TruthChange",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("old", models.TextField(null=True)),
            ("new", models.TextField(null=True)),
            ("reason", models.TextField(blank=True)),
            ("at", models.DateTimeField(db_default=Now())),
            ("by", models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ("problem", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.problem")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
        options={
            "indexes": [models.Index(fields=["problem", "at"], name="truth_change_by_time")],
            "triggers": TRIGGERS["truthchange"],
        },
    ),
    CreateModel(
        name="Solution",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("steps", ArrayField(base_field=models.TextField(), size=None)),
            ("answer", models.TextField(null=True)),
            (
                "grade",
                models.CharField(
                    choices=[
                        ("correct", "Correct"),
                        ("wrong", "Wrong"),
                        ("ambiguous", "Ambiguous"),
                        ("ungradable", "Ungradable"),
                        ("pending", "not graded yet"),
                    ],
                    default="ungradable",
                    max_length=10,
                ),
            ),
            ("grader_version", models.CharField(blank=True, max_length=40)),
            ("complete", models.BooleanField(default=True)),
            ("content_hash", models.BinaryField(max_length=32)),
            ("count", models.PositiveIntegerField(default=1)),
            ("generator", models.CharField(blank=True, max_length=200)),
            ("seed", models.BigIntegerField(null=True)),
            ("temperature", models.FloatField(null=True)),
            ("imported_score", models.FloatField(null=True)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("problem", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.problem")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            (
                "batch",
                models.ForeignKey(
                    db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.importbatch"
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("problem", "content_hash"), name="solution_content_is_unique"),
                models.UniqueConstraint(fields=("project", "id"), name="solution_wall"),
                models.CheckConstraint(condition=models.Q(("steps__len__gt", 0)), name="solution_has_steps"),
                models.CheckConstraint(condition=models.Q(("count__gte", 1)), name="solution_count_is_positive"),
                models.CheckConstraint(
                    condition=models.Q(
                        ("imported_score__isnull", True), ("imported_score__range", (0, 1)), _connector="OR"
                    ),
                    name="solution_imported_score_is_a_probability",
                ),
                models.CheckConstraint(
                    condition=models.Q(("grade__in", ["correct", "wrong", "ambiguous", "ungradable", "pending"])),
                    name="solution_grade_is_known",
                ),
            ]
        },
    ),
    CreateModel(
        name="Critique",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("step", models.PositiveSmallIntegerField()),
            ("place", models.PositiveSmallIntegerField()),
            ("text", models.TextField()),
            ("source", models.CharField(blank=True, max_length=200)),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("solution", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.solution")),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("solution", "step", "place"), name="critique_is_unique"),
                models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="critique_has_text"),
            ]
        },
    ),
    CreateModel(
        name="OptionSet",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("prefix", ArrayField(base_field=models.TextField(), size=None)),
            ("prefix_hash", models.BinaryField(max_length=32)),
            ("wanted", models.PositiveSmallIntegerField()),
            ("options", models.JSONField(default=list)),
            ("is_ready", models.BooleanField(default=False)),
            ("created_at", models.DateTimeField(db_default=Now())),
            (
                "job",
                models.OneToOneField(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.job"),
            ),
            ("problem", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.problem")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("problem", "prefix_hash"), name="one_option_set_per_prefix"),
                models.CheckConstraint(
                    condition=models.Q(("is_ready", True), ("job__isnull", False), _connector="OR"),
                    name="an_unfinished_option_set_has_a_job",
                ),
            ],
            "triggers": TRIGGERS["optionset"],
        },
    ),
]
