"""Reinforcement learning with a reward at every step on the toy domain (K6, L11).

Wang et al. 2023 (Math-Shepherd, 2312.08935), §3.5: PPO with the PRM's reward at the end of each step, beside PPO with the
ORM's at the end of the solution; both are probes that learned from the same solutions. Setlur et al. 2024 (2410.08146),
eq. 5 and App. G: the outcome with the prover's progress at each step, and with its bare Q.

The policy is the toy generator with a weight on each of a few things that can be seen of a next step: it chooses what to
say, and knows no arithmetic that the generator did not know.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from active_learning.advantages import advantages, best_of_k_value
from active_learning.config import TrainConfig
from active_learning.domains import chains, continuing, toy
from active_learning.domains.continuing import Belief, Outcome
from active_learning.experiments.known import Solution, learn, probabilities, toy_solutions
from active_learning.experiments.reading import reader
from active_learning.model import ProbeHead

# Of a next step: it does no operation; such a remark says what is believed; the operation is the next instruction, begins
# with the believed value, is computed right; the answer is the result.
SEEN = ("remark", "true_remark", "instructed", "from_here", "computes", "answers")

LEAST = 1e-4  # probability that a reward model is taken to say; of 0 there is no logarithm


@dataclass(frozen=True)
class Setting:
    """The KL coefficient is Math-Shepherd's, §4; the rest is ours."""

    updates: int = 50
    batch: int = 32  # solutions an update
    problems: int = 32
    error_rate: float = 0.3  # of the generator that the policy starts as
    labeled: tuple[int, int] = (40, 4)  # problems, and solutions of each, that the reward models learn from
    kl: float = 0.04
    alpha: float = 1.0
    best_of: int = 4  # of the prover, the generator that the policy starts as
    learning_rate: float = 0.02
    passes: int = 4  # over each batch
    clip: float = 0.2
    max_steps: int = 20


class Step(NamedTuple):
    before: Belief
    choices: list[Outcome]
    seen: Tensor  # (choices, SEEN)
    chosen: int

    @property
    def after(self) -> Belief:
        return self.choices[self.chosen].after


class Episode(NamedTuple):
    problem: str
    chain: chains.Chain
    steps: list[Step]

    @property
    def is_right(self) -> bool:
        last = self.steps[-1].after
        return last.is_over and last.value == self.chain.values()[-1]

    def written(self) -> Solution:
        steps = tuple(step.choices[step.chosen].step for step in self.steps)
        return Solution(self.problem, steps, (), self.is_right)

    def trivial(self) -> list[bool]:
        """Which of its steps do no operation."""
        return [bool(step.seen[step.chosen, 0]) for step in self.steps]


# For each episode what each of its steps earns, with all that follows from it.
Credit = Callable[[Sequence[Episode]], list[list[float]]]


def train(credit: Credit, setting: Setting, *, seed: int) -> Iterator[dict[str, Any]]:
    """A line for each update: what the batch that it learned from was like."""
    rng = Random(seed)
    problems = [problem["problem"] for problem in toy.problems(setting.problems, rng=rng)]
    weights = torch.zeros(len(SEEN), requires_grad=True)
    optimizer = torch.optim.Adam([weights], lr=setting.learning_rate)
    for update in range(setting.updates + 1):
        found = weights.detach()
        batch = [_episode(rng.choice(problems), found, setting, rng) for _ in range(setting.batch)]
        credits = credit(batch)
        yield {
            "update": update,
            "reward": fmean(some[0] for some in credits),
            "success": fmean(one.is_right for one in batch),
            "steps": fmean(len(one.steps) for one in batch),
            "trivial_steps": fmean(is_trivial for one in batch for is_trivial in one.trivial()),
            "trivial_first_steps": fmean(one.trivial()[0] for one in batch),
            "weights": {name: round(float(weight), 3) for name, weight in zip(SEEN, found, strict=True)},
        }
        if update < setting.updates:
            _improve(weights, optimizer, batch, credits, setting)


def summary(lines: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Of one training: success at its start and its end, and on the way; the first and the last tenth of the updates."""
    some = max(1, len(lines) // 10)
    found = {"mean_success": fmean(line["success"] for line in lines)}
    for figure in ("reward", "success", "steps", "trivial_steps", "trivial_first_steps"):
        found[f"first_{figure}"] = fmean(line[figure] for line in lines[:some])
        found[f"last_{figure}"] = fmean(line[figure] for line in lines[-some:])
    return found


# The policy -----------------------------------------------------------------------------------------------------------


def _episode(problem: str, weights: Tensor, setting: Setting, rng: Random) -> Episode:
    chain = chains.read_problem(problem)
    belief, steps = Belief(0, chain.start), list[Step]()
    while not belief.is_over and len(steps) < setting.max_steps:
        choices, seen, chances = _choices(chain, belief, setting.error_rate)
        (chosen,) = rng.choices(range(len(choices)), (chances.log() + seen @ weights).softmax(0).tolist())
        steps.append(Step(belief, choices, seen, chosen))
        belief = steps[-1].after
    return Episode(problem, chain, steps)


@lru_cache(maxsize=20_000)
def _choices(chain: chains.Chain, belief: Belief, error_rate: float) -> tuple[list[Outcome], Tensor, Tensor]:
    """What may be said next, what is seen of it (choices, SEEN), and how likely the generator says it (choices,)."""
    choices = continuing.outcomes(chain, belief, error_rate)
    seen = torch.tensor([_seen(chain, belief, choice.step) for choice in choices])
    return choices, seen, torch.tensor([choice.chance for choice in choices])


def _seen(chain: chains.Chain, belief: Belief, step: str) -> list[float]:
    text, _, answer = step.partition(chains.ANSWER_MARK)
    number = chains.SO_FAR.fullmatch(text) or chains.START.fullmatch(text)
    if number:
        is_remark, *others = [not answer, int(number[1]) == belief.value]
        return [float(is_remark), float(is_remark and all(others)), 0.0, 0.0, 0.0, float(bool(answer) and all(others))]
    if text.startswith("The next instruction"):
        said = chains.say_next(chain.operations[belief.done])
        return [1.0, float(text == said), 0.0, 0.0, 0.0, 0.0]
    base, operation, result = chains.read_equation(text)
    computes = operation.apply(base) == result
    if text.startswith("Check:"):
        return [1.0, float(computes), 0.0, 0.0, 0.0, 0.0]
    is_instructed = operation == chain.operations[belief.done]
    is_answer = bool(answer) and int(answer) == result
    return [0.0, 0.0, *map(float, (is_instructed, base == belief.value, computes, is_answer))]


# PPO ------------------------------------------------------------------------------------------------------------------


def _improve(
    weights: Tensor,
    optimizer: torch.optim.Optimizer,
    batch: Sequence[Episode],
    credits: Sequence[Sequence[float]],
    setting: Setting,
) -> None:
    steps = [step for episode in batch for step in episode.steps]
    gains = _above_baseline(batch, torch.tensor([one for some in credits for one in some]))
    seen = pad_sequence([step.seen for step in steps], batch_first=True)
    chances = [torch.tensor([choice.chance for choice in step.choices]) for step in steps]
    start = pad_sequence(chances, batch_first=True).log()  # −∞ where there is no choice
    chosen = torch.tensor([step.chosen for step in steps])[:, None]
    before = None
    for _ in range(setting.passes):
        said = (start + seen @ weights).log_softmax(1)
        of_chosen = said.gather(1, chosen)[:, 0]
        before = of_chosen.detach() if before is None else before
        ratio = (of_chosen - before).exp()
        clipped = ratio.clamp(1 - setting.clip, 1 + setting.clip)
        there = start > -torch.inf
        kl = (said.exp() * (said - start).masked_fill(~there, 0.0)).sum(1)
        loss = -torch.minimum(ratio * gains, clipped * gains).mean() + setting.kl * kl.mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def _above_baseline(batch: Sequence[Episode], credits: Tensor) -> Tensor:
    """Credits less what a line through what was done and what is left says of each state, in units of their spread."""
    states = torch.tensor(
        [
            [1.0, place, step.before.done, len(episode.chain.operations)]
            for episode in batch
            for place, step in enumerate(episode.steps)
        ]
    )
    line = torch.linalg.lstsq(states, credits[:, None], driver="gelsd").solution
    gains = credits - (states @ line)[:, 0]
    scaled: Tensor = gains / (gains.std() + 1e-6)
    return scaled


# What steps earn ------------------------------------------------------------------------------------------------------


def by_reward_models(setting: Setting, base: Path, *, seed: int) -> dict[str, Credit]:
    """Three arms of two probes that learned from the same solutions.

    "prm": log P(right) of each step and of all that follow, which add up to the log of the solution's score. "prm_sum": the
    same of P(right) as it is; it pays for each step more. "orm": P(right) of the outcome, for every step.
    """
    rng = Random(seed + 1000)  # other problems than the policy's
    (drawn,) = toy_solutions([setting.labeled], error_rate=setting.error_rate / 2, rng=rng)
    read = reader(base)
    known = read(drawn)
    config = TrainConfig(seed=seed)
    prm = learn([(one, one.solution.ratings) for one in known], config)
    orm = learn([(one, [1 if one.is_correct else -1] * len(one.features)) for one in known], config)

    def scores(head: ProbeHead, batch: Sequence[Episode]) -> list[list[float]]:
        rows = probabilities(head, read([one.written() for one in batch]))
        return [[1 - triple[0] for triple in some] for some in rows]

    def logarithms(batch: Sequence[Episode]) -> list[list[float]]:
        return [_to_go([math.log(max(score, LEAST)) for score in some]) for some in scores(prm, batch)]

    def plain(batch: Sequence[Episode]) -> list[list[float]]:
        return [_to_go(some) for some in scores(prm, batch)]

    def of_outcome(batch: Sequence[Episode]) -> list[list[float]]:
        return [[some[-1]] * len(some) for some in scores(orm, batch)]

    return {"prm": logarithms, "prm_sum": plain, "orm": of_outcome}


def by_prover(setting: Setting) -> dict[str, Credit]:
    """ "progress": the outcome and α·A^μ of each step; "bare_q": the outcome and α·Q^μ."""

    def q(episode: Episode) -> tuple[float, list[float]]:
        states = [Belief(0, episode.chain.start), *(step.after for step in episode.steps)]
        values = [continuing.value_of(episode.chain, state, error_rate=setting.error_rate) for state in states]
        first, *others = [best_of_k_value(value, setting.best_of) for value in values]
        return first, others

    def progress(batch: Sequence[Episode]) -> list[list[float]]:
        return [[one.is_right + setting.alpha * gain for gain in advantages(q(one)[1], v0=q(one)[0])] for one in batch]

    def bare_q(batch: Sequence[Episode]) -> list[list[float]]:
        return [[one.is_right + setting.alpha * value for value in q(one)[1]] for one in batch]

    return {"progress": progress, "bare_q": bare_q}


def _to_go(rewards: Sequence[float]) -> list[float]:
    return [sum(rewards[place:]) for place in range(len(rewards))]
