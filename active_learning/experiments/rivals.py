"""Process against outcome supervision on the toy domain: whose best of N is best (EV5)?

Lightman et al. 2023, §3 and Fig. 3: a PRM is trained on solutions that a selector chose and people rated, an ORM on many
more uniform samples with nothing but their grades; both choose among samples of problems that neither has seen, beside
the majority vote. Here an oracle rates, and both models are probes on one frozen base model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from active_learning.config import TrainConfig
from active_learning.experiments.known import Known, learn, probabilities, toy_solutions, with_features


@dataclass(frozen=True)
class Rivalry:
    problems: int = 32  # to train on
    process_labels: int = 8  # solutions of each that are rated step by step
    outcome_labels: int = 100  # solutions of each that are graded; App. E
    measured_problems: int = 60
    samples: int = 64  # of each measured problem
    error_rate: float = 0.12  # of the generator, per step
    seed: int = 0


def rivals(setting: Rivalry, config: TrainConfig, base: Path) -> Iterator[dict[str, Any]]:
    """Scored samples of the measured problems, as `evaluate.samples` reads them, by both models."""
    rng = Random(setting.seed)
    name = f"seed-{setting.seed}"
    sizes = ((setting.problems, setting.outcome_labels), (setting.measured_problems, setting.samples))
    drawn = toy_solutions(sizes, error_rate=setting.error_rate, rng=rng)
    graded, measured = (with_features(some, base) for some in drawn)
    config = replace(config, seed=setting.seed)
    # The pool comes problem by problem in random order, so that the first ones of each are a uniform sample.
    rated = [one for place, one in enumerate(graded) if place % setting.outcome_labels < setting.process_labels]
    prm = learn([(known, known.solution.ratings) for known in rated], config)
    orm = learn([(known, _outcome(known)) for known in graded], config)
    of_both = zip(measured, probabilities(prm, measured), probabilities(orm, measured), strict=True)
    for known, by_process, by_outcome in of_both:
        yield {
            "problem": known.solution.problem,
            "unique_id": f"{name}/{known.solution.problem}",
            "answer": known.solution.answer,
            "is_correct": known.is_correct,
            "probabilities": by_process,
            "orm_score": 1 - by_outcome[-1][0],
        }


def _outcome(known: Known) -> Sequence[int]:
    return [1 if known.is_correct else -1] * len(known.features)
