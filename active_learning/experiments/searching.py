"""What search by progress gains, counted in sampled tokens: Setlur et al. 2024, §4 and App. C, App. G.

Everything here works on tasks that are callables, whatever generates and whatever values: `toy_tasks` makes them of the toy
domain, where Q is known exactly and the verifiers see it blurred.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any, Generic, NamedTuple, TypeVar

from active_learning.advantages import best_of_k_value
from active_learning.domains import chains, continuing, toy
from active_learning.domains.continuing import Belief
from active_learning.search import Beam, Bonus, Proposal, Propose, Value, beam_search

S = TypeVar("S")
ALPHAS = tuple(tenth / 10 for tenth in range(11))  # App. C
TUNED_WIDTH = 16  # App. C
WIDTHS = (1, 2, 4, 8, 16)
COMPARED = (("q_beam", "best_of_n"), ("pav_beam", "best_of_n"), ("pav_beam", "q_beam"))


@dataclass(frozen=True)
class Task(Generic[S]):
    """A problem as a search sees it. `proposing` gives a fresh sampler for a seed."""

    start: S
    proposing: Callable[[int], Propose[S]]
    value: Value[S]
    prover_value: Value[S]
    is_right: Callable[[S], bool]  # of a finished solution
    is_trivial: Callable[[S], bool]  # its last step has led nowhere


class Point(NamedTuple):
    """Means over tasks."""

    tokens: float
    steps: float
    accuracy: float


# Searching ------------------------------------------------------------------------------------------------------------


def by_beam(tasks: Sequence[Task[Any]], beam: Beam, *, seed: int) -> tuple[Point, float]:
    """How often the best finished solution is right, at what cost; and the share of trivial steps among those kept."""
    tokens = steps = right = trivial = kept = 0
    for task in tasks:
        found = beam_search(
            task.start, propose=task.proposing(seed), value=task.value, prover_value=task.prover_value, beam=beam
        )
        tokens, steps = tokens + found.tokens, steps + found.steps
        right += bool(found.finished) and task.is_right(found.finished[0].state)
        selected = [one.state for step in found.kept for one in step]
        kept, trivial = kept + len(selected), trivial + sum(map(task.is_trivial, selected))
    count = len(tasks)
    return Point(tokens / count, steps / count, right / count), trivial / kept if kept else 0.0


def by_best_of_n(tasks: Sequence[Task[Any]], ns: Sequence[int], *, seed: int, max_steps: int = 32) -> list[Point]:
    """The same of n whole solutions of which `value` chooses one; those of a smaller n are the first ones of a larger."""
    right, tokens, steps = ([0] * len(ns) for _ in range(3))
    for task in tasks:
        propose = task.proposing(seed)
        drawn = [_whole(task.start, propose, max_steps) for _ in range(max(ns))]
        values = task.value([one.state for one in drawn])
        for place, n in enumerate(ns):
            best = max(range(n), key=lambda i: (drawn[i].is_over, values[i]))
            right[place] += drawn[best].is_over and task.is_right(drawn[best].state)
            tokens[place] += sum(one.tokens for one in drawn[:n])
            steps[place] += sum(one.steps for one in drawn[:n])
    return [Point(*(total / len(tasks) for total in totals)) for totals in zip(tokens, steps, right, strict=True)]


class _Whole(NamedTuple):
    state: Any
    is_over: bool
    tokens: int
    steps: int


def _whole(start: Any, propose: Propose[Any], max_steps: int) -> _Whole:
    state, tokens = start, 0
    for step in range(max_steps):
        ((*drawn,),) = propose([state], 1)
        if not drawn:
            return _Whole(state, False, tokens, step)
        (one,) = drawn
        state, tokens = one.state, tokens + one.tokens
        if one.is_over:
            return _Whole(state, True, tokens, step + 1)
    return _Whole(state, False, tokens, max_steps)


# What is asked of it --------------------------------------------------------------------------------------------------


def tune(
    tasks: Sequence[Task[Any]], *, alphas: Sequence[float] = ALPHAS, width: int = TUNED_WIDTH, seed: int = 0
) -> dict[str, Any]:
    """The accuracy at each α, and the best; the smallest of equal ones. App. C."""
    curve = [{"alpha": alpha, **by_beam(tasks, Beam(width, alpha), seed=seed)[0]._asdict()} for alpha in alphas]
    best = max(curve, key=lambda row: (row["accuracy"], -row["alpha"]))
    return {"best": best["alpha"], "width": width, "problems": len(tasks), "curve": curve}


def guard(
    tasks: Sequence[Task[Any]], *, alphas: Sequence[float], width: int = TUNED_WIDTH, seed: int = 0
) -> list[dict[str, Any]]:
    """Whether what is selected collapses to steps that lead nowhere, by progress and by the prover's bare Q. App. G."""
    bonuses: tuple[Bonus, ...] = ("advantage", "prover_q")
    rows = []
    for bonus in bonuses:
        for alpha in alphas:
            point, trivial = by_beam(tasks, Beam(width, alpha, bonus), seed=seed)
            rows.append({"bonus": bonus, "alpha": alpha, "accuracy": point.accuracy, "trivial_steps": trivial})
    return rows


def equal_compute(
    tasks: Sequence[Task[Any]], *, alpha: float, widths: Sequence[int] = WIDTHS, seed: int = 0
) -> dict[str, list[Point]]:
    """Accuracy over what was sampled: best of N, the beam by Q, and the beam by progress. §4.1.

    A beam samples several times as much as it keeps; N is chosen so that best of N reaches as many tokens.
    """
    ns = [4**power for power in range(6) if 4**power <= 4 * max(widths)]
    return {
        "best_of_n": by_best_of_n(tasks, ns, seed=seed),
        "q_beam": [by_beam(tasks, Beam(width), seed=seed)[0] for width in widths],
        "pav_beam": [by_beam(tasks, Beam(width, alpha), seed=seed)[0] for width in widths],
    }


def compute_ratio(curve: Sequence[Point], baseline: Sequence[Point]) -> dict[str, float | None]:
    """How many times the tokens the baseline takes for the same accuracy: the highest that it reaches.

    The ratio is None where the curve does not reach it.
    """
    target = max(point.accuracy for point in baseline)
    tokens, theirs = tokens_to(curve, target), tokens_to(baseline, target)
    return {"accuracy": target, "ratio": None if tokens is None or theirs is None else theirs / tokens}


def tokens_to(curve: Sequence[Point], accuracy: float) -> float | None:
    """Where the curve first reaches an accuracy, straight between its points over the logarithm of the tokens."""
    points = sorted(curve)
    if points[0].accuracy >= accuracy:
        return points[0].tokens
    for before, after in pairwise(points):
        if before.accuracy < accuracy <= after.accuracy:
            share = (accuracy - before.accuracy) / (after.accuracy - before.accuracy)
            return before.tokens * math.exp(share * math.log(after.tokens / before.tokens))
    return None


# The toy domain as tasks ----------------------------------------------------------------------------------------------


class Written(NamedTuple):
    steps: tuple[str, ...]
    belief: Belief
    is_trivial: bool = False  # no operation in its last step


@dataclass(frozen=True)
class ToyVerifiers:
    """Policy and prover are toy generators; their exact Q is seen with an error, the same at each look."""

    error_rate: float = 0.3  # of the policy, per step
    prover_error_rate: float = 0.3
    best_of: int = 4  # of the prover; §4.2
    blur: float = 3.0  # standard deviation of the error, on the logit
    edge: float = 0.1  # a verifier is never surer than this


def toy_tasks(count: int, setting: ToyVerifiers, *, seed: int) -> list[Task[Written]]:
    problems = toy.problems(count, rng=Random(seed))
    return [_toy_task(problem["problem"], setting, seed) for problem in problems]


def _toy_task(problem: str, setting: ToyVerifiers, seed: int) -> Task[Written]:
    chain = chains.read_problem(problem)

    @cache
    def exact(belief: Belief, error_rate: float) -> float:
        return continuing.value_of(chain, belief, error_rate=error_rate)

    def seen(name: str, state: Written, q: float) -> float:
        sure = min(max(q, setting.edge), 1 - setting.edge)
        error = Random(repr((seed, name, problem, state.steps))).gauss(0, setting.blur)
        return 1 / (1 + math.exp(-math.log(sure / (1 - sure)) - error))

    def value(states: Sequence[Written]) -> list[float]:
        return [seen("policy", state, exact(state.belief, setting.error_rate)) for state in states]

    def prover_value(states: Sequence[Written]) -> list[float]:
        return [
            seen("prover", state, best_of_k_value(exact(state.belief, setting.prover_error_rate), setting.best_of))
            for state in states
        ]

    return Task(
        Written((), Belief(0, chain.start)),
        lambda draw: _proposing(chain, setting.error_rate, Random(repr((seed, draw, problem)))),
        value,
        prover_value,
        is_right=lambda state: state.belief.value == chain.values()[-1],
        is_trivial=lambda state: state.is_trivial,
    )


def _proposing(chain: chains.Chain, error_rate: float, rng: Random) -> Propose[Written]:
    def propose(states: Sequence[Written], n: int) -> list[list[Proposal[Written]]]:
        return [
            [_proposed(state, *continuing.draw(chain, state.belief, error_rate, rng)) for _ in range(n)]
            for state in states
        ]

    return propose


def _proposed(state: Written, step: str, after: Belief) -> Proposal[Written]:
    is_trivial = after.done == state.belief.done and not after.is_over
    return Proposal(Written((*state.steps, step), after, is_trivial), after.is_over, len(step.split()))
