"""A frozen base model that is loaded once and reads many batches of solutions."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from active_learning import prefix
from active_learning.base_model import load_language_model, load_tokenizer
from active_learning.data import encode
from active_learning.experiments.known import Known, Solution
from active_learning.model import new_probe
from active_learning.score import CPU_BATCH_TOKENS


def reader(base: Path) -> Callable[[Sequence[Solution]], list[Known]]:
    """What `known.with_features` does, with the base model loaded once for all batches."""
    tokenizer = load_tokenizer(base)
    probe = new_probe(load_language_model(base), torch.Generator())

    def read(solutions: Sequence[Solution]) -> list[Known]:
        encoded = [encode(one.problem, one.steps, tokenizer) for one in solutions]
        features = prefix.read_steps(probe, encoded, tokenizer.pad_token_id, CPU_BATCH_TOKENS, read=probe.features_of)
        return [Known(one, found.float()) for one, found in zip(solutions, features, strict=True)]

    return read
