"""Instructions that must be known, and messages between leads and labelers."""

import pytest
from django.db import DatabaseError

from annotation.models import Acknowledgement, AuditEvent, Instructions, Message, MessageRead
from annotation.queries import labeling as queries
from annotation.services import audit, guidance, queue
from tests import factories

pytestmark = pytest.mark.django_db


def publish(project, by, **values):
    return guidance.publish_instructions(
        project=project, by=by, **{"text": "Mark links as bad.", "changes": "Links."} | values
    )


def test_what_must_be_read_says_what_has_changed(project, dana):
    with pytest.raises(guidance.ChangesUntold):
        publish(project, dana, changes=" ", must_acknowledge=True)

    assert Instructions.objects.filter(project=project).count() == 1


def test_a_version_is_the_next_one_of_that_in_sight_of_which_it_was_written(project, dana):
    publish(project, dana, based_on=1)

    for seen in (0, 1, 3):
        with pytest.raises(guidance.PublishedMeanwhile):
            publish(project, dana, based_on=seen)

    assert publish(project, dana, based_on=2).version == 3


def test_versions_count_up_and_labels_are_given_under_the_newest(alice, dana):
    factories.queued(alice.project, 1)

    second, third = publish(alice.project, dana), publish(alice.project, dana, text="", changes="The built-in page.")

    assert [second.version, third.version] == [2, 3]
    assert queue.claim_next(project=alice.project, by=alice).instructions_version == 3
    assert queries.newest_rules(alice.project) == third
    assert AuditEvent.objects.filter(action="publish instructions", actor=dana).count() == 2


def test_who_has_not_read_what_must_be_known_gets_nothing_new(alice, bob, dana):
    factories.queued(alice.project, 3)
    publish(alice.project, dana, must_acknowledge=True)

    with pytest.raises(queue.RulesChanged):
        queue.next_work(project=alice.project, by=alice)
    guidance.acknowledge(by=alice, version=2)

    assert queue.next_work(project=alice.project, by=alice).assignment
    with pytest.raises(queue.RulesChanged):
        queue.claim_next(project=bob.project, by=bob)


def test_what_need_not_be_known_holds_nobody_up(alice, dana):
    factories.queued(alice.project, 1)
    publish(alice.project, dana)

    assert queue.claim_next(project=alice.project, by=alice)


def test_who_knows_a_later_version_knows_those_before_it(alice, dana):
    factories.queued(alice.project, 1)
    publish(alice.project, dana, must_acknowledge=True)
    publish(alice.project, dana)
    guidance.acknowledge(by=alice, version=3)

    assert queue.claim_next(project=alice.project, by=alice)
    publish(alice.project, dana, must_acknowledge=True)
    assert queue.claim_next(project=alice.project, by=alice), "what is in their hands stays there"


def test_what_is_in_hand_can_still_be_kept_and_handed_in(alice, dana):
    factories.queued(alice.project, 4)
    mine = queue.next_work(project=alice.project, by=alice)
    publish(alice.project, dana, must_acknowledge=True)
    held = {"slot": mine.assignment.slot, "lease_token": mine.assignment.lease_token}

    beat = queue.heartbeat(project=alice.project, by=alice, draft={"ratings": []}, **held)
    submission = factories.submit(alice, mine.assignment)

    assert beat.ahead_until
    assert not submission.label.late
    assert submission.work == queue.Work(None)
    guidance.acknowledge(by=alice, version=2)
    assert queue.next_work(project=alice.project, by=alice).assignment.slot == mine.ahead.slot


def test_reading_twice_is_once_and_an_unknown_version_is_refused(alice, charlie):
    guidance.acknowledge(by=alice, version=1)
    guidance.acknowledge(by=alice, version=1)
    Instructions.objects.create(project=charlie.project, version=2)

    with pytest.raises(guidance.UnknownVersion):
        guidance.acknowledge(by=alice, version=2)

    assert Acknowledgement.objects.get().labeler == alice


def test_instructions_without_their_audit_are_not_published(project, dana, monkeypatch):
    def broken(**_):
        raise DatabaseError("the second write fails")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(DatabaseError):
        publish(project, dana)

    assert Instructions.objects.get(project=project).version == 1


# Messages ------------------------------------------------------------------------------------------------------------


def texts_for(labeler):
    return set(Message.objects.to(labeler).values_list("text", flat=True))


def test_a_message_goes_to_one_labeler_or_to_all_and_never_elsewhere(project, alice, bob, charlie, dana):
    guidance.send(project=project, by=dana, to=alice, text=" Look at step 3 again. ")
    guidance.send(project=project, by=dana, text="Well done, all.")

    assert texts_for(alice) == {"Look at step 3 again.", "Well done, all."}
    assert texts_for(bob) == {"Well done, all."}
    assert texts_for(charlie) == set()
    assert AuditEvent.objects.filter(action="send message", actor=dana).count() == 2


def test_a_message_may_be_about_a_label(alice, dana):
    factories.queued(alice.project, 1)
    label = factories.label(alice)

    message = guidance.send(project=alice.project, by=dana, to=alice, about=label, text="Why great?")

    assert Message.objects.get(pk=message.pk).label == label


def test_an_answer_is_for_the_lead_and_for_no_other_labeler(project, alice, bob, charlie, dana):
    asked = guidance.send(project=project, by=dana, text="Any questions?")

    answer = guidance.reply(by=alice, message=asked.pk, text="Is a sum a step?")

    assert (answer.answers, answer.author, answer.labeler) == (asked, alice.user, alice)
    assert texts_for(bob) == texts_for(alice) == {"Any questions?"}
    for somebody, message in [(charlie, asked), (bob, answer), (alice, answer)]:
        with pytest.raises(guidance.NotYourMessage):
            guidance.reply(by=somebody, message=message.pk, text="Me too.")


def test_what_was_sent_to_one_cannot_be_answered_or_read_by_another(project, alice, bob, dana):
    message = guidance.send(project=project, by=dana, to=alice, text="Look again.")

    with pytest.raises(guidance.NotYourMessage):
        guidance.reply(by=bob, message=message.pk, text="I did.")
    guidance.mark_read(by=bob, messages=[message.pk])

    assert not MessageRead.objects.exists()


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_message_needs_words(project, alice, dana, text):
    asked = guidance.send(project=project, by=dana, text="Any questions?")

    with pytest.raises(guidance.NothingSaid):
        guidance.send(project=project, by=dana, text=text)
    with pytest.raises(guidance.NothingSaid):
        guidance.reply(by=alice, message=asked.pk, text=text)

    assert Message.objects.get() == asked


def test_what_was_read_waits_no_more(project, alice, bob, charlie, dana):
    messages = [guidance.send(project=project, by=dana, text=f"Message {n}.").pk for n in range(3)]
    assert (queries.unread_messages(alice), queries.unread_messages(charlie)) == (3, 0)

    guidance.mark_read(by=alice, messages=messages[:2])
    guidance.mark_read(by=alice, messages=messages[:2])
    guidance.mark_read(by=charlie, messages=messages)

    assert (queries.unread_messages(alice), queries.unread_messages(bob)) == (1, 3)
    assert MessageRead.objects.count() == 2


def test_who_answers_has_read(project, alice, dana):
    asked = guidance.send(project=project, by=dana, text="Any questions?")

    guidance.reply(by=alice, message=asked.pk, text="None.")

    assert queries.unread_messages(alice) == 0


def test_the_end_of_the_first_practice_is_remembered(alice):
    guidance.finish_practice(by=alice)
    alice.refresh_from_db()
    first = alice.practiced_at

    guidance.finish_practice(by=alice)

    alice.refresh_from_db()
    assert first
    assert alice.practiced_at == first
