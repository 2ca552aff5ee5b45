"""Whether probabilities mean what they say: reliability, ECE, Brier score and negative log-likelihood.

Bins of equal mass (but for equal values), not of equal width: nearly all steps of a good PRM lie above .9 (Lightman et
al. 2023, App. H find theirs too sure that steps are right). ECE is Naeini et al. 2015 on such bins.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from active_learning.evaluate.best_of_n import EvaluationError
from active_learning.evaluate.samples import Sample
from active_learning.evaluate.steps import Judged, first_errors, predicted_first_error

BINS = 15
# Lightman et al. 2023, App. H: a step counts as wrong where P(negative) is above this.
PUBLISHED_THRESHOLD = 0.2
THRESHOLDS = (0.02, 0.05, 0.1, 0.15, PUBLISHED_THRESHOLD, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Bin:
    count: int
    predicted: float  # mean probability
    observed: float  # share of what came true


def reliability(probabilities: Sequence[float], outcomes: Sequence[bool], bins: int = BINS) -> list[Bin]:
    """Bins of equally many (by one), the lowest probabilities first; fewer bins where there are fewer values.

    Equal values share a bin, however many they are: which of them came first in the file must not matter.
    """
    if len(probabilities) != len(outcomes):
        raise EvaluationError(f"{len(probabilities)} probabilities for {len(outcomes)} outcomes.")
    if not len(probabilities):
        return []
    values, happened = np.asarray(probabilities, dtype=np.float64), np.asarray(outcomes, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    edges = np.array(
        [part[0] for part in np.array_split(np.arange(len(values)), min(bins, len(values)))][1:], dtype=int
    )
    low, high = (np.searchsorted(ranked, ranked[edges], side=side) for side in ("left", "right"))
    apart = np.unique(np.where(edges - low <= high - edges, low, high))  # moved to the nearer end of equal values
    parts = np.split(order, apart)
    return [Bin(len(part), float(values[part].mean()), float(happened[part].mean())) for part in parts if len(part)]


def expected_calibration_error(bins: Sequence[Bin]) -> float | None:
    """The mean distance of observed from predicted, over all values; None without any."""
    count = sum(one.count for one in bins)
    return sum(one.count * abs(one.observed - one.predicted) for one in bins) / count if count else None


def calibration(probabilities: Sequence[float], outcomes: Sequence[bool]) -> dict[str, Any]:
    """Count, ROC AUC, ECE, Brier score (0 to 1), negative log-likelihood in nats, and the bins of the diagram."""
    bins = reliability(probabilities, outcomes)
    are_both = len(set(outcomes)) == 2
    return {
        "count": len(probabilities),
        "auc": float(roc_auc_score(outcomes, probabilities)) if are_both else None,
        "ece": expected_calibration_error(bins),
        "brier": float(brier_score_loss(outcomes, probabilities, labels=[False, True])) if bins else None,
        "nll": float(log_loss(outcomes, probabilities, labels=[False, True])) if bins else None,
        "bins": [asdict(one) for one in bins],
    }


def step_calibration(solutions: Sequence[Judged]) -> dict[str, Any]:
    """Of the probability that a rated step is right (positive or neutral)."""
    rated = [
        (1 - triple[0], rating != -1)
        for solution in solutions
        for triple, rating in zip(solution.probabilities, solution.ratings, strict=True)
        if rating is not None
    ]
    return calibration([probability for probability, _ in rated], [is_right for _, is_right in rated])


def first_error_sweep(solutions: Sequence[Judged]) -> list[dict[str, float | None]]:
    """How well first errors are found with each threshold on P(negative)."""
    return [{"threshold": threshold, **first_errors(solutions, threshold)} for threshold in THRESHOLDS]


def outcome_sweep(samples: Sequence[Sample], thresholds: Sequence[float] = THRESHOLDS) -> list[dict[str, float | None]]:
    """App. H's outcome labels against the answers: a solution is right if no step's P(negative) is above the threshold.

    `called_right`: share of all; `agreement`: share where answer and label agree; `precision`: share of those called
    right whose answer is right. Only answered samples with probabilities count; None where nothing does.
    """
    answered = [(one.probabilities, one.is_correct) for one in samples if one.answer is not None and one.probabilities]
    rows: list[dict[str, float | None]] = []
    for threshold in thresholds:
        called = [(predicted_first_error(triples, threshold) == -1, is_correct) for triples, is_correct in answered]
        right = [is_correct for is_called_right, is_correct in called if is_called_right]
        rows.append(
            {
                "threshold": threshold,
                "called_right": _share([is_called_right for is_called_right, _ in called]),
                "agreement": _share([is_called_right == is_correct for is_called_right, is_correct in called]),
                "precision": _share(right),
            }
        )
    return rows


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
