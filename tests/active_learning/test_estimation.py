"""K3, L7: training on automatic labels, hard and soft, alone."""

import math
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import load_file

from active_learning import balance, checkpoint, data, optimize, score, targets
from active_learning.base_model import load_language_model, load_tokenizer
from active_learning.config import ConfigError, TrainConfig
from active_learning.data import Item, encode
from active_learning.endpoint import EndpointError, _set_bias, export
from active_learning.hashes import sha256
from active_learning.mixing import read_automatic
from active_learning.model import new_full, new_probe, without_neutral
from active_learning.optimize import TrainingError, summed_loss
from active_learning.prefix import step_probabilities
from active_learning.pretrain import make_tokenizer
from active_learning.resume import Interrupted
from active_learning.simulate import make_pool
from active_learning.train import split_rows, train
from tests import estimates, tiny

WORDS = ["p", "A", "B", "C"]
FULL = TrainConfig(mode="full", lr=2e-3, min_steps=30, batch_tokens=512, eval_fraction=0.0)


def ignore(_):
    pass


def soft(q):
    return (1 - q, 0.0, q)


def item(*ratings):
    return Item(encode("p", ["A"] * len(ratings), tiny.make_tokenizer(WORDS)), ratings)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(tiny.make_model(tmp_path_factory.mktemp("base"), make_tokenizer()))


@pytest.fixture(scope="module")
def automatic(tmp_path_factory):
    """48 solutions of 24 toy problems; three quarters of their steps are on the way to the right answer."""
    path = tmp_path_factory.mktemp("automatic") / "automatic.jsonl"
    return estimates.write_toy(path, make_pool(24, 2, 0.12, Random(0)), Random(1))


# K3: the loss


@pytest.mark.parametrize(("a", "neutral", "b"), [(0.3, 5.0, 1.1), (-2.0, 0.0, 1.5), (4.0, -1.0, -4.0)])
def test_k3_the_loss_is_the_binary_cross_entropy_by_hand(a, neutral, b):
    p = 1 / (1 + math.exp(a - b))  # softmax over two logits
    logits = without_neutral(torch.tensor([[a, neutral, b]]))

    def loss(target):
        return summed_loss(logits, [item(target)], torch.ones(3)).item()

    assert loss(1) == pytest.approx(-math.log(p), abs=1e-6)
    assert loss(-1) == pytest.approx(-math.log(1 - p), abs=1e-6)
    for q in (0.0, 0.125, 2 / 3, 1.0):
        assert loss(soft(q)) == pytest.approx(-q * math.log(p) - (1 - q) * math.log(1 - p), abs=1e-6)


def test_k3_with_three_classes_a_soft_target_is_the_mixture_of_the_hard_ones():
    logits = torch.tensor([[0.3, -0.2, 1.1]])
    bad, good = (summed_loss(logits, [item(rating)], torch.ones(3)).item() for rating in (-1, 1))

    mixed = summed_loss(logits, [item(soft(0.25))], torch.ones(3)).item()

    assert mixed == pytest.approx(0.75 * bad + 0.25 * good, abs=1e-6)


def test_k3_what_has_no_target_has_no_loss_and_no_gradient():
    logits = torch.tensor([[0.3, -0.2, 1.1], [2.0, 0.0, 0.0]], requires_grad=True)

    summed_loss(logits, [item(soft(0.25), None)], torch.ones(3)).backward()

    assert logits.grad[0].abs().min() > 0
    assert logits.grad[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("mode", ["full", "probe"])
def test_k3_a_model_of_two_classes_gives_neutral_nothing_and_learns_nothing_for_it(mode, base):
    tokenizer, network = load_tokenizer(base), load_language_model(Path(base))
    rng = torch.Generator().manual_seed(0)
    new = (
        new_full(network, tokenizer, None, rng, has_neutral=False)
        if mode == "full"
        else new_probe(network, rng, has_neutral=False)
    )
    read = [encode("Start with $8$.", ["$8 + 3 = 11$.", "$11 + 2 = 13$."], tokenizer)]
    items = [Item(read[0], (soft(0.25), 1))]

    summed_loss(new(data.collate(read, 0)), items, torch.ones(3)).backward()

    rows = new.head.weight.grad if mode == "full" else new.head.layers[-1].weight.grad
    assert [row.abs().max().item() > 0 for row in rows] == [True, False, True]
    for negative, neutral, positive in step_probabilities(new, read, 0, 512)[0]:
        assert neutral == 0
        assert negative + positive == pytest.approx(1, abs=1e-6)


# K3: training


@pytest.mark.parametrize("estimation", ["hard", "soft"])
@pytest.mark.parametrize("mode", ["full", "probe"])
def test_k3_both_estimations_reduce_the_loss_on_toy_data(mode, estimation, base, automatic, tmp_path):
    config = replace(FULL, mode=mode, base=base if mode == "full" else "toy", lr=None if mode == "probe" else 2e-3)
    config = replace(config, estimation=estimation, eval_fraction=0.3)

    meta = train(None, config, tmp_path / "prm", automatic=automatic, progress=ignore)

    first, last = (sum(loss for _, loss in part) / 3 for part in (meta["losses"][:3], meta["losses"][-3:]))
    assert last < 0.95 * first
    assert (meta["config"]["has_neutral"], meta["config"]["estimation"]) == (False, estimation)
    assert meta["measured_on"] == "automatic"
    assert meta["data_sha256"] == meta["automatic_sha256"] == sha256(automatic)
    assert meta["counts"]["automatic_records"] == 48
    assert meta["metrics"]["solutions"] == meta["counts"]["held_out_rows"] > 2
    loaded = checkpoint.load(tmp_path / "prm", device="cpu")
    pool = make_pool(2, 2, 0.12, Random(7))
    asked = [score.Unscored(i, one.problem["problem"], one.steps) for i, one in enumerate(pool)]
    triples = [triple for one in score.score_solutions(loaded, asked) for triple in one.probabilities]
    assert {neutral for _, neutral, _ in triples} == {0}


def test_k3_hard_and_soft_learn_from_the_same_file_to_different_weights(base, automatic, tmp_path):
    for name in ("hard", "soft", "again"):
        config = replace(FULL, base=base, min_steps=4, estimation="hard" if name == "hard" else "soft")
        train(None, config, tmp_path / name, automatic=automatic, progress=ignore)

    heads = [sha256(tmp_path / name / "head.safetensors") for name in ("hard", "soft", "again")]
    assert heads[0] != heads[1] == heads[2]


def test_k3_soft_estimates_are_measured_by_one_half_and_hard_ones_by_any():
    row = (soft(0.25), soft(0.5), soft(1.0), None, -1, 1)

    assert item(*row).as_rated() == (-1, 1, 1, None, -1, 1)


def test_steps_of_one_kind_cannot_train(base, tmp_path):
    pool = [one for one in make_pool(8, 2, 0.12, Random(0)) if -1 not in one.ratings]
    path = estimates.write_toy(tmp_path / "automatic.jsonl", pool, Random(0), before=1.0)

    with pytest.raises(TrainingError, match="one step that led to the right answer and one that did not"):
        train(None, replace(FULL, base=base), tmp_path / "prm", automatic=path, progress=ignore)


def test_what_cannot_be_learned_from_is_said_before_anything_is_loaded(automatic, tmp_path):
    with pytest.raises(TrainingError, match="give labels of people, automatic labels, or both"):
        train(None, FULL, tmp_path / "prm", progress=ignore)
    with pytest.raises(TrainingError, match="An outcome model learns from graded samples"):
        train(None, replace(FULL, kind="orm"), tmp_path / "orm", automatic=automatic, progress=ignore)


# L7: balanced buckets


def recorded(monkeypatch):
    """What the loops compute a loss of, target by target."""
    seen, real = [], optimize.cross_entropy
    monkeypatch.setattr(
        optimize, "cross_entropy", lambda logits, wanted, weights: seen.append(wanted) or real(logits, wanted, weights)
    )
    return seen


def share_below_half(seen):
    drawn = torch.cat(seen)
    drawn = drawn[drawn.any(1)]
    return (drawn[:, 0] > 0.5).float().mean().item()


@pytest.mark.parametrize(("mode", "form"), [("full", "packed"), ("full", "completion"), ("probe", "packed")])
def test_l7_half_of_what_is_drawn_is_below_one_half(mode, form, base, automatic, tmp_path, monkeypatch):
    config = replace(FULL, mode=mode, form=form, base=base, estimation="soft", epochs=3, min_steps=1)
    shares = {}
    for chosen in ("none", "buckets"):
        seen = recorded(monkeypatch)
        train(None, replace(config, balance=chosen), tmp_path / chosen, automatic=automatic, progress=ignore)
        shares[chosen] = share_below_half(seen)

    assert shares["none"] < 0.4
    assert shares["buckets"] == pytest.approx(0.5, abs=0.05)


def test_l7_every_epoch_draws_all_of_the_smaller_bucket_and_others_of_the_larger_one():
    items = [item(soft(0.9), soft(0.6), soft(0.1)), item(1, None, 1), item(1, 1)]
    rng = Random(0)

    epochs = [balance.drawn(items, rng) for _ in range(20)]

    for epoch in epochs:
        drawn = [target for one in epoch for target in one.ratings if target is not None]
        assert soft(0.1) in drawn
        assert len(drawn) == 2
        assert all(any(target is not None for target in one.ratings) for one in epoch)
    assert len({str([one.ratings for one in epoch]) for epoch in epochs}) > 3


def test_l7_the_rating_is_read_at_the_last_token_of_the_prefix(base, automatic):
    rows, _ = read_automatic(automatic, "soft")
    whole = split_rows(rows, make_tokenizer(), replace(FULL, estimation="soft"))[0]["train"]
    apart = split_rows(rows, make_tokenizer(), replace(FULL, estimation="soft", form="completion"))[0]["train"]

    assert len(apart) == sum(len(one.ratings) for one in whole) > 100
    for one in apart:
        assert one.encoded.ends[-1] == len(one.encoded.ids) - 1
        assert [target is not None for target in one.ratings] == [*[False] * (len(one.ratings) - 1), True]


def test_l7_a_balanced_training_that_was_stopped_goes_on_to_the_very_same_weights(base, automatic, tmp_path):
    config = replace(FULL, base=base, min_steps=12, batch_tokens=300, balance="buckets", estimation="soft")
    lines = []
    train(None, config, tmp_path / "whole", automatic=automatic, progress=ignore)
    with pytest.raises(Interrupted):
        train(
            None,
            config,
            tmp_path / "again",
            automatic=automatic,
            progress=lines.append,
            asked_to_stop=lambda: len(lines) >= 7,
        )

    train(None, config, tmp_path / "again", automatic=automatic, progress=ignore)

    whole, again = (load_file(tmp_path / name / "head.safetensors")["weight"] for name in ("whole", "again"))
    assert torch.equal(whole, again)


def test_rare_ratings_are_made_up_for_in_one_way_only():
    with pytest.raises(ConfigError, match="Either balance or class_weight"):
        TrainConfig(balance="buckets", class_weight="sqrt_inverse")
    with pytest.raises(ConfigError, match="automatic_ratio is a number above 0, not 0"):
        TrainConfig(automatic_ratio=0)


# A server


def test_an_exported_model_of_two_classes_gives_neutral_nothing(base, automatic, tmp_path):
    from transformers import AutoModelForTokenClassification

    train(None, replace(FULL, base=base, min_steps=3), tmp_path / "prm", automatic=automatic, progress=ignore)
    loaded = checkpoint.load(tmp_path / "prm", device="cpu")

    export(loaded, tmp_path / "served")

    read = [encode("Start with $8$.", ["$8 + 3 = 11$."], loaded.tokenizer)]
    served = AutoModelForTokenClassification.from_pretrained(tmp_path / "served")
    found = served(torch.tensor([read[0].ids])).logits.softmax(-1)[0, read[0].ends[0]]
    assert found[1] == 0
    torch.testing.assert_close(found, torch.tensor(step_probabilities(loaded.model, read, 0, 512)[0][0]).float())
    with pytest.raises(EndpointError, match="knows no neutral steps"):
        _set_bias(None, has_neutral=False)


def test_a_row_of_people_is_a_distribution_with_all_on_one():
    rows = [targets.Row("p", ("A", "B", "C", "A"), (-1, 0, 1, None))]
    items, _ = targets.encode_rows(rows, tiny.make_tokenizer(WORDS), 100)

    assert optimize.targets_of(items).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
