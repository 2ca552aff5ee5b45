"""A labeler corrects a label of their own: the new one supersedes, the old one stays, and only the new one goes out."""

import uuid
from datetime import timedelta

import pgtrigger
import pytest
from django.db import IntegrityError
from django.db.models import F

from annotation.models import Dispute, Draft, Label, LabelExtension, Slot
from annotation.models.snapshots import View
from annotation.queries import labeling as queries
from annotation.services import dialogue, judgements, labeling, queue
from annotation.services.judgements import Rating, Row
from tests import factories
from tests.annotation.prm800k import exported
from tests.annotation.test_dialogue import FINAL, dialogue_about, given
from tests.annotation.test_queue import run_out_of_time

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(alice):
    """A label of alice's, while a second solution waits."""
    factories.queued(alice.project, 2)
    return factories.label(alice, (1, 1, 1))


def correct(by, label, ratings=(1, -1), *more, **values):
    """Open the label as the page does, and hand the correction in."""
    opened = queries.reopened(by, label.pk) or queries.reopened(label.labeler, label.pk)
    return factories.submit(by, opened, ratings, *more, supersedes=label.pk, **values)


@pgtrigger.ignore("annotation.Label:append_only")
def let_pass(label, hours):
    Label.objects.filter(pk=label.pk).update(created_at=F("created_at") - timedelta(hours=hours))


def rows_of(label):
    fields = ("step", "option", "text", "rating", "flagged", "chosen", "human", "ms")
    return list(label.steprating_set.order_by("step", "option").values_list(*fields))


def test_a_correction_supersedes_and_the_old_label_stays(alice, old):
    before = rows_of(old)

    new = correct(alice, old).label

    assert (new.supersedes, new.slot, new.solution, new.late) == (old, old.slot, old.solution, False)
    assert list(Label.objects.current()) == [new]
    assert Label.objects.count() == 2
    assert rows_of(old) == before
    assert Slot.objects.get(pk=old.slot_id).state == "done"


def test_sending_a_correction_again_is_harmless(alice, old):
    label_id = uuid.uuid4()
    correct(alice, old, label_id=label_id)
    opened = factories.Slot.objects.get(pk=old.slot_id).lease_set.get()

    again = labeling.submit_label(
        project=alice.project,
        by=alice,
        label_id=label_id,
        slot=old.slot_id,
        lease_token=opened.token,
        judgement=factories.judgement((1, -1)),
        supersedes=old.pk,
    )

    assert again.replay
    assert Label.objects.count() == 2


def test_a_label_is_corrected_once_and_its_correction_after_it(alice, old):
    opened = queries.reopened(alice, old.pk)
    new = correct(alice, old).label

    with pytest.raises(labeling.AlreadyCorrected):
        factories.submit(alice, opened, (1, 0, 1), supersedes=old.pk)
    newest = correct(alice, new, (0, 1, 1)).label

    assert list(Label.objects.current()) == [newest]


def test_after_its_hours_a_label_stays_as_it_is(alice, old):
    opened = queries.reopened(alice, old.pk)
    let_pass(old, hours=alice.project.reopen_hours + 1)

    assert queries.reopened(alice, old.pk) is None
    assert not queries.history(alice)[0].can_reopen
    with pytest.raises(labeling.TooLateToCorrect):
        factories.submit(alice, opened, (1, -1), supersedes=old.pk)
    assert Label.objects.count() == 1


def test_the_hours_are_the_projects(alice, old):
    let_pass(old, hours=30)
    alice.project.reopen_hours = 31
    alice.project.save()

    assert correct(alice, old).label.supersedes == old


def test_nobody_corrects_what_somebody_else_gave(alice, bob, old):
    factories.queued(alice.project, 1)
    theirs = queue.claim_next(project=bob.project, by=bob)
    bobs = factories.submit(bob, theirs).label

    assert queries.reopened(bob, old.pk) is None
    with pytest.raises(labeling.NotYourSlot):
        correct(bob, old)
    with pytest.raises(labeling.NotYourLabel):
        factories.submit(bob, theirs, (1, -1), supersedes=old.pk)
    assert set(Label.objects.current()) == {old, bobs}


def test_nobody_corrects_anothers_label_of_a_solution_that_both_were_given(alice, bob):
    factories.queued(alice.project, 1)
    mine = queue.claim_next(project=alice.project, by=alice)
    run_out_of_time(mine.slot)
    theirs = queue.claim_next(project=bob.project, by=bob)
    late = factories.submit(alice, mine).label
    factories.submit(bob, theirs)

    with pytest.raises(labeling.NotYourLabel):
        factories.submit(bob, theirs, (1, -1), supersedes=late.pk)

    assert late in Label.objects.current()


def test_a_correction_is_of_the_same_solution(alice, old):
    following = queue.claim_next(project=alice.project, by=alice)

    with pytest.raises(labeling.NotYourLabel):
        factories.submit(alice, following, (1, -1), supersedes=old.pk)


def test_what_the_labeler_works_on_meanwhile_stays_theirs(alice, old):
    factories.queued(alice.project, 3)
    mine = queue.next_work(project=alice.project, by=alice)
    draft = {"ratings": [{"step": 0, "rating": 1}]}
    queue.heartbeat(
        project=alice.project,
        by=alice,
        slot=mine.assignment.slot,
        lease_token=mine.assignment.lease_token,
        draft=draft,
    )

    submission = correct(alice, old)

    assert submission.work.assignment.lease_token == mine.assignment.lease_token
    assert submission.work.assignment.draft == draft
    assert submission.work.ahead.lease_token == mine.ahead.lease_token
    assert submission.done_today == 1


def test_correcting_a_late_label_leaves_it_late(alice, bob):
    factories.queued(alice.project, 1)
    assignment = queue.claim_next(project=alice.project, by=alice)
    run_out_of_time(assignment.slot)
    theirs = queue.claim_next(project=bob.project, by=bob)
    late = factories.submit(alice, assignment).label

    new = correct(alice, late).label

    assert (late.late, new.late) == (True, True)
    assert Slot.objects.get(pk=assignment.slot).lease_token == theirs.lease_token
    assert not factories.submit(bob, theirs).label.late


def test_only_the_newest_version_goes_out(alice, old):
    new = correct(alice, correct(alice, old).label, (0, -1)).label

    for view in (View.RAW, View.TRAINING):
        (line,) = exported(alice.project, view)
        assert line["timestamp"] == new.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f")
        assert [step["completions"][0]["rating"] for step in line["label"]["steps"]] == [0, -1]


def test_the_list_holds_the_newest_versions_of_ones_own(alice, bob, old):
    second = factories.label(alice, (), finish_reason="give_up", reason="Too hard.")
    factories.queued(alice.project, 1)
    factories.label(bob)

    new = correct(alice, old).label

    listed = queries.history(alice)
    assert {(one.id, one.is_corrected, one.can_reopen) for one in listed} == {
        (new.pk, True, True),
        (second.pk, False, True),
    }
    assert {one.id: one.ratings for one in listed} == {new.pk: [1, -1], second.pk: []}


def test_the_list_ends_somewhere_and_its_excerpts_too(alice):
    problem = factories.problem(alice.project, text="Why? " * 100)
    for _ in range(queries.HISTORY + 2):
        round_, job = factories.running_round(alice.project)
        pick = factories.rounds.Pick(factories.solution(problem_=problem).pk, "random", 1, {})
        factories.rounds.fill_round(round=round_, job=job, version=None, picks=[pick], report={})
        factories.label(alice)

    listed = queries.history(alice)

    assert len(listed) == queries.HISTORY
    assert all(one.problem.startswith("Why?") and len(one.problem) < 200 for one in listed)


EXTENSIONS = {"progress": {"points": 3, "rating": 2}, "critiques": {"rated": [], "own": "It forgets the carry."}}


def as_sent(draft):
    return [Rating(**rating) for rating in draft["ratings"]]


def test_a_label_is_opened_again_as_it_was_given(alice):
    (slot,) = factories.queued(alice.project, 1, steps=["a", "b", FINAL])
    factories.solution(problem_=slot.solution.problem, steps=["a", "c", FINAL])
    assignment = queue.claim_next(project=alice.project, by=alice)
    beside = Rating(1, 0, option=1, flagged=True, ms=7)
    shown = {"answer": True}
    old = factories.submit(alice, assignment, (1, -1), beside, extensions=EXTENSIONS, active_ms=900, shown=shown).label

    draft = queries.reopened(alice, old.pk).draft
    again = factories.judgement((), *as_sent(draft), finish_reason="found_error", extensions=draft["extensions"])
    new = factories.hand_in(alice, queries.reopened(alice, old.pk), again, supersedes=old.pk).label

    assert rows_of(new) == rows_of(old)
    assert (draft["total_ms"], draft["active_ms"], draft["shown"]) == (1000, 900, shown)
    assert (draft["finish_reason"], draft["reason"]) == ("found_error", "")
    assert dict(LabelExtension.objects.filter(label=new).values_list("kind", "body")) == EXTENSIONS


def test_a_dialogue_is_opened_again_as_it_was_held(alice):
    alice.project.phase = 1
    alice.project.save()
    assignment, slot = dialogue_about(alice, ["x", "x1", FINAL], ["y", FINAL])
    options = dialogue.walk(slot=slot, turns=[]).options
    first = [Rating(0, rating, option=n) for n, rating in enumerate(given(options, x=1))]
    own = [Rating(1, -1), Rating(1, None, option=1, text=FINAL)]
    old = factories.hand_in(alice, assignment, factories.judgement((), *first, *own)).label

    opened = queries.reopened(alice, old.pk)
    new = factories.hand_in(alice, opened, factories.judgement((), *as_sent(opened.draft)), supersedes=old.pk).label

    assert opened.steps == []
    assert rows_of(new) == rows_of(old)
    assert queries.history(alice)[0].ratings == [1, None]


def test_a_correction_that_is_refused_leaves_everything_as_it_was(alice, old):
    with pytest.raises(judgements.IncompleteLabel):
        correct(alice, old, (1, 1))

    assert list(Label.objects.all()) == [old]


def test_a_correction_without_its_ratings_is_none(alice, old, monkeypatch):
    # The second write fails: PostgreSQL takes no such rating.
    monkeypatch.setattr(Row, "values", lambda _: (0, 0, None, 7, None, True, False, 900))
    with pytest.raises(IntegrityError, match="rating_is_minus_one_zero_or_one"):
        correct(alice, old)

    assert list(Label.objects.current()) == [old]


def test_a_label_that_was_corrected_disputes_nothing_that_counts(alice, old):
    assert Dispute.objects.get().label == old

    correct(alice, old, (1, -1))

    assert not Dispute.objects.filter(label__in=Label.objects.current()).exists()


def test_a_draft_of_the_correction_goes_when_it_is_handed_in(alice, old):
    Draft.objects.create(slot=old.slot, labeler=alice, body={})

    correct(alice, old)

    assert not Draft.objects.exists()
