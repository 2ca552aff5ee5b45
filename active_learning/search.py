"""Choosing among finished solutions by their answers.

Weighted voting is self-consistency with a reward model, Math-Shepherd (Wang et al. 2023), eq. 5: the answer whose
solutions have the highest sum of scores. With equal scores it is the majority vote.
"""

import cmath
import math
from collections.abc import Sequence

from active_learning.answer_values import value_of
from active_learning.grading import answers_match


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
    votes: dict[int, list[float]] = {}
    for group, score in zip(groups, scores, strict=True):
        if group is not None:
            votes.setdefault(group, []).append(score)
    if not votes:
        raise VoteError("Nobody votes: there is no answer.")
    # fsum: the sum must not depend on the order of the samples. max keeps the first of equals.
    winner = max(votes, key=lambda group: math.fsum(votes[group]))
    return next(answer for answer, group in zip(answers, groups, strict=True) if group == winner and answer is not None)


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
