from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from annotation.models.accounts import User


class AnswerPolicy(models.TextChoices):
    ALWAYS = "always", "shown from the start, as in PRM800K"
    NEVER = "never", "never shown"


class Neutral(models.TextChoices):
    """How a neutral step counts where only good and bad exist; the paper's default is good."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: "User") -> "ProjectQuerySet":
        return self.filter(membership__user=user)


class Project(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    phase = models.PositiveSmallIntegerField(default=2)
    answer_policy = models.CharField(max_length=10, choices=AnswerPolicy, default=AnswerPolicy.ALWAYS)
    read_ahead = models.BooleanField(default=True)
    # A lease outlives the slowest honest labeler, renewed while the page is open: shorter, and long solutions are
    # given away while they are being read.
    lease_minutes = models.PositiveSmallIntegerField(default=15)
    problems_per_round = models.PositiveIntegerField(default=50)
    solutions_per_problem = models.PositiveIntegerField(default=1)
    wrong_share = models.FloatField(default=0.8)
    random_share = models.FloatField(default=0.05)
    neutral = models.CharField(max_length=10, choices=Neutral, default=Neutral.POSITIVE)
    min_labels_to_train = models.PositiveIntegerField(default=5)
    base_model = models.CharField(max_length=500, blank=True, help_text="Directory; empty: the server's default.")
    training_mode = models.CharField(max_length=10, default="probe")
    created_at = models.DateTimeField(db_default=Now())

    objects = ProjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="project_phase_is_1_or_2", condition=Q(phase__in=[1, 2])),
            models.CheckConstraint(name="project_lease_lasts", condition=Q(lease_minutes__gt=0)),
            models.CheckConstraint(
                name="project_shares_are_shares",
                condition=Q(wrong_share__range=(0, 1), random_share__range=(0, 1)),
            ),
            models.CheckConstraint(name="project_neutral_is_known", condition=Q(neutral__in=Neutral.values)),
            models.CheckConstraint(
                name="project_answer_policy_is_known", condition=Q(answer_policy__in=AnswerPolicy.values)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    LABELER = "labeler"
    REVIEWER = "reviewer"
    LEAD = "lead"
    ML = "ml", "ML staff"


@pghistory.track()
class Membership(models.Model):
    """What one person may do in one project; every change is kept by trigger."""

    project = models.ForeignKey(Project, models.PROTECT)
    user = models.ForeignKey("annotation.User", models.PROTECT)
    role = models.CharField(max_length=10, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_role_per_project", fields=["user", "project"]),
            models.CheckConstraint(name="membership_role_is_known", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.get_role_display()} of {self.project}"


class Instructions(models.Model):
    """One version of what labelers are told. An empty text stands for the built-in page."""

    project = models.ForeignKey(Project, models.PROTECT)
    version = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "instructions"
        constraints = [
            models.UniqueConstraint(name="instructions_version_is_unique", fields=["project", "version"]),
            models.CheckConstraint(name="instructions_version_starts_at_1", condition=Q(version__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.project}: instructions version {self.version}"
