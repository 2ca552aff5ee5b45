"""G11: how many labels it saves to choose what is labeled."""

import json
import math
from random import Random

import pytest
import torch

from active_learning.__main__ import main
from active_learning.config import TrainConfig
from active_learning.experiments import efficiency, known
from active_learning.experiments.efficiency import METRICS, Replay, compare, curves, label_ratio, replay, slope_ratio
from active_learning.experiments.known import Known, Solution
from active_learning.score import solution_score
from tests import tiny

RANDOM = ((10, 0.5), (20, 0.6), (40, 0.7))


def rows_of(random, chosen, seed=0):
    return [
        {"seed": seed, "strategy": strategy, "budget": labels, "solutions": labels, "step_auc": value}
        for strategy, curve in (("random", random), ("convincing_wrong", chosen))
        for labels, value in curve
    ]


def ratio(of, random, chosen):
    return of(rows_of(random, chosen), "step_auc", "solutions", "convincing_wrong")


def test_the_slope_ratio_compares_gains_per_logarithm_of_the_labels():
    # 0.1 with each doubling against 0.26 with each doubling.
    assert ratio(slope_ratio, RANDOM, ((10, 0.2), (20, 0.46), (40, 0.72))) == pytest.approx(2.6)
    assert ratio(slope_ratio, RANDOM, RANDOM) == pytest.approx(1)
    # What further random labels reach is not part of the slope.
    assert ratio(slope_ratio, (*RANDOM, (80, 0.7), (160, 0.7)), RANDOM) == pytest.approx(1)
    assert ratio(slope_ratio, ((10, 0.7), (20, 0.6)), RANDOM) is None  # random labels make it worse: nothing to compare


def test_the_label_ratio_says_how_many_more_random_labels_reach_the_same():
    # 0.6 with 10 labels where chance needs 20, and 0.7 with 20 where it needs 40; 0.8 chance never reaches.
    assert ratio(label_ratio, RANDOM, ((10, 0.6), (20, 0.7), (40, 0.8))) == pytest.approx(2)
    # 0.65 is half way from 20 to 40 labels on a logarithmic scale, reached with 20.
    assert ratio(label_ratio, RANDOM, ((20, 0.65),)) == pytest.approx(math.sqrt(2))
    assert ratio(label_ratio, RANDOM, ((10, 0.8), (20, 0.9))) is None


def test_the_interval_is_over_seeds_and_none_where_resamples_have_no_ratio():
    same = [row for seed in range(5) for row in rows_of(RANDOM, ((10, 0.6), (20, 0.7)), seed)]
    found = compare(same, "step_auc", "solutions", "convincing_wrong", Random(0))
    assert found["labels"] == {"value": pytest.approx(2), "low": pytest.approx(2), "high": pytest.approx(2)}
    falls = rows_of(tuple((labels, 1 - value) for labels, value in RANDOM), RANDOM, seed=5)
    found = compare([*same[:5], *falls], "step_auc", "solutions", "convincing_wrong", Random(0))
    assert found["slopes"]["low"] is None


def test_curves_are_means_over_the_seeds_with_their_range():
    rows = [
        {"strategy": "random", "budget": 2, "solutions": 2, "steps": steps, "wrong_answers": 0.5}
        | dict.fromkeys(METRICS, value)
        for steps, value in ((4, 0.5), (6, None), (8, 0.7))
    ]
    (point,) = curves(rows)
    assert point["steps"] == {"mean": 6, "low": 4, "high": 8}
    assert point["best_of_n"] == {"mean": pytest.approx(0.6), "low": 0.5, "high": 0.7}


# Replaying ----------------------------------------------------------------------------------------------------------


def made_up(problem, place, rng):
    """A solution of two steps whose features give its ratings away: the first is right, the second half of the time."""
    right = place % 2 == 0
    noise = [rng.gauss(0, 0.1) for _ in range(4)]
    features = torch.tensor([[1.0 + noise[0], noise[1]], [(1.0 if right else -1.0) + noise[2], noise[3]]])
    return Known(Solution(problem, ("a", "b"), (1, 1 if right else -1), right), features)


@pytest.fixture
def groups():
    rng = Random(0)
    return {problem: [made_up(problem, place, rng) for place in range(40)] for problem in "pqrst"}


def test_every_strategy_has_every_budget_and_begins_with_the_same_labels(groups):
    others = groups["p"]
    setting = Replay((2, 6), n=4, seed=3)
    rows = list(replay(groups, others, others, setting, TrainConfig()))
    assert [(row["strategy"], row["budget"], row["solutions"]) for row in rows] == [
        (strategy, budget, 5 * budget) for strategy in ("convincing_wrong", "uncertain", "random") for budget in (2, 6)
    ]
    assert all(row["step_auc"] > 0.9 and row["best_of_n"] > 0.9 for row in rows)
    chosen = next(row for row in rows if (row["strategy"], row["budget"]) == ("convincing_wrong", 6))
    # 25 chosen by 80/20, and 5 at random before: 20 wrong ones at least, of 30.
    assert chosen["wrong_answers"] >= 20 / 30 - 0.001
    assert rows == list(replay(groups, others, others, setting, TrainConfig()))


def test_random_labels_may_have_further_budgets(groups):
    others = groups["p"]
    setting = Replay((2,), (4, 8), strategies=("uncertain", "random"), n=4)
    rows = list(replay(groups, others, others, setting, TrainConfig()))
    assert [(row["strategy"], row["budget"]) for row in rows] == [
        ("uncertain", 2),
        ("random", 2),
        ("random", 4),
        ("random", 8),
    ]
    assert [point["budget"] for point in curves(rows)] == [2, 2, 4, 8]


@pytest.mark.parametrize(("retrain", "selectors"), [(False, 1), (True, 3)])
def test_a_selector_is_trained_once_or_at_every_budget(retrain, selectors, groups, monkeypatch):
    asked = []
    monkeypatch.setattr(efficiency, "candidates", lambda head, some: asked.append(head) or known.candidates(head, some))
    setting = Replay((2, 4, 6), strategies=("uncertain",), retrain=retrain, n=4)
    list(replay({"p": groups["p"]}, groups["q"], groups["q"], setting, TrainConfig()))
    assert len({id(head) for head in asked}) == selectors


def test_noise_is_in_the_labels_that_are_given_and_not_in_what_is_measured(groups):
    others = groups["p"]
    rows = list(replay(groups, others, others, Replay((8,), label_noise=1.0, n=4), TrainConfig()))
    assert all(row["step_auc"] < 0.5 for row in rows)  # everything learned is the opposite


def test_noisy_ratings_are_the_other_two_up_to_the_first_negative():
    assert known.noisy((1, 0, 1), 0.0, Random(0)) == (1, 0, 1)
    for seed in range(20):
        given = known.noisy((1, 1, 1), 1.0, Random(seed))
        assert 1 not in given
        assert -1 not in given[:-1]


def test_features_and_probabilities_are_those_of_a_probe(tmp_path):
    base = tiny.make_model(tmp_path / "base", tiny.make_tokenizer(["p", "A", "B", "C", "D"]))
    solutions = [Solution("p", steps, (1,) * len(steps), True) for steps in (("A B", "C"), ("D",), ("A", "B", "C D"))]
    together, alone = known.with_features(solutions, base), known.with_features(solutions[2:], base)
    assert [one.features.shape for one in together] == [(2, 35), (1, 35), (3, 35)]
    torch.testing.assert_close(together[2].features, alone[0].features, atol=1e-5, rtol=0)
    head = known.learn([(one, one.solution.ratings) for one in together], TrainConfig(min_steps=1))
    triples = known.probabilities(head, together)
    assert [len(one) for one in triples] == [2, 1, 3]
    assert known.scores(head, together) == [solution_score(one) for one in triples]


def test_peoples_solutions_are_the_whole_paths_that_are_rated_throughout(tmp_path):
    lines = [
        tiny.make_record("p", [([("A", 1), ("X", -1)], 0), ([("B", 0)], 0)]),
        tiny.make_record("q", [([("A", 1)], 0), ([("B", -1)], None)], finish_reason="found_error"),
        tiny.make_record("r", [([("A", None)], 0), ([("B", 1)], 0)]),
        tiny.make_record("s", [([("A", 1)], 0)], finish_reason="give_up"),
    ]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert known.human_solutions(tmp_path / "labels.jsonl") == [
        Solution("p", ("A", "B"), (1, 0), True),
        Solution("p", ("X",), (-1,), False, is_whole=False),
        Solution("q", ("A", "B"), (1, -1), False),
    ]


def test_no_problem_is_in_two_parts(groups):
    everything = [one for some in groups.values() for one in some]
    parts = known.split(everything, Random(1))
    problems = [{one.solution.problem for one in part} for part in (parts.pool, parts.validation, parts.measured)]
    assert [len(some) for some in problems] == [3, 1, 1]
    assert set.union(*problems) == set(groups)


@pytest.mark.slow
@pytest.mark.proof
def test_the_command_replays_the_toy_domain_and_writes_its_report(tmp_path, capsys):
    arguments = ["--problems", "4", "--pool", "10", "--budgets", "2,3", "--seeds", "2", "--out", str(tmp_path / "out")]
    assert main(["efficiency", *arguments]) == 0
    rows = [json.loads(line) for line in (tmp_path / "out" / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * 3 * 2
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert len(report["curves"]) == 3 * 2
    assert {(one["strategy"], one["metric"], one["unit"]) for one in report["comparisons"]} == {
        (strategy, metric, unit)
        for strategy in ("convincing_wrong", "uncertain")
        for metric in METRICS
        for unit in ("solutions", "steps")
    }


def test_kept_features_are_not_computed_again(tmp_path, monkeypatch):
    base = tiny.make_model(tmp_path / "base", tiny.make_tokenizer(["p", "A", "B"]))
    one, other = (Solution("p", (text,), (1,), True) for text in "AB")
    first = known.with_features([one], base, kept=tmp_path / "kept")
    both = known.with_features([one, other, one], base, kept=tmp_path / "kept")
    monkeypatch.setattr(known, "load_language_model", None)  # nothing may be computed from here on
    again = known.with_features([other, one], base, kept=tmp_path / "kept")
    assert torch.equal(first[0].features, both[0].features)
    assert [torch.equal(left.features, right.features) for left, right in zip(again, both[1:], strict=True)] == [
        True
    ] * 2


@pytest.mark.slow
def test_the_command_replays_what_people_rated(tmp_path, capsys):
    base = tiny.make_model(tmp_path / "base", tiny.make_tokenizer(["p", *"0123456789", "even", "odd"]))
    lines = [
        tiny.make_record(f"p {place % 10}", [([("even", 1)], 0), ([(word, rating)], 0 if rating == 1 else None)], **how)
        for place in range(20)
        for word, rating, how in (("even", 1, {}), ("odd", -1, {"finish_reason": "found_error"}))
    ]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    arguments = ["--records", str(tmp_path / "labels.jsonl"), "--base", str(base), "--features", str(tmp_path / "kept")]
    budgets = ["--first", "4", "--budgets", "6,12", "--retrain", "--seeds", "2"]
    assert main(["efficiency", *arguments, *budgets, "--out", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [(point["strategy"], point["budget"]) for point in report["curves"]] == [
        (strategy, budget) for strategy in ("convincing_wrong", "uncertain", "random") for budget in (6, 12)
    ]
    assert (tmp_path / "kept").exists()
