"""Train a reward model: a file of labeled solutions in, a checkpoint directory out.

Lightman et al. 2023, §2.6 and App. F: the likelihood of one rating after each labeled step, two epochs, a low
learning rate. App. E: an outcome model is trained for one epoch to say after every token whether the final answer will
be right, and is asked at the last. Wang et al. 2023 (Math-Shepherd), eq. 2: from automatic labels alone a model learns two
classes, whether a step still leads to the right answer or does not.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import torch

from active_learning import checkpoint, data, evaluate, mixing, prefix, resume, targets
from active_learning.base_model import (
    check_is_model,
    check_tokenizer,
    checkpoint_activations,
    compile_layers,
    load_language_model,
    load_tokenizer,
    longest,
    reads_both_ways,
    with_adapters,
)
from active_learning.config import TrainConfig, resolved, to_json
from active_learning.data import Item
from active_learning.evaluate.calibration import step_calibration
from active_learning.hashes import sha256
from active_learning.model import PRM, new_full, new_probe
from active_learning.optimize import Progress, Run, TrainingError, fit, make_accelerator
from active_learning.targets import Row
from active_learning.vocabulary import base_directory

CURVE_POINTS = 100
Parts = dict[str, list[Item]]


@dataclass(frozen=True)
class Sources:
    """The files that a model learns from: labels of people (or graded samples), and estimates by rollouts."""

    records: Path | None
    automatic: Path | None

    @classmethod
    def checked(cls, records: Path | None, automatic: Path | None, config: TrainConfig) -> "Sources":
        if records is None and automatic is None:
            raise TrainingError("There is nothing to train on: give labels of people, automatic labels, or both.")
        if automatic is not None and config.kind == "orm":
            raise TrainingError("An outcome model learns from graded samples: automatic labels are of steps.")
        return cls(records, automatic)

    @property
    def knows_neutral(self) -> bool:
        return self.records is not None

    @property
    def measured(self) -> Path:
        """What figures are of: labels of people, where there are any."""
        measured = self.records or self.automatic
        assert measured is not None, "sources are checked first"
        return measured

    def tell(self) -> dict[str, Any]:
        told = {"data_sha256": sha256(self.measured)}
        if self.automatic is not None:
            told["automatic_sha256"] = sha256(self.automatic)
            told["measured_on"] = "people" if self.records else "automatic"
        return told


def train(  # noqa: PLR0913 - keyword-only
    records_path: Path | None,
    config: TrainConfig,
    out_dir: Path,
    *,
    automatic: Path | None = None,
    progress: Progress,
    asked_to_stop: Callable[[], bool] = lambda: False,
    compiled: bool = False,
) -> dict[str, Any]:
    """Train, publish the checkpoint with its figures on held-out problems, and return its meta.json.

    `automatic` holds estimates by rollouts, beside the records or alone. Of several processes the main one publishes, the
    others return nothing. Goes on where an earlier call with the same arguments was interrupted. `compiled`: by
    torch.compile. Raises resume.Interrupted, and ValueErrors with a sentence where base model or labels cannot be used.
    """
    if out_dir.exists():
        raise checkpoint.CheckpointError(f"{out_dir} is there already; a checkpoint is never overwritten.")
    sources = Sources.checked(records_path, automatic, config)
    accelerator = make_accelerator()
    tokenizer, language_model, config = _load_base(replace(config, has_neutral=sources.knows_neutral))
    parts, counts = _read_parts(sources, tokenizer, config)
    made_of = _made_of(sources, config)
    states = resume.States(resume.beside(out_dir), made_of | {"processes": accelerator.num_processes})
    model = _new_model(language_model, tokenizer, config, compiled=compiled)
    learned = _as_trained(parts["train"], config, can_read_every_token=not reads_both_ways(language_model.config))
    started = time.monotonic()
    losses = fit(model, learned, Run(config, accelerator, tokenizer.pad_token_id, progress, states, asked_to_stop))
    seconds = round(time.monotonic() - started, 2)
    if not accelerator.is_main_process:
        return {}

    def describe(written: PRM) -> dict[str, Any]:
        figures = measure(written, parts, tokenizer.pad_token_id, config)
        told = {"counts": counts, "losses": _thinned(losses), "train_seconds": seconds, "metrics": figures}
        return {"kind": config.kind, **made_of, **told}

    meta = checkpoint.save(model, tokenizer, config, out_dir, describe)
    states.remove()
    return meta


def _load_base(config: TrainConfig) -> tuple[Any, Any, TrainConfig]:
    """Tokenizer and language model, and the configuration as it will be used: with defaults, and the tokens these read."""
    base = base_directory(config.base)
    check_is_model(base)
    # What is trained keeps its weights in single precision; what is frozen is read as it will be when it scores.
    precision = config.precision if config.mode == "probe" else "fp32"
    tokenizer, language_model = load_tokenizer(base), load_language_model(base, precision)
    check_tokenizer(language_model, tokenizer)
    return tokenizer, language_model, replace(resolved(config), max_len=longest(language_model, tokenizer, config))


def _made_of(sources: Sources, config: TrainConfig) -> dict[str, Any]:
    """What tells one training from another: its configuration, its labels and the model that it begins from."""
    return {"config": to_json(config), **sources.tell(), "base_sha256": checkpoint.base_sha256(config.base)}


def _new_model(language_model: Any, tokenizer: Any, config: TrainConfig, *, compiled: bool) -> PRM:
    model = _with_head(language_model, tokenizer, config)
    if compiled:
        compile_layers(model)
    return model


def _with_head(language_model: Any, tokenizer: Any, config: TrainConfig) -> PRM:
    generator = torch.Generator().manual_seed(config.seed)
    if config.mode == "probe":
        return new_probe(language_model, generator, has_neutral=config.has_neutral)
    model = new_full(language_model, tokenizer, config.label_words, generator, has_neutral=config.has_neutral)
    if config.mode == "lora":
        model.backbone = with_adapters(model.backbone, config)
    if config.gradient_checkpointing:
        checkpoint_activations(model.backbone)
    return model


def _thinned(losses: Sequence[float]) -> list[list[float]]:
    """At most so many points of a curve: the last step of each stretch and the mean loss over it."""
    length = -(-len(losses) // CURVE_POINTS)
    stretches = [losses[start : start + length] for start in range(0, len(losses), length)] if losses else []
    return [
        [min((place + 1) * length, len(losses)), round(sum(stretch) / len(stretch), 5)]
        for place, stretch in enumerate(stretches)
    ]


# Data ---------------------------------------------------------------------------------------------------------------


def _read_parts(sources: Sources, tokenizer: Any, config: TrainConfig) -> tuple[Parts, dict[str, int]]:
    """What trains, chooses the threshold and is measured on, with the counts for meta.json."""
    rows, counts = read_rows(sources.records, config) if sources.records else ([], Counter())
    if sources.automatic:
        more, found = mixing.automatic_rows(sources.automatic, sources.records, config)
        rows, counts = rows + more, counts + found
    if not rows:
        why = ", ".join(f"{name}: {count}" for name, count in counts.items() if count) or "it is empty"
        raise TrainingError(f"{sources.measured.name} holds nothing to train on: {why}.")
    data.check_readable([row.problem for row in rows[:200]] + [row.steps[-1] for row in rows[:200]], tokenizer)
    parts, counts["too_long"] = split_rows(rows, tokenizer, config)
    _check_enough(parts["train"], config)
    return parts, dict(counts) | {f"{name}_rows": len(items) for name, items in parts.items()}


def read_rows(path: Path, config: TrainConfig) -> tuple[list[Row], Counter[str]]:
    """The rows of a file as the kind of model reads it, and how many were left out, by reason."""
    if config.kind == "prm":
        return targets.read_rows(path)
    return targets.read_outcomes(
        path, most_per_problem=config.most_per_problem, chosen_too=config.chosen_too, rng=Random(config.seed)
    )


def split_rows(rows: Sequence[Row], tokenizer: Any, config: TrainConfig) -> tuple[Parts, int]:
    """Rows to train, to choose the threshold and to measure on, by problem; and how many were too long."""
    parts: dict[str, list[Row]] = {"train": [], "validation": [], "held_out": []}
    for row in rows:
        parts[targets.part_of(row.problem, config.eval_fraction)].append(row)
    if config.form == "completion" and config.kind == "prm":
        parts["train"] = [one for row in parts["train"] for one in targets.one_completion_each(row)]
    encoded = {name: targets.encode_rows(part, tokenizer, config.max_len) for name, part in parts.items()}
    return {name: items for name, (items, _) in encoded.items()}, sum(too_long for _, too_long in encoded.values())


def _as_trained(items: list[Item], config: TrainConfig, *, can_read_every_token: bool) -> list[Item]:
    """An outcome model learns at every token of the solution; where steps must be kept apart, at the end of each."""
    if config.kind == "prm" or config.mode == "probe" or not can_read_every_token:
        return items
    everywhere = [item.encoded.at_every_token() for item in items]
    return [
        replace(item, encoded=encoded, ratings=item.ratings[:1] * len(encoded.ends))
        for item, encoded in zip(items, everywhere, strict=True)
    ]


def _check_enough(items: Sequence[Item], config: TrainConfig) -> None:
    ratings = {data.rating_of(target) for item in items for target in item.ratings if target is not None}
    if -1 in ratings and ratings & {0, 1}:
        return
    outside = f"outside the held-out {config.eval_fraction:.0%} of problems"
    if config.kind == "orm":
        raise TrainingError(f"Training needs a solution with a right final answer and one with a wrong one, {outside}.")
    if not config.has_neutral:
        raise TrainingError(
            f"Training needs at least one step that led to the right answer and one that did not, {outside}."
        )
    raise TrainingError(
        f"Training needs at least one step rated negative and one rated positive or neutral, {outside}. "
        "Label more solutions."
    )


# Figures ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class JudgedFile:
    """What a model says beside what people rated: everything, and whole solutions only; what was used and left out."""

    everything: list[evaluate.Judged]
    whole: list[evaluate.Judged]
    counts: Counter[str]


def measure(model: PRM, parts: Parts, pad_id: int, config: TrainConfig) -> dict[str, Any]:
    """Figures on the held-out problems, with the threshold chosen on the validation problems."""
    held_out = _judge_both(model, parts["held_out"], pad_id, config)
    if config.kind == "orm":
        return figures_of(held_out, evaluate.DEFAULT_THRESHOLD)
    validation = _judge_both(model, [item for item in parts["validation"] if item.is_whole], pad_id, config)
    return figures_of(held_out, evaluate.choose_threshold(validation.whole))


def figures_of(judged: JudgedFile, threshold: float) -> dict[str, Any]:
    """Steps are all that was rated; a first error is what a solution has, not an alternative to one of its steps."""
    of_steps = step_calibration(judged.everything)
    return {
        **evaluate.evaluate(judged.whole, threshold),
        **{"steps": of_steps["count"], "step_auc": of_steps["auc"], "ece": of_steps["ece"], "nll": of_steps["nll"]},
    }


def _judge_both(model: PRM, items: Sequence[Item], pad_id: int, config: TrainConfig) -> JudgedFile:
    """An outcome model is asked at the last token only."""
    judged = judge(model, items, pad_id, config)
    if config.kind == "orm":
        judged = [evaluate.Judged(one.probabilities[-1:], one.ratings[-1:]) for one in judged]
    return JudgedFile(judged, [one for one, item in zip(judged, items, strict=True) if item.is_whole], Counter())


def judge(model: PRM, items: Sequence[Item], pad_id: int, config: TrainConfig) -> list[evaluate.Judged]:
    """The model's probabilities beside the ratings, in the order of the items."""
    read = prefix.alternatives_apart(model, items)
    found = prefix.step_probabilities(model, [item.encoded for item in read], pad_id, config.tokens_at_once)
    return [evaluate.Judged(triples, item.as_rated()) for item, triples in zip(read, found, strict=True)]


def judge_file(loaded: checkpoint.Checkpoint, records_path: Path) -> JudgedFile:
    """All records of a file; `trained_on` counts rows of problems that this checkpoint was trained on, if it is its file."""
    config = loaded.config
    rows, counts = read_rows(records_path, config)
    items, counts["too_long"] = targets.encode_rows(rows, loaded.tokenizer, config.max_len)
    if sha256(records_path) == loaded.meta["data_sha256"]:
        parts = (targets.part_of(row.problem, config.eval_fraction) for row in rows)
        counts["trained_on"] = sum(part == "train" for part in parts)
    return replace(_judge_both(loaded.model, items, loaded.tokenizer.pad_token_id, config), counts=counts)
