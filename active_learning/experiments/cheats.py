"""Are people who do not read told from people who do? Simulated labelers, honest ones and five kinds of others.

Each solution is judged by three. Honest people differ in how able they are, how strict with Okay, how fast; nobody's
habits are known to what judges them (active_learning/behaviour.py).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from active_learning.behaviour import Sign, Work, notices

HONEST = 12
LABELS = 60  # of each person
JUDGES = 3  # of each solution
WRONG = 0.6  # share of solutions with an error
ERROR_AT_HAND = 0.5  # somebody who misses an error goes on with what follows from it


@dataclass(frozen=True)
class Solution:
    number: int
    lengths: tuple[int, ...]  # characters of each step
    truth: tuple[int, ...]  # ratings; nothing after the first error


@dataclass(frozen=True)
class Person:
    kind: str
    ability: float  # how often a step is rated as it should be
    strictness: float  # how often what is right is called Okay
    pace: float  # seconds for a step, in the middle


# What each kind of cheat is to be told by.
CHEATS = {
    "only_great": Sign.ONLY_GREAT,
    "hasty": Sign.HASTY,
    "same_pattern": Sign.SAME_PATTERN,
    "copies": Sign.LIKE_ANOTHER,
    "skips": Sign.SKIPS,
}


def simulate(seed: int) -> tuple[list[str], dict[int, list[Work]]]:
    """The kinds of all people, and their labels, oldest first."""
    rng = Random(seed)
    people = [_person(rng, "honest") for _ in range(HONEST)] + [_person(rng, kind) for kind in CHEATS]
    solutions = [_solution(number, rng) for number in range(len(people) * LABELS // JUDGES)]
    work: dict[int, list[Work]] = {number: [] for number in range(len(people))}
    copier, victim = HONEST + list(CHEATS).index("copies"), 0
    for solution in solutions:
        judges = rng.sample(range(len(people)), JUDGES)
        # Who copies does so where there is something to copy.
        if copier in judges and victim not in judges and rng.random() < 0.5:
            judges[(judges.index(copier) + 1) % JUDGES] = victim
        for judge in sorted(judges):
            label = _label(people[judge], solution, rng, at=float(solution.number * len(people) + judge))
            if judge == copier and victim in judges:
                seen = work[victim][-1]
                label = replace(label, ratings=seen.ratings, finish_reason=seen.finish_reason)
            work[judge].append(label)
    return [person.kind for person in people], work


def count(seeds: Sequence[int]) -> dict[str, Any]:
    """How many of each kind there were, how many were told by the sign of their kind, and by which signs the others."""
    people: Counter[str] = Counter()
    told: Counter[str] = Counter()
    signs: dict[str, Counter[str]] = {}
    for seed in seeds:
        kinds, work = simulate(seed)
        found = notices(work)
        for person, kind in enumerate(kinds):
            kind = "copied" if person == 0 else kind
            shown = {notice.sign for notice in found.get(person, [])}
            people[kind] += 1
            told[kind] += CHEATS[kind] in shown if kind in CHEATS else bool(shown)
            signs.setdefault(kind, Counter()).update(sign.value for sign in shown)
    return {kind: {"people": people[kind], "told": told[kind], "signs": _plain(signs[kind])} for kind in people}


def _plain(signs: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(signs.items()))


def _person(rng: Random, kind: str) -> Person:
    return Person(kind, rng.uniform(0.8, 0.98), rng.uniform(0.0, 0.3), rng.uniform(4.0, 15.0))


def _solution(number: int, rng: Random) -> Solution:
    steps = rng.randint(3, 12)
    wrong = rng.randrange(steps) if rng.random() < WRONG else None
    ratings = [1 if rng.random() < 0.85 else 0 for _ in range(steps if wrong is None else wrong)]
    return Solution(
        number,
        tuple(rng.randint(30, 200) for _ in range(steps)),
        tuple(ratings if wrong is None else [*ratings, -1]),
    )


def _label(person: Person, solution: Solution, rng: Random, *, at: float) -> Work:
    ratings, reason = _judge(person, solution, rng)
    characters = sum(solution.lengths[: len(ratings)])
    pace = 0.4 if person.kind == "hasty" else person.pace
    ms = int(1000 * sum(pace * rng.lognormvariate(0, 0.5) for _ in ratings))
    return Work(solution.number, ratings, reason, ms, characters, at)


def _judge(person: Person, solution: Solution, rng: Random) -> tuple[tuple[int, ...], str]:
    steps = len(solution.lengths)
    if rng.random() < (0.8 if person.kind == "skips" else 0.02):
        return (), "give_up"
    if person.kind == "only_great":
        return (1,) * steps, "solution"
    if person.kind == "same_pattern":
        return (1, 1, -1)[:steps], "found_error"
    ratings: list[int] = []
    for step in range(steps):
        ratings.append(_rate(person, solution, step, rng))
        if ratings[-1] == -1:
            return tuple(ratings), "found_error"
    return tuple(ratings), "solution"


def _rate(person: Person, solution: Solution, step: int, rng: Random) -> int:
    if step >= len(solution.truth):
        return -1 if rng.random() < ERROR_AT_HAND else 1
    true = solution.truth[step]
    if true == -1:
        return -1 if rng.random() < person.ability else 1
    if rng.random() < (1 - person.ability) / 3:
        return -1
    return 0 if true == 0 or rng.random() < person.strictness else 1
