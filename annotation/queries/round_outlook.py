"""What a round that is started now would find, told before it is."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from annotation.models import Project, Round, Slot
from annotation.models.rounds import RoundState
from annotation.models.slots import SlotState
from annotation.queries import jobs, reading, tallies

BUILT_IN = "toy"  # the base model that comes with Stepmark
FEW = 1000  # labels; of more some are of either kind, and it would take long to look


@dataclass(frozen=True)
class Outlook:
    """What a round started now would find."""

    labels: int  # that count for training
    labels_needed: int
    pool: int
    problems: int
    waiting: int  # in the queue
    replaced: int  # of it, by what the round chooses
    is_built_in: bool  # the base model
    is_unreadable: bool = False  # what it would learn from, to the base model
    is_one_sided: bool = False  # all steps that it would learn from are good, or all bad
    failure: str = ""  # of the last round, where training from the same base model failed
    as_of: datetime | None = None  # of the numbers before that; None: as of now

    @property
    def kept(self) -> int:
        """What waits and stays: further labels of solutions that somebody has begun."""
        return self.waiting - self.replaced

    @property
    def would_fail(self) -> bool:
        """If anything is trained."""
        return self.is_unreadable or self.is_one_sided or bool(self.failure)

    @property
    def is_cold(self) -> bool:
        return self.labels < self.labels_needed


def outlook(project: Project, *, newest: Round | None = None) -> Outlook:
    """Six queries; three of a project whose tallies are kept. Two more where a selector would be trained, and two where its
    base model looks up whole words."""
    run = tallies.run_of(project)
    queue = Slot.objects.in_queue().filter(project=project)
    found = tallies.pool(project, run)
    is_trained = found.labels >= project.min_labels_to_train
    return Outlook(
        labels=found.labels,
        labels_needed=project.min_labels_to_train,
        pool=found.pool,
        problems=found.problems,
        waiting=queue.filter(state=SlotState.READY).count(),
        replaced=queue.replaceable().count(),
        is_unreadable=is_trained and reading.is_unreadable(project),
        is_one_sided=is_trained and found.labels <= FEW and reading.is_one_sided(project),
        is_built_in=(project.base_model or settings.BASE_MODEL) == BUILT_IN,
        failure=jobs.reason(newest.job) if newest and _would_fail_again(newest, project) else "",
        as_of=run.as_of if run else None,
    )


def _would_fail_again(newest: Round, project: Project) -> bool:
    """Training failed, and nobody has named another base model since."""
    is_training = newest.state == RoundState.FAILED and newest.job.stage == "train"
    return is_training and newest.manifest.get("base_model") == project.base_model
