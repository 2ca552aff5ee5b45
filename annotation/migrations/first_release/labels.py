"""What labelers gave."""

from django.db import models
from django.db.migrations import CreateModel
from django.db.models.functions import Now

from annotation.migrations.first_release.triggers import TRIGGERS

TABLES = [
    CreateModel(
        name="Label",
        fields=[
            ("id", models.UUIDField(primary_key=True, serialize=False)),
            (
                "origin",
                models.CharField(
                    choices=[("labeler", "Labeler"), ("import", "Import"), ("reviewer", "decided by a reviewer")],
                    default="labeler",
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
                    default="production",
                    max_length=20,
                ),
            ),
            ("phase", models.PositiveSmallIntegerField()),
            (
                "finish_reason",
                models.CharField(
                    choices=[
                        ("found_error", "Found Error"),
                        ("solution", "Solution"),
                        ("give_up", "Give Up"),
                        ("bad_problem", "Bad Problem"),
                    ],
                    max_length=20,
                ),
            ),
            ("reason", models.TextField(blank=True)),
            ("total_time_ms", models.PositiveBigIntegerField()),
            ("active_ms", models.PositiveBigIntegerField(null=True)),
            ("instructions_version", models.PositiveIntegerField(null=True)),
            ("shown", models.JSONField(default=dict)),
            ("payload_hash", models.BinaryField(max_length=32)),
            ("late", models.BooleanField(default=False)),
            ("created_at", models.DateTimeField(db_default=Now())),
            (
                "supersedes",
                models.OneToOneField(
                    db_constraint=False,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="superseded_by",
                    to="annotation.label",
                ),
            ),
            ("labeler", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.labeler")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("slot", models.ForeignKey(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.slot")),
            ("solution", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.solution")),
            ("edits", models.JSONField(default=list)),
        ],
        options={
            "indexes": [
                models.Index(fields=["project", "created_at"], name="label_by_time"),
                models.Index(fields=["labeler", "created_at"], name="label_by_labeler"),
                models.Index(
                    condition=models.Q(("finish_reason__in", ["give_up", "bad_problem"])),
                    fields=["project", "finish_reason", "-created_at"],
                    name="label_reports",
                ),
                models.Index(
                    condition=models.Q(("origin", "labeler")), fields=["project", "created_at"], name="label_given_here"
                ),
                models.Index(
                    condition=models.Q(("origin", "labeler")),
                    fields=["labeler", "created_at"],
                    name="label_given_by_labeler",
                ),
            ],
            "constraints": [
                models.UniqueConstraint(fields=("project", "id"), name="label_wall"),
                models.UniqueConstraint(
                    condition=models.Q(("late", False), ("supersedes__isnull", True)),
                    fields=("slot",),
                    name="one_punctual_label_per_slot",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("origin", "labeler"), ("supersedes__isnull", True)),
                    fields=("labeler", "solution"),
                    name="one_label_per_labeler_and_solution",
                ),
                models.CheckConstraint(
                    condition=models.Q(("purpose__in", ["production", "quality_control", "screening"])),
                    name="label_purpose_is_known",
                ),
                models.CheckConstraint(condition=models.Q(("phase__in", [1, 2])), name="label_phase_is_1_or_2"),
                models.CheckConstraint(
                    condition=models.Q(("finish_reason__in", ["found_error", "solution", "give_up", "bad_problem"])),
                    name="label_finish_reason_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("origin", "import"),
                        ("finish_reason__in", ["found_error", "solution"]),
                        models.Q(("reason", ""), _negated=True),
                        _connector="OR",
                    ),
                    name="giving_up_and_bad_problem_have_a_reason",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("active_ms__isnull", True), ("active_ms__lte", models.F("total_time_ms")), _connector="OR"
                    ),
                    name="active_time_is_within_total_time",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("origin__in", ["import", "reviewer"]), ("slot__isnull", True)),
                        models.Q(("origin", "labeler"), ("slot__isnull", False)),
                        _connector="OR",
                    ),
                    name="a_label_given_here_has_a_slot",
                ),
            ],
            "triggers": TRIGGERS["label"],
        },
    ),
    CreateModel(
        name="StepRating",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("step", models.PositiveSmallIntegerField()),
            ("option", models.PositiveSmallIntegerField(default=0)),
            ("text", models.TextField(null=True)),
            ("rating", models.SmallIntegerField(null=True)),
            ("flagged", models.BooleanField(null=True)),
            ("chosen", models.BooleanField(default=False)),
            ("human", models.BooleanField(default=False)),
            ("ms", models.PositiveIntegerField(null=True)),
            ("label", models.ForeignKey(on_delete=models.PROTECT, to="annotation.label")),
        ],
        options={
            "indexes": [
                models.Index(condition=models.Q(("flagged", True)), fields=["label"], name="steprating_flagged")
            ],
            "constraints": [
                models.UniqueConstraint(fields=("label", "step", "option"), name="one_rating_per_option"),
                models.UniqueConstraint(
                    condition=models.Q(("chosen", True)), fields=("label", "step"), name="one_chosen_option_per_step"
                ),
                models.CheckConstraint(
                    condition=models.Q(("rating__isnull", True), ("rating__in", [-1, 0, 1]), _connector="OR"),
                    name="rating_is_minus_one_zero_or_one",
                ),
                models.CheckConstraint(
                    condition=models.Q(("human", False), ("text__isnull", False), _connector="OR"),
                    name="human_step_has_text",
                ),
            ],
            "triggers": TRIGGERS["steprating"],
        },
    ),
    CreateModel(
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
            ("label", models.ForeignKey(on_delete=models.PROTECT, to="annotation.label")),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("label", "kind"), name="one_extension_of_a_kind"),
                models.CheckConstraint(
                    condition=models.Q(("kind__in", ["progress", "critiques"])), name="extension_kind_is_known"
                ),
            ],
            "triggers": TRIGGERS["labelextension"],
        },
    ),
    CreateModel(
        name="ImportedRecord",
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
            ("line", models.TextField()),
            ("line_hash", models.BinaryField(max_length=32)),
            ("source", models.CharField(max_length=200)),
            ("number", models.PositiveBigIntegerField()),
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
                models.UniqueConstraint(fields=("project", "line_hash"), name="imported_line_is_unique"),
                models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="imported_line_number_starts_at_1"),
            ],
            "triggers": TRIGGERS["importedrecord"],
        },
    ),
]
