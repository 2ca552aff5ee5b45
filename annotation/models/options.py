import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class OptionSource(models.TextChoices):
    POOL = "pool", "another solution of the problem"
    GENERATOR = "generator"


class OptionSet(models.Model):
    """The next steps offered after one prefix of a problem: the same ones to everybody who gets there.

    Frozen once it is ready, for labels rate exactly what stands in it. While it is not, its job asks the generator.
    """

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    problem = models.ForeignKey("annotation.Problem", models.PROTECT, db_constraint=False)
    prefix = ArrayField(models.TextField())
    prefix_hash = models.BinaryField(max_length=32)  # SHA-256 of the prefix as a list of steps
    wanted = models.PositiveSmallIntegerField()
    options = models.JSONField(default=list)  # [{"text", "source", "generator"?, "seed"?}]
    is_ready = models.BooleanField(default=False)
    job = models.OneToOneField("annotation.Job", models.PROTECT, null=True, db_constraint=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        triggers = [
            pgtrigger.Protect(
                name="frozen_when_ready",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__is_ready=True),
            )
        ]
        constraints = [
            models.UniqueConstraint(name="one_option_set_per_prefix", fields=["problem", "prefix_hash"]),
            models.CheckConstraint(
                name="an_unfinished_option_set_has_a_job", condition=Q(is_ready=True) | Q(job__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"options after step {len(self.prefix)} of problem {self.problem_id}"

    @property
    def texts(self) -> list[str]:
        return [option["text"] for option in self.options]


class Critique(models.Model):
    """A program's explanation of what is wrong with one step of a solution."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    solution = models.ForeignKey("annotation.Solution", models.PROTECT, db_constraint=False)
    step = models.PositiveSmallIntegerField()
    place = models.PositiveSmallIntegerField()  # among those of the step
    text = models.TextField()
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="critique_is_unique", fields=["solution", "step", "place"]),
            models.CheckConstraint(name="critique_has_text", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return self.text[:80]
