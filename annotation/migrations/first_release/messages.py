"""What labelers doubt, ask and hear, and the sums of what they gave."""

from django.conf import settings
from django.db import models
from django.db.migrations import CreateModel
from django.db.models.functions import Now

TABLES = [
    CreateModel(
        name="Dispute",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("answer", models.TextField()),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("label", models.OneToOneField(db_constraint=False, on_delete=models.PROTECT, to="annotation.label")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            (
                "resolution",
                models.CharField(
                    blank=True,
                    choices=[
                        ("truth", "the known answer was wrong"),
                        ("grader", "the two answers are the same"),
                        ("labeler", "the labeler was wrong"),
                    ],
                    db_default="",
                    default="",
                    max_length=10,
                ),
            ),
            ("resolved_at", models.DateTimeField(null=True)),
            (
                "resolved_by",
                models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL),
            ),
        ],
        options={
            "indexes": [models.Index(fields=["project", "-created_at"], name="dispute_by_time")],
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(("resolution__in", ["", "truth", "grader", "labeler"])),
                    name="dispute_resolution_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("resolution", ""), ("resolved_at__isnull", True)),
                        models.Q(models.Q(("resolution", ""), _negated=True), ("resolved_at__isnull", False)),
                        _connector="OR",
                    ),
                    name="dispute_is_resolved_at_a_time",
                ),
            ],
        },
    ),
    CreateModel(
        name="UngradedAnswer",
        fields=[
            (
                "label",
                models.OneToOneField(
                    db_constraint=False,
                    on_delete=models.PROTECT,
                    primary_key=True,
                    serialize=False,
                    to="annotation.label",
                ),
            ),
            ("answer", models.TextField()),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
    ),
    CreateModel(
        name="Message",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("text", models.TextField()),
            ("created_at", models.DateTimeField(db_default=Now())),
            (
                "answers",
                models.ForeignKey(
                    db_constraint=False,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="replies",
                    to="annotation.message",
                ),
            ),
            ("author", models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
            (
                "label",
                models.ForeignKey(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.label"),
            ),
            (
                "labeler",
                models.ForeignKey(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.labeler"),
            ),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
        options={
            "indexes": [models.Index(fields=["project", "-created_at"], name="message_by_time")],
            "constraints": [
                models.UniqueConstraint(fields=("project", "id"), name="message_wall"),
                models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="message_has_text"),
            ],
        },
    ),
    CreateModel(
        name="MessageRead",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("at", models.DateTimeField(db_default=Now())),
            ("labeler", models.ForeignKey(on_delete=models.CASCADE, to="annotation.labeler")),
            ("message", models.ForeignKey(on_delete=models.CASCADE, to="annotation.message")),
        ],
        options={"constraints": [models.UniqueConstraint(fields=("message", "labeler"), name="message_read_once")]},
    ),
    CreateModel(
        name="FlagReview",
        fields=[
            (
                "rating",
                models.OneToOneField(
                    on_delete=models.PROTECT, primary_key=True, serialize=False, to="annotation.steprating"
                ),
            ),
            ("at", models.DateTimeField(db_default=Now())),
            ("by", models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
            (
                "message",
                models.ForeignKey(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.message"),
            ),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
    ),
    CreateModel(
        name="Tally",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("day", models.DateField()),
            (
                "origin",
                models.CharField(
                    choices=[("labeler", "Labeler"), ("import", "Import"), ("reviewer", "decided by a reviewer")],
                    max_length=10,
                ),
            ),
            (
                "purpose",
                models.CharField(
                    choices=[
                        ("production", "Production"),
                        ("quality_control", "Quality Control"),
                        ("screening", "Screening"),
                    ],
                    max_length=20,
                ),
            ),
            ("given", models.PositiveIntegerField()),
            ("labels", models.PositiveIntegerField()),
            ("wrong_answers", models.PositiveIntegerField()),
            ("found_errors", models.PositiveIntegerField()),
            ("rated_steps", models.PositiveIntegerField()),
            ("good_steps", models.PositiveIntegerField()),
            ("active_ms", models.PositiveBigIntegerField()),
            ("timed_labels", models.PositiveIntegerField()),
            ("pairs", models.PositiveIntegerField()),
            ("alike", models.PositiveIntegerField()),
            (
                "labeler",
                models.ForeignKey(
                    db_constraint=False, db_index=False, on_delete=models.DO_NOTHING, to="annotation.labeler"
                ),
            ),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            (
                "round",
                models.ForeignKey(
                    db_constraint=False, db_index=False, null=True, on_delete=models.DO_NOTHING, to="annotation.round"
                ),
            ),
        ],
        options={"verbose_name_plural": "tallies"},
    ),
    CreateModel(
        name="TallyRun",
        fields=[
            (
                "project",
                models.OneToOneField(
                    on_delete=models.PROTECT, primary_key=True, serialize=False, to="annotation.project"
                ),
            ),
            ("as_of", models.DateTimeField(db_default=Now())),
            ("took_ms", models.PositiveIntegerField()),
            ("counts", models.JSONField(default=dict)),
        ],
    ),
]
