"""Signs that somebody does not read what they judge, on simulated people who do and who do not (row F13)."""

import pytest

from active_learning import behaviour
from active_learning.__main__ import main
from active_learning.behaviour import Sign, Work
from active_learning.experiments import cheats

SEEDS = range(20)


@pytest.fixture(scope="module")
def counted():
    return cheats.count(SEEDS)


@pytest.mark.parametrize("kind", list(cheats.CHEATS))
def test_f13_who_cheats_is_told_by_the_sign_of_it(kind, counted):
    assert counted[kind] == counted[kind] | {"people": len(SEEDS), "told": len(SEEDS)}


def test_f13_honest_people_are_hardly_ever_taken_for_cheats(counted):
    assert counted["honest"]["people"] == 11 * len(SEEDS)
    assert counted["honest"]["told"] <= 0.01 * counted["honest"]["people"]
    # Whose labels were copied cannot be told from who copied, but for who came first.
    assert set(counted["copied"]["signs"]) == {"like_another"}


def test_f13_who_copied_came_second():
    kinds, work = cheats.simulate(1)
    copier = kinds.index("copies")

    notices = behaviour.notices(work)

    (theirs,) = notices[copier]
    (victims,) = notices[0]
    assert (theirs.other, victims.other) == (0, copier)
    assert theirs.later == theirs.number == victims.number > 0
    assert victims.later == 0


def crowd(*minds):
    """Everybody's labels of the same thirty solutions, each by what they think of a solution."""
    return {
        person: [work(ratings=mind(place), solution=place, at=person) for place in range(30)]
        for person, mind in enumerate(minds)
    }


def right(place):
    return (*[1] * (place % 7), -1)


def careless(number):
    return lambda place: (*[1] * ((place * number + number) % 11 + 7), -1)


def test_f13_two_who_are_right_among_careless_people_do_not_look_like_a_copy():
    found = behaviour.notices(crowd(right, right, right, careless(2), careless(3), careless(5), careless(6)))

    assert found == {}


def test_f13_two_who_say_what_nobody_else_says_do():
    found = behaviour.notices(crowd(right, right, right, careless(2), careless(2), careless(5)))

    assert {person: [one.other for one in some] for person, some in found.items()} == {3: [4], 4: [3]}


def work(*, ratings=(1, 1, -1), seconds=30.0, characters=300, reason="found_error", solution=0, at=0.0):
    return Work(solution, ratings, reason, int(1000 * seconds), characters, at)


def of_others(number=40):
    """People who find errors at many places."""
    return [work(ratings=(*[1] * (place % 7), -1), solution=place) for place in range(number)]


def signs(labels, others=None):
    found = behaviour.notices({1: labels, 2: others if others is not None else of_others()})
    return [notice.sign for notice in found.get(1, [])]


@pytest.mark.parametrize(("hasty", "told"), [(2, []), (3, [Sign.HASTY])])
def test_f13_three_of_the_last_ten_below_the_least_plausible_time(hasty, told):
    # 300 characters at 50 a second and three times half a second: 7.5 s.
    slow, fast = work(seconds=7.6), work(seconds=7.4)

    found = behaviour.notices({1: [slow] * (10 - hasty) + [fast] * hasty})

    assert found.get(1, []) == [behaviour.Notice(sign, hasty, 10) for sign in told]


def test_f13_hasty_labels_of_long_ago_are_forgotten():
    labels = [work(seconds=0.1)] * 10 + [work(seconds=60)] * 10

    assert Sign.HASTY not in signs(labels)


def test_f13_where_everything_is_right_only_great_is_no_sign():
    great = [work(ratings=(1, 1, 1), reason="solution", solution=place) for place in range(40)]

    assert signs(great, great) == []
    assert signs(great) == [Sign.ONLY_GREAT]


@pytest.mark.parametrize(
    "ratings", [(1, 1, -1), (0, 0, 0, 0), (1, 0, 1, 0, 1, 0)], ids=["the same error", "only okay", "in turns"]
)
def test_f13_the_same_pattern_again_and_again(ratings):
    reason = "found_error" if ratings[-1] == -1 else "solution"

    assert signs([work(ratings=ratings, reason=reason, solution=place) for place in range(30)]) == [Sign.SAME_PATTERN]


def test_f13_skips_in_a_row():
    skip = work(ratings=(), reason="give_up")

    assert signs([skip] * 4 + [work()] + [skip] * 4) == []
    assert signs([work()] + [skip] * 5) == [Sign.SKIPS]


def test_f13_of_few_labels_nothing_is_said():
    great = [work(ratings=(1, 1), reason="solution", solution=100 + place) for place in range(30)]

    assert signs(great) == [Sign.ONLY_GREAT]
    assert signs(great[:9]) == []
    assert signs(great, of_others(10)) == []
    assert behaviour.notices({}) == {}


def test_the_tail_of_the_binomial():
    assert behaviour.tail(0, 5, 0.5) == 1
    assert behaviour.tail(5, 5, 0.5) == pytest.approx(1 / 32)
    assert behaviour.tail(4, 5, 0.5) == pytest.approx(6 / 32)


def test_the_command_counts_them(capsys):
    assert main(["behaviour", "--seeds", "1"]) == 0

    assert '{"kind": "honest", "people": 11, ' in capsys.readouterr().out
