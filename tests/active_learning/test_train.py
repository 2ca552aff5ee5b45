import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch

from active_learning import checkpoint, data, score, targets
from active_learning.base_model import load_language_model
from active_learning.config import TrainConfig
from active_learning.data import Item, collate, encode
from active_learning.domains import toy
from active_learning.hashes import sha256
from active_learning.model import new_full
from active_learning.optimize import TrainingError, summed_loss
from active_learning.pretrain import make_tokenizer
from active_learning.records import dump
from active_learning.simulate import label, make_pool
from active_learning.train import figures_of, judge_file, split_rows, train
from tests import tiny


def ignore(_):
    pass


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A model that has learned nothing yet, of the size and with the tokenizer of the toy domain's."""
    return str(tiny.make_model(tmp_path_factory.mktemp("base"), make_tokenizer(), hidden=64))


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    """32 labeled solutions of 32 problems."""
    rng = Random(0)
    path = tmp_path_factory.mktemp("labels") / "labels.jsonl"
    pool = make_pool(32, 1, 0.12, rng)
    path.write_text("".join(dump(label(solution, 0.0, 1, rng)) + "\n" for solution in pool))
    return path


FULL = TrainConfig(mode="full", lr=2e-3, min_steps=60, batch_tokens=512, eval_fraction=0.0)


@pytest.mark.slow
def test_h2_full_training_overfits_32_solutions(base, labels, tmp_path):
    meta = train(labels, replace(FULL, base=base, min_steps=160), tmp_path / "prm", progress=ignore)
    loaded = checkpoint.load(tmp_path / "prm", device="cpu")
    rows, _ = targets.read_rows(labels)
    solutions = [score.Unscored(i, row.problem, row.steps) for i, row in enumerate(rows)]
    results = score.score_solutions(loaded, solutions)
    right = [
        max((-1, 0, 1), key=lambda one, triple=triple: triple[one + 1]) == rating
        for row, result in zip(rows, results, strict=True)
        for rating, triple in zip(row.ratings, result.probabilities, strict=True)
    ]
    assert len(right) == meta["counts"]["ratings"] > 100
    assert sum(right) / len(right) > 0.95


@pytest.mark.parametrize("mode", ["full", "probe"])
def test_h3_a_seed_gives_the_same_weights(mode, base, labels, tmp_path):
    config = replace(FULL, base=base, mode=mode, min_steps=4)
    for name, seed in (("first", 3), ("second", 3), ("third", 4)):
        train(labels, replace(config, seed=seed), tmp_path / name, progress=ignore)
    heads = [sha256(tmp_path / name / "head.safetensors") for name in ("first", "second", "third")]
    assert heads[0] == heads[1] != heads[2]


def test_h3_the_checkpoint_says_what_it_was_made_of(base, labels, tmp_path):
    config = TrainConfig(base=base, min_steps=20, eval_fraction=0.5)
    lines = []
    meta = train(labels, config, tmp_path / "prm", progress=lines.append)
    assert meta == json.loads((tmp_path / "prm" / "meta.json").read_text())
    assert meta["data_sha256"] == sha256(labels)
    assert meta["counts"]["records"] == 32
    parts = [meta["counts"][f"{part}_rows"] for part in ("train", "validation", "held_out")]
    assert sum(parts) == 32
    assert min(parts) > 2
    assert meta["metrics"]["solutions"] == parts[2]
    assert 0 <= meta["metrics"]["step_auc"] <= 1
    assert {line["stage"] for line in lines} == {"train"}
    assert lines[-1]["done"] == lines[-1]["total"] == 20
    assert meta["config"]["seed"] == 0


def test_a_problem_is_never_both_trained_and_measured_on(base, labels):
    rows, _ = targets.read_rows(labels)
    parts, too_long = split_rows(rows * 3, make_tokenizer(), TrainConfig(eval_fraction=0.4))
    problems = {
        name: {tuple(item.encoded.ids[: item.encoded.prompt_len]) for item in items} for name, items in parts.items()
    }
    assert too_long == 0
    assert sum(map(len, problems.values())) == len(set.union(*problems.values())) == 32


def test_few_labels_still_get_the_least_number_of_steps(base, labels, tmp_path):
    lines = []
    train(
        labels,
        replace(FULL, base=base, min_steps=7, epochs=1, batch_tokens=10**6),
        tmp_path / "a",
        progress=lines.append,
    )
    assert [line["done"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    lines.clear()
    train(
        labels,
        replace(FULL, base=base, min_steps=1, epochs=2, batch_tokens=10**6),
        tmp_path / "b",
        progress=lines.append,
    )
    assert len(lines) == 2


def test_too_long_solutions_are_counted(base, labels, tmp_path):
    meta = train(
        labels, TrainConfig(base=base, max_len=36, min_steps=2, eval_fraction=0.0), tmp_path / "prm", progress=ignore
    )
    assert 0 < meta["counts"]["too_long"] < 32
    assert meta["counts"]["train_rows"] == 32 - meta["counts"]["too_long"]


def test_labels_of_one_kind_cannot_train(base, tmp_path):
    steps = [([("$8 + 3 = 11$.", 1)], 0)]
    (tmp_path / "labels.jsonl").write_text(json.dumps(tiny.make_record("Start with $8$.", steps)) + "\n")
    with pytest.raises(TrainingError, match="at least one step rated negative"):
        train(tmp_path / "labels.jsonl", TrainConfig(base=base), tmp_path / "prm", progress=ignore)


def test_a_base_that_cannot_read_the_text_is_refused_before_training(base, tmp_path):
    steps = [([("Janet sells nine duck eggs.", 1)], 0)]
    (tmp_path / "labels.jsonl").write_text(json.dumps(tiny.make_record("How many eggs?", steps)) + "\n")
    with pytest.raises(data.UnreadableText, match="--base"):
        train(tmp_path / "labels.jsonl", TrainConfig(base=base), tmp_path / "prm", progress=ignore)
    assert not (tmp_path / "prm").exists()


def test_the_loss_of_a_packed_path_is_the_loss_of_its_examples(base):
    """One row with k rated steps trains as k rows with one: same sum of losses, same count."""
    problem = next(toy.problems(1, rng=Random(0)))
    steps = next(toy.solutions(problem, 1, rng=Random(0)))["steps"]
    tokenizer = make_tokenizer()
    model = new_full(load_language_model(Path(base)), tokenizer, None, torch.Generator())
    packed = [Item(encode(problem["problem"], steps, tokenizer), tuple([1] * (len(steps) - 1) + [-1]))]
    apart = [
        Item(encode(problem["problem"], steps[: k + 1], tokenizer), (*[None] * k, 1 if k + 1 < len(steps) else -1))
        for k in range(len(steps))
    ]
    losses = [
        summed_loss(model(collate([item.encoded for item in items], 0)), items, torch.ones(3))
        for items in (packed, apart)
    ]
    torch.testing.assert_close(losses[0], losses[1])


def test_a_checkpoint_is_measured_on_other_labels(base, labels, tmp_path):
    train(labels, TrainConfig(base=base, min_steps=5, eval_fraction=0.0), tmp_path / "prm", progress=ignore)
    loaded = checkpoint.load(tmp_path / "prm", device="cpu")
    report = figures_of(judge_file(loaded, labels), loaded.meta["metrics"]["threshold"])
    assert (report["solutions"], report["threshold"]) == (32, 0.5)
