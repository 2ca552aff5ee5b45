"""The small language models of the toy domain, made from a seed on a CPU: the base, which is read, and the writer.

reading, writing: the tokens of each, and the documents that it learns from. Here: what they have in common.
"""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from active_learning.pretrain import reading, writing
from active_learning.pretrain.reading import make_tokenizer

__all__ = ["MODELS", "PretrainConfig", "make_tokenizer", "pretrain"]

IGNORED = -100


@dataclass(frozen=True)
class PretrainConfig:
    hidden: int = 96
    layers: int = 3
    heads: int = 4
    batch: int = 64
    steps: int = 600
    lr: float = 3e-3
    positions: int = 256  # tokens that it can read
    seed: int = 0


@dataclass(frozen=True)
class SmallModel:
    """What tells one from the other: its tokens, so many documents of its own, and how it is trained."""

    make_tokenizer: Callable[[], PreTrainedTokenizerFast]
    documents: Callable[[int, Any, Random], list[list[int]]]
    config: PretrainConfig


MODELS = {
    "base": SmallModel(reading.make_tokenizer, reading.documents, PretrainConfig()),
    "writer": SmallModel(
        writing.make_tokenizer, writing.documents, PretrainConfig(batch=32, steps=2500, lr=4e-3, positions=512)
    ),
}


def pretrain(
    config: PretrainConfig, out_dir: Path, *, progress: Callable[[dict[str, Any]], None], name: str = "base"
) -> dict[str, Any]:
    """Train one of MODELS, write it as an ordinary half-precision model directory and return its meta.json."""
    tokenizer = MODELS[name].make_tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        network = LlamaForCausalLM(_shape(config, len(tokenizer)))
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _warm_cosine(step, config.steps))
    rng = Random(config.seed)
    loss = torch.zeros(())
    for step in range(config.steps):
        documents = MODELS[name].documents(config.batch, tokenizer, rng)
        loss = _loss(network, _padded(documents, tokenizer.pad_token_id), tokenizer.pad_token_id)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 49:
            progress({"stage": "pretrain", "done": step + 1, "total": config.steps, "loss": round(loss.item(), 4)})
    return _write(network, tokenizer, {"model": name, "config": asdict(config), "loss": round(loss.item(), 4)}, out_dir)


def _shape(config: PretrainConfig, vocabulary: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=config.hidden,
        intermediate_size=config.hidden * 8 // 3,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        max_position_embeddings=config.positions,
        tie_word_embeddings=False,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )


def _padded(documents: list[list[int]], pad_id: int) -> torch.Tensor:
    """(document, token), padded on the right."""
    return torch.nn.utils.rnn.pad_sequence(
        [torch.tensor(ids) for ids in documents], batch_first=True, padding_value=pad_id
    )


def _loss(network: Any, ids: torch.Tensor, pad_id: int) -> torch.Tensor:
    logits = network(input_ids=ids).logits[:, :-1]
    targets = ids[:, 1:].masked_fill(ids[:, 1:] == pad_id, IGNORED)
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def _warm_cosine(step: int, steps: int) -> float:
    warm = max(1, steps // 20)
    return min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))


def _write(network: Any, tokenizer: Any, told: dict[str, Any], out_dir: Path) -> dict[str, Any]:
    network.half().save_pretrained(out_dir)
    tokenizer.save_pretrained(out_dir)
    (out_dir / "generation_config.json").unlink(missing_ok=True)
    names = sorted(path.name for path in out_dir.iterdir() if path.name not in ("meta.json", "README.md"))
    config = told["config"]
    command = f"python -m active_learning pretrain --model {told['model']} --out DIRECTORY"
    meta = {
        "command": f"{command} --steps {config['steps']} --seed {config['seed']}",
        **told,
        "sha256": {name: hashlib.sha256((out_dir / name).read_bytes()).hexdigest() for name in names},
    }
    (out_dir / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    return meta
