"""Which solutions people should label next.

Lightman et al. 2023, §4.2: 80 % of the chosen solutions are the most convincing wrong-answer ones, 20 % the most
convincing of those that remain, right or wrong. Convincing means a high score under the current selector PRM.
Rounding is not stated there. Rounded problem by problem, small counts become 100 % wrong-answer, and a PRM trained on
such labels loses its calibration; see `convincing_wrong` and `per_problem` for what is done instead.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Generic, Literal, Protocol, TypeVar

Arm = Literal["convincing_wrong", "remaining", "random"]

# Keeps 0.29 × 100 = 28.999999999999996 from losing a solution.
ROUNDING_SLACK = 1e-9

# Lightman et al. 2023, §4.2: 200 of 1000 samples per problem fell below the trend, for lack of diversity.
DIVERSE_SHARE = 0.15


class Candidate(Protocol):
    """A solution that could be labeled. `is_correct` is None where the graders disagree or cannot tell."""

    @property
    def score(self) -> float | None: ...

    @property
    def is_correct(self) -> bool | None: ...


C = TypeVar("C", bound=Candidate)
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Pick(Generic[C]):
    """A chosen candidate; `rank` is its place, from 1, among the picks of its problem: show rank 1 first."""

    candidate: C
    rank: int
    arm: Arm


def convincing_wrong(candidates: Sequence[C], n: int, *, wrong_share: float = 0.8, rng: Random) -> list[C]:
    """Choose n candidates by the 80/20 rule, the wrong-answer share first, each share most convincing first.

    The wrong-answer share is rounded down, but is at least one: only n = 1 is all wrong-answer. Where wrong answers
    are too few, the rest is filled by score. Unscored candidates are never chosen, ungradable ones only as remaining.
    """
    wrong = max(1, math.floor(wrong_share * n + ROUNDING_SLACK)) if wrong_share > 0 else 0
    return [candidate for candidate, _ in _two_shares(candidates, min(wrong, n), n, rng)]


def uncertain(candidates: Sequence[C], n: int, *, rng: Random) -> list[C]:
    """Choose the n candidates whose score is nearest to one half."""
    return _best([c for c in candidates if c.score is not None], n, _certainty, rng)


def uniform(candidates: Sequence[C], n: int, *, rng: Random) -> list[C]:
    """Choose n candidates at random, scored or not: the baseline, and the first round, which has no selector."""
    return rng.sample(list(candidates), min(n, len(candidates)))


SELECTORS: dict[str, Callable[..., list[C]]] = {
    "convincing_wrong": convincing_wrong,
    "uncertain": uncertain,
    "random": uniform,
}


def per_problem(
    candidates_by_problem: Mapping[K, Sequence[C]],
    n: int,
    *,
    wrong_share: float = 0.8,
    random_share: float = 0.0,
    rng: Random,
) -> dict[K, list[Pick[C]]]:
    """Choose n candidates of every problem, keeping both shares over all problems together.

    What rounding takes from one problem is carried to the next, in an order drawn from rng, so that n = 1 over ten
    problems gives eight wrong-answer picks and not ten. `random_share` of the picks is drawn first and uniformly
    from all candidates of the problem, scored or not: the audit arm, on which unbiased metrics rest.
    """
    order = list(candidates_by_problem)
    rng.shuffle(order)
    # Starting from one half makes the total the nearest whole number, and one problem with n = 1 a wrong-answer pick.
    wrong_carry = random_carry = 0.5
    picks: dict[K, list[Pick[C]]] = {}
    for problem in order:
        drawn, random_carry = _whole(random_share * n + random_carry)
        wrong, wrong_carry = _whole(wrong_share * (n - drawn) + wrong_carry)
        picks[problem] = _pick(candidates_by_problem[problem], wrong, n, drawn, rng)
    return {problem: picks[problem] for problem in candidates_by_problem}


def diversity_warning(selected: int, pool: int) -> str | None:
    """Say so when too large a part of a pool is chosen for the choice to mean anything."""
    if selected <= DIVERSE_SHARE * pool:
        return None
    return (
        f"{selected} of {pool} solutions are chosen. Above {DIVERSE_SHARE:.0%} of the pool the selection "
        "runs out of diverse solutions; sample more of them or choose fewer."
    )


def _pick(candidates: Sequence[C], wrong: int, n: int, drawn: int, rng: Random) -> list[Pick[C]]:
    random_arm = uniform(candidates, drawn, rng=rng)
    taken = {id(candidate) for candidate in random_arm}
    others = [candidate for candidate in candidates if id(candidate) not in taken]
    chosen: list[tuple[C, Arm]] = _two_shares(others, wrong, n - drawn, rng)
    chosen += [(candidate, "random") for candidate in random_arm]
    return [Pick(candidate, rank, arm) for rank, (candidate, arm) in enumerate(chosen, start=1)]


def _two_shares(candidates: Sequence[C], wrong: int, n: int, rng: Random) -> list[tuple[C, Arm]]:
    scored = [candidate for candidate in candidates if candidate.score is not None]
    first = _best([candidate for candidate in scored if candidate.is_correct is False], wrong, _score, rng)
    taken = {id(candidate) for candidate in first}
    rest = [candidate for candidate in scored if id(candidate) not in taken]
    second = _best(rest, n - len(first), _score, rng)
    return [(c, "convincing_wrong") for c in first] + [(c, "remaining") for c in second]


def _best(candidates: Sequence[C], n: int, key: Callable[[C], float], rng: Random) -> list[C]:
    # Shuffled before a stable sort: equal scores are ordered by the seed, not by where the pool came from.
    shuffled = rng.sample(list(candidates), len(candidates))
    return sorted(shuffled, key=key, reverse=True)[:n]


def _score(candidate: Candidate) -> float:
    assert candidate.score is not None
    return candidate.score


def _certainty(candidate: Candidate) -> float:
    return -abs(_score(candidate) - 0.5)


def _whole(amount: float) -> tuple[int, float]:
    whole = math.floor(amount + ROUNDING_SLACK)
    return whole, amount - whole
