"""L6: prefixes up to a first pit beside any, at equal rollouts."""

import json
from dataclasses import replace
from random import Random

import pytest

from active_learning.__main__ import main
from active_learning.advantages import first_pit
from active_learning.domains import continuing, toy
from active_learning.experiments.pits import STRATEGIES, Setting, at_random, gather, to_first_pits

SETTING = Setting()
PROBLEMS = [problem["problem"] for problem in toy.problems(3, rng=Random(0))]


def spent(found):
    """Rollouts for whole solutions and for estimates; a solution that was not wanted is not among the found."""
    return sum(1 + SETTING.rollouts * len(one.q) for one in found)


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_strategy_spends_more_rollouts_than_it_has(name):
    # L6
    for budget in (100, 400):
        found = gather(STRATEGIES[name], PROBLEMS, SETTING, budget=budget, seed=0)
        assert 0.7 * budget < spent(found) <= budget


def test_estimates_are_of_the_exact_value():
    # L6: means of hundreds of estimates and of what they estimate
    found = gather(at_random, PROBLEMS, SETTING, budget=4000, seed=1)
    pairs = [
        (q, continuing.value(one.problem, one.steps[:length], error_rate=SETTING.error_rate))
        for one in found
        for length, q in enumerate(one.q, start=1)
    ]
    mean, expected = (sum(some) / len(pairs) for some in zip(*pairs, strict=True))
    assert mean == pytest.approx(expected, abs=4 * 0.5 / (SETTING.rollouts * len(pairs)) ** 0.5)


def test_a_wrong_solution_is_followed_from_a_promising_state_to_its_first_pit_and_no_further():
    # L6
    setting = replace(SETTING, first_share=0.0)
    found = gather(to_first_pits, PROBLEMS, setting, budget=3000, seed=0)
    first = next(place for place, one in enumerate(found) if max(one.q) > setting.threshold)
    followed = found[first + 1 :]
    pits = [first_pit(one.q, setting.threshold) for one in followed]
    assert sum(pit is not None for pit in pits) > 10
    assert all(pit in (None, len(one.q)) for pit, one in zip(pits, followed, strict=True))
    truths = [continuing.value(one.problem, one.steps, error_rate=setting.error_rate) for one in followed]
    assert set(truths) == {0.0}


def test_the_command_measures_both_at_the_same_budget(capsys):
    # L6
    assert main(["pits", "--seeds", "1", "--budgets", "200", "--problems", "4"]) == 0
    lines = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert [(line["strategy"], line["budget"]) for line in lines] == [("random", 200), ("first_pit", 200)]
    assert all(0 < line["squared_error"] < 0.3 and 0 < line["auc"] < 1 for line in lines)
