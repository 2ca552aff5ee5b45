"""What workers do, and that they live."""

from django.conf import settings
from django.db import models
from django.db.migrations import CreateModel
from django.db.models.functions import Now

TABLES = [
    CreateModel(
        name="Job",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "kind",
                models.CharField(
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
            (
                "state",
                models.CharField(
                    choices=[
                        ("queued", "Queued"),
                        ("running", "Running"),
                        ("done", "Done"),
                        ("failed", "Failed"),
                        ("cancelled", "Cancelled"),
                    ],
                    default="queued",
                    max_length=10,
                ),
            ),
            ("fence", models.PositiveIntegerField(default=0)),
            ("attempt", models.PositiveSmallIntegerField(default=0)),
            ("worker", models.CharField(blank=True, max_length=200)),
            ("lease_until", models.DateTimeField(null=True)),
            ("heartbeat_at", models.DateTimeField(null=True)),
            ("cancel_requested", models.BooleanField(default=False)),
            ("stage", models.CharField(blank=True, max_length=40)),
            ("done", models.PositiveBigIntegerField(default=0)),
            ("total", models.PositiveBigIntegerField(default=0)),
            ("log_tail", models.TextField(blank=True)),
            ("error", models.TextField(blank=True)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("finished_at", models.DateTimeField(null=True)),
            ("started_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("losses", models.JSONField(db_default=models.Value([], models.JSONField()), default=list)),
            ("rate", models.FloatField(null=True)),
        ],
        options={
            "indexes": [
                models.Index(
                    condition=models.Q(("state__in", ["queued", "running"])), fields=["kind", "id"], name="job_waiting"
                )
            ],
            "constraints": [
                models.UniqueConstraint(fields=("project", "id"), name="job_wall"),
                models.CheckConstraint(
                    condition=models.Q(("state__in", ["queued", "running", "done", "failed", "cancelled"])),
                    name="job_state_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("lease_until__isnull", False), ("state", "running")),
                        models.Q(models.Q(("state", "running"), _negated=True), ("lease_until__isnull", True)),
                        _connector="OR",
                    ),
                    name="job_has_a_lease_exactly_while_running",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("state__in", ["done", "failed", "cancelled"]), ("finished_at__isnull", False)),
                        models.Q(
                            models.Q(("state__in", ["done", "failed", "cancelled"]), _negated=True),
                            ("finished_at__isnull", True),
                        ),
                        _connector="OR",
                    ),
                    name="job_is_finished_exactly_at_its_end",
                ),
                models.CheckConstraint(
                    condition=models.Q(("done__lte", models.F("total"))), name="job_progress_is_within_total"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("state", "failed"), _negated=True),
                        models.Q(("error", ""), _negated=True),
                        _connector="OR",
                    ),
                    name="failed_job_says_why",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("kind", "refill"), ("state__in", ["queued", "running"])),
                    fields=("project",),
                    name="one_refill_at_a_time_per_project",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "kind__in",
                            ["round", "export", "options", "refill", "import", "grading", "automatic", "sampling"],
                        )
                    ),
                    name="job_kind_is_known",
                ),
            ],
        },
    ),
    CreateModel(
        name="ImportBatch",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "kind",
                models.CharField(
                    choices=[("problems", "Problems"), ("solutions", "Solutions"), ("labels", "Labels")], max_length=10
                ),
            ),
            (
                "state",
                models.CharField(
                    choices=[
                        ("checking", "being checked"),
                        ("checked", "checked, nothing written yet"),
                        ("importing", "Importing"),
                        ("done", "Done"),
                        ("failed", "Failed"),
                        ("cancelled", "Cancelled"),
                        ("undone", "Undone"),
                    ],
                    default="checking",
                    max_length=10,
                ),
            ),
            (
                "split",
                models.CharField(
                    choices=[("train", "Train"), ("test", "test (held out, never queued)")],
                    default="train",
                    max_length=5,
                ),
            ),
            ("name", models.CharField(max_length=200)),
            ("file", models.CharField(max_length=500)),
            ("sha256", models.CharField(max_length=64)),
            ("bytes", models.PositiveBigIntegerField()),
            ("report", models.JSONField(default=dict)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("finished_at", models.DateTimeField(null=True)),
            ("job", models.ForeignKey(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.job")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("started_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
        ],
        options={
            "verbose_name_plural": "import batches",
            "constraints": [
                models.UniqueConstraint(fields=("project", "id"), name="import_batch_wall"),
                models.CheckConstraint(
                    condition=models.Q(("kind__in", ["problems", "solutions", "labels"])), name="import_kind_is_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("state__in", ["checking", "checked", "importing", "done", "failed", "cancelled", "undone"])
                    ),
                    name="import_state_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("split__in", ["train", "test"])), name="import_split_is_known"
                ),
            ],
        },
    ),
    CreateModel(
        name="Sampling",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("asked", models.JSONField(default=dict)),
            ("created_at", models.DateTimeField(db_default=Now())),
            (
                "batch",
                models.OneToOneField(
                    db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.importbatch"
                ),
            ),
            ("job", models.OneToOneField(db_constraint=False, on_delete=models.PROTECT, to="annotation.job")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("started_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ("report", models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict)),
        ],
    ),
    CreateModel(
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
            ]
        },
    ),
]
