from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from active_learning import grading
from active_learning.search import VoteError, answer_groups, weighted_vote


def test_a_heavy_single_answer_loses_to_the_sum_of_a_frequent_one():
    # EV4: A has .8 of the votes, B .7, though B is the best single one
    assert weighted_vote(["A", "A", "B", "C"], [0.4, 0.4, 0.7, 0.1]) == "A"


def test_a_good_answer_wins_over_the_majority():
    # EV4: A has .6, B .7, though A is the majority
    assert weighted_vote(["A", "A", "B"], [0.3, 0.3, 0.7]) == "B"


def test_answers_that_the_grader_calls_equal_are_one():
    # EV3: one half, three times, outvotes two thirds, twice
    answers = ["2/3", "1/2", "0.5", r"\frac{2}{3}", r"\frac12"]
    assert answer_groups(answers) == [0, 1, 1, 0, 1]
    assert weighted_vote(answers, [1, 1, 1, 1, 1]) == "1/2"


def test_what_only_algebra_can_compare_is_compared():
    assert answer_groups(["x+1", "x+2", "1+x", r"2\sqrt{3}", r"\sqrt{12}"]) == [0, 1, 0, 2, 2]


def test_of_equal_sums_the_answer_that_came_first_wins():
    # EV3
    assert weighted_vote(["A", "B", "A", "B"], [0.25, 0.5, 0.5, 0.25]) == "A"
    assert weighted_vote(["B", "A", "B", "A"], [0.25, 0.5, 0.5, 0.25]) == "B"
    # added from left to right, .1 + .1 + .6 and .6 + .1 + .1 are two numbers
    for first, second in ("AB", "BA"):
        scores = {"A": [0.1, 0.1, 0.6], "B": [0.6, 0.1, 0.1]}
        assert weighted_vote([first] * 3 + [second] * 3, scores[first] + scores[second]) == first


@pytest.mark.parametrize("factor", [1e-200, 1e-10, 1e10])
def test_the_winner_does_not_depend_on_the_unit_of_the_scores(factor):
    # EV4
    assert weighted_vote(["A", "A", "B"], [0.3 * factor, 0.3 * factor, 0.7 * factor]) == "B"
    tied = [score * factor for score in (0.1, 0.1, 0.6, 0.4, 0.4)]
    assert weighted_vote(["A", "A", "A", "B", "B"], tied) == "A"
    assert weighted_vote(["B", "B", "A", "A", "A"], tied[3:] + tied[:3]) == "B"


def test_no_answer_is_no_vote():
    assert weighted_vote([None, None, "A"], [1, 1, 0.1]) == "A"
    assert answer_groups([None, "A", None]) == [None, 0, None]


@pytest.mark.parametrize(
    ("answers", "scores", "sentence"),
    [
        ([], [], "there is no answer"),
        ([None], [1.0], "there is no answer"),
        (["A"], [], "1 answers and 0 scores"),
        (["A"], [nan], "finite"),
    ],
)
def test_a_vote_without_votes_is_refused(answers, scores, sentence):
    with pytest.raises(VoteError, match=sentence):
        weighted_vote(answers, scores)


answers = st.lists(
    st.sampled_from(["1", "1.0", "1/2", "0.5", "2x", "x2", r"2\sqrt{3}", r"\sqrt{12}", None]), min_size=1, max_size=12
)


@given(answers=answers)
def test_two_answers_share_a_group_only_if_the_grader_finds_them_equal(answers):
    groups = answer_groups(answers)
    for one, group in zip(answers, groups, strict=True):
        for other, other_group in zip(answers, groups, strict=True):
            if one is not None and other is not None:
                assert (group == other_group) is grading.answers_match(one, other)


@given(answers=answers, seed=st.integers(0, 5))
def test_with_equal_scores_the_winner_is_a_most_frequent_answer(answers, seed):
    groups = [group for group in answer_groups(answers) if group is not None]
    if groups:
        winner = weighted_vote(answers, [1 / (seed + 1)] * len(answers))
        counts = {group: groups.count(group) for group in groups}
        assert counts[answer_groups(answers)[answers.index(winner)]] == max(counts.values())


def test_hundreds_of_different_values_cost_no_question_each(monkeypatch):
    asked = []
    monkeypatch.setattr("active_learning.search.voting.answers_match", lambda one, other: asked.append(one))
    different = [*map(str, range(300)), *[rf"{i}\sqrt{{5}}" for i in range(1, 100)], *[f"x+{i}" for i in range(1, 100)]]
    assert answer_groups(different * 2) == [*range(498)] * 2
    assert asked == []
