"""What leaves the project's work in the moment in which a round fills the queue is not queued. With real connections."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from annotation.models import Slot
from annotation.services import gold, problems, rounds
from tests import factories
from tests.annotation.test_people import wait_until, waiting_for_a_lock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def filled_beside(act, project, picked):
    """A round that queues these solutions begins to do so after the act and before its commit."""
    round_, job = factories.running_round(project)
    picks = [rounds.Pick(one.pk, "remaining", 0.5, {}) for one in picked]

    def fill():
        try:
            return rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            act()
            filling = pool.submit(fill)
            wait_until(lambda: filling.done() or waiting_for_a_lock())
        return filling.result()


def test_no_solution_of_a_problem_that_is_withdrawn(project, dana):
    first, second = factories.solution(project), factories.solution(project)

    done = filled_beside(
        lambda: problems.withdraw_problem(project=project, problem=first.problem_id, by=dana), project, [first, second]
    )

    assert [slot.solution_id for slot in Slot.objects.filter(state="ready")] == [second.pk]
    assert (done.report["queued"], done.report["taken_meanwhile"]) == (1, 1)


def test_no_solution_that_becomes_gold(project, dana):
    first, second = factories.solution(project), factories.solution(project)

    filled_beside(
        lambda: gold.add_gold(solution=first, kind="hidden", error_steps=[1], by=dana), project, [first, second]
    )

    assert [slot.solution_id for slot in Slot.objects.in_queue().filter(state="ready")] == [second.pk]


def test_no_gold_that_is_retired(project, alice, dana):
    known = factories.gold(project)
    solution = factories.solution(project)

    filled_beside(lambda: gold.retire_gold(gold=known, by=dana), project, [solution])

    assert [slot.solution_id for slot in Slot.objects.filter(state="ready")] == [solution.pk]


def test_no_solution_whose_import_is_undone(project):
    """Else the round would fail by a constraint of the database."""
    first, second = factories.solution(project), factories.solution(project)

    done = filled_beside(first.delete, project, [first, second])

    assert [slot.solution_id for slot in Slot.objects.filter(state="ready")] == [second.pk]
    assert (done.state, done.report["taken_meanwhile"]) == ("done", 1)
