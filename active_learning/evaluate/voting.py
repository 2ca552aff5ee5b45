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
from active_learning.search import NO_VOTE, answer_groups, winning_groups

Ints = NDArray[np.int64]


class Answered(Graded, Protocol):
    @property
    def answer(self) -> str | None: ...


A = TypeVar("A", bound=Answered)

# The number of the right answer: the grader called each right sample equal to the truth.
RIGHT = 0


@dataclass(frozen=True)
class Ballots:
    """The samples of one problem: what each votes for and with which weight."""

    groups: Ints  # (samples,) the number of the answer, or NO_VOTE
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


def _ballots(pool: Sequence[A], score: Score[A]) -> tuple[Ballots, Ballots]:
    """Of the majority and of the weighted vote."""
    wrong = answer_groups([None if sample.is_correct else sample.answer for sample in pool])
    groups = np.array(
        [
            NO_VOTE if sample.answer is None else RIGHT if group is None else group + 1
            for sample, group in zip(pool, wrong, strict=True)
        ],
        dtype=np.int64,
    )
    scores = [score(sample) for sample in pool]
    is_scored = np.array([one is not None for one in scores], dtype=bool)
    weights = np.array([0.0 if one is None else one for one in scores])
    return Ballots(groups, np.ones(len(pool))), Ballots(np.where(is_scored, groups, NO_VOTE), weights)


def _shares(
    votes: tuple[Ballots, Ballots], ns: Sequence[int], draws: int, generator: np.random.Generator
) -> list[list[float]]:
    """(2, ns): the majority's and the weighted vote's share of right draws."""
    order = generator.permuted(np.tile(np.arange(len(votes[0].groups)), (draws, 1)), axis=1)
    return [[_share_right(ballots, order[:, :n]) for n in ns] for ballots in votes]


def _share_right(ballots: Ballots, drawn: Ints) -> float:
    """drawn: (draws, n) places of samples. Of equal sums the answer that was drawn first wins."""
    return float((winning_groups(ballots.groups[drawn], ballots.weights[drawn]) == RIGHT).mean())
