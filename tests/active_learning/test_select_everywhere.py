from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from random import Random

import pytest

from active_learning.select import Cap, Rules
from active_learning.select_everywhere import everywhere


@dataclass(frozen=True, eq=False)
class Solution:
    name: str
    problem: int
    score: float | None
    is_correct: bool | None
    answer: str | None = None


def pools(rng, problems, size):
    return [
        [Solution(f"{problem}.{i}", problem, rng.random() ** (problem + 1), rng.random() < 0.4) for i in range(size)]
        for problem in range(problems)
    ]


def chosen(groups, total, *, most=1000, rules=None, seed=0):
    return everywhere(groups, total, most_per_problem=most, rules=rules or Rules(), rng=Random(seed))


def test_g3_the_best_of_all_are_chosen_and_problems_get_unequal_numbers():
    groups = pools(Random(0), 10, 100)
    everything = [one for group in groups for one in group]
    wrong = sorted((one for one in everything if not one.is_correct), key=lambda one: -one.score)[:8]
    rest = sorted((one for one in everything if one not in wrong), key=lambda one: -one.score)[:2]

    picks = chosen(groups, 10)

    assert [pick.candidate for pick in picks] == wrong + rest
    assert [pick.arm for pick in picks] == ["convincing_wrong"] * 8 + ["remaining"] * 2
    assert [pick.rank for pick in picks] == list(range(1, 11))
    assert len({pick.candidate.problem for pick in picks}) < 10


def test_g3_no_problem_gets_more_than_the_most():
    for seed in range(20):
        groups = pools(Random(seed), 8, 30)
        picks = chosen(groups, 20, most=3, seed=seed)
        assert len(picks) == 20
        assert max(Counter(pick.candidate.problem for pick in picks).values()) == 3


def test_the_choice_is_the_one_with_the_best_wrong_answers_that_the_limit_allows():
    groups = pools(Random(3), 3, 5)
    wrong = [one for group in groups for one in group if one.is_correct is False]
    allowed = [some for some in combinations(wrong, 3) if max(Counter(one.problem for one in some).values()) <= 2]
    best = max(allowed, key=lambda some: sum(one.score for one in some))

    picks = chosen(groups, 4, most=2)

    assert {pick.candidate for pick in picks if pick.arm == "convincing_wrong"} == set(best)


def test_what_is_remembered_on_the_way_changes_nothing():
    groups = pools(Random(1), 400, 60)  # more than is remembered
    everything = [one for group in groups for one in group]
    wrong = sorted((one for one in everything if not one.is_correct), key=lambda one: -one.score)[:40]
    assert [pick.candidate for pick in chosen(iter(groups), 50)[:40]] == wrong


def test_the_random_and_the_injected_arm_are_drawn_from_all_problems():
    groups = pools(Random(2), 40, 20)
    rules = Rules(random_share=0.25, injected_share=0.25)
    found = [chosen(groups, 40, rules=rules, seed=seed) for seed in range(10)]
    for picks in found:
        arms = Counter(pick.arm for pick in picks)
        assert (arms["random"], sum(arms.values())) == (10, 40)
        assert 8 <= arms["injected"] <= 10  # one that is drawn for both arms counts as random
        assert len({pick.candidate for pick in picks}) == 40
        assert all(pick.candidate.is_correct for pick in picks if pick.arm == "injected")
    drawn = Counter(pick.candidate.problem for picks in found for pick in picks if pick.arm == "random")
    assert len(drawn) > 30  # 100 draws over 40 problems leave out three of them on average


def test_caps_hold_within_each_problem():
    groups = [[Solution(f"{p}.{i}", p, 0.9 - i / 100, False, answer="7") for i in range(10)] for p in range(4)]
    picks = chosen(groups, 20, rules=Rules(caps=(Cap(lambda one: one.answer, 2),)))
    assert Counter(pick.candidate.problem for pick in picks) == {0: 2, 1: 2, 2: 2, 3: 2}


def test_limits_and_caps_count_what_was_drawn_for_the_other_arms():
    rules = Rules(random_share=0.4, injected_share=0.2, caps=(Cap(lambda one: one.answer, 2),))
    for seed in range(20):
        rng = Random(seed)
        groups = [
            [Solution(f"{p}.{i}", p, rng.random(), i % 3 == 0, answer=str(i % 4)) for i in range(12)] for p in range(5)
        ]
        picks = chosen(groups, 20, most=5, rules=rules, seed=seed)
        assert max(Counter(pick.candidate.problem for pick in picks).values()) <= 5
        assert max(Counter((pick.candidate.problem, pick.candidate.answer) for pick in picks).values()) <= 2
        assert len({pick.candidate for pick in picks}) == len(picks) == 20


def test_equal_scores_are_ordered_by_the_seed_and_not_by_their_problem():
    groups = [[Solution(str(problem), problem, 1.0, False)] for problem in range(40)]
    firsts = {chosen(groups, 4, seed=seed)[0].candidate.problem for seed in range(12)}
    assert len(firsts) > 6


def test_unscored_solutions_are_no_best_ones():
    assert chosen([[Solution("a", 0, None, False)]], 1) == []


def test_random_has_no_best():
    with pytest.raises(ValueError, match="a strategy that ranks"):
        chosen([[]], 1, rules=Rules(strategy="random"))
