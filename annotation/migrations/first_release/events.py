"""Histories; the triggers of the tables that they follow write them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.migrations import CreateModel
from django.db.models.functions import Now

from annotation.migrations.first_release.triggers import TRIGGERS


def kept(to, **names):
    """A key of the row as it was: what it points at may be gone."""
    return models.ForeignKey(to, on_delete=models.DO_NOTHING, db_constraint=False, **names)


TABLES = [
    CreateModel(
        name="MembershipEvent",
        fields=[
            ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
            ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
            ("pgh_label", models.TextField(help_text="The event label.")),
            ("id", models.BigIntegerField()),
            (
                "role",
                models.CharField(
                    choices=[("labeler", "Labeler"), ("reviewer", "Reviewer"), ("lead", "Lead"), ("ml", "ML staff")],
                    max_length=10,
                ),
            ),
            ("pgh_context", kept("pghistory.context", null=True, related_name="+")),
            ("pgh_obj", kept("annotation.membership", related_name="events")),
            ("user", kept(settings.AUTH_USER_MODEL, related_name="+", related_query_name="+")),
            ("project", kept("annotation.project", related_name="+", related_query_name="+")),
        ],
        options={"abstract": False, "triggers": TRIGGERS["membershipevent"]},
    ),
    CreateModel(
        name="LabelerEvent",
        fields=[
            ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
            ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
            ("pgh_label", models.TextField(help_text="The event label.")),
            (
                "state",
                models.CharField(choices=[("active", "Active"), ("paused", "Paused")], default="active", max_length=10),
            ),
            ("paused_because", models.TextField(blank=True, db_default="", default="")),
            (
                "admission",
                models.CharField(
                    choices=[
                        ("screening", "works on the screening set"),
                        ("admitted", "Admitted"),
                        ("rejected", "agreed with too little of the screening set"),
                    ],
                    db_default="admitted",
                    default="admitted",
                    max_length=10,
                ),
            ),
            ("pgh_context", kept("pghistory.context", null=True, related_name="+")),
            ("pgh_obj", kept("annotation.labeler", related_name="state_paused_because_admission_events")),
        ],
        options={"abstract": False, "triggers": TRIGGERS["labelerevent"]},
    ),
    CreateModel(
        name="ProblemEvent",
        fields=[
            ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
            ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
            ("pgh_label", models.TextField(help_text="The event label.")),
            ("answer", models.TextField(null=True)),
            (
                "split",
                models.CharField(
                    choices=[("train", "Train"), ("test", "test (held out, never queued)")],
                    default="train",
                    max_length=5,
                ),
            ),
            ("withdrawn_at", models.DateTimeField(null=True)),
            ("pgh_context", kept("pghistory.context", null=True, related_name="+")),
            ("pgh_obj", kept("annotation.problem", related_name="answer_split_withdrawn_at_events")),
        ],
        options={"abstract": False, "triggers": TRIGGERS["problemevent"]},
    ),
    CreateModel(
        name="ModelVersionEvent",
        fields=[
            ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
            ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
            ("pgh_label", models.TextField(help_text="The event label.")),
            (
                "state",
                models.CharField(
                    choices=[("candidate", "Candidate"), ("active", "Active"), ("retired", "Retired")],
                    default="candidate",
                    max_length=10,
                ),
            ),
            ("pgh_context", kept("pghistory.context", null=True, related_name="+")),
            ("pgh_obj", kept("annotation.modelversion", related_name="state_events")),
        ],
        options={"abstract": False, "triggers": TRIGGERS["modelversionevent"]},
    ),
    CreateModel(
        name="SnapshotEvent",
        fields=[
            ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
            ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
            ("pgh_label", models.TextField(help_text="The event label.")),
            ("sha256", models.CharField(blank=True, max_length=64)),
            ("pgh_context", kept("pghistory.context", null=True, related_name="+")),
            ("pgh_obj", kept("annotation.snapshot", related_name="sha256_events")),
        ],
        options={"abstract": False, "triggers": TRIGGERS["snapshotevent"]},
    ),
    CreateModel(
        name="GoldEvent",
        fields=[
            ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
            ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
            ("pgh_label", models.TextField(help_text="The event label.")),
            ("id", models.BigIntegerField()),
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
            ("created_by", kept(settings.AUTH_USER_MODEL, null=True, related_name="+", related_query_name="+")),
            ("pgh_context", kept("pghistory.context", null=True, related_name="+")),
            ("pgh_obj", kept("annotation.gold", related_name="events")),
            ("project", kept("annotation.project", related_name="+", related_query_name="+")),
            ("solution", kept("annotation.solution", related_name="+", related_query_name="+")),
        ],
        options={"abstract": False, "triggers": TRIGGERS["goldevent"]},
    ),
    CreateModel(
        name="ExclusionEvent",
        fields=[
            ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
            ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
            ("pgh_label", models.TextField(help_text="The event label.")),
            ("id", models.BigIntegerField()),
            ("since", models.DateTimeField()),
            ("reason", models.TextField()),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("lifted_at", models.DateTimeField(null=True)),
            ("created_by", kept(settings.AUTH_USER_MODEL, null=True, related_name="+", related_query_name="+")),
            ("labeler", kept("annotation.labeler", related_name="+", related_query_name="+")),
            ("lifted_by", kept(settings.AUTH_USER_MODEL, null=True, related_name="+", related_query_name="+")),
            ("pgh_context", kept("pghistory.context", null=True, related_name="+")),
            ("pgh_obj", kept("annotation.exclusion", related_name="events")),
            ("project", kept("annotation.project", related_name="+", related_query_name="+")),
        ],
        options={"abstract": False, "triggers": TRIGGERS["exclusionevent"]},
    ),
]
