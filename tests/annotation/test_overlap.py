"""Solutions that more than one labeler gets: a share of each round, and those on which labelers disagree (row F9)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import Label, Lease, Project, Slot
from annotation.models.slots import Arm
from annotation.services import gold, labeling, overlap, queue, rounds
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def carol(project):
    return factories.member(project, "labeler", "carol")


def share(project, value, **values):
    Project.objects.filter(pk=project.pk).update(overlap_share=value, **values)
    project.refresh_from_db()


def twice(project, **values):
    """One solution that two labelers get."""
    share(project, 1, **values)
    factories.queued(project)


def waves(project, **which):
    return sorted(Slot.objects.filter(project=project, **which).values_list("wave", flat=True))


def at_once(*acts):
    barrier = threading.Barrier(len(acts))

    def one(act):
        try:
            connection.ensure_connection()
            barrier.wait()
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


# A share of what is queued ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "queued", "doubled"), [(0.1, 20, 2), (0.1, 9, 0), (0.29, 100, 29), (0, 5, 0), (1, 3, 3)]
)
def test_f9_exactly_the_share_of_a_rounds_solutions_gets_a_second_slot(value, queued, doubled, project):
    share(project, value)
    round_, _ = factories.running_round(project)
    first = [Slot(project=project, solution_id=number, round=round_, arm="remaining") for number in range(queued)]

    second = overlap.second_slots(round=round_, first=first)

    assert len(second) == doubled
    assert {(slot.wave, slot.arm) for slot in second} <= {(1, Arm.OVERLAP)}
    assert len({slot.solution_id for slot in second}) == doubled


def test_f9_a_round_puts_the_second_slots_into_the_queue(project):
    share(project, 0.5)

    factories.queued(project, 4)

    assert waves(project, state="ready") == [0, 0, 0, 0, 1, 1]
    twins = Slot.objects.filter(wave=1)
    assert {twin.served_reason["arm"] for twin in twins} == {"remaining"}
    assert {twin.priority for twin in twins} <= set(Slot.objects.filter(wave=0).values_list("priority", flat=True))


def test_f9_small_fills_make_up_for_what_they_round_away(project):
    share(project, 0.1)
    round_, _ = factories.running_round(project)
    for _ in range(10):
        first = [
            rounds.slot_of(round_, rounds.Pick(factories.solution(project).pk, "random", 0.5, {})) for _ in range(3)
        ]
        Slot.objects.bulk_create([*first, *overlap.second_slots(round=round_, first=first)])

    assert waves(project) == [0] * 30 + [1] * 3


def test_f9_the_seed_of_the_round_decides_which(project):
    share(project, 0.3)
    round_, _ = factories.running_round(project, seed=5)

    def chosen():
        first = [Slot(project=project, solution_id=number, round=round_) for number in range(40)]
        return [slot.solution_id for slot in overlap.second_slots(round=round_, first=first)]

    before = chosen()
    assert chosen() == before
    round_.seed = 6
    assert chosen() != before


def test_f9_two_labelers_get_the_solution_and_neither_gets_it_twice(project, alice, bob):
    twice(project)

    factories.label(alice)
    assert queue.claim_next(project=project, by=alice) is None
    factories.label(bob)

    assert Label.objects.filter(solution=Slot.objects.first().solution).count() == 2
    assert set(Slot.objects.values_list("state", flat=True)) == {"done"}


def test_f9_a_new_round_keeps_the_second_slots_of_what_has_begun_and_drops_those_of_what_has_not(project, alice):
    share(project, 1)
    factories.queued(project, 6)
    factories.label(alice)  # after which they hold another one, and one is set aside
    begun = set(Slot.objects.exclude(state="ready").values_list("solution", flat=True))

    share(project, 0)
    factories.queued(project, 1)

    assert len(begun) == 3
    assert set(Slot.objects.filter(state="ready", wave=1).values_list("solution", flat=True)) == begun
    assert waves(project, state="void") == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(("drawn", "wave"), [(0.49, 1), (0.5, 0)])
def test_f9_as_often_as_solutions_are_doubled_a_second_label_comes_before_the_rest_of_the_queue(
    drawn, wave, project, alice, bob
):
    share(project, 1)
    factories.queued(project, 6)
    factories.label(alice)
    share(project, 0.5)

    held = queue.claim_next(project=project, by=bob, luck=SimpleNamespace(random=lambda: drawn))

    assert Slot.objects.get(pk=held.slot).wave == wave


# Where they disagree ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "more"),
    [
        ((1, -1), (1, 1, -1), 1),
        ((1, -1), (1, 1, 1), 1),
        ((1, -1), (0, -1), 0),
        ((1, 1, 1), (1, 0, 1), 0),
    ],
)
def test_f9_a_third_label_is_asked_for_where_two_name_different_first_errors(one, other, more, project, alice, bob):
    twice(project)

    factories.label(alice, one)
    assert waves(project) == [0, 1]
    factories.label(bob, other)

    assert waves(project, state="ready") == [2] * more
    reasons = Slot.objects.filter(wave=2).values_list("arm", "served_reason__overlap")
    assert list(reasons) == [("overlap", "labelers disagree")] * more


def test_f9_who_gave_up_has_not_disagreed(project, alice, bob):
    twice(project)

    factories.label(alice, (1, -1))
    factories.label(bob, (1,), finish_reason="give_up", reason="Too long.")

    assert waves(project, state="ready") == []


@pytest.mark.parametrize(("most", "labels"), [(2, 2), (3, 3), (4, 4)])
def test_f9_no_more_labels_than_the_project_wants(most, labels, project, alice, bob, carol):
    twice(project, most_labels=most)
    people = [alice, bob, carol, factories.member(project, "labeler")]

    for person, ratings in zip(people[:labels], [(-1,), (1, -1), (1, 1, -1), (1, 1, 1)], strict=False):
        factories.label(person, ratings)

    assert Label.objects.count() == labels
    assert waves(project, state="ready") == []


def test_f9_a_correction_that_now_disagrees_asks_for_one_more(project, alice, bob):
    twice(project)
    factories.label(alice, (1, -1))
    label = factories.label(bob, (1, -1))
    assert waves(project, state="ready") == []

    lease = Lease.objects.get(slot=label.slot, labeler=bob)

    labeling.submit_label(
        project=project,
        by=bob,
        label_id=uuid4(),
        slot=label.slot_id,
        lease_token=lease.token,
        judgement=factories.judgement((1, 1, 1)),
        supersedes=label.pk,
    )

    assert waves(project, state="ready") == [2]


def test_f9_no_third_label_is_asked_for_of_what_is_known_by_now(project, alice, bob, dana):
    twice(project)
    label = factories.label(alice, (1, -1))
    held = queue.claim_next(project=project, by=bob)
    gold.add_gold(solution=label.solution, kind="hidden", error_steps=[1], by=dana)

    factories.submit(bob, held, (1, 1, -1))

    assert waves(project, state="ready") == []


@pytest.mark.parametrize(("doubled", "locks"), [(0, 0), (1, 1)])
def test_f9_a_solution_is_locked_where_it_is_labeled_twice_and_else_a_label_pays_nothing(
    project, alice, doubled, locks
):
    share(project, doubled)
    factories.queued(project)
    held = queue.claim_next(project=project, by=alice)

    with CaptureQueriesContext(connection) as asked:
        factories.submit(alice, held, (1, 1, -1))

    assert sum("FOR NO KEY UPDATE" in one["sql"] for one in asked) == locks


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_f9_two_labels_that_come_at_once_ask_for_one_more_and_not_for_two_or_none(project, alice, bob):
    share(project, 1)
    for _ in range(10):
        factories.queued(project)
        held = [queue.claim_next(project=project, by=person) for person in (alice, bob)]
        at_once(partial(factories.submit, alice, held[0], (1, -1)), partial(factories.submit, bob, held[1], (1, 1, -1)))

        assert waves(project, state="ready") == [2]
        Slot.objects.filter(state="ready").update(state="void")
