"""The best of all problems together, for teams that want the K most convincing solutions wherever they are.

Lightman et al. 2023, §2.4 leaves open whether the top K are taken of each problem or of all; this is the latter.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from typing import Generic

from active_learning.select import KEYS, C, Key, Pick, Rules, capped, in_arm, in_arms, numbered, quotas, ranked, without


def everywhere(
    groups: Iterable[Sequence[C]], total: int, *, most_per_problem: int, rules: Rules, rng: Random
) -> list[Pick[C]]:
    """The best of all problems together, `most_per_problem` of one at most; problems get unequal numbers.

    One pass over the candidates, problem by problem, of which it remembers some 8 × total: the pool may be larger than
    memory. `rank` is the place among all picks. Raises ValueError for the strategy random, which has no best.
    """
    if rules.strategy == "random":
        raise ValueError("The best of all problems needs a strategy that ranks; random does not.")
    key = KEYS[rules.strategy]
    quota = quotas([0], total, rules=rules, rng=rng)[0]
    drawn, correct = _Reservoir[C](quota.random, rng), _Reservoir[C](quota.injected, rng)
    # Three times the total, for another arm takes some of the best, and the limit of their problem holds others back.
    best, wrong = _Best[C](3 * total), _Best[C](3 * total)
    for problem, candidates in enumerate(groups):
        drawn.offer(candidates)
        correct.offer([one for one in candidates if one.is_correct])
        ranking = capped(ranked(candidates, key, rng), rules.caps, [])
        best.offer(problem, ranking[:most_per_problem], key)
        wrong.offer(problem, [one for one in ranking if one.is_correct is False][:most_per_problem], key)
    injected = without(correct.kept, drawn.kept)
    taken, counts = {id(one) for one in drawn.kept + injected}, Counter[int]()
    wanted_wrong = quota.wrong if rules.strategy == "convincing_wrong" else 0
    first = _take(wrong.ranking(), wanted_wrong, counts, most_per_problem, taken)
    second = _take(best.ranking(), total - len(taken), counts, most_per_problem, taken)
    by_strategy = in_arms(first, second, rules.strategy)
    return numbered([*by_strategy, *in_arm(injected, "injected"), *in_arm(drawn.kept, "random")])


class _Reservoir(Generic[C]):
    """A uniform sample of what it was offered, however much that was (Vitter 1985, algorithm R)."""

    def __init__(self, size: int, rng: Random) -> None:
        self.kept: list[C] = []
        self._size, self._rng, self._seen = size, rng, 0

    def offer(self, candidates: Sequence[C]) -> None:
        for candidate in candidates if self._size else ():
            self._seen += 1
            if len(self.kept) < self._size:
                self.kept.append(candidate)
            elif (place := self._rng.randrange(self._seen)) < self._size:
                self.kept[place] = candidate


class _Best(Generic[C]):
    """The `size` best of what it was offered; rows are (value, problem, candidate)."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: list[tuple[float, int, C]] = []

    def offer(self, problem: int, ranking: Sequence[C], key: Key) -> None:
        self._rows += [(key(one) or 0.0, problem, one) for one in ranking]
        if len(self._rows) > 4 * self._size + 4096:
            self._rows = self.ranking()

    def ranking(self) -> list[tuple[float, int, C]]:
        return sorted(self._rows, key=lambda row: row[0], reverse=True)[: self._size]


def _take(rows: Iterable[tuple[float, int, C]], n: int, counts: Counter[int], most: int, taken: set[int]) -> list[C]:
    """The first n rows that are not taken yet and whose problem has not had `most`; counts and taken go on."""
    chosen: list[C] = []
    for _, problem, candidate in rows:
        if len(chosen) == n:
            break
        if id(candidate) in taken or counts[problem] == most:
            continue
        counts[problem] += 1
        taken.add(id(candidate))
        chosen.append(candidate)
    return chosen
