from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BooleanField, Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from annotation.models.labels import APPEND_ONLY


class AutomaticKind(models.TextChoices):
    """What rated the steps in place of a person."""

    ROLLOUTS = "rollouts", "rollouts of a completer"  # Wang et al. 2023 (Math-Shepherd), §3.3
    MODEL = "model", "a process reward model"


class Which(models.TextChoices):
    """Which solutions a source labels."""

    ALL = "all", "all solutions"
    LABELED = "labeled", "those that people have labeled"
    UNLABELED = "unlabeled", "those that nobody has labeled"


class AutomaticSource(models.Model):
    """One run over chosen solutions that rated their steps without a person: how, by what, and for whom."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    kind = models.CharField(max_length=10, choices=AutomaticKind)
    name = models.CharField(max_length=100)
    # Of rollouts: generator, rollouts, temperature, seed, max_new_tokens, from_start, search, budget; of a model:
    # threshold. Of both which solutions were chosen: which, batch, most.
    asked = models.JSONField(default=dict)
    version = models.ForeignKey("annotation.ModelVersion", models.PROTECT, null=True, db_constraint=False)
    job = models.OneToOneField("annotation.Job", models.PROTECT, db_constraint=False)
    report = models.JSONField(default=dict)  # chosen, labeled, gone, tokens, told (by the completer)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="automatic_source_wall", fields=["project", "id"]),
            models.UniqueConstraint(name="automatic_source_has_a_name_of_its_own", fields=["project", "name"]),
            models.CheckConstraint(name="automatic_source_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(name="automatic_kind_is_known", condition=Q(kind__in=AutomaticKind.values)),
            models.CheckConstraint(
                name="a_model_labels_as_one_of_its_versions",
                condition=Q(kind=AutomaticKind.MODEL, version__isnull=False)
                | (~Q(kind=AutomaticKind.MODEL) & Q(version__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AutomaticLabel(models.Model):
    """What one source says of the steps of one solution. It stands beside the labels of people and never among them."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    source = models.ForeignKey(AutomaticSource, models.PROTECT, db_constraint=False)
    solution = models.ForeignKey("annotation.Solution", models.PROTECT, db_constraint=False)
    # Per step. Of rollouts: {"correct", "rollouts"}, of the last step the solution's own answer as one rollout; null
    # where nothing is estimated. Of a model: [P(negative), P(neutral), P(positive)].
    estimates = models.JSONField()
    start = models.JSONField(null=True)  # of rollouts: the same from the bare problem
    # Per step, as derived from the estimates: 1, -1, or null where nothing is said.
    ratings = ArrayField(models.SmallIntegerField(null=True))
    tokens = models.PositiveBigIntegerField(default=0)  # that were sampled for it

    class Meta:
        triggers = [APPEND_ONLY]
        constraints = [
            models.UniqueConstraint(name="one_automatic_label_per_source", fields=["source", "solution"]),
            models.CheckConstraint(name="automatic_label_rates_steps", condition=Q(ratings__len__gt=0)),
            models.CheckConstraint(
                name="automatic_rating_is_minus_one_or_one",
                condition=RawSQL("array_remove(ratings, NULL) <@ '{-1,1}'", (), BooleanField()),
            ),
        ]

    def __str__(self) -> str:
        return f"automatic label of solution {self.solution_id}"


class Sampling(models.Model):
    """One run that has a generator write solutions of the project's problems; they come in as an import does."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    # generator, problems, per_problem, temperature, seed, max_new_tokens, budget
    asked = models.JSONField(default=dict)
    job = models.OneToOneField("annotation.Job", models.PROTECT, db_constraint=False)
    report = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))  # what the generator told of it
    batch = models.OneToOneField("annotation.ImportBatch", models.PROTECT, null=True, db_constraint=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"solutions by {self.asked.get('generator')}"
