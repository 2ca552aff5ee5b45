"""The promotion gate's verdict (rows G12 and H8)."""

import json
from dataclasses import replace
from random import Random

import pytest

from active_learning import checkpoint, compare, targets
from active_learning.__main__ import main
from active_learning.compare import Tolerance, judge_change
from active_learning.config import TrainConfig
from active_learning.records import dump, parse_line
from active_learning.score import Unscored
from active_learning.simulate import label, make_pool
from active_learning.train import train


def difference(low, value, high):
    return {"value": value, "low": low, "high": high}


@pytest.mark.parametrize(
    ("found", "agreement", "because"),
    [
        (difference(-0.20, -0.10, -0.05), 0.9, "worse"),
        (difference(-0.20, -0.10, +0.01), 0.9, "not_worse"),  # too few labels to be sure
        (difference(-0.02, -0.01, -0.005), 0.9, "not_worse"),  # surely worse, but by no more than is tolerated
        (difference(-0.05, 0.00, 0.05), 0.2, "unlike"),
        (difference(-0.20, -0.10, -0.05), 0.2, "worse"),
        (difference(0.01, 0.05, 0.10), 0.2, "better"),  # what is better may rank otherwise
        (None, 0.2, "unlike"),
        (None, 0.9, "not_worse"),
        (None, None, "not_worse"),
    ],
)
def test_h8_a_selector_is_held_back_where_it_is_worse_or_unlike(found, agreement, because):
    assert judge_change(found, agreement, Tolerance(auc=0.02, agreement=0.3)) == because


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The same labels learned as they are and turned round, and the records of both; all problems may be held out."""
    folder = tmp_path_factory.mktemp("compare")
    rng = Random(1)
    pool = make_pool(100, 3, 0.2, rng)
    lines = [dump(label(solution, 0.0, 1, rng)) for solution in pool[:240]]
    (folder / "right.jsonl").write_text("".join(line + "\n" for line in lines))
    (folder / "poisoned.jsonl").write_text("".join(poisoned(line) + "\n" for line in lines))
    config = TrainConfig(eval_fraction=0.4)
    for name in ("right", "poisoned"):
        train(folder / f"{name}.jsonl", config, folder / name, progress=lambda _: None)
    solutions = [Unscored(i, one.problem["problem"], one.steps) for i, one in enumerate(pool[240:])]
    return folder, solutions


def poisoned(line):
    """Every step called the opposite of what it is, to the first that is now an error."""
    record = json.loads(line)
    steps = []
    for step in record["label"]["steps"]:
        (completion,) = step["completions"]
        completion["rating"] = 1 if completion["rating"] == -1 else -1
        steps.append(step | {"chosen_completion": None if completion["rating"] == -1 else 0})
        if completion["rating"] == -1:
            break
    record["label"] |= {"steps": steps, "finish_reason": "found_error" if completion["rating"] == -1 else "solution"}
    assert parse_line(json.dumps(record).encode())
    return json.dumps(record)


def test_g12_a_selector_that_learned_from_poisoned_labels_is_told_from_the_one_in_use(models):
    folder, solutions = models
    right, wrong = checkpoint.load(folder / "right"), checkpoint.load(folder / "poisoned")

    found = compare.compare(
        wrong, right, records=folder / "right.jsonl", solutions=solutions, tolerance=Tolerance(0.02, 0.3)
    )

    assert (found["promote"], found["because"]) == (False, "worse")
    assert found["candidate_auc"] < 0.5 < found["active_auc"]
    assert found["auc_difference"]["value"] == pytest.approx(found["candidate_auc"] - found["active_auc"])
    assert found["auc_difference"]["low"] <= found["auc_difference"]["value"] <= found["auc_difference"]["high"] < 0
    assert found["agreement"] < 0.3


def test_a_model_is_not_worse_than_itself(models):
    folder, solutions = models
    right = checkpoint.load(folder / "right")
    found = compare.compare(
        right, right, records=folder / "right.jsonl", solutions=solutions, tolerance=Tolerance(0.02, 0.3)
    )
    assert found["promote"]
    assert found["auc_difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["agreement"] == pytest.approx(1.0)


def test_only_held_out_problems_are_compared_on(models):
    folder, solutions = models
    right = checkpoint.load(folder / "right")
    found = compare.compare(
        right, right, records=folder / "right.jsonl", solutions=solutions, tolerance=Tolerance(0.02, 0.3)
    )
    problems = {row.problem for row in targets.read_rows(folder / "right.jsonl")[0]}
    assert found["problems"] == sum(targets.part_of(one, 0.4) == "held_out" for one in problems) > 5


@pytest.mark.parametrize(("of_candidate", "of_active"), [(0.4, 0.2), (0.2, 0.4), (0.4, 0.3)])
def test_g12_no_problem_is_compared_on_that_either_model_was_trained_on(models, of_candidate, of_active):
    folder, _ = models
    right = checkpoint.load(folder / "right")
    candidate, active = (
        replace(right, config=replace(right.config, eval_fraction=one)) for one in (of_candidate, of_active)
    )
    problems = {row.problem for row in targets.read_rows(folder / "right.jsonl")[0]}

    compared_on = compare._held_out(candidate, active, folder / "right.jsonl").keys()

    smaller = min(of_candidate, of_active)
    assert compared_on == {one for one in problems if smaller / 2 <= targets.share_of(one) < smaller}
    assert compared_on
    assert all(targets.part_of(one, of) != "train" for one in compared_on for of in (of_candidate, of_active))


def test_of_few_held_out_problems_nothing_is_claimed(models, tmp_path):
    folder, solutions = models
    right, wrong = checkpoint.load(folder / "right"), checkpoint.load(folder / "poisoned")
    lines = (folder / "right.jsonl").read_text().splitlines()
    held = [line for line in lines if targets.part_of(json.loads(line)["question"]["problem"], 0.4) == "held_out"]
    few = sorted({json.loads(line)["question"]["problem"] for line in held})[:9]
    some = [line for line in held if json.loads(line)["question"]["problem"] in few]
    (tmp_path / "few.jsonl").write_text("".join(line + "\n" for line in some))

    found = compare.compare(
        wrong, right, records=tmp_path / "few.jsonl", solutions=solutions[:29], tolerance=Tolerance(0.02, 0.3)
    )

    assert (found["problems"], found["auc_difference"], found["agreement"]) == (9, None, None)
    assert found["because"] == "not_worse"


def test_where_the_model_in_use_cannot_be_read_any_more_the_new_one_takes_its_place(models, tmp_path, capsys):
    folder, _ = models
    out = tmp_path / "comparison.json"
    given = {
        "--candidate": folder / "right",
        "--active": tmp_path / "moved",
        "--records": folder / "right.jsonl",
        "--solutions": tmp_path / "none",
        "--auc-tolerance": 0.02,
        "--least-agreement": 0.3,
        "--out": out,
    }
    assert main(["compare", *(str(word) for pair in given.items() for word in pair)]) == 0
    assert json.loads(out.read_text()) == {"promote": True, "because": "gone"}
    assert "cannot be read any more" in capsys.readouterr().out


def test_a_new_one_that_cannot_be_read_takes_nobody_s_place(models, tmp_path, capsys):
    folder, _ = models
    out = tmp_path / "comparison.json"
    given = ["--candidate", tmp_path / "nowhere", "--active", tmp_path / "moved", "--out", out]
    given += ["--records", folder / "right.jsonl", "--solutions", tmp_path / "none"]
    given += ["--auc-tolerance", 0.02, "--least-agreement", 0.3]

    assert main(["compare", *map(str, given)]) == 1

    assert not out.exists()
    assert "nowhere is no checkpoint" in capsys.readouterr().err


def test_where_nothing_can_be_measured_nothing_is_claimed(models, tmp_path):
    folder, _ = models
    right = checkpoint.load(folder / "right")
    (tmp_path / "none.jsonl").write_text("")
    found = compare.compare(right, right, records=tmp_path / "none.jsonl", solutions=[], tolerance=Tolerance(0.02, 0.3))
    assert (found["promote"], found["because"]) == (True, "not_worse")
    assert (found["candidate_auc"], found["auc_difference"], found["agreement"]) == (None, None, None)
