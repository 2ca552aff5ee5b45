"""How good labels are and what follows: known answers, who is left out, who decides where labelers disagree."""

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q
from django.db.models.functions import Now

from annotation.models.labels import APPEND_ONLY
from annotation.models.problems import Split
from annotation.models.projects import AnswerPolicy


class GoldKind(models.TextChoices):
    """What a solution with a known first error is for (Lightman et al. 2023, App. B)."""

    SCREENING = "screening", "screening: shown to new labelers before they may work"
    HIDDEN = "hidden", "quality control: mixed in among the others, never announced"
    VISIBLE = "visible", "practice: the answer is told right after the label"


class GoldOrigin(models.TextChoices):
    LEAD = "lead", "written by a lead"
    IMPORT = "import", "imported"
    ADJUDICATION = "adjudication", "decided after a disagreement"


class GoldQuerySet(models.QuerySet["Gold"]):
    def live(self) -> "GoldQuerySet":
        """What may be shown: neither retired nor of a problem that was withdrawn or is held out."""
        sound = Q(solution__problem__withdrawn_at__isnull=True, solution__problem__split=Split.TRAIN)
        return self.filter(sound, retired_at__isnull=True)


@pghistory.track()
class Gold(models.Model):
    """A solution whose acceptable first errors are known."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    solution = models.OneToOneField("annotation.Solution", models.PROTECT, db_constraint=False)
    kind = models.CharField(max_length=10, choices=GoldKind)
    # Steps from 0 at any of which a first error is accepted; empty: the solution has none.
    error_steps = ArrayField(models.PositiveSmallIntegerField())
    explanation = models.TextField(blank=True)  # for labelers, where it may be told
    origin = models.CharField(max_length=12, choices=GoldOrigin, default=GoldOrigin.LEAD)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)  # shown to nobody from then on; past judgements stay

    objects = GoldQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "gold"
        constraints = [
            models.UniqueConstraint(name="gold_wall", fields=["project", "id"]),
            models.CheckConstraint(name="gold_kind_is_known", condition=Q(kind__in=GoldKind.values)),
            models.CheckConstraint(name="gold_origin_is_known", condition=Q(origin__in=GoldOrigin.values)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} gold for solution {self.solution_id}"

    def accepts(self, first_error: int | None) -> bool:
        """Whether a first error at this step from 0 (None: no error) is among the acceptable ones."""
        return first_error in self.error_steps if self.error_steps else first_error is None

    @property
    def gives_itself_away(self) -> bool:
        """Labelers must not tell it from others, and would: where those show the expected answer, it has none to show."""
        is_secret = self.kind in (GoldKind.HIDDEN, GoldKind.SCREENING) and self.retired_at is None
        return is_secret and self.solution.problem.answer is None and self.project.answer_policy != AnswerPolicy.NEVER


class GoldJudgement(models.Model):
    """How a label of a gold solution compares with what is known; judged anew when the gold is corrected."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    gold = models.ForeignKey(Gold, models.PROTECT, db_constraint=False)
    label = models.OneToOneField("annotation.Label", models.PROTECT, primary_key=True, db_constraint=False)
    labeler = models.ForeignKey("annotation.Labeler", models.PROTECT, db_constraint=False)
    first_error = models.PositiveSmallIntegerField(null=True)  # the label's, from 0
    agrees = models.BooleanField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["labeler", "-at"], name="gold_judgement_by_labeler")]

    def __str__(self) -> str:
        return f"label {self.label_id} {'agrees' if self.agrees else 'disagrees'}"


class ExclusionQuerySet(models.QuerySet["Exclusion"]):
    def in_force(self) -> "ExclusionQuerySet":
        return self.filter(lifted_at__isnull=True)

    def of_label(self) -> "ExclusionQuerySet":
        """Inside a query on labels: the exclusion in force that leaves the label out."""
        return self.in_force().filter(labeler=OuterRef("labeler"), since__lte=OuterRef("created_at"))


@pghistory.track()
class Exclusion(models.Model):
    """From a day on a labeler's labels are left out of training and of the training view, until it is lifted."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    labeler = models.ForeignKey("annotation.Labeler", models.PROTECT, db_constraint=False)
    since = models.DateTimeField()
    reason = models.TextField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    objects = ExclusionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_exclusion_in_force_per_labeler", fields=["labeler"], condition=Q(lifted_at__isnull=True)
            ),
            models.CheckConstraint(name="exclusion_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="exclusion_is_lifted_after_it_was_made",
                condition=Q(lifted_at__isnull=True) | Q(lifted_at__gte=F("created_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"labels of {self.labeler_id} since {self.since:%Y-%m-%d}"


class Disagreement(models.Model):
    """Labels of this solution place its first error differently: noted with the label that makes it so, for looking
    through all ratings of a million labels takes seconds."""

    solution = models.OneToOneField("annotation.Solution", models.PROTECT, primary_key=True, db_constraint=False)
    project = models.ForeignKey("annotation.Project", models.PROTECT)
    since = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"disagreement about solution {self.solution_id}"


class AdjudicationQuerySet(models.QuerySet["Adjudication"]):
    def overruling_label(self) -> "AdjudicationQuerySet":
        """Inside a query on labels: the decision on its solution that stands in place of the label."""
        return self.filter(solution=OuterRef("solution"), label__isnull=False).exclude(label=OuterRef("pk"))


class Adjudication(models.Model):
    """A reviewer's decision on a solution whose labelers disagree: first blind, then in sight of their labels.

    The decided label is the one that trains; the originals stay.
    """

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    solution = models.OneToOneField("annotation.Solution", models.PROTECT, db_constraint=False)
    reviewer = models.ForeignKey("annotation.Labeler", models.PROTECT, db_constraint=False)
    blind = models.JSONField()  # the judgement given before the others were seen
    blind_at = models.DateTimeField(db_default=Now())
    label = models.OneToOneField("annotation.Label", models.PROTECT, null=True, db_constraint=False)  # the decision
    decided_at = models.DateTimeField(null=True)

    objects = AdjudicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="adjudication_is_decided_by_a_label",
                condition=Q(label__isnull=True, decided_at__isnull=True)
                | Q(label__isnull=False, decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"adjudication of solution {self.solution_id}"

    @property
    def is_decided(self) -> bool:
        """False while the reviewer's own judgement is all that there is."""
        return self.label_id is not None


class PutBack(models.Model):
    """A reviewer saw what the others say of a solution, and left it to somebody else: they cannot judge it blind again."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    solution = models.ForeignKey("annotation.Solution", models.PROTECT, db_constraint=False)
    reviewer = models.ForeignKey("annotation.Labeler", models.PROTECT, db_constraint=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="put_back_once_by_a_reviewer", fields=["solution", "reviewer"]),
        ]

    def __str__(self) -> str:
        return f"solution {self.solution_id} put back by {self.reviewer_id}"


class FlagReview(models.Model):
    """A lead's answer to an "unsure" flag of a labeler."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    rating = models.OneToOneField("annotation.StepRating", models.PROTECT, primary_key=True)
    message = models.ForeignKey("annotation.Message", models.PROTECT, null=True, db_constraint=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"review of rating {self.rating_id}"


class TruthChange(models.Model):
    """The answer that a problem is thought to have was wrong, and was changed."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    problem = models.ForeignKey("annotation.Problem", models.PROTECT, db_constraint=False)
    old = models.TextField(null=True)  # noqa: DJ001 - unknown and empty are two things
    new = models.TextField(null=True)  # noqa: DJ001
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        triggers = [APPEND_ONLY]
        indexes = [models.Index(fields=["problem", "at"], name="truth_change_by_time")]

    def __str__(self) -> str:
        return f"answer of problem {self.problem_id}"
