"""One pass over a problem for all its solutions. H13: equal to scoring one by one to 1e-5 regardless of padding."""

from random import Random

import pytest
import torch
from transformers import (
    BertConfig,
    BertLMHeadModel,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from active_learning import base_model, data, prefix
from active_learning.data import Encoded, Item
from active_learning.model import StepPRM, new_probe
from tests.reference import step_probabilities

VOCABULARY = 60
SHAPE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
}
KINDS = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SHAPE)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SHAPE, num_key_value_heads=2)),
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=2)),
    "sliding": lambda: Qwen2ForCausalLM(
        Qwen2Config(**SHAPE, num_key_value_heads=2, use_sliding_window=True, sliding_window=8, max_window_layers=1)
    ),
    "encoder": lambda: BertLMHeadModel(BertConfig(**SHAPE)),
}


def make_prm(kind, mode):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        language_model = KINDS[kind]().eval()
        if mode == "probe":
            return new_probe(language_model, torch.Generator().manual_seed(1))
        head = torch.nn.Linear(32, 3, bias=False)
        head.weight.data.mul_(5)
        return StepPRM(language_model.base_model, head).eval()


def make_sequences(counts, rng):
    """`counts[i]` solutions of problem i, of 1 to 6 steps of 2 to 9 tokens each, a separator at their ends."""
    sequences = []
    for count in counts:
        problem = [rng.randrange(2, VOCABULARY) for _ in range(rng.randint(20, 40))]
        for _ in range(count):
            ids, ends = list(problem), []
            for _ in range(rng.randint(1, 6)):
                ids += [*(rng.randrange(2, VOCABULARY) for _ in range(rng.randint(1, 8))), 1]
                ends.append(len(ids) - 1)
            sequences.append(Encoded(ids, ends, len(problem), 1))
    rng.shuffle(sequences)
    return sequences


def largest_difference(left, right):
    assert [len(one) for one in left] == [len(one) for one in right]
    pairs = zip(left, right, strict=True)
    return max((torch.tensor(one) - torch.tensor(other)).abs().max().item() for one, other in pairs)


@pytest.fixture
def count_tokens():
    """The tokens that went through a model's embedding, padding included."""

    def counted(prm, compute):
        seen = []
        embedding = prefix.backbone_of(prm).get_input_embeddings()
        hook = embedding.register_forward_hook(lambda module, arguments, output: seen.append(arguments[0].numel()))
        result = compute()
        hook.remove()
        return result, sum(seen)

    return counted


@pytest.mark.parametrize("mode", ["full", "probe"])
@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2"])
@pytest.mark.parametrize("batch_tokens", [1, 150, 5000])
def test_sharing_a_problem_changes_no_probability(kind, mode, batch_tokens):
    prm = make_prm(kind, mode)
    sequences = make_sequences([12, 1, 7, 4, 1], Random(batch_tokens))
    assert prefix.can_share(prm)
    shared = prefix.step_probabilities(prm, sequences, 0, batch_tokens)
    assert largest_difference(shared, step_probabilities(prm, sequences, 0, 1)) < 1e-5


def test_a_problem_is_computed_once_for_all_its_solutions(count_tokens):
    prm = make_prm("qwen2", "full")
    sequences = make_sequences([30], Random(0))
    _, tokens = count_tokens(prm, lambda: prefix.step_probabilities(prm, sequences, 0, 400))
    problem = sequences[0].prompt_len
    own = sum(len(one.ids) - problem for one in sequences)
    assert problem + own <= tokens < 1.25 * (problem + own)  # a quarter of padding at most


def test_the_last_feed_forward_part_computes_only_what_is_read_and_is_left_as_it_was():
    prm = make_prm("qwen2", "full")
    sequences = make_sequences([30], Random(0))
    part, seen = prm.backbone.layers[-1].mlp, []
    hook = part.gate_proj.register_forward_hook(lambda module, arguments, output: seen.append(output[..., 0].numel()))
    prefix.step_probabilities(prm, sequences, 0, 400)
    hook.remove()
    assert sum(seen) == 1 + sum(len(one.ends) for one in sequences)  # the problem's last token, and each step's
    assert not part._forward_hooks
    assert not part._forward_pre_hooks


def test_equal_solutions_are_computed_once(count_tokens):
    prm = make_prm("llama", "full")
    once = make_sequences([6, 1], Random(3))
    found, tokens = count_tokens(prm, lambda: prefix.step_probabilities(prm, once, 0, 10_000))
    often, often_tokens = count_tokens(prm, lambda: prefix.step_probabilities(prm, once * 5, 0, 10_000))
    assert often_tokens == tokens
    assert often == found * 5


def test_the_same_tokens_with_other_step_ends_are_another_solution():
    prm = make_prm("llama", "full")
    ids = list(range(2, 42))
    one, other = Encoded(ids, [39], 30, 1), Encoded(ids, [34, 39], 30, 1)
    found = prefix.step_probabilities(prm, [one, other], 0, 1000)
    assert [len(triples) for triples in found] == [1, 2]
    assert found[0][0] == pytest.approx(found[1][1], abs=1e-5)


@pytest.mark.parametrize("kind", ["sliding", "encoder"])
def test_a_model_that_cannot_share_is_scored_the_plain_way(kind, count_tokens):
    prm = make_prm(kind, "full")
    sequences = make_sequences([8, 3], Random(1))
    assert not prefix.can_share(prm)
    found, tokens = count_tokens(prm, lambda: prefix.step_probabilities(prm, sequences, 0, 1))
    assert tokens == sum(len(one.ids) for one in sequences)
    assert largest_difference(found, step_probabilities(prm, sequences, 0, 1)) == 0


def test_nothing_to_score_is_nothing():
    assert prefix.step_probabilities(make_prm("llama", "full"), [], 0, 100) == []


@pytest.mark.parametrize("mode", ["full", "probe"])
def test_the_alternatives_to_a_step_share_what_precedes_them(mode, count_tokens):
    """Phase 1: seven options at each step are read with one pass over the steps before, and judged as with one each."""
    prm = make_prm("llama", mode)
    path, rng = list(range(2, 60)), Random(0)
    options = [[*path, *(rng.randrange(2, VOCABULARY) for _ in range(4)), 1] for _ in range(7)]
    items = [Item(Encoded(ids, [30, 57, 62], 20, 1), (None, None, 1), is_whole=False) for ids in options]
    apart = prefix.alternatives_apart(prm, items)
    assert [(one.encoded.ends, one.ratings) for one in apart] == [([62], (1,))] * 7
    found, tokens = count_tokens(prm, lambda: prefix.step_probabilities(prm, [one.encoded for one in apart], 0, 1000))
    assert tokens == 58 + 7 * 5
    whole = step_probabilities(prm, [one.encoded for one in items], 0, 1000)
    assert largest_difference(found, [of_steps[-1:] for of_steps in whole]) < 1e-5


def test_features_are_read_as_probabilities_are():
    prm = make_prm("llama", "probe")
    sequences = make_sequences([5, 1], Random(4))
    shared = prefix.read_steps(prm, sequences, 0, 300, read=prm.features_of)
    for one, features in zip(sequences, shared, strict=True):
        torch.testing.assert_close(features, prm.features(data.collate([one], 0)), atol=1e-5, rtol=0)


@pytest.mark.proof
def test_compiled_layers_say_the_same(monkeypatch):
    monkeypatch.setattr(torch._dynamo.config, "recompile_limit", 256)
    model = make_prm("qwen2", "full")
    sequences = make_sequences([5, 4], Random(3))
    expected = prefix.step_probabilities(model, sequences, 0, 400)

    base_model.compile_layers(model, backend="eager")  # all but the compiler's last part, which makes the kernels
    torch._dynamo.utils.counters.clear()
    found = prefix.step_probabilities(model, sequences, 0, 400)

    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] >= 3
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(torch.tensor(one), torch.tensor(other), atol=1e-5, rtol=0)
    torch._dynamo.reset()
