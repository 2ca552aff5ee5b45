"""EV5: a PRM, an ORM and the majority choose among the same samples of the toy domain."""

import json
from dataclasses import replace

import pytest

from active_learning.__main__ import main
from active_learning.config import TrainConfig
from active_learning.domains.toy import BASE_DIRECTORY
from active_learning.evaluate.curves import Choice, table, values
from active_learning.evaluate.samples import read_samples
from active_learning.experiments import rivals as module
from active_learning.experiments.rivals import Rivalry, rivals

SMALL = Rivalry(problems=6, process_labels=3, outcome_labels=10, measured_problems=5, samples=8, seed=2)


@pytest.fixture(scope="module")
def lines():
    return list(rivals(SMALL, TrainConfig(min_steps=50), BASE_DIRECTORY))


def test_both_models_score_the_same_samples_which_the_evaluation_reads(lines, tmp_path):
    (tmp_path / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    problems = read_samples(tmp_path / "samples.jsonl")
    assert [len(pool) for pool in problems] == [8] * 5
    found = table(values(problems, Choice(ns=(1, 4))), (1, 4))
    assert found.keys() == {"prm", "orm", "majority", "prm_vote", "pass"}
    share_right = sum(line["is_correct"] for line in lines) / len(lines)
    assert found["prm"][0]["value"] == pytest.approx(found["orm"][0]["value"]) == pytest.approx(share_right)
    assert all(row["low"] <= row["value"] <= row["high"] for rows in found.values() for row in rows)


def test_the_outcome_model_learns_from_more_samples_with_nothing_but_their_grades(monkeypatch):
    asked = []
    real = module.learn
    monkeypatch.setattr(module, "learn", lambda labeled, config: asked.append(list(labeled)) or real(asked[-1], config))
    list(rivals(SMALL, TrainConfig(min_steps=1), BASE_DIRECTORY))
    process, outcome = asked
    assert (len(process), len(outcome)) == (6 * 3, 6 * 10)
    assert all(ratings == known.solution.ratings for known, ratings in process)
    assert all(set(ratings) == {1 if known.is_correct else -1} for known, ratings in outcome)
    assert all(len(ratings) == len(known.solution.steps) for known, ratings in outcome)


def test_a_seed_gives_the_same_samples_and_scores_and_another_seed_others(lines):
    assert lines == list(rivals(SMALL, TrainConfig(min_steps=50), BASE_DIRECTORY))
    other = list(rivals(replace(SMALL, seed=3), TrainConfig(min_steps=1), BASE_DIRECTORY))
    assert {line["problem"] for line in lines}.isdisjoint(line["problem"] for line in other)


@pytest.mark.slow
@pytest.mark.proof
def test_the_command_writes_the_samples_of_all_seeds(tmp_path, capsys):
    out = tmp_path / "samples.jsonl"
    assert main(["rivals", "--out", str(out), "--seeds", "2", "--problems", "2", "--samples", "3"]) == 0
    assert [len(pool) for pool in read_samples(out)] == [3] * 4
