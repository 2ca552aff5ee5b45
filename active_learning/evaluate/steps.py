"""How good a PRM is at steps: ROC AUC over steps, and finding the first error.

First-error F1 follows ProcessBench (Zheng et al. 2024): the harmonic mean of the accuracies on erroneous and on
correct solutions. Its threshold is chosen on other problems than it is measured on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sklearn.metrics import roc_auc_score

from active_learning.config import Triple

NO_ERROR = -1
# Where no validation solutions are there to choose by. Lightman et al. 2023, App. H take 0.2 for a large PRM.
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Judged:
    """A solution with the PRM's probabilities and people's ratings, as far as they go (to the first error)."""

    probabilities: tuple[Triple, ...]
    ratings: tuple[int | None, ...]


def step_auc(solutions: Iterable[Judged]) -> float | None:
    """The probability that a right step (positive or neutral) is rated above a wrong one; None without both kinds."""
    pairs = [
        (rating != -1, 1 - triple[0])
        for solution in solutions
        for rating, triple in zip(solution.ratings, solution.probabilities, strict=True)
        if rating is not None
    ]
    if len({is_right for is_right, _ in pairs}) < 2:
        return None
    return float(roc_auc_score([is_right for is_right, _ in pairs], [score for _, score in pairs]))


def first_error_f1(predicted: Sequence[int], true: Sequence[int]) -> dict[str, float | None]:
    """Accuracy on erroneous solutions (the exact step), on correct ones, and their harmonic mean; −1 is no error.

    None where there is no such solution to measure on.
    """
    pairs = list(zip(predicted, true, strict=True))
    error = _accuracy([pair for pair in pairs if pair[1] != NO_ERROR])
    correct = _accuracy([pair for pair in pairs if pair[1] == NO_ERROR])
    if error is None or correct is None:
        return {"error": error, "correct": correct, "f1": None}
    return {
        "error": error,
        "correct": correct,
        "f1": 2 * error * correct / (error + correct) if error + correct else 0.0,
    }


def predicted_first_error(probabilities: Sequence[Triple], threshold: float) -> int:
    """The first step whose probability of being negative is above the threshold, or −1."""
    return next((place for place, triple in enumerate(probabilities) if triple[0] > threshold), NO_ERROR)


def true_first_error(ratings: Sequence[int | None]) -> int:
    return next((place for place, rating in enumerate(ratings) if rating == -1), NO_ERROR)


def first_errors(solutions: Sequence[Judged], threshold: float) -> dict[str, float | None]:
    return first_error_f1(
        [predicted_first_error(solution.probabilities, threshold) for solution in solutions],
        [true_first_error(solution.ratings) for solution in solutions],
    )


def choose_threshold(solutions: Sequence[Judged]) -> float:
    """The threshold with the best first-error F1 on these validation solutions."""
    candidates = [step / 50 for step in range(1, 50)]
    scores = [first_errors(solutions, threshold)["f1"] for threshold in candidates]
    if not scores or scores[0] is None:
        return DEFAULT_THRESHOLD
    best = max(score for score in scores if score is not None)
    good = [threshold for threshold, score in zip(candidates, scores, strict=True) if score == best]
    # The middle of the good ones: either end is where the next solution would fall on the wrong side.
    return good[len(good) // 2]


def evaluate(solutions: Sequence[Judged], threshold: float) -> dict[str, float | int | None]:
    """The figures that a checkpoint's meta.json and the evaluation page show."""
    return {
        "solutions": len(solutions),
        "steps": sum(rating is not None for solution in solutions for rating in solution.ratings),
        "step_auc": step_auc(solutions),
        **{f"first_error_{name}": value for name, value in first_errors(solutions, threshold).items()},
        "threshold": threshold,
    }


def _accuracy(pairs: Sequence[tuple[int, int]]) -> float | None:
    return sum(predicted == true for predicted, true in pairs) / len(pairs) if pairs else None
