"""What may be sampled and what it may cost, and the journal of what servers were asked."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from active_learning.generators.budget import Budget, BudgetSpent, Prices
from active_learning.generators.journal import NOTHING, Taken


def test_a_room_that_others_may_give_back_is_waited_for():
    budget, has_room = Budget(100), threading.Event()

    def first():
        with budget.room(90) as spend:
            has_room.set()
            has_gone_on.wait(5)
            spend(20)

    def second():
        has_room.wait(5)
        has_gone_on.set()
        with budget.room(80) as spend:
            spend(80)

    has_gone_on = threading.Event()
    with ThreadPoolExecutor(2) as threads:
        for future in [threads.submit(first), threads.submit(second)]:
            future.result()

    assert budget.spent == 100
    with pytest.raises(BudgetSpent, match=r"budget of 100 tokens 100 are spent, and the next question may take 1\."):
        budget.room(1).__enter__()


def test_a_request_whose_end_is_not_told_is_lost_and_one_that_failed_for_nothing_is_not(tmp_path):
    budget = Budget(prices=Prices(1.0, 10.0), journal=tmp_path / "journal")

    with budget.request(Taken(10, 100), is_retry=False) as took:
        took(NOTHING)
    with pytest.raises(KeyError), budget.request(Taken(10, 100), is_retry=True):
        raise KeyError
    with budget.request(Taken(10, 100), is_retry=True) as took:
        took(Taken(7, 30))
    with budget.request(Taken(10, 100), is_retry=False) as took:
        took(Taken(7, 40, "estimated"))

    expected = {"requests": 4, "retries": 2, "prompt_tokens": 24, "spent_tokens": 170}
    expected |= {"estimated_tokens": 40, "lost_tokens": 100, "cost": (24 + 1700) / 1e6}
    assert budget.told() == expected
    assert Budget(prices=Prices(1.0, 10.0), journal=tmp_path / "journal").told() == expected


def test_what_a_killed_process_had_asked_counts_in_full(tmp_path):
    path = tmp_path / "journal"
    budget = Budget(journal=path)
    with budget.request(Taken(10, 100), is_retry=False) as took:
        took(Taken(7, 30))
        path.write_bytes(path.read_bytes() + json.dumps({"begin": 9, "most": [1, 5], "retry": True}).encode() + b"\n")
    path.write_bytes(path.read_bytes() + b'{"begin": 10, "mo')  # killed before it was sent

    later = Budget(137, journal=path)

    assert (later.spent, later.spending.lost_tokens, later.spending.retries) == (35, 5, 1)
    with later.request(Taken(1, 102), is_retry=False) as took:
        took(Taken(1, 2))
    assert Budget(journal=path).spent == later.spent == 37


def test_what_was_kept_is_spent_even_where_no_journal_tells_it():
    budget = Budget(100)

    budget.count_as_spent(60)
    budget.count_as_spent(40)

    assert (budget.spent, budget.told()) == (60, {})


def test_a_cost_that_would_be_exceeded_is_refused_and_one_that_is_just_reached_is_not():
    budget = Budget(cost=0.001, prices=Prices(1.0, 10.0))

    with budget.request(Taken(100, 90), is_retry=False) as took:
        took(Taken(100, 90))

    assert budget.cost == pytest.approx(0.001)
    with pytest.raises(
        BudgetSpent, match=r"Of the budget of 0.001 0.001 is spent, and the next question may take 1e-05"
    ):
        budget.request(Taken(0, 1), is_retry=False).__enter__()
