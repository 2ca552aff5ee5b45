from active_learning.domains import chains
from workers.opinions import Habits, beside, is_lost, judge, own_step, rate_options
from workers.simulation import Quota, percentile

PROBLEM = "Start with $2$. Add $3$, then multiply by $2$. What is the result?"
RIGHT = ["$2 + 3 = 5$.", rf"$5 \times 2 = 10$.{chains.ANSWER_MARK}10"]
WRONG = ["$2 + 3 = 6$.", rf"$6 \times 2 = 12$.{chains.ANSWER_MARK}12"]
ALWAYS_RIGHT = Habits(noise=0.0, give_up=0.0, bad_problem=0.0)


def ratings(steps, habits):
    return [row["rating"] for row in judge({"problem": {"text": PROBLEM}, "steps": steps}, habits)["ratings"]]


def finish(steps, habits):
    label = judge({"problem": {"text": PROBLEM}, "steps": steps}, habits)
    return label["finish_reason"], bool(label["reason"])


def test_a_right_solution_is_rated_to_its_end_and_a_wrong_one_to_its_first_error():
    assert ratings(RIGHT, ALWAYS_RIGHT) == [1, 1]
    assert finish(RIGHT, ALWAYS_RIGHT) == ("solution", False)
    assert ratings(WRONG, ALWAYS_RIGHT) == [-1]
    assert finish(WRONG, ALWAYS_RIGHT) == ("found_error", False)


def test_noise_gives_another_rating_than_the_truth():
    habits = Habits(noise=1.0, give_up=0.0, bad_problem=0.0)
    assert ratings(RIGHT, habits)[0] in (-1, 0)
    assert ratings(WRONG, habits)[0] in (0, 1)


def test_the_share_of_mistakes_is_the_noise():
    first = [ratings(RIGHT, Habits(noise=0.2, give_up=0, bad_problem=0, seed=seed))[0] for seed in range(2000)]
    assert 0.17 < sum(rating != 1 for rating in first) / 2000 < 0.23


def test_the_same_seed_gives_the_same_label_and_another_seed_another():
    labels = [
        judge({"problem": {"text": PROBLEM}, "steps": RIGHT}, Habits(noise=0.5, seed=seed)) for seed in (1, 1, 2, 3, 4)
    ]
    assert labels[0] == labels[1]
    assert any(label != labels[0] for label in labels[2:])


def test_giving_up_and_bad_problems_come_with_a_reason():
    assert finish(RIGHT, Habits(noise=0, give_up=1.0)) == ("give_up", True)
    assert finish(RIGHT, Habits(noise=0, give_up=0.0, bad_problem=1.0)) == ("bad_problem", True)


def test_the_time_of_a_label_is_not_shorter_than_that_of_its_steps():
    label = judge({"problem": {"text": PROBLEM}, "steps": RIGHT}, ALWAYS_RIGHT)
    assert label["total_time_ms"] >= sum(row["ms"] for row in label["ratings"]) > 0


def test_options_are_rated_after_the_steps_that_were_taken():
    after_nothing = rate_options(PROBLEM, [], ["$2 + 3 = 5$.", "$2 + 3 = 6$.", "We start with $2$."], ALWAYS_RIGHT)
    after_one = rate_options(PROBLEM, RIGHT[:1], [RIGHT[1], WRONG[1], "So far we have $5$."], ALWAYS_RIGHT)
    assert after_nothing == after_one == [1, -1, 0]
    assert rate_options(PROBLEM, [], ["$2 + 3 = 5$."], Habits(noise=1.0)) != [1]


def test_alternatives_are_rated_in_the_place_of_the_error():
    assignment = {"problem": {"text": PROBLEM}, "steps": [RIGHT[0], WRONG[1]]}
    rows = beside(assignment, 1, [RIGHT[1], "So far we have $5$.", "So far we have $6$."], ALWAYS_RIGHT)
    assert [(row["step"], row["option"], row["rating"]) for row in rows] == [(1, 1, 1), (1, 2, 0), (1, 3, -1)]


def test_the_own_step_is_the_right_next_one_in_words_of_its_own():
    assert own_step(PROBLEM, [], WRONG) == "$2 + 3 = 5$."
    assert own_step(PROBLEM, [], ["$2 + 3 = 5$."]) == "Now $2 + 3 = 5$."
    assert own_step(PROBLEM, ["We start with $2$.", "So $2 + 3 = 5$.", "So far we have $5$."], []) == RIGHT[1]


def test_after_a_wrong_step_nothing_right_can_be_said():
    assert is_lost(PROBLEM, WRONG[:1])
    assert not is_lost(PROBLEM, RIGHT)
    assert not is_lost(PROBLEM, [])


def test_what_is_given_back_to_a_quota_is_there_for_one_more():
    quota = Quota(1)
    assert [quota.take(), quota.take()] == [True, False]
    quota.give_back()
    assert [quota.take(), quota.take()] == [True, False]
    assert all(Quota(None).take() for _ in range(5))


def test_percentiles_are_values_that_were_measured():
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.95) == 4.0
    assert percentile([7.0], 0.5) == 7.0
    assert percentile([], 0.5) == 0.0
