"""Races of quality control with real connections: one screening for many, one labeler in many tabs (rows F1, F4, F5)."""

from collections import Counter

import pytest

from annotation.models import AuditEvent, Gold, GoldJudgement, Label, Labeler, Lease, Slot
from annotation.services import gold, queue
from tests import factories
from tests.annotation.test_gold import Always
from tests.annotation.test_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
CROWD = 12


def test_f1_many_new_labelers_begin_with_one_solution_at_once_and_each_has_a_slot_of_their_own(project):
    factories.gold(project, "screening")
    crowd = [factories.screened(project, 0) for _ in range(CROWD)]

    given = at_once(lambda labeler: queue.claim_next(project=project, by=labeler), crowd)

    assert {type(one).__name__ for one in given} == {"Assignment"}
    assert sorted(Slot.objects.values_list("wave", flat=True)) == list(range(CROWD))


def test_f1_two_tabs_of_one_new_labeler_get_one_lease(project):
    new = factories.screened(project, 5)

    given = at_once(lambda _: queue.claim_next(project=project, by=new), range(6))

    assert {type(one).__name__ for one in given} == {"Assignment"}
    assert len({one.lease_token for one in given}) == 1
    assert Lease.objects.count() == 1


def test_f3_the_last_two_answers_of_a_screening_at_once_end_it_once(project):
    new = factories.screened(project, 2)
    work = queue.next_work(project=project, by=new)
    mine = Labeler.objects.select_related("project")

    at_once(lambda held: factories.submit(mine.get(pk=new.pk), held, (1, -1)), [work.assignment, work.ahead])
    queue.claim_next(project=project, by=mine.get(pk=new.pk))

    assert Label.objects.filter(labeler=new).count() == 2
    assert mine.get(pk=new.pk).admission == "admitted"
    assert AuditEvent.objects.filter(action="end screening").count() == 1


def test_f4_two_tabs_of_one_labeler_get_one_gold_solution(project, alice):
    for _ in range(3):
        factories.gold(project)
    factories.queued(project, 5)

    given = at_once(lambda _: queue.claim_next(project=project, by=alice, luck=Always()), range(6))

    assert len({one.lease_token for one in given}) == 1
    assert Counter(Slot.objects.filter(state="leased").values_list("arm", flat=True)) == {"gold": 1}


def test_a_label_that_comes_while_its_gold_is_corrected_is_compared_with_what_is_known_then(project, dana):
    known = factories.gold(project, error_steps=[1])
    people = [factories.member(project, "labeler") for _ in range(6)]
    factories.queued(project, 1)
    held = {one.pk: queue.claim_next(project=project, by=one, luck=Always()) for one in people}

    def act(who):
        if who is None:
            return gold.change_gold(gold=known, kind="hidden", error_steps=[], explanation="", by=dana)
        return factories.submit(who, held[who.pk], (1, -1))

    done = at_once(act, [*people, None])

    assert [one for one in done if isinstance(one, Exception)] == []
    assert Gold.objects.get(pk=known.pk).error_steps == []
    assert set(GoldJudgement.objects.values_list("agrees", flat=True)) == {False}
    assert GoldJudgement.objects.count() == 6
