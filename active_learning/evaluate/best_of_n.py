"""Best of N: how often the solution that a scorer likes best of n samples has the right answer.

Lightman et al. 2023, §3 and Fig. 3, and PRM800K's evaluation. `best_of_n` is the exact expectation over all draws of n
without replacement; `best_of_n_trials` draws, as the published code does. A sample whose score is None (no answer,
incomplete, not scored) takes its place in a draw and is never picked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, pstdev
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class EvaluationError(ValueError):
    """These samples cannot be evaluated as asked."""


class Graded(Protocol):
    """Anything that knows whether its answer is right."""

    @property
    def is_correct(self) -> bool: ...


S = TypeVar("S", bound=Graded)
Score = Callable[[S], float | None]


@dataclass(frozen=True)
class Trials:
    mean: float
    sd: float  # over the trials, of the accuracy over all problems


def best_of_n(problems: Sequence[Sequence[S]], n: int, *, score: Score[S]) -> float:
    """The mean over problems of the probability that the best-scored of n samples is correct; equal scores share it.

    n above a problem's samples means all of them. Raises EvaluationError without problems, for n < 1 or a score that
    is not a number.
    """
    return float(best_of_each(problems, [n], score=score).mean())


def best_of_each(problems: Sequence[Sequence[S]], ns: Sequence[int], *, score: Score[S]) -> Floats:
    """The same for each n and each problem: (ns, problems)."""
    check(problems, ns)
    return np.array([_chances(pool, ns, score) for pool in problems]).T


def pass_at_each(problems: Sequence[Sequence[S]], ns: Sequence[int], *, score: Score[S]) -> Floats:
    """The probability that any of n samples that could be picked is correct, 1 − C(M−c, n)/C(M, n): (ns, problems).

    Chen et al. 2021 (2107.03374), eq. 1: the ceiling of every way to choose.
    """
    check(problems, ns)
    correct = [sum(sample.is_correct and score(sample) is not None for sample in pool) for pool in problems]
    return np.array(
        [[1 - none_of_first(len(pool), n)[c] for pool, c in zip(problems, correct, strict=True)] for n in ns]
    )


def none_of_first(samples: int, n: int) -> Floats:
    """C(M−k, n)/C(M, n) for k = 0 … M: that a draw of n of M samples has none of the k first; (M + 1,)."""
    left = samples - np.arange(samples)  # samples not passed yet
    return np.concatenate([[1.0], np.cumprod(np.maximum(left - min(n, samples), 0) / left)])


def _chances(pool: Sequence[S], ns: Sequence[int], score: Score[S]) -> list[float]:
    scores = [score(sample) for sample in pool]
    values = np.array([one for one in scores if one is not None], dtype=np.float64)
    right = np.array([sample.is_correct for sample, one in zip(pool, scores, strict=True) if one is not None])
    if not len(values):
        return [0.0] * len(ns)
    if np.isnan(values).any():
        raise EvaluationError("A score is not a number (NaN): score the sample again, or leave its score out.")
    # Blocks of equal scores, the highest first: the best of a draw is each member of its block equally often.
    _, block = np.unique(-values, return_inverse=True)
    sizes = np.bincount(block)
    share_right = np.bincount(block, weights=right) / sizes
    edges = np.concatenate([[0], np.cumsum(sizes)])
    return [float(-np.diff(none_of_first(len(pool), n)[edges]) @ share_right) for n in ns]


def best_of_n_trials(problems: Sequence[Sequence[S]], n: int, *, score: Score[S], trials: int, rng: Random) -> Trials:
    """PRM800K's own evaluation: pad with None to the largest pool, shuffle, take n, drop what has no score, best wins.

    The first of equal scores in the shuffled order wins. No candidate counts as wrong.
    """
    check(problems, [n])
    if trials < 1:
        raise EvaluationError(f"The number of trials is at least 1, not {trials}.")
    largest = max(len(pool) for pool in problems)
    scored = [[(score(sample), sample.is_correct) for sample in pool] for pool in problems]
    padded = [[*pool, *[(None, False)] * (largest - len(pool))] for pool in scored]
    # A sample of n positions is what the first n are after a shuffle, without moving all the others.
    accuracies = [fmean(_picks_right(rng.sample(pool, min(n, largest))) for pool in padded) for _ in range(trials)]
    return Trials(fmean(accuracies), pstdev(accuracies))


def _picks_right(drawn: Sequence[tuple[float | None, bool]]) -> bool:
    candidates = [(score, is_correct) for score, is_correct in drawn if score is not None]
    return bool(candidates) and max(candidates, key=lambda candidate: candidate[0])[1]


def check(problems: Sequence[Sequence[object]], ns: Sequence[int]) -> None:
    if not problems:
        raise EvaluationError("There is no problem to evaluate on.")
    if not ns or min(ns) < 1:
        raise EvaluationError(f"The numbers of samples to choose from are at least 1, not {list(ns)}.")
