"""The small base model of the toy domain: a causal language model of correct solutions, from a seed, on a CPU.

It learns what a right continuation looks like and has never seen a rating; the PRM is trained on top of it.
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
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from active_learning.data import encode
from active_learning.domains import chains, toy

SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
WORDS = ["⏎", "=", "#", "start", "next", "far", "check", "bad", "neutral", "good"]
IGNORED = -100


@dataclass(frozen=True)
class PretrainConfig:
    hidden: int = 96
    layers: int = 3
    heads: int = 4
    batch: int = 64
    steps: int = 600
    lr: float = 3e-3
    solutions_per_problem: int = 2
    seed: int = 0


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Words as tokens; an operation and its operand are one token ("+3"), and words that mean nothing are none."""
    operations = [f"{sign}{operand}" for sign in "+-*/" for operand in range(1, 10)]
    words = [*SPECIAL, *WORDS, *operations, *map(str, range(chains.HIGHEST + 1))]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    fillers = sorted((filler.strip().lower() for filler in chains.FILLERS), key=len, reverse=True)
    meaningless = "|".join(rf"\b{filler.rstrip('?')}(?![a-z])" for filler in fillers)
    replacements: list[tuple[str | Regex, str]] = [
        (chains.ANSWER_MARK.lower(), " # "),
        ("# answer\n\n", "# "),  # an answer that is a step of its own
        ("\n", " ⏎ "),
        ("$", ""),
        (r"\times ", "*"),
        (r"\div ", "/"),
        ("add ", " +"),
        ("subtract ", " -"),
        ("multiply by ", " *"),
        ("+ ", "+"),
        ("- ", "-"),
        (Regex("[.,:?]"), ""),
        (Regex(meaningless), ""),
    ]
    steps = [normalizers.Lowercase(), *(normalizers.Replace(old, new) for old, new in replacements)]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


def pretrain(config: PretrainConfig, out_dir: Path, *, progress: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Train the base model, write it as an ordinary half-precision model directory and return its meta.json."""
    tokenizer = make_tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        network = LlamaForCausalLM(_shape(config, len(tokenizer)))
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _warm_cosine(step, config.steps))
    rng = Random(config.seed)
    loss = torch.zeros(())
    for step in range(config.steps):
        ids = _texts(config, tokenizer, rng)
        loss = _loss(network, ids, tokenizer.pad_token_id)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 49:
            progress({"stage": "pretrain", "done": step + 1, "total": config.steps, "loss": round(loss.item(), 4)})
    return _write(network, tokenizer, config, loss.item(), out_dir)


def _shape(config: PretrainConfig, vocabulary: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=config.hidden,
        intermediate_size=config.hidden * 8 // 3,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        max_position_embeddings=256,
        tie_word_embeddings=False,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )


def _texts(config: PretrainConfig, tokenizer: Any, rng: Random) -> torch.Tensor:
    """Token ids (sequence, token) of correct solutions, padded on the right."""
    sequences = []
    for problem in toy.problems(config.batch // config.solutions_per_problem, rng=rng):
        for solution in toy.solutions(problem, config.solutions_per_problem, rng=rng, error_rate=0.0):
            sequences.append(torch.tensor([*encode(problem["problem"], solution["steps"], tokenizer).ids, 3]))
    return torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True, padding_value=tokenizer.pad_token_id)


def _loss(network: Any, ids: torch.Tensor, pad_id: int) -> torch.Tensor:
    logits = network(input_ids=ids).logits[:, :-1]
    targets = ids[:, 1:].masked_fill(ids[:, 1:] == pad_id, IGNORED)
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def _warm_cosine(step: int, steps: int) -> float:
    warm = max(1, steps // 20)
    return min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))


def _write(network: Any, tokenizer: Any, config: PretrainConfig, loss: float, out_dir: Path) -> dict[str, Any]:
    network.half().save_pretrained(out_dir)
    tokenizer.save_pretrained(out_dir)
    (out_dir / "generation_config.json").unlink(missing_ok=True)
    names = sorted(path.name for path in out_dir.iterdir() if path.name not in ("meta.json", "README.md"))
    meta = {
        "command": f"python -m active_learning pretrain --out DIRECTORY --steps {config.steps} --seed {config.seed}",
        "config": asdict(config),
        "loss": round(loss, 4),
        "sha256": {name: hashlib.sha256((out_dir / name).read_bytes()).hexdigest() for name in names},
    }
    (out_dir / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    return meta
