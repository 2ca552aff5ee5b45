"""Models, rounds and scores."""

from django.conf import settings
from django.db import models
from django.db.migrations import CreateModel
from django.db.models.functions import Now

from annotation.migrations.first_release.triggers import TRIGGERS

TABLES = [
    CreateModel(
        name="ModelVersion",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "kind",
                models.CharField(
                    choices=[("selector", "Selector"), ("orm", "outcome reward model")],
                    default="selector",
                    max_length=10,
                ),
            ),
            (
                "state",
                models.CharField(
                    choices=[("candidate", "Candidate"), ("active", "Active"), ("retired", "Retired")],
                    default="candidate",
                    max_length=10,
                ),
            ),
            ("base", models.CharField(max_length=500)),
            ("checkpoint", models.CharField(max_length=500)),
            ("sha256", models.CharField(max_length=64)),
            ("config", models.JSONField(default=dict)),
            ("data_sha256", models.CharField(max_length=64)),
            ("metrics", models.JSONField(default=dict)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            (
                "round",
                models.ForeignKey(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.round"),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("project", "id"), name="model_version_wall"),
                models.UniqueConstraint(
                    condition=models.Q(("state", "active")),
                    fields=("project", "kind"),
                    name="one_active_model_per_project_and_kind",
                ),
                models.CheckConstraint(
                    condition=models.Q(("kind__in", ["selector", "orm"])), name="model_kind_is_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(("state__in", ["candidate", "active", "retired"])), name="model_state_is_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("checkpoint", ""), _negated=True),
                        ("sha256__regex", "^[0-9a-f]{64}$"),
                        ("data_sha256__regex", "^[0-9a-f]{64}$"),
                    ),
                    name="model_version_names_its_files",
                ),
            ],
            "triggers": TRIGGERS["modelversion"],
        },
    ),
    CreateModel(
        name="Round",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("number", models.PositiveIntegerField()),
            (
                "state",
                models.CharField(
                    choices=[
                        ("running", "Running"),
                        ("done", "Done"),
                        ("failed", "Failed"),
                        ("cancelled", "Cancelled"),
                    ],
                    default="running",
                    max_length=10,
                ),
            ),
            ("problems", models.PositiveIntegerField()),
            ("per_problem", models.PositiveIntegerField()),
            ("seed", models.BigIntegerField()),
            ("by_chance", models.BooleanField(default=False)),
            ("report", models.JSONField(default=dict)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("finished_at", models.DateTimeField(null=True)),
            ("job", models.OneToOneField(db_constraint=False, on_delete=models.PROTECT, to="annotation.job")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            (
                "selector",
                models.ForeignKey(
                    db_constraint=False,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="+",
                    to="annotation.modelversion",
                ),
            ),
            ("started_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ("manifest", models.JSONField(default=dict)),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("project", "id"), name="round_wall"),
                models.UniqueConstraint(
                    condition=models.Q(("state", "running")), fields=("project",), name="one_running_round_per_project"
                ),
                models.UniqueConstraint(fields=("project", "number"), name="round_number_is_unique"),
                models.CheckConstraint(
                    condition=models.Q(("state__in", ["running", "done", "failed", "cancelled"])),
                    name="round_state_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("finished_at__isnull", True), ("state", "running")),
                        models.Q(models.Q(("state", "running"), _negated=True), ("finished_at__isnull", False)),
                        _connector="OR",
                    ),
                    name="round_is_finished_exactly_when_not_running",
                ),
            ]
        },
    ),
    CreateModel(
        name="SolutionScore",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("product", models.FloatField()),
            ("minimum", models.FloatField()),
            ("probabilities", models.JSONField()),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("solution", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.solution")),
            ("version", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.modelversion")),
            ("judged_part", models.CharField(blank=True, max_length=32)),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("solution", "version"), name="one_score_per_solution_and_version"),
                models.CheckConstraint(
                    condition=models.Q(("minimum__range", (0, 1)), ("product__range", (0, 1))),
                    name="scores_are_probabilities",
                ),
            ]
        },
    ),
]
