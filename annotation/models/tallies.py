"""What the desk's pages would add up anew at every look, kept for projects that are too large for that.

Nothing here is a truth of its own: a run writes all of a project's rows anew from labels, ratings and slots.
"""

from django.db import models
from django.db.models.functions import Now

from annotation.models.labels import Origin, Purpose


class TallyRun(models.Model):
    """When a project's tally was last made. A project without one is small enough to be added up at every look."""

    project = models.OneToOneField("annotation.Project", models.PROTECT, primary_key=True)
    as_of = models.DateTimeField(db_default=Now())
    took_ms = models.PositiveIntegerField()
    # Slots by round and state, what the next round would find, scores of models, how far labelers agree.
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"tally of {self.project_id} as of {self.as_of:%Y-%m-%d %H:%M}"


class Tally(models.Model):
    """The labels that one labeler gave on one day in one round, added up. Days are those of universal time."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    # Without constraints: the rows follow what they were added up from only with the next run.
    labeler = models.ForeignKey("annotation.Labeler", models.DO_NOTHING, db_constraint=False, db_index=False)
    round = models.ForeignKey("annotation.Round", models.DO_NOTHING, null=True, db_constraint=False, db_index=False)
    day = models.DateField()
    origin = models.CharField(max_length=10, choices=Origin)
    purpose = models.CharField(max_length=20, choices=Purpose)
    given = models.PositiveIntegerField()  # as work done: a correction is not another one
    # All that follows is of labels as they stand, without those that were superseded.
    labels = models.PositiveIntegerField()
    wrong_answers = models.PositiveIntegerField()
    found_errors = models.PositiveIntegerField()
    rated_steps = models.PositiveIntegerField()  # each once, by its first option
    good_steps = models.PositiveIntegerField()  # of them, those rated neutral or positive
    active_ms = models.PositiveBigIntegerField()  # spent on that day, on corrections and what they correct too
    timed_labels = models.PositiveIntegerField()  # whose active time is known
    pairs = models.PositiveIntegerField()  # with labels of others of the same solution
    alike = models.PositiveIntegerField()  # of them, those that say the same: how it ended, and where

    class Meta:
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.labels} labels of {self.labeler_id} on {self.day}"
