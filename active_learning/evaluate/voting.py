"""Majority and PRM-weighted votes of n samples: the share of random draws in which the winning answer is right.

Lightman et al. 2023, §3 (majority voting); Wang et al. 2023 (Math-Shepherd), eq. 5 (votes weighted by score). There is
no closed form, so that draws with a seed stand for all of them; every n and both votes see the same draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from active_learning.evaluate.best_of_n import EvaluationError, Floats, Graded, Score, check
from active_learning.search import answer_groups

Ints = NDArray[np.int64]


class Answered(Graded, Protocol):
    @property
    def answer(self) -> str | None: ...


A = TypeVar("A", bound=Answered)

# Numbers of answers. The right one has 0, because the grader called each right sample equal to the truth.
RIGHT, NO_VOTE = 0, -1


@dataclass(frozen=True)
class Ballots:
    """The samples of one problem: what each votes for and with which weight."""

    groups: Ints  # (samples,) the number of the answer
    weights: Floats  # (samples,)


def vote_each(
    problems: Sequence[Sequence[A]],
    ns: Sequence[int],
    *,
    score: Score[A],
    draws: int,
    rng: Random,
) -> tuple[Floats, Floats]:
    """The shares right of the majority and of the weighted vote: each (ns, problems).

    n above a problem's samples means all of them. A sample without a score votes in the majority only.
    """
    check(problems, ns)
    if draws < 1:
        raise EvaluationError(f"The number of draws is at least 1, not {draws}.")
    generator = np.random.default_rng(rng.getrandbits(64))
    shares = [_shares(_ballots(pool, score), ns, draws, generator) for pool in problems]
    majority, weighted = np.array(shares).transpose(1, 2, 0)
    return majority, weighted


def _ballots(pool: Sequence[A], score: Score[A]) -> Ballots:
    wrong = answer_groups([None if sample.is_correct else sample.answer for sample in pool])
    groups = [
        NO_VOTE if sample.answer is None else RIGHT if group is None else group + 1
        for sample, group in zip(pool, wrong, strict=True)
    ]
    scores = [score(sample) for sample in pool]
    return Ballots(np.array(groups, dtype=np.int64), np.array([0.0 if one is None else one for one in scores]))


def _shares(ballots: Ballots, ns: Sequence[int], draws: int, generator: np.random.Generator) -> Floats:
    """(2, ns): the majority's and the weighted vote's share of right draws."""
    samples = len(ballots.groups)
    order = generator.permuted(np.tile(np.arange(samples), (draws, 1)), axis=1)
    ones = np.ones(samples)
    return np.array([[_share_right(ballots, order[:, :n], weights) for n in ns] for weights in (ones, ballots.weights)])


def _share_right(ballots: Ballots, drawn: Ints, weights: Floats) -> float:
    """drawn: (draws, n) places of samples. Of equal sums the answer that was drawn first wins."""
    draws, n = drawn.shape
    groups = int(ballots.groups.max(initial=RIGHT)) + 1
    voted = ballots.groups[drawn]
    row, place = np.nonzero(voted != NO_VOTE)
    ballot = row * groups + voted[row, place]
    sums = np.bincount(ballot, weights[drawn[row, place]], draws * groups).reshape(draws, groups)
    first = np.full(draws * groups, n)
    np.minimum.at(first, ballot, place)
    first = first.reshape(draws, groups)
    sums = np.where(first < n, sums, -np.inf)
    # Sums of the same scores in another order differ in their last bits: those are equal.
    is_best = (first < n) & (sums >= sums.max(axis=1, keepdims=True) - 1e-9)
    winner = np.where(is_best, first, n).argmin(axis=1)
    return float(((winner == RIGHT) & is_best.any(axis=1)).mean())
