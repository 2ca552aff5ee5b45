"""Nobody gets more of one problem than the project wants (row G6)."""

import time

import pytest

from annotation.models import Label, Slot
from annotation.services import queue, rounds
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowded(project):
    """crowded(most) → the problem of which four solutions wait before one each of two other problems."""

    def made(most):
        project.most_of_problem_per_labeler = most
        project.save()
        same, *others = [factories.problem(project) for _ in range(3)]
        solutions = [factories.solution(problem_=one) for one in (same, same, same, same, *others)]
        round_, job = factories.running_round(project)
        picks = [rounds.Pick(one.pk, "remaining", 1 - place / 10, {}) for place, one in enumerate(solutions)]
        rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})
        return same

    return made


def given(project, labeler):
    """The problems of what the labeler gets until there is no more, one label after the other."""
    problems = []
    while assignment := queue.claim_next(project=project, by=labeler):
        problems.append(assignment.problem.text)
        factories.submit(labeler, assignment)
    return problems


def test_g6_without_a_limit_a_labeler_gets_all_of_a_problem(project, alice, crowded):
    same = crowded(0)

    assert given(project, alice).count(same.text) == 4


@pytest.mark.parametrize("most", [1, 2, 3])
def test_g6_a_problem_comes_at_most_so_often_and_then_the_others_do(most, project, alice, bob, crowded):
    same = crowded(most)

    first, second = given(project, alice), given(project, bob)

    assert first[:most] == [same.text] * most
    assert (first.count(same.text), len(set(first))) == (most, 3)
    assert second == [same.text] * min(most, 4 - most)  # enough for one of them is not enough for the other
    assert Slot.objects.filter(state="ready").count() == 4 - most - len(second)


def test_g6_what_is_set_aside_and_in_front_count_too(project, alice, crowded):
    same = crowded(1)

    work = queue.next_work(project=project, by=alice)

    assert work.assignment.problem.text == same.text
    assert work.ahead.problem.text != same.text


def test_g6_a_correction_is_no_second_solution(project, alice, crowded):
    same = crowded(2)
    assignment = queue.claim_next(project=project, by=alice)
    label = factories.submit(alice, assignment).label
    factories.submit(alice, assignment, (1, 1, -1), supersedes=label.pk)
    assert Label.objects.filter(labeler=alice).count() == 2

    assert queue.claim_next(project=project, by=alice).problem.text == same.text


def test_g6_where_only_such_are_left_a_labeler_hears_at_once_that_there_is_nothing(project, alice, crowded):
    crowded(1)
    given(project, alice)
    assert Slot.objects.filter(state="ready").count() == 3
    started = time.monotonic()

    assert queue.claim_next(project=project, by=alice) is None

    assert time.monotonic() - started < 1  # not what a claim waits for rows that others have locked


@pytest.mark.parametrize("most", [0, 2])
def test_g6_the_limit_asks_no_further_question(most, project, alice, crowded, django_assert_num_queries):
    crowded(most)

    # savepoint · what is held · release · rules · is gold due · savepoint · claim · its release · the assignment with its
    # problem
    with django_assert_num_queries(9):
        queue.claim_next(project=project, by=alice)
