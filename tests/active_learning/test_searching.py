"""What search by progress gains, on a task of five coin flips and on the toy domain."""

import json
from random import Random

import pytest

from active_learning.__main__ import main
from active_learning.domains import chains
from active_learning.experiments.searching import (
    ALPHAS,
    Point,
    Task,
    ToyVerifiers,
    by_beam,
    by_best_of_n,
    compute_ratio,
    equal_compute,
    guard,
    tokens_to,
    toy_tasks,
    tune,
)
from active_learning.search import Beam, Proposal

FLIPS = 5


def flips(number, value=None, prover_value=None):
    """Right is who has at least four heads of five; a flip is two tokens. `number` makes tasks differ."""

    def proposing(seed):
        rng = Random(f"{number} {seed}")

        def propose(states, n):
            drawn = [[(*state, rng.randrange(2)) for _ in range(n)] for state in states]
            return [[Proposal(state, len(state) == FLIPS, 2) for state in some] for some in drawn]

        return propose

    def heads(states):
        return [(sum(state) + 0.5 * (FLIPS - len(state))) / FLIPS for state in states]

    return Task(
        (), proposing, value or heads, prover_value or heads, lambda state: sum(state) >= 4, lambda state: state[0] == 0
    )


TASKS = [flips(number) for number in range(60)]


def blind(states):
    return [0.5] * len(states)


def test_whole_solutions_cost_what_was_sampled_and_more_of_them_are_right_more_often():
    # L13
    points = by_best_of_n(TASKS, [1, 4, 16], seed=0)
    assert [(point.tokens, point.steps) for point in points] == [(10, 5), (40, 20), (160, 80)]
    assert points[0].accuracy < points[1].accuracy < points[2].accuracy
    assert points[0].accuracy == pytest.approx(6 / 32, abs=0.15)


def test_a_beam_costs_its_width_times_the_next_steps_of_each():
    # L13: three times two at the first flip, later at most three of each of two
    point, _ = by_beam(TASKS, Beam(width=2), seed=0)
    assert 6 + 4 * 3 <= point.steps <= 6 + 4 * 6
    assert point.tokens == pytest.approx(2 * point.steps)


def test_what_is_never_finished_is_wrong():
    # L4
    point, _ = by_beam(TASKS, Beam(width=2, max_steps=2), seed=0)
    (whole,) = by_best_of_n(TASKS, [4], seed=0, max_steps=2)
    assert (point.accuracy, whole.accuracy) == (0, 0)
    assert whole.steps == 8


def test_the_grid_of_alpha_keeps_the_best_and_of_equal_ones_the_smallest():
    # L8: a policy's value that sees nothing, and a prover that sees all
    tuned = tune([flips(number, value=blind) for number in range(40)], width=2)
    accuracies = {row["alpha"]: row["accuracy"] for row in tuned["curve"]}
    assert tuple(accuracies) == ALPHAS == (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
    assert accuracies[tuned["best"]] == max(accuracies.values()) > accuracies[0]
    assert all(accuracies[alpha] < accuracies[tuned["best"]] for alpha in ALPHAS if alpha < tuned["best"])
    nothing = tune([flips(number, blind, blind) for number in range(3)], width=2)
    assert nothing["best"] == 0


def test_the_guard_sees_a_collapse_to_steps_that_lead_nowhere():
    # L11: after a first tail this prover is sure whatever follows, after a first head each head is progress
    def rephrasing(states):
        return [0.5 if not state else 0.1 + 0.1 * sum(state) if state[0] else 0.9 for state in states]

    rows = guard([flips(n, blind, rephrasing) for n in range(20)], alphas=[0.0, 5.0], width=2)
    shares = {(row["bonus"], row["alpha"]): row["trivial_steps"] for row in rows}
    assert shares["prover_q", 0.0] == shares["advantage", 0.0]
    assert shares["prover_q", 5.0] > 0.85
    assert shares["advantage", 5.0] < 0.35


CURVE = [Point(100, 10, 0.2), Point(400, 40, 0.6), Point(1600, 160, 0.8)]


def test_tokens_to_an_accuracy_are_read_between_the_points_of_a_curve():
    # L13: half-way from .2 to .6 is half-way from 100 to 400 over the logarithm
    assert tokens_to(CURVE, 0.4) == pytest.approx(200)
    assert tokens_to(CURVE[::-1], 0.6) == pytest.approx(400)
    assert tokens_to(CURVE, 0.1) == 100
    assert tokens_to(CURVE, 0.9) is None


def test_the_ratio_of_compute_is_at_the_highest_accuracy_of_the_baseline():
    # L13
    cheaper = [point._replace(tokens=point.tokens / 4) for point in CURVE]
    assert compute_ratio(cheaper, CURVE) == {"accuracy": 0.8, "ratio": pytest.approx(4)}
    assert compute_ratio(CURVE[:2], CURVE) == {"accuracy": 0.8, "ratio": None}


# The toy domain


@pytest.fixture(scope="module")
def toy():
    return toy_tasks(3, ToyVerifiers(), seed=0)


def test_a_verifier_says_the_same_at_each_look_and_the_truth_where_nothing_blurs_it(toy):
    (state,) = (proposal.state for proposal in toy[0].proposing(0)([toy[0].start], 1)[0])
    assert toy[0].value([state]) == toy[0].value([state]) != toy[0].prover_value([state])
    # of two texts that leave the same belief each is seen with an error of its own
    assert len({*toy[0].value([state._replace(steps=(text,)) for text in "ab"])}) == 2
    (clear, *_) = toy_tasks(1, ToyVerifiers(blur=0, edge=1e-9, best_of=1), seed=0)
    assert clear.value([state])[0] == pytest.approx(clear.prover_value([state])[0])
    assert 0 < clear.value([state])[0] < 1


def test_the_search_writes_solutions_that_the_oracle_reads(toy):
    task = toy[0]
    ways = [by_beam([task], Beam(width=4), seed=seed)[0] for seed in range(2)]
    assert all(point.tokens > point.steps >= 12 for point in ways)
    propose = task.proposing(3)
    state, is_over = task.start, False
    while not is_over:
        ((proposal,),) = propose([state], 1)
        state, is_over = proposal.state, proposal.is_over
    assert state.steps[-1].endswith(f"{chains.ANSWER_MARK}{state.belief.value}")


def test_best_of_n_and_both_beams_are_compared_on_the_same_problems(toy):
    # L13
    curves = equal_compute(toy, alpha=0.0, widths=(1, 2))
    assert curves.keys() == {"best_of_n", "q_beam", "pav_beam"}
    assert curves["q_beam"] == curves["pav_beam"]  # L4: at α = 0 they are one
    assert [point.tokens for point in curves["best_of_n"]] == sorted(point.tokens for point in curves["best_of_n"])


def test_the_command_stores_alpha_and_prints_the_ratios(tmp_path, capsys):
    # L8, L13
    assert main(["search-compute", "--out", str(tmp_path), "--problems", "1", "--seeds", "1"]) == 0
    lines = list(map(json.loads, capsys.readouterr().out.splitlines()))
    stored = json.loads((tmp_path / "alpha.json").read_text())
    assert [row["alpha"] for row in stored["curve"]] == list(ALPHAS)
    assert lines[0] == {"stage": "alpha", **stored}
    assert lines[-1]["stage"] == "equal compute"
    assert lines[-1]["ratios"].keys() == {"q_beam for best_of_n", "pav_beam for best_of_n", "pav_beam for q_beam"}
    assert json.loads((tmp_path / "report.json").read_text())["equal_compute"][0]["curves"].keys() == {
        "best_of_n", "q_beam", "pav_beam",
    }  # fmt: skip
