"""Which best-of-k prover teaches a policy most, on the toy domain (L9): Setlur et al. 2024 (2410.08146), Theorem 3.1.

All next steps of each state are listed with their probability and their exact Q, so that nothing is estimated.
"""

from collections.abc import Sequence
from dataclasses import asdict
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from active_learning.advantages import PROVER_KS, prover_report
from active_learning.domains import chains, continuing, toy
from active_learning.domains.continuing import Belief

HIGH = 0.5  # a state's value from which on its right answer is likely


def toy_provers(
    problems: int, solutions: int, *, error_rate: float, ks: Sequence[int] = PROVER_KS, seed: int = 0
) -> list[dict[str, Any]]:
    """The figures of each k over the states that the policy's solutions pass: all, those of low and those of high value."""
    rng = Random(seed)
    states = [
        state
        for problem in toy.problems(problems, rng=rng)
        for state in _states(chains.read_problem(problem["problem"]), solutions, error_rate, rng)
    ]
    width = max(len(q) for q, _ in states)
    q, weights = (np.array([np.pad(one[part], (0, width - len(one[part]))) for one in states]) for part in (0, 1))
    value = (q * weights).sum(axis=1)
    rows = []
    for name, chosen in {"all": value >= 0, "low": value < HIGH, "high": value >= HIGH}.items():
        if chosen.any():
            figures = prover_report(q[chosen], weights=weights[chosen], ks=ks)
            rows += [{"states": name, "count": int(chosen.sum()), **asdict(one)} for one in figures]
    return rows


def _states(
    chain: chains.Chain, solutions: int, error_rate: float, rng: Random
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Of each state that the solutions pass: the Q of its next steps, and their probabilities."""
    found = []
    for _ in range(solutions):
        belief = Belief(0, chain.start)
        while not belief.is_over:
            choices = continuing.outcomes(chain, belief, error_rate)
            q = [continuing.value_of(chain, choice.after, error_rate=error_rate) for choice in choices]
            found.append((np.array(q), np.array([choice.chance for choice in choices])))
            _, belief = continuing.draw(chain, belief, error_rate, rng)
    return found
