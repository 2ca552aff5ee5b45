"""The reward model: a language model read at explicit positions, three ratings each.

Lightman et al. 2023, §2.6: the rating is predicted as the token after the last token of a step. `full` trains the
whole model (and `lora` adapters on it) with a head of three rows that start as the language-model rows of three
existing tokens. `probe` freezes the model and trains a small head on what it knows at the step's end. Classes are
negative, neutral, positive. An outcome model (App. E) is the same, read at a solution's last token. A model without
neutral knows two classes, as Math-Shepherd's (Wang et al. 2023, eq. 2): softmax gives the third nothing at all.
"""

from typing import Any

import torch
from torch import Tensor, nn

from active_learning.base_model import ModelError, hidden_states, label_ids, reads_both_ways, unchanged_logits
from active_learning.data import Batch

PROBE_HIDDEN = 64
LOG_PROBABILITY_FEATURES = 3
# Positions whose distribution over the whole vocabulary is held at once: 1024 × 152k floats are 0.6 GB.
CHUNK = 1024
NEUTRAL = 1  # the place of the class
# A logit whose probability is 0 in single precision; finite, so that 0 times its logarithm is 0.
NEVER = -1e9


class StepPRM(nn.Module):
    """`full`: the hidden state at each step end times three rating rows."""

    def __init__(self, backbone: nn.Module, head: nn.Linear, *, has_neutral: bool = True) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.has_neutral = has_neutral

    def forward(self, batch: Batch) -> Tensor:
        """Logits (steps, 3)."""
        return self.read(hidden_states(self.backbone, batch), batch)

    def read(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Logits (steps, 3), in single precision, from hidden states (sequence, token, width) in any."""
        with torch.autocast(hidden.device.type, enabled=False):
            logits: Tensor = hidden[batch.rows, batch.ends].float() @ self.head.weight.float().T
        return logits if self.has_neutral else without_neutral(logits)


class ProbeHead(nn.Module):
    """A two-layer head on standardised features; the scale is part of the weights."""

    mean: Tensor
    scale: Tensor

    def __init__(self, features: int, *, has_neutral: bool = True) -> None:
        super().__init__()
        self.has_neutral = has_neutral
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.layers = nn.Sequential(nn.Linear(features, PROBE_HIDDEN), nn.GELU(), nn.Linear(PROBE_HIDDEN, 3))

    def standardise_by(self, features: Tensor) -> None:
        self.mean.copy_(features.mean(0))
        self.scale.copy_(features.std(0).clamp(min=1e-3))

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.layers((features - self.mean) / self.scale)
        return logits if self.has_neutral else without_neutral(logits)


class ProbePRM(nn.Module):
    """`probe`: a frozen language model and a trained head on its features."""

    def __init__(self, language_model: Any, head: ProbeHead) -> None:
        super().__init__()
        self.language_model = language_model.requires_grad_(False)
        self.head = head

    @torch.no_grad()
    def features(self, batch: Batch) -> Tensor:
        """(steps, hidden + 3): the hidden state at the step's end; least, mean and last log-probability of its tokens.

        The log-probabilities tell how surprised the language model is by the step. Alone they are too good on
        planted errors and too poor on everything else; the hidden state says what the surprise was about.
        An encoder has no log-probabilities; of it: (steps, 2 × hidden), the last and the mean state of the step.
        """
        return self.features_of(hidden_states(self.language_model.base_model, batch), batch)

    @torch.no_grad()
    def features_of(self, hidden: Tensor, batch: Batch) -> Tensor:
        """The same of hidden states (sequence, token, width) that are there already."""
        at_end = hidden[batch.rows, batch.ends].float()
        if reads_both_ways(self.language_model.config):
            sums = nn.functional.pad(hidden.float().cumsum(1), (0, 0, 1, 0))
            of_step = sums[batch.rows, batch.contents + 1] - sums[batch.rows, batch.starts]
            return torch.cat([at_end, of_step / (batch.contents + 1 - batch.starts)[:, None]], 1)
        positions = torch.arange(batch.ids.shape[1], device=batch.ids.device)
        inside = (positions >= batch.starts[:, None]) & (positions <= batch.contents[:, None])
        of_steps = self._log_probabilities(hidden, batch.ids)[batch.rows]
        least = of_steps.masked_fill(~inside, 0.0).amin(1)
        mean = (of_steps * inside).sum(1) / inside.sum(1)
        last = of_steps.gather(1, batch.contents[:, None])[:, 0]
        return torch.cat([at_end, torch.stack([least, mean, last], 1)], 1)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (steps, 3)."""
        logits: Tensor = self.head(self.features(batch))
        return logits

    def read(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Logits (steps, 3) from hidden states (sequence, token, width)."""
        logits: Tensor = self.head(self.features_of(hidden, batch))
        return logits

    def _log_probabilities(self, hidden: Tensor, ids: Tensor) -> Tensor:
        """(sequence, token): log-probability of each token given those before it; 0 for the first."""
        output = self.language_model.get_output_embeddings()
        states, targets = hidden[:, :-1].flatten(0, 1), ids[:, 1:].flatten()
        chunks = [
            output(some).float().log_softmax(-1).gather(1, wanted[:, None])[:, 0]
            for some, wanted in zip(torch.split(states, CHUNK), torch.split(targets, CHUNK), strict=True)
        ]
        return nn.functional.pad(torch.cat(chunks).view(ids.shape[0], -1), (1, 0))


PRM = StepPRM | ProbePRM


def without_neutral(logits: Tensor) -> Tensor:
    """Logits (steps, 3) of which the neutral one has no part in the softmax and gets no gradient."""
    is_neutral = torch.arange(logits.shape[-1], device=logits.device) == NEUTRAL
    return logits.masked_fill(is_neutral, NEVER)


def new_full(
    language_model: Any,
    tokenizer: Any,
    label_words: tuple[str, str, str] | None,
    generator: torch.Generator,
    *,
    has_neutral: bool = True,
) -> StepPRM:
    """A model that says at first what the language model says about the three label words; an encoder, nothing yet."""
    if reads_both_ways(language_model.config):
        head = nn.Linear(language_model.config.hidden_size, 3, bias=False)
        nn.init.normal_(head.weight, std=0.02, generator=generator)
        return StepPRM(language_model.base_model, head, has_neutral=has_neutral).eval()
    rows = label_ids(tokenizer, label_words)
    weight = language_model.get_output_embeddings().weight.data[rows]
    head = nn.Linear(weight.shape[1], 3, bias=False)
    head.weight.data.copy_(weight.float())
    if not unchanged_logits(language_model.base_model, language_model, weight, rows):
        raise ModelError("This model changes its logits after the output layer; train it with mode probe.")
    return StepPRM(language_model.base_model, head, has_neutral=has_neutral).eval()


def new_probe(language_model: Any, generator: torch.Generator, *, has_neutral: bool = True) -> ProbePRM:
    hidden = language_model.config.hidden_size
    more = hidden if reads_both_ways(language_model.config) else LOG_PROBABILITY_FEATURES
    return ProbePRM(language_model, new_head(hidden + more, generator, has_neutral=has_neutral)).eval()


def new_head(features: int, generator: torch.Generator, *, has_neutral: bool = True) -> ProbeHead:
    head = ProbeHead(features, has_neutral=has_neutral)
    for parameter in head.parameters():
        if parameter.dim() == 2:
            nn.init.xavier_uniform_(parameter, generator=generator)
        else:
            nn.init.zeros_(parameter)
    return head
