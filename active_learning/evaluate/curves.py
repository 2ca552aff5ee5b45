"""Accuracy against the number of samples, for every way to choose among them, and what it is on parts of the problems.

Lightman et al. 2023, Fig. 3 (the curves), App. G (quintiles of difficulty) and Tab. 1 (one row for each source).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from scipy.stats import bootstrap

from active_learning.config import Neutral
from active_learning.evaluate.best_of_n import Floats, best_of_each, pass_at_each
from active_learning.evaluate.samples import Sample, orm_score, prm_score
from active_learning.evaluate.voting import vote_each
from active_learning.score import Reduction

Problems = Sequence[Sequence[Sample]]
RESAMPLES = 1000
QUINTILES = 5


@dataclass(frozen=True)
class Choice:
    """How the samples are chosen among; `draws` is of random subsets, for the votes."""

    ns: tuple[int, ...]
    reduction: Reduction = "product"
    neutral: Neutral = "positive"
    draws: int = 200
    seed: int = 0


def powers_of_two(problems: Problems) -> tuple[int, ...]:
    """1, 2, 4, … up to the largest pool, and the largest pool itself."""
    largest = max(len(pool) for pool in problems)
    return (*[2**i for i in range(largest.bit_length()) if 2**i < largest], largest)


def values(problems: Problems, choice: Choice) -> dict[str, Floats]:
    """The probability to be right, (ns, problems), of each method there are scores for.

    prm: best of n; orm; majority; prm_vote: weighted by the PRM; pass: any of n is right, the ceiling.
    """

    def score(sample: Sample) -> float | None:
        return prm_score(sample, choice.reduction, choice.neutral)

    found: dict[str, Floats] = {}
    if _is_scored(problems, score):
        found["prm"] = best_of_each(problems, choice.ns, score=score)
    if _is_scored(problems, orm_score):
        found["orm"] = best_of_each(problems, choice.ns, score=orm_score)
    majority, weighted = vote_each(problems, choice.ns, score=score, draws=choice.draws, rng=Random(choice.seed))
    found["majority"] = majority
    if "prm" in found:
        found["prm_vote"] = weighted
    found["pass"] = pass_at_each(problems, choice.ns, score=lambda sample: None if sample.answer is None else 1.0)
    return found


def table(
    found: dict[str, Floats], ns: Sequence[int], *, of: Sequence[int] | None = None, seed: int = 0
) -> dict[str, list[dict[str, Any]]]:
    """For each method {n, value, low, high}: the mean over problems (or those `of` these places) with its interval."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for method, by_n in found.items():
        rows[method] = []
        for n, per_problem in zip(ns, by_n if of is None else by_n[:, of], strict=True):
            low, high = interval(per_problem, seed)
            rows[method].append({"n": n, "value": float(per_problem.mean()), "low": low, "high": high})
    return rows


def interval(per_problem: Floats, seed: int) -> tuple[float, float] | tuple[None, None]:
    """95 %, by bootstrap over problems; None of a single problem.

    One seed for all draws the same problems for every method: their intervals compare like with like.
    """
    if len(per_problem) < 2:
        return None, None
    rng = np.random.default_rng(seed)
    found = bootstrap((per_problem,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=rng)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def quintiles(problems: Problems) -> list[list[int]]:
    """Places of the problems in five equal groups, the hardest first: by the generator's share of right samples.

    With fewer than five problems each is a group of its own; equal shares stay in the order of the file.
    """
    order = np.argsort([pass_rate(pool) for pool in problems], kind="stable")
    return [[int(place) for place in part] for part in np.array_split(order, min(QUINTILES, len(problems)))]


def pass_rate(pool: Sequence[Sample]) -> float:
    return sum(sample.is_correct for sample in pool) / len(pool)


def parts(problems: Problems, name: Callable[[Sample], str | None]) -> dict[str, list[int]]:
    """Places of the problems under each name (subject, level, source) that their first sample has."""
    found: dict[str, list[int]] = {}
    for place, pool in enumerate(problems):
        if (key := name(pool[0])) is not None:
            found.setdefault(key, []).append(place)
    return dict(sorted(found.items()))


def weighted_mean(rows: Sequence[tuple[float, int]]) -> float:
    """Of (value, number of problems): Tab. 1's aggregate."""
    return sum(value * count for value, count in rows) / sum(count for _, count in rows)


def _is_scored(problems: Problems, score: Callable[[Sample], float | None]) -> bool:
    return any(score(sample) is not None for pool in problems for sample in pool)
