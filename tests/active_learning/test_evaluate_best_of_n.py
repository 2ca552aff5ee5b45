from dataclasses import dataclass
from itertools import combinations
from math import comb, nan
from random import Random
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from active_learning.evaluate import EvaluationError, best_of_n, best_of_n_trials
from active_learning.evaluate.best_of_n import best_of_each, none_of_first, pass_at_each


@dataclass(frozen=True)
class Drawn:
    score: float | None
    is_correct: bool


def score_of(sample):
    return sample.score


def pool(*pairs):
    return [Drawn(score, is_correct) for score, is_correct in pairs]


# EV2: three problems, small enough to write down every draw.
#   first   .9 wrong, .8 right, .1 right: n=1 2/3; n=2 {.9 .8} wrong, {.9 .1} wrong, {.8 .1} right: 1/3; n=3 wrong: 0
#   second  .5 right, .5 wrong, .2 wrong: n=1 1/3; n=2 {.5 .5} 1/2, {.5r .2} 1, {.5w .2} 0: 1/2; n=3 1/2
#   third   None, .4 right, .3 wrong (incomplete ones are never picked): n=1 1/3; n=2 {N .4} 1, {N .3} 0, {.4 .3} 1; n=3 1
THREE = [
    pool((0.9, False), (0.8, True), (0.1, True)),
    pool((0.5, True), (0.5, False), (0.2, False)),
    pool((None, True), (0.4, True), (0.3, False)),
]
BY_HAND = {1: [2 / 3, 1 / 3, 1 / 3], 2: [1 / 3, 1 / 2, 2 / 3], 3: [0, 1 / 2, 1]}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_best_of_n_is_the_share_of_all_draws_in_which_the_best_is_right(n):
    assert best_of_each(THREE, [n], score=score_of)[0] == pytest.approx(BY_HAND[n], abs=1e-15)
    assert best_of_n(THREE, n, score=score_of) == pytest.approx(sum(BY_HAND[n]) / 3, abs=1e-15)


def test_more_than_the_pool_is_the_pool():
    assert best_of_n(THREE, 1000, score=score_of) == best_of_n(THREE, 3, score=score_of) == pytest.approx(0.5)


def test_a_problem_of_which_nothing_can_be_picked_is_not_solved():
    assert best_of_n([pool((None, True), (None, True)), []], 2, score=score_of) == 0


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_published_trials_come_to_the_exact_value(n):
    # EV2: 4000 trials over three problems; the mean is within four standard errors of the hand-computed one.
    trials = best_of_n_trials(THREE, n, score=score_of, trials=4000, rng=Random(1))
    assert trials.mean == pytest.approx(best_of_n(THREE, n, score=score_of), abs=4 * 0.3 / 4000**0.5)


def test_in_the_published_trials_a_small_pool_is_padded_to_the_largest():
    # one right sample beside three: a draw of two of four places finds it in half of all cases
    problems = [pool((0.5, True)), pool((0.1, False), (0.2, False), (0.3, False), (0.4, False))]
    trials = best_of_n_trials(problems, 2, score=score_of, trials=4000, rng=Random(1))
    assert trials.mean == pytest.approx(1 / 4, abs=4 * 0.25 / 4000**0.5)


def test_trials_with_nothing_left_to_chance_do_not_vary_and_a_seed_repeats_the_others():
    fixed = best_of_n_trials(THREE[:1], 3, score=score_of, trials=50, rng=Random(0))
    assert (fixed.mean, fixed.sd) == (0, 0)
    again = [best_of_n_trials(THREE, 1, score=score_of, trials=50, rng=Random(7)) for _ in range(2)]
    assert again[0] == again[1]
    # one trial of one problem is right or wrong: sd is the root of p(1 − p)
    one = best_of_n_trials(THREE[:1], 1, score=score_of, trials=500, rng=Random(7))
    assert one.sd == pytest.approx((one.mean * (1 - one.mean)) ** 0.5)


def by_brute_force(samples, n):
    found = []
    for drawn in combinations(samples, min(n, len(samples))):
        candidates = [one for one in drawn if one.score is not None]
        best = [one for one in candidates if one.score == max(other.score for other in candidates)]
        found.append(sum(one.is_correct for one in best) / len(best) if best else 0.0)
    return sum(found) / len(found)


pools = st.lists(st.builds(Drawn, st.sampled_from([None, 0.1, 0.4, 0.5, 0.9]), st.booleans()), min_size=1, max_size=8)


@given(problems=st.lists(pools, min_size=1, max_size=3), n=st.integers(1, 10))
def test_best_of_n_equals_brute_force_over_all_subsets(problems, n):
    expected = sum(by_brute_force(samples, n) for samples in problems) / len(problems)
    assert best_of_n(problems, n, score=score_of) == pytest.approx(expected, abs=1e-12)


@given(samples=pools, n=st.integers(1, 10))
def test_nobody_chooses_better_than_pass_at_n_and_whoever_knows_the_answers_reaches_it(samples, n):
    candidates = [Drawn(one.score and float(one.is_correct), one.is_correct) for one in samples]
    ceiling = pass_at_each([samples], [n], score=score_of)[0, 0]
    assert best_of_n([samples], n, score=score_of) <= ceiling + 1e-12
    assert best_of_n([candidates], n, score=score_of) == pytest.approx(ceiling, abs=1e-12)


@given(right=st.lists(st.booleans(), min_size=1, max_size=8), n=st.integers(1, 8))
def test_pass_at_n_equals_brute_force_over_all_subsets(right, n):
    # L12
    samples = pool(*[(0.1, one) for one in right])
    draws = list(combinations(right, min(n, len(right))))
    expected = sum(map(any, draws)) / len(draws)
    assert pass_at_each([samples], [n], score=score_of)[0, 0] == pytest.approx(expected, abs=1e-12)


def test_pass_at_n_is_one_minus_the_draws_without_a_right_sample():
    # EV2: 6 samples, 2 right, 3 drawn: 1 − C(4,3)/C(6,3) = 1 − 4/20
    six = pool(*[(0.1, i < 2) for i in range(6)])
    assert pass_at_each([six], [3, 6], score=score_of)[:, 0] == pytest.approx([0.8, 1.0], abs=1e-15)
    without_answer = pool((None, True), *[(0.1, False)] * 5)
    assert pass_at_each([without_answer], [6], score=score_of)[0, 0] == 0


@given(samples=st.integers(1, 40), n=st.integers(1, 45))
def test_none_of_the_first_k_is_a_ratio_of_binomials(samples, n):
    n_of_pool = min(n, samples)
    expected = [comb(samples - k, n_of_pool) / comb(samples, n_of_pool) for k in range(samples + 1)]
    assert none_of_first(samples, n) == pytest.approx(expected, abs=1e-14)


def test_fifty_problems_with_a_thousand_samples_take_a_fraction_of_a_second():
    rng = Random(0)
    problems = [[Drawn(rng.random(), rng.random() < 0.4) for _ in range(1000)] for _ in range(50)]
    started = perf_counter()
    for n in (1, 10, 100, 1000):
        best_of_n(problems, n, score=score_of)
    assert perf_counter() - started < 1  # 0.05 s on an idle core; subsets one by one would take years


@pytest.mark.parametrize(
    ("problems", "n", "sentence"),
    [
        ([], 1, "no problem"),
        (THREE, 0, "at least 1, not [0]"),
        ([pool((nan, True))], 1, "not a number"),
    ],
)
def test_what_has_no_value_is_refused(problems, n, sentence):
    with pytest.raises(EvaluationError, match=sentence.replace("[", r"\[")):
        best_of_n(problems, n, score=score_of)
    if problems == THREE:
        with pytest.raises(EvaluationError, match="trials is at least 1, not 0"):
            best_of_n_trials(problems, 1, score=score_of, trials=0, rng=Random(0))
