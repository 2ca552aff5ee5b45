import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from active_learning import checkpoint, data
from active_learning.base_model import ModelError, label_ids, load_language_model, load_tokenizer
from active_learning.config import TrainConfig, to_json
from active_learning.model import new_full, new_probe
from tests import tiny

WORDS = ["p", "A", "B", "C", "D", "E"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny.make_model(tmp_path_factory.mktemp("base"), tiny.make_tokenizer(WORDS))


def make(base, mode):
    tokenizer, language_model = load_tokenizer(base), load_language_model(base)
    if mode == "full":
        return new_full(language_model, tokenizer, None, torch.Generator()), tokenizer
    return new_probe(language_model, torch.Generator().manual_seed(0)), tokenizer


def batch_of(tokenizer):
    return data.collate([data.encode("p", ["A B", "C"], tokenizer), data.encode("p", ["D"], tokenizer)], 0)


def test_a_new_full_prm_says_what_the_language_model_says_of_the_three_words(base):
    model, tokenizer = make(base, "full")
    batch = batch_of(tokenizer)
    logits = load_language_model(base)(input_ids=batch.ids, attention_mask=batch.mask).logits
    words = tokenizer.convert_tokens_to_ids(["bad", "neutral", "good"])
    expected = torch.stack([logits[row, end, words] for row, end in [(0, 2), (0, 3), (1, 1)]])
    torch.testing.assert_close(model(batch), expected, atol=1e-5, rtol=0)


def test_probe_features_are_the_step_end_and_least_mean_and_last_log_probability(base):
    model, tokenizer = make(base, "probe")
    batch = batch_of(tokenizer)
    network = load_language_model(base)
    output = network(input_ids=batch.ids[:1], output_hidden_states=True)
    surprise = output.logits[0].log_softmax(-1)
    of_step = torch.stack([surprise[0, batch.ids[0, 1]], surprise[1, batch.ids[0, 2]]])  # "A B" after "p"
    expected = torch.cat([output.hidden_states[-1][0, 2], torch.stack([of_step.min(), of_step.mean(), of_step[1]])])
    torch.testing.assert_close(model.features(batch)[0], expected, atol=1e-5, rtol=0)


def test_the_base_of_a_probe_is_frozen(base):
    model, _ = make(base, "probe")
    assert {name.split(".")[0] for name, parameter in model.named_parameters() if parameter.requires_grad} == {"head"}


def test_label_words_are_three_different_known_single_tokens(base):
    tokenizer = load_tokenizer(base)
    assert label_ids(tokenizer, None) == tokenizer.convert_tokens_to_ids(["bad", "neutral", "good"])
    assert label_ids(tokenizer, ("A", "B", "C")) == tokenizer.convert_tokens_to_ids(["A", "B", "C"])
    for words in (("A", "A", "B"), ("A", "B", "unheard"), ("A B", "C", "D")):
        with pytest.raises(ModelError, match="three different words that are single tokens"):
            label_ids(tokenizer, words)


def test_a_model_that_changes_its_logits_after_the_output_rows_is_refused(base):
    tokenizer, language_model = load_tokenizer(base), load_language_model(base)
    forward = language_model.forward

    def scaled(*args, **kwargs):
        output = forward(*args, **kwargs)
        output.logits = output.logits * 0.1
        return output

    language_model.forward = scaled
    language_model.get_output_embeddings().weight.data *= 50
    with pytest.raises(ModelError, match="mode probe"):
        new_full(language_model, tokenizer, None, torch.Generator())


def test_only_safetensors_are_loaded(tmp_path):
    with pytest.raises(ModelError, match=r"no config\.json"):
        load_language_model(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickled")
    with pytest.raises(ModelError, match=r"no \*\.safetensors"):
        load_language_model(tmp_path)


def test_a_model_that_lacks_weights_is_refused(tmp_path):
    """They would be drawn at random, others at each load."""
    whole = tiny.make_model(tmp_path, tiny.make_tokenizer(["w1"]))
    tensors = load_file(whole / "model.safetensors")
    for name in ("lm_head.weight", "model.norm.weight"):
        kept = {one: tensor for one, tensor in tensors.items() if one != name}
        save_file(kept, whole / "model.safetensors", metadata={"format": "pt"})

        with pytest.raises(ModelError, match=rf"lacks weights of this kind of model: {name}\. Name a whole model"):
            load_language_model(whole)


def test_weights_that_were_cut_short_are_refused_in_words(tmp_path):
    cut = tiny.make_model(tmp_path, tiny.make_tokenizer(["w1"])) / "model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-500])

    with pytest.raises(ModelError, match="damaged or not whole"):
        load_language_model(tmp_path)


def saved(base, mode, out):
    model, tokenizer = make(base, mode)
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter += 0.5 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    config = TrainConfig(base=str(base), mode=mode)
    meta = {"config": to_json(config), "base_sha256": checkpoint.base_sha256(str(base))}
    checkpoint.save(model, tokenizer, config, out, lambda _: meta)
    return model, tokenizer


@pytest.mark.parametrize("mode", ["full", "probe"])
def test_a_checkpoint_loads_as_it_was_saved(mode, base, tmp_path):
    model, tokenizer = saved(base, mode, tmp_path / "prm")
    loaded = checkpoint.load(tmp_path / "prm", device="cpu")
    torch.testing.assert_close(loaded.model(batch_of(loaded.tokenizer)), model(batch_of(tokenizer)))
    assert loaded.config == TrainConfig(base=str(base), mode=mode)
    assert not list(tmp_path.glob(".*"))
    assert not [path for path in (tmp_path / "prm").rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]


@pytest.mark.parametrize("name", ["head.safetensors", "meta.json", "backbone/model.safetensors"])
def test_a_checkpoint_that_was_changed_does_not_load(name, base, tmp_path):
    saved(base, "full", tmp_path / "prm")
    with (tmp_path / "prm" / name).open("r+b") as file:
        file.seek(-2, 2)
        file.write(b" }" if name == "meta.json" else b"\x01\x02")
    with pytest.raises(checkpoint.CheckpointError, match=f"not as it was written: {name}"):
        checkpoint.load(tmp_path / "prm")


def test_a_checkpoint_with_a_file_more_or_less_does_not_load(base, tmp_path):
    saved(base, "probe", tmp_path / "prm")
    (tmp_path / "prm" / "more.txt").write_text("?")
    with pytest.raises(checkpoint.CheckpointError, match=r"more\.txt"):
        checkpoint.verify(tmp_path / "prm")
    (tmp_path / "prm" / "more.txt").unlink()
    checkpoint.verify(tmp_path / "prm")
    (tmp_path / "prm" / "manifest.json").unlink()
    with pytest.raises(checkpoint.CheckpointError, match="no checkpoint"):
        checkpoint.verify(tmp_path / "prm")


def test_a_checkpoint_is_never_overwritten(base, tmp_path):
    saved(base, "probe", tmp_path / "prm")
    with pytest.raises(checkpoint.CheckpointError, match="never overwritten"):
        saved(base, "probe", tmp_path / "prm")


def test_a_probe_follows_its_base_model_and_refuses_another(base, tmp_path):
    saved(base, "probe", tmp_path / "prm")
    other = tiny.make_model(tmp_path / "other", tiny.make_tokenizer(WORDS), seed=1)
    with pytest.raises(checkpoint.CheckpointError, match="not the one this checkpoint was trained on"):
        checkpoint.load(tmp_path / "prm", base=str(other))
    moved = tiny.make_model(tmp_path / "moved", tiny.make_tokenizer(WORDS))
    assert checkpoint.load(tmp_path / "prm", base=str(moved)).tokenizer is not None


def test_unknown_keys_and_odd_values_of_a_configuration_are_refused():
    from active_learning.config import ConfigError, from_json, read

    assert from_json(to_json(TrainConfig(label_words=("a", "b", "c"), seed=4))) == TrainConfig(
        label_words=("a", "b", "c"), seed=4
    )
    assert read(json.dumps({"mode": "full"})) == replace(TrainConfig(), mode="full")
    for text in ('{"learning_rate": 1}', '{"mode": "half"}', '{"epochs": 0}', '{"eval_fraction": 1}', "[]"):
        with pytest.raises(ConfigError):
            read(text)
