"""The best of all problems together, for teams that want the K most convincing solutions wherever they are.

Lightman et al. 2023, §2.4 leaves open whether the top K are taken of each problem or of all; this is the latter.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from random import Random
from typing import Any, Generic

from active_learning.select import KEYS, C, Cap, Key, Pick, Rules, capped, in_arm, in_arms, numbered, quotas, ranked


def everywhere(
    groups: Iterable[Sequence[C]], total: int, *, most_per_problem: int, rules: Rules, rng: Random
) -> list[Pick[C]]:
    """The best of all problems together, `most_per_problem` of one at most; problems get unequal numbers.

    One pass over the candidates, problem by problem; what is remembered of them grows with `total` and not with the pool,
    which may be larger than memory. `rank` is the place among all picks. Limits and caps count the random and the
    injected arm, which come first. Raises ValueError for the strategy random, which has no best.
    """
    if rules.strategy == "random":
        raise ValueError("The best of all problems needs a strategy that ranks; random does not.")
    key = KEYS[rules.strategy]
    quota = quotas([0], total, rules=rules, rng=rng)[0]
    drawn, correct = _Reservoir[C](quota.random, rng), _Reservoir[C](quota.injected, rng)
    # Three times the total, for another arm takes some of the best, and the limit of their problem holds others back.
    best, wrong = _Best[C](3 * total, rng), _Best[C](3 * total, rng)
    for problem, candidates in enumerate(groups):
        drawn.offer(problem, candidates)
        correct.offer(problem, [one for one in candidates if one.is_correct])
        ranking = capped(ranked(candidates, key, rng), rules.caps, [])
        best.offer(problem, ranking[:most_per_problem], key)
        wrong.offer(problem, [one for one in ranking if one.is_correct is False][:most_per_problem], key)
    limits = _Limits(most_per_problem, rules.caps)
    by_chance = [one for problem, one in drawn.kept if limits.take(problem, one)]
    injected = [one for problem, one in correct.kept if limits.take(problem, one)]
    wanted_wrong = quota.wrong if rules.strategy == "convincing_wrong" else 0
    first = _take(wrong.ranking(), wanted_wrong, limits)
    second = _take(best.ranking(), total - len(by_chance + injected + first), limits)
    by_strategy = in_arms(first, second, rules.strategy)
    return numbered([*by_strategy, *in_arm(injected, "injected"), *in_arm(by_chance, "random")])


class _Reservoir(Generic[C]):
    """A uniform sample of what it was offered, however much that was (Vitter 1985, algorithm R): (problem, candidate)."""

    def __init__(self, size: int, rng: Random) -> None:
        self.kept: list[tuple[int, C]] = []
        self._size, self._rng, self._seen = size, rng, 0

    def offer(self, problem: int, candidates: Sequence[C]) -> None:
        for candidate in candidates if self._size else ():
            self._seen += 1
            if len(self.kept) < self._size:
                self.kept.append((problem, candidate))
            elif (place := self._rng.randrange(self._seen)) < self._size:
                self.kept[place] = (problem, candidate)


class _Best(Generic[C]):
    """The `size` best of what it was offered, equal ones in an order drawn from rng: (value, draw, problem, candidate)."""

    def __init__(self, size: int, rng: Random) -> None:
        self._size, self._rng = size, rng
        self._rows: list[tuple[float, float, int, C]] = []

    def offer(self, problem: int, ranking: Sequence[C], key: Key) -> None:
        known = ((value, one) for one in ranking if (value := key(one)) is not None)
        self._rows += [(value, self._rng.random(), problem, one) for value, one in known]
        if len(self._rows) > 4 * self._size + 4096:
            self._shorten()

    def ranking(self) -> list[tuple[int, C]]:
        self._shorten()
        return [(problem, candidate) for _, _, problem, candidate in self._rows]

    def _shorten(self) -> None:
        self._rows = sorted(self._rows, key=lambda row: row[:2], reverse=True)[: self._size]


class _Limits:
    """No solution twice, no problem more than `most` times, and no more of its like than a cap allows."""

    def __init__(self, most: int, caps: Sequence[Cap]) -> None:
        self._most, self._caps = most, caps
        self._taken = set[int]()
        self._counts = Counter[Any]()

    def take(self, problem: int, candidate: Any) -> bool:
        """Whether it may be taken; then it counts."""
        keys = [(problem, cap, value) for cap in self._caps if (value := cap.key(candidate)) is not None]
        is_free = id(candidate) not in self._taken and self._counts[problem] < self._most
        if not is_free or any(self._counts[key] >= key[1].most for key in keys):
            return False
        self._taken.add(id(candidate))
        self._counts.update([problem, *keys])
        return True


def _take(ranking: Iterable[tuple[int, C]], n: int, limits: _Limits) -> list[C]:
    """The first n that the limits let through."""
    return list(islice((one for problem, one in ranking if limits.take(problem, one)), n))
