import pytest
import torch

from active_learning import data
from active_learning.base_model import load_language_model, load_tokenizer
from tests import tiny

WORDS = ["p", "A", "B", "C", "D", "E", "F", "x", "y"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny.make_model(tmp_path_factory.mktemp("base"), tiny.make_tokenizer(WORDS))


@pytest.fixture(scope="module")
def tokenizer(base):
    return load_tokenizer(base)


def test_the_tokens_of_a_step_do_not_depend_on_later_steps(tokenizer):
    whole = data.encode("p x", ["A B", "C", "D E F"], tokenizer)
    for length in range(3):
        prefix = data.encode("p x", ["A B", "C", "D E F"][:length], tokenizer)
        assert whole.ids[: len(prefix.ids)] == prefix.ids
        assert whole.ends[:length] == prefix.ends


def test_step_ends_are_the_last_tokens_of_the_steps(tokenizer):
    encoded = data.encode("p x", ["A B", "C"], tokenizer)
    assert tokenizer.convert_ids_to_tokens(encoded.ids) == ["p", "x", "A", "B", "C"]
    assert (encoded.prompt_len, encoded.starts, encoded.ends) == (2, [2, 4], [3, 4])


def test_a_packed_path_gives_the_hidden_states_of_its_prefixes(base, tokenizer):
    backbone = load_language_model(base).base_model
    whole = data.encode("p", ["A B", "C", "D"], tokenizer)
    packed = backbone(input_ids=torch.tensor([whole.ids])).last_hidden_state[0]
    for length in (1, 2, 3):
        alone = data.encode("p", ["A B", "C", "D"][:length], tokenizer)
        hidden = backbone(input_ids=torch.tensor([alone.ids])).last_hidden_state[0]
        assert torch.allclose(packed[whole.ends[length - 1]], hidden[-1], atol=1e-5)


def test_a_text_of_unknown_words_is_refused_with_what_to_do(tokenizer):
    data.check_readable(["p A B", "x y"], tokenizer)
    with pytest.raises(data.UnreadableText, match=r"does not know 50%.*--base.*by chance"):
        data.check_readable(["p apples", "A oranges"], tokenizer)


def test_a_step_without_tokens_is_refused(tokenizer):
    with pytest.raises(data.UnreadableText, match="no token"):
        data.encode("p", ["A", "\n"], tokenizer)


def test_batches_hold_everything_once_within_the_budget_and_by_length():
    lengths = [5, 50, 7, 6, 90, 5, 200]
    groups = list(data.batches(lengths, 100))
    assert sorted(index for group in groups for index in group) == list(range(7))
    assert all(len(group) * max(lengths[i] for i in group) <= 100 for group in groups if len(group) > 1)
    assert groups == [[0, 5, 3, 2], [1], [4], [6]]
