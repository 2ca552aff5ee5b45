"""The two training loops: a whole model (or its adapters) batch by batch, a probe on features computed once.

The loss is the mean over the labeled positions of a batch, over all processes and passes: neither padding nor the cut
into passes weighs. Batches hold sequences of like length, and those with fewer labels give each of them more weight.
There is no dropout (Lightman et al. 2023, App. E).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional

from active_learning import data, prefix
from active_learning.config import TrainConfig
from active_learning.data import Item
from active_learning.model import ProbeHead, ProbePRM, StepPRM
from active_learning.resume import Interrupted, States

Progress = Callable[[dict[str, Any]], None]
WARM_UP = 0.05  # of all steps
UNRATED = -100  # the class that cross entropy leaves out
CLASSES = 3
DIVERGED = "The loss is no number any more: take a smaller learning rate (lr), or precision fp32."
WINDOW = 1024  # items whose features are computed between two looks at whether to stop


class TrainingError(ValueError):
    """These labels cannot train a model, or not with these settings."""


@dataclass(frozen=True)
class Run:
    """What a loop is given besides model and data."""

    config: TrainConfig
    accelerator: Accelerator
    pad_id: int
    progress: Progress
    states: States
    asked_to_stop: Callable[[], bool]


def make_accelerator() -> Accelerator:
    """On the devices that are there; without the word a machine that has none takes no second process."""
    return Accelerator(cpu=not torch.accelerator.is_available())


def fit(model: StepPRM | ProbePRM, items: list[Item], run: Run) -> list[float]:
    """Train in place and return the loss of every step. Raises TrainingError, resume.Interrupted."""
    weights = _class_weights(items, run.config).to(run.accelerator.device)
    if isinstance(model, ProbePRM):
        return _fit_probe(model, items, weights, run)
    return _fit_whole(model, items, weights, run)


def _class_weights(items: Sequence[Item], config: TrainConfig) -> Tensor:
    """(classes,) How much a label of each class counts; on average over the labels, 1."""
    if config.class_weight == "none":
        return torch.ones(CLASSES)
    labeled = classes_of(items)
    counts = torch.bincount(labeled[labeled != UNRATED], minlength=CLASSES).float()
    inverse = torch.where(counts > 0, counts.clamp(min=1) ** -0.5, 0.0)
    return inverse * counts.sum() / (inverse * counts).sum()


def classes_of(items: Sequence[Item]) -> Tensor:
    """(positions,) 0 negative, 1 neutral, 2 positive; UNRATED where there is no rating."""
    return torch.tensor([UNRATED if rating is None else rating + 1 for item in items for rating in item.ratings])


def _schedule(optimizer: torch.optim.Optimizer, steps: int, done: int = 0) -> torch.optim.lr_scheduler.LambdaLR:
    """Linear warm-up, then half a cosine down to nothing."""
    warm = max(1, round(WARM_UP * steps))

    def factor(step: int) -> float:
        return min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))

    for group in optimizer.param_groups:
        group.setdefault("initial_lr", group["lr"])
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor, last_epoch=done - 1)


# A whole model ------------------------------------------------------------------------------------------------------


def _fit_whole(model: StepPRM, items: list[Item], weights: Tensor, run: Run) -> list[float]:
    config, accelerator = run.config, run.accelerator
    groups = list(data.batches([len(item.encoded.ids) for item in items], config.batch_tokens))
    width = accelerator.num_processes
    steps = max(config.wanted_epochs * math.ceil(len(groups) / width), config.least_steps)
    model.to(accelerator.device)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    on_gpu = accelerator.device.type == "cuda"
    optimizer = torch.optim.AdamW(trained, lr=config.learning_rate, weight_decay=config.decay, fused=on_gpu or None)
    done, losses = run.states.restore(model, optimizer)
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        run.states.forget_after(done)
    schedule = _schedule(optimizer, steps, done)
    prepared = accelerator.prepare(model)
    order = islice(_endless(groups, Random(config.seed)), done * width, None)
    for step in range(done + 1, steps + 1):
        mine = [next(order) for _ in range(width)][accelerator.process_index]
        loss, stop = _step(prepared, [items[i] for i in mine], weights, optimizer, run)
        schedule.step()
        losses.append(loss)
        if accelerator.is_main_process:
            run.progress({"stage": "train", "done": step, "total": steps, "loss": round(loss, 5)})
        due = config.save_every and step % config.save_every == 0
        if (stop or due) and step < steps and accelerator.is_main_process:
            run.states.save(step, model, optimizer, losses)
        if stop and step < steps:
            accelerator.wait_for_everyone()  # the launcher of several processes kills the last one when the first ends
            raise Interrupted
    _check_finite(model)
    return losses


def _step(
    prepared: Any, batch: list[Item], weights: Tensor, optimizer: torch.optim.Optimizer, run: Run
) -> tuple[float, bool]:
    """One step of the optimizer; its loss, and whether any process was asked to stop."""
    accelerator = run.accelerator
    labeled = sum(rating is not None for item in batch for rating in item.ratings)
    mine = torch.tensor([float(labeled), float(run.asked_to_stop())], device=accelerator.device)
    counted, stop = accelerator.reduce(mine, reduction="sum").tolist()
    passes = list(data.batches([len(item.encoded.ids) for item in batch], run.config.tokens_at_once))
    total = torch.zeros((), device=accelerator.device)
    for number, some in enumerate(passes, start=1):
        items = [batch[i] for i in some]
        # Only the last pass of a step exchanges gradients: processes may need different numbers of passes.
        with nullcontext() if number == len(passes) else accelerator.no_sync(prepared):
            with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=run.config.precision == "bf16"):
                loss = summed_loss(prepared(collate(items, run)), items, weights) / max(1.0, counted)
            # Gradients are averaged over processes, and each has divided by the labels of all.
            accelerator.backward(loss * accelerator.num_processes)
        total += loss.detach()
    norm = accelerator.clip_grad_norm_(prepared.parameters(), 1.0)
    mean = float(accelerator.reduce(total, reduction="sum").item())
    if not (math.isfinite(mean) and math.isfinite(float(norm))):
        raise TrainingError(DIVERGED)
    optimizer.step()
    optimizer.zero_grad()
    return mean, stop > 0


def _check_finite(model: torch.nn.Module) -> None:
    """The last step is not followed by a loss that would tell."""
    if not all(bool(parameter.isfinite().all()) for parameter in model.parameters() if parameter.requires_grad):
        raise TrainingError(DIVERGED)


def summed_loss(logits: Tensor, items: Sequence[Item], weights: Tensor) -> Tensor:
    """Cross entropy summed over the labeled positions of logits (positions, 3), weighted by class."""
    classes = classes_of(items).to(logits.device)
    losses = functional.cross_entropy(logits, classes, weight=weights, ignore_index=UNRATED, reduction="none")
    return losses.sum()


def collate(items: Sequence[Item], run: Run) -> data.Batch:
    return data.collate([item.encoded for item in items], run.pad_id).to(run.accelerator.device)


def _endless(groups: list[list[int]], rng: Random) -> Iterator[list[int]]:
    """All groups in a new order each epoch, for as many epochs as asked."""
    while True:
        yield from rng.sample(groups, len(groups))


# A probe ------------------------------------------------------------------------------------------------------------


def _fit_probe(model: ProbePRM, items: list[Item], weights: Tensor, run: Run) -> list[float]:
    """The base model is frozen, so its features are computed once."""
    model.to(run.accelerator.device)
    features, classes = _features(model, items, run)

    def show(step: int, steps: int, loss: float) -> None:
        if (step % 20 == 0 or step == steps) and run.accelerator.is_main_process:
            run.progress({"stage": "train", "done": step, "total": steps, "loss": round(loss, 5)})

    return fit_head(model.head, features, classes, config=run.config, weights=weights, after_step=show)


def fit_head(
    head: ProbeHead,
    features: Tensor,
    classes: Tensor,
    *,
    config: TrainConfig,
    weights: Tensor | None = None,
    after_step: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> list[float]:
    """Train a head on features (steps, width) and classes (steps,), all of them one batch; the loss of every step."""
    if len(features) < 2:
        raise TrainingError("A probe needs at least two rated steps to learn from.")
    head.standardise_by(features)
    steps = max(config.wanted_epochs, config.least_steps)
    optimizer = torch.optim.AdamW(head.parameters(), lr=config.learning_rate, weight_decay=config.decay)
    schedule = _schedule(optimizer, steps)
    losses = []
    for step in range(1, steps + 1):
        loss = functional.cross_entropy(head(features), classes, weight=weights, reduction="none").mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        after_step(step, steps, losses[-1])
    _check_finite(head)
    return losses


def _features(model: ProbePRM, items: Sequence[Item], run: Run) -> tuple[Tensor, Tensor]:
    """(labeled steps, features) and their classes. Raises resume.Interrupted: features are not kept."""
    read = prefix.alternatives_apart(model, items)
    features, classes = [], []
    for window in range(0, len(read), WINDOW):
        some = read[window : window + WINDOW]
        of_steps = classes_of(some).to(run.accelerator.device)
        found = prefix.read_steps(
            model, [item.encoded for item in some], run.pad_id, run.config.tokens_at_once, read=model.features_of
        )
        features.append(torch.cat(found)[of_steps != UNRATED])
        classes.append(of_steps[of_steps != UNRATED])
        if run.asked_to_stop():
            raise Interrupted
    return torch.cat(features).clone(), torch.cat(classes)
