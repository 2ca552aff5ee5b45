"""Progress as a reward, process advantage verifiers: Setlur et al. 2024 (arXiv 2410.08146).

Q of a step is the probability that a completion from it ends right, V of a state the same before the step is chosen. The
advantage of a step under a prover is what it adds to the prover's chance: A_h = Q_h − Q_{h−1} (eq. 2).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

PROVER_KS = (1, 2, 4, 8, 16, 32)

Floats = NDArray[np.float64]


class AdvantageError(ValueError):
    """These values are no probabilities of a right answer, or do not fit together."""


@dataclass(frozen=True)
class ProverFigures:
    """How well best-of-k of a prover would teach the policy, by Theorem 3.1: means over states."""

    k: int
    variance: float  # Var_π[A^μ]: whether the prover tells the policy's actions apart
    alignment: float  # E_π[A^μ A^π]: whether it agrees with the policy on which are good


def advantages(q: Sequence[float], *, v0: float) -> list[float]:
    """What each step adds, from its Q; v0 is the value of the bare problem. Raises AdvantageError outside 0 to 1."""
    _check([v0, *q])
    return [after - before for before, after in zip([v0, *q], q, strict=False)]


def best_of_k_value(q: float, k: int) -> float:
    """The chance that any of k completions is right, 1 − (1 − q)^k: the prover "best of k", App. D.

    Good to the last digits for the smallest q, too. Raises AdvantageError for q outside 0 to 1 or k below 1.
    """
    return float(best_of_k_values(q, k))


def best_of_k_values(q: ArrayLike, k: int) -> Floats:
    """The same for an array of any shape."""
    _check(q)
    if k < 1:
        raise AdvantageError(f"The best of k needs at least one completion, not {k}.")
    base = np.asarray(q, dtype=np.float64)
    if k == 1:
        return base
    with np.errstate(divide="ignore"):  # of a sure success the logarithm is −∞, and the value 1
        found: Floats = -np.expm1(k * np.log1p(-base))
    return found


def effective_reward(q: float, advantage: float, alpha: float) -> float:
    """What a step is worth to the policy gradient and to the beam, Q^π + α·A^μ (eq. 5)."""
    return q + alpha * advantage


def first_pit(q: Sequence[float], threshold: float, *, v0: float | None = None) -> int | None:
    """The number, from 1, of the first step with Q = 0 after a state of value above the threshold; App. D.

    The prefixes up to it, with their Q, are what a verifier learns most from. `v0`, the value of the bare problem, counts
    as a state where it is known. None where there is no such step.
    """
    _check([threshold, *q] if v0 is None else [threshold, v0, *q])
    has_promised = v0 is not None and v0 > threshold
    for number, value in enumerate(q, start=1):
        if has_promised and value == 0:
            return number
        has_promised = has_promised or value > threshold
    return None


def prover_report(
    policy_q: ArrayLike,
    prover_q: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    ks: Sequence[int] = PROVER_KS,
) -> list[ProverFigures]:
    """Theorem 3.1's two terms for best-of-k provers; Q is (states, actions), the actions drawn from the policy.

    prover_q is that of the prover whose best of k is meant, the policy itself by default. Actions that were not drawn but
    listed need `weights`, π(a|s). Estimated Qs bring the variance of their estimation with them. Raises AdvantageError.
    """
    policy = np.asarray(policy_q, dtype=np.float64)
    prover = policy if prover_q is None else np.asarray(prover_q, dtype=np.float64)
    chance = _weights(policy, prover, weights)
    _check(policy)
    of_policy = policy - (chance * policy).sum(axis=1, keepdims=True)
    found = []
    for k in ks:
        values = best_of_k_values(prover, k)
        of_prover = values - (chance * values).sum(axis=1, keepdims=True)
        variance, alignment = ((chance * of_prover * other).sum(axis=1).mean() for other in (of_prover, of_policy))
        found.append(ProverFigures(k, float(variance), float(alignment)))
    return found


def _weights(policy: Floats, prover: Floats, weights: ArrayLike | None) -> Floats:
    if policy.ndim != 2 or not policy.size or policy.shape != prover.shape:
        raise AdvantageError(f"Q is (states, actions) for policy and prover alike, not {policy.shape}, {prover.shape}.")
    if weights is None:
        return np.full(policy.shape, 1 / policy.shape[1])
    chance = np.asarray(weights, dtype=np.float64)
    if chance.shape != policy.shape or (chance < 0).any() or not np.allclose(chance.sum(axis=1), 1):
        raise AdvantageError("The weights are the probabilities of each state's actions and add up to 1.")
    return chance


def _check(q: ArrayLike) -> None:
    values = np.asarray(q, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        wrong = next(float(value) for value in values.ravel() if not 0 <= value <= 1)
        said = "not a number" if math.isnan(wrong) else f"{wrong:g}"
        raise AdvantageError(f"A value is a probability, from 0 to 1, not {said}.")
