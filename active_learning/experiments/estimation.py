"""How right are labels by rollouts? Hard and soft estimates beside the toy domain's oracle (K7; Wang et al. 2023, §5.2).

The oracle calls a step right until the first error. A completer that recovers from errors comes from a bad step to the
right answer now and then: the more rollouts, the likelier the hard estimate takes that for a good step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import Any

from active_learning.answered import Solution
from active_learning.domains import chains, continuing, toy
from active_learning.generators.budget import Budget
from active_learning.generators.scripted import ScriptedGenerator
from active_learning.rollouts import Rollouts, first_bad_step, roll_out


@dataclass(frozen=True)
class Estimation:
    rollouts: tuple[int, ...] = (1, 4, 16)
    completers: tuple[float, ...] = (0.06, 0.12, 0.25)  # error rates per step
    problems: int = 60
    error_rate: float = 0.25  # of the solutions that are labeled
    seed: int = 0


def estimate(setting: Estimation) -> Iterator[dict[str, Any]]:
    """A row for every completer and number of rollouts: shares of steps where estimate and oracle agree."""
    solutions = _solutions(setting)
    for rate in setting.completers:
        for count in setting.rollouts:
            budget = Budget()
            completer = ScriptedGenerator(budget, error_rate=rate)
            judged = [_judged(completer, one, count, rate, setting.seed) for one in solutions]
            steps = [step for some, _ in judged for step in some]
            yield {
                "seed": setting.seed,
                "completer_error_rate": rate,
                "rollouts": count,
                "steps": len(steps),
                "hard_accuracy": fmean(step.hard == step.is_right for step in steps),
                "soft_accuracy": fmean((step.soft >= 0.5) == step.is_right for step in steps),
                "hard_false_positives": _share([step.hard for step in steps if not step.is_right]),
                "hard_false_negatives": _share([not step.hard for step in steps if step.is_right]),
                "soft_error": fmean((step.soft - step.value) ** 2 for step in steps) ** 0.5,
                "first_error_accuracy": fmean(is_found for _, is_found in judged),
                "tokens": budget.spent,
            }


@dataclass(frozen=True)
class _Step:
    """`value` is what the soft estimate estimates: the completer's exact chance of a right answer."""

    hard: bool
    soft: float
    value: float
    is_right: bool


def _solutions(setting: Estimation) -> list[Solution]:
    rng = Random(setting.seed)
    return [
        Solution(place, problem["problem"], problem["answer"], tuple(sample["steps"]), sample["answer"])
        for place, problem in enumerate(toy.problems(setting.problems, rng=rng))
        for sample in toy.solutions(problem, 1, rng=rng, error_rate=setting.error_rate)
    ]


def _judged(
    completer: ScriptedGenerator, solution: Solution, count: int, rate: float, seed: int
) -> tuple[list[_Step], bool]:
    """Every step but the last, which nothing is sampled after; and whether the first error is found where it is."""
    found = roll_out(completer, solution, Rollouts(count, seed=seed))
    ratings = chains.rate(solution.problem, list(solution.steps))
    steps = []
    for place, estimate in enumerate(found.estimates[:-1]):
        assert estimate is not None, "every prefix of the toy domain fits"
        value = continuing.value(solution.problem, solution.steps[: place + 1], error_rate=rate)
        steps.append(_Step(estimate.correct > 0, estimate.soft, value, ratings[place] != -1))
    first = ratings.index(-1) if -1 in ratings else None
    return steps, first_bad_step(found.estimates) == first


def _share(flags: Sequence[bool]) -> float | None:
    return fmean(flags) if flags else None
