"""Who does what in a project, and what a project tells other programs."""

from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.migrations import CreateModel
from django.db.models.functions import Now

from annotation.migrations.first_release.triggers import TRIGGERS

TABLES = [
    CreateModel(
        name="OutsideIdentity",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("issuer", models.CharField(max_length=500)),
            ("subject", models.CharField(max_length=255)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("last_used_at", models.DateTimeField(db_default=Now())),
            ("user", models.ForeignKey(on_delete=models.CASCADE, to=settings.AUTH_USER_MODEL)),
            ("email", models.TextField(blank=True, db_default="", default="")),
        ],
        options={
            "verbose_name_plural": "outside identities",
            "constraints": [
                models.UniqueConstraint(fields=("issuer", "subject"), name="an_outside_identity_has_one_account")
            ],
        },
    ),
    CreateModel(
        name="Membership",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "role",
                models.CharField(
                    choices=[("labeler", "Labeler"), ("reviewer", "Reviewer"), ("lead", "Lead"), ("ml", "ML staff")],
                    max_length=10,
                ),
            ),
            ("user", models.ForeignKey(on_delete=models.PROTECT, to=settings.AUTH_USER_MODEL)),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("user", "project"), name="one_role_per_project"),
                models.CheckConstraint(
                    condition=models.Q(("role__in", ["labeler", "reviewer", "lead", "ml"])),
                    name="membership_role_is_known",
                ),
            ],
            "triggers": TRIGGERS["membership"],
        },
    ),
    CreateModel(
        name="Labeler",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("pseudonym", models.UUIDField(default=uuid4)),
            (
                "state",
                models.CharField(choices=[("active", "Active"), ("paused", "Paused")], default="active", max_length=10),
            ),
            ("user", models.ForeignKey(blank=True, null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("practiced_at", models.DateTimeField(null=True)),
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
            ("paused_because", models.TextField(blank=True, db_default="", default="")),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("project", "pseudonym"), name="labeler_pseudonym_is_unique"),
                models.UniqueConstraint(fields=("project", "user"), name="one_labeler_per_user_and_project"),
                models.UniqueConstraint(fields=("project", "id"), name="labeler_wall"),
                models.CheckConstraint(
                    condition=models.Q(("state__in", ["active", "paused"])), name="labeler_state_is_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(("admission__in", ["screening", "admitted", "rejected"])),
                    name="labeler_admission_is_known",
                ),
            ],
            "triggers": TRIGGERS["labeler"],
        },
    ),
    CreateModel(
        name="Invitation",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("email", models.EmailField(max_length=254)),
            (
                "role",
                models.CharField(
                    choices=[("labeler", "Labeler"), ("reviewer", "Reviewer"), ("lead", "Lead"), ("ml", "ML staff")],
                    max_length=10,
                ),
            ),
            ("secret_hash", models.BinaryField(max_length=32, unique=True)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("expires_at", models.DateTimeField()),
            ("used_at", models.DateTimeField(null=True)),
            ("invited_by", models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(("role__in", ["labeler", "reviewer", "lead", "ml"])),
                    name="invitation_role_is_known",
                )
            ]
        },
    ),
    CreateModel(
        name="ApiToken",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("name", models.CharField(max_length=100)),
            ("secret_hash", models.BinaryField(max_length=32, unique=True)),
            (
                "scopes",
                ArrayField(
                    base_field=models.CharField(
                        choices=[
                            ("read", "read what its owner may see"),
                            ("label", "claim solutions and hand in labels"),
                            ("manage", "everything that its owner may do"),
                        ],
                        max_length=10,
                    ),
                    size=None,
                ),
            ),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("expires_at", models.DateTimeField()),
            ("last_used_at", models.DateTimeField(null=True)),
            ("revoked_at", models.DateTimeField(null=True)),
            ("project", models.ForeignKey(null=True, on_delete=models.CASCADE, to="annotation.project")),
            ("user", models.ForeignKey(on_delete=models.CASCADE, to=settings.AUTH_USER_MODEL)),
        ],
        options={
            "constraints": [
                models.CheckConstraint(condition=models.Q(("scopes__len__gt", 0)), name="token_has_a_scope"),
                models.CheckConstraint(
                    condition=models.Q(("scopes__contained_by", ["read", "label", "manage"])),
                    name="token_scopes_are_known",
                ),
            ]
        },
    ),
    CreateModel(
        name="Instructions",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("version", models.PositiveIntegerField()),
            ("text", models.TextField(blank=True)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            ("changes", models.TextField(blank=True)),
            ("must_acknowledge", models.BooleanField(default=False)),
        ],
        options={
            "verbose_name_plural": "instructions",
            "constraints": [
                models.UniqueConstraint(fields=("project", "version"), name="instructions_version_is_unique"),
                models.CheckConstraint(
                    condition=models.Q(("version__gte", 1)), name="instructions_version_starts_at_1"
                ),
            ],
        },
    ),
    CreateModel(
        name="Acknowledgement",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("version", models.PositiveIntegerField()),
            ("at", models.DateTimeField(db_default=Now())),
            ("labeler", models.ForeignKey(db_constraint=False, on_delete=models.CASCADE, to="annotation.labeler")),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
        options={"constraints": [models.UniqueConstraint(fields=("labeler", "version"), name="acknowledged_once")]},
    ),
    CreateModel(
        name="AuditEvent",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("action", models.CharField(max_length=60)),
            ("target", models.CharField(max_length=200)),
            ("details", models.JSONField(default=dict)),
            ("at", models.DateTimeField(db_default=Now())),
            (
                "actor",
                models.ForeignKey(
                    db_constraint=False, null=True, on_delete=models.DO_NOTHING, to=settings.AUTH_USER_MODEL
                ),
            ),
            ("project", models.ForeignKey(null=True, on_delete=models.PROTECT, to="annotation.project")),
        ],
        options={
            "indexes": [models.Index(fields=["project", "-at"], name="audit_by_time")],
            "triggers": TRIGGERS["auditevent"],
        },
    ),
    CreateModel(
        name="Webhook",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("url", models.CharField(max_length=500)),
            ("site", models.CharField(max_length=200)),
            ("secret", models.CharField(max_length=60)),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
        ],
        options={"constraints": [models.UniqueConstraint(fields=("project", "url"), name="an_address_is_told_once")]},
    ),
    CreateModel(
        name="Delivery",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "event",
                models.CharField(
                    choices=[
                        ("round.finished", "round finished"),
                        ("labeler.paused", "labeler paused by quality control"),
                        ("dataset.finished", "dataset finished"),
                        ("import.finished", "import finished"),
                        ("test", "Test"),
                    ],
                    max_length=30,
                ),
            ),
            ("event_id", models.UUIDField(default=uuid4, unique=True)),
            ("payload", models.JSONField()),
            (
                "state",
                models.CharField(
                    choices=[("waiting", "Waiting"), ("sent", "Sent"), ("given_up", "given up")],
                    default="waiting",
                    max_length=10,
                ),
            ),
            ("attempts", models.PositiveSmallIntegerField(default=0)),
            ("next_try_at", models.DateTimeField(db_default=Now())),
            ("status", models.PositiveSmallIntegerField(null=True)),
            ("error", models.CharField(blank=True, max_length=300)),
            ("created_at", models.DateTimeField(db_default=Now())),
            (
                "webhook",
                models.ForeignKey(on_delete=models.CASCADE, related_name="deliveries", to="annotation.webhook"),
            ),
        ],
        options={
            "verbose_name_plural": "deliveries",
            "indexes": [
                models.Index(condition=models.Q(("state", "waiting")), fields=["next_try_at"], name="delivery_due")
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "event__in",
                            ["round.finished", "labeler.paused", "dataset.finished", "import.finished", "test"],
                        )
                    ),
                    name="delivery_event_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("state__in", ["waiting", "sent", "given_up"])), name="delivery_state_is_known"
                ),
            ],
        },
    ),
]
