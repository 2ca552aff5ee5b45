"""Which solutions people should label next.

Lightman et al. 2023, §4.2: 80 % of the chosen solutions are the most convincing wrong-answer ones, 20 % the most
convincing of those that remain, right or wrong. Convincing means a high score under the current selector PRM.
Rounding is not stated there. Rounded problem by problem, small counts become 100 % wrong-answer, and a PRM trained on
such labels loses its calibration; see `quotas` for what is done instead. Where wrong answers are too few, the rest is
filled by score; what has no score is chosen by chance only, what cannot be graded only as remaining.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, Literal, Protocol, TypeVar

Strategy = Literal["convincing_wrong", "uncertain", "disagreement", "random"]
Arm = Literal["convincing_wrong", "remaining", "uncertain", "disagreement", "random", "injected"]

# Keeps 0.29 × 100 = 28.999999999999996 from losing a solution.
ROUNDING_SLACK = 1e-9

# Lightman et al. 2023, §4.2: 200 of 1000 samples per problem fell below the trend, for lack of diversity.
DIVERSE_SHARE = 0.15


class Candidate(Protocol):
    """A solution that could be labeled. `is_correct` is None where the graders disagree or cannot tell.

    The strategy `disagreement` also reads `disagreement`: how far several selectors are apart, None where unknown.
    """

    @property
    def score(self) -> float | None: ...

    @property
    def is_correct(self) -> bool | None: ...


C = TypeVar("C", bound=Candidate)
K = TypeVar("K", bound=Hashable)
Key = Callable[[Any], float | None]


@dataclass(frozen=True)
class Cap:
    """At most `most` solutions of a problem with the same key (its answer, say); a key of None is free."""

    key: Callable[[Any], Hashable]
    most: int


@dataclass(frozen=True)
class Rules:
    strategy: Strategy = "convincing_wrong"
    wrong_share: float = 0.8  # of what the strategy convincing_wrong chooses
    random_share: float = 0.0  # drawn uniformly from all, scored or not: the audit arm of unbiased metrics
    injected_share: float = 0.0  # drawn uniformly from the correct: labelers must not learn that all is wrong
    caps: tuple[Cap, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError."""
        for name in ("wrong_share", "random_share", "injected_share"):
            if not 0 <= getattr(self, name) <= 1:  # not of nan either
                raise ValueError(f"{name} is a share from 0 to 1, and {getattr(self, name)} is none.")


@dataclass(frozen=True)
class Quota:
    """How many solutions of one problem each arm may choose."""

    random: int
    injected: int
    wrong: int
    rest: int


@dataclass(frozen=True)
class Pick(Generic[C]):
    """A chosen candidate; `rank` is its place, from 1, among the picks of its problem: show rank 1 first."""

    candidate: C
    rank: int
    arm: Arm


def uniform(candidates: Sequence[C], n: int, *, rng: Random) -> list[C]:
    """Choose n candidates at random, scored or not: the baseline, and the first round, which has no selector."""
    return rng.sample(list(candidates), min(n, len(candidates)))


# Problem by problem -------------------------------------------------------------------------------------------------


def per_problem(
    candidates_by_problem: Mapping[K, Sequence[C]], n: int, *, rules: Rules | None = None, rng: Random
) -> dict[K, list[Pick[C]]]:
    """Choose n candidates of every problem, keeping all shares over all problems together."""
    rules = rules or Rules()
    of_problem = quotas(candidates_by_problem, n, rules=rules, rng=rng)
    return {
        problem: pick(some, of_problem[problem], rules=rules, rng=rng)
        for problem, some in candidates_by_problem.items()
    }


def quotas(problems: Iterable[K], n: int, *, rules: Rules, rng: Random) -> dict[K, Quota]:
    """How n candidates of each problem are shared out to the arms.

    What rounding takes from one problem is carried to the next, in an order drawn from rng, so that n = 1 over ten
    problems gives eight wrong-answer picks and not ten.
    """
    order = list(problems)
    rng.shuffle(order)
    found: dict[K, Quota] = {}
    # Starting from one half makes the total the nearest whole number, and one problem with n = 1 a wrong-answer pick.
    random_carry = injected_carry = wrong_carry = 0.5
    for problem in order:
        drawn, random_carry = _whole(rules.random_share * n + random_carry)
        wanted, injected_carry = _whole(rules.injected_share * n + injected_carry)
        injected = min(wanted, n - drawn)
        injected_carry += wanted - injected
        rest = n - drawn - injected
        wrong, wrong_carry = _whole(rules.wrong_share * rest + wrong_carry)
        found[problem] = Quota(drawn, injected, wrong, rest)
    return found


def pick(candidates: Sequence[C], quota: Quota, *, rules: Rules, rng: Random) -> list[Pick[C]]:
    """The picks of one problem, the strategy's first; what an arm lacks is filled by the strategy."""
    drawn = uniform(candidates, quota.random, rng=rng)
    correct = [one for one in without(candidates, drawn) if one.is_correct]
    injected = uniform(correct, quota.injected, rng=rng)
    first = drawn + injected
    wanted = quota.random + quota.injected + quota.rest - len(first)
    others = without(candidates, first)
    ranking = (
        rng.sample(others, len(others)) if rules.strategy == "random" else ranked(others, KEYS[rules.strategy], rng)
    )
    wrong = quota.wrong if rules.strategy == "convincing_wrong" else 0
    shares = _two_shares(capped(ranking, rules.caps, first), wrong, wanted)
    return numbered([*in_arms(*shares, rules.strategy), *in_arm(injected, "injected"), *in_arm(drawn, "random")])


def diversity_warning(selected: int, pool: int) -> str | None:
    """Say so when too large a part of a pool is chosen for the choice to mean anything."""
    if selected <= DIVERSE_SHARE * pool:
        return None
    return (
        f"{selected} of {pool} solutions are chosen. Above {DIVERSE_SHARE:.0%} of the pool the selection "
        "runs out of diverse solutions; sample more of them or choose fewer."
    )


# Parts ------------------------------------------------------------------------------------------------------


def score_of(candidate: Candidate) -> float | None:
    return candidate.score


def _uncertainty(candidate: Candidate) -> float | None:
    return None if candidate.score is None else -abs(candidate.score - 0.5)


def _disagreement(candidate: Any) -> float | None:
    found: float | None = candidate.disagreement
    return found


KEYS: dict[str, Key] = {"convincing_wrong": score_of, "uncertain": _uncertainty, "disagreement": _disagreement}


def ranked(candidates: Sequence[C], key: Key, rng: Random) -> list[C]:
    """The best first, without those that the key says nothing about."""
    known = [(value, candidate) for candidate in candidates if (value := key(candidate)) is not None]
    # Shuffled before a stable sort: equal values are ordered by the seed, not by where the pool came from.
    rng.shuffle(known)
    return [candidate for _, candidate in sorted(known, key=lambda row: row[0], reverse=True)]


def capped(ranking: Sequence[C], caps: Sequence[Cap], before: Sequence[C]) -> list[C]:
    """Leave out what has too many of its like among `before` and the better ones."""
    if not caps:
        return list(ranking)
    counts = Counter((cap, cap.key(one)) for one in before for cap in caps)
    kept = []
    for candidate in ranking:
        keys = [(cap, value) for cap in caps if (value := cap.key(candidate)) is not None]
        if all(counts[cap, value] < cap.most for cap, value in keys):
            counts.update(keys)
            kept.append(candidate)
    return kept


def _two_shares(ranking: Sequence[C], wrong: int, n: int) -> tuple[list[C], list[C]]:
    first = [candidate for candidate in ranking if candidate.is_correct is False][:wrong]
    return first, without(ranking, first)[: n - len(first)]


def without(candidates: Sequence[C], others: Sequence[C]) -> list[C]:
    taken = {id(candidate) for candidate in others}
    return [candidate for candidate in candidates if id(candidate) not in taken]


def in_arms(first: Sequence[C], second: Sequence[C], strategy: Strategy) -> list[tuple[C, Arm]]:
    if strategy == "convincing_wrong":
        return [*in_arm(first, "convincing_wrong"), *in_arm(second, "remaining")]
    return in_arm([*first, *second], strategy)


def in_arm(candidates: Sequence[C], arm: Arm) -> list[tuple[C, Arm]]:
    return [(candidate, arm) for candidate in candidates]


def numbered(chosen: Sequence[tuple[C, Arm]]) -> list[Pick[C]]:
    return [Pick(candidate, rank, arm) for rank, (candidate, arm) in enumerate(chosen, start=1)]


def _whole(amount: float) -> tuple[int, float]:
    whole = math.floor(amount + ROUNDING_SLACK)
    return whole, amount - whole
