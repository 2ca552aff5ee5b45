from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from annotation.models.accounts import User


class AnswerPolicy(models.TextChoices):
    """Whether labelers see the final answer that the problem is thought to have; the paper showed it (App. D)."""

    ALWAYS = "always", "shown from the start, as in PRM800K"
    ON_DEMAND = "on_demand", "behind a key, and every look is recorded"
    NEVER = "never", "never shown"


class ReadAhead(models.TextChoices):
    """Whether labelers may read steps that they have not reached. Nobody can rate them before their turn."""

    ALWAYS = "always", "later steps stand there greyed, as in PRM800K"
    PEEK = "peek", "the next one behind a key, and every look is recorded"
    NEVER = "never", "hidden until they are reached"


class HumanStepWhen(models.TextChoices):
    """When a phase-1 labeler writes the next step: the instructions and the paper say two different things."""

    ALL_NEGATIVE = "all_negative", "every option is bad (the published data)"
    NO_POSITIVE = "no_positive", "no option is great (the first instructions)"


class Neutral(models.TextChoices):
    """How a neutral step counts where only good and bad exist; the paper's default is good."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class Strategy(models.TextChoices):
    """What a round looks for among the solutions that nobody has labeled (active_learning/select.py)."""

    CONVINCING_WRONG = "convincing_wrong", "the most convincing wrong answers, and some of the most convincing others"
    UNCERTAIN = "uncertain", "what the selector is least sure of"
    DISAGREEMENT = "disagreement", "what the last selectors disagree on"
    RANDOM = "random", "by chance, for comparison"


class Scope(models.TextChoices):
    """Lightman et al. 2023, §2.4 leaves open which of the two it was."""

    PER_PROBLEM = "per_problem", "so many of each problem"
    EVERYWHERE = "everywhere", "the best of all problems together"


class TrainingMode(models.TextChoices):
    """How much of the base model a round trains (active_learning/config.py)."""

    PROBE = "probe", "a small head on a base model that stays as it is"
    LORA = "lora", "the base model through small adapters"
    FULL = "full", "the whole base model"


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: "User") -> "ProjectQuerySet":
        return self.filter(membership__user=user)


class Project(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    phase = models.PositiveSmallIntegerField(default=2)
    answer_policy = models.CharField(max_length=10, choices=AnswerPolicy, default=AnswerPolicy.ALWAYS)
    read_ahead = models.CharField(max_length=10, choices=ReadAhead, default=ReadAhead.ALWAYS)
    # Where options come from besides the pool: the folder of a language model, "toy", or nowhere.
    generator = models.CharField(max_length=500, blank=True)
    alternatives = models.PositiveSmallIntegerField(default=3)  # wanted at the first error (phase 2); 0: none
    options_per_step = models.PositiveSmallIntegerField(default=4)  # wanted at every step (phase 1)
    human_step_when = models.CharField(max_length=20, choices=HumanStepWhen, default=HumanStepWhen.ALL_NEGATIVE)
    stall_after = models.PositiveSmallIntegerField(default=6)  # neutral continuations in a row; 0: never
    neutral_end = models.BooleanField(default=True)  # a last step rated okay ends a solution too
    progress_points = models.PositiveSmallIntegerField(default=0)  # of the question after an error; 0: not asked
    critiques = models.BooleanField(default=False)  # explanations of the mistake are rated or written
    bad_problem_reports = models.PositiveSmallIntegerField(default=2)  # after so many a problem leaves the queue
    reopen_hours = models.PositiveSmallIntegerField(default=24)  # for so long a labeler may correct a label
    break_minutes = models.PositiveSmallIntegerField(default=25)  # of active time between two break cards; 0: none
    # A lease outlives the slowest honest labeler, renewed while the page is open: shorter, and long solutions are
    # given away while they are being read.
    lease_minutes = models.PositiveSmallIntegerField(default=15)
    problems_per_round = models.PositiveIntegerField(default=50)
    solutions_per_problem = models.PositiveIntegerField(default=1)
    strategy = models.CharField(max_length=20, choices=Strategy, default=Strategy.CONVINCING_WRONG)
    scope = models.CharField(max_length=20, choices=Scope, default=Scope.PER_PROBLEM)
    wrong_share = models.FloatField(default=0.8)
    random_share = models.FloatField(default=0.05)
    injected_share = models.FloatField(default=0.0)  # correct ones among the chosen, so that not all is wrong
    most_per_answer = models.PositiveSmallIntegerField(default=0)  # of a problem's solutions with one answer; 0: any
    one_of_alike = models.BooleanField(default=True)  # choose one of those that are alike up to the predicted error
    auc_tolerance = models.FloatField(default=0.02)  # a new selector may be worse than the old one by this
    least_agreement = models.FloatField(default=0.3)  # rank correlation below which a new selector is not trusted
    neutral = models.CharField(max_length=10, choices=Neutral, default=Neutral.POSITIVE)
    min_labels_to_train = models.PositiveIntegerField(default=5)
    base_model = models.CharField(max_length=500, blank=True, help_text="Directory; empty: the server's default.")
    training_mode = models.CharField(max_length=10, choices=TrainingMode, default=TrainingMode.PROBE)
    # Defaults of the database, too: code of the version before goes on inserting rows while an upgrade runs.
    # Fewer wait than low_water, and the queue is filled up to high_water between two rounds; 0: never.
    low_water = models.PositiveIntegerField(default=0, db_default=0)
    high_water = models.PositiveIntegerField(default=0, db_default=0)
    most_of_problem_per_labeler = models.PositiveSmallIntegerField(default=0, db_default=0)  # solutions; 0: any number
    # Quality: in force as soon as there is gold of the kind.
    screening_items = models.PositiveSmallIntegerField(default=30, db_default=30)  # before a labeler may work
    screening_pass = models.FloatField(default=0.75, db_default=0.75)  # of them agreed with, at least
    quality_items_per_round = models.PositiveSmallIntegerField(default=15, db_default=15)  # hidden gold for everybody
    quality_pass = models.FloatField(default=0.75, db_default=0.75)  # whose interval lies below it pauses
    quality_least = models.PositiveSmallIntegerField(default=10, db_default=10)  # judgements before anybody is paused
    overlap_share = models.FloatField(default=0.0, db_default=0.0)  # of what a round picks that two labelers get
    most_labels = models.PositiveSmallIntegerField(default=3, db_default=3)  # of a solution whose labelers disagree
    hourly_cost = models.FloatField(null=True)  # of a labeler's active hour, for the forecast
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())

    objects = ProjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="project_phase_is_1_or_2", condition=Q(phase__in=[1, 2])),
            models.CheckConstraint(name="project_lease_lasts", condition=Q(lease_minutes__gt=0)),
            models.CheckConstraint(
                name="project_shares_are_shares",
                condition=Q(
                    wrong_share__range=(0, 1),
                    random_share__range=(0, 1),
                    injected_share__range=(0, 1),
                    auc_tolerance__range=(0, 1),
                    least_agreement__range=(-1, 1),
                ),
            ),
            models.CheckConstraint(name="project_strategy_is_known", condition=Q(strategy__in=Strategy.values)),
            models.CheckConstraint(name="project_scope_is_known", condition=Q(scope__in=Scope.values)),
            models.CheckConstraint(name="project_neutral_is_known", condition=Q(neutral__in=Neutral.values)),
            models.CheckConstraint(
                name="project_answer_policy_is_known", condition=Q(answer_policy__in=AnswerPolicy.values)
            ),
            models.CheckConstraint(name="project_read_ahead_is_known", condition=Q(read_ahead__in=ReadAhead.values)),
            models.CheckConstraint(
                name="project_human_step_when_is_known", condition=Q(human_step_when__in=HumanStepWhen.values)
            ),
            models.CheckConstraint(name="progress_has_0_3_or_5_points", condition=Q(progress_points__in=[0, 3, 5])),
            models.CheckConstraint(
                name="project_offers_options",
                condition=Q(options_per_step__range=(1, 20), alternatives__range=(0, 20)),
            ),
            models.CheckConstraint(
                name="project_training_mode_is_known", condition=Q(training_mode__in=TrainingMode.values)
            ),
            models.CheckConstraint(
                name="project_rounds_choose_something",
                condition=Q(problems_per_round__gte=1, solutions_per_problem__gte=1),
            ),
            models.CheckConstraint(
                name="project_water_marks_are_in_order", condition=Q(low_water=0) | Q(low_water__lt=F("high_water"))
            ),
            models.CheckConstraint(
                name="project_quality_shares_are_shares",
                condition=Q(screening_pass__range=(0, 1), quality_pass__range=(0, 1), overlap_share__range=(0, 1)),
            ),
            models.CheckConstraint(
                name="project_cost_is_not_negative", condition=Q(hourly_cost__isnull=True) | Q(hourly_cost__gte=0)
            ),
            models.CheckConstraint(name="a_bad_problem_is_reported", condition=Q(bad_problem_reports__gte=1)),
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
    changes = models.TextField(blank=True)  # what is new in it, for those who know the version before
    must_acknowledge = models.BooleanField(default=False)  # labelers get no new work before they have
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "instructions"
        constraints = [
            models.UniqueConstraint(name="instructions_version_is_unique", fields=["project", "version"]),
            models.CheckConstraint(name="instructions_version_starts_at_1", condition=Q(version__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.project}: instructions version {self.version}"


class Acknowledgement(models.Model):
    """A labeler has read a version of the instructions."""

    project = models.ForeignKey(Project, models.PROTECT)
    labeler = models.ForeignKey("annotation.Labeler", models.CASCADE, db_constraint=False)
    version = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(name="acknowledged_once", fields=["labeler", "version"])]

    def __str__(self) -> str:
        return f"{self.labeler_id} has read version {self.version}"
