"""Choosing among finished solutions by their answers.

Weighted voting is self-consistency with a reward model, Math-Shepherd (Wang et al. 2023), eq. 5: the answer whose
solutions have the highest sum of scores. With equal scores it is the majority vote.
"""

import cmath
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from active_learning.answer_values import value_of
from active_learning.grading import answers_match

NO_VOTE = -1
# Sums of the same scores in another order differ in their last bits, and scores in single precision long before.
TIE = 1e-9  # of the sum of all scores without their signs


class VoteError(ValueError):
    """These answers cannot be voted on."""


def weighted_vote(answers: Sequence[str | None], scores: Sequence[float]) -> str:
    """The answer with the highest sum of scores, as it was first written; of equal sums the one that came first.

    Answers that the grader calls equal are one. None is no answer and no vote. Raises VoteError where nobody votes.
    """
    if len(answers) != len(scores):
        raise VoteError(f"There are {len(answers)} answers and {len(scores)} scores: each answer needs its score.")
    if not all(map(math.isfinite, scores)):
        raise VoteError("Every score is a finite number.")
    groups = answer_groups(answers)
    ballots = np.array([[NO_VOTE if group is None else group for group in groups]], dtype=np.int64)
    (winner,) = winning_groups(ballots, np.array([scores], dtype=np.float64))
    if winner == NO_VOTE:
        raise VoteError("Nobody votes: there is no answer.")
    return next(answer for answer, group in zip(answers, groups, strict=True) if group == winner and answer is not None)


def winning_groups(groups: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Of several votes at once the group with the highest sum of scores: (votes, ballots) twice to (votes,).

    Of sums that are equal but for rounding the group that comes first in its row. NO_VOTE is no vote, and where nobody
    votes the winner.
    """
    votes, size = groups.shape
    many = int(groups.max(initial=0)) + 1
    row, place = np.nonzero(groups != NO_VOTE)
    ballot, given = row * many + groups[row, place], scores[row, place]
    first = np.full(votes * many, size)
    np.minimum.at(first, ballot, place)
    first = first.reshape(votes, many)
    sums = np.bincount(ballot, given, votes * many).reshape(votes, many)
    sums = np.where(first < size, sums, -np.inf)
    rounding = TIE * np.bincount(row, np.abs(given), votes)[:, None]
    is_best = (first < size) & (sums >= sums.max(axis=1, keepdims=True) - rounding)
    winners: NDArray[np.int64] = np.where(is_best, first, size).argmin(axis=1)
    return np.where(is_best.any(axis=1), winners, NO_VOTE)


def answer_groups(answers: Sequence[str | None]) -> list[int | None]:
    """A number for each answer, from 0 in order of appearance; the same where the grader sees no difference.

    Each different text is compared once with the first text of each group, unless their values differ: algebra takes
    the grader tens of milliseconds, and a thousand samples hold hundreds of different answers.
    """
    group_of: dict[str | None, int | None] = {None: None}
    groups: list[tuple[str, complex | None]] = []  # the first text and its value
    for answer in answers:
        if answer is None or answer in group_of:
            continue
        value = value_of(answer)
        same = (i for i, (text, other) in enumerate(groups) if _may_match(value, other) and answers_match(answer, text))
        group_of[answer] = next(same, len(groups))
        if group_of[answer] == len(groups):
            groups.append((answer, value))
    return [group_of[answer] for answer in answers]


def _may_match(value: complex | None, other: complex | None) -> bool:
    return value is None or other is None or cmath.isclose(value, other, rel_tol=1e-6, abs_tol=1e-6)
