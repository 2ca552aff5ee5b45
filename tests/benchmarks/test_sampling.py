"""How fast rollouts and the steps of a beam search are sampled, against transformers' own generate loop over the prefixes.

    make bench ARGS="tests/benchmarks/test_sampling.py -s"

Both sides sample as many tokens from the same model after the same prefixes, in turn in one process; medians are compared.
"""

import json
from random import Random
from time import perf_counter, process_time

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import GenerationConfig, PreTrainedTokenizerFast

from active_learning.generators import Draw, local
from tests.benchmarks.science import LARGE, SMALL, VOCABULARY, language_model, seconds, side_by_side

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("default")]

RUNS = 3
PREFIXES = 7  # of a solution of eight steps
ROLLOUTS = 8
BEAM, EXPANSIONS = 8, 3
STEP = 32  # tokens
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")


@pytest.fixture
def show(capsys):
    def printed(name, figures):
        with capsys.disabled():
            print(f"\n{name}: {json.dumps(figures, ensure_ascii=False)}")

    return printed


def make_model(shape, vocabulary=VOCABULARY, **where):
    words = {f"w{place}": place for place in range(vocabulary)}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="w1")), pad_token="w0", unk_token="w1"
    )
    network = language_model(shape, vocabulary, **where)
    network.generation_config = GenerationConfig()
    return local.LanguageModel(network, tokenizer, (), 4096)


def prefixes_of(model, count, rng):
    """Token ids of a problem of 90 tokens and so many beginnings of one solution of it, a step longer each."""
    words = [rng.randrange(20, len(model.tokenizer)) for _ in range(90 + STEP * count)]
    return [words[: 90 + STEP * place] for place in range(1, count + 1)]


def one_by_one(model, prefixes, draw):
    """transformers' own loop: a prefix after the other, its samples side by side, as fast as the library does it."""
    for ids in prefixes:
        prompt = torch.tensor([ids], device=model.network.device)
        model.network.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            do_sample=True,
            top_k=0,
            num_return_sequences=draw.count,
            max_new_tokens=draw.max_new_tokens,
            pad_token_id=0,
        )


def compare(model, prefixes, draw, clock):
    """Tokens a second of both sides. The model writes neither ends nor newlines: every sample has all its tokens."""
    tokens = len(prefixes) * draw.count * draw.max_new_tokens

    def of(act):
        def run(_):
            taken, found = seconds(lambda: (act(), torch.cuda.is_available() and torch.cuda.synchronize())[0], clock)
            assert found is None or all(one.tokens == draw.max_new_tokens for some in found for one in some)
            return tokens, taken

        return run

    sides = {
        "generate": of(lambda: one_by_one(model, prefixes, draw)),
        "ours": of(lambda: local.sample(model, prefixes, draw, is_enough=lambda _: False)),
    }
    for side in sides.values():
        side(0)  # the first run chooses kernels
    rates = side_by_side(RUNS, sides)
    return {**rates, "ratio": round(rates["ours"]["median"] / rates["generate"]["median"], 2)}


def test_rollouts_and_steps_of_a_search_are_sampled_faster_than_prefix_by_prefix(show):
    torch.set_num_threads(1)
    model, rng = make_model(SMALL), Random(0)
    clock = process_time
    rollouts = compare(model, prefixes_of(model, PREFIXES, rng), Draw(ROLLOUTS, 0, max_new_tokens=STEP), clock)
    steps = compare(model, prefixes_of(model, BEAM, rng), Draw(EXPANSIONS, 0, max_new_tokens=STEP), clock)
    show("sampling on a processor, tokens a processor second", {"rollouts": rollouts, "beam search": steps})
    assert rollouts["ratio"] >= 1
    assert steps["ratio"] >= 1


@GPU
def test_gpu_rollouts_and_steps_of_a_search_are_sampled_faster_than_prefix_by_prefix(show):
    model, rng = make_model(LARGE, 151_936, dtype=torch.bfloat16, device="cuda"), Random(0)
    rollouts = compare(model, prefixes_of(model, PREFIXES, rng), Draw(ROLLOUTS, 0, max_new_tokens=128), perf_counter)
    steps = compare(model, prefixes_of(model, BEAM, rng), Draw(EXPANSIONS, 0, max_new_tokens=STEP), perf_counter)
    name = torch.cuda.get_device_name()
    show(f"sampling, 1.5 B weights in bf16, {name}, tokens/s", {"rollouts": rollouts, "beam search": steps})
    assert rollouts["ratio"] >= 2
    assert steps["ratio"] >= 2
