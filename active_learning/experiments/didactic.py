"""Does progress under a prover teach a policy what the outcome alone cannot (L10)? Setlur et al. 2024, App. B and Fig. 3.

A policy is trained first on responses of the prover of γ = 5, a little, and then by REINFORCE with the effective reward
Q^π + α·A^μ (eq. 5): Q^π is the outcome of the sampled response, A^μ is exact. The outcome arm has α = 0. Published: γ = 10
reaches 100 % in about 350 iterations, and the outcome alone never does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from active_learning.experiments.made import Made
from active_learning.experiments.planted import LENGTH, LOST, TOKENS, WON, Task, plant, walk

OUTCOME = 0.0  # stands for no prover where a γ is asked for


@dataclass(frozen=True)
class Didactic:
    gammas: tuple[float, ...] = (OUTCOME, 10.0)  # one arm each
    seeds: tuple[int, ...] = (0, 1, 2)
    iterations: int = 1000  # 10,000 in the paper
    alpha: float = 1.0
    batch: int = 64
    learning_rate: float = 1e-3
    first_gamma: float = 5.0  # whose responses the policy starts from
    first_iterations: int = 50
    measure_every: int = 25
    measured: int = 512  # responses
    enough: float = 0.99  # share of right ones that counts as all


@dataclass(frozen=True)
class Arm:
    gamma: float
    seed: int

    def task(self) -> Task:
        return plant(self.seed)


def didactic(setting: Didactic) -> Iterator[dict[str, Any]]:
    """A line for each measurement, then one for each arm and seed with the iteration from which it was right enough.

    Arms of the same seed have the same task, the same start and the same chances in every draw.
    """
    arms = [Arm(gamma, seed) for gamma in setting.gammas for seed in setting.seeds]
    moves = torch.stack([arm.task().moves() for arm in arms])
    generators = [torch.Generator().manual_seed(arm.seed) for arm in arms]
    policy = Made(generators, length=LENGTH, tokens=TOKENS)
    _imitate(policy, arms, moves, generators, setting)
    reached: dict[Arm, int] = {}
    for iteration, success in _reinforce(policy, arms, moves, generators, setting):
        yield {"stage": "measure", "iteration": iteration, "success": success}
        for arm, share in zip(arms, success, strict=True):
            if share >= setting.enough:
                reached.setdefault(arm, iteration)
    for arm, share in zip(arms, success, strict=True):
        prover = float(arm.task().values(arm.gamma)[0, 0]) if arm.gamma else None
        found = {"prover_success": prover, "reached": reached.get(arm), "within": setting.iterations, "success": share}
        yield {"stage": "arm", "arm": _name(arm.gamma), **asdict(arm), **found}


def _name(gamma: float) -> str:
    return f"prover {gamma:g}" if gamma else "outcome"


def _imitate(
    policy: Made, arms: Sequence[Arm], moves: Tensor, generators: Sequence[torch.Generator], setting: Didactic
) -> None:
    count = setting.batch * setting.first_iterations
    seen = torch.stack(
        [arm.task().responses(count, setting.first_gamma, one) for arm, one in zip(arms, generators, strict=True)]
    )
    optimizer = torch.optim.Adam(policy.parameters(), lr=setting.learning_rate)
    for responses in torch.split(seen, setting.batch, dim=1):
        counts = _counts(walk(moves, responses))
        _step(policy, optimizer, responses, counts)


def _reinforce(
    policy: Made, arms: Sequence[Arm], moves: Tensor, generators: Sequence[torch.Generator], setting: Didactic
) -> Iterator[tuple[int, list[float]]]:
    """Yield the share of right responses of each arm before the first iteration and every so many."""
    values = torch.stack(
        [arm.task().values(arm.gamma or 1.0) * (setting.alpha if arm.gamma else 0.0) for arm in arms]
    ).float()
    run, written = torch.arange(len(arms))[:, None, None], torch.arange(LENGTH + 1)
    optimizer = torch.optim.Adam(policy.parameters(), lr=setting.learning_rate)
    for iteration in range(setting.iterations + 1):
        if iteration % setting.measure_every == 0 or iteration == setting.iterations:
            yield iteration, _is_right(walk(moves, policy.sample(setting.measured, generators))).mean(1).tolist()
        if iteration < setting.iterations:
            responses = policy.sample(setting.batch, generators)
            states = walk(moves, responses)
            advantage = values[run, written, states].diff(dim=-1)
            reward = _is_right(states)[..., None] + advantage
            _step(policy, optimizer, responses, reward * _counts(states))


def _step(policy: Made, optimizer: torch.optim.Optimizer, responses: Tensor, rewards: Tensor) -> None:
    """One step of gradient ascent on Σ reward · log π, for each run on its own."""
    optimizer.zero_grad()
    loss = -(policy.log_chances(responses) * rewards).sum(-1).mean(1).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _is_right(states: Tensor) -> Tensor:
    """Of the states on the way: won at the end, (runs, batch)."""
    return (states[..., -1] == WON).float()


def _counts(states: Tensor) -> Tensor:
    """1 for each token that was written before the response was over, (runs, batch, LENGTH)."""
    return (states[..., :-1] != LOST).float()
