"""B3: whatever people and workers do in whatever order, the queue and the labels are as a model of a few lines says."""

import random
import uuid
from collections import Counter

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from annotation.models import Label, Membership, Slot
from annotation.models.projects import Role
from annotation.models.snapshots import View
from annotation.queries import invariants
from annotation.queries import labeling as queries
from annotation.services import claims, labeling, members, queue, rounds
from annotation.services.export_views import lines_of_view
from tests import factories
from tests.annotation.test_queue import run_out_of_time

pytestmark = pytest.mark.django_db
PEOPLE, SOLUTIONS = 3, 4
WHO = st.integers(0, PEOPLE - 1)
VERDICTS = st.sampled_from([(1, 1, 1), (1, -1), (-1,), (1, 0, 1)])
acts = Counter()  # of all examples


def one_of(data, things):
    return things[data.draw(st.integers(0, 59)) % len(things)]


class Queue(RuleBasedStateMachine):
    """The model: who holds which slot, which slots are done, what was acknowledged. The rest is what must follow."""

    def __init__(self):
        super().__init__()
        self._taken_back = transaction.atomic()
        self._taken_back.__enter__()
        self.project = factories.project(overlap_share=0.5)
        self.lead = factories.member(self.project, "lead")
        self.people = [factories.member(self.project, "labeler") for _ in range(PEOPLE)]
        self.solution_of = {one.pk: one.solution_id for one in factories.queued(self.project, SOLUTIONS)}
        self.holder = {}  # slot: person
        self.set_aside = set()  # of those, what its holder has not come to yet
        self.over = set()  # of those, whose time ran out: theirs until somebody who asks for work finds it so
        self.done = set()
        self.given = {}  # person: every assignment they were ever given, the newest last
        self.labels = {}  # id: (person, assignment, ratings), as acknowledged
        self.newest = {}  # (person, slot): id of the label that no other corrects

    def teardown(self):
        try:
            assert [one for one in invariants.findings() if one.count] == []
        finally:
            transaction.set_rollback(True)
            self._taken_back.__exit__(None, None, None)

    def look(self):
        """The database says the same, and nobody holds what another holds or has judged before."""
        acts["looked"] += 1
        waves = dict(Slot.objects.filter(project=self.project).values_list("pk", "solution"))
        self.solution_of |= waves  # second labels of a solution that was judged
        leased = Slot.objects.filter(project=self.project, state="leased").values_list("pk", "lease_owner")
        assert dict(leased) == {slot: self.people[who].pk for slot, who in self.holder.items()}
        assert set(Slot.objects.filter(project=self.project, state="done").values_list("pk", flat=True)) == self.done
        stored = dict(Label.objects.filter(project=self.project).values_list("pk", "labeler"))
        assert stored == {key: self.people[who].pk for key, (who, _, _) in self.labels.items()}
        judged = Counter((who, self.solution_of[slot]) for who, slot in self.newest)
        assert not judged or max(judged.values()) == 1

    def held_by(self, who):
        return {slot for slot, holder in self.holder.items() if holder == who}

    def let_go(self, slots):
        for slot in slots:
            del self.holder[slot]
        self.set_aside -= slots
        self.over -= slots

    def take_in(self, who, work):
        """What they have asked for is theirs for as long again; of what others hold, only what they can do without."""
        before = self.held_by(who)
        self.over -= before
        for one in filter(None, (work.assignment, work.ahead)):
            is_free = one.slot in self.over or (one is work.assignment and one.slot in self.set_aside)
            assert self.holder.get(one.slot, who) == who or is_free, "it is somebody else's"
            assert one.slot not in self.done
            self.let_go({one.slot} & set(self.holder))
            self.holder[one.slot] = who
            self.given.setdefault(who, []).append(one)
        self.set_aside |= {work.ahead.slot} if work.ahead else set()
        assert before <= self.held_by(who) == {one.slot for one in (work.assignment, work.ahead) if one}
        waiting = Slot.objects.filter(state="ready", pk__in=self.over)
        self.let_go(set(waiting.values_list("pk", flat=True)))

    @rule(who=WHO, luck=st.integers(0, 9))
    def claim(self, who, luck):
        acts["claim"] += 1
        if not self.is_member(who):
            return
        self.take_in(who, queue.next_work(project=self.project, by=self.people[who], luck=random.Random(luck)))
        self.look()

    def is_member(self, who):
        return Membership.objects.filter(project=self.project, user=self.people[who].user, role="labeler").exists()

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def heartbeat(self, data):
        acts["heartbeat"] += 1
        who, assignment = self.an_assignment(data)
        is_theirs = self.tokens().get(assignment.slot) == assignment.lease_token
        try:
            queue.heartbeat(
                project=self.project,
                by=self.people[who],
                slot=assignment.slot,
                lease_token=assignment.lease_token,
                draft={},
            )
        except queue.LeaseLost:
            assert not is_theirs
        else:
            assert is_theirs
            self.over -= self.held_by(who)
        self.look()

    def an_assignment(self, data):
        who = one_of(data, sorted(self.given))
        return who, one_of(data, self.given[who])

    def tokens(self):
        return dict(Slot.objects.filter(project=self.project, state="leased").values_list("pk", "lease_token"))

    @precondition(lambda self: self.holder)
    @rule(data=st.data(), is_swept=st.booleans())
    def expire(self, data, is_swept):
        acts["expire"] += 1
        slot = one_of(data, sorted(self.holder))
        run_out_of_time(slot)
        self.over.add(slot)
        if is_swept:
            queue.release_expired()
            self.let_go(set(self.over))
        self.look()

    @precondition(lambda self: self.given)
    @rule(data=st.data(), ratings=VERDICTS)
    def submit(self, data, ratings):
        acts["submit"] += 1
        who, assignment = self.an_assignment(data)
        slot, label = assignment.slot, uuid.uuid4()
        holds_it = self.tokens().get(slot) == assignment.lease_token
        is_late = slot in self.done or (slot in self.holder and not holds_it)
        try:
            answer = factories.submit(self.people[who], assignment, ratings, label_id=label)
        except labeling.AlreadyLabelled:
            acts["refused"] += 1
            assert self.solution_of[slot] in {self.solution_of[one] for by, one in self.newest if by == who}
            self.let_go({slot} & self.held_by(who))
        else:
            acts["late"] += is_late
            assert (answer.replay, answer.label.late) == (False, is_late)
            if not is_late:
                self.let_go({slot} & set(self.holder))
                self.done.add(slot)
            self.labels[label] = who, assignment, ratings
            self.newest[who, slot] = label
            self.take_in(who, answer.work)
        self.look()

    @precondition(lambda self: self.labels)
    @rule(data=st.data(), other=VERDICTS)
    def replay(self, data, other):
        acts["replay"] += 1
        label = one_of(data, list(self.labels))
        who, assignment, ratings = self.labels[label]
        send = {"label_id": label}
        if other == ratings:
            answer = factories.submit(self.people[who], assignment, ratings, **send)
            assert answer.replay
            self.take_in(who, answer.work)
        else:
            with pytest.raises(labeling.IdReused):
                factories.submit(self.people[who], assignment, other, **send)
        self.look()

    @precondition(lambda self: self.newest)
    @rule(data=st.data(), ratings=VERDICTS)
    def correct(self, data, ratings):
        acts["correct"] += 1
        who, slot = one_of(data, sorted(self.newest))
        old, label = self.newest[who, slot], uuid.uuid4()
        opened = queries.reopened(self.people[who], old)
        answer = factories.submit(self.people[who], opened, ratings, supersedes=old, label_id=label)
        assert answer.label.late == Label.objects.get(pk=old).late
        self.labels[label] = who, opened, ratings
        self.newest[who, slot] = label
        self.take_in(who, answer.work)
        self.look()

    @rule(who=WHO)
    def leave_or_come_back(self, who):
        acts["let go"] += 1
        user = self.people[who].user
        place = Membership.objects.filter(project=self.project, user=user).first()
        if place:
            members.remove_member(project=self.project, member=place.pk, by=self.lead)
            self.let_go(self.held_by(who))
        else:
            members.add_member(project=self.project, user=user, role=Role.LABELER, by=self.lead)
        self.look()

    @rule()
    def export(self):
        acts["export"] += 1
        lines = list(lines_of_view(project=self.project, view=View.RAW, excluded=Counter()))
        assert len(lines) == len(self.newest)


def explored(prove, examples):
    """Raises what the machine finds."""
    wanted = settings(
        max_examples=examples,
        stateful_step_count=20,
        report_multiple_bugs=False,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(seed(prove.seed)(Queue), settings=wanted)


@pytest.mark.figure(
    "B3",
    "claim, renew, expire, submit, replay, correct, let go, export in any order",
    "0 differences from the model, 0 broken invariants",
)
def test_b3_the_queue_is_what_a_model_of_it_says_in_whatever_order_people_act(prove, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    prove.luck()
    acts.clear()
    monkeypatch.setattr(rounds.secrets, "randbelow", lambda _: 1)  # an example that is tried again finds the same queue
    examples = prove.count(short=50, full=20_000)

    explored(prove, examples)

    prove.measured(f"0 found in {examples} examples, {acts['looked']} acts, {acts['late']} late labels")
    assert min(acts.values()) > 0, acts

    monkeypatch.setattr(
        claims, "CLAIM", claims.CLAIM.replace("slot.state = 'ready'", "slot.state IN ('ready', 'leased')")
    )
    with pytest.raises(AssertionError) as found:
        explored(prove, examples)
    prove.control(f"a claim that takes what is leased: found, {str(found.value).splitlines()[0]}")
