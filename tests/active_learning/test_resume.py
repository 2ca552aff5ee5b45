"""H9: a training that was interrupted, politely or not, ends in the weights of one that never was."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from random import Random

import pytest
import torch
from safetensors.torch import load_file

from active_learning import checkpoint, data, targets
from active_learning.config import TrainConfig, to_json
from active_learning.pretrain import make_tokenizer
from active_learning.records import dump
from active_learning.resume import Interrupted, States
from active_learning.simulate import label, make_pool
from active_learning.train import train
from tests import tiny


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(tiny.make_model(tmp_path_factory.mktemp("base"), make_tokenizer()))


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    rng = Random(0)
    path = tmp_path_factory.mktemp("labels") / "labels.jsonl"
    path.write_text("".join(dump(label(solution, 0.0, 1, rng)) + "\n" for solution in make_pool(24, 1, 0.12, rng)))
    return path


@pytest.fixture
def config(base):
    return TrainConfig(
        base=base, mode="full", lr=2e-3, min_steps=12, epochs=1, batch_tokens=200, eval_fraction=0.0, save_every=3
    )


def weights_of(directory):
    """Everything that was trained, bit for bit."""
    return {str(file.relative_to(directory)): load_file(file) for file in directory.rglob("*.safetensors")}


def assert_same_weights(one, other):
    one, other = weights_of(one), weights_of(other)
    assert one.keys() == other.keys()
    for file, tensors in one.items():
        assert all(torch.equal(tensor, other[file][name]) for name, tensor in tensors.items()), file


class After:
    """Asks to stop after so many steps."""

    def __init__(self, steps):
        self.steps, self.lines = steps, []

    def progress(self, line):
        self.lines.append(line)

    def __call__(self):
        return len(self.lines) >= self.steps


@pytest.mark.parametrize(("mode", "words"), [("full", None), ("full", ("bad", "neutral", "good")), ("lora", None)])
def test_a_stopped_training_goes_on_to_the_very_same_weights(mode, words, config, labels, tmp_path):
    config = replace(config, mode=mode, lora_rank=4, label_words=words)
    train(labels, config, tmp_path / "whole", progress=lambda _: None)
    stop = After(5)
    with pytest.raises(Interrupted):
        train(labels, config, tmp_path / "again", progress=stop.progress, asked_to_stop=stop)
    assert not (tmp_path / "again").exists()
    went_on = After(100)
    meta = train(labels, config, tmp_path / "again", progress=went_on.progress)
    assert [stop.lines[-1]["done"], went_on.lines[0]["done"]] == [6, 7]
    assert len(meta["losses"]) == meta["losses"][-1][0] == went_on.lines[-1]["total"]
    assert_same_weights(tmp_path / "whole", tmp_path / "again")
    assert not (tmp_path / "again.partial").exists()


def test_a_state_of_other_labels_is_not_gone_on_from_and_not_lost(config, labels, tmp_path):
    stop = After(5)
    with pytest.raises(Interrupted):
        train(labels, config, tmp_path / "prm", progress=stop.progress, asked_to_stop=stop)
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_text("".join(labels.read_text().splitlines(keepends=True)[:-1]))
    began = After(3)
    with pytest.raises(Interrupted):
        train(fewer, config, tmp_path / "prm", progress=began.progress, asked_to_stop=began)
    assert began.lines[0]["done"] == 1
    went_on = After(100)
    train(labels, config, tmp_path / "prm", progress=went_on.progress)
    assert went_on.lines[0]["done"] == 7


def test_each_weight_goes_on_with_the_steps_that_it_has_taken(tmp_path):
    """One that had no gradient for a while, as an expert that no token was sent to, has taken fewer."""
    states, (model, optimizer) = States(tmp_path, {}), adam_on_two()
    for step in range(4):
        take_step(model, optimizer, both=step > 1)
    states.save(4, model, optimizer, [])
    again, restored = adam_on_two()
    assert states.restore(again, restored) == (4, [])

    for _ in range(3):
        take_step(model, optimizer, both=True)
        take_step(again, restored, both=True)

    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), again.parameters(), strict=True))


def adam_on_two():
    model = torch.nn.ParameterDict({"always": torch.ones(2), "sometimes": torch.ones(2)})
    return model, torch.optim.AdamW(model.parameters(), lr=0.1)


def take_step(model, optimizer, *, both):
    optimizer.zero_grad()
    names = ("always", "sometimes") if both else ("always",)
    sum((model[name] ** 2).sum() for name in names).backward()
    optimizer.step()


@pytest.mark.parametrize("name", ["state.safetensors", "manifest.json"])
def test_a_damaged_state_is_as_good_as_none(name, config, labels, tmp_path):
    stop = After(5)
    with pytest.raises(Interrupted):
        train(labels, config, tmp_path / "prm", progress=stop.progress, asked_to_stop=stop)
    (state,) = (tmp_path / "prm.partial").glob(f"*/step-*/{name}")
    whole = state.read_bytes()
    state.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if name == "state.safetensors" else b"\0" * len(whole))
    began = After(100)
    train(labels, config, tmp_path / "prm", progress=began.progress)
    assert began.lines[0]["done"] == 1


# Real processes -----------------------------------------------------------------------------------------------------


def command(config, labels, out, *launcher):
    settings = out.with_suffix(".json")
    settings.write_text(json.dumps(to_json(config)))
    arguments = ["-m", "active_learning", "train", "--records", labels, "--config", settings, "--out", out]
    return [sys.executable, *launcher, *map(str, arguments)]


def end_after_step(config, labels, out, step, how):
    """Start the program, send the signal when it has done so many steps, and return its exit status."""
    with subprocess.Popen(command(config, labels, out), stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if json.loads(line).get("done") == step:
                process.send_signal(how)
                break
        process.stdout.read()
        return process.wait(60)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 75)])
@pytest.mark.proof
def test_a_killed_training_goes_on_to_the_very_same_weights(how, status, config, labels, tmp_path):
    config = replace(config, min_steps=200)  # long enough to be met before its end
    train(labels, config, tmp_path / "whole", progress=lambda _: None)
    assert end_after_step(config, labels, tmp_path / "again", 20, how) == status
    assert not (tmp_path / "again").exists()
    went_on = subprocess.run(command(config, labels, tmp_path / "again"), capture_output=True, text=True, check=True)
    assert 18 < json.loads(went_on.stdout.splitlines()[0])["done"] < 200
    assert_same_weights(tmp_path / "whole", tmp_path / "again")
    checkpoint.verify(tmp_path / "again")


@pytest.mark.slow
@pytest.mark.proof
def test_two_processes_train_as_one_does_on_both_their_batches(config, base, labels, tmp_path):
    rows, _ = targets.read_rows(labels)
    items, _ = targets.encode_rows(rows, make_tokenizer(), 512)
    lengths = [len(item.encoded.ids) for item in items]
    half = next(tokens for tokens in range(100, 4000) if len(list(data.batches(lengths, tokens))) == 2)
    config = replace(config, min_steps=4)
    train(labels, replace(config, batch_tokens=10**6), tmp_path / "one", progress=lambda _: None)
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    both = command(replace(config, batch_tokens=half), labels, tmp_path / "two", *launcher)
    done = subprocess.run(both, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("done") for line in lines] == [1, 2, 3, 4, None]
    one, two = (weights_of(tmp_path / name) for name in ("one", "two"))
    assert one.keys() == two.keys()
    for file in one:
        torch.testing.assert_close(one[file], two[file], atol=1e-4, rtol=0)


@pytest.mark.slow
@pytest.mark.proof
def test_two_processes_that_are_asked_to_stop_leave_one_state_and_go_on_from_it(config, base, labels, tmp_path):
    config = replace(config, min_steps=150, save_every=0)
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    asked = command(config, labels, tmp_path / "prm", *launcher)
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for line in process.stdout:
            if json.loads(line).get("done") == 10:
                process.send_signal(signal.SIGTERM)
                break
        process.stdout.read()
        assert process.wait(60) != 0  # the launcher's own status
    went_on = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert json.loads(went_on.stdout.splitlines()[0])["done"] > 10
    checkpoint.verify(tmp_path / "prm")
