"""Which prefixes teach a verifier most: those up to a first pit, or any (L6)? Setlur et al. 2024 (2410.08146), App. D.

Both arms spend the same number of rollouts on the toy domain. A rollout is a draw that is right with the exact Q of its
prefix, which is what rolling out gives. The verifier is a logistic regression of the estimated Q on what a frozen base
model says at the end of the prefix (cross-entropy on soft targets); it is measured against the exact Q on other problems.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from active_learning.advantages import Floats, first_pit
from active_learning.domains import continuing, toy
from active_learning.experiments.known import Known, Solution
from active_learning.experiments.reading import reader


@dataclass(frozen=True)
class Setting:
    budgets: tuple[int, ...] = (500, 1000, 2000, 4000)  # rollouts
    rollouts: int = 8  # from each prefix
    problems: int = 40  # to learn from, and as many others to measure on
    measured: int = 8  # solutions of each of the others
    error_rate: float = 0.2  # of the generator, which is the completer too
    threshold: float = 0.5  # of a promising state
    first_share: float = 0.25  # of the budget, spent to find promising states


class Estimated(NamedTuple):
    """A solution, and Q̂ of its first prefixes."""

    problem: str
    steps: list[str]
    q: list[float]


class OutOfBudget(Exception):
    """All rollouts are spent."""


class Rollouts:
    """What the generator was asked for, and what came of it."""

    def __init__(self, setting: Setting, budget: int, rng: Random) -> None:
        self.budget = self.left = budget
        self.found: list[Estimated] = []
        self.rng = rng
        self._setting = setting

    def begin(self, problem: str, prefix: list[str]) -> Estimated:
        """A whole solution that begins with the prefix, of which no step is estimated; one rollout."""
        self._spend(1)
        more = continuing.complete(problem, prefix, rng=self.rng, error_rate=self._setting.error_rate)
        return Estimated(problem, [*prefix, *more], [])

    def estimate(self, one: Estimated) -> Iterator[float]:
        """Q̂ of one prefix after the other, as far as they are asked for; the whole solution is not one."""
        self.found.append(one)
        for length in range(1, len(one.steps)):
            self._spend(self._setting.rollouts)
            q = self._value(one.problem, one.steps[:length])
            one.q.append(sum(self.rng.random() < q for _ in range(self._setting.rollouts)) / self._setting.rollouts)
            yield one.q[-1]

    def is_wrong(self, one: Estimated) -> bool:
        return self._value(one.problem, one.steps) == 0

    def _value(self, problem: str, prefix: list[str]) -> float:
        return continuing.value(problem, prefix, error_rate=self._setting.error_rate)

    def _spend(self, count: int) -> None:
        if count > self.left:
            raise OutOfBudget
        self.left -= count


Strategy = Callable[[list[str], Rollouts, Setting], None]


def at_random(problems: list[str], rollouts: Rollouts, setting: Setting) -> None:
    """Every prefix of solutions as they come. Raises OutOfBudget in the end."""
    while True:
        list(rollouts.estimate(rollouts.begin(rollouts.rng.choice(problems), [])))


def to_first_pits(problems: list[str], rollouts: Rollouts, setting: Setting) -> None:
    """Promising states first; then wrong solutions from one of them, as far as the first pit. Raises OutOfBudget."""
    promising: list[Estimated] = []
    while not promising or rollouts.left > (1 - setting.first_share) * rollouts.budget:
        one = rollouts.begin(rollouts.rng.choice(problems), [])
        for place, q in enumerate(rollouts.estimate(one), start=1):
            if q > setting.threshold:
                promising.append(Estimated(one.problem, one.steps[:place], []))
    while True:
        state = rollouts.rng.choice(promising)
        one = rollouts.begin(state.problem, state.steps)
        if rollouts.is_wrong(one):
            for _ in rollouts.estimate(one):
                if first_pit(one.q, setting.threshold):
                    break


STRATEGIES: dict[str, Strategy] = {"random": at_random, "first_pit": to_first_pits}


def gather(strategy: Strategy, problems: list[str], setting: Setting, *, budget: int, seed: int) -> list[Estimated]:
    """What a strategy estimates before its rollouts are spent."""
    rollouts = Rollouts(setting, budget, Random(seed))
    with suppress(OutOfBudget):
        strategy(problems, rollouts, setting)
    return [one for one in rollouts.found if one.q]


def pits(setting: Setting, base: Path, *, seed: int) -> Iterator[dict[str, Any]]:
    """A line for each strategy and budget: how far the verifier is from the exact Q, and how well it ranks."""
    read = reader(base)
    rng = Random(seed)
    problems = [one["problem"] for one in toy.problems(2 * setting.problems, rng=rng)]
    learned_from, others = problems[: setting.problems], problems[setting.problems :]
    measured = [
        Estimated(problem, continuing.complete(problem, [], rng=rng, error_rate=setting.error_rate), [])
        for problem in others
        for _ in range(setting.measured)
    ]
    for one in measured:
        lengths = range(1, len(one.steps))
        one.q.extend(continuing.value(one.problem, one.steps[:n], error_rate=setting.error_rate) for n in lengths)
    features, truth = _rows(read, measured)
    for name, strategy in STRATEGIES.items():
        for budget in setting.budgets:
            found = gather(strategy, learned_from, setting, budget=budget, seed=seed)
            known, q = _rows(read, found)
            said = _fit(known, q).predict_proba(features)[:, 1]
            yield {
                "strategy": name,
                "budget": budget,
                "prefixes": len(q),
                "hopeless": float((q == 0).mean()),
                "squared_error": float(((said - truth) ** 2).mean()),
                "auc": float(roc_auc_score(truth >= setting.threshold, said)),
            }


def _rows(read: Callable[[list[Solution]], list[Known]], some: list[Estimated]) -> tuple[Floats, Floats]:
    """What the base model says at the end of each estimated prefix, (prefixes, width), and its Q."""
    known = read([Solution(one.problem, tuple(one.steps), (), is_correct=False) for one in some])
    features = [solution.features[: len(one.q)].numpy() for solution, one in zip(known, some, strict=True)]
    return np.concatenate(features).astype(np.float64), np.array([q for one in some for q in one.q])


def _fit(features: Floats, q: Floats) -> Any:
    """Cross-entropy on soft targets: each prefix is right with weight Q̂ and wrong with the rest."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    return model.fit(
        np.concatenate([features, features]),
        np.repeat([1, 0], len(q)),
        logisticregression__sample_weight=np.concatenate([q, 1 - q]),
    )
