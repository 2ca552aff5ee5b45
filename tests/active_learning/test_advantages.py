"""Advantages, provers and pits by the numbers of Setlur et al. 2024, Fig. 2a and App. D."""

from itertools import pairwise
from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from active_learning.advantages import (
    PROVER_KS,
    AdvantageError,
    advantages,
    best_of_k_value,
    effective_reward,
    first_pit,
    prover_report,
)

EXACT = 1e-12
probabilities = st.floats(0, 1)


def close(value):
    return pytest.approx(value, abs=EXACT)


def test_an_advantage_is_what_an_action_adds_to_the_value_of_its_state():
    # L1
    assert [advantages([q], v0=0.60)[0] for q in (0.55, 0.50, 0.70)] == close([-0.05, -0.10, 0.10])
    assert [advantages([q], v0=0.30)[0] for q in (0.50, 0.35, 0.25)] == close([0.20, 0.05, -0.05])


def test_the_first_step_is_measured_against_the_bare_problem_and_each_other_one_against_the_step_before():
    # L1
    assert advantages([0.7, 0.9, 0.0], v0=0.6) == close([0.1, 0.2, -0.9])
    assert advantages([], v0=0.6) == []


@given(q=st.lists(probabilities, min_size=1, max_size=9), v0=probabilities)
def test_advantages_add_up_to_the_way_from_the_problem_to_the_last_step(q, v0):
    assert sum(advantages(q, v0=v0)) == pytest.approx(q[-1] - v0, abs=1e-9)


@pytest.mark.parametrize(
    ("q", "expected"),
    [(0.1, {2: 0.19, 4: 0.3439, 8: 0.56953279, 32: 1 - 0.9**32}), (0.5, {2: 0.75, 4: 0.9375, 8: 0.99609375})],
)
def test_the_best_of_k_is_right_if_any_of_k_is(q, expected):
    # L2
    assert {k: best_of_k_value(q, k) for k in expected} == close(expected)
    assert best_of_k_value(0.1, 32) == pytest.approx(0.9657, abs=5e-5)


@given(q=probabilities)
def test_the_best_of_one_is_the_prover_itself_and_more_are_never_worse(q):
    # L2
    values = [best_of_k_value(q, k) for k in PROVER_KS]
    assert values[0] == q
    assert all(0 <= less <= more + EXACT for less, more in pairwise(values))


def test_the_smallest_chances_are_not_rounded_away():
    # L2: 1 − (1 − q)^k is k·q there, and computed as it is written it would be 0
    assert best_of_k_value(1e-20, 32) == pytest.approx(32e-20, rel=EXACT)
    assert [best_of_k_value(edge, 4) for edge in (0, 1)] == [0, 1]


def test_the_best_of_four_makes_differences_at_low_values_large_and_at_high_ones_small():
    # L2
    values = [best_of_k_value(v, 4) for v in (0.60, 0.30)]
    assert values == pytest.approx([0.9744, 0.7599], abs=5e-5)
    assert advantages([best_of_k_value(0.70, 4)], v0=values[0])[0] == pytest.approx(0.0175, abs=5e-5)
    assert advantages([best_of_k_value(0.50, 4)], v0=values[1])[0] == pytest.approx(0.1776, abs=5e-5)


def test_the_effective_reward_weighs_progress_by_alpha():
    # L3: a1,3 then a1,1 against a2,1 at α = .1, .2 and .5
    assert [effective_reward(0.70, 0.10, alpha) for alpha in (0.1, 0.5)] == close([0.71, 0.75])
    assert [effective_reward(0.55, -0.05, alpha) for alpha in (0.1, 0.2)] == close([0.545, 0.54])
    assert [effective_reward(0.50, 0.20, alpha) for alpha in (0.2, 0.5)] == close([0.54, 0.60])


@pytest.mark.parametrize(
    ("q", "v0", "pit"),
    [
        ((0.8, 0.6, 0, 0), None, 3),
        ((0.5, 0.6, 0, 0), None, None),  # nothing above the threshold
        ((0.7, 0, 0), None, None),  # at it is not above it
        ((0.8, 0.6, 0.1), None, None),  # never hopeless
        ((0, 0.8, 0), None, 3),  # only after what promised
        ((0, 0), 0.8, 1),  # the problem promised
        ((0, 0), 0.5, None),
        ((), None, None),
    ],
)
def test_the_first_pit_is_the_first_hopeless_step_after_a_promising_state(q, v0, pit):
    # L6
    assert first_pit(q, 0.7, v0=v0) == pit


HIGH = [[0.55, 0.50, 0.70], [0.60, 0.75, 0.65]]
LOW = [[0.02, 0.05, 0.10], [0.10, 0.01, 0.03]]


def test_a_prover_that_is_always_right_tells_nothing_apart():
    # L9
    high, low = prover_report(HIGH), prover_report(LOW)
    assert [one.k for one in high] == [1, 2, 4, 8, 16, 32]
    assert high[-1].variance < 1e-12 < 1e-3 < high[0].variance
    # where the policy rarely succeeds a stronger prover tells more
    assert low[-1].variance > 10 * low[0].variance
    assert low[-1].alignment > low[0].alignment > 0


def test_the_two_terms_are_variance_and_covariance_over_the_actions():
    # L9, by hand: at Q = (.2, .4) A^π = (−.1, .1); of the best of two Q = (.36, .64), A^μ = (−.14, .14)
    (one, two) = prover_report([[0.2, 0.4]], ks=(1, 2))
    assert (one.variance, one.alignment) == close((0.01, 0.01))
    assert (two.variance, two.alignment) == close((0.14**2, 0.014))


def test_actions_that_are_listed_count_by_their_probability():
    # L9
    (listed,) = prover_report([[0.2, 0.4]], weights=[[0.75, 0.25]], ks=(1,))
    (drawn,) = prover_report([[0.2, 0.2, 0.2, 0.4]], ks=(1,))
    assert listed.variance == close(drawn.variance)
    assert listed.variance != close(0.01)


def test_a_prover_that_is_wrong_about_the_actions_is_not_aligned():
    # L9
    (against,) = prover_report([[0.2, 0.4]], [[0.4, 0.2]], ks=(1,))
    assert against.alignment == close(-0.01)
    assert against.variance == close(0.01)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: advantages([0.5, 1.5], v0=0.5), "from 0 to 1, not 1.5"),
        (lambda: advantages([0.5], v0=-0.1), "from 0 to 1, not -0.1"),
        (lambda: best_of_k_value(nan, 2), "not a number"),
        (lambda: best_of_k_value(0.5, 0), "at least one completion, not 0"),
        (lambda: first_pit([0.5], 2), "from 0 to 1, not 2"),
        (lambda: prover_report([0.5, 0.2]), "states, actions"),
        (lambda: prover_report([[0.5]], [[0.5, 0.2]]), "states, actions"),
        (lambda: prover_report(np.zeros((0, 0))), "states, actions"),
        (lambda: prover_report([[0.5, 0.1]], weights=[[0.5, 0.4]]), "add up to 1"),
    ],
)
def test_what_is_no_probability_is_refused(act, sentence):
    with pytest.raises(AdvantageError, match=sentence):
        act()
