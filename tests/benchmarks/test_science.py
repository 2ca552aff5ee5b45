"""How fast scoring, training and selecting are: `make bench ARGS="tests/benchmarks/test_science.py -s"`.

Both sides of every comparison run in turn in the same process on the same tokens; medians are compared.
"""

import json
import subprocess
import sys
from random import Random
from time import perf_counter

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from transformers import Trainer, TrainingArguments

from active_learning import base_model, data, optimize, prefix
from active_learning.config import TrainConfig
from active_learning.resume import States
from active_learning.score import CPU_BATCH_TOKENS, GPU_BATCH_TOKENS
from tests.benchmarks import selecting
from tests.benchmarks.science import (
    LABELS,
    LARGE,
    SMALL,
    VOCABULARY,
    language_model,
    prm_of,
    rated,
    seconds,
    side_by_side,
    solutions_of,
    tokens_of,
)
from tests.reference import step_probabilities

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("default")]

RUNS = 5
SAMPLES = 100
PROBLEMS_A_RUN = 10
TRAIN_TOKENS = 4096
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def other_device():
    """accelerate remembers the first device and precision that a process asked for."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture
def show(capsys):
    def printed(name, figures):
        with capsys.disabled():
            print(f"\n{name}: {json.dumps(figures, ensure_ascii=False)}")

    return printed


# Scoring ------------------------------------------------------------------------------------------------------------


@torch.inference_mode()
def plain_loop(model, sequences, batch_size):
    """What one writes first: padded batches in the order of arrival, all logits, softmax over the three labels."""
    found = []
    for start in range(0, len(sequences), batch_size):
        some = sequences[start : start + batch_size]
        batch = data.collate(some, 0)
        logits = model(input_ids=batch.ids, attention_mask=batch.mask).logits
        found += [logits[row, one.ends][:, LABELS].softmax(-1).tolist() for row, one in enumerate(some)]
    return found


def test_scoring_is_three_times_as_fast_as_a_plain_loop(show):
    model = language_model(SMALL)
    prm = prm_of(model)
    trial = solutions_of(1, SAMPLES // 2, Random(99))
    times = {size: seconds(lambda: plain_loop(model, trial, size))[0] for size in (1, 4, 16)}  # noqa: B023
    best = min(times, key=times.get)
    work = [solutions_of(PROBLEMS_A_RUN, SAMPLES, Random(run)) for run in range(RUNS)]
    difference = 0.0

    def plain(run):
        work_seconds, plain.found = seconds(lambda: plain_loop(model, work[run], best))
        return tokens_of(work[run]), work_seconds

    def alone(run):
        taken, _ = seconds(lambda: step_probabilities(prm, work[run], 0, CPU_BATCH_TOKENS))
        return tokens_of(work[run]), taken

    def ours(run):
        nonlocal difference
        taken, found = seconds(lambda: prefix.step_probabilities(prm, work[run], 0, CPU_BATCH_TOKENS))
        pairs = zip(found, plain.found, strict=True)
        difference = max(
            difference, *((torch.tensor(one) - torch.tensor(other)).abs().max().item() for one, other in pairs)
        )
        return tokens_of(work[run]), taken

    rates = side_by_side(RUNS, {"plain": plain, "without sharing": alone, "ours": ours})
    ratio = rates["ours"]["median"] / rates["plain"]["median"]
    trials = {size: round(tokens_of(trial) / taken) for size, taken in times.items()}
    show(
        "scoring, tokens a processor second",
        {**rates, "ratio": round(ratio, 2), "plain by batch size": trials, "difference": difference},
    )
    assert difference < 1e-5
    assert ratio >= 3


# Training -----------------------------------------------------------------------------------------------------------


class PlainTrainer(Trainer):
    """The same model and loss in transformers' own loop: one element of its dataset is one batch of ours."""

    def compute_loss(self, model, inputs, return_outputs=False, **_):
        items = inputs["items"]
        logits = model(data.collate([item.encoded for item in items], 0))
        return optimize.summed_loss(logits, items, torch.ones(3)) / sum(len(item.ratings) for item in items)


def train_plainly(model, groups, directory):
    arguments = TrainingArguments(
        directory,
        per_device_train_batch_size=1,
        num_train_epochs=1,
        learning_rate=1e-5,
        weight_decay=0.01,
        lr_scheduler_type="cosine",
        warmup_steps=1,
        optim="adamw_torch",
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        remove_unused_columns=False,
    )
    trainer = PlainTrainer(model, arguments, train_dataset=groups, data_collator=lambda some: {"items": some[0]})
    trainer.train()


def test_training_is_not_slower_than_transformers_trainer(show, tmp_path):
    work = [rated(solutions_of(16, 4, Random(run)), Random(run)) for run in range(RUNS)]
    config = TrainConfig(mode="full", epochs=1, min_steps=1, batch_tokens=TRAIN_TOKENS, save_every=0)

    def plain(run):
        model = prm_of(language_model(SMALL))
        groups = [[work[run][i] for i in group] for group in batches_of(work[run])]
        return tokens(run), seconds(lambda: train_plainly(model, groups, tmp_path / "plain"))[0]

    def ours(run):
        model = prm_of(language_model(SMALL))
        settings = optimize.Run(
            config, Accelerator(cpu=True), 0, lambda _: None, States(tmp_path / "no", {}), lambda: False
        )
        taken, losses = seconds(lambda: optimize.fit(model, work[run], settings))
        assert len(losses) == len(list(batches_of(work[run])))
        return tokens(run), taken

    def tokens(run):
        return tokens_of([item.encoded for item in work[run]])

    rates = side_by_side(RUNS, {"Trainer": plain, "ours": ours})
    ratio = rates["ours"]["median"] / rates["Trainer"]["median"]
    show("training, tokens a processor second", {**rates, "ratio": round(ratio, 2)})
    assert ratio >= 0.97  # not slower, within what these machines vary


def batches_of(items):
    return data.batches([len(item.encoded.ids) for item in items], TRAIN_TOKENS)


# Selecting ----------------------------------------------------------------------------------------------------------


def select_apart(*arguments):
    command = [sys.executable, "-m", "tests.benchmarks.selecting", *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.parametrize("way", ["per_problem", "everywhere"])
def test_twelve_million_candidates_are_selected_from_in_a_minute(way, show):
    figures = select_apart(way, 12_000, 1000)
    show(f"selecting, {way}", figures)
    assert figures["picks"] == 60_000
    assert figures["seconds"] < 60
    assert figures["GB"] < 4


def test_candidates_are_selected_from_a_file(show, tmp_path):
    selecting.write(tmp_path / "candidates.jsonl", 1200, 1000)
    figures = select_apart("per_problem", 1200, 1000, tmp_path / "candidates.jsonl")
    show("selecting from a file of a tenth of the size", figures)
    assert figures["picks"] == 6000
    assert figures["GB"] < 4


# On a GPU -----------------------------------------------------------------------------------------------------------


def matmul_ceiling(size=8192, runs=50):
    """Floating-point operations per second of the best that this GPU does: one large product in bf16."""
    left, right = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(5):
        left @ right
    torch.cuda.synchronize()
    taken, _ = seconds(lambda: [left @ right for _ in range(runs)] and torch.cuda.synchronize(), perf_counter)
    return 2 * size**3 * runs / taken


def weights_multiplied(prm):
    """Embeddings are looked up."""
    return sum(one.numel() for one in prm.backbone.parameters()) - prm.backbone.get_input_embeddings().weight.numel()


def share_of_ceiling(tokens_a_second, passes, weights, ceiling):
    """Model operations: two a weight and token forwards (one pass), twice that backwards."""
    return round(2 * passes * weights * tokens_a_second / ceiling, 3)


def on_gpu(act):
    """Seconds by the clock until the device is done."""
    return seconds(lambda: act() and torch.cuda.synchronize(), perf_counter)[0]


def show_shares(show, what, sides, *, passes, weights, ceiling, least):
    """Tokens a second of each side, and as a share of what the device can do; the last side is to reach `least`."""
    for side in sides.values():
        side(0)  # the first run chooses kernels, and compiles
    rates = side_by_side(RUNS, sides)
    shares = {name: share_of_ceiling(rate["median"], passes, weights, ceiling) for name, rate in rates.items()}
    figures = {"tokens/s": rates, "matmul TFLOP/s": round(ceiling / 1e12, 1), "share of it": shares}
    show(f"{what}, 1.5 B weights in bf16, {torch.cuda.get_device_name()}", figures)
    assert list(shares.values())[-1] > least


@GPU
def test_gpu_scoring_comes_near_what_the_device_can_do(show):
    ceiling = matmul_ceiling()
    prm, fused = (prm_of(language_model(LARGE, 151_936, torch.bfloat16, "cuda")) for _ in range(2))
    base_model.compile_layers(fused)
    sequences = solutions_of(8, SAMPLES, Random(0))
    problems = sum({tuple(one.ids[: one.prompt_len]): one.prompt_len for one in sequences}.values())
    distinct = problems + sum(len(one.ids) - one.prompt_len for one in sequences)

    def scoring(model, batch_tokens):
        return lambda _: (distinct, on_gpu(lambda: prefix.step_probabilities(model, sequences, 0, batch_tokens)))

    sides = {
        "batches of 16,384": scoring(prm, 16_384),
        "batches of 65,536": scoring(prm, GPU_BATCH_TOKENS),
        "layers compiled": scoring(fused, GPU_BATCH_TOKENS),
    }
    show_shares(show, "scoring", sides, passes=1, weights=weights_multiplied(prm), ceiling=ceiling, least=0.4)


@GPU
def test_gpu_training_comes_near_what_the_device_can_do(show, tmp_path):
    ceiling = matmul_ceiling()
    # As `train` does it: weights in single precision, products in bf16.
    prm, fused = (prm_of(language_model(LARGE, 151_936, torch.float32, "cuda")) for _ in range(2))
    base_model.compile_layers(fused)
    items = rated(solutions_of(64, 4, Random(0)), Random(0))
    config = TrainConfig(mode="full", epochs=1, min_steps=1, precision="bf16", batch_tokens=16_384, save_every=0)
    run = optimize.Run(
        config, optimize.make_accelerator(), 0, lambda _: None, States(tmp_path / "no", {}), lambda: False
    )

    def training(model):
        return lambda _: (tokens_of([item.encoded for item in items]), on_gpu(lambda: optimize.fit(model, items, run)))

    sides = {"as it is": training(prm), "layers compiled": training(fused)}
    show_shares(show, "training", sides, passes=3, weights=weights_multiplied(prm), ceiling=ceiling, least=0.4)


@GPU
def test_h10_gpu_and_cpu_scores_agree():
    """In single precision to 1e-4."""
    sequences = solutions_of(2, 10, Random(0))
    on_cpu = prefix.step_probabilities(prm_of(language_model(SMALL, VOCABULARY)), sequences, 0, 2048)
    on_gpu = prefix.step_probabilities(prm_of(language_model(SMALL, VOCABULARY)).cuda(), sequences, 0, 2048)
    for one, other in zip(on_cpu, on_gpu, strict=True):
        torch.testing.assert_close(torch.tensor(one), torch.tensor(other), atol=1e-4, rtol=0)
