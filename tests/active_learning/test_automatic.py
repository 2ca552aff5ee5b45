"""K2, K3: files of automatic labels, as training reads them."""

import json

import pytest

from active_learning.automatic import Estimate, Estimated, line_of, read_estimates, read_line
from active_learning.mixing import read_automatic, target_of
from active_learning.strict_json import LineError, RecordError
from tests import estimates

LINE = {
    "id": "a/1",
    "problem": "What is 2 + 3?",
    "truth": "5",
    "steps": ["2 + 3 = 5", "# Answer\n\n5"],
    "answer": "5",
    "start": {"correct": 5, "rollouts": 8},
    "estimates": [{"correct": 2, "rollouts": 3}, {"correct": 1, "rollouts": 1}],
    "tokens": 120,
    "cut_off": 1,
    "completer": "toy",
    "seed": 3,
    "temperature": 0.7,
}


def read(**changes):
    return read_line(json.dumps(LINE | changes).encode())


def test_a_line_is_read_as_it_was_written():
    one = read()

    assert line_of(one) == LINE
    assert one.estimates == (Estimate(2, 3), Estimate(1, 1))
    assert read(estimates=[None, None], start=None, answer=None, truth=None) == Estimated(
        "a/1", LINE["problem"], None, tuple(LINE["steps"]), None, None, (None, None), 120, 1, "toy", 3, 0.7
    )


def test_k2_two_of_three_rollouts_are_a_hard_1_and_a_soft_two_thirds_and_none_of_them_is_bad():
    assert (Estimate(2, 3).hard, Estimate(2, 3).soft) == (1, 2 / 3)
    assert (Estimate(0, 3).hard, Estimate(0, 3).soft) == (-1, 0)


def test_k3_an_estimate_is_never_neutral():
    assert [target_of(Estimate(correct, 4), "hard") for correct in (0, 1, 4)] == [-1, 1, 1]
    assert [target_of(Estimate(correct, 4), "soft") for correct in (0, 1, 4)] == [
        (1, 0, 0),
        (0.75, 0, 0.25),
        (0, 0, 1),
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"estimates": [None]}, "estimates: 1 for 2 steps; each step has its own, or null"),
        ({"estimates": [{"correct": 4, "rollouts": 3}, None]}, "estimates[0].correct: from 0 to the 3 rollouts, not 4"),
        (
            {"estimates": [None, {"correct": -1, "rollouts": 3}]},
            "estimates[1].correct: from 0 to the 3 rollouts, not -1",
        ),
        ({"estimates": [None, {"correct": 0, "rollouts": 0}]}, "estimates[1].rollouts: at least 1, not 0"),
        ({"estimates": [None, {"correct": 0.5, "rollouts": 1}]}, "estimates[1].correct: expected a whole number"),
        ({"estimates": [True, None]}, "estimates[0]: expected an object"),
        ({"start": 0.5}, "start: expected an object or null, found a decimal number"),
        ({"steps": ["a", 2]}, "steps[1]: expected text, found a whole number"),
    ],
)
def test_what_cannot_be_an_estimate_is_refused_with_its_place(changes, sentence):
    with pytest.raises(RecordError) as refused:
        read(**changes)

    assert sentence in str(refused.value)


def test_a_refusal_names_the_line(tmp_path):
    path = tmp_path / "automatic.jsonl"
    path.write_text(json.dumps(LINE) + "\n" + json.dumps(LINE | {"estimates": []}) + "\n")

    with pytest.raises(LineError, match=r"^automatic.jsonl, line 2: estimates: 0 for 2 steps; each step has its own"):
        list(read_estimates(path))


def test_k3_every_estimated_step_trains_also_after_the_first_bad_one(tmp_path):
    bad_then_mended = read(estimates=[{"correct": 0, "rollouts": 4}, {"correct": 1, "rollouts": 1}])
    searched = read(estimates=[None, {"correct": 0, "rollouts": 1}])
    path = estimates.write(
        tmp_path / "automatic.jsonl",
        [bad_then_mended, searched, read(estimates=[None, None]), read(steps=[" ", "b"])],
    )

    rows, counts = read_automatic(path, "hard")

    assert [row.ratings for row in rows] == [(-1, 1), (None, -1)]
    assert counts == {"records": 2, "left_out_not_estimated": 1, "left_out_blank_step": 1}
