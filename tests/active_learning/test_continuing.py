"""How the toy generator goes on, and with which probability rightly (the value that row L5 is measured against)."""

import math
from random import Random

import pytest

from active_learning.domains import chains, continuing, toy

PROBLEM = "Start with $8$. Add $3$, multiply by $2$, then subtract $5$. What is the result?"
PREFIXES = [
    [],
    ["We start with $8$."],
    ["$8 + 3 = 11$.", "The next instruction is to multiply by $2$."],
    ["$8 + 3 = 12$."],
    ["$8 + 3 = 12$.", "So far we have $11$."],
    ["$8 + 3 = 999$."],
    ["$8 + 3 = 11$.", r"$11 \times 2 = 22$.", "$22 - 5 = 17$."],  # the answer is still to be said
]


def answer_of(steps):
    return steps[-1].partition(chains.ANSWER_MARK)[2]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_chances_of_what_may_come_next_add_up_and_each_is_believed_as_it_reads(prefix):
    chain = chains.read_problem(PROBLEM)

    found = continuing.outcomes(chain, continuing._believed(chain, prefix), 0.3)

    assert math.isclose(sum(one.chance for one in found), 1)
    for one in found:
        assert one.after == continuing._believed(chain, [*prefix, one.step])


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_value_of_a_prefix_is_how_often_its_continuations_end_right(prefix):
    rng, n = Random(0), 3000

    value = continuing.value(PROBLEM, prefix, error_rate=0.3)
    drawn = (continuing.complete(PROBLEM, prefix, rng=rng, error_rate=0.3) for _ in range(n))

    right = sum(answer_of(steps) == "17" for steps in drawn)
    assert abs(right / n - value) < 4 * math.sqrt(value * (1 - value) / n)
    assert 0.01 < value < 0.99


def test_without_mistakes_all_that_is_not_yet_lost_ends_right():
    assert continuing.value(PROBLEM, [], error_rate=0) == 1
    assert continuing.value(PROBLEM, ["$8 + 3 = 12$."], error_rate=0) == 0
    assert continuing.value(PROBLEM, ["$8 + 3 = 12$.", "So far we have $11$."], error_rate=0) == 1


@pytest.mark.parametrize(("answer", "value"), [("17", 1), ("16", 0)])
def test_a_finished_solution_is_worth_what_its_answer_is(answer, value):
    steps = ["$8 + 3 = 11$.", rf"$11 \times 2 = 22$.{chains.ANSWER_MARK}{answer}"]
    assert continuing.value(PROBLEM, steps) == value
    assert continuing.complete(PROBLEM, steps, rng=Random(0)) == []


def test_every_continuation_can_be_read_and_has_one_answer():
    rng = Random(0)
    for problem in toy.problems(30, rng=rng):
        steps = continuing.complete(problem["problem"], [], rng=rng, error_rate=0.5)
        chains.rate(problem["problem"], steps)
        assert [chains.ANSWER_MARK in step for step in steps] == [False] * (len(steps) - 1) + [True]


def test_no_more_steps_are_written_than_are_asked_for():
    assert len(continuing.complete(PROBLEM, [], rng=Random(0), most=2)) == 2
