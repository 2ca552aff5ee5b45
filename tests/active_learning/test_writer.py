"""The small language model that writes toy solutions, as committed (row A5 begins with it)."""

import hashlib
import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer

from active_learning import data
from active_learning.answers import extract_answer
from active_learning.domains import chains, toy
from active_learning.generators import Draw, Prompt
from active_learning.generators.opening import open_generator
from active_learning.grading import answers_match
from active_learning.pretrain import PretrainConfig, pretrain, writing
from active_learning.steps import whole_solution

WRITER = toy.WRITER_DIRECTORY
TOKENIZER = writing.make_tokenizer()
numbers = st.integers(0, chains.HIGHEST)
operations = st.builds(chains.Operation, st.sampled_from("+-*/"), st.integers(1, 9))
to_do = st.builds(chains.Operation, st.sampled_from("+-*"), st.integers(1, 9))
problems = st.builds(
    lambda start, some, closing: chains.Chain(start, tuple(some)).text(closing),
    numbers,
    st.lists(to_do, min_size=1, max_size=6),
    st.sampled_from(chains.CLOSINGS),
)
sentences = st.one_of(
    st.builds(chains.say_start, numbers),
    st.builds(chains.say_value, numbers),
    st.builds(chains.say_next, to_do),
    st.builds(chains.say_check, numbers, operations, numbers),
    st.builds(chains.say_operation, st.sampled_from(chains.OPENINGS), numbers, operations, numbers),
)
solutions = st.builds(
    lambda steps, answer: [*steps[:-1], f"{steps[-1]}{chains.ANSWER_MARK}{answer}"],
    st.lists(sentences, min_size=1, max_size=8),
    numbers,
)


def decoded(ids):
    return TOKENIZER.decode(ids, clean_up_tokenization_spaces=False)


@settings(max_examples=200, deadline=None)
@given(problem=problems, steps=solutions)
def test_its_tokens_lose_nothing_of_any_sentence_of_the_domain(problem, steps):
    for text in (problem, "\n".join(steps), writing.in_prose(steps)):
        ids = TOKENIZER(text, add_special_tokens=False)["input_ids"]

        assert decoded(ids) == text
        assert TOKENIZER.unk_token_id not in ids


def test_a_solution_takes_few_tokens_and_other_text_is_refused():
    rng = Random(7)
    lengths = [
        len(TOKENIZER("\n".join(solution["steps"]))["input_ids"])
        for problem in toy.problems(50, rng=rng)
        for solution in toy.solutions(problem, 4, rng=rng)
    ]

    assert 25 < sum(lengths) / len(lengths) < 50
    with pytest.raises(data.UnreadableText):
        data.check_readable(["Let $x$ be the number of eggs that the ducks lay."], TOKENIZER)


def test_it_learns_from_documents_of_one_to_four_problems_mostly_in_prose():
    rng = Random(0)
    drawn = [ids for _ in range(200) for ids in writing.documents(12, TOKENIZER, rng)]

    texts = [decoded(ids[1:-1]) for ids in drawn]
    assert {(ids[0], ids[-1]) for ids in drawn} == {(TOKENIZER.bos_token_id, TOKENIZER.eos_token_id)}
    problems_each = [text.count("Start with") for text in texts]
    in_lines = [chains.ANSWER_MARK in text for text in texts]
    assert set(problems_each) == {1, 2, 3, 4}
    assert all((writing.PROSE_ANSWER in text) != lines for text, lines in zip(texts, in_lines, strict=True))
    assert 0.2 < sum(in_lines) / len(texts) < 0.4


def test_prose_is_one_line_whose_answer_is_found():
    steps = ["We start with $8$.", "So $8 + 3 = 11$.\n\n# Answer\n\n11"]

    prose = writing.in_prose(steps)

    assert prose == "We start with $8$. So $8 + 3 = 11$. The answer is: 11"
    assert extract_answer(prose) == "11"


def test_the_committed_files_are_those_that_were_trained():
    meta = json.loads((WRITER / "meta.json").read_text())
    found = {name: hashlib.sha256((WRITER / name).read_bytes()).hexdigest() for name in meta["sha256"]}

    assert found == meta["sha256"]
    assert {path.name for path in WRITER.iterdir()} == {*found, "meta.json", "README.md"}
    assert (WRITER / "model.safetensors").stat().st_size < 1_000_000
    assert meta["command"].startswith("python -m active_learning pretrain --model writer")


def test_it_loads_as_any_model_directory_and_reads_512_tokens():
    network = AutoModelForCausalLM.from_pretrained(WRITER, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(WRITER, local_files_only=True)

    text = "So $8 + 3 = 11$.\n\n# Answer\n\n11"
    assert tokenizer(text)["input_ids"] == TOKENIZER(text)["input_ids"]
    assert len(tokenizer) == network.config.vocab_size
    assert network.config.max_position_embeddings == 512


def test_a_generator_of_its_name_writes_solutions_of_which_about_half_are_right():
    asked = list(toy.problems(12, rng=Random(1)))
    prompts = [Prompt(problem["problem"]) for problem in asked]

    found = open_generator("toy-writer").sample(prompts, Draw(8, seed=0, max_new_tokens=90), until="answer")

    solutions = [
        (whole_solution(text.text, is_over=text.is_over), problem["answer"])
        for problem, texts in zip(asked, found, strict=True)
        for text in texts
    ]
    assert 0.3 < sum(answers_match(one.answer, truth) for one, truth in solutions) / len(solutions) < 0.7
    assert 0.5 < sum(len(one.steps) == 1 and one.answer is not None for one, _ in solutions) / len(solutions) < 0.9


def test_making_it_repeats_itself_for_a_seed(tmp_path):
    config = PretrainConfig(hidden=16, layers=1, heads=2, batch=8, steps=6)

    for name in ("one", "two"):
        pretrain(config, tmp_path / name, progress=lambda _: None, name="writer")

    assert (tmp_path / "one/model.safetensors").read_bytes() == (tmp_path / "two/model.safetensors").read_bytes()
    assert (tmp_path / "one/tokenizer.json").read_bytes() == (tmp_path / "two/tokenizer.json").read_bytes()
