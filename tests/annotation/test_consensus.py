"""Automatic labels beside those of people: how far they agree, and whom their disagreements are sent to (row K8)."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from active_learning import agreement
from annotation.models import AutomaticLabel, Disagreement, Label, Slot, StepRating
from annotation.queries import automatic, automatic_agreement, disagreements
from annotation.queries.automatic_agreement import FirstError
from annotation.services import consensus, gold, queue, refills
from tests import factories
from tests.annotation.test_scoring_queries import version

pytestmark = pytest.mark.django_db


def says(source, solution, *ratings):
    """The source rates the solution's steps."""
    estimates = [None if one is None else {"correct": int(one > 0), "rollouts": 1} for one in ratings]
    return AutomaticLabel.objects.create(
        project=source.project, source=source, solution=solution, estimates=estimates, ratings=list(ratings)
    )


def model_source(project):
    """As a model that was made just now says it."""
    return factories.automatic_source(
        project, "a model", kind="model", version=version(project), asked={"threshold": 0.2}
    )


def judged(project, by, *cases):
    """A source, and solutions of three steps that a person and the source have rated so."""
    made = factories.automatic_source(project)
    factories.queued(project, len(cases))
    for person, said in cases:
        label = factories.label(by, person)
        says(made, label.solution, *said)
    return made


CASES = [
    ((1, 0, 1), (1, 1, 1)),
    ((1, -1), (1, -1, 1)),
    ((1, 1, -1), (1, -1, -1)),
    ((-1,), (1, 1, -1)),
    ((1, 1, 1), (1, 1, -1)),
    ((1, -1), (1, 1, 1)),
]


def test_k8_first_errors_are_the_same_earlier_later_or_seen_by_one_alone(alice, project):
    found = automatic_agreement.found(judged(project, alice, *CASES))

    assert found.first_errors == {
        FirstError.SAME: 2,
        FirstError.EARLIER: 1,
        FirstError.LATER: 1,
        FirstError.ONLY_SOURCE: 1,
        FirstError.ONLY_PERSON: 1,
    }
    assert found.same_error.value == pytest.approx(2 / 6)
    assert [one.first_error for one in found.differing] == [
        FirstError.ONLY_PERSON,
        FirstError.ONLY_SOURCE,
        FirstError.LATER,
        FirstError.EARLIER,
    ]


def test_k8_steps_that_both_rated_make_the_table_and_its_kappa_neutral_being_good(alice, project):
    found = automatic_agreement.found(judged(project, alice, *CASES))

    person = [1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0]
    source = [1, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1]
    wanted = {
        (a, b): sum((p, s) == (a, b) for p, s in zip(person, source, strict=True)) for a in (1, 0) for b in (1, 0)
    }
    assert found.table == wanted
    assert found.steps == 14
    assert found.raw.value == pytest.approx(np.mean(np.equal(person, source)))
    assert found.kappa.value == pytest.approx(cohen_kappa_score(person, source))
    assert (found.kappa.low, found.kappa.high) == (None, None)  # of six solutions


def test_k8_what_a_search_left_open_is_not_compared(alice, project):
    found = automatic_agreement.found(judged(project, alice, ((1, 1, 1), (None, 1, None))))

    assert found.table == {(True, True): 1, (True, False): 0, (False, True): 0, (False, False): 0}
    assert found.first_errors[FirstError.SAME] == 1


def test_k8_of_several_labels_the_newest_that_trains_counts(alice, bob, project):
    project.overlap_share = 1.0
    project.save()
    factories.queued(project, 1)
    first = factories.label(alice, (1, -1))
    factories.label(bob, (1, 1, 1))
    made = factories.automatic_source(project)
    says(made, first.solution, 1, -1, 1)

    assert automatic_agreement.found(made).first_errors[FirstError.ONLY_SOURCE] == 1


def test_k8_nothing_shared_is_no_figure(project):
    found = automatic_agreement.found(factories.automatic_source(project))

    assert (found.solutions, found.raw.value, found.kappa.value) == (0, None, None)


def test_k8_disagreements_become_second_slots_once_and_the_labels_of_people_stay_as_they_are(alice, dana, project):
    made = judged(project, alice, *CASES)
    before = list(Label.objects.values()), list(StepRating.objects.values())

    sent = consensus.send_disagreements(source=made, by=dana)

    assert (sent.queued, sent.left_out) == (4, {})
    slots = Slot.objects.filter(wave=1)
    assert {slot.state for slot in slots} == {"ready"}
    assert {slot.served_reason["automatic"] for slot in slots} == {made.pk}
    assert len({slot.solution_id for slot in slots}) == 4
    assert (list(Label.objects.values()), list(StepRating.objects.values())) == before
    with pytest.raises(consensus.NothingToSend):
        consensus.send_disagreements(source=made, by=dana)
    assert disagreements.sent(made) == {"ready": 4}


def test_k8_what_a_second_labeler_says_otherwise_goes_to_reviewers(alice, bob, dana, project):
    made = judged(project, alice, ((1, 1, 1), (1, -1, -1)))
    consensus.send_disagreements(source=made, by=dana)

    label = factories.label(bob, (1, -1))

    assert Disagreement.objects.get().solution == label.solution
    assert Slot.objects.filter(served_reason__automatic=made.pk).count() == 2  # the third label, for labelers disagree
    assert disagreements.sent(made) == {"done": 1}


def test_k8_the_interval_of_kappa_is_that_of_whole_solutions(alice, project):
    # all steps of one solution are right or wrong together, and so is what the source says of them
    kinds = [((1, 1, 1), (1, 1, 1)), ((1, 1, 1), (-1, -1, -1)), ((-1,), (-1, 1, 1)), ((-1,), (1, 1, 1))]
    found = automatic_agreement.found(judged(project, alice, *kinds * 5))

    steps = np.array(list(found.table.values())).reshape(2, 2)
    independent = agreement.cohen(steps)
    assert found.kappa.value == pytest.approx(independent.value)
    assert found.kappa.low < found.kappa.value < found.kappa.high
    assert found.kappa.high - found.kappa.low > 1.2 * (independent.high - independent.low)


def test_k8_where_there_are_many_the_newest_are_compared_in_as_many_questions(
    alice, project, monkeypatch, django_assert_num_queries
):
    made = judged(project, alice, *CASES)
    monkeypatch.setattr(automatic_agreement, "MOST_SOLUTIONS", 4)
    newest = list(AutomaticLabel.objects.order_by("-solution").values_list("solution", flat=True)[:4])

    with django_assert_num_queries(3):
        rows, is_all = automatic_agreement.compared(made)

    assert ([one.solution for one in rows], is_all) == (newest, False)


def test_k8_a_model_is_held_beside_what_it_cannot_have_learned_from(alice, bob, project):
    project.overlap_share = 1.0
    project.save()
    factories.queued(project, 2)
    before = factories.label(alice)
    made = model_source(project)
    known = [factories.label(bob)]
    while known[-1].solution_id == before.solution_id:
        known.append(factories.label(alice))
    for solution in {before.solution, known[-1].solution}:
        says(made, solution, 1, 1, 1)

    rows, _is_all = automatic_agreement.compared(made)

    assert [one.solution for one in rows] == [known[-1].solution_id]


def test_k8_at_most_so_many_are_sent_the_newest_first_and_it_is_told_how_many_are_left(alice, dana, project):
    made = judged(project, alice, *CASES)
    differing = [one.solution for one in automatic_agreement.found(made).differing]

    sent = consensus.send_disagreements(source=made, by=dana, most=3)

    assert (sent.queued, sent.left_out, sent.later) == (3, {}, 1)
    assert set(Slot.objects.filter(wave=1).values_list("solution", flat=True)) == set(differing[:3])
    assert consensus.send_disagreements(source=made, by=dana, most=3) == consensus.Sent(1, {"sent": 3}, 0)


def test_k8_that_there_is_nothing_to_send_says_why(alice, dana, project):
    made = judged(project, alice, ((1, 1, 1), (1, -1, -1)), ((1, 1, 1), (1, -1, -1)))
    consensus.send_disagreements(source=made, by=dana)

    with pytest.raises(consensus.NothingToSend, match=r"nothing to send: sent already \(2\)\."):
        consensus.send_disagreements(source=made, by=dana)
    with pytest.raises(consensus.NothingToSend, match="place all first errors alike"):
        consensus.send_disagreements(source=factories.automatic_source(project, "other"), by=dana)


def test_k8_what_waits_for_a_second_label_does_not_keep_first_ones_from_being_filled_up(alice, dana, project):
    project.low_water, project.high_water = 1, 5
    project.save()
    made = judged(project, alice, *CASES)
    consensus.send_disagreements(source=made, by=dana)

    assert refills.missing(project) == 5


def test_k8_the_labeler_who_rated_it_is_not_asked_again(alice, dana, project):
    made = judged(project, alice, ((1, 1, 1), (1, -1, -1)))
    consensus.send_disagreements(source=made, by=dana)

    assert queue.claim_next(project=project, by=alice) is None


def test_k8_what_is_known_waits_already_or_has_enough_labels_is_sent_to_nobody(alice, dana, project):
    project.most_labels = 1
    project.save()
    made = judged(project, alice, *[((1, 1, 1), (1, -1, -1))] * 2)
    known = AutomaticLabel.objects.order_by("pk").first().solution
    gold.add_gold(solution=known, kind="hidden", error_steps=[1], explanation="", by=dana)

    with pytest.raises(consensus.NothingToSend):
        consensus.send_disagreements(source=made, by=dana)
    assert not Slot.objects.filter(served_reason__automatic=made.pk).exists()
    project.most_labels = 3
    project.save()

    sent = consensus.send_disagreements(source=made, by=dana)

    assert (sent.queued, sent.left_out) == (1, {"known": 1})


def test_k8_two_sources_do_not_ask_twice_for_the_same_solution(alice, dana, project):
    made = judged(project, alice, ((1, 1, 1), (1, -1, -1)))
    other = factories.automatic_source(project, "other")
    says(other, AutomaticLabel.objects.get().solution, -1, -1, -1)
    consensus.send_disagreements(source=made, by=dana)

    with pytest.raises(consensus.NothingToSend):
        consensus.send_disagreements(source=other, by=dana)


def test_advantages_are_what_each_step_adds_to_the_value_before_it(project):
    made, solution = factories.automatic_source(project), factories.solution(project)
    estimates = [{"correct": c, "rollouts": n} for c, n in ((3, 4), (1, 4), (0, 1))]
    label = AutomaticLabel(
        project=project,
        source=made,
        solution=solution,
        estimates=estimates,
        ratings=[1, 1, -1],
        start={"correct": 2, "rollouts": 4},
    )

    told = automatic.told(label)

    assert told.values == [0.75, 0.25, 0.0]
    assert told.advantages == pytest.approx([0.25, -0.5, -0.25])


@pytest.mark.parametrize(
    ("start", "first"), [(None, {"correct": 1, "rollouts": 2}), ({"correct": 1, "rollouts": 2}, None)]
)
def test_where_a_value_is_not_known_there_are_no_advantages(project, start, first):
    estimates = [first, {"correct": 1, "rollouts": 1}]
    label = AutomaticLabel(
        project=project, source=factories.automatic_source(project), estimates=estimates, ratings=[None, 1], start=start
    )

    assert automatic.told(label).advantages is None
