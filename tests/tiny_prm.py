"""Reward models of tiny base models, and solutions for them to score."""

import json

import torch

from active_learning import checkpoint, score
from active_learning.base_model import load_language_model, load_tokenizer
from active_learning.config import TrainConfig, to_json
from active_learning.model import new_full, new_probe
from tests import tiny

WORDS = [f"w{i}" for i in range(40)]


def make_checkpoint(directory, mode, max_len=100):
    base = tiny.make_model(directory, tiny.make_tokenizer(WORDS))
    tokenizer, language_model = load_tokenizer(base), load_language_model(base)
    model = (
        new_full(language_model, tokenizer, None, torch.Generator())
        if mode == "full"
        else new_probe(language_model, torch.Generator().manual_seed(0))
    )
    config = TrainConfig(base=str(base), mode=mode, max_len=max_len)
    meta = {"kind": "prm", "config": to_json(config), "metrics": {"threshold": 0.5}}
    return checkpoint.Checkpoint(model, tokenizer, config, meta)


def publish(prm, directory):
    """Write the checkpoint as training does, and return its directory."""
    meta = prm.meta | {"base_sha256": checkpoint.base_sha256(prm.config.base)}
    checkpoint.save(prm.model, prm.tokenizer, prm.config, directory, lambda _: meta)
    return directory


def make_solutions(n, rng, problems=0):
    """Solutions of problems of their own, or in turn of as many problems as given."""

    def text():
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 6)))

    shared = [text() for _ in range(problems)]
    return [
        score.Unscored(
            i, shared[i * problems // n] if shared else text(), tuple(text() for _ in range(rng.randint(1, 8)))
        )
        for i in range(n)
    ]


def write_solutions(path, solutions):
    rows = ({"id": one.id, "problem": one.problem, "steps": one.steps} for one in solutions)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
