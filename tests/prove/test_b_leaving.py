"""B2.5: people are let go while they claim and hand in."""

import uuid
from functools import partial

import pytest

from annotation.models import Label, Membership, Slot
from annotation.models.projects import Role
from annotation.services import claims, members, queue
from tests import factories
from tests.annotation.test_races import at_once
from tests.prove.races import WIDE, asked_again, failures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
PEOPLE = WIDE // 2
SHORT, FULL = 3, 200  # rounds


def work_on(labeler, assignment):
    """Hand in what they hold and what they are given then, three at most; returns what was acknowledged."""
    acknowledged = []
    while assignment and len(acknowledged) < 3:
        one_id = uuid.uuid4()
        answer = asked_again(lambda held, one_id=one_id: factories.submit(labeler, held, label_id=one_id))(assignment)
        acknowledged.append(one_id)
        assignment = answer.work.assignment
    return acknowledged


def let_go_while_they_work(project, crowd, lead):
    """Everybody is let go at once while they label: leases that stayed with them, and acknowledged labels, all and lost."""
    factories.queued(project, 4 * PEOPLE)
    held = [queue.claim_next(project=project, by=one) for one in crowd]
    places = [Membership.objects.get(project=project, user=one.user).pk for one in crowd]
    let_go = asked_again(lambda place: members.remove_member(project=project, member=places[place], by=lead))
    acts = [partial(work_on, *pair) for pair in zip(crowd, held, strict=True)]
    acts += [partial(let_go, place) for place in range(PEOPLE)]

    answers = at_once(lambda act: act(), acts)

    assert failures(answers) == []
    kept = Slot.objects.filter(state="leased").count()
    for one in crowd:
        members.add_member(project=project, user=one.user, role=Role.LABELER, by=lead)
    acknowledged = [label for answer in answers[:PEOPLE] for label in answer]
    return kept, len(acknowledged), len(acknowledged) - Label.objects.filter(pk__in=acknowledged).count()


@pytest.mark.figure(
    "B2.5",
    f"{PEOPLE} labelers let go while they label",
    "0 leases stay with who has left, 0 acknowledged labels lost",
)
def test_b2_who_is_let_go_while_they_label_keeps_no_lease_and_loses_no_label(prove, project, dana, monkeypatch):
    times = prove.count(short=SHORT, full=FULL)
    crowd = [factories.member(project, "labeler") for _ in range(PEOPLE)]

    found = [let_go_while_they_work(project, crowd, dana) for _ in range(times)]

    kept, acknowledged, lost = (sum(counts) for counts in zip(*found, strict=True))
    prove.measured(f"{kept} leases stayed of {times * PEOPLE} who left; {lost} of {acknowledged} labels lost")
    assert (kept, lost) == (0, 0)

    monkeypatch.setattr(claims, "CLAIM", claims.CLAIM.replace("EXISTS (SELECT FROM member) AND ", ""))
    planted, *_ = let_go_while_they_work(project, crowd, dana)
    prove.control(f"a claim that does not look who still belongs: {planted} leases stayed")
    assert planted > 0
