"""The two training loops: a whole model (or its adapters) batch by batch, a probe on features computed once.

The loss is the mean over the labeled positions of a batch, over all processes and passes: neither padding nor the cut
into passes weighs. Batches hold sequences of like length, and those with fewer labels give each of them more weight.
A target is a distribution over the three ratings: a person's is all on one, an estimate's (Wang et al. 2023, eq. 2, and
its soft form) is on negative and positive. There is no dropout (Lightman et al. 2023, App. E).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from random import Random
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional

from active_learning import balance, data, prefix
from active_learning.config import TrainConfig
from active_learning.data import Item
from active_learning.model import ProbeHead, ProbePRM, StepPRM
from active_learning.resume import Interrupted, States

Progress = Callable[[dict[str, Any]], None]
WARM_UP = 0.05  # of all steps
CLASSES = 3
UNRATED = (0.0,) * CLASSES  # the target that no loss and no gradient come of
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
    counts = targets_of(items).sum(0)
    inverse = torch.where(counts > 0, counts.clamp(min=1) ** -0.5, 0.0)
    return inverse * counts.sum() / (inverse * counts).sum()


def targets_of(items: Sequence[Item]) -> Tensor:
    """(positions, 3) How probable negative, neutral and positive are to be; UNRATED where nothing is known."""
    targets = [UNRATED if one is None else data.triple_of(one) for item in items for one in item.ratings]
    return torch.tensor(targets).view(-1, CLASSES)


def cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """(positions,) The loss at each, from logits and targets (positions, 3), weighted by class."""
    return functional.cross_entropy(logits, targets, weight=weights, reduction="none")


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
    width = accelerator.num_processes
    of_an_epoch = len(next(_epochs(items, config)))
    steps = max(config.wanted_epochs * math.ceil(of_an_epoch / width), config.least_steps)
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
    order = islice(chain.from_iterable(_epochs(items, config)), done * width, None)
    for step in range(done + 1, steps + 1):
        mine = [next(order) for _ in range(width)][accelerator.process_index]
        loss, stop = _step(prepared, mine, weights, optimizer, run)
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
    return cross_entropy(logits, targets_of(items).to(logits.device), weights).sum()


def collate(items: Sequence[Item], run: Run) -> data.Batch:
    return data.collate([item.encoded for item in items], run.pad_id).to(run.accelerator.device)


def _epochs(items: Sequence[Item], config: TrainConfig) -> Iterator[list[list[Item]]]:
    """The batches of each epoch, in a new order each, for as many epochs as asked; balanced ones are drawn anew."""
    rng = Random(config.seed)
    while True:
        drawn = balance.drawn(items, rng) if config.balance == "buckets" else items
        groups = list(data.batches([len(item.encoded.ids) for item in drawn], config.batch_tokens))
        yield [[drawn[i] for i in group] for group in rng.sample(groups, len(groups))]


# A probe ------------------------------------------------------------------------------------------------------------


def _fit_probe(model: ProbePRM, items: list[Item], weights: Tensor, run: Run) -> list[float]:
    """The base model is frozen, so its features are computed once."""
    model.to(run.accelerator.device)
    features, targets = _features(model, items, run)

    def show(step: int, steps: int, loss: float) -> None:
        if (step % 20 == 0 or step == steps) and run.accelerator.is_main_process:
            run.progress({"stage": "train", "done": step, "total": steps, "loss": round(loss, 5)})

    return fit_head(model.head, features, targets, config=run.config, weights=weights, after_step=show)


def fit_head(
    head: ProbeHead,
    features: Tensor,
    targets: Tensor,
    *,
    config: TrainConfig,
    weights: Tensor | None = None,
    after_step: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> list[float]:
    """Train a head on features (steps, width) and targets (steps, 3), all of them one batch, or if balanced as many of
    either bucket; the loss of every step."""
    if len(features) < 2:
        raise TrainingError("A probe needs at least two rated steps to learn from.")
    head.standardise_by(features)
    steps = max(config.wanted_epochs, config.least_steps)
    optimizer = torch.optim.AdamW(head.parameters(), lr=config.learning_rate, weight_decay=config.decay)
    schedule = _schedule(optimizer, steps)
    rng = torch.Generator().manual_seed(config.seed)
    losses = []
    for step in range(1, steps + 1):
        some = balance.drawn_rows(targets, rng) if config.balance == "buckets" else slice(None)
        loss = cross_entropy(head(features[some]), targets[some], weights).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        after_step(step, steps, losses[-1])
    _check_finite(head)
    return losses


def _features(model: ProbePRM, items: Sequence[Item], run: Run) -> tuple[Tensor, Tensor]:
    """(labeled steps, features) and their targets (labeled steps, 3). Raises resume.Interrupted: features are not kept."""
    read = prefix.alternatives_apart(model, items)
    features, targets = [], []
    for window in range(0, len(read), WINDOW):
        some = read[window : window + WINDOW]
        of_steps = targets_of(some).to(run.accelerator.device)
        is_labeled = of_steps.any(1)
        found = prefix.read_steps(
            model, [item.encoded for item in some], run.pad_id, run.config.tokens_at_once, read=model.features_of
        )
        features.append(torch.cat(found)[is_labeled])
        targets.append(of_steps[is_labeled])
        if run.asked_to_stop():
            raise Interrupted
    return torch.cat(features).clone(), torch.cat(targets)
