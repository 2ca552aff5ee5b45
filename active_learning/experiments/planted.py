"""The planted sequence: the smallest task on which dense rewards can be studied; Setlur et al. 2024, App. B.

A response is right iff it has a hidden sequence of tokens in it, without a gap. The paper gives responses of 10 tokens out
of 15 of which number 14 is the end; how long the hidden sequence is we could not read there. Six is ours, the shortest with
which the outcome alone teaches nothing, as published: the policy of γ = 5 finds it in one of eight hundred responses, and
with five tokens in one of two hundred, which is often enough in the end (docs/experiments.md).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

TOKENS = 15
END = 14  # nothing counts after it; it is never in the hidden sequence
LENGTH = 10  # of a response
PLANTED = 6  # of the hidden sequence

# A state is how much of the sequence the last tokens match. All of it is won for good, and after the end all is lost.
WON = PLANTED
LOST = PLANTED + 1


@dataclass(frozen=True)
class Task:
    planted: tuple[int, ...]

    def moves(self) -> Tensor:
        """The state after each token in each state: (states, TOKENS)."""
        rows = [[self._after(matched, token) for token in range(TOKENS)] for matched in range(WON)]
        return torch.tensor([*rows, [WON] * TOKENS, [LOST] * TOKENS])

    def _after(self, matched: int, token: int) -> int:
        if token == END:
            return LOST
        written = (*self.planted[:matched], token)
        return next(n for n in range(matched + 1, -1, -1) if written[len(written) - n :] == self.planted[:n])

    def prover(self, gamma: float) -> Tensor:
        """The prover's next token: the one that goes on with the sequence has γ times the weight of any other."""
        weights = torch.ones(LOST + 1, TOKENS, dtype=torch.float64)
        for matched, token in enumerate(self.planted):
            weights[matched, token] = gamma
        return weights / weights.sum(1, keepdim=True)

    def values(self, gamma: float) -> Tensor:
        """V^μ, exact: the chance that the prover wins from each state after so many tokens: (LENGTH + 1, states)."""
        moves, chances = self.moves(), self.prover(gamma)
        values = torch.zeros(LENGTH + 1, LOST + 1, dtype=torch.float64)
        values[LENGTH, WON] = 1
        for written in range(LENGTH - 1, -1, -1):
            values[written] = (chances * values[written + 1][moves]).sum(1)
        return values

    def responses(self, count: int, gamma: float, generator: torch.Generator) -> Tensor:
        """What the prover writes: (count, LENGTH)."""
        moves, chances = self.moves(), self.prover(gamma)
        state, tokens = torch.zeros(count, dtype=torch.int64), []
        for _ in range(LENGTH):
            tokens.append(torch.multinomial(chances[state], 1, generator=generator)[:, 0])
            state = moves[state, tokens[-1]]
        return torch.stack(tokens, 1)


def plant(seed: int) -> Task:
    generator = torch.Generator().manual_seed(seed)
    return Task(tuple(torch.randint(0, END, (PLANTED,), generator=generator).tolist()))


def walk(moves: Tensor, responses: Tensor) -> Tensor:
    """The states on the way of responses (runs, batch, LENGTH), each run by its own moves: (runs, batch, LENGTH + 1)."""
    run = torch.arange(len(responses))[:, None]
    states = [torch.zeros(responses.shape[:2], dtype=torch.int64)]
    for place in range(responses.shape[2]):
        states.append(moves[run, states[-1], responses[:, :, place]])
    return torch.stack(states, -1)
