import json
from dataclasses import replace

import pytest

from active_learning import data, targets
from active_learning.records import HumanCompletion, parse_line
from tests import tiny
from tests.shared_data import shared_lines

WORDS = ["p", "A", "B", "C", "D", "E", "F", "x", "y"]
ALTERNATIVES = [([("A", 1), ("B", -1), ("C", 0)], 0), ([("D", 1)], 0), ([("E", 1), ("F", 0)], 0)]


def record_of(steps, **changes):
    return parse_line(json.dumps(tiny.make_record("p", steps, **changes)))


def examples_of(record):
    """Each labeled completion with what precedes it, as the paper trains."""
    return [
        (one.steps, one.ratings[-1])
        for row in targets.training_rows(record)
        for one in targets.one_completion_each(row)
    ]


@pytest.fixture(scope="module")
def tokenizer():
    return tiny.make_tokenizer(WORDS)


def test_h1_every_completion_is_trained_on_the_chosen_prefix():
    assert sorted(examples_of(record_of(ALTERNATIVES))) == [
        (("A",), 1),
        (("A", "D"), 1),
        (("A", "D", "E"), 1),
        (("A", "D", "F"), 0),
        (("B",), -1),
        (("C",), 0),
    ]


def test_the_chosen_path_is_one_row_and_every_other_completion_one():
    rows = targets.training_rows(record_of(ALTERNATIVES))
    assert [(row.steps, row.ratings) for row in rows] == [
        (("A", "D", "E"), (1, 1, 1)),
        (("B",), (-1,)),
        (("C",), (0,)),
        (("A", "D", "F"), (None, None, 0)),
    ]


def test_the_first_error_is_trained_and_nothing_after_it():
    found_error = [([("A", 1)], 0), ([("B", -1), ("C", 1)], None)]
    assert sorted(examples_of(record_of(found_error))) == [(("A",), 1), (("A", "B"), -1), (("A", "C"), 1)]
    chosen_error = [([("A", 1)], 0), ([("B", -1)], 0), ([("C", 1)], 0)]
    assert examples_of(record_of(chosen_error)) == [(("A",), 1), (("A", "B"), -1)]


def test_a_step_that_the_labeler_wrote_is_context_and_not_target():
    record = record_of([([("A", -1), ("B", -1)], None), ([("C", 1)], 0)])
    human = replace(record.steps[0], human_completion=HumanCompletion("x", None, "human", False))
    examples = examples_of(replace(record, steps=(human, record.steps[1])))
    assert sorted(examples) == [(("A",), -1), (("B",), -1), (("x", "C"), 1)]


def test_unrated_completions_are_not_trained():
    assert examples_of(record_of([([("A", None), ("B", 1)], 1), ([("C", None)], 0), ([("D", 0)], 0)])) == [
        (("B",), 1),
        (("B", "C", "D"), 0),
    ]
    assert targets.training_rows(record_of([([("A", None)], None)])) == []


def test_quality_control_screening_and_given_up_records_are_counted_and_left_out(tmp_path):
    steps = [([("A", 1)], 0)]
    records = [
        tiny.make_record("p", steps),
        tiny.make_record("p", steps, is_quality_control_question=True),
        tiny.make_record("p", steps, is_initial_screening_question=True, generation=-1),
        tiny.make_record("p", steps, finish_reason="give_up"),
        tiny.make_record("p", steps, finish_reason="found_error"),
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    rows, counts = targets.read_rows(path)
    assert len(rows) == 2
    assert counts == {
        "records": 2,
        "left_out_quality_control": 1,
        "left_out_screening": 1,
        "left_out_give_up": 1,
        "rows": 2,
        "ratings": 2,
    }


def test_h1_no_rating_word_is_in_any_context(tokenizer):
    for row in targets.training_rows(record_of(ALTERNATIVES)):
        ids = data.encode(row.problem, row.steps, tokenizer).ids
        assert not set(ids) & set(tokenizer.convert_tokens_to_ids(["bad", "neutral", "good"]))


def test_what_is_too_long_is_counted_and_not_cut(tokenizer):
    rows = [targets.Row("p", ("A", "B"), (1, 1)), targets.Row("p", ("A B C D",), (1,))]
    items, too_long = targets.encode_rows(rows, tokenizer, max_len=3)
    assert too_long == 1
    assert [item.encoded.ids for item in items] == [data.encode("p", ["A", "B"], tokenizer).ids]


def test_a_problem_keeps_its_part_of_the_split_whatever_its_white_space():
    assert targets.share_of("a  b\nc") == targets.share_of("a b c")
    shares = [targets.share_of(f"problem {i}") for i in range(1000)]
    assert 60 < sum(share < 0.1 for share in shares) < 140


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["prm800k_original/phase1_test.jsonl", "prm800k_original/phase2_records_14.jsonl"])
def test_every_rating_of_real_records_is_one_example(name):
    """Independent of the code under test: people rated nothing after the end of a path, so all ratings train."""
    records = [parse_line(line) for line in shared_lines(name)]
    used = [record for record in records if targets.left_out_because(record) is None]
    assert len(used) > 5
    for record in used:
        ratings = [one.rating for step in record.steps for one in step.completions or () if one.rating is not None]
        assert sorted(rating for _, rating in examples_of(record)) == sorted(ratings)
        path = record.trajectory()
        assert all(list(steps[:-1]) == path[: len(steps) - 1] for steps, _ in examples_of(record))


def test_a_blank_option_is_counted_and_does_not_stop_the_training(tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_text(
        json.dumps(tiny.make_record("p", [([("A", 1)], 0), ([(" ", -1)], None)], finish_reason="found_error"))
    )

    rows, counts = targets.read_rows(path)

    assert (rows, counts["blank_step"]) == ([], 1)
