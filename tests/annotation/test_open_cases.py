"""Row F10: which solutions wait for a reviewer's decision, and for whom."""

import pytest

from annotation.models import Disagreement, Label, Problem, Project
from annotation.queries import adjudication as queries
from annotation.services import adjudication, quality, resolutions
from tests import factories
from tests.annotation.test_adjudication import imported_too, judge, open_cases
from tests.annotation.test_races import at_once
from tests.labeling_ui.test_report_pages import correct, imported

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita(project):
    return factories.member(project, "reviewer", "rita")


@pytest.fixture
def carol(project):
    return factories.member(project, "labeler", "carol")


@pytest.fixture
def disputed(alice, bob):
    """Alice finds an error at the second step, bob finds none."""
    return factories.disagreement(alice, bob)


def test_f10_a_solution_whose_first_errors_differ_waits_for_a_reviewer(project, rita, disputed):
    assert open_cases(project, rita) == [disputed]


@pytest.mark.parametrize(
    ("ratings", "is_in_dispute"),
    [
        (((1, -1), (0, -1)), False),
        (((1, 1, 1), (1, 0, 1)), False),
        (((-1,), (1, -1)), True),
        (((-1,), (1, 1, 1)), True),
    ],
)
def test_f10_only_the_place_of_the_first_error_makes_a_disagreement(alice, bob, rita, ratings, is_in_dispute):
    factories.disagreement(alice, bob, ratings)

    assert len(open_cases(alice.project, rita)) == is_in_dispute


def test_f10_a_correction_that_agrees_ends_the_disagreement_and_one_that_does_not_begins_it(alice, bob, rita):
    factories.disagreement(alice, bob, ((1, -1), (1, -1)))
    bobs = Label.objects.get(labeler=bob)
    assert open_cases(alice.project, rita) == []

    again = correct(bobs, ratings=(-1,))
    assert len(open_cases(alice.project, rita)) == 1

    correct(again, ratings=(1, -1))
    assert open_cases(alice.project, rita) == []
    assert not Disagreement.objects.exists()


def test_f10_two_who_call_it_bad_or_wrong_disagree_and_who_gave_up_says_nothing(alice, bob, rita):
    factories.disagreement(alice, bob, ((1, -1), (1, -1)))
    label = Label.objects.get(labeler=bob)
    label = correct(label, ratings=(), finish_reason="give_up", reason="Too long.")
    assert open_cases(alice.project, rita) == []

    correct(label, ratings=(), finish_reason="bad_problem", reason="It asks nothing.")

    assert len(open_cases(alice.project, rita)) == 1


def test_f10_nobody_decides_what_they_have_labeled(alice, bob, disputed):
    alice.user.membership_set.update(role="reviewer")

    assert open_cases(alice.project, alice.user) == []
    with pytest.raises(adjudication.OwnLabel):
        judge(alice.user, disputed)


def test_f10_of_an_excluded_labeler_nothing_is_left_to_decide(alice, rita, dana, disputed):
    quality.exclude(labeler=alice, since=Label.objects.get(labeler=alice).created_at, reason="Clicked.", by=dana)

    assert open_cases(alice.project, rita) == []


def test_f10_a_label_of_what_was_imported_with_labels_is_compared_with_those(alice, rita):
    (slot,) = factories.queued(alice.project, 1)
    imported(alice.project, solution=slot.solution, finish_reason="bad_problem")

    factories.label(alice, (1, -1))

    assert open_cases(alice.project, rita) == [slot.solution]


def test_f10_imported_labels_that_disagree_are_noted_when_they_are_looked_at(project, rita):
    solution = factories.solution(project)
    imported(project, solution=solution, finish_reason="solution")
    imported_too(project, solution=solution, finish_reason="bad_problem")
    assert open_cases(project, rita) == []

    adjudication.look_again(project=project, solutions=[solution.pk])

    assert open_cases(project, rita) == [solution]


def test_f10_where_those_who_are_left_agree_there_is_nothing_to_decide(alice, bob, carol, rita, dana):
    disputed = factories.disagreement(alice, bob)
    assert factories.label(carol, (1, 1, 1)).solution_id == disputed.pk
    assert open_cases(alice.project, rita) == [disputed]

    quality.exclude(labeler=alice, since=Label.objects.get(labeler=alice).created_at, reason="Clicked.", by=dana)

    assert open_cases(alice.project, rita) == []


@pytest.mark.parametrize("change", [{"withdrawn_at": "2026-01-01T00:00Z"}, {"split": "test"}])
def test_f10_what_would_train_nothing_is_not_to_decide(project, rita, disputed, change):
    Problem.objects.filter(pk=disputed.problem_id).update(**change)

    assert open_cases(project, rita) == []
    assert queries.case_page(project, solution=disputed.pk, by=rita) is None


def test_f10_a_doubted_label_that_was_corrected_is_not_to_decide(alice, bob, rita, dana):
    disputed = factories.disagreement(alice, bob, ((1, 1, 1), (1, 1, 1)))
    label = Label.objects.get(labeler=bob)
    resolutions.labeler_is_wrong(project=alice.project, dispute=label.dispute.pk, by=dana)
    assert open_cases(alice.project, rita) == [disputed]

    correct(label, ratings=(1, 1, 1))

    assert open_cases(alice.project, rita) == []
    assert queries.case_page(alice.project, solution=disputed.pk, by=rita) is None


def test_f10_other_projects_have_their_own(disputed, charlie):
    assert open_cases(charlie.project, charlie.user) == []
    with pytest.raises(adjudication.NothingToDecide):
        adjudication.judge_blind(
            project=charlie.project, solution=disputed.pk, judgement=factories.judgement(), by=charlie.user
        )


def test_f10_what_labelers_agree_about_is_not_to_decide(alice, bob, rita):
    agreed = factories.disagreement(alice, bob, ((1, -1), (1, -1)))

    with pytest.raises(adjudication.NothingToDecide):
        judge(rita, agreed)


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_f10_two_labels_that_come_at_once_are_seen_to_disagree(alice, bob):
    project = Project.objects.get(pk=alice.project.pk)
    project.overlap_share = 1.0
    project.save()
    for _ in range(5):
        factories.queued(project, 1)
        at_once(lambda one: factories.label(*one), [(alice, (1, -1)), (bob, (1, 1, 1))])

    assert Disagreement.objects.count() == 5
