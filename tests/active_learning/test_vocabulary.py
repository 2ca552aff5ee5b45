"""How much a tokenizer does not know, told without the library that has it: as that library does."""

from random import Random

import pytest

from active_learning.base_model import load_tokenizer
from active_learning.domains import toy
from active_learning.vocabulary import base_directory, unknown_share

PROBLEM = next(toy.problems(1, rng=Random(1)))
TEXTS = [
    PROBLEM["problem"],
    PROBLEM["solution"],
    "How many positive whole numbers below $100$ are divisible by $\\frac{6}{2}$, so that we get 12.",
    "Then: 3 + 4 = 7, with 61 left.\n# Answer\n\n7",
    "",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_model_that_comes_with_the_project_is_told_as_its_tokenizer_does(text):
    tokenizer = load_tokenizer(base_directory("toy"))
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]

    share = unknown_share(base_directory("toy"), [text])

    assert share == pytest.approx(tokens.count(tokenizer.unk_token_id) / max(1, len(tokens)))


def test_problems_of_the_sample_project_are_known_and_others_are_not():
    assert unknown_share(base_directory("toy"), TEXTS[:2]) == 0
    assert unknown_share(base_directory("toy"), TEXTS[2:3]) > 0.5


def test_a_tokenizer_that_cuts_words_into_pieces_is_left_to_the_training():
    assert unknown_share(base_directory("toy-writer"), TEXTS) is None


@pytest.mark.parametrize("content", [None, "no json", "[]", "{}", '{"normalizer": {"type": "NFC"}}'])
def test_a_folder_that_does_not_tell_is_left_to_the_training(content, tmp_path):
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)

    assert unknown_share(tmp_path, TEXTS) is None
