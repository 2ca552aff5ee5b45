"""Train a PRM on labeled solutions: a file of PRM800K lines in, a checkpoint directory out.

Lightman et al. 2023, §2.6 and App. F: the likelihood of one rating after each labeled step, two epochs, a low
learning rate. The loss is the mean over labeled steps of a batch, so padding and solution length do not weigh.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional

from active_learning import checkpoint, data, evaluate
from active_learning.config import TrainConfig, to_json
from active_learning.data import Item, Row
from active_learning.model import (
    PRM,
    ProbePRM,
    StepPRM,
    load_language_model,
    load_tokenizer,
    new_full,
    new_probe,
    step_probabilities,
)

Progress = Callable[[dict[str, Any]], None]
WARM_UP = 0.05  # of all steps
UNRATED = -100  # the class that cross entropy leaves out


class TrainingError(ValueError):
    """These labels cannot train a model."""


def train(records_path: Path, config: TrainConfig, out_dir: Path, *, progress: Progress) -> dict[str, Any]:
    """Train, evaluate on held-out problems, publish the checkpoint and return its meta.json.

    Raises TrainingError, data.UnreadableText, model.ModelError or checkpoint.CheckpointError with a sentence to show.
    """
    if out_dir.exists():
        raise checkpoint.CheckpointError(f"{out_dir} is there already; a checkpoint is never overwritten.")
    accelerator = Accelerator(mixed_precision="bf16" if config.precision == "bf16" else "no")
    base = checkpoint.base_directory(config.base)
    tokenizer = load_tokenizer(base)
    rows, counts = data.read_rows(records_path)
    data.check_readable([row.problem for row in rows[:200]] + [row.steps[-1] for row in rows[:200]], tokenizer)
    parts, too_long = split_rows(rows, tokenizer, config)
    counts["too_long"] = too_long
    _check_enough(parts["train"], config)
    language_model = load_language_model(base)
    model: PRM
    if config.mode == "full":
        model = new_full(language_model, tokenizer, config.label_words)
        _fit_full(model, parts["train"], tokenizer.pad_token_id, config, accelerator, progress)
    else:
        model = new_probe(language_model, torch.Generator().manual_seed(config.seed)).to(accelerator.device)
        _fit_probe(model, parts["train"], tokenizer.pad_token_id, config, progress)
    meta = {
        "kind": "prm",
        "config": to_json(config),
        "data_sha256": checkpoint.sha256(records_path),
        "base_sha256": checkpoint.base_sha256(config.base),
        "counts": dict(counts) | {f"{name}_rows": len(items) for name, items in parts.items()},
        "metrics": measure(model, parts, tokenizer.pad_token_id, config),
    }
    if accelerator.is_main_process:
        checkpoint.save(model, tokenizer, meta, out_dir)
    return meta


def split_rows(rows: Sequence[Row], tokenizer: Any, config: TrainConfig) -> tuple[dict[str, list[Item]], int]:
    """Rows to train, to choose the threshold and to measure on, by problem; and how many were too long."""
    parts: dict[str, list[Row]] = {"train": [], "validation": [], "held_out": []}
    for row in rows:
        parts[data.part_of(row.problem, config.eval_fraction)].append(row)
    encoded = {name: data.encode_rows(part, tokenizer, config.max_len) for name, part in parts.items()}
    return {name: items for name, (items, _) in encoded.items()}, sum(too_long for _, too_long in encoded.values())


def measure(model: PRM, parts: dict[str, list[Item]], pad_id: int, config: TrainConfig) -> dict[str, Any]:
    """Figures on the held-out problems, with the threshold chosen on the validation problems."""
    threshold = evaluate.choose_threshold(judge(model, parts["validation"], pad_id, config))
    return evaluate.evaluate(judge(model, parts["held_out"], pad_id, config), threshold)


def judge(model: PRM, items: Sequence[Item], pad_id: int, config: TrainConfig) -> list[evaluate.Judged]:
    """The model's probabilities beside people's ratings, in the order of the items."""
    found = step_probabilities(model, [item.encoded for item in items], pad_id, config.batch_tokens)
    return [evaluate.Judged(triples, item.ratings) for item, triples in zip(items, found, strict=True)]


def evaluate_file(loaded: checkpoint.Checkpoint, records_path: Path) -> dict[str, Any]:
    """Figures of a checkpoint on all records of a file, with the threshold chosen when it was trained."""
    rows, counts = data.read_rows(records_path)
    items, too_long = data.encode_rows(rows, loaded.tokenizer, loaded.config.max_len)
    judged = judge(loaded.model, items, loaded.tokenizer.pad_token_id, loaded.config)
    return {**evaluate.evaluate(judged, loaded.meta["metrics"]["threshold"]), **counts, "too_long": too_long}


def _check_enough(items: Sequence[Item], config: TrainConfig) -> None:
    ratings = {rating for item in items for rating in item.ratings if rating is not None}
    if -1 not in ratings or not ratings & {0, 1}:
        raise TrainingError(
            "Training needs at least one step rated negative and one rated positive or neutral, outside the held-out "
            f"{config.eval_fraction:.0%} of problems. Label more solutions."
        )


def _classes(items: Sequence[Item]) -> Tensor:
    """(steps,) 0 negative, 1 neutral, 2 positive; UNRATED where there is no rating."""
    return torch.tensor([UNRATED if rating is None else rating + 1 for item in items for rating in item.ratings])


def _schedule(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LambdaLR:
    """Linear warm-up, then half a cosine down to nothing."""
    warm = max(1, round(WARM_UP * steps))

    def factor(step: int) -> float:
        return min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


# Mode full ----------------------------------------------------------------------------------------------------------


def _fit_full(
    model: StepPRM, items: list[Item], pad_id: int, config: TrainConfig, accelerator: Accelerator, progress: Progress
) -> None:
    groups = list(data.batches([len(item.encoded.ids) for item in items], config.batch_tokens))
    groups_a_step = accelerator.num_processes
    steps_an_epoch = math.ceil(len(groups) / groups_a_step)
    steps = max(config.epochs * steps_an_epoch, config.least_steps)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.decay)
    schedule = _schedule(optimizer, steps)
    prepared, optimizer = accelerator.prepare(model, optimizer)
    order = _endless(groups, Random(config.seed))
    for step in range(steps):
        mine = [next(order) for _ in range(groups_a_step)][accelerator.process_index]
        chosen = [items[i] for i in mine]
        batch = data.collate([item.encoded for item in chosen], pad_id).to(accelerator.device)
        with accelerator.autocast():
            loss = _mean_loss(prepared(batch), _classes(chosen).to(accelerator.device), accelerator)
        optimizer.zero_grad()
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(prepared.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if accelerator.is_main_process:
            progress({"stage": "train", "done": step + 1, "total": steps, "loss": round(loss.item(), 5)})


def _mean_loss(logits: Tensor, classes: Tensor, accelerator: Accelerator) -> Tensor:
    """The mean over the labeled steps of all processes: gradients are averaged over processes, hence the factor."""
    labeled = accelerator.reduce((classes != UNRATED).sum(), reduction="sum")
    total = functional.cross_entropy(logits, classes, ignore_index=UNRATED, reduction="sum")
    mean: Tensor = total * accelerator.num_processes / labeled.clamp(min=1)
    return mean


def _endless(groups: list[list[int]], rng: Random) -> Iterator[list[int]]:
    """All groups in a new order each epoch, for as many epochs as asked."""
    while True:
        yield from rng.sample(groups, len(groups))


# Mode probe ---------------------------------------------------------------------------------------------------------


def _fit_probe(model: ProbePRM, items: list[Item], pad_id: int, config: TrainConfig, progress: Progress) -> None:
    """The base model is frozen, so its features are computed once and all of them are one batch of each step."""
    features, classes = _features(model, items, pad_id, config)
    model.head.standardise_by(features)
    steps = max(config.epochs, config.least_steps)
    optimizer = torch.optim.AdamW(model.head.parameters(), lr=config.learning_rate, weight_decay=config.decay)
    schedule = _schedule(optimizer, steps)
    for step in range(steps):
        loss = functional.cross_entropy(model.head(features), classes)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % 20 == 19 or step + 1 == steps:
            progress({"stage": "train", "done": step + 1, "total": steps, "loss": round(loss.item(), 5)})


def _features(model: ProbePRM, items: Sequence[Item], pad_id: int, config: TrainConfig) -> tuple[Tensor, Tensor]:
    """(labeled steps, features) and their classes."""
    features, classes = [], []
    device = next(model.parameters()).device
    for group in data.batches([len(item.encoded.ids) for item in items], config.batch_tokens):
        chosen = [items[i] for i in group]
        of_steps = _classes(chosen).to(device)
        batch = data.collate([item.encoded for item in chosen], pad_id).to(device)
        features.append(model.features(batch)[of_steps != UNRATED])
        classes.append(of_steps[of_steps != UNRATED])
    return torch.cat(features), torch.cat(classes)
