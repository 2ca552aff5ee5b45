"""What labels are checked by, and what comes of them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.migrations import CreateModel
from django.db.models.functions import Now

from annotation.migrations.first_release.triggers import TRIGGERS

TABLES = [
    CreateModel(
        name="Gold",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("screening", "screening: shown to new labelers before they may work"),
                        ("hidden", "quality control: mixed in among the others, never announced"),
                        ("visible", "practice: the answer is told right after the label"),
                    ],
                    max_length=10,
                ),
            ),
            ("error_steps", ArrayField(base_field=models.PositiveSmallIntegerField(), size=None)),
            ("explanation", models.TextField(blank=True)),
            (
                "origin",
                models.CharField(
                    choices=[
                        ("lead", "written by a lead"),
                        ("import", "imported"),
                        ("adjudication", "decided after a disagreement"),
                    ],
                    default="lead",
                    max_length=12,
                ),
            ),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("retired_at", models.DateTimeField(null=True)),
            ("created_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("solution", models.OneToOneField(db_constraint=False, on_delete=models.PROTECT, to="annotation.solution")),
        ],
        options={
            "verbose_name_plural": "gold",
            "constraints": [
                models.UniqueConstraint(fields=("project", "id"), name="gold_wall"),
                models.CheckConstraint(
                    condition=models.Q(("kind__in", ["screening", "hidden", "visible"])), name="gold_kind_is_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(("origin__in", ["lead", "import", "adjudication"])), name="gold_origin_is_known"
                ),
            ],
            "triggers": TRIGGERS["gold"],
        },
    ),
    CreateModel(
        name="GoldJudgement",
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
            ("first_error", models.PositiveSmallIntegerField(null=True)),
            ("agrees", models.BooleanField()),
            ("at", models.DateTimeField(db_default=Now())),
            ("gold", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.gold")),
            ("labeler", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.labeler")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
        options={"indexes": [models.Index(fields=["labeler", "-at"], name="gold_judgement_by_labeler")]},
    ),
    CreateModel(
        name="Exclusion",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("since", models.DateTimeField()),
            ("reason", models.TextField()),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("lifted_at", models.DateTimeField(null=True)),
            (
                "created_by",
                models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL),
            ),
            ("labeler", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.labeler")),
            (
                "lifted_by",
                models.ForeignKey(null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL),
            ),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    condition=models.Q(("lifted_at__isnull", True)),
                    fields=("labeler",),
                    name="one_exclusion_in_force_per_labeler",
                ),
                models.CheckConstraint(
                    condition=models.Q(("reason", ""), _negated=True), name="exclusion_has_a_reason"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("lifted_at__isnull", True), ("lifted_at__gte", models.F("created_at")), _connector="OR"
                    ),
                    name="exclusion_is_lifted_after_it_was_made",
                ),
            ],
            "triggers": TRIGGERS["exclusion"],
        },
    ),
    CreateModel(
        name="Disagreement",
        fields=[
            (
                "solution",
                models.OneToOneField(
                    db_constraint=False,
                    on_delete=models.PROTECT,
                    primary_key=True,
                    serialize=False,
                    to="annotation.solution",
                ),
            ),
            ("since", models.DateTimeField(db_default=Now())),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
    ),
    CreateModel(
        name="Adjudication",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("blind", models.JSONField()),
            ("blind_at", models.DateTimeField(db_default=Now())),
            ("decided_at", models.DateTimeField(null=True)),
            (
                "label",
                models.OneToOneField(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.label"),
            ),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("reviewer", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.labeler")),
            ("solution", models.OneToOneField(db_constraint=False, on_delete=models.PROTECT, to="annotation.solution")),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("decided_at__isnull", True), ("label__isnull", True)),
                        models.Q(("decided_at__isnull", False), ("label__isnull", False)),
                        _connector="OR",
                    ),
                    name="adjudication_is_decided_by_a_label",
                )
            ]
        },
    ),
    CreateModel(
        name="PutBack",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("at", models.DateTimeField(db_default=Now())),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("reviewer", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.labeler")),
            ("solution", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.solution")),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("solution", "reviewer"), name="put_back_once_by_a_reviewer")
            ]
        },
    ),
]
