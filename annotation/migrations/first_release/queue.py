"""The queue."""

from django.db import models
from django.db.migrations import CreateModel
from django.db.models.functions import Now

TABLES = [
    CreateModel(
        name="Slot",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("wave", models.PositiveSmallIntegerField(default=0)),
            ("priority", models.FloatField(default=0)),
            (
                "arm",
                models.CharField(
                    choices=[
                        ("convincing_wrong", "most convincing wrong answers"),
                        ("remaining", "most convincing of what remained"),
                        ("uncertain", "least certain"),
                        ("disagreement", "selectors disagree"),
                        ("random", "Random"),
                        ("screening", "Screening"),
                        ("gold", "Gold"),
                        ("injected", "Injected"),
                        ("overlap", "Overlap"),
                    ],
                    max_length=20,
                ),
            ),
            ("served_reason", models.JSONField(default=dict)),
            (
                "state",
                models.CharField(
                    choices=[("ready", "Ready"), ("leased", "Leased"), ("done", "Done"), ("void", "Void")],
                    default="ready",
                    max_length=10,
                ),
            ),
            ("lease_token", models.UUIDField(null=True)),
            ("lease_until", models.DateTimeField(null=True)),
            ("created_at", models.DateTimeField(db_default=Now())),
            (
                "lease_owner",
                models.ForeignKey(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.labeler"),
            ),
            ("project", models.ForeignKey(on_delete=models.PROTECT, to="annotation.project")),
            (
                "round",
                models.ForeignKey(db_constraint=False, null=True, on_delete=models.PROTECT, to="annotation.round"),
            ),
            ("solution", models.ForeignKey(db_constraint=False, on_delete=models.PROTECT, to="annotation.solution")),
            ("prefetched", models.BooleanField(default=False)),
        ],
        options={
            "indexes": [
                models.Index(condition=models.Q(("state", "leased")), fields=["lease_until"], name="slot_lease_end"),
                models.Index(
                    models.F("project"),
                    models.F("wave"),
                    models.OrderBy(models.F("priority"), descending=True),
                    models.F("id"),
                    condition=models.Q(("state", "ready"), models.Q(("arm__in", ["gold", "screening"]), _negated=True)),
                    name="slot_claim_order",
                ),
                models.Index(
                    condition=models.Q(("arm", "gold"), ("state", "ready")),
                    fields=["project", "solution"],
                    name="slot_gold",
                ),
                models.Index(
                    models.F("round"),
                    models.OrderBy(models.F("priority"), descending=True),
                    models.F("id"),
                    name="slot_picks",
                ),
            ],
            "constraints": [
                models.UniqueConstraint(fields=("project", "id"), name="slot_wall"),
                models.UniqueConstraint(
                    condition=models.Q(("state", "void"), _negated=True),
                    fields=("solution", "wave"),
                    name="one_slot_per_solution_and_wave",
                ),
                models.CheckConstraint(
                    condition=models.Q(("state__in", ["ready", "leased", "done", "void"])), name="slot_state_is_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("state", "leased"),
                            ("lease_owner__isnull", False),
                            ("lease_token__isnull", False),
                            ("lease_until__isnull", False),
                        ),
                        models.Q(
                            models.Q(("state", "leased"), _negated=True),
                            ("lease_owner__isnull", True),
                            ("lease_token__isnull", True),
                            ("lease_until__isnull", True),
                        ),
                        _connector="OR",
                    ),
                    name="slot_has_a_lease_exactly_while_leased",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("prefetched", False), ("state", "leased")),
                    fields=("lease_owner",),
                    name="one_lease_per_labeler",
                ),
                models.UniqueConstraint(
                    condition=models.Q(("prefetched", True)),
                    fields=("lease_owner",),
                    name="one_prefetched_slot_per_labeler",
                ),
                models.CheckConstraint(
                    condition=models.Q(("prefetched", False), ("state", "leased"), _connector="OR"),
                    name="only_a_leased_slot_is_prefetched",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "arm__in",
                            [
                                "convincing_wrong",
                                "remaining",
                                "uncertain",
                                "disagreement",
                                "random",
                                "screening",
                                "gold",
                                "injected",
                                "overlap",
                            ],
                        )
                    ),
                    name="slot_arm_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("arm", "screening"), ("round__isnull", True)),
                        ("round__isnull", False),
                        _connector="OR",
                    ),
                    name="only_screening_has_no_round",
                ),
            ],
        },
    ),
    CreateModel(
        name="Lease",
        fields=[
            ("token", models.UUIDField(primary_key=True, serialize=False)),
            ("at", models.DateTimeField(db_default=Now())),
            ("labeler", models.ForeignKey(on_delete=models.PROTECT, to="annotation.labeler")),
            ("slot", models.ForeignKey(on_delete=models.PROTECT, to="annotation.slot")),
        ],
    ),
    CreateModel(
        name="Draft",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("body", models.JSONField()),
            ("updated_at", models.DateTimeField(db_default=Now())),
            ("labeler", models.ForeignKey(on_delete=models.CASCADE, to="annotation.labeler")),
            ("slot", models.ForeignKey(on_delete=models.CASCADE, to="annotation.slot")),
        ],
        options={
            "constraints": [models.UniqueConstraint(fields=("slot", "labeler"), name="one_draft_per_labeler_and_slot")]
        },
    ),
]
