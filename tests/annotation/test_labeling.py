"""A label handed in is kept whole, once, and for ever."""

import uuid

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from annotation.models import Draft, Label, Project, Slot, StepRating
from annotation.services import judgements, labeling, queue
from annotation.services.judgements import Row
from tests import factories
from tests.annotation.test_queue import run_out_of_time

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment(alice):
    factories.queued(alice.project, 2)
    return queue.claim_next(project=alice.project, by=alice)


def test_a_label_is_stored_with_every_rating_and_the_next_solution_comes_back(alice, assignment):
    submission = factories.submit(alice, assignment, (1, 0, -1), active_ms=900, shown={"answer": True})

    label = Label.objects.get()
    rows = StepRating.objects.filter(label=label).order_by("step").values_list("step", "rating", "chosen")
    assert list(rows) == [(0, 1, True), (1, 0, True), (2, -1, False)]
    assert (label.finish_reason, label.late, label.shown) == ("found_error", False, {"answer": True})
    assert Slot.objects.get(pk=assignment.slot).state == "done"
    assert submission.work.assignment.slot not in (None, assignment.slot)
    assert submission.done_today == 1


def test_the_digest_of_a_judgement_stays_what_it_was():
    """Labels of earlier versions carry it: whoever hands one in again would be told that it is another."""
    ratings = (judgements.Rating(0, 1, ms=900), judgements.Rating(1, None, option=2, text="so x²"))
    seen = {"answer": True, "seen": [[0, 1]]}
    edits = [{"step": 0, "option": 0, "rating": 1, "ms": 900}]
    judgement = judgements.Judgement("solution", ratings, 60_000, reason="ü", active_ms=5, shown=seen, edits=edits)
    assert judgement.digest().hex() == "45e3ae3006257a26dcf31e67c5dbb40a137d4ba24231ff1ed26db1c65cd06386"


def test_handing_in_twice_stores_one_label(alice, assignment):
    label_id = uuid.uuid4()
    factories.submit(alice, assignment, label_id=label_id)

    again = factories.submit(alice, assignment, label_id=label_id)

    assert again.replay
    assert Label.objects.count() == 1
    assert again.work.assignment is not None


def test_the_same_id_with_another_judgement_is_refused(alice, assignment):
    label_id = uuid.uuid4()
    factories.submit(alice, assignment, (1, 1, 1), label_id=label_id)

    with pytest.raises(labeling.IdReused):
        factories.submit(alice, assignment, (1, 1, -1), label_id=label_id)

    assert StepRating.objects.filter(rating=-1).count() == 0


def test_the_same_id_for_another_solution_is_refused(alice, assignment):
    label_id = uuid.uuid4()
    following = factories.submit(alice, assignment, (1, 1, 1), label_id=label_id).work.assignment

    with pytest.raises(labeling.IdReused), transaction.atomic():
        factories.submit(alice, following, (1, 1, 1), label_id=label_id)

    assert Label.objects.count() == 1


def test_a_second_label_for_the_same_solution_is_refused(alice, assignment):
    factories.submit(alice, assignment)

    with pytest.raises(labeling.AlreadyLabelled):
        factories.submit(alice, assignment)


def test_what_was_labelled_already_is_given_back_and_not_served_again(alice, assignment):
    again = queue.claim_next(project=alice.project, by=alice)
    factories.submit(alice, assignment)
    slot = Slot.objects.get(state="leased")
    Slot.objects.filter(pk=again.slot).update(state="void")
    Slot.objects.filter(pk=slot.pk).update(solution_id=Slot.objects.get(pk=again.slot).solution_id)
    held = queue.claim_next(project=alice.project, by=alice)

    with pytest.raises(labeling.AlreadyLabelled):
        factories.submit(alice, held)

    assert Slot.objects.get(pk=held.slot).state == "ready"
    assert queue.claim_next(project=alice.project, by=alice) is None


def test_a_late_label_is_kept_and_marked(alice, bob, assignment):
    run_out_of_time(assignment.slot)
    Slot.objects.exclude(pk=assignment.slot).update(state="void")
    theirs = queue.claim_next(project=alice.project, by=bob)
    assert theirs.slot == assignment.slot

    late = factories.submit(alice, assignment, (1, -1)).label
    punctual = factories.submit(bob, theirs, (1, 1, 1)).label

    assert (late.late, punctual.late) == (True, False)
    assert StepRating.objects.filter(label=late).count() == 2


def test_a_label_after_the_lease_ran_out_is_punctual_while_nobody_else_has_the_slot(alice, assignment):
    run_out_of_time(assignment.slot)
    queue.release_expired()

    assert not factories.submit(alice, assignment).label.late


def test_a_slot_that_was_never_given_to_you_takes_no_label(alice, bob, assignment):
    with pytest.raises(labeling.NotYourSlot):
        factories.submit(bob, assignment)

    assert not Label.objects.exists()


def test_a_labeler_of_another_project_cannot_hand_in_here(alice, charlie, assignment):
    with pytest.raises(labeling.NotYourSlot):
        factories.submit(charlie, assignment)


@pytest.mark.parametrize(
    ("ratings", "values", "sentence"),
    [
        ((1, 1), {}, "every step is rated"),
        ((1, 1, 1, 1), {}, "4 ratings for 3 steps"),
        ((1, -1, 1), {"finish_reason": "solution"}, "stops at the first bad step"),
        ((1, 1, -1), {"finish_reason": "solution"}, "none is bad"),
        ((1, 1, 1), {"finish_reason": "found_error"}, "rate the first bad step"),
        ((), {"finish_reason": "found_error"}, "rate the first bad step"),
        ((1,), {"finish_reason": "give_up"}, "in a few words why"),
        ((1,), {"finish_reason": "bad_problem", "reason": "  "}, "in a few words why"),
        ((1, 1, 1), {"active_ms": 1001}, "active time"),
    ],
)
def test_an_incomplete_label_is_refused_with_a_reason(alice, assignment, ratings, values, sentence):
    with pytest.raises(judgements.IncompleteLabel, match=sentence):
        factories.submit(alice, assignment, ratings, **values)

    assert not Label.objects.exists()
    assert Slot.objects.get(pk=assignment.slot).state == "leased"


def test_steps_are_rated_in_order_without_gaps():
    rows = [
        judgements.Rating(step=1, rating=1),
        judgements.Rating(step=0, rating=1),
        judgements.Rating(step=2, rating=1),
    ]

    with pytest.raises(judgements.IncompleteLabel, match="in order"):
        judgements.solution_rows(
            judgements.Judgement("solution", rows, 1000), project=Project(), steps=["a", "b", "c"], alternatives=[]
        )


@pytest.mark.parametrize("reason", ["give_up", "bad_problem"])
def test_giving_up_keeps_the_ratings_so_far_and_the_reason(alice, assignment, reason):
    factories.submit(alice, assignment, (1,), finish_reason=reason, reason="I do not know this field.")

    label = Label.objects.get()
    assert (label.finish_reason, label.reason) == (reason, "I do not know this field.")
    assert StepRating.objects.count() == 1


def test_the_draft_goes_when_the_label_is_there(alice, assignment):
    queue.heartbeat(
        project=alice.project, by=alice, slot=assignment.slot, lease_token=assignment.lease_token, draft={"ratings": []}
    )

    factories.submit(alice, assignment)

    assert not Draft.objects.exists()


def test_without_the_ratings_there_is_no_label(alice, assignment, monkeypatch):
    # The second write fails: PostgreSQL takes no such rating.
    monkeypatch.setattr(Row, "values", lambda _: (0, 0, None, 7, None, True, False, 900))
    with pytest.raises(IntegrityError, match="rating_is_minus_one_zero_or_one"):
        factories.submit(alice, assignment)

    assert not Label.objects.exists()
    assert Slot.objects.get(pk=assignment.slot).state == "leased"


def test_a_stored_label_cannot_be_changed_or_deleted_even_in_sql(alice, assignment):
    factories.submit(alice, assignment)

    for statement in (
        "UPDATE annotation_steprating SET rating = 0",
        "DELETE FROM annotation_steprating",
        "UPDATE annotation_label SET finish_reason = 'give_up'",
        "DELETE FROM annotation_label",
    ):
        with pytest.raises(DatabaseError, match="append_only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_quality_control_and_screening_are_marked_on_the_label(alice):
    factories.queued(alice.project, 1, arm="gold")

    assert factories.label(alice).purpose == "quality_control"


def test_a_submit_counts_its_queries(alice, django_assert_num_queries):
    factories.queued(alice.project, 4)
    assignment = queue.next_work(project=alice.project, by=alice).assignment
    # savepoint · lock slot · lease, replay?, labeled by others? · label, ratings, slot done and draft · release;
    # then the next one: savepoint · move up what is set aside, if the rules are known · release · is gold due ·
    # savepoint · set the next one aside · release · both slots; done today
    # (Outside a test what follows the label is not in a transaction, and has no savepoints: 10 and BEGIN, COMMIT.)
    with django_assert_num_queries(14):
        factories.submit(alice, assignment, (1, 1, -1))
