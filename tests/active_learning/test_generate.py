import json
import math
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from active_learning.__main__ import main
from active_learning.domains import chains, toy
from active_learning.generate import NextSteps, next_steps
from active_learning.generators import Draw, GeneratorError, Prompt, PromptTooLong, local
from active_learning.generators.budget import Budget
from active_learning.steps import first_step

PROBLEM = "Start with $8$. Add $3$, multiply by $2$, then subtract $5$. What is the result?"


def sample(generator, *, problem="How much?", prefix=(), count=8, seed=0, **more):
    return next_steps(generator=str(generator), problem=problem, prefix=prefix, count=count, seed=seed, **more)


# Where a step ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("So $x = 2$.\nThen", "So $x = 2$."),
        ("So $x = 2$.\n\nThen", "So $x = 2$."),
        ("\n\n  So $x = 2$. \r\nThen", "So $x = 2$."),
        ("So $x = 2$.\n\n# Answer\n\n2\nmore", "So $x = 2$.\n\n# Answer\n\n2"),
        ("So $x = 2$.\n\n# Answers vary\n", "So $x = 2$."),
        ("So $x = 2$.\n\n# Answer\n\n\n", "So $x = 2$."),
        ("\n# Answer\n\n2\nmore", "# Answer\n\n2"),
        ("# Answer\n\n\n", ""),
        ("# Answer\nmore", ""),
    ],
)
def test_a_step_ends_at_the_newline_or_after_its_answer(text, step):
    assert first_step(text, is_over=False) == step
    assert first_step(text, is_over=True) == step


@pytest.mark.parametrize(
    ("text", "at_the_end"),
    [
        ("", ""),
        ("\n", ""),
        ("So $x", "So $x"),
        ("So $x = 2$.\n", "So $x = 2$."),
        ("So $x = 2$.\n\n# Ans", "So $x = 2$."),
        ("So $x = 2$.\n\n# Answer\n\n", "So $x = 2$."),
        ("So $x = 2$.\n\n# Answer\n\n2", "So $x = 2$.\n\n# Answer\n\n2"),
    ],
)
def test_what_more_text_could_change_is_no_step_until_the_generator_ends(text, at_the_end):
    assert first_step(text, is_over=False) is None
    assert first_step(text, is_over=True) == at_the_end


# A language model whose every next token is known -------------------------------------------------------------------

# After each token the ones that may follow; one that stands there twice is twice as likely.
FOLLOW = {
    "How much?": ["\n"],
    "\n": ["One.", "One.", "Two.", "Last.", "Over.", "Endless", "\x00", "\n\n", "</s>"],
    "One.": ["\n"],
    "Two.": ["\n\n"],
    "\n\n": ["One.", "Three."],
    "Three.": ["\n"],
    "Last.": ["\n\n# "],
    "\n\n# ": ["Answer\n\n"],
    "Answer\n\n": ["7"],
    "7": ["\n"],
    "Over.": ["</s>"],
    "Endless": ["Endless"],
    "\x00": ["\n"],
}


def make_known_model(directory, follow=FOLLOW, *, advice=None):
    """One layer that adds nothing, between one-hot embeddings and a table of log-probabilities."""
    words = ["<pad>", "<unk>", "</s>", *follow]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("\n\n# |Answer\n\n|\n\n|\n|[^\n]+"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        eos_token="</s>",
        clean_up_tokenization_spaces=False,
    )
    size = len(words)
    shape = LlamaConfig(
        vocab_size=size,
        hidden_size=size,
        intermediate_size=2,
        num_hidden_layers=1,
        num_attention_heads=1,
        head_dim=2,
        max_position_embeddings=64,
        tie_word_embeddings=False,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=2,
    )
    network = LlamaForCausalLM(shape)
    table = torch.full((size, size), -1e4)
    for word, followers in follow.items():
        for follower in followers:
            likelihood = followers.count(follower) / len(followers)
            table[words.index(follower), words.index(word)] = math.log(likelihood)
    with torch.no_grad():
        network.model.layers[0].self_attn.o_proj.weight.zero_()
        network.model.layers[0].mlp.down_proj.weight.zero_()
        network.model.embed_tokens.weight.copy_(torch.eye(size))
        network.lm_head.weight.copy_(table / math.sqrt(size))
    network.generation_config = GenerationConfig(**(advice or {}))
    network.save_pretrained(directory)
    fast.save_pretrained(directory)
    return directory


@pytest.fixture(scope="module")
def known_model(tmp_path_factory):
    with torch.random.fork_rng():
        return make_known_model(tmp_path_factory.mktemp("known"))


def test_the_steps_differ_and_an_answer_stays_in_the_last_one(known_model):
    found = sample(known_model, count=60)
    assert sorted(found.steps) == ["Last.\n\n# Answer\n\n7", "One.", "Over.", "Three.", "Two."]


def test_what_was_cut_off_and_what_cannot_be_stored_are_left_out_and_counted(known_model):
    found = sample(known_model, count=60)
    assert 1 < found.incomplete < 20  # "Endless" has no newline
    assert 1 < found.unusable < 20  # PostgreSQL stores no NUL
    short = sample(known_model, count=60, max_new_tokens=3)
    assert "Last.\n\n# Answer\n\n7" not in short.steps
    assert "Last." not in short.steps  # it would be a last step without its answer
    assert short.incomplete > found.incomplete


def test_the_order_is_that_of_sampling_and_a_seed_gives_the_same_steps(known_model):
    assert sample(known_model, seed=1) == sample(known_model, seed=1)
    firsts = {sample(known_model, seed=seed).steps[0] for seed in range(20)}
    assert len(firsts) > 3
    assert sample(known_model, seed=1, count=1).steps[0] in firsts


def test_the_step_before_is_not_offered_again(known_model):
    assert "One." in sample(known_model, count=60).steps
    assert "One." not in sample(known_model, count=60, prefix=["Two.", "One.\n"]).steps


def test_only_the_temperature_shapes_what_is_sampled(known_model, tmp_path):
    advice = {"do_sample": True, "top_k": 1, "repetition_penalty": 9.0, "min_new_tokens": 30}
    with torch.random.fork_rng():
        make_known_model(tmp_path, advice=advice)
    assert sample(tmp_path, count=60) == sample(known_model, count=60)


@pytest.fixture
def rich_model(tmp_path):
    """Its first steps are of 80 kinds, each likelier than the one before; it never ends by itself."""
    ways = [f"Way {i}." for i in range(80)]
    growing = [way for i, way in enumerate(ways) for _ in range(i + 1)]
    with torch.random.fork_rng():
        return make_known_model(tmp_path, {"How much?": ["\n"], "\n": growing, **{way: ["\n"] for way in ways}})


def test_rare_steps_are_sampled_too(rich_model):
    found = sample(rich_model, count=400).steps
    assert sum(int(step[4:-1]) < 30 for step in found) > 10  # the library leaves out all but the best 50 if not told


def test_sampling_stops_when_every_sample_has_its_step(rich_model, monkeypatch):
    model, lengths = local.load(rich_model).network, []
    original = model.generate
    monkeypatch.setattr(
        model, "generate", lambda *a, **k: (rows := original(*a, **k), lengths.append(rows.shape[1]))[0]
    )
    assert len(sample(rich_model, max_new_tokens=50).steps) > 3
    assert lengths == [2 + 3]  # the prompt; a step, its newline, and what follows, which could have been the answer


def test_a_cold_generator_says_the_likeliest_only(known_model):
    assert sample(known_model, count=60, temperature=0.02).steps == ["One."]


def test_the_prompt_is_laid_out_as_in_training(known_model, monkeypatch):
    from active_learning import data

    loaded = local.load(known_model)
    seen = []
    monkeypatch.setattr(loaded.network, "generate", lambda ids, **_: (seen.append(ids.tolist()), ids)[1])
    sample(known_model, prefix=["One.", "Two."], count=1)
    assert seen == [[data.encode("How much?", ["One.", "Two."], loaded.tokenizer).ids]]


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_the_random_numbers_and_threads_of_others_are_left_alone(known_model):
    torch.manual_seed(5)
    random.seed(5)
    before = torch.get_rng_state(), random.getstate(), torch.get_num_threads()
    sample(known_model, seed=1)
    sample("toy", problem=PROBLEM)
    assert torch.equal(before[0], torch.get_rng_state())
    assert (random.getstate(), torch.get_num_threads()) == before[1:]


def test_what_others_drew_before_changes_nothing(known_model):
    torch.manual_seed(1)
    first = sample(known_model)
    torch.manual_seed(2)
    assert sample(known_model) == first


def test_another_process_says_the_same(known_model):
    program = (
        "import json, sys; from active_learning.generate import next_steps; question = json.loads(sys.argv[1]);"
        "print(json.dumps([next_steps(generator=one, **rest).steps for one, rest in question]))"
    )
    rest = {"prefix": [], "count": 8, "seed": 3}
    question = [[str(known_model), {"problem": "How much?", **rest}], ["toy", {"problem": PROBLEM, **rest}]]
    run = subprocess.run([sys.executable, "-c", program, json.dumps(question)], capture_output=True, check=True)
    assert json.loads(run.stdout) == [next_steps(generator=one, **more).steps for one, more in question]


def test_a_model_is_loaded_once_and_again_when_its_folder_has_changed(tmp_path):
    with torch.random.fork_rng():
        make_known_model(tmp_path)
    first = local.load(tmp_path)
    assert local.load(Path(os.path.relpath(tmp_path))) is first
    os.utime(tmp_path / "model.safetensors", ns=(1, time.time_ns() + 10**9))
    assert local.load(tmp_path) is not first


def test_no_text_has_less_room_because_of_a_longer_prompt_beside_it(known_model):
    short, longer = (Prompt("How much?", ("One.",) * count) for count in (1, 30))  # 4 and 62 of 64 tokens
    model = local.LocalGenerator(known_model, Budget())
    draw = Draw(16, 0, max_new_tokens=40)

    alone = model.sample([short], draw, until="answer")[0]
    beside, cut = model.sample([short, longer], draw, until="answer")

    assert max(one.tokens for one in cut) == 2
    assert [one.text for one in beside] == [one.text for one in alone]
    assert max(one.tokens for one in beside) > 10


def test_a_prompt_without_room_is_answered_by_why_and_the_others_by_texts(known_model):
    prompts = [Prompt("How much?", ("One.",) * count) for count in (1, 31)]

    texts, refusal = local.LocalGenerator(known_model, Budget()).sample(prompts, Draw(2, 0), until="step")

    assert len(texts) == 2
    assert isinstance(refusal, PromptTooLong)


# Refusals -----------------------------------------------------------------------------------------------------------


def test_a_prompt_that_does_not_fit_is_refused_with_its_length(known_model):
    assert sample(known_model, prefix=["One."] * 30).incomplete < 8  # 62 of 64 tokens
    with pytest.raises(PromptTooLong, match=r"31 steps are 64 tokens\. The generator reads 64"):
        sample(known_model, prefix=["One."] * 31)


def test_what_reaches_the_end_of_the_context_is_cut_off_there(known_model):
    found = sample(known_model, prefix=["One."] * 30, count=60)
    assert set(found.steps) <= {"Over."}  # the only one whose end fits: an answer or another line needs more
    assert found.incomplete > 20


def test_a_folder_without_a_model_or_with_weights_that_run_code_is_refused(known_model, tmp_path):
    with pytest.raises(GeneratorError, match="There is no folder"):
        sample(tmp_path / "none")
    with pytest.raises(GeneratorError, match=r"has no config\.json"):
        sample(tmp_path)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((known_model / name).read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"weights")
    with pytest.raises(GeneratorError, match=r"has no \*\.safetensors"):
        sample(tmp_path)
    (tmp_path / "model.safetensors").write_bytes((known_model / "model.safetensors").read_bytes())
    (tmp_path / "pytorch_model.bin").unlink()
    assert sample(tmp_path).steps
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(GeneratorError, match="cannot be loaded as a generator"):
        sample(tmp_path)


def test_a_tokenizer_that_cannot_write_a_newline_is_refused():
    with pytest.raises(GeneratorError, match="cannot write a newline"):
        sample(toy.BASE_DIRECTORY, problem=PROBLEM)


def test_text_that_the_generator_cannot_read_is_refused(known_model):
    with pytest.raises(GeneratorError, match="does not know this text"):
        sample(known_model, problem="How many eggs?")
    with pytest.raises(GeneratorError, match="does not know this text"):
        sample(known_model, prefix=[" "])


@pytest.mark.parametrize("odd", [{"count": 0}, {"max_new_tokens": 0}, {"temperature": 0.0}, {"temperature": math.nan}])
def test_a_question_for_nothing_is_refused(odd, known_model):
    for generator, problem in ((known_model, "How much?"), ("toy", PROBLEM)):
        with pytest.raises(GeneratorError, match="at least one"):
            sample(generator, problem=problem, **odd)


# The scripted generator ---------------------------------------------------------------------------------------------


def random_prefixes(n):
    """Prefixes as labelers make them: each step one of those offered, or one of a solution with mistakes."""
    rng = Random(11)
    for problem in toy.problems(n, rng=rng):
        text = problem["problem"]
        length = rng.randrange(len(chains.read_problem(text).operations) + 2)
        prefix = []
        while len(prefix) < length and (
            offered := sample("toy", problem=text, prefix=prefix, seed=rng.randrange(99)).steps
        ):
            prefix.append(rng.choice(offered))
        (solution,) = toy.solutions(problem, 1, rng=rng, error_rate=0.3)
        yield text, prefix if rng.random() < 0.7 else solution["steps"][: min(length, len(solution["steps"]) - 1)]


def without_opening(step):
    return step[step.index("$") :] if step.startswith(tuple(filter(None, chains.OPENINGS))) else step


def test_the_scripted_generator_goes_on_from_anything_with_readable_steps_right_and_wrong():
    ratings, offered, finished = [], 0, 0
    for text, prefix in random_prefixes(200):
        found = sample("toy", problem=text, prefix=prefix, count=4)
        if chains.ANSWER_MARK in "".join(prefix):
            assert found == NextSteps([])
            finished += 1
            continue
        assert len(found.steps) == len({without_opening(step) for step in found.steps}) == 4
        offered += 1
        if -1 not in chains.rate(text, prefix):
            ratings.append({chains.rate(text, [*prefix, step])[-1] for step in found.steps})
        else:
            assert {chains.rate(text, [*prefix, step])[-1] for step in found.steps} == {-1}
    assert offered > 150
    assert finished < 40
    assert len(ratings) > 60
    for rating, least in ((1, 0.8), (0, 0.3), (-1, 0.8)):
        assert sum(rating in some for some in ratings) > least * len(ratings)


def test_only_the_last_step_of_a_chain_carries_an_answer():
    before = ["$8 + 3 = 11$."]
    assert not any(
        chains.ANSWER_MARK in step for seed in range(20) for step in sample("toy", problem=PROBLEM, seed=seed).steps
    )
    done = [*before, r"$11 \times 2 = 22$."]
    right = {
        s
        for seed in range(20)
        for s in sample("toy", problem=PROBLEM, prefix=done, seed=seed).steps
        if "22 - 5 = 17" in s
    }
    assert {step.partition(chains.ANSWER_MARK)[2] for step in right} >= {"17"}
    assert all(chains.ANSWER_MARK in step for step in right)
    # Where all is done but said, the answer is what is left to say.
    (step, *_) = sample("toy", problem=PROBLEM, prefix=[*done, "$22 - 5 = 17$."], temperature=0.001).steps
    assert step == "So far we have $17$.\n\n# Answer\n\n17"


@pytest.mark.parametrize(
    ("prefix", "goes_on"),
    [
        (["$8 + 3 = 12$."], r"$12 \times 2 = 24$."),
        (["$8 - 3 = 5$."], r"$5 \times 2 = 10$."),
        ([r"$8 \times 2 = 16$."], "$16 - 5 = 11$.\n\n# Answer\n\n11"),  # an instruction was left out
        (["$8 + 3 = 11$.", "So far we have $13$."], r"$13 \times 2 = 26$."),
        (["$8 + 3 = 11$.", "Check: $11 - 3 = 9$."], r"$11 \times 2 = 22$."),
        (["$8 + 3 = 40$."], r"$11 \times 2 = 22$."),  # 80 cannot be written in this domain
        (["$8 + 3 = 999$."], r"$11 \times 2 = 22$."),
    ],
)
def test_the_scripted_generator_carries_on_from_a_wrong_value(prefix, goes_on):
    likely = sample("toy", problem=PROBLEM, prefix=prefix, count=9, temperature=0.001).steps
    assert any(step.endswith(goes_on) for step in likely)


def test_the_scripted_generator_refuses_what_is_not_of_its_domain():
    for problem, prefix in (
        ("How many eggs are left?", []),
        (PROBLEM, ["Let $x$ be the number of eggs."]),
        (PROBLEM, ["Check: the eggs are all there."]),
        ("Start with $900$. Add $3$. What is the result?", []),
    ):
        with pytest.raises(chains.Unreadable):
            sample("toy", problem=problem, prefix=prefix)


def test_a_remark_is_not_made_twice_and_the_seed_decides():
    for seed in range(30):
        found = sample("toy", problem=PROBLEM, prefix=["We start with $8$."], seed=seed).steps
        assert "We start with $8$." not in found
    assert len({tuple(sample("toy", problem=PROBLEM, seed=seed).steps) for seed in range(10)}) > 5
    assert sample("toy", problem=PROBLEM, seed=4) == sample("toy", problem=PROBLEM, seed=4)


# From other programs ------------------------------------------------------------------------------------------------


def test_the_scripted_generator_needs_no_torch():
    program = (
        "import sys; from active_learning.generate import next_steps;"
        f"next_steps(generator='toy', problem={PROBLEM!r}, prefix=[], count=4, seed=0);"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_command_prints_a_step_a_line(known_model, tmp_path, capsys):
    prefix = tmp_path / "prefix.jsonl"
    prefix.write_text('{"step": "One."}\n{"step": "Two."}\n')
    options = ["--generator", str(known_model), "--problem", "How much?", "--prefix", str(prefix), "--count", "30"]
    assert main(["next-steps", *options, "--seed", "7"]) == 0
    *lines, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = sample(known_model, prefix=["One.", "Two."], count=30, seed=7)
    assert [line["step"] for line in lines] == found.steps
    assert last == {"stage": "done", "steps": 4, "incomplete": found.incomplete, "unusable": found.unusable}
    assert main(["next-steps", "--generator", "toy", "--problem", "How many eggs?"]) == 1
    assert "chain arithmetic" in capsys.readouterr().err
