"""Signs that somebody may not be reading what they judge: for a lead to look at, never a verdict.

Each compares a person with the others of the same project, so that easy solutions and strict instructions count for
all. What is surprising is told by the binomial tail; the time to read by the length of the steps (Toloka's rule: three
of the last ten below the least plausible time).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, groupby
from math import exp, lgamma, log

# Silent reading of English takes 238 words a minute (Brysbaert 2019), some 24 characters a second: twice as fast is
# skimming, and nobody has thought about what they skim.
CHARACTERS_PER_SECOND = 50
STEP_SECONDS = 0.5  # to decide and to press a key
LAST, HASTY = 10, 3
FEWEST = 10  # labels, or solutions of two people, of which anything is said
FEWEST_OF_OTHERS = 20
SURPRISE = 1e-4  # a chance that is smaller; for pairs and patterns divided by how many there are
NEARLY_ALL, MOST = 0.9, 0.5
SKIPS = 5  # in a row

JUDGED = ("found_error", "solution")
ONLY_GREAT = "only great"
Pattern = str | tuple[int, ...]
Answer = tuple[tuple[int, ...], str]


class Sign(StrEnum):
    ONLY_GREAT = "only_great"
    HASTY = "hasty"
    SAME_PATTERN = "same_pattern"
    LIKE_ANOTHER = "like_another"
    SKIPS = "skips"


@dataclass(frozen=True)
class Work:
    """A label as far as this module looks at it."""

    solution: int
    ratings: tuple[int, ...]  # of the solution's own steps, in order
    finish_reason: str
    ms: int  # at work on it
    characters: int  # of the steps that were rated
    at: float  # seconds; the order matters only

    @property
    def is_judged(self) -> bool:
        return self.finish_reason in JUDGED and bool(self.ratings)

    @property
    def least_ms(self) -> float:
        return 1000 * (STEP_SECONDS * len(self.ratings) + self.characters / CHARACTERS_PER_SECOND)

    @property
    def answer(self) -> Answer:
        return self.ratings, self.finish_reason

    @property
    def pattern(self) -> Pattern:
        """What stays the same when somebody clicks without reading: solutions are of many lengths."""
        if self.finish_reason == "found_error":
            return self.ratings
        if set(self.ratings) == {1}:
            return ONLY_GREAT
        return "only okay" if set(self.ratings) == {0} else self.ratings[:4]


@dataclass(frozen=True)
class Notice:
    """`number` of the `of` last labels show the sign; for others it would be the share `usual`."""

    sign: Sign
    number: int
    of: int
    usual: float | None = None
    pattern: Pattern | None = None
    other: int | None = None  # whose labels theirs are like
    later: int = 0  # of those alike, how many came after the other's


def notices(work: Mapping[int, Sequence[Work]]) -> dict[int, list[Notice]]:
    """By person, of their last labels, oldest first. People without a sign are left out."""
    found: dict[int, list[Notice]] = {person: [] for person in work}
    patterns = {person: Counter(one.pattern for one in labels if one.is_judged) for person, labels in work.items()}
    everybody = sum(patterns.values(), Counter[Pattern]())
    for person, labels in work.items():
        found[person] += _patterns(patterns[person], everybody - patterns[person])
        found[person] += _hasty(labels)
        found[person] += _skips(labels)
    for person, notice in _alike(work):
        found[person].append(notice)
    return {person: some for person, some in found.items() if some}


def _patterns(own: Counter[Pattern], others: Counter[Pattern]) -> Iterable[Notice]:
    number, of_others = own.total(), others.total()
    if number < FEWEST or of_others < FEWEST_OF_OTHERS:
        return
    for pattern, times in own.items():
        usual = (others[pattern] + 1) / (of_others + 2)
        is_great = pattern == ONLY_GREAT
        enough = NEARLY_ALL if is_great else MOST
        if times >= enough * number and tail(times, number, usual) < SURPRISE / len(own):
            sign = Sign.ONLY_GREAT if is_great else Sign.SAME_PATTERN
            yield Notice(sign, times, number, usual, None if is_great else pattern)


def _hasty(labels: Sequence[Work]) -> Iterable[Notice]:
    last = [one for one in labels if one.is_judged][-LAST:]
    hasty = sum(one.ms < one.least_ms for one in last)
    if hasty >= HASTY:
        yield Notice(Sign.HASTY, hasty, len(last))


def _skips(labels: Sequence[Work]) -> Iterable[Notice]:
    runs = [
        sum(1 for _ in run) for judged, run in groupby(labels, lambda one: one.finish_reason in JUDGED) if not judged
    ]
    longest = max(runs, default=0)
    if longest >= SKIPS:
        yield Notice(Sign.SKIPS, longest, len(labels))


def _alike(work: Mapping[int, Sequence[Work]]) -> Iterable[tuple[int, Notice]]:
    """Two who judge alike far more often than either does with anybody else.

    What a third person says, too, tells nothing: it may just be right, and two good people among careless ones stand out.
    """
    shared, said = _shared(work), _said(work)
    same: Counter[int] = Counter()
    compared: Counter[int] = Counter()
    for pair, both in shared.items():
        for person in pair:
            same[person] += sum(_are_alike(one, other) for one, other in both)
            compared[person] += len(both)
    for pair, both in shared.items():
        alike = [(one, other) for one, other in both if _are_alike(one, other)]
        rest = [(same[person] - len(alike), compared[person] - len(both)) for person in pair]
        alone = sum(said[one.solution][one.answer] == 2 for one, _ in alike)
        telling = alone + len(both) - len(alike)
        if telling < FEWEST or min(number for _, number in rest) < FEWEST:
            continue
        usual = max((times + 1) / (number + 2) for times, number in rest)
        if alone >= NEARLY_ALL * telling and tail(alone, telling, usual) < SURPRISE / len(shared):
            later = sum(one.at > other.at for one, other in alike)
            yield pair[0], Notice(Sign.LIKE_ANOTHER, len(alike), len(both), usual, other=pair[1], later=later)
            yield (
                pair[1],
                Notice(Sign.LIKE_ANOTHER, len(alike), len(both), usual, other=pair[0], later=len(alike) - later),
            )


def _said(work: Mapping[int, Sequence[Work]]) -> dict[int, Counter[Answer]]:
    """How many people gave each answer, by solution."""
    found: dict[int, Counter[Answer]] = {}
    for labels in work.values():
        for one in labels:
            if one.is_judged:
                found.setdefault(one.solution, Counter())[one.answer] += 1
    return found


def _shared(work: Mapping[int, Sequence[Work]]) -> dict[tuple[int, int], list[tuple[Work, Work]]]:
    by_solution: dict[int, list[tuple[int, Work]]] = {}
    for person, labels in work.items():
        for one in labels:
            if one.is_judged:
                by_solution.setdefault(one.solution, []).append((person, one))
    found: dict[tuple[int, int], list[tuple[Work, Work]]] = {}
    for judged in by_solution.values():
        for (person, one), (another, other) in combinations(judged, 2):
            found.setdefault((person, another), []).append((one, other))
    return found


def _are_alike(one: Work, other: Work) -> bool:
    return one.answer == other.answer


def tail(times: int, number: int, chance: float) -> float:
    """How likely it is that something of this chance happens so many times of `number`, or more often."""
    if times <= 0:
        return 1.0
    ways = (lgamma(number + 1) - lgamma(k + 1) - lgamma(number - k + 1) for k in range(times, number + 1))
    return min(
        1.0,
        sum(
            exp(way + k * log(chance) + (number - k) * log(1 - chance))
            for k, way in zip(range(times, number + 1), ways, strict=True)
        ),
    )
