"""Automatic labels beside known ones: the supervisors of §4.1 (J2), and what rollouts are right about (K7)."""

import json
from dataclasses import replace

from active_learning.__main__ import main
from active_learning.config import TrainConfig
from active_learning.domains.toy import BASE_DIRECTORY
from active_learning.experiments import supervision as module
from active_learning.experiments.estimation import Estimation, estimate
from active_learning.experiments.supervision import SUPERVISIONS, Comparison, compare

SMALL = Comparison(
    budgets=(1, 3), problems=4, pool=8, large_problems=4, large_solutions=8, measured_problems=4, samples=4, seed=1
)


def test_j2_every_supervision_learns_from_as_many_solutions_and_the_uniform_ones_from_the_same(monkeypatch):
    asked = []
    real = module.learn
    monkeypatch.setattr(module, "learn", lambda labeled, config: asked.append(list(labeled)) or real(asked[-1], config))

    rows = list(compare(SMALL, TrainConfig(min_steps=5), BASE_DIRECTORY))

    assert [(row["budget"], row["supervision"], row["solutions"]) for row in rows] == [
        (budget, supervision, 4 * budget) for budget in (1, 3) for supervision in SUPERVISIONS
    ]
    _large, _selector, *trained = asked
    process, active, by_model, by_answer = trained[4:]
    assert [known for known, _ in process] == [known for known, _ in by_model] == [known for known, _ in by_answer]
    assert len(active) == len({id(known) for known, _ in active}) == 12
    for (known, process_labels), (_, model_labels), (_, answer_labels) in zip(
        process, by_model, by_answer, strict=True
    ):
        assert process_labels.count(-1) == (process_labels[-1] == -1)
        assert set(model_labels) == {-1 if -1 in process_labels else 1}
        assert set(answer_labels) == {1 if known.is_correct else -1}
        assert len(model_labels) == len(answer_labels) == len(known.solution.steps)


def test_a_seed_gives_the_same_figures_and_another_seed_others():
    config = TrainConfig(min_steps=5)
    first, again, other = (
        list(compare(replace(SMALL, budgets=(2,), seed=seed), config, BASE_DIRECTORY)) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_k7_more_rollouts_find_more_good_steps_and_let_more_bad_ones_pass():
    setting = Estimation(rollouts=(1, 4, 16), completers=(0.12,), problems=12)

    one, four, sixteen = estimate(setting)

    assert one["steps"] == four["steps"] == sixteen["steps"] > 40
    assert one["hard_accuracy"] == one["soft_accuracy"]  # of one rollout they say the same
    assert one["hard_false_negatives"] > four["hard_false_negatives"] >= sixteen["hard_false_negatives"]
    assert one["hard_false_positives"] <= four["hard_false_positives"] < sixteen["hard_false_positives"]
    assert one["soft_error"] > four["soft_error"] > sixteen["soft_error"]
    assert one["tokens"] < four["tokens"] < sixteen["tokens"]


def test_the_estimation_command_writes_rows_and_intervals(tmp_path, capsys):
    out = tmp_path / "rows.jsonl"
    assert main(["estimation", "--out", str(out), "--seeds", "2", "--problems", "3", "--rollouts", "1,2"]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 2 * 3 * 2
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    intervals = [line for line in told if line["stage"] == "interval"]
    assert len(intervals) == 6
    assert all(one["hard_accuracy"]["low"] <= one["hard_accuracy"]["value"] for one in intervals)
    assert main(["estimation", "--out", str(out), "--seeds", "1"]) == 1
    assert "at least two" in capsys.readouterr().err


def test_the_supervision_command_draws_a_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "Comparison", lambda **given: replace(SMALL, **given))
    assert main(["supervision", "--out", str(tmp_path), "--seeds", "2", "--budgets", "1,2"]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["curves"].keys() == set(SUPERVISIONS)
    assert [point["n"] for point in report["curves"]["process"]] == [1, 2]
    assert {path.name for path in tmp_path.iterdir()} >= {"rows.jsonl", "report.json", "supervision.svg"}
