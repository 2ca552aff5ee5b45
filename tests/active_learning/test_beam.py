"""The beam search of Setlur et al. 2024, §4.1, on trees that are small enough to search by eye."""

from random import Random

import pytest

from active_learning.search import Beam, Proposal, SearchError, beam_search

# Fig. 2a: two states, three actions each. The start leads to both.
Q = {"": 0.45, "1": 0.60, "2": 0.30}
Q |= {"11": 0.55, "12": 0.50, "13": 0.70, "21": 0.50, "22": 0.35, "23": 0.25}


def all_actions(states, n):
    """Every action of each state, whatever n; after two actions the solution is over, in another figure."""
    actions = {0: "12", 1: "123", 2: ""}
    return [[Proposal(state + action) for action in actions[len(state)]] for state in states]


def q_of(states):
    return [Q[state] for state in states]


def kept(alpha, **changes):
    found = beam_search("", propose=all_actions, value=q_of, beam=Beam(width=2, alpha=alpha, **changes))
    return [[one.state for one in step] for step in found.kept]


def test_progress_decides_what_stays_once_alpha_is_large_enough():
    # L3, L4
    assert kept(0.0) == [["1", "2"], ["13", "11"]]
    assert kept(0.1) == [["1", "2"], ["13", "11"]]
    assert kept(0.5) == [["1", "2"], ["13", "21"]]


def test_of_equal_candidates_the_one_with_the_higher_q_stays():
    # L3: at α = .2 a1,1 and a2,1 are both .54; below "1" is proposed first
    assert kept(0.2) == [["1", "2"], ["13", "11"]]
    q, prover_q = {"": 0.4, "1": 0.3, "2": 0.5}, {"": 0.4, "1": 0.6, "2": 0.2}
    found = beam_search(
        "",
        propose=all_actions,
        value=lambda states: [q[s] for s in states],
        prover_value=lambda states: [prover_q[s] for s in states],
        beam=Beam(width=1, alpha=0.5, max_steps=1),
    )
    assert [one.state for one in found.kept[0]] == ["2"]


def test_of_candidates_that_are_equal_but_for_rounding_the_first_proposed_stays():
    # L4
    values = {"": 0.3, "1": 0.3, "2": 0.1 + 0.2}
    assert values["2"] > values["1"]
    found = beam_search(
        "", propose=all_actions, value=lambda states: [values[s] for s in states], beam=Beam(width=1, max_steps=1)
    )
    assert [one.state for one in found.kept[0]] == ["1"]


def test_a_prover_judges_progress_and_never_the_end():
    # L4
    def opposite(states):
        return [1 - value for value in q_of(states)]

    found = beam_search(
        "", propose=all_actions, value=q_of, prover_value=opposite, beam=Beam(width=2, alpha=5.0, max_steps=2)
    )
    last = found.kept[-1]
    assert [one.state for one in last] == ["12", "11"]
    assert last[0].q == Q["12"]
    assert last[0].advantage == pytest.approx(0.10)  # (1 − .50) − (1 − .60)


# A walk of coin flips: +1 or −1 three times, right if it ends above 0.


def flips(seed):
    rng = Random(seed)

    def propose(states, n):
        return [[_flip(state, rng) for _ in range(n)] for state in states]

    return propose


def _flip(state, rng):
    state = (*state, rng.choice((-1, 1)))
    return Proposal(state, is_over=len(state) == 3 or sum(state) == -2, tokens=10)


def chance(states):
    return [min(1.0, max(0.0, (sum(state) + 3) / 6)) for state in states]


def search(**changes):
    propose = changes.pop("propose", None) or flips(changes.pop("seed", 0))
    return beam_search((), propose=propose, value=chance, beam=Beam(**{"width": 3, **changes}))


def test_the_finished_are_at_most_as_many_as_the_beam_is_wide_and_the_best_comes_first():
    # L4
    for seed in range(20):
        found = search(seed=seed, width=3)
        values = [one.q for one in found.finished]
        assert 1 <= len(values) <= 3
        assert values == sorted(values, reverse=True)
        assert all(one.is_over for one in found.finished)
        assert all(len(step) <= 3 for step in found.kept)


def test_a_finished_candidate_keeps_its_place():
    # L4
    def propose(states, n):
        if states == [""]:
            return [[Proposal("a", is_over=True), Proposal("b"), Proposal("c")]]
        return [[Proposal(state + end) for end in "xyz"] for state in states]

    values = {"": 0.5, "a": 0.9, "b": 0.8, "c": 0.7}
    found = beam_search(
        "",
        propose=propose,
        value=lambda states: [values.get(state, 0.6) for state in states],
        beam=Beam(width=3, max_steps=2),
    )
    assert [one.state for one in found.finished] == ["a"]
    assert [[one.state for one in step] for step in found.kept] == [["a", "b", "c"], ["bx", "by"]]


def test_alpha_zero_is_the_beam_by_q_whatever_the_prover_says():
    # L4
    for seed in range(10):
        with_prover = beam_search(
            (), propose=flips(seed), value=chance, prover_value=lambda s: [0.5] * len(s), beam=Beam(width=3, alpha=0.0)
        )
        by_q = search(seed=seed)
        assert [[one.state for one in step] for step in with_prover.kept] == [
            [one.state for one in step] for step in by_q.kept
        ]
        assert [one.state for one in with_prover.finished] == [one.state for one in by_q.finished]


def test_a_seed_gives_the_same_search_and_another_seed_another():
    # L4
    assert search(seed=1, width=1, expansions=1) == search(seed=1, width=1, expansions=1)
    assert len({search(seed=seed, width=1, expansions=1).finished for seed in range(10)}) > 1


def test_every_sampled_step_is_counted_also_those_that_were_dropped():
    # L13: from the start width × 3, later three of each in the beam
    asked = []
    real = flips(0)

    def propose(states, n):
        asked.append(len(states) * n)
        return real(states, n)

    found = search(propose=propose, width=2)
    assert asked[0] == 6
    assert asked[1] in (3, 6)
    assert found.steps == sum(asked)
    assert found.tokens == 10 * found.steps


def test_equal_states_take_one_place():
    # L4
    found = beam_search(
        "", propose=lambda states, n: [[Proposal(s + "a")] * n for s in states], value=lambda s: [0.5] * len(s),
        beam=Beam(width=4, max_steps=2),
    )  # fmt: skip
    assert [[one.state for one in step] for step in found.kept] == [["a"], ["aa"]]
    assert found.steps == 12 + 3


def test_where_nothing_is_finished_the_result_is_empty():
    # L4
    dead_end = search(propose=lambda states, n: [[] for _ in states])
    too_long = search(max_steps=1)
    assert (dead_end.finished, dead_end.kept, dead_end.steps) == ((), (), 0)
    assert too_long.finished == ()
    assert len(too_long.kept) == 1


def test_a_dead_end_drops_out_and_the_others_go_on():
    # L4
    def propose(states, n):
        return [
            [] if state == "a" else [Proposal(state + end, is_over=len(state) == 1) for end in "ab"] for state in states
        ]

    found = beam_search("", propose=propose, value=lambda states: [0.5] * len(states), beam=Beam(width=2))
    assert [one.state for one in found.finished] == ["ba", "bb"]


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: Beam(width=0), "at least 1"),
        (lambda: search(propose=lambda states, n: []), "1 states were asked about, and 0 answers"),
        (
            lambda: beam_search("", propose=all_actions, value=lambda states: [0.1], beam=Beam(width=2)),
            "2 states were asked about, and 1 answers",
        ),
    ],
)
def test_a_search_that_cannot_be_run_is_refused(act, sentence):
    with pytest.raises(SearchError, match=sentence):
        act()
