"""What a round is given, frozen when it is started: a change of the project's settings does not reach a running one."""

from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Self

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
    # These are chosen for one round alone: automatic labels of this source, so many solutions for each labeled one.
    automatic_source: int | None = None
    automatic_ratio: float | None = None

    @classmethod
    def of_project(cls, project: Project) -> Self:
        own = {field.name: getattr(project, field.name) for field in fields(cls) if field.default is MISSING}
        return cls(**own)

    def told(self) -> dict[str, Any]:
        """For the manifest of a round. What was not chosen has no key."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of_round(cls, round_: Round) -> Self:
        """Those of a round that was started before they were kept are its project's."""
        return cls(**asdict(Inputs.of_project(round_.project)) | round_.manifest)
