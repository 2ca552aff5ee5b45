"""Automatic labels and datasets."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.migrations import CreateModel
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from annotation.migrations.first_release.triggers import TRIGGERS

TABLES = [
    CreateModel(
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
            ("created_at", models.DateTimeField(db_default=Now())),
            ("job", models.OneToOneField(db_constraint=False, on_delete=models.PROTECT, to="annotation.job")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("started_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
            (
                "version",
                models.ForeignKey(
                    db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.modelversion"
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("project", "id"), name="automatic_source_wall"),
                models.UniqueConstraint(fields=("project", "name"), name="automatic_source_has_a_name_of_its_own"),
                models.CheckConstraint(
                    condition=models.Q(("name", ""), _negated=True), name="automatic_source_has_a_name"
                ),
                models.CheckConstraint(
                    condition=models.Q(("kind__in", ["rollouts", "model"])), name="automatic_kind_is_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("kind", "model"), ("version__isnull", False)),
                        models.Q(models.Q(("kind", "model"), _negated=True), ("version__isnull", True)),
                        _connector="OR",
                    ),
                    name="a_model_labels_as_one_of_its_versions",
                ),
            ]
        },
    ),
    CreateModel(
        name="AutomaticLabel",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("estimates", models.JSONField()),
            ("start", models.JSONField(null=True)),
            ("ratings", ArrayField(base_field=models.SmallIntegerField(null=True), size=None)),
            ("tokens", models.PositiveBigIntegerField(default=0)),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("solution", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.solution")),
            (
                "source",
                models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.automaticsource"),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("source", "solution"), name="one_automatic_label_per_source"),
                models.CheckConstraint(condition=models.Q(("ratings__len__gt", 0)), name="automatic_label_rates_steps"),
                models.CheckConstraint(
                    condition=RawSQL("array_remove(ratings, NULL) <@ '{-1,1}'", (), models.BooleanField()),
                    name="automatic_rating_is_minus_one_or_one",
                ),
            ],
            "triggers": TRIGGERS["automaticlabel"],
        },
    ),
    CreateModel(
        name="Snapshot",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "view",
                models.CharField(
                    choices=[
                        ("raw", "raw (every label as it was given)"),
                        ("training", "training (what a model may learn from)"),
                    ],
                    max_length=10,
                ),
            ),
            ("folder", models.CharField(max_length=500)),
            ("manifest", models.JSONField(default=dict)),
            ("sha256", models.CharField(blank=True, max_length=64)),
            ("created_at", models.DateTimeField(db_default=Now())),
            (
                "job",
                models.OneToOneField(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.job"),
            ),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            (
                "format",
                models.CharField(
                    choices=[
                        ("prm800k", "PRM800K"),
                        ("trl", "TRL stepwise supervision"),
                        ("math_shepherd", "Math-Shepherd"),
                        ("processbench", "ProcessBench"),
                        ("parquet", "Parquet"),
                        ("scored_samples", "scored samples"),
                    ],
                    db_default="prm800k",
                    default="prm800k",
                    max_length=20,
                ),
            ),
            ("gzip", models.BooleanField(db_default=False, default=False)),
            (
                "neutral",
                models.CharField(
                    choices=[("keep", "neutral"), ("positive", "good"), ("negative", "bad")],
                    db_default="keep",
                    default="keep",
                    max_length=10,
                ),
            ),
            (
                "repeats",
                models.ForeignKey(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.snapshot"),
            ),
            (
                "automatic",
                models.ForeignKey(
                    db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.automaticsource"
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("project", "id"), name="snapshot_wall"),
                models.CheckConstraint(
                    condition=models.Q(("view__in", ["raw", "training"])), name="snapshot_view_is_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(("sha256", ""), ("sha256__regex", "^[0-9a-f]{64}$"), _connector="OR"),
                    name="snapshot_hash_is_a_hash",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("format__in", ["prm800k", "trl", "math_shepherd", "processbench", "parquet", "scored_samples"])
                    ),
                    name="snapshot_format_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("neutral__in", ["keep", "positive", "negative"])),
                    name="snapshot_neutral_is_known",
                ),
            ],
            "triggers": TRIGGERS["snapshot"],
        },
    ),
    CreateModel(
        name="Publication",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("repo", models.CharField(max_length=200)),
            ("url", models.URLField(blank=True, max_length=500)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("job", models.OneToOneField(db_constraint=False, on_delete=models.PROTECT, to="annotation.job")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("snapshot", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.snapshot")),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(("repo", ""), _negated=True), name="publication_names_its_repository"
                )
            ]
        },
    ),
]
