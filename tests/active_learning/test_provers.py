"""L9: the best-of-k provers of the toy domain."""

import json

import pytest

from active_learning.__main__ import main
from active_learning.domains import continuing
from active_learning.experiments.provers import toy_provers


@pytest.fixture(scope="module")
def rows():
    return {(row["states"], row["k"]): row for row in toy_provers(3, 4, error_rate=0.3)}


def test_each_k_is_reported_over_all_states_and_over_those_of_low_and_of_high_value(rows):
    # L9
    assert list(rows) == [(states, k) for states in ("all", "low", "high") for k in (1, 2, 4, 8, 16, 32)]
    counts = {states: rows[states, 1]["count"] for states in ("all", "low", "high")}
    assert counts["low"] + counts["high"] == counts["all"]
    for k in (1, 32):
        parts = sum(rows[states, k]["variance"] * counts[states] for states in ("low", "high"))
        assert rows["all", k]["variance"] == pytest.approx(parts / counts["all"])


def test_of_the_policy_itself_variance_and_alignment_are_one(rows):
    # L9
    for states in ("all", "low", "high"):
        assert rows[states, 1]["variance"] == pytest.approx(rows[states, 1]["alignment"])
        assert rows[states, 1]["variance"] > 0


def test_a_prover_of_middling_strength_teaches_most(rows):
    # L9: published, the best of 2 is too weak and the best of 32 too strong
    for figure in ("variance", "alignment"):
        found = {k: rows["all", k][figure] for k in (1, 4, 32)}
        assert found[1] < found[4] > found[32]


def test_the_value_of_a_state_is_the_mean_of_its_next_steps(monkeypatch):
    # what V − Σ π Q = 0 of advantages rests on
    seen = []
    real = continuing.outcomes
    monkeypatch.setattr(
        "active_learning.experiments.provers.continuing.outcomes",
        lambda chain, belief, rate: seen.append((chain, belief)) or real(chain, belief, rate),
    )
    toy_provers(1, 2, error_rate=0.3)
    assert seen
    for chain, belief in seen:
        mean = sum(
            one.chance * continuing.value_of(chain, one.after, error_rate=0.3) for one in real(chain, belief, 0.3)
        )
        assert mean == pytest.approx(continuing.value_of(chain, belief, error_rate=0.3))


def test_the_command_prints_a_line_for_each(capsys):
    # L9
    assert main(["provers", "--problems", "2", "--solutions", "2"]) == 0
    lines = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert lines[0].keys() == {"stage", "states", "count", "k", "variance", "alignment"}
