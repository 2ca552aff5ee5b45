import time
from random import Random

import pytest

from active_learning import checkpoint
from active_learning.config import TrainConfig
from active_learning.records import dump
from active_learning.simulate import Simulation, choose, judge, label, make_pool, simulate
from active_learning.train import train


def test_labels_stop_at_the_first_error_and_are_those_of_the_oracle():
    rng = Random(0)
    for solution in make_pool(20, 5, 0.2, rng):
        record = label(solution, 0.0, 1, rng)
        given = [step.completions[0].rating for step in record.steps]
        assert given == solution.ratings
        assert -1 not in given[:-1]
        assert (record.finish_reason == "found_error") == (-1 in given) == (record.steps[-1].chosen_completion is None)


def test_label_noise_changes_about_its_share_of_first_ratings():
    rng = Random(0)
    pool = make_pool(50, 10, 0.1, rng)
    changed = sum(label(one, 0.1, 1, rng).steps[0].completions[0].rating != one.ratings[0] for one in pool)
    assert 25 < changed < 80


def test_g9_the_first_generation_is_random_and_later_ones_are_four_fifths_convincing_wrong_answers():
    pool, setting = make_pool(20, 15, 0.12, Random(0)), Simulation()
    assert {pick.arm for pick in choose(pool, setting, Random(0), first=True)} == {"random"}
    for place, solution in enumerate(pool):
        solution.score = place / len(pool)
    arms = [pick.arm for pick in choose(pool, setting, Random(0), first=False)]
    assert (arms.count("convincing_wrong"), arms.count("remaining")) == (16, 4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [0, pytest.param(1, marks=pytest.mark.proof), pytest.param(2, marks=pytest.mark.proof)]
)
@pytest.mark.parametrize("noise", [0.0, 0.08])
def test_the_selector_gets_better_over_three_generations(seed, noise, tmp_path):
    """The loop's promise: 32 labeled solutions a generation, measured on problems that nobody labels."""
    lines = list(simulate(Simulation(seed=seed, label_noise=noise), TrainConfig(), tmp_path / "out"))
    auc = [line["step_auc"] for line in lines]
    assert [line["labeled"] for line in lines] == [32, 64, 96]
    assert auc[2] > auc[0]
    assert auc[2] > 0.75
    assert auc[0] < 0.99  # a curve that starts at the end would prove nothing
    assert lines[2]["first_error_f1"] > lines[0]["first_error_f1"]


def test_what_is_there_is_not_labeled_once_more(tmp_path):
    (tmp_path / "labels.jsonl").write_text("kept\n")

    with pytest.raises(FileExistsError):
        next(simulate(Simulation(), TrainConfig(), tmp_path))

    assert (tmp_path / "labels.jsonl").read_text() == "kept\n"


@pytest.mark.slow
def test_h13_a_thousand_solutions_are_scored_in_less_than_a_minute(tmp_path):
    rng = Random(0)
    pool = make_pool(50, 20, 0.12, rng)
    labels = tmp_path / "labels.jsonl"
    labels.write_text("".join(dump(label(solution, 0.0, 1, rng)) + "\n" for solution in pool[::20]))
    train(labels, TrainConfig(eval_fraction=0.0), tmp_path / "prm", progress=lambda _: None)
    loaded = checkpoint.load(tmp_path / "prm", device="cpu")
    started = time.process_time()
    assert len(judge(loaded, pool)) == 1000
    assert time.process_time() - started < 60
