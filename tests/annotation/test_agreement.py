"""How far the labelers of a project agree, read from the database (rows F9 and F12)."""

import json
from collections import Counter
from dataclasses import replace
from uuid import uuid4

import krippendorff
import numpy as np
import pytest
from django.core.cache import cache
from django.utils import timezone

from active_learning.agreement import Why
from annotation.models import Label, Lease, Membership, Project, Slot
from annotation.queries import agreement as queries
from annotation.queries import agreement_table, agreement_words
from annotation.services import importing, quality, tallies
from tests import factories
from tests.shared_data import shared_lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def carol(project):
    return factories.member(project, "labeler", "carol")


@pytest.fixture
def lead(project, dana):
    return Membership.objects.select_related("project", "user").get(project=project, user=dana)


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()


def twice(project, *pairs):
    """Each of `pairs` is what two or more labelers, (labeler, ratings), say of a solution of three steps of its own."""
    Project.objects.filter(pk=project.pk).update(most_labels=2)  # and no more where they disagree
    for labels in pairs:
        (first,) = factories.queued(project)
        values = {"project": project, "solution": first.solution, "round": first.round, "arm": "overlap"}
        Slot.objects.bulk_create(Slot(wave=wave, **values) for wave in range(1, len(labels)))
        for person, ratings in labels:
            factories.label(person, ratings)


def found(project):
    return queries.agreement_of(agreement_table.judged(project, most=None))


def test_f9_hand_counted_figures_of_scripted_labels(project, alice, bob):
    twice(
        project,
        [(alice, (1, 1, 1)), (bob, (1, 1, 1))],
        [(alice, (1, -1)), (bob, (1, -1))],
        [(alice, (1, 0, -1)), (bob, (1, 1, 1))],
        [(alice, (1, -1)), (bob, (1, 1, -1))],
    )

    one = found(project)

    assert (one.shared, one.solutions, one.labels, one.labelers) == (4, 4, 8, 2)
    assert one.exact.value == 2 / 4
    assert one.near.value == 3 / 4  # errors at steps 2 and 3 are one apart, an error and none are not
    # Steps that both reached: 3, 2, 3, 2; the same: 3, 2, 1, 1.
    assert one.steps.units == 10
    assert one.steps.raw.value == pytest.approx(7 / 10)
    (pair,) = one.pairs
    assert (pair.solutions, pair.same_first_error, pair.steps, pair.same_ratings) == (4, 2, 10, 7)
    # Cohen by hand: alice gives -1 three times, 0 once, 1 six times; bob -1 once, 1 nine times.
    chance = (3 * 1 + 1 * 0 + 6 * 9) / 100
    assert pair.kappa.value == pytest.approx((0.7 - chance) / (1 - chance))


def test_f9_total_disagreement_is_told_as_such(project, alice, bob):
    twice(project, *[[(alice, (-1,)), (bob, (1, 1, 1))] for _ in range(3)])

    one = found(project)

    assert (one.exact.value, one.near.value, one.steps.raw.value) == (0, 0, 0)
    assert one.steps.alpha_ordinal.value < 0
    assert len(one.contested) == 3


def test_f9_without_a_second_label_there_is_nothing_to_tell(project, alice):
    factories.queued(project)
    factories.label(alice)

    one = found(project)

    assert (one.shared, one.labels, one.pairs, one.abilities) == (0, 0, [], [])
    assert (one.exact.value, one.exact.why) == (None, Why.NOTHING_SHARED)
    assert agreement_words.reading(one) == []
    assert list(agreement_table.soft_labels(project)) == []


def test_f9_who_is_alone_with_a_step_does_not_count_and_one_rating_only_has_no_kappa(project, alice, bob):
    twice(project, [(alice, (1, 1, 1)), (bob, (1, 1, 1))])

    one = found(project)

    assert one.steps.raw.value == 1
    assert (one.steps.alpha_nominal.value, one.steps.alpha_nominal.why) == (None, Why.ONE_CLASS)
    assert one.pairs[0].kappa.why == Why.ONE_CLASS
    assert "all ratings are the same" in agreement_words.why(one.steps.ac1)


def test_f9_a_correction_counts_in_place_of_what_it_corrects(project, alice, bob):
    twice(project, [(alice, (1, -1)), (bob, (1, 1, 1))])
    old = Label.objects.get(labeler=bob)
    held = Lease.objects.get(slot=old.slot, labeler=bob)
    factories.hand_in(bob, _Again(old.slot_id, held.token), factories.judgement((1, -1)), supersedes=old.pk)

    assert found(project).exact.value == 1


class _Again:
    def __init__(self, slot, lease_token):
        self.slot, self.lease_token = slot, lease_token


def test_f9_what_is_not_production_or_was_given_up_or_is_of_another_project_does_not_count(
    project, alice, bob, charlie
):
    twice(project, [(alice, (1, -1)), (bob, (1, -1))])
    Project.objects.filter(pk=project.pk).update(overlap_share=1)
    factories.queued(project)
    factories.label(alice, (1,), finish_reason="give_up", reason="Too long.")
    factories.label(bob, (1, -1))
    twice(charlie.project, [(charlie, (1, -1)), (factories.member(charlie.project, "labeler"), (1, 1, 1))])

    assert (found(project).shared, found(project).exact.value) == (1, 1)
    assert found(charlie.project).exact.value == 0


def test_f9_the_newest_solutions_count_where_there_are_very_many(project, alice, bob):
    twice(project, [(alice, (1, -1)), (bob, (1, 1, 1))], [(alice, (1, -1)), (bob, (1, -1))])

    one = queries.agreement_of(agreement_table.judged(project, most=1))

    assert (one.shared, one.solutions, one.exact.value) == (2, 1, 1)


def test_f9_a_page_asks_four_questions(project, alice, bob, lead, django_assert_num_queries):
    twice(project, [(alice, (1, -1)), (bob, (1, 1, 1))], [(alice, (1, -1)), (bob, (1, -1))])

    # run of tallies · labels that are shared · labelers · solutions in dispute
    with django_assert_num_queries(4):
        page = queries.agreement_page(lead, now=timezone.now(), page=None)

    assert [(one.labels, one.answers, one.is_case, one.is_decided) for one in page.contested] == [(2, 2, True, False)]
    assert set(page.labelers) == {alice.pk, bob.pk}


def test_f9_what_took_long_is_kept_for_a_while_and_says_since_when(project, alice, bob, lead, monkeypatch):
    twice(project, [(alice, (1, -1)), (bob, (1, -1))])
    monkeypatch.setattr(queries, "QUICK_SECONDS", 0.0)
    monkeypatch.setattr(queries, "KEPT_TIMES", 10_000)
    first, later = timezone.now(), timezone.now()
    before = queries.agreement_page(lead, now=first, page=None)
    twice(project, [(alice, (1, -1)), (bob, (1, 1, 1))])

    kept = queries.agreement_page(lead, now=later, page=None)

    assert (kept.as_of, kept.found) == (first, before.found)
    cache.clear()
    assert queries.agreement_page(lead, now=later, page=None).found.shared == 2


def test_f9_a_large_project_reads_what_the_last_run_of_tallies_found(
    project, alice, bob, carol, lead, django_assert_num_queries
):
    labels = [(alice, (1, -1)), (bob, (1, 1, 1)), (carol, (1, 0, 1))]
    twice(project, labels, [(alice, (1, -1)), (bob, (1, -1))], [(alice, (1, 1, 1)), (bob, (1, 1, 1))])
    at_once = queries.agreement_page(lead, now=timezone.now(), page=None)
    run = tallies.renew(project=project)

    # run of tallies · labelers · solutions in dispute
    with django_assert_num_queries(3):
        kept = queries.agreement_page(lead, now=timezone.now(), page=None)

    assert (kept.found, kept.as_of) == (at_once.found, run.as_of)
    assert at_once.found.pairs
    assert at_once.found.abilities
    assert queries.read(json.loads(json.dumps(queries.keep(found(carol.project))))) == found(carol.project)


def test_f9_a_run_of_tallies_keeps_that_there_is_nothing_to_tell(project, lead):
    run = tallies.renew(project=project)

    assert queries.agreement_page(lead, now=timezone.now(), page=None).as_of == run.as_of
    assert queries.read(run.counts[queries.KEPT]) == found(project)


def test_f9_labels_of_who_is_excluded_do_not_count(project, alice, bob, dana):
    twice(project, [(alice, (1, -1)), (bob, (1, 1, 1))])
    since = Label.objects.get(labeler=bob).created_at

    quality.exclude(labeler=bob, since=since, reason="Clicked.", by=dana)

    assert found(project).shared == 0


# Who is able, and what is likely ------------------------------------------------------------------------------------


def test_f12_soft_labels_follow_those_who_are_able(project, alice, bob, carol):
    able = [factories.member(project, "labeler", f"able-{number}") for number in range(2)]
    rng = np.random.default_rng(4)
    pairs = []
    for _ in range(25):
        truth = (1, 1, -1) if rng.random() < 0.5 else (1, 1, 1)
        lazy = [(person, (1, 1, -1) if rng.random() < 0.5 else (1, 1, 1)) for person in (alice, bob, carol)]
        pairs.append([*((person, truth) for person in able), *lazy])
    twice(project, *pairs)

    one = found(project)
    soft = {(row.solution, row.step): row for row in agreement_table.soft_labels(project)}

    assert {ability.labeler for ability in one.abilities[-2:]} == {person.pk for person in able}
    right = [
        max(zip(soft[label.solution_id, 2].probabilities, (-1, 0, 1), strict=True))[1]
        == (-1 if label.finish_reason == "found_error" else 1)
        for label in Label.objects.filter(labeler=able[0])
    ]
    assert sum(right) / len(right) >= 0.95
    assert all(sum(row.probabilities) == pytest.approx(1) and row.ratings == 5 for row in soft.values())
    # Where the three others are of one mind against the two, the crowd is wrong.
    assert one.doubts
    assert {(doubt.step, doubt.most, doubt.likely) for doubt in one.doubts} <= {(2, 1, -1), (2, -1, 1)}


# Real labels --------------------------------------------------------------------------------------------------------


def real_lines():
    """The labels of PRM800K of its most labeled problem, as lines of its format. Of most paths no more is known than
    the steps that were rated; whose labels they are is not known at all, so each stands for a labeler of its own."""
    rows = [json.loads(line) for line in shared_lines("prm800k_derived/prm800k_train_paths_1818.jsonl")]
    (problem, _), *_ = Counter(row["problem"] for row in rows).most_common(1)
    rows = [row for row in rows if row["problem"] == problem]
    paths = sorted({tuple(step["text"] for step in row["steps"]) for row in rows}, key=len, reverse=True)
    for row in rows:
        rated = tuple(step["text"] for step in row["steps"])
        yield row, next(path for path in paths if path[: len(rated)] == rated)


def as_line(row, path):
    steps = [
        {
            "completions": [{"text": step["text"], "rating": step["rating"], "flagged": None}],
            "human_completion": None,
            "chosen_completion": None if step["rating"] == -1 else 0,
        }
        for step in row["steps"]
    ]
    question = {"problem": row["problem"], "ground_truth_solution": None, "ground_truth_answer": "10"}
    generated = {"pre_generated_steps": path, "pre_generated_answer": "5", "pre_generated_verifier_score": 0.1}
    line = {
        "labeler": str(uuid4()),
        "timestamp": "2022-09-01T10:00:00.000000",
        "generation": 5,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": question | generated,
        "label": {"steps": steps, "total_time": 60_000, "finish_reason": row["finish_reason"]},
    }
    return json.dumps(line).encode()


@pytest.mark.shared_data
def test_f9_432_real_labels_of_one_problem(project):
    real = list(real_lines())
    lines = [as_line(row, path) for row, path in real]

    report = importing.import_labels(project=project, lines=lines, source="real", by=None)

    assert (report.created, len(real)) == (432, 432)
    one = found(project)
    # Counted once more, from the file alone.
    firsts = {path: Counter() for _, path in real}
    for row, path in real:
        firsts[path][next((n for n, step in enumerate(row["steps"]) if step["rating"] == -1), None)] += 1
    several = [times for times in firsts.values() if times.total() > 1]
    same = [sum(n * (n - 1) for n in times.values()) / times.total() / (times.total() - 1) for times in several]
    assert (one.solutions, one.labels) == (len(several), sum(times.total() for times in several))
    assert one.exact.value == pytest.approx(sum(same) / len(same))
    assert one.exact.why == Why.FEW
    assert max(times.total() for times in several) == 430
    biggest = max(firsts, key=lambda path: firsts[path].total())
    given = np.full((430, len(biggest)), np.nan)
    for person, row in enumerate(row for row, path in real if path == biggest):
        given[person, : len(row["steps"])] = [step["rating"] for step in row["steps"]]
    theirs = krippendorff.alpha(reliability_data=given, level_of_measurement="ordinal")
    assert one.steps.alpha_ordinal.value == pytest.approx(theirs, abs=1e-6)
    assert (one.pairs_in_all, len(one.pairs)) == (430 * 429 / 2, queries.MOST_PAIRS)
    assert "of 1 solution" in agreement_words.reading(one)[-1]


def test_f9_between_two_labelers_nobody_is_ranked(project, alice, bob, carol):
    twice(project, [(alice, (1, -1)), (bob, (1, 1, 1))], [(alice, (1, -1)), (bob, (1, -1))])

    assert found(project).abilities == []
    twice(project, [(alice, (1, -1)), (carol, (1, -1))])
    assert {one.labeler for one in found(project).abilities} == {alice.pk, bob.pk, carol.pk}


def test_f9_where_able_labelers_think_otherwise_is_kept_from_who_may_have_to_judge_it(
    project, alice, bob, lead, monkeypatch
):
    twice(project, [(alice, (1, -1)), (bob, (1, 1, 1))], [(alice, (1, -1)), (bob, (1, -1))])
    disputed, agreed = Label.objects.filter(labeler=alice).order_by("created_at").values_list("solution", flat=True)
    doubts = [queries.Doubt(solution, 1, 1, -1, 0.9, 3) for solution in (disputed, agreed)]
    kept = replace(found(project), doubts=doubts)
    monkeypatch.setattr(queries, "find", lambda project: kept)

    page = queries.agreement_page(lead, now=timezone.now(), page=None)

    assert [one.solution for one in page.doubts] == [agreed]
