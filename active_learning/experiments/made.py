"""A small autoregressive policy over token sequences: MADE, Germain et al. 2015 (arXiv 1502.03509).

Several policies that know nothing of each other are trained at once, each on its own responses: tensors begin with `runs`.
Masks let the logits at a place depend on the tokens before it only. Hidden units that depend on no token at all are ours:
without them the first place would have nothing but a bias, which Adam moves too slowly.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

HIDDEN = (128, 128, 128)


class Made:
    """`generators`: one for each run; they decide its weights here and its responses later."""

    def __init__(self, generators: Sequence[torch.Generator], *, length: int, tokens: int) -> None:
        self.length, self.tokens = length, tokens
        places = torch.arange(length).repeat_interleave(tokens)
        degrees = [torch.arange(width) % length for width in HIDDEN]  # of degree d: knows the tokens before place d
        # A token at place p is known from degree p + 1 on; a hidden unit to those that know as much.
        before, after = [places + 1, *degrees], [*degrees, places]
        self._masks = [(low[:, None] <= high).float() for low, high in zip(before, after, strict=True)]
        self._weights = [self._drawn(mask.shape[0], tuple(mask.shape), generators) for mask in self._masks]
        self._biases = [self._drawn(mask.shape[0], (1, mask.shape[1]), generators) for mask in self._masks]

    @staticmethod
    def _drawn(inputs: int, shape: tuple[int, ...], generators: Sequence[torch.Generator]) -> Tensor:
        bound = inputs**-0.5
        drawn = [(2 * torch.rand(shape, generator=generator) - 1) * bound for generator in generators]
        return torch.stack(drawn).requires_grad_()

    def parameters(self) -> list[Tensor]:
        return [*self._weights, *self._biases]

    def log_chances(self, responses: Tensor) -> Tensor:
        """log π of each token of responses (runs, batch, length), given those before it; of the same shape."""
        flowing = functional.one_hot(responses, self.tokens).float().flatten(2)
        *hidden, last = zip(self._weights, self._biases, self._masks, strict=True)
        for weight, bias, mask in hidden:
            flowing = torch.baddbmm(bias, flowing, weight * mask).relu()
        weight, bias, mask = last
        logits = torch.baddbmm(bias, flowing, weight * mask).view(*responses.shape, self.tokens)
        return logits.log_softmax(-1).gather(-1, responses[..., None])[..., 0]

    @torch.no_grad()
    def sample(self, count: int, generators: Sequence[torch.Generator]) -> Tensor:
        """Responses of every run: (runs, count, length)."""
        first, second, third, last = (weight * mask for weight, mask in zip(self._weights, self._masks, strict=True))
        runs = len(generators)
        by_token = first.view(runs, self.length, self.tokens, -1)
        chances = torch.stack([torch.rand(count, self.length, generator=generator) for generator in generators])
        run = torch.arange(runs)[:, None]
        # What the tokens so far say to the first hidden layer: later tokens add to it.
        heard = self._biases[0].expand(runs, count, -1).clone()
        written = torch.zeros(runs, count, self.length, dtype=torch.int64)
        for place in range(self.length):
            flowing = torch.baddbmm(self._biases[1], heard.relu(), second).relu()
            flowing = torch.baddbmm(self._biases[2], flowing, third).relu()
            here = slice(place * self.tokens, (place + 1) * self.tokens)
            logits = torch.baddbmm(self._biases[3][:, :, here], flowing, last[:, :, here])
            below = logits.softmax(-1).cumsum(-1)
            token = (below < chances[:, :, place, None]).sum(-1).clamp(max=self.tokens - 1)
            written[:, :, place] = token
            heard += by_token[run, place, token]
        return written
