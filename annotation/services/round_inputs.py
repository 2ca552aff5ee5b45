"""What a round is given, frozen when it is started: a change of the project's settings does not reach a running one."""

from dataclasses import asdict, dataclass, fields
from typing import Self

from annotation.models import Project, Round


@dataclass(frozen=True)
class Inputs:
    """Fields of Project by the same names; the meaning of each stands there."""

    strategy: str
    scope: str
    wrong_share: float
    random_share: float
    injected_share: float
    most_per_answer: int
    one_of_alike: bool
    auc_tolerance: float
    least_agreement: float
    neutral: str
    base_model: str
    training_mode: str
    min_labels_to_train: int

    @classmethod
    def of_project(cls, project: Project) -> Self:
        return cls(**{field.name: getattr(project, field.name) for field in fields(cls)})

    @classmethod
    def of_round(cls, round_: Round) -> Self:
        """Those of a round that was started before they were kept are its project's."""
        return cls(**asdict(Inputs.of_project(round_.project)) | round_.manifest)
