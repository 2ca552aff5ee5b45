"""Beam search by progress: Setlur et al. 2024 (arXiv 2410.08146), §4.1.

Of each solution in the beam a few next steps are sampled; those with the highest Q^π + α·A^μ stay (eq. 5), and of the
finished ones Q^π alone chooses. α = 0 is the beam search by Q.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from active_learning.advantages import effective_reward

EXPANSIONS = 3  # next steps of each solution in the beam; §4.1
# Values that differ only by the rounding of their sums are equal.
DIGITS = 9

S = TypeVar("S", bound=Hashable)


class SearchError(ValueError):
    """The search cannot be run like this."""


@dataclass(frozen=True)
class Proposal(Generic[S]):
    """One sampled next step: the solution with it."""

    state: S
    is_over: bool = False
    tokens: int = 1  # that were sampled for it


Propose = Callable[[Sequence[S], int], Sequence[Sequence[Proposal[S]]]]
Value = Callable[[Sequence[S]], Sequence[float]]


# What α weighs: the prover's progress, or its bare Q, which is there to show why progress is meant (App. G).
Bonus = Literal["advantage", "prover_q"]


@dataclass(frozen=True)
class Beam:
    width: int
    alpha: float = 0.0
    bonus: Bonus = "advantage"
    expansions: int = EXPANSIONS
    max_steps: int = 32

    def __post_init__(self) -> None:
        if min(self.width, self.expansions, self.max_steps) < 1:
            raise SearchError("Width, next steps of each and the greatest number of steps are at least 1.")


@dataclass(frozen=True)
class Candidate(Generic[S]):
    state: S
    q: float  # by what chooses among the finished
    prover_q: float
    advantage: float  # of its last step, under the prover
    is_over: bool


@dataclass(frozen=True)
class Found(Generic[S]):
    finished: tuple[Candidate[S], ...]  # at most as many as the beam is wide, the highest Q first
    kept: tuple[tuple[Candidate[S], ...], ...]  # for each step what was selected, best first
    tokens: int  # sampled, those of steps that were dropped included
    steps: int


def beam_search(
    start: S, *, propose: Propose[S], value: Value[S], prover_value: Value[S] | None = None, beam: Beam
) -> Found[S]:
    """Search from a start; `propose` samples so many next steps of each state, `value` is Q^π, `prover_value` Q^μ.

    The start counts as a whole beam, so that the first step is drawn width × expansions times. Equal states are one. A
    finished candidate that is selected is put aside and keeps its place. Of equal candidates the one with the higher Q
    stays, then the one that was proposed first. What has no next step drops out; nothing finished is an empty result.
    Raises SearchError where a callable answers with another number of values than it was asked for.
    """
    prover = prover_value or value
    (root,) = _candidates([Proposal(start)], [0.0], value, prover)
    going, finished, kept = [root], list[Candidate[S]](), list[tuple[Candidate[S], ...]]()
    tokens = steps = 0
    for step in range(beam.max_steps):
        times = beam.expansions if step else beam.expansions * beam.width
        sampled = _asked(propose([one.state for one in going], times), len(going))
        steps += sum(map(len, sampled))
        tokens += sum(proposal.tokens for some in sampled for proposal in some)
        children = _children(going, sampled, value, prover)
        selected = sorted(children, key=lambda one: _rank(one, beam))[: beam.width - len(finished)]
        if not selected:
            break
        kept.append(tuple(selected))
        finished += [one for one in selected if one.is_over]
        going = [one for one in selected if not one.is_over]
        if not going:
            break
    return Found(tuple(sorted(finished, key=lambda one: -round(one.q, DIGITS))), tuple(kept), tokens, steps)


def _children(
    parents: Sequence[Candidate[S]], sampled: Sequence[Sequence[Proposal[S]]], value: Value[S], prover: Value[S]
) -> list[Candidate[S]]:
    new: dict[S, tuple[Proposal[S], float]] = {}
    for parent, proposals in zip(parents, sampled, strict=True):
        for proposal in proposals:
            new.setdefault(proposal.state, (proposal, parent.prover_q))
    if not new:
        return []
    proposals, before = zip(*new.values(), strict=True)
    return _candidates(proposals, before, value, prover)


def _candidates(
    proposals: Sequence[Proposal[S]], before: Sequence[float], value: Value[S], prover: Value[S]
) -> list[Candidate[S]]:
    states = [proposal.state for proposal in proposals]
    q = _asked(value(states), len(states))
    prover_q = q if prover is value else _asked(prover(states), len(states))
    return [
        Candidate(proposal.state, of_policy, of_prover, of_prover - parent, proposal.is_over)
        for proposal, of_policy, of_prover, parent in zip(proposals, q, prover_q, before, strict=True)
    ]


def _rank(one: Candidate[S], beam: Beam) -> tuple[float, float]:
    bonus = one.advantage if beam.bonus == "advantage" else one.prover_q
    return -round(effective_reward(one.q, bonus, beam.alpha), DIGITS), -round(one.q, DIGITS)


T = TypeVar("T")


def _asked(answers: Sequence[T], count: int) -> Sequence[T]:
    if len(answers) != count:
        raise SearchError(f"{count} states were asked about, and {len(answers)} answers came.")
    return answers
