"""The whole loop without people: an oracle labels what the selector chooses, generation after generation.

Lightman et al. 2023, §4: the first generation is one random solution of each problem, each later one 80 % the most
convincing wrong-answer solutions and 20 % the most convincing others under the PRM trained on all labels before it.
Every generation's PRM is measured on problems of its own that are never labeled; its threshold on others again.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from active_learning import checkpoint, compare, evaluate, score
from active_learning.answered import Answered
from active_learning.config import TrainConfig
from active_learning.domains import chains, toy
from active_learning.records import Record, dump
from active_learning.select import Pick, Rules, per_problem
from active_learning.synthetic import rated
from active_learning.train import train


@dataclass(frozen=True)
class Simulation:
    problems: int = 32
    solutions_per_problem: int = 25  # the pool
    labels_per_problem: int = 1  # of each generation
    generations: int = 3
    error_rate: float = 0.12  # of the generator, per step
    label_noise: float = 0.0  # of the labelers, per step
    uniform: bool = False  # label random solutions in every generation: what active learning is compared with
    measured_problems: int = 60
    seed: int = 0


@dataclass
class Solution:
    """A solution of the pool; `score` is the latest selector's."""

    problem: dict[str, Any]
    steps: tuple[str, ...]
    answer: str
    score: float | None = None

    @property
    def is_correct(self) -> bool:
        return bool(self.answer == self.problem["answer"])

    @property
    def ratings(self) -> list[int]:
        """The oracle's ratings up to the first error, as a labeler gives them."""
        return chains.to_first_error(chains.rate(self.problem["problem"], list(self.steps)))


def simulate(setting: Simulation, config: TrainConfig, out_dir: Path) -> Iterator[dict[str, Any]]:
    """Run all generations and yield a line of figures for each. Labels and checkpoints stay in out_dir, which is new.

    Raises FileExistsError, and ValueError where the configuration makes models that do not read the toy domain.
    """
    rng = Random(setting.seed)
    pool = make_pool(setting.problems, setting.solutions_per_problem, setting.error_rate, rng)
    validation = make_pool(setting.measured_problems // 2, 4, setting.error_rate, rng)
    measured = make_pool(setting.measured_problems, 4, setting.error_rate, rng)
    out_dir.mkdir(parents=True)
    labels = out_dir / "labels.jsonl"
    before: checkpoint.Checkpoint | None = None
    for generation in range(1, setting.generations + 1):
        picks = choose(pool, setting, rng, first=generation == 1)
        chosen = [pick.candidate for pick in picks]
        with labels.open("a") as out:
            for solution in chosen:
                out.write(dump(label(solution, setting.label_noise, generation, rng)) + "\n")
        pool = [solution for solution in pool if not any(solution is taken for taken in chosen)]
        started = time.monotonic()
        train(labels, replace(config, seed=setting.seed), out_dir / f"generation-{generation}", progress=_ignore)
        trained = time.monotonic()
        selector = checkpoint.load(out_dir / f"generation-{generation}")
        for solution, result in zip(pool, judge(selector, pool), strict=True):
            solution.score = score.solution_score(result.probabilities)
        agreement = compare.agreement(selector, before, _unscored(measured)) if before else None
        before = selector
        yield {
            "seed": setting.seed,
            "generation": generation,
            "labeled": generation * setting.problems * setting.labels_per_problem,
            "wrong_answers": sum(not solution.is_correct for solution in chosen),
            **measure(selector, validation, measured),
            "agreement": agreement,  # with the generation before, as the promotion gate measures it
            "train_seconds": round(trained - started, 2),
            "score_seconds": round(time.monotonic() - trained, 2),
        }


def make_pool(problems: int, solutions_per_problem: int, error_rate: float, rng: Random) -> list[Solution]:
    return [
        Solution(problem, tuple(solution["steps"]), solution["answer"])
        for problem in toy.problems(problems, rng=rng)
        for solution in toy.solutions(problem, solutions_per_problem, rng=rng, error_rate=error_rate)
    ]


def choose(pool: Sequence[Solution], setting: Simulation, rng: Random, *, first: bool) -> list[Pick[Solution]]:
    by_problem: dict[str, list[Solution]] = {}
    for solution in pool:
        by_problem.setdefault(solution.problem["unique_id"], []).append(solution)
    random_share = 1.0 if first or setting.uniform else 0.0
    picks = per_problem(by_problem, setting.labels_per_problem, rules=Rules(random_share=random_share), rng=rng)
    return [pick for of_problem in picks.values() for pick in of_problem]


def label(solution: Solution, noise: float, generation: int, rng: Random) -> Record:
    """What a labeler submits who gives each step the true rating, or by mistake one of the other two."""
    truth = chains.rate(solution.problem["problem"], list(solution.steps))
    given = [chains.mistaken(rating, noise, rng) for rating in truth]
    known = Answered(0, solution.problem["problem"], solution.problem["answer"], solution.steps, solution.answer)
    ratings = chains.to_first_error(given)
    return rated(known, ratings, labeler="oracle", generation=generation, score=solution.score)


def judge(selector: checkpoint.Checkpoint, solutions: Sequence[Solution]) -> list[evaluate.Judged]:
    judged = []
    for solution, result in zip(solutions, score.score_solutions(selector, _unscored(solutions)), strict=True):
        if not isinstance(result, score.Scored):
            raise ValueError("The model reads too few tokens (max_len) for the solutions of the toy domain.")
        ratings: list[int | None] = [*solution.ratings]
        judged.append(evaluate.Judged(result.probabilities, (*ratings, *[None] * (len(solution.steps) - len(ratings)))))
    return judged


def measure(
    selector: checkpoint.Checkpoint, validation: Sequence[Solution], measured: Sequence[Solution]
) -> dict[str, float | int | None]:
    threshold = evaluate.choose_threshold(judge(selector, validation))
    return evaluate.evaluate(judge(selector, measured), threshold)


def _unscored(solutions: Sequence[Solution]) -> list[score.Unscored]:
    return [score.Unscored(i, one.problem["problem"], one.steps) for i, one in enumerate(solutions)]


def _ignore(_: dict[str, Any]) -> None:
    """The progress of one short training is of no interest here."""
