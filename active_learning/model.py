"""The process reward model: a causal language model read at explicit step ends, three ratings each.

Lightman et al. 2023, §2.6: the rating is predicted as the token after the last token of a step. `full` trains the
whole model with a head of three rows that start as the language-model rows of three existing tokens. `probe` freezes
the model and trains a small head on what it knows at the step's end. Classes are negative, neutral, positive.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from active_learning.config import Precision, Triple
from active_learning.data import Batch, Encoded, batches, collate

# Standard error is for the sentence that says what went wrong.
logging.disable_progress_bar()

LABEL_WORDS = ((" bad", " neutral", " good"), ("bad", "neutral", "good"), ("-", "0", "+"))
PROBE_HIDDEN = 64
LOG_PROBABILITY_FEATURES = 3
# Positions whose distribution over the whole vocabulary is held at once: 1024 × 152k floats are 0.6 GB.
CHUNK = 1024
DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}


class ModelError(ValueError):
    """This directory cannot serve as a base model or checkpoint."""


class StepPRM(nn.Module):
    """`full`: the hidden state at each step end times three rating rows."""

    def __init__(self, backbone: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, batch: Batch) -> Tensor:
        """Logits (steps, 3)."""
        return self.read(_hidden(self.backbone, batch), batch)

    def read(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Logits (steps, 3), in single precision, from hidden states (sequence, token, width) in any."""
        logits: Tensor = hidden[batch.rows, batch.ends].float() @ self.head.weight.float().T
        return logits


class ProbeHead(nn.Module):
    """A two-layer head on standardised features; the scale is part of the weights."""

    mean: Tensor
    scale: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.layers = nn.Sequential(nn.Linear(features, PROBE_HIDDEN), nn.GELU(), nn.Linear(PROBE_HIDDEN, 3))

    def standardise_by(self, features: Tensor) -> None:
        self.mean.copy_(features.mean(0))
        self.scale.copy_(features.std(0).clamp(min=1e-3))

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.layers((features - self.mean) / self.scale)
        return logits


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
        """
        return self._features_of(_hidden(self.language_model.base_model, batch), batch)

    def _features_of(self, hidden: Tensor, batch: Batch) -> Tensor:
        surprise = self._log_probabilities(hidden, batch.ids)
        positions = torch.arange(batch.ids.shape[1], device=batch.ids.device)
        inside = (positions >= batch.starts[:, None]) & (positions <= batch.contents[:, None])
        of_steps = surprise[batch.rows]
        least = of_steps.masked_fill(~inside, 0.0).amin(1)
        mean = (of_steps * inside).sum(1) / inside.sum(1)
        last = surprise[batch.rows, batch.contents]
        return torch.cat([hidden[batch.rows, batch.ends].float(), torch.stack([least, mean, last], 1)], 1)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (steps, 3)."""
        logits: Tensor = self.head(self.features(batch))
        return logits

    def read(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Logits (steps, 3) from hidden states (sequence, token, width)."""
        logits: Tensor = self.head(self._features_of(hidden, batch))
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


def step_probabilities(
    model: PRM, sequences: Sequence[Encoded], pad_id: int, batch_tokens: int
) -> list[tuple[Triple, ...]]:
    """For each sequence the probability of negative, neutral and positive of each of its steps, in order.

    Sequences of like length go together; in single precision the batches change no probability by more than 1e-5.
    """
    result: list[tuple[Triple, ...]] = [()] * len(sequences)
    device = next(model.parameters()).device
    for group in batches([len(sequence.ids) for sequence in sequences], batch_tokens):
        batch = collate([sequences[place] for place in group], pad_id).to(device)
        with torch.inference_mode():
            rows = iter(model(batch).softmax(-1).double().tolist())
        for place in group:
            result[place] = tuple(tuple(next(rows)) for _ in sequences[place].ends)
    return result


def _hidden(backbone: Any, batch: Batch) -> Tensor:
    output = backbone(input_ids=batch.ids, attention_mask=batch.mask, use_cache=False)
    hidden: Tensor = output.last_hidden_state
    return hidden


# From a base model --------------------------------------------------------------------------------------------------


def load_tokenizer(directory: Path) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer


def load_language_model(directory: Path, precision: Precision = "fp32") -> Any:
    """The causal language model in a local directory, from safetensors only, without dropout."""
    language_model = AutoModelForCausalLM.from_pretrained(_model_directory(directory), **_loading(precision))
    return language_model.eval()


def load_backbone(directory: Path, precision: Precision = "fp32") -> Any:
    return AutoModel.from_pretrained(_model_directory(directory), **_loading(precision)).eval()


def new_full(language_model: Any, tokenizer: Any, label_words: tuple[str, str, str] | None) -> StepPRM:
    """A PRM that says at first what the language model says about the three label words."""
    rows = label_ids(tokenizer, label_words)
    weight = language_model.get_output_embeddings().weight
    head = nn.Linear(weight.shape[1], 3, bias=False)
    head.weight.data.copy_(weight.data[rows].float())
    model = StepPRM(language_model.base_model, head).eval()
    _check_same_logits(model, language_model, rows)
    return model


def new_probe(language_model: Any, generator: torch.Generator) -> ProbePRM:
    head = ProbeHead(language_model.config.hidden_size + LOG_PROBABILITY_FEATURES)
    for parameter in head.parameters():
        if parameter.dim() == 2:
            nn.init.xavier_uniform_(parameter, generator=generator)
        else:
            nn.init.zeros_(parameter)
    return ProbePRM(language_model, head).eval()


def label_ids(tokenizer: Any, words: tuple[str, str, str] | None) -> list[int]:
    """Token ids of the three label words; raises ModelError unless each is one known token of its own."""
    for triple in (words,) if words else LABEL_WORDS:
        ids = [tokenizer(word, add_special_tokens=False)["input_ids"] for word in triple]
        flat = [token for tokens in ids for token in tokens]
        if all(len(tokens) == 1 for tokens in ids) and len(set(flat)) == 3 and tokenizer.unk_token_id not in flat:
            return flat
    tried = " or ".join("/".join(repr(word) for word in triple) for triple in ((words,) if words else LABEL_WORDS))
    raise ModelError(f"The ratings need three different words that are single tokens of this model; {tried} are not.")


def _model_directory(directory: Path) -> Path:
    if not (directory / "config.json").is_file():
        raise ModelError(f"{directory} is no model directory: it has no config.json.")
    if not any(directory.glob("*.safetensors")):
        raise ModelError(
            f"{directory} has no *.safetensors; weights in other formats are not loaded, as they run code."
        )
    return directory


def _loading(precision: Precision) -> dict[str, Any]:
    return {
        "local_files_only": True,
        "trust_remote_code": False,
        "use_safetensors": True,
        "dtype": DTYPES[precision],
    }


def _check_same_logits(model: StepPRM, language_model: Any, rows: list[int]) -> None:
    """Refuse models that change logits after the output rows (soft caps, scales): three rows would not be them."""
    ids = torch.tensor([rows])
    one, ends = torch.zeros(3, dtype=torch.long), torch.arange(3)
    with torch.inference_mode():
        ours = model(Batch(ids, torch.ones_like(ids), one, ends, ends, ends))
        theirs = language_model(input_ids=ids, use_cache=False).logits[0][:, rows].float()
    if not torch.allclose(ours, theirs, rtol=1e-2, atol=1e-2):
        raise ModelError("This model changes its logits after the output layer; train it with mode probe.")
