from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from active_learning.evaluate import EvaluationError, curves
from active_learning.evaluate.curves import Choice
from active_learning.evaluate.diagnostics import disagreements, least_step, length_bias
from active_learning.evaluate.samples import Sample
from active_learning.evaluate.voting import vote_each
from active_learning.search import weighted_vote


def sample(answer, is_correct, score=0.5, **more):
    return Sample(1, "p", answer, is_correct, prm_score=score, **more)


def score_of(one):
    return one.prm_score


def votes(pools, ns, draws=4000):
    majority, weighted = vote_each(pools, ns, score=score_of, draws=draws, rng=Random(0))
    return majority.tolist(), weighted.tolist()


def test_the_majority_of_all_samples_needs_no_luck():
    # EV3: two wrong against one right answer; three right ones written in two ways against two wrong
    lost = [sample("2", False), sample("2", False), sample("1", True)]
    won = [sample("1/2", True), sample("0.5", True), sample("1/2", True), sample("2", False), sample("2", False)]
    majority, _ = votes([lost, won], [3, 5, 100], draws=10)
    assert majority[1:] == [[0.0, 1.0], [0.0, 1.0]]
    assert majority[0][0] == 0.0


def test_a_weighted_vote_may_overrule_the_majority():
    # EV4: A .3 + .3 (wrong) against B .7 (right); then A .4 + .4 (right) against B .7 (wrong)
    by_weight = [sample("A", False, 0.3), sample("A", False, 0.3), sample("B", True, 0.7)]
    by_number = [sample("A", True, 0.4), sample("A", True, 0.4), sample("B", False, 0.7), sample("C", False, 0.1)]
    majority, weighted = votes([by_weight, by_number], [4], draws=10)
    assert (majority, weighted) == ([[0.0, 1.0]], [[1.0, 1.0]])


def test_one_sample_is_its_own_majority_and_of_two_the_first_drawn_wins():
    # 1 right of 4 different answers: in both cases right in a quarter of all draws
    pool = [sample("1", True), sample("2", False), sample("3", False), sample("4", False)]
    majority, _ = votes([pool], [1, 2])
    assert majority == [[pytest.approx(0.25, abs=0.03)], [pytest.approx(0.25, abs=0.03)]]


def test_samples_without_an_answer_do_not_vote():
    # two of three drawn: {none, none} nobody votes, {none, right} twice: right
    pool = [sample(None, False), sample(None, True), sample("1", True)]
    majority, weighted = votes([pool, [sample(None, True)] * 2, []], [2])
    assert majority == weighted == [[pytest.approx(2 / 3, abs=0.03), 0, 0]]


def test_equal_sums_are_equal_in_whatever_order_they_were_added():
    # .1 + .1 + .6 is not always .4 + .4 in floats; the first drawn of five is one of the three right ones: 3/5
    pool = [*[sample("1", True, score) for score in (0.1, 0.1, 0.6)], sample("2", False, 0.4), sample("2", False, 0.4)]
    assert votes([pool], [5])[1] == [[pytest.approx(0.6, abs=0.03)]]


@pytest.mark.parametrize("factor", [1e-200, 1e-10, 1.0, 1e10])
def test_the_weighted_vote_does_not_depend_on_the_unit_of_the_scores(factor):
    # EV4: products of many steps are small; A .3 + .3 (wrong) against B .7 (right)
    pool = [sample("A", False, 0.3 * factor), sample("A", False, 0.3 * factor), sample("B", True, 0.7 * factor)]
    tied = [sample("1", True, score * factor) for score in (0.1, 0.1, 0.6)]
    tied += [sample("2", False, 0.4 * factor)] * 2
    assert votes([pool], [3])[1] == [[1.0]]
    assert votes([tied], [5])[1] == [[pytest.approx(0.6, abs=0.03)]]


def test_a_sample_without_a_score_votes_in_the_majority_only():
    # EV4: with a weight of 0 it would win where nobody else votes or all others weigh as little
    alone = [sample("1", True, None), sample(None, False)]
    beside_nothing = [sample("1", True, None), sample("1", True, None), sample("2", False, 0.0)]
    beside_less = [sample("1", True, None), sample("2", False, -1.0)]  # scores need not be probabilities
    majority, weighted = votes([alone, beside_nothing, beside_less], [3], draws=200)
    assert majority[0][:2] == [1.0, 1.0]
    assert weighted == [[0.0, 0.0, 0.0]]


@settings(max_examples=40)
@given(answers=st.lists(st.sampled_from(["1", "2", "3", "0.5", "1/2", None]), min_size=1, max_size=8), rng=st.randoms())
def test_the_weighted_vote_of_all_samples_is_the_one_that_search_takes(answers, rng):
    # powers of two: no two sums are equal
    scores = rng.sample([2.0**i for i in range(8)], len(answers))
    pool = [sample(answer, answer == "1", score) for answer, score in zip(answers, scores, strict=True)]
    _, [[share]] = votes([pool], [len(pool)], draws=5)
    assert share == (any(answers) and weighted_vote(answers, scores) == "1")


def test_draws_of_votes_approach_all_subsets():
    pool = [sample("1", True, 0.9), sample("1", True, 0.2), sample("2", False, 0.6), sample("2", False, 0.55)]
    expected = np.mean(
        [
            weighted_vote([pool[i].answer for i in drawn], [pool[i].prm_score for i in drawn]) == "1"
            for drawn in combinations(range(4), 3)
        ]
    )
    # {1 1 2}: 1.1 to .6 and 1.1 to .55; {1 2 2}: .9 to 1.15 and .2 to 1.15
    assert expected == 0.5
    assert votes([pool], [3])[1] == [[pytest.approx(0.5, abs=0.03)]]


def test_no_draws_are_refused():
    with pytest.raises(EvaluationError, match="draws is at least 1, not 0"):
        votes([[sample("1", True)]], [1], draws=0)


def test_the_numbers_of_samples_are_powers_of_two_and_the_whole_pool():
    assert curves.powers_of_two([[sample("1", True)] * 10]) == (1, 2, 4, 8, 10)
    assert curves.powers_of_two([[sample("1", True)] * 8, [sample("1", True)]]) == (1, 2, 4, 8)
    assert curves.powers_of_two([[sample("1", True)]]) == (1,)


def test_there_is_a_curve_for_each_score_that_the_samples_have():
    plain = [[Sample(1, "p", "1", True), Sample(2, "p", "2", False)]]
    assert set(curves.values(plain, Choice((1, 2)))) == {"majority", "pass"}
    with_orm = [[sample("1", True, None, orm_score=0.1), sample("2", False, None, orm_score=0.9)]]
    found = curves.values(with_orm, Choice((1, 2)))
    assert set(found) == {"orm", "majority", "pass"}
    assert found["orm"].tolist() == [[0.5], [0.0]]
    assert found["pass"].tolist() == [[0.5], [1.0]]
    scored = [[sample("1", True, 0.9), sample("2", False, 0.1)]]
    assert set(curves.values(scored, Choice((1,)))) == {"prm", "majority", "prm_vote", "pass"}


def test_intervals_cover_the_middle_of_what_resampled_problems_give():
    # 100 problems, half of them solved: the mean has a standard error of .05
    low, high = curves.interval(np.array([0.0, 1.0] * 50), 0)
    assert low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.02)
    assert high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.02)
    assert curves.interval(np.array([0.5]), 0) == (None, None)
    assert curves.interval(np.array([0.25, 0.25]), 0) == (0.25, 0.25)


def test_a_table_is_the_mean_over_the_problems_asked_for():
    found = {"prm": np.array([[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])}
    one, four = curves.table(found, (1, 4))["prm"]
    assert (one["n"], one["value"]) == (1, pytest.approx(2 / 3))
    assert (four["n"], four["value"], four["low"], four["high"]) == (4, 1.0, 1.0, 1.0)
    assert curves.table(found, (1, 4), of=[0])["prm"][0] == {"n": 1, "value": 0.0, "low": None, "high": None}


def with_right(count, of=10, **more):
    return [sample("1", i < count, **more) for i in range(of)]


def test_quintiles_are_five_equal_groups_from_the_hardest_to_the_easiest():
    # EV6: ten problems with 9, 8, … 0 right samples; the last two are the hardest
    problems = [with_right(9 - i) for i in range(10)]
    assert curves.quintiles(problems) == [[9, 8], [7, 6], [5, 4], [3, 2], [1, 0]]
    assert [len(group) for group in curves.quintiles([with_right(i % 3) for i in range(12)])] == [3, 3, 2, 2, 2]
    assert curves.quintiles([with_right(1), with_right(0)]) == [[1], [0]]


def test_problems_are_grouped_by_the_name_they_have():
    # EV6, EV7
    problems = [with_right(1, subject=subject) for subject in ("geometry", "algebra", None, "geometry")]
    assert curves.parts(problems, lambda one: one.subject) == {"algebra": [1], "geometry": [0, 3]}


@pytest.mark.parametrize(
    ("values", "aggregate"),
    [((86.7, 80.0, 86.7, 53.2), 72.96), ((80.0, 71.7, 82.2, 32.8), 61.35)],
)
def test_the_published_aggregates_are_means_weighted_by_problems(values, aggregate):
    # EV7: Lightman et al. 2023, Tab. 1, PRM and majority. Its ORM row gives 63.5 where 63.8 is printed: no fixture.
    assert curves.weighted_mean(list(zip(values, (45, 60, 45, 84), strict=True))) == pytest.approx(aggregate, abs=0.005)


def judged(negatives, is_correct=True, line=1, answer="1"):
    return Sample(line, "p", answer, is_correct, tuple((p, 0.0, 1 - p) for p in negatives))


def test_length_bias_is_a_rank_correlation_with_the_number_of_steps():
    # EV11: steps of .9 each: the product falls with every step, minimum and geometric mean hardly know it
    samples = [judged([0.1] * count) for count in (1, 2, 3, 4)]
    found = length_bias(samples, "positive")
    assert found["count"] == 4
    assert found["spearman"]["product"] == pytest.approx(-1)
    assert found["spearman"]["minimum"] is None  # all alike

    # least steps .8 .7 .9 for 1 2 3 steps: ranks 2 1 3 against 1 2 3, ρ = 1 − 6·2/(3·8) = .5
    mixed = length_bias([judged([0.2]), judged([0.1, 0.3]), judged([0.1, 0.0, 0.1])], "positive")
    assert mixed["spearman"]["minimum"] == pytest.approx(0.5)
    # products .8 .63 .81; geometric means .8 .794 .932: the same ranks
    assert mixed["spearman"]["product"] == mixed["spearman"]["geometric_mean"] == pytest.approx(0.5)


def test_the_share_whose_least_step_is_the_last_stands_beside_chance():
    # EV11: last, not last (the first of two equal ones), the only one; by chance (1/2 + 1/2 + 1) / 3
    found = length_bias([judged([0.1, 0.2]), judged([0.2, 0.2]), judged([0.1])], "positive")
    assert found["least_step_is_last"] == pytest.approx(2 / 3)
    assert found["by_chance"] == pytest.approx(2 / 3)
    assert length_bias([judged([0.1], answer=None)], "positive") == {
        "count": 0,
        "spearman": {"product": None, "minimum": None, "geometric_mean": None},
        "least_step_is_last": None,
        "by_chance": None,
    }
    assert least_step(((0.1, 0.8, 0.1), (0.3, 0.0, 0.7)), "negative") == 0


def test_answers_and_steps_that_disagree_are_listed_with_their_numbers():
    # EV12
    samples = [
        judged([0.1, 0.6], True, line=1),  # right, least .4
        judged([0.9, 0.1], True, line=2),  # right, least .1: before line 1
        judged([0.5], True, line=3),  # right, least .5: not below
        judged([0.1], False, line=4),  # wrong, .9
        judged([0.05], False, line=5),  # wrong, .95: before line 4
        judged([0.6], False, line=6),  # wrong, .4
        judged([0.9], True, line=7, answer=None),
    ]
    found = disagreements(samples)
    right, wrong = found["right_answer_low_step"], found["wrong_answer_high_score"]
    assert (right["n"], right["of"], [row["line"] for row in right["samples"]]) == (2, 3, [2, 1])
    assert right["samples"][0] == {
        "line": 2,
        "problem": "p",
        "answer": "1",
        "score": pytest.approx(0.09),
        "least": pytest.approx(0.1),
        "least_step": 0,
    }
    assert (wrong["n"], wrong["of"], [row["line"] for row in wrong["samples"]]) == (2, 3, [5, 4])


def test_long_lists_are_cut_and_their_number_is_not():
    found = disagreements([judged([0.1], False, line=i) for i in range(30)])["wrong_answer_high_score"]
    assert (found["n"], len(found["samples"])) == (30, 20)
