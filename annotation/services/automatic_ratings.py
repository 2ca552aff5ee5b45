"""What the estimates of a source say of each step: right (1), wrong (-1), or nothing (None)."""

from collections.abc import Sequence
from typing import Any

from annotation.models.automatic import AutomaticKind

# Lightman et al. 2023, App. H: how the large PRM labels for the small-scale experiments.
THRESHOLD = 0.20

Ratings = list[int | None]


def of_rollouts(estimates: Sequence[dict[str, int] | None]) -> Ratings:
    """Hard estimation: right where any rollout came to the right answer (Wang et al. 2023, eq. 3)."""
    return [None if one is None else 1 if one["correct"] > 0 else -1 for one in estimates]


def of_search(estimates: Sequence[dict[str, int] | None]) -> Ratings:
    """The same of a search for the first bad step: what it passed over before a good step is good, for the answer could
    still be reached after all of that."""
    ratings = of_rollouts(estimates)
    wrong = next((place for place, one in enumerate(ratings) if one == -1), len(ratings))
    good = sum(1 for place in range(wrong) if 1 in ratings[place:wrong])
    return [1] * good + ratings[good:]


def of_model(probabilities: Sequence[Sequence[float]], threshold: float) -> Ratings:
    """Wrong where P(negative) is above the threshold; after the first wrong step nothing is said."""
    wrong = next((place for place, one in enumerate(probabilities) if one[0] > threshold), None)
    if wrong is None:
        return [1] * len(probabilities)
    return [1] * wrong + [-1] + [None] * (len(probabilities) - wrong - 1)


def as_estimates(kind: str, estimates: Sequence[Any], ratings: Sequence[int | None]) -> list[dict[str, int] | None]:
    """As rollouts are told, whatever made them: a rating by a model, or by a search that passed over the step, is as one
    rollout."""
    told = [None if one is None else {"correct": int(one > 0), "rollouts": 1} for one in ratings]
    if kind == AutomaticKind.ROLLOUTS:
        return [own or one for own, one in zip(estimates, told, strict=True)]
    return told
