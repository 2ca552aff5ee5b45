"""Solutions whose first error is known: what agrees with them, and how each labeler comes to them (rows F2, F4)."""

import random
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from annotation.models import AuditEvent, Gold, GoldJudgement, Label, Problem, Slot, Solution
from annotation.models.quality import GoldKind
from annotation.services import claims, gold, labeling, queue, refills, rounds
from annotation.services.claims import Claimant
from tests import factories
from tests.annotation.test_screening import correct

pytestmark = pytest.mark.django_db


def filled(project, count, **values):
    """A round with so many solutions of production, and the gold that is there."""
    return factories.queued(project, count, **values)


def gold_slots(project, **values):
    return Slot.objects.filter(project=project, arm="gold", **values)


def all_work(labeler, luck=None):
    """Label until nothing is left: the arms, in order."""
    arms = []
    while held := queue.claim_next(project=labeler.project, by=labeler, luck=luck):
        arms.append(Slot.objects.get(pk=held.slot).arm)
        label_only(labeler, held)
    return arms


def label_only(labeler, held):
    """Hand in a label without taking the next solution, which would come by a chance of its own."""
    done = factories.submit(labeler, held, (1, -1))
    for one in (done.work.assignment, done.work.ahead):
        if one:
            give_back(labeler, one)


# What agrees -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error_steps", "ratings", "agrees"),
    [
        ([3, 4], (1, 0, 1, -1), True),
        ([3, 4], (1, 0, 1, 0, -1), True),
        ([3, 4], (1, 0, 1, 0, 1, -1), False),
        ([3, 4], (1, 0, 1, 0, 1, 1), False),
        ([3, 4], (-1,), False),
        ([], (1, 0, 1, 0, 1, 0), True),
        ([], (1, 0, 1, 0, 1, -1), False),
    ],
)
def test_f2_a_first_error_at_any_acceptable_step_agrees_and_any_other_does_not(error_steps, ratings, agrees, alice):
    factories.gold(alice.project, error_steps=error_steps, steps=[f"Step {n}." for n in range(6)])
    filled(alice.project, 1)
    held = held_gold(alice)

    label = factories.submit(alice, held, ratings).label

    judgement = GoldJudgement.objects.get()
    assert (judgement.label, judgement.agrees) == (label, agrees)
    assert judgement.first_error == (len(ratings) - 1 if ratings[-1] == -1 else None)


def held_gold(labeler):
    """Their next solution is gold, and not by chance."""
    held = queue.claim_next(project=labeler.project, by=labeler, luck=Always())
    assert Slot.objects.get(pk=held.slot).arm == "gold"
    return held


class Always(random.Random):
    """Chance that has gold come first."""

    def random(self):
        return 0.999999999999


class Never(random.Random):
    """Chance that has gold come last."""

    def random(self):
        return 0.0


@pytest.mark.parametrize(("finish_reason", "ratings"), [("give_up", (1, 1, 1)), ("bad_problem", (1, 1, 1))])
def test_f2_without_an_end_nothing_agrees_not_even_where_there_is_no_error(finish_reason, ratings, alice):
    factories.gold(alice.project, error_steps=[])
    filled(alice.project, 1)

    factories.submit(alice, held_gold(alice), ratings, finish_reason=finish_reason, reason="So.")

    assert GoldJudgement.objects.get().agrees is False


def test_f2_a_correction_is_compared_in_place_of_what_it_corrects(alice):
    factories.gold(alice.project)
    filled(alice.project, 1)
    label = factories.submit(alice, held_gold(alice), (1, 1, 1)).label
    before = GoldJudgement.objects.get()

    anew = correct(alice, label, (1, -1)).label

    after = GoldJudgement.objects.get()
    assert (after.label, after.agrees, after.at) == (anew, True, before.at)
    assert Label.objects.count() == 2


def test_f2_correcting_gold_compares_past_labels_again(alice, bob, dana):
    made = factories.gold(alice.project)
    filled(alice.project, 1)
    factories.submit(alice, held_gold(alice), (1, -1))
    factories.submit(bob, held_gold(bob), (1, 1, 1))

    gold.change_gold(gold=made, kind=GoldKind.HIDDEN, error_steps=[], explanation="It is right.", by=dana)

    assert dict(GoldJudgement.objects.values_list("labeler", "agrees")) == {alice.pk: False, bob.pk: True}
    assert AuditEvent.objects.get(action="change gold").details["compared_anew"] == 2


def test_a_label_of_production_is_compared_with_nothing_when_its_solution_becomes_gold_meanwhile(alice, dana):
    (slot,) = filled(alice.project, 1)
    held = queue.claim_next(project=alice.project, by=alice)
    gold.add_gold(solution=slot.solution, kind=GoldKind.HIDDEN, error_steps=[0], by=dana)

    label = factories.submit(alice, held, (1, 1, 1)).label

    assert (label.purpose, GoldJudgement.objects.count()) == ("production", 0)


# Made, and no more -------------------------------------------------------------------------------------------------------


def test_gold_waits_in_no_queue_and_is_never_selected(alice, dana):
    slots = filled(alice.project, 2)

    gold.add_gold(solution=slots[0].solution, kind=GoldKind.SCREENING, error_steps=[1, 0, 1], by=dana)

    assert Gold.objects.get().error_steps == [0, 1]
    assert Slot.objects.get(pk=slots[0].pk).state == "void"
    assert slots[0].solution not in Solution.objects.filter(project=alice.project).selectable()
    picks = [rounds.Pick(slot.solution_id, "random", 0.5, {}) for slot in slots]
    Slot.objects.filter(pk=slots[1].pk).update(state="void")
    assert [pick.solution_id for pick in rounds.still_free(picks)] == [slots[1].solution_id]


@pytest.mark.parametrize(
    ("values", "refusal", "sentence"),
    [
        ({"error_steps": [3]}, gold.NoSuchErrorStep, "steps 1 to 3"),
        ({"error_steps": [-1]}, gold.NoSuchErrorStep, "steps 1 to 3"),
        ({"explanation": "x" * 5001}, gold.TooManyWords, "at most 5000 characters"),
    ],
)
def test_what_cannot_be_known_is_refused(values, refusal, sentence, project, dana):
    solution = factories.solution(project)

    with pytest.raises(refusal, match=sentence):
        gold.add_gold(solution=solution, by=dana, **{"kind": "hidden", "error_steps": []} | values)

    assert not Gold.objects.exists()


def test_a_solution_is_gold_once_and_not_of_a_problem_that_is_held_out_or_withdrawn(project, dana):
    solution = factories.solution(project)
    gold.add_gold(solution=solution, kind="hidden", error_steps=[], by=dana)

    with pytest.raises(gold.GoldAlready):
        gold.add_gold(solution=solution, kind="screening", error_steps=[], by=dana)
    for values in ({"split": "test"}, {"withdrawn_at": timezone.now()}):
        other = factories.solution(problem_=factories.problem(project, **values))
        with pytest.raises(gold.NotForGold):
            gold.add_gold(solution=other, kind="hidden", error_steps=[], by=dana)
    dialogue = factories.solution(factories.project(phase=1))
    with pytest.raises(gold.NoGoldHere):
        gold.add_gold(solution=dialogue, kind="hidden", error_steps=[], by=dana)


def test_retired_gold_is_shown_to_nobody_until_it_is_brought_back(alice, dana):
    made = factories.gold(alice.project)
    filled(alice.project, 1)

    gold.retire_gold(gold=made, by=dana)

    with pytest.raises(gold.RetiredAlready):
        gold.retire_gold(gold=made, by=dana)
    assert set(gold_slots(alice.project).values_list("state", flat=True)) == {"void"}
    filled(alice.project, 1)
    assert not gold_slots(alice.project, state="ready").exists()
    gold.bring_back_gold(gold=made, by=dana)
    with pytest.raises(gold.NotRetired):
        gold.bring_back_gold(gold=made, by=dana)
    filled(alice.project, 1)
    assert gold_slots(alice.project, state="ready").exists()
    assert list(AuditEvent.objects.filter(actor=dana).order_by("pk").values_list("action", flat=True)) == [
        "retire gold",
        "bring back gold",
    ]


def give_back(labeler, held):
    queue.give_back(project=labeler.project, by=labeler, slot=held.slot)


def test_gold_that_was_retired_while_somebody_held_it_goes_to_nobody_else(alice, bob, dana):
    made = factories.gold(alice.project)
    filled(alice.project, 1)
    held = held_gold(alice)

    gold.retire_gold(gold=made, by=dana)
    give_back(alice, held)

    assert Slot.objects.get(pk=held.slot).state == "void"
    assert all_work(bob) == ["remaining"]


def test_gold_that_became_screening_while_somebody_held_it_is_hidden_gold_no_more(alice, dana):
    made = factories.gold(alice.project)
    filled(alice.project, 1)
    held = held_gold(alice)

    gold.change_gold(gold=made, kind=GoldKind.SCREENING, error_steps=[1], explanation="", by=dana)
    give_back(alice, held)

    assert Slot.objects.get(pk=held.slot).state == "void"


def test_what_somebody_holds_for_production_is_queued_no_more_once_it_is_gold(alice, bob, dana):
    (slot,) = filled(alice.project, 1)
    held = queue.claim_next(project=alice.project, by=alice)
    gold.add_gold(solution=slot.solution, kind=GoldKind.HIDDEN, error_steps=[0], by=dana)

    give_back(alice, held)

    assert Slot.objects.get(pk=slot.pk).state == "void"
    assert all_work(bob) == []


def test_what_is_set_aside_for_production_is_taken_back_once_it_is_gold(alice, dana):
    filled(alice.project, 3)
    work = queue.next_work(project=alice.project, by=alice)
    ahead = Slot.objects.get(pk=work.ahead.slot)

    gold.add_gold(solution=ahead.solution, kind=GoldKind.HIDDEN, error_steps=[0], by=dana)

    ahead.refresh_from_db()
    assert (ahead.state, ahead.prefetched, ahead.lease_owner) == ("void", False, None)


def test_a_problem_that_is_withdrawn_takes_its_gold_along(alice):
    made = factories.gold(alice.project)
    Problem.objects.filter(pk=made.solution.problem_id).update(withdrawn_at=timezone.now())

    filled(alice.project, 1)

    assert not gold_slots(alice.project).exists()


# Among the others --------------------------------------------------------------------------------------------------------


def test_f4_each_labeler_gets_each_gold_solution_of_the_round_once_at_random_places(project, alice, bob):
    project.quality_items_per_round = 12
    project.save()
    for _ in range(14):
        factories.gold(project)
    filled(project, 60)
    chosen = set(gold_slots(project).values_list("solution", flat=True))
    assert len(chosen) == 12
    for labeler in (alice, bob):
        labeler.project.refresh_from_db()

    luck = {alice: random.Random(1), bob: random.Random(2)}
    arms = {alice: [], bob: []}
    while took := [one for one in (alice, bob) if take(one, arms[one], luck[one])]:
        assert took

    for labeler in (alice, bob):
        gold_labels = Label.objects.filter(labeler=labeler, purpose="quality_control")
        assert sorted(gold_labels.values_list("solution", flat=True)) == sorted(chosen)
        places = [place for place, arm in enumerate(arms[labeler]) if arm == "gold"]
        assert places[0] < len(arms[labeler]) / 3
        assert places[-1] > len(arms[labeler]) * 2 / 3
    first, second = ([place for place, arm in enumerate(arms[one]) if arm == "gold"] for one in (alice, bob))
    assert first != second


def take(labeler, arms, luck):
    held = queue.claim_next(project=labeler.project, by=labeler, luck=luck)
    if held:
        arms.append(Slot.objects.get(pk=held.slot).arm)
        label_only(labeler, held)
    return held


def test_f4_by_the_end_of_the_queue_all_gold_was_handed_out_however_chance_falls(alice):
    for _ in range(3):
        factories.gold(alice.project)
    filled(alice.project, 5)

    assert all_work(alice, luck=Never()) == ["remaining"] * 5 + ["gold"] * 3


def test_f4_where_others_empty_the_queue_gold_still_comes(alice, bob):
    factories.gold(alice.project)
    filled(alice.project, 2)
    all_work(bob)

    assert all_work(alice) == ["gold"]


def test_f4_the_chance_is_the_share_that_gold_has_of_what_is_left(alice):
    for _ in range(2):
        factories.gold(alice.project)
    filled(alice.project, 8)
    who = Claimant(alice.project, alice, None)

    due = [claims._rows(claims.IS_GOLD_DUE, who, odds=(1 - u) / u)[0] for u in (0.19, 0.21)]

    assert due == [(2, True), (2, False)]


def test_f4_ids_of_slots_tell_nothing(alice):
    for _ in range(5):
        factories.gold(alice.project)
    filled(alice.project, 40)

    arms = list(Slot.objects.order_by("pk").values_list("arm", flat=True))

    places = [place for place, arm in enumerate(arms) if arm == "gold"]
    assert min(places) < 20 < max(places)
    assert places != list(range(places[0], places[0] + len(places)))


def test_f4_a_labeler_cannot_tell_gold_from_others(alice, client_for):
    factories.gold(alice.project)
    filled(alice.project, 4)
    client, api = client_for(alice.user), "/api/v1/projects/algebra"
    seen = {}
    for _ in range(5):
        work = client.post(f"{api}/claim").json()
        held = work["assignment"]
        body = {
            "id": str(uuid.uuid4()),
            "slot": held["slot"],
            "lease_token": held["lease_token"],
            "finish_reason": "found_error",
            "ratings": [{"step": 0, "rating": -1}],
            "total_time_ms": 5,
        }
        beat = client.post(f"{api}/heartbeat", {key: body[key] for key in ("slot", "lease_token")}, "application/json")
        answer = client.post(f"{api}/labels", body, "application/json")
        assert answer.status_code == 201
        again = client.get(f"{api}/labels/{body['id']}/reopen").json()
        parts = {"held": held, "beat": beat.json(), "receipt": answer.json()["label"], "again": again}
        assert answer.json()["feedback"] is None
        seen.setdefault(Slot.objects.get(pk=held["slot"]).arm, []).append(shape(parts))

    assert set(seen) == {"gold", "remaining"}
    assert [one for one in seen["gold"] if one not in seen["remaining"]] == []
    history = client.get(f"{api}/labels").json()
    assert len({str(shape(one)) for one in history}) == 1
    page = client.get("/p/algebra/work/").content.decode().lower()
    assert [word for word in ("gold", "quality", "known") if word in page] == []


def shape(value):
    """The keys and the kinds of values, with what lies below them."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in sorted(value.items())}
    if isinstance(value, list):
        return [shape(part) for part in value][:1]
    return type(value).__name__


def test_f4_one_set_aside_may_be_gold_only_where_any_other_would_be_set_aside(alice, bob):
    factories.gold(alice.project)
    filled(alice.project, 1)
    queue.claim_next(project=bob.project, by=bob, luck=Never())

    work = queue.next_work(project=alice.project, by=alice, luck=Always())

    assert Slot.objects.get(pk=work.assignment.slot).arm == "gold"
    assert work.ahead is None


def test_f4_gold_that_was_given_back_waits_for_them_again(alice):
    factories.gold(alice.project)
    filled(alice.project, 1)
    held = held_gold(alice)
    queue.give_back(project=alice.project, by=alice, slot=held.slot)

    assert all_work(alice).count("gold") == 1


def test_f4_a_new_round_brings_what_the_fewest_have_seen_and_takes_back_what_waits(project, alice):
    project.quality_items_per_round = 1
    project.save()
    first, second = factories.gold(project), factories.gold(project)
    filled(project, 1)
    (seen,) = set(gold_slots(project).values_list("solution", flat=True))
    factories.submit(alice, held_gold(alice), (1, -1))

    filled(project, 1)

    (other,) = {first.solution_id, second.solution_id} - {seen}
    assert set(gold_slots(project, state="ready").values_list("solution", flat=True)) == {other}
    assert set(gold_slots(project, solution=seen).values_list("state", flat=True)) == {"done", "void"}


def test_f4_there_are_slots_for_all_and_for_some_who_come_later(project, alice, bob):
    factories.gold(project)
    filled(project, 1)

    waves = gold_slots(project).order_by("wave").values_list("wave", flat=True)

    assert list(waves) == list(range(2 + 2))


def test_f4_a_refill_goes_on_with_the_gold_of_its_round_for_those_who_came(project, alice):
    project.quality_items_per_round, project.low_water, project.high_water = 1, 3, 5
    project.save()
    for _ in range(2):
        factories.gold(project)
    filled(project, 1)
    (chosen,) = set(gold_slots(project).values_list("solution", flat=True))
    for _ in range(6):
        factories.member(project, "labeler")
    for _ in range(3):
        factories.solution(project)
    assert refills.missing(project) == 4  # gold fills no queue
    (job,) = refills.start_where_low()
    refills.jobs.claim_job(kind="refill", worker="test")
    pool = refills.queries.pool(project, besides_queue=True)
    picks = [rounds.Pick(one.pk, "remaining", 0.5, {}) for one in pool]

    refills.fill(round=refills.round_to_go_on(project), job=type(job).objects.get(pk=job.pk), picks=picks, report={})

    assert set(gold_slots(project).values_list("solution", flat=True)) == {chosen}
    assert gold_slots(project, state="ready").count() == 7 + 2 + 7 // 4


def test_f4_without_gold_and_in_dialogues_nothing_is_added(alice):
    filled(alice.project, 2)

    assert not gold_slots(alice.project).exists()
    assert claims._rows(claims.IS_GOLD_DUE, Claimant(alice.project, alice, None), odds=9.0) == [(0, False)]


def test_a_dispute_is_not_raised_over_what_is_known(alice):
    factories.gold(alice.project)
    filled(alice.project, 1)

    label = factories.submit(alice, held_gold(alice), (1, 1, 1)).label

    assert not label.dispute_set.exists() if hasattr(label, "dispute_set") else not hasattr(label, "dispute")


# Told ----------------------------------------------------------------------------------------------------------------------


def test_after_a_solution_for_practice_the_labeler_is_told(alice):
    factories.gold(alice.project, "visible", error_steps=[1], explanation="Two and two are four.")
    filled(alice.project, 1)
    held = held_gold(alice)

    done = factories.submit(alice, held, (1, 1, 1))

    assert done.feedback == labeling.Feedback(False, [1], "Two and two are four.")
    again = factories.submit(alice, held, (1, 1, 1), label_id=done.label.pk)
    assert (again.replay, again.feedback) == (True, done.feedback)


# Fast ----------------------------------------------------------------------------------------------------------------------


def test_a_claim_and_the_look_for_gold_read_an_index_and_sort_nothing(alice):
    factories.gold(alice.project)
    filled(alice.project, 50)
    values, plans = {"project": alice.project_id, "labeler": alice.pk, "most": 0, "minutes": 5, "ahead": False}, []
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE annotation_slot")  # else it depends on the rows of tests before
        # What can be read from an index in order is; what remains of these in the plan could not be.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        for sql, more in ((claims.CLAIM, {}), (claims.IS_GOLD_DUE, {"odds": 1.0})):
            cursor.execute("EXPLAIN " + sql, values | more)
            plans.append("\n".join(row[0] for row in cursor.fetchall()))

    assert "slot_claim_order" in plans[0]
    assert "Sort" not in plans[0].split("->  LockRows")[1]
    assert "slot_gold" in plans[1]
    assert "Seq Scan" not in plans[1]
