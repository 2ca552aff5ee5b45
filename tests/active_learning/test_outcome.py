"""H4, H5: the outcome reward model."""

import json
from random import Random

import pytest

from active_learning import checkpoint, targets
from active_learning.config import TrainConfig
from active_learning.optimize import TrainingError, targets_of
from active_learning.pretrain import make_tokenizer
from active_learning.simulate import make_pool
from active_learning.targets import ChosenOnly, encode_rows
from active_learning.train import _as_trained, figures_of, judge_file, train
from tests import tiny


def ignore(_):
    pass


def lines(path, *samples):
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    return path


def sample(problem="p", steps=("A B", "C"), is_correct=True, **more):
    return {"problem": problem, "steps": list(steps), "is_correct": is_correct, **more}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(tiny.make_model(tmp_path_factory.mktemp("base"), make_tokenizer()))


def test_every_token_of_the_solution_and_none_of_the_problem_has_the_outcome_for_target(tmp_path):
    tokenizer = tiny.make_tokenizer(["p", "q", "A", "B", "C"])
    path = lines(tmp_path / "samples.jsonl", sample(problem="p q"), sample(problem="p q", is_correct=False))
    config = TrainConfig(kind="orm", mode="full")
    rows, _ = targets.read_outcomes(path, most_per_problem=100, chosen_too=False, rng=Random(0))
    items, _ = encode_rows(rows, tokenizer, 100)
    right, wrong = _as_trained(items, config, can_read_every_token=True)
    assert right.encoded.ends == [2, 3, 4]  # p q | A B C
    assert targets_of([right]).tolist() == [[0, 0, 1]] * 3
    assert targets_of([wrong]).tolist() == [[1, 0, 0]] * 3


def test_one_epoch_is_the_default_of_an_outcome_model_and_two_of_a_process_model():
    assert (TrainConfig(kind="orm").wanted_epochs, TrainConfig().wanted_epochs) == (1, 2)


def test_what_a_selector_chose_is_left_out(tmp_path):
    path = lines(
        tmp_path / "samples.jsonl",
        sample(arm="random"),
        sample(),
        sample(arm="convincing_wrong", is_correct=False),
        sample(is_correct=None),
    )
    rows, counts = targets.read_outcomes(path, most_per_problem=100, chosen_too=False, rng=Random(0))
    assert [row.ratings for row in rows] == [(1, 1), (1, 1)]
    left_out = {"left_out_chosen_by_selector": 1, "left_out_ungraded": 1, "left_out_more_than_wanted": 0}
    assert counts == {"records": 2, **left_out, "rows": 2}
    assert len(targets.read_outcomes(path, most_per_problem=100, chosen_too=True, rng=Random(0))[0]) == 3


def test_a_file_of_nothing_but_chosen_samples_is_refused_without_override(tmp_path):
    path = lines(tmp_path / "samples.jsonl", sample(arm="convincing_wrong"), sample(arm="remaining"))
    with pytest.raises(ChosenOnly, match="set chosen_too"):
        targets.read_outcomes(path, most_per_problem=100, chosen_too=False, rng=Random(0))
    assert len(targets.read_outcomes(path, most_per_problem=100, chosen_too=True, rng=Random(0))[0]) == 2


def test_so_many_samples_of_each_problem_are_drawn(tmp_path):
    """Whatever the order of the file: a file sorted by grade would teach that all is right."""
    samples = [sample("p", is_correct=place < 10) for place in range(20)] + [sample("q")]
    path = lines(tmp_path / "samples.jsonl", *samples)
    drawn = [targets.read_outcomes(path, most_per_problem=10, chosen_too=False, rng=Random(seed)) for seed in (0, 0, 1)]
    for rows, counts in drawn:
        assert [row.problem for row in rows] == ["p"] * 10 + ["q"]
        assert 2 <= sum(row.ratings == (1, 1) for row in rows[:10]) <= 8
        assert (counts["rows"], counts["left_out_more_than_wanted"]) == (11, 10)
    assert drawn[0] == drawn[1]


def test_samples_of_one_outcome_cannot_train(base, tmp_path):
    path = lines(tmp_path / "samples.jsonl", sample(problem="Start with $8$.", steps=["$8 + 3 = 11$."]))
    with pytest.raises(TrainingError, match="a right final answer and one with a wrong one"):
        train(path, TrainConfig(kind="orm", base=base, eval_fraction=0.0), tmp_path / "orm", progress=ignore)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["full", "probe"])
def test_an_outcome_model_learns_which_answers_are_right_and_is_asked_at_the_last_token(mode, base, tmp_path):
    pool = make_pool(16, 2, 0.2, Random(1))
    path = lines(
        tmp_path / "samples.jsonl",
        *[sample(one.problem["problem"], one.steps, one.is_correct) for one in pool],
    )
    lr, steps = (2e-3, 150) if mode == "full" else (5e-3, 400)
    config = TrainConfig(
        kind="orm", mode=mode, base=base, lr=lr, min_steps=steps, batch_tokens=512, eval_fraction=0.0, weight_decay=0.0
    )
    meta = train(path, config, tmp_path / "orm", progress=ignore)
    assert meta["kind"] == "orm"
    figures = figures_of(judge_file(checkpoint.load(tmp_path / "orm", device="cpu"), path), 0.5)
    assert figures["solutions"] == figures["steps"] == 32  # one prediction of each
    assert figures["step_auc"] > 0.95
