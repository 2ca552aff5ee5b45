"""A PRM beside a bag of words on what people rated."""

import json
from random import Random

import pytest
import torch

from active_learning.__main__ import main
from active_learning.config import TrainConfig
from active_learning.experiments import people
from active_learning.experiments.known import Known, Solution
from tests import tiny


def known(problem, words, features, ratings, **changes):
    return Known(Solution(problem, words, ratings, -1 not in ratings, **changes), torch.tensor(features))


def made_up(*, by):
    """Solutions of 30 problems whose wrong steps are given away by a word or by a feature, the other being noise."""
    rng, found = Random(0), []
    for number in range(30):
        for _ in range(4):
            wrong = rng.random() < 0.5
            told = {"word": rng.random() < 0.5, "feature": rng.random() < 0.5, by: wrong}
            words = ("first we look", "then odd it is" if told["word"] else "then even it is")
            features = [[1.0 + rng.gauss(0, 0.1)], [(-1.0 if told["feature"] else 1.0) + rng.gauss(0, 0.1)]]
            found.append(known(f"p{number}", words, features, (1, -1 if wrong else 1)))
    return found


PRM = people.prm(TrainConfig(min_steps=100))


def test_every_solution_is_measured_once_by_models_that_have_not_seen_its_problem():
    solutions = made_up(by="word")
    alternatives = [known("p0", ("first", "x"), [[0.0]], (-1,), is_whole=False)]
    folds = people.folds([*solutions, *alternatives], seed=1)
    measured = [one for fold in folds for one in fold.measured]
    assert sorted(map(id, measured)) == sorted(map(id, [*solutions, *alternatives]))
    for fold in folds:
        parts = [{one.solution.problem for one in part} for part in (fold.trained, fold.validation, fold.measured)]
        assert [len(problems) for problems in parts] == [18, 6, 6]
        assert len(set.union(*parts)) == 30
    assert sum(alternatives[0] in fold.trained for fold in folds) == 3


@pytest.mark.parametrize(
    ("by", "better", "worse"), [("feature", PRM, people.bag_of_words), ("word", people.bag_of_words, PRM)]
)
def test_each_method_finds_what_it_can_see(by, better, worse):
    folds = people.folds(made_up(by=by), seed=0)
    good, poor = people.figures(better, folds, 0), people.figures(worse, folds, 0)
    assert min(good.values()) > 0.95
    # Both know that the first step is always right, and nothing else.
    assert poor["step_auc"] < 0.85
    assert poor["first_error_f1"] < 0.7


def test_chance_knows_nothing():
    folds = people.folds(made_up(by="word"), seed=0)
    assert 0.35 < people.figures(people.chance, folds, 0)["step_auc"] < 0.65


def test_records_without_an_error_are_refused():
    right = [known(f"p{number}", ("a",), [[0.0]], (1,)) for number in range(10)]
    with pytest.raises(people.TooOneSided, match="with an error and solutions without"):
        people.figures(people.chance, people.folds(right, seed=0), 0)


def test_the_interval_is_students():
    # Mean 2, standard deviation 1, n = 3: t(.975, 2) = 4.3027, over the root of 3.
    assert people.interval([1, 2, 3]) == pytest.approx({"mean": 2, "low": 2 - 2.4842, "high": 2 + 2.4842}, abs=1e-4)


def test_the_words_of_an_alternative_are_those_of_its_last_step():
    alternative = known("p", ("a", "b", "c"), [[0.0]], (1,), is_whole=False)
    assert people.rated_texts(alternative) == ["c"]


@pytest.mark.slow
def test_the_command_compares_them_on_records(tmp_path, capsys):
    base = tiny.make_model(tmp_path / "base", tiny.make_tokenizer(["p", *"0123456789", "even", "odd"]))
    lines = [
        tiny.make_record(
            f"p {number}", [([("even", 1)], 0), ([(word, rating), ("odd", -1)], 0 if rating == 1 else None)], **how
        )
        for number in range(10)
        for word, rating, how in (("even", 1, {}), ("odd", -1, {"finish_reason": "found_error"}))
    ]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["people", "--records", str(tmp_path / "labels.jsonl"), "--base", str(base), "--seeds", "2"]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    intervals = {line["method"]: line for line in printed if line["stage"] == "interval"}
    assert intervals.keys() == {"prm", "bag_of_words", "chance"}
    assert intervals["prm"]["step_auc"]["mean"] > 0.95
    assert printed[-1]["solutions"] == 20
