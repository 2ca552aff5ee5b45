"""Process against outcome supervision by one large model, and by final answers (Lightman et al. 2023, §4.1, Fig. 4).

A large reward model, trained on what the toy domain's oracle says of many solutions, labels the same solutions in two
ways; their final answers are a third. Small models learn from so many solutions of each problem, and choose the best of
N. Beside them stands process supervision of solutions that a selector chose (§4.2). All are probes on one frozen base
model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from active_learning import evaluate
from active_learning.config import TrainConfig, Triple
from active_learning.experiments.known import (
    Known,
    best_of_n,
    by_problem,
    candidates,
    judged,
    learn,
    probabilities,
    scores,
    toy_solutions,
    with_features,
)
from active_learning.model import ProbeHead
from active_learning.score import solution_score
from active_learning.select import Rules, per_problem
from active_learning.synthetic import outcome_label, process_labels

SUPERVISIONS = ("process", "active", "outcome_by_model", "outcome_by_answer")


@dataclass(frozen=True)
class Comparison:
    budgets: tuple[int, ...] = (1, 2, 4, 8, 16, 32)  # labeled solutions of each problem
    problems: int = 24
    pool: int = 100  # solutions of each problem that a selector chooses from
    large_problems: int = 40  # that the large model has learned from, with
    large_solutions: int = 40  # of each
    measured_problems: int = 60
    samples: int = 64  # of each measured problem: the N of best of N
    error_rate: float = 0.25  # of the generator, per step
    seed: int = 0


def compare(setting: Comparison, config: TrainConfig, base: Path) -> Iterator[dict[str, Any]]:
    """A row for every supervision and budget: how many of the measured problems the best of N solves."""
    rng = Random(setting.seed)
    config = replace(config, seed=setting.seed)
    sizes = (
        (setting.large_problems, setting.large_solutions),
        (setting.problems, setting.pool),
        (setting.measured_problems, setting.samples),
    )
    drawn = toy_solutions(sizes, error_rate=setting.error_rate, rng=rng)
    taught, pool, measured = (with_features(some, base) for some in drawn)
    large = learn([(known, known.solution.ratings) for known in taught], config)
    told = {id(known): triples for known, triples in zip(pool, probabilities(large, pool), strict=True)}
    of_problem = by_problem(pool)
    first = learn(_process([some[0] for some in of_problem.values()], told), config)
    large_figures = evaluate.evaluate(judged(large, measured), evaluate.DEFAULT_THRESHOLD)
    for budget in setting.budgets:
        uniform = [known for some in of_problem.values() for known in some[:budget]]
        chosen = _chosen(of_problem, first, budget, rng)
        values = {
            "process": scores(learn(_process(uniform, told), config), measured),
            "active": scores(learn(_process(chosen, told), config), measured),
            "outcome_by_model": _last_step(learn(_outcome(uniform, told), config), measured),
            "outcome_by_answer": _last_step(learn(_by_answer(uniform), config), measured),
        }
        for supervision in SUPERVISIONS:
            yield {
                "seed": setting.seed,
                "supervision": supervision,
                "budget": budget,
                "solutions": len(uniform),
                "best_of_n": best_of_n(measured, values[supervision], setting.samples),
                "large_model_auc": large_figures["step_auc"],
            }


def _chosen(of_problem: dict[str, list[Known]], selector: ProbeHead, budget: int, rng: Random) -> list[Known]:
    """The first of each problem, which the selector learned from, and what it chooses of the others."""
    first = [some[0] for some in of_problem.values()]
    if budget == 1:
        return first
    others = {name: candidates(selector, some[1:]) for name, some in of_problem.items()}
    picks = per_problem(others, budget - 1, rules=Rules(), rng=rng)
    return first + [pick.candidate.known for some in picks.values() for pick in some]


Told = dict[int, tuple[Triple, ...]]
Labeled = list[tuple[Known, Sequence[int]]]


def _process(solutions: Sequence[Known], told: Told) -> Labeled:
    return [(known, process_labels(told[id(known)])) for known in solutions]


def _outcome(solutions: Sequence[Known], told: Told) -> Labeled:
    return [(known, _everywhere(known, is_right=outcome_label(told[id(known)]))) for known in solutions]


def _by_answer(solutions: Sequence[Known]) -> Labeled:
    return [(known, _everywhere(known, is_right=known.is_correct)) for known in solutions]


def _everywhere(known: Known, *, is_right: bool) -> list[int]:
    """An outcome model learns at every step whether the whole will be right (App. E)."""
    return [1 if is_right else -1] * len(known.features)


def _last_step(head: ProbeHead, solutions: Sequence[Known]) -> list[float]:
    return [solution_score(triples[-1:]) for triples in probabilities(head, solutions)]
