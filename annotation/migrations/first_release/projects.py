"""Accounts and projects."""

from django.contrib.auth.models import UserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.migrations import CreateModel
from django.db.models.functions import Now
from django.utils import timezone

TABLES = [
    CreateModel(
        name="User",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("password", models.CharField(max_length=128, verbose_name="password")),
            ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
            (
                "is_superuser",
                models.BooleanField(
                    default=False,
                    help_text="Designates that this user has all permissions without explicitly assigning them.",
                    verbose_name="superuser status",
                ),
            ),
            (
                "username",
                models.CharField(
                    error_messages={"unique": "A user with that username already exists."},
                    help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                    max_length=150,
                    unique=True,
                    validators=[UnicodeUsernameValidator()],
                    verbose_name="username",
                ),
            ),
            ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
            ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
            ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
            (
                "is_staff",
                models.BooleanField(
                    default=False,
                    help_text="Designates whether the user can log into this admin site.",
                    verbose_name="staff status",
                ),
            ),
            (
                "is_active",
                models.BooleanField(
                    default=True,
                    help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                    verbose_name="active",
                ),
            ),
            ("date_joined", models.DateTimeField(default=timezone.now, verbose_name="date joined")),
            (
                "groups",
                models.ManyToManyField(
                    blank=True,
                    help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                    related_name="user_set",
                    related_query_name="user",
                    to="auth.group",
                    verbose_name="groups",
                ),
            ),
            (
                "user_permissions",
                models.ManyToManyField(
                    blank=True,
                    help_text="Specific permissions for this user.",
                    related_name="user_set",
                    related_query_name="user",
                    to="auth.permission",
                    verbose_name="user permissions",
                ),
            ),
        ],
        options={"verbose_name": "user", "verbose_name_plural": "users", "abstract": False},
        managers=[("objects", UserManager())],
    ),
    CreateModel(
        name="Project",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("slug", models.SlugField(unique=True)),
            ("name", models.CharField(max_length=200)),
            ("phase", models.PositiveSmallIntegerField(default=2)),
            (
                "answer_policy",
                models.CharField(
                    choices=[
                        ("always", "shown from the start, as in PRM800K"),
                        ("on_demand", "behind a key, and every look is recorded"),
                        ("never", "never shown"),
                    ],
                    default="always",
                    max_length=10,
                ),
            ),
            (
                "read_ahead",
                models.CharField(
                    choices=[
                        ("always", "later steps stand there greyed, as in PRM800K"),
                        ("peek", "the next one behind a key, and every look is recorded"),
                        ("never", "hidden until they are reached"),
                    ],
                    default="always",
                    max_length=10,
                ),
            ),
            ("lease_minutes", models.PositiveSmallIntegerField(default=15)),
            ("problems_per_round", models.PositiveIntegerField(default=50)),
            ("solutions_per_problem", models.PositiveIntegerField(default=1)),
            ("wrong_share", models.FloatField(default=0.8)),
            ("random_share", models.FloatField(default=0.05)),
            (
                "neutral",
                models.CharField(
                    choices=[("positive", "Positive"), ("negative", "Negative")], default="positive", max_length=10
                ),
            ),
            ("min_labels_to_train", models.PositiveIntegerField(default=5)),
            (
                "base_model",
                models.CharField(blank=True, help_text="Directory; empty: the server's default.", max_length=500),
            ),
            (
                "training_mode",
                models.CharField(
                    choices=[
                        ("probe", "a small head on a base model that stays as it is"),
                        ("lora", "the base model through small adapters"),
                        ("full", "the whole base model"),
                    ],
                    default="probe",
                    max_length=10,
                ),
            ),
            ("created_at", models.DateTimeField(db_default=Now())),
            ("alternatives", models.PositiveSmallIntegerField(default=3)),
            ("bad_problem_reports", models.PositiveSmallIntegerField(default=2)),
            ("break_minutes", models.PositiveSmallIntegerField(default=25)),
            ("critiques", models.BooleanField(default=False)),
            ("generator", models.CharField(blank=True, max_length=500)),
            (
                "human_step_when",
                models.CharField(
                    choices=[
                        ("all_negative", "every option is bad (the published data)"),
                        ("no_positive", "no option is great (the first instructions)"),
                    ],
                    default="all_negative",
                    max_length=20,
                ),
            ),
            ("neutral_end", models.BooleanField(default=True)),
            ("options_per_step", models.PositiveSmallIntegerField(default=4)),
            ("progress_points", models.PositiveSmallIntegerField(default=0)),
            ("reopen_hours", models.PositiveSmallIntegerField(default=24)),
            ("stall_after", models.PositiveSmallIntegerField(default=6)),
            ("auc_tolerance", models.FloatField(default=0.02)),
            ("injected_share", models.FloatField(default=0.0)),
            ("least_agreement", models.FloatField(default=0.3)),
            ("most_per_answer", models.PositiveSmallIntegerField(default=0)),
            ("one_of_alike", models.BooleanField(default=True)),
            (
                "scope",
                models.CharField(
                    choices=[
                        ("per_problem", "so many of each problem"),
                        ("everywhere", "the best of all problems together"),
                    ],
                    default="per_problem",
                    max_length=20,
                ),
            ),
            (
                "strategy",
                models.CharField(
                    choices=[
                        (
                            "convincing_wrong",
                            "the most convincing wrong answers, and some of the most convincing others",
                        ),
                        ("uncertain", "what the selector is least sure of"),
                        ("disagreement", "what the last selectors disagree on"),
                        ("random", "by chance, for comparison"),
                    ],
                    default="convincing_wrong",
                    max_length=20,
                ),
            ),
            ("high_water", models.PositiveIntegerField(db_default=0, default=0)),
            ("low_water", models.PositiveIntegerField(db_default=0, default=0)),
            ("most_of_problem_per_labeler", models.PositiveSmallIntegerField(db_default=0, default=0)),
            ("currency", models.CharField(blank=True, db_default="", default="", max_length=3)),
            ("hourly_cost", models.FloatField(null=True)),
            ("most_labels", models.PositiveSmallIntegerField(db_default=3, default=3)),
            ("overlap_share", models.FloatField(db_default=0.0, default=0.0)),
            ("quality_items_per_round", models.PositiveSmallIntegerField(db_default=15, default=15)),
            ("quality_least", models.PositiveSmallIntegerField(db_default=10, default=10)),
            ("quality_pass", models.FloatField(db_default=0.75, default=0.75)),
            ("screening_items", models.PositiveSmallIntegerField(db_default=30, default=30)),
            ("screening_pass", models.FloatField(db_default=0.75, default=0.75)),
        ],
        options={
            "constraints": [
                models.CheckConstraint(condition=models.Q(("phase__in", [1, 2])), name="project_phase_is_1_or_2"),
                models.CheckConstraint(condition=models.Q(("lease_minutes__gt", 0)), name="project_lease_lasts"),
                models.CheckConstraint(
                    condition=models.Q(("neutral__in", ["positive", "negative"])), name="project_neutral_is_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(("answer_policy__in", ["always", "on_demand", "never"])),
                    name="project_answer_policy_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("read_ahead__in", ["always", "peek", "never"])),
                    name="project_read_ahead_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("human_step_when__in", ["all_negative", "no_positive"])),
                    name="project_human_step_when_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("progress_points__in", [0, 3, 5])), name="progress_has_0_3_or_5_points"
                ),
                models.CheckConstraint(
                    condition=models.Q(("alternatives__range", (0, 20)), ("options_per_step__range", (1, 20))),
                    name="project_offers_options",
                ),
                models.CheckConstraint(
                    condition=models.Q(("bad_problem_reports__gte", 1)), name="a_bad_problem_is_reported"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("auc_tolerance__range", (0, 1)),
                        ("injected_share__range", (0, 1)),
                        ("least_agreement__range", (-1, 1)),
                        ("random_share__range", (0, 1)),
                        ("wrong_share__range", (0, 1)),
                    ),
                    name="project_shares_are_shares",
                ),
                models.CheckConstraint(
                    condition=models.Q(("strategy__in", ["convincing_wrong", "uncertain", "disagreement", "random"])),
                    name="project_strategy_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("scope__in", ["per_problem", "everywhere"])), name="project_scope_is_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(("training_mode__in", ["probe", "lora", "full"])),
                    name="project_training_mode_is_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("problems_per_round__gte", 1), ("solutions_per_problem__gte", 1)),
                    name="project_rounds_choose_something",
                ),
                models.CheckConstraint(
                    condition=models.Q(("low_water", 0), ("low_water__lt", models.F("high_water")), _connector="OR"),
                    name="project_water_marks_are_in_order",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("overlap_share__range", (0, 1)),
                        ("quality_pass__range", (0, 1)),
                        ("screening_pass__range", (0, 1)),
                    ),
                    name="project_quality_shares_are_shares",
                ),
                models.CheckConstraint(
                    condition=models.Q(("hourly_cost__isnull", True), ("hourly_cost__gte", 0), _connector="OR"),
                    name="project_cost_is_not_negative",
                ),
            ]
        },
    ),
]
