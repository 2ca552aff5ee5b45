"""The small language model that is committed with the project."""

import hashlib
import json
from random import Random

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from active_learning import data
from active_learning.domains import chains, toy
from active_learning.pretrain import PretrainConfig, make_tokenizer, pretrain

BASE = toy.BASE_DIRECTORY


def test_the_committed_files_are_those_that_were_trained():
    meta = json.loads((BASE / "meta.json").read_text())
    found = {name: hashlib.sha256((BASE / name).read_bytes()).hexdigest() for name in meta["sha256"]}
    assert found == meta["sha256"]
    assert {"model.safetensors", "tokenizer.json", "config.json"} <= found.keys()
    assert {path.name for path in BASE.iterdir()} == {*found, "meta.json", "README.md"}
    assert sum(path.stat().st_size for path in BASE.iterdir()) < 2_500_000


def test_it_loads_as_any_model_directory():
    network = AutoModelForCausalLM.from_pretrained(BASE, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(BASE, local_files_only=True)
    assert 300_000 < network.num_parameters() < 800_000
    assert len(tokenizer) == network.config.vocab_size


def test_its_tokenizer_knows_every_word_of_the_domain_and_little_else():
    rng = Random(7)
    tokenizer = AutoTokenizer.from_pretrained(BASE, local_files_only=True)
    for problem in toy.problems(100, rng=rng):
        for solution in toy.solutions(problem, 5, rng=rng, error_rate=0.3):
            encoded = data.encode(problem["problem"], solution["steps"], tokenizer)
            assert tokenizer.unk_token_id not in encoded.ids
            assert len(encoded.ids) < 80
    with pytest.raises(data.UnreadableText):
        data.check_readable(["Let $x$ be the number of eggs that the ducks lay."], tokenizer)


def test_the_tokenizer_is_what_the_command_makes():
    tokenizer = AutoTokenizer.from_pretrained(BASE, local_files_only=True)
    problem = chains.Chain(8, (chains.Operation("+", 3), chains.Operation("*", 2))).text()
    text = " So $8 + 3 = 11$.\n\n# Answer\n\n11"
    expected = ["start", "8", "+3", "*2", "8", "+3", "=", "11", "#", "11"]
    for one in (tokenizer, make_tokenizer()):
        assert one.convert_ids_to_tokens(one(problem + text, add_special_tokens=False)["input_ids"]) == expected


def test_pretraining_repeats_itself_for_a_seed(tmp_path):
    config = PretrainConfig(hidden=16, layers=1, heads=2, batch=8, steps=50)
    lines = []
    for name in ("one", "two"):
        meta = pretrain(config, tmp_path / name, progress=lines.append)
    assert (tmp_path / "one/model.safetensors").read_bytes() == (tmp_path / "two/model.safetensors").read_bytes()
    assert lines[0] == {"stage": "pretrain", "done": 50, "total": 50, "loss": meta["loss"]}
