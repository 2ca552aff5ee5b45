"""Every way of training ends in a checkpoint that scores as the trained model did."""

import json
from dataclasses import replace
from random import Random

import pytest
import torch
from safetensors.torch import load_file

from active_learning import checkpoint, data, prefix, score, targets
from active_learning.base_model import (
    ModelError,
    hidden_states,
    load_backbone,
    load_language_model,
    load_tokenizer,
    with_adapters,
)
from active_learning.config import TrainConfig, to_json
from active_learning.data import Item, encode
from active_learning.model import new_full, new_probe
from active_learning.optimize import _class_weights, summed_loss
from active_learning.pretrain import make_tokenizer
from active_learning.records import dump
from active_learning.simulate import label, make_pool
from active_learning.train import measure, split_rows, train
from tests import tiny
from tests.reference import step_probabilities

WORDS = ["p", "A", "B", "C", "D", "E"]


def ignore(_):
    pass


def weights_of(directory):
    return load_file(directory / "head.safetensors")["weight"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(tiny.make_model(tmp_path_factory.mktemp("base"), make_tokenizer()))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return tiny.make_encoder(tmp_path_factory.mktemp("encoder"), WORDS)


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    """24 labeled solutions of 24 problems."""
    rng = Random(0)
    path = tmp_path_factory.mktemp("labels") / "labels.jsonl"
    path.write_text("".join(dump(label(solution, 0.0, 1, rng)) + "\n" for solution in make_pool(24, 1, 0.12, rng)))
    return path


SHORT = TrainConfig(mode="full", lr=2e-3, min_steps=6, epochs=1, batch_tokens=512, eval_fraction=0.0)


# H1: one sequence per labeled completion, and all steps of a solution in one sequence


def test_both_forms_train_on_the_same_labels(base, labels, tmp_path):
    metas = {
        form: train(labels, replace(SHORT, base=base, form=form), tmp_path / form, progress=ignore)
        for form in ("packed", "completion")
    }
    assert metas["packed"]["counts"]["train_rows"] == 24
    assert metas["completion"]["counts"]["train_rows"] == metas["packed"]["counts"]["ratings"] > 60


def test_the_first_step_of_both_forms_is_the_same(base, labels, tmp_path):
    """With everything in one batch the mean loss over the labels and its gradient are equal, whichever the form."""
    for form in ("packed", "completion"):
        one_batch = replace(SHORT, base=base, form=form, min_steps=1, batch_tokens=10**6)
        train(labels, one_batch, tmp_path / form, progress=ignore)
    torch.testing.assert_close(weights_of(tmp_path / "packed"), weights_of(tmp_path / "completion"), atol=1e-5, rtol=0)


def test_a_batch_in_several_passes_is_the_same_batch(base, labels, tmp_path):
    for name, tokens in (("one", 0), ("many", 60)):
        config = replace(SHORT, base=base, min_steps=3, batch_tokens=10**6, pass_tokens=tokens)
        train(labels, config, tmp_path / name, progress=ignore)
    torch.testing.assert_close(weights_of(tmp_path / "one"), weights_of(tmp_path / "many"), atol=1e-5, rtol=0)


def test_activations_computed_twice_change_nothing(base, labels, tmp_path, monkeypatch):
    calls = []
    again = torch.utils.checkpoint.checkpoint
    monkeypatch.setattr("transformers.modeling_utils.checkpoint", lambda *a, **k: calls.append(1) or again(*a, **k))
    metas = []
    for twice in (False, True):
        config = replace(SHORT, base=base, min_steps=3, eval_fraction=0.5, gradient_checkpointing=twice)
        metas.append(train(labels, config, tmp_path / str(twice), progress=ignore))
    assert calls, "nothing was computed twice"
    assert metas[0]["metrics"] == pytest.approx(metas[1]["metrics"], abs=1e-4)
    torch.testing.assert_close(weights_of(tmp_path / "False"), weights_of(tmp_path / "True"), atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", ["full", "lora", "probe"])
def test_what_is_measured_in_bf16_is_what_scores_in_bf16(mode, base, labels, tmp_path):
    config = replace(SHORT, base=base, mode=mode, min_steps=30, precision="bf16", eval_fraction=0.4, lr=None)
    meta = train(labels, config, tmp_path / "prm", progress=ignore)
    loaded = checkpoint.load(tmp_path / "prm", device="cpu")
    assert {p.dtype for name, p in loaded.model.named_parameters() if "head" not in name} == {torch.bfloat16}
    parts, _ = split_rows(targets.read_rows(labels)[0], loaded.tokenizer, loaded.config)
    assert measure(loaded.model, parts, loaded.tokenizer.pad_token_id, loaded.config) == meta["metrics"]


def test_training_in_bf16_learns(base, labels, tmp_path):
    meta = train(labels, replace(SHORT, base=base, min_steps=30, precision="bf16"), tmp_path / "prm", progress=ignore)
    assert meta["losses"][-1][1] < 0.8 * meta["losses"][0][1]


# Adapters


def test_adapters_alone_are_trained_and_saved(base, labels, tmp_path):
    config = replace(SHORT, base=base, mode="lora", lora_rank=4, min_steps=20)
    meta = train(labels, config, tmp_path / "prm", progress=ignore)
    assert meta["losses"][-1][1] < meta["losses"][0][1]
    assert not (tmp_path / "prm" / "backbone").exists()
    saved = load_file(tmp_path / "prm" / "adapters" / "adapter_model.safetensors")
    assert {name.split(".")[-2] for name in saved} == {"lora_A", "lora_B"}
    assert all(tensor.shape[0] == 4 for name, tensor in saved.items() if "lora_A" in name)


def test_merged_adapters_score_as_they_were_trained(base, tmp_path):
    tokenizer, language_model = load_tokenizer(tmp_path.joinpath(base)), load_language_model(tmp_path.joinpath(base))
    model = new_full(language_model, tokenizer, None, torch.Generator())
    config = TrainConfig(base=base, mode="lora", lora_rank=4)
    model.backbone = with_adapters(model.backbone, config)
    with torch.no_grad():
        for name, parameter in model.backbone.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3, generator=torch.Generator().manual_seed(1))
    sequences = [encode("Start with $8$.", ["$8 + 3 = 11$.", "$11 + 2 = 13$."], tokenizer)]
    trained = step_probabilities(model, sequences, tokenizer.pad_token_id, 512)
    plain = step_probabilities(
        new_full(load_language_model(tmp_path.joinpath(base)), tokenizer, None, torch.Generator()), sequences, 0, 512
    )
    meta = {"config": to_json(config), "base_sha256": checkpoint.base_sha256(base), "metrics": {"threshold": 0.5}}
    checkpoint.save(model, tokenizer, config, tmp_path / "prm", lambda _: meta)
    loaded = checkpoint.load(tmp_path / "prm", device="cpu")
    scored = step_probabilities(loaded.model, sequences, tokenizer.pad_token_id, 512)
    torch.testing.assert_close(torch.tensor(scored), torch.tensor(trained), atol=1e-5, rtol=0)
    assert (torch.tensor(plain) - torch.tensor(trained)).abs().max() > 1e-3


# H14: encoders


@pytest.mark.parametrize("mode", ["full", "probe"])
def test_an_encoder_sees_no_later_step(encoder, mode):
    tokenizer, network = load_tokenizer(encoder), load_language_model(encoder)
    generator = torch.Generator().manual_seed(0)
    model = new_full(network, tokenizer, None, generator) if mode == "full" else new_probe(network, generator)
    steps = ["A B", "C", "D E A"]
    whole = step_probabilities(model, [encode("p", steps, tokenizer)], 0, 512)[0]
    for length in (1, 2, 3):
        alone = step_probabilities(model, [encode("p", steps[:length], tokenizer)], 0, 512)[0]
        torch.testing.assert_close(torch.tensor(whole[:length]), torch.tensor(alone), atol=1e-5, rtol=0)


def test_an_encoder_reads_the_whole_of_its_own_step(encoder):
    """It is no causal model: what the first token of a step knows depends on the step's last."""
    tokenizer, backbone = load_tokenizer(encoder), load_backbone(encoder)
    first = [
        hidden_states(backbone, data.collate([encoded], 0))[0, encoded.prompt_len]
        for encoded in (encode("p", [step], tokenizer) for step in ("A B", "A C"))
    ]
    assert (first[0] - first[1]).abs().max() > 1e-3


def test_a_probe_on_an_encoder_takes_the_last_and_the_mean_state_of_a_step(encoder):
    tokenizer, network = load_tokenizer(encoder), load_language_model(encoder)
    batch = data.collate([encode("p", ["A B", "C D"], tokenizer), encode("p", ["E"], tokenizer)], 0)
    hidden = hidden_states(network, batch)
    features = new_probe(network, torch.Generator()).features(batch)
    expected = torch.cat([hidden[0, 6], hidden[0, 5:7].mean(0)])  # [CLS] p [SEP] A B C D
    assert features.shape == (3, 64)
    torch.testing.assert_close(features[1], expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", ["full", "lora", "probe"])
def test_an_encoder_is_trained_saved_and_scored(encoder, mode, tmp_path):
    lines = [
        tiny.make_record("p", [([("A B", 1)], 0), ([(last, rating)], 0 if rating == 1 else None)])
        for last, rating in (("C", 1), ("D", -1), ("C E", 1), ("D E", -1))
    ]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = TrainConfig(base=str(encoder), mode=mode, lr=5e-3, min_steps=60, eval_fraction=0.0, weight_decay=0.0)
    train(tmp_path / "labels.jsonl", config, tmp_path / "prm", progress=ignore)
    loaded = checkpoint.load(tmp_path / "prm", device="cpu")
    good, bad = score.score_solutions(
        loaded, [score.Unscored(0, "p", ("A B", "C")), score.Unscored(1, "p", ("A B", "D"))]
    )
    assert good.probabilities[1][0] < 0.5 < bad.probabilities[1][0]


def test_what_is_longer_than_the_model_reads_is_counted_however_much_was_asked_for(encoder, tmp_path):
    short = tiny.make_record("p", [([("A", 1)], 0), ([("B", -1)], None)])
    long = tiny.make_record("p", [([("A " * 70, 1)], 0)])
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (short, long)))
    config = TrainConfig(base=str(encoder), min_steps=2, eval_fraction=0.0, max_len=2048)
    meta = train(tmp_path / "labels.jsonl", config, tmp_path / "prm", progress=ignore)
    assert (meta["config"]["max_len"], meta["counts"]["too_long"]) == (64, 1)


# H14: early refusals


def test_a_tokenizer_of_another_model_is_refused(labels, tmp_path):
    small = tiny.make_model(tmp_path / "small", tiny.make_tokenizer(["one"]))
    make_tokenizer().save_pretrained(small)
    with pytest.raises(ModelError, match=r"knows \d+ tokens and the model 6: they do not belong together"):
        train(labels, replace(SHORT, base=str(small)), tmp_path / "prm", progress=ignore)
    assert not list(tmp_path.glob("prm*"))


# Class imbalance


def test_rare_ratings_are_weighed_up_by_the_root_of_their_rarity():
    item = Item(encode("p", ["A"] * 5, tiny.make_tokenizer(WORDS)), (1, 1, 1, 1, -1))
    # 1/√1 for the negative, 1/√4 for the positive: in proportion 2 : 1, and over five labels 1 on average.
    expected = torch.tensor([10 / 6, 0.0, 5 / 6])
    torch.testing.assert_close(_class_weights([item], TrainConfig(class_weight="sqrt_inverse")), expected)
    torch.testing.assert_close(_class_weights([item], TrainConfig()), torch.ones(3))
    loss = summed_loss(torch.zeros(5, 3), [item], expected)
    torch.testing.assert_close(loss, torch.tensor(5.0) * torch.tensor(3.0).log())


def test_a_loss_that_is_no_number_ends_the_training_with_what_to_do(base, labels, tmp_path):
    from active_learning.optimize import TrainingError

    with pytest.raises(TrainingError, match="smaller learning rate"):
        train(labels, replace(SHORT, base=base, lr=1e30, min_steps=30), tmp_path / "prm", progress=ignore)
    assert not (tmp_path / "prm").exists()


def test_weights_that_the_last_step_ruined_are_not_published(base, labels, tmp_path, monkeypatch):
    from active_learning.optimize import TrainingError

    real = torch.optim.AdamW.step

    def ruin(self, *given):
        real(self, *given)
        self.param_groups[0]["params"][0].data.fill_(float("nan"))

    monkeypatch.setattr(torch.optim.AdamW, "step", ruin)
    for mode in ("full", "probe"):
        with pytest.raises(TrainingError, match="smaller learning rate"):
            train(labels, replace(SHORT, base=base, mode=mode, min_steps=1), tmp_path / mode, progress=ignore)
        assert not (tmp_path / mode).exists()


def test_what_fits_at_once_holds_for_measuring_too(base, labels, tmp_path, monkeypatch):
    asked, real = set(), prefix.step_probabilities
    monkeypatch.setattr(prefix, "step_probabilities", lambda *given: asked.add(given[-1]) or real(*given))
    config = replace(SHORT, base=base, min_steps=1, batch_tokens=10**6, pass_tokens=100, eval_fraction=0.5)
    train(labels, config, tmp_path / "prm", progress=ignore)
    assert asked == {100}
