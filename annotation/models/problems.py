from typing import TYPE_CHECKING

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from annotation.models.scoring import ModelVersion


class Split(models.TextChoices):
    TRAIN = "train"
    TEST = "test", "test (held out, never queued)"


@pghistory.track(
    pghistory.UpdateEvent(condition=pghistory.AnyChange("answer", "split", "withdrawn_at")),
    fields=["answer", "split", "withdrawn_at"],
    model_name="ProblemEvent",
)
class Problem(models.Model):
    project = models.ForeignKey("annotation.Project", models.PROTECT)
    text = models.TextField()
    answer = models.TextField(null=True)  # noqa: DJ001 - "unknown" and "the empty answer" are two things
    reference_solution = models.TextField(blank=True)
    subject = models.CharField(max_length=100, blank=True)
    level = models.PositiveSmallIntegerField(null=True)
    unique_id = models.CharField(max_length=200, blank=True)
    split = models.CharField(max_length=5, choices=Split, default=Split.TRAIN)
    content_hash = models.BinaryField(max_length=32)  # SHA-256 of the text with its white space collapsed
    batch = models.ForeignKey("annotation.ImportBatch", models.PROTECT, null=True, db_constraint=False)
    withdrawn_at = models.DateTimeField(null=True)  # labelers or a lead found that nobody can answer it
    restored_at = models.DateTimeField(null=True)  # a lead found that one can: reports from before count no more
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="problem_content_is_unique", fields=["project", "content_hash"]),
            models.UniqueConstraint(
                name="problem_unique_id_is_unique", fields=["project", "unique_id"], condition=~Q(unique_id="")
            ),
            models.UniqueConstraint(name="problem_wall", fields=["project", "id"]),
            models.CheckConstraint(name="problem_has_text", condition=~Q(text="")),
            models.CheckConstraint(name="problem_split_is_known", condition=Q(split__in=Split.values)),
        ]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def trains(self) -> bool:
        return self.split == Split.TRAIN and self.withdrawn_at is None


class Grade(models.TextChoices):
    """Whether the final answer equals the truth; the values of active_learning.grading.Grade."""

    CORRECT = "correct"
    WRONG = "wrong"
    AMBIGUOUS = "ambiguous"
    UNGRADABLE = "ungradable"
    PENDING = "pending", "not graded yet"


class SolutionQuerySet(models.QuerySet["Solution"]):
    def selectable(self) -> "SolutionQuerySet":
        """Complete, graded, of a sound training problem, not gold, not labeled and not being labeled. A solution that
        only waits in the queue is selectable: the next round replaces what waits."""
        untouched = self.exclude(slot__state__in=["leased", "done"]).exclude(grade=Grade.PENDING)
        usable = untouched.filter(label__isnull=True, gold__isnull=True, complete=True)
        return usable.filter(problem__split=Split.TRAIN, problem__withdrawn_at__isnull=True)

    def unscored_by(self, version: "ModelVersion") -> "SolutionQuerySet":
        return self.exclude(solutionscore__version=version)


class Solution(models.Model):
    project = models.ForeignKey("annotation.Project", models.PROTECT)
    problem = models.ForeignKey(Problem, models.PROTECT, db_constraint=False)
    steps = ArrayField(models.TextField())
    answer = models.TextField(null=True)  # noqa: DJ001 - no answer found and an empty answer are two things
    grade = models.CharField(max_length=10, choices=Grade, default=Grade.UNGRADABLE)
    grader_version = models.CharField(max_length=40, blank=True)
    complete = models.BooleanField(default=True)
    content_hash = models.BinaryField(max_length=32)  # SHA-256 of the steps
    count = models.PositiveIntegerField(default=1)  # how often the same steps were sampled
    generator = models.CharField(max_length=200, blank=True)
    batch = models.ForeignKey("annotation.ImportBatch", models.PROTECT, null=True, db_constraint=False)
    seed = models.BigIntegerField(null=True)
    temperature = models.FloatField(null=True)
    imported_score = models.FloatField(null=True)  # pre_generated_verifier_score of PRM800K
    created_at = models.DateTimeField(db_default=Now())

    objects = SolutionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="solution_content_is_unique", fields=["problem", "content_hash"]),
            models.UniqueConstraint(name="solution_wall", fields=["project", "id"]),
            models.CheckConstraint(name="solution_has_steps", condition=Q(steps__len__gt=0)),
            models.CheckConstraint(name="solution_grade_is_known", condition=Q(grade__in=Grade.values)),
            models.CheckConstraint(name="solution_count_is_positive", condition=Q(count__gte=1)),
            models.CheckConstraint(
                name="solution_imported_score_is_a_probability",
                condition=Q(imported_score__isnull=True) | Q(imported_score__range=(0, 1)),
            ),
        ]

    def __str__(self) -> str:
        return f"solution {self.pk} of problem {self.problem_id}"
