"""One epoch of a causal language model on how prompts should go on. The prompt itself has no target."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import torch
from torch.nn import functional
from transformers import AutoConfig, get_cosine_schedule_with_warmup

from active_learning.base_model import load_language_model
from active_learning.data import batches

IGNORED = -100  # the target that cross entropy leaves out
WARM_UP = 0.05  # of all steps


class Diverged(ValueError):
    """The loss is no number any more: take a smaller learning rate."""


class Continuation(NamedTuple):
    ids: list[int]
    prompt_len: int  # tokens


@dataclass(frozen=True)
class FineTuning:
    lr: float
    batch_tokens: int  # of one step of the optimizer, with padding
    seed: int  # of the order


def fine_tune(
    base: Path,
    texts: Sequence[Continuation],
    pad_id: int,
    config: FineTuning,
    progress: Callable[[dict[str, Any]], None],
) -> Any:
    """The model in that folder after each text was seen once, in the precision in which it was stored. Raises Diverged."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    stored = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False).dtype  # nosec B615 # a local folder
    network = load_language_model(base).to(device)  # without dropout, in fp32
    groups = list(batches([len(text.ids) for text in texts], config.batch_tokens))
    Random(config.seed).shuffle(groups)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=0.01)
    schedule = get_cosine_schedule_with_warmup(optimizer, round(WARM_UP * len(groups)), len(groups))
    for step, group in enumerate(groups, start=1):
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            loss = _loss(network, [texts[place] for place in group], pad_id)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        if not math.isfinite(loss.item() + norm.item()):
            raise Diverged(Diverged.__doc__)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        progress({"stage": "tune", "done": step, "total": len(groups), "loss": round(loss.item(), 4)})
    return network.to(stored or torch.float32)


def _loss(network: Any, texts: Sequence[Continuation], pad_id: int) -> torch.Tensor:
    """Mean over the tokens behind the prompts."""
    longest = max(len(text.ids) for text in texts)
    padding = [longest - len(text.ids) for text in texts]
    ids = torch.tensor([text.ids + [pad_id] * more for text, more in zip(texts, padding, strict=True)])
    targets = torch.tensor(
        [
            [IGNORED] * text.prompt_len + text.ids[text.prompt_len :] + [IGNORED] * more
            for text, more in zip(texts, padding, strict=True)
        ]
    )
    # Padding stands on the right, where no token before it can see it.
    logits = network(input_ids=ids.to(network.device), use_cache=False).logits[:, :-1]
    return functional.cross_entropy(
        logits.flatten(0, 1).float(), targets[:, 1:].flatten().to(logits.device), ignore_index=IGNORED
    )
