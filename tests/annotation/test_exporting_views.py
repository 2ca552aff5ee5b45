"""Which labels are in a view of the data, and what their lines look like."""

import json
import uuid
from collections import Counter

import pytest
from django.utils import timezone

from active_learning.records import parse_line
from annotation.models import ImportBatch, Label, Slot, StepRating
from annotation.models.snapshots import View
from annotation.services import importing, quality, queue
from annotation.services.export_views import BrokenLabel, lines_of_view
from annotation.services.record_rules import broken_rule
from tests import factories
from tests.annotation.test_gold import held_gold
from tests.annotation.test_importing_labels import PHASE_2
from tests.annotation.test_importing_labels import line as published
from tests.annotation.test_queue import run_out_of_time
from tests.shared_data import shared_lines

pytestmark = pytest.mark.django_db

ORIGINALS = ["phase1_test.jsonl", "phase1_train_records_2.jsonl", "phase2_records_14.jsonl"]


def texts(project, view=View.RAW):
    return [line.text for line in lines_of_view(project=project, view=view, excluded=Counter())]


def lines(project, view=View.RAW):
    return [json.loads(text) for text in texts(project, view)]


def excluded(project, view):
    counts = Counter()
    list(lines_of_view(project=project, view=view, excluded=counts))
    return counts


def bring_in(project, name, *lines):
    return importing.import_labels(project=project, lines=lines, source=name, by=None)


def test_m1_a_collected_label_is_a_line_of_prm800k_in_the_published_order(alice):
    (slot,) = factories.queued(alice.project, steps=["Two.", "Four.\n\n# Answer\n\n4"], answer="4")
    slot.served_reason = {"score": 0.125}
    slot.save()
    label = factories.label(alice, (1, -1))

    (line,) = lines(alice.project)
    assert line == {
        "labeler": str(alice.pseudonym),
        "timestamp": label.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        "generation": 0,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {
            "problem": slot.solution.problem.text,
            "ground_truth_solution": None,
            "ground_truth_answer": "2",
            "pre_generated_steps": ["Two.", "Four.\n\n# Answer\n\n4"],
            "pre_generated_answer": "4",
            "pre_generated_verifier_score": 0.125,
        },
        "label": {
            "steps": [
                {
                    "completions": [{"text": "Two.", "rating": 1, "flagged": None}],
                    "human_completion": None,
                    "chosen_completion": 0,
                },
                {
                    "completions": [{"text": "Four.\n\n# Answer\n\n4", "rating": -1, "flagged": None}],
                    "human_completion": None,
                    "chosen_completion": None,
                },
            ],
            "total_time": 1000,
            "finish_reason": "found_error",
        },
    }
    assert [list(line), list(line["question"]), list(line["label"])] == [
        [
            "labeler",
            "timestamp",
            "generation",
            "is_quality_control_question",
            "is_initial_screening_question",
            "question",
            "label",
        ],
        [
            "problem",
            "ground_truth_solution",
            "ground_truth_answer",
            "pre_generated_steps",
            "pre_generated_answer",
            "pre_generated_verifier_score",
        ],
        ["steps", "total_time", "finish_reason"],
    ]


def known_solutions(labeler):
    """A label of hidden gold by the labeler, and one of a screening solution by somebody new."""
    factories.gold(labeler.project)
    factories.queued(labeler.project)
    factories.submit(labeler, held_gold(labeler), (1, -1))
    factories.answer(factories.screened(labeler.project, 1))


def test_m1_every_way_to_finish_and_every_purpose_makes_a_sound_line(alice):
    factories.queued(alice.project, 4)
    factories.label(alice, (1, 0, 1))
    factories.label(alice, (1, -1))
    factories.label(alice, (1,), finish_reason="give_up", reason="too hard")
    factories.label(alice, (), finish_reason="bad_problem", reason="no question")
    known_solutions(alice)

    records = [parse_line(text) for text in texts(alice.project)]

    assert [broken_rule(record) for record in records] == [None] * 6
    assert [
        (
            one.finish_reason,
            len(one.steps),
            one.generation,
            one.is_quality_control_question,
            one.is_initial_screening_question,
        )
        for one in records
    ] == [
        ("solution", 3, 0, False, False),
        ("found_error", 2, 0, False, False),
        ("give_up", 1, 0, False, False),
        ("bad_problem", 0, 0, False, False),
        ("found_error", 2, 1, True, False),
        ("found_error", 2, -1, False, True),
    ]


def phase_1_label(labeler):
    """As a page for phase 1 would store it: two options, an own step, an answer."""
    (slot,) = factories.queued(labeler.project)
    label = Label.objects.create(
        id=uuid.uuid4(),
        project=labeler.project,
        slot=slot,
        solution=slot.solution,
        labeler=labeler,
        phase=1,
        finish_reason="solution",
        total_time_ms=5,
        payload_hash=b"0" * 32,
    )
    for place, option, text, rating, extra in [
        (0, 0, "Look.", 0, {}),
        (0, 1, "See.", 1, {"chosen": True}),
        (1, 0, "Wrong.", -1, {}),
        (1, 1, "I say so.", None, {"chosen": True, "human": True}),
        (2, 0, "# Answer\n\n2", 1, {"chosen": True}),
    ]:
        StepRating.objects.create(
            label=label, step=place, option=option, text=text, rating=rating, flagged=False, **extra
        )
    return label


def test_m1_a_phase_1_label_has_options_and_own_steps_and_no_pre_generated_keys(alice):
    phase_1_label(alice)

    (line,) = lines(alice.project)

    assert line["generation"] is None
    assert list(line["question"]) == ["problem", "ground_truth_answer"]
    first, second, third = line["label"]["steps"]
    assert [one["text"] for one in first["completions"]] == ["Look.", "See."]
    assert (first["chosen_completion"], first["human_completion"]) == (1, None)
    assert (second["chosen_completion"], third["chosen_completion"]) == (None, 0)
    assert second["human_completion"] == {
        "text": "I say so.",
        "rating": None,
        "source": "human",
        "flagged": False,
    }


def test_a_score_that_was_imported_is_given_where_none_was_served(alice):
    factories.queued(alice.project, imported_score=1.1e-09)
    factories.label(alice)

    assert lines(alice.project)[0]["question"]["pre_generated_verifier_score"] == 1.1e-09


def test_pseudonyms_and_not_accounts_go_out_and_stay_when_the_account_goes(alice):
    factories.queued(alice.project)
    factories.label(alice)
    before = texts(alice.project)

    alice.user.membership_set.all().delete()
    alice.user.delete()

    assert texts(alice.project) == before
    assert str(alice.pseudonym) in before[0]
    assert "alice" not in before[0]


@pytest.mark.shared_data
def test_an_export_imported_elsewhere_exports_the_same(alice, charlie):
    bring_in(alice.project, "phase2_train.jsonl", *shared_lines("prm800k_original/phase2_records_14.jsonl"))
    factories.queued(alice.project, 2)
    factories.label(alice)
    factories.label(alice, (0, -1))
    exported = texts(alice.project)

    again = bring_in(alice.project, "phase2_train.jsonl", *(text.encode() for text in exported))
    there = bring_in(charlie.project, "phase2_train.jsonl", *(text.encode() for text in exported))

    assert (again.created, again.already_there, there.created) == (0, 12, 12)
    assert texts(charlie.project) == exported


@pytest.mark.shared_data
def test_every_original_line_keeps_the_rules(project):
    rules = [broken_rule(parse_line(line)) for name in ORIGINALS for line in shared_lines(f"prm800k_original/{name}")]

    assert rules == [None] * 86


def test_m4_the_training_view_leaves_out_what_the_paper_left_out_and_counts_it(alice):
    factories.queued(alice.project, 4)
    kept = [factories.label(alice), factories.label(alice, (-1,))]
    factories.label(alice, (), finish_reason="give_up", reason="too hard")
    factories.label(alice, (), finish_reason="bad_problem", reason="no question")
    known_solutions(alice)

    training = lines(alice.project, View.TRAINING)

    assert [line["label"]["finish_reason"] for line in training] == ["solution", "found_error"]
    assert excluded(alice.project, View.TRAINING) == {
        "bad problem": 1,
        "gave up": 1,
        "quality control": 1,
        "screening": 1,
    }
    assert set(Label.objects.for_training()) == set(kept)
    assert len(lines(alice.project)) == 6


def test_m4_a_held_out_problem_never_gets_into_the_training_view(alice):
    slots = factories.queued(alice.project, 2)
    factories.label(alice)
    factories.label(alice)
    problem = slots[0].solution.problem
    problem.split = "test"
    problem.save()

    training = lines(alice.project, View.TRAINING)

    assert [line["question"]["problem"] for line in training] == [slots[1].solution.problem.text]
    assert excluded(alice.project, View.TRAINING) == {"held-out problem": 1}
    assert len(lines(alice.project)) == 2


def late_label(labeler, other):
    """The labeler's time ran out and the other one labels; then the labeler submits."""
    assignment = queue.claim_next(project=labeler.project, by=labeler)
    run_out_of_time(assignment.slot)
    punctual = factories.label(other, (1, -1))
    return factories.submit(labeler, assignment, (1, 1, 1)).label, punctual


def test_a_late_label_does_not_train_beside_the_one_that_was_wanted(alice, bob):
    factories.queued(alice.project)
    late, punctual = late_label(alice, bob)
    assert late.late

    training = lines(alice.project, View.TRAINING)

    assert [line["label"]["finish_reason"] for line in training] == ["found_error"]
    assert excluded(alice.project, View.TRAINING) == {"late beside another label": 1}
    assert list(Label.objects.for_training()) == [punctual]
    assert len(lines(alice.project)) == 2


def test_the_first_late_label_trains_where_its_slot_has_no_punctual_one(alice, bob):
    factories.queued(alice.project)
    assignment = queue.claim_next(project=alice.project, by=alice)
    run_out_of_time(assignment.slot)
    taken_over = queue.claim_next(project=bob.project, by=bob)
    first = factories.submit(alice, assignment).label
    assert (taken_over.slot, first.late) == (assignment.slot, True)
    assert len(lines(alice.project, View.TRAINING)) == 1

    Slot.objects.filter(pk=taken_over.slot).update(state="void", lease_owner=None, lease_token=None, lease_until=None)
    assert factories.submit(bob, taken_over, (1, -1)).label.late

    training = lines(alice.project, View.TRAINING)
    assert [line["labeler"] for line in training] == [str(alice.pseudonym)]
    assert excluded(alice.project, View.TRAINING) == {"late beside another label": 1}


@pytest.mark.parametrize("how", ["gave up", "excluded"])
def test_a_late_label_trains_where_the_other_one_of_its_slot_does_not(how, alice, bob, dana):
    factories.queued(alice.project)
    assignment = queue.claim_next(project=alice.project, by=alice)
    run_out_of_time(assignment.slot)
    if how == "gave up":
        factories.label(bob, (1,), finish_reason="give_up", reason="too hard")
    else:
        since = timezone.now()
        factories.label(bob, (1, -1))
        quality.exclude(labeler=bob, since=since, reason="Clicked through.", by=dana)
    late = factories.submit(alice, assignment, (1, 1, 1)).label

    training = lines(alice.project, View.TRAINING)

    assert [line["labeler"] for line in training] == [str(alice.pseudonym)]
    assert list(Label.objects.for_training()) == [late]


def test_a_label_that_was_corrected_goes_out_as_corrected(alice):
    factories.queued(alice.project)
    old = factories.label(alice, (1, 1, 1))
    new = Label.objects.get(pk=old.pk)
    new.pk, new.supersedes_id, new.finish_reason, new._state.adding = uuid.uuid4(), old.pk, "found_error", True
    new.created_at = old.created_at
    new.save()
    StepRating.objects.create(label=new, step=0, rating=-1)

    for view in (View.RAW, View.TRAINING):
        assert [line["label"]["finish_reason"] for line in lines(alice.project, view)] == ["found_error"]
        assert excluded(alice.project, view) == {"superseded": 1}


def test_a_project_never_exports_another_ones_labels(alice, charlie):
    for labeler in (alice, charlie):
        factories.queued(labeler.project)
        factories.label(labeler)

    assert [line["labeler"] for line in lines(alice.project)] == [str(alice.pseudonym)]


def test_lines_of_two_files_of_one_name_stay_apart_each_in_its_order(project, dana):
    texts_of = [[published(steps=PHASE_2, labeler=str(uuid.uuid4())) for _ in range(2)] for _ in range(2)]
    for one in texts_of:
        batch = ImportBatch.objects.create(
            project=project, kind="labels", state="importing", name="a.jsonl", sha256="a" * 64, bytes=1
        )
        course = importing.Course(batch)
        importing.import_labels(project=project, lines=one, source="a.jsonl", by=None, course=course)

    assert texts(project) == [line.decode() for one in texts_of for line in one]


def test_an_imported_line_against_the_rules_goes_out_raw_but_never_trains(project):
    line = json.dumps(
        {
            "labeler": str(uuid.uuid4()),
            "timestamp": "2023-01-22T04:34:27.052924",
            "generation": None,
            "is_quality_control_question": False,
            "is_initial_screening_question": False,
            "question": {"problem": "What?", "ground_truth_answer": "1"},
            "label": {"steps": [], "total_time": 1, "finish_reason": "found_error"},
        }
    )
    bring_in(project, "phase1_train.jsonl", line.encode())

    assert texts(project) == [line]
    assert texts(project, View.TRAINING) == []
    assert excluded(project, View.TRAINING) == {"against the rules of the format": 1}


def test_a_collected_label_that_makes_no_sound_line_is_an_error_and_no_line(alice):
    factories.queued(alice.project)
    wrong = factories.label(alice, (1, -1))
    StepRating.objects.create(label=wrong, step=2, rating=1, chosen=True)

    for view in (View.RAW, View.TRAINING):
        with pytest.raises(BrokenLabel, match=f"{wrong.pk}.*ends at a step rated -1"):
            texts(alice.project, view)


@pytest.mark.parametrize("count", [1, 4])
def test_the_number_of_queries_does_not_depend_on_the_number_of_labels(alice, count, django_assert_num_queries):
    factories.queued(alice.project, count)
    for _ in range(count):
        factories.label(alice)

    # imported labels · the others
    with django_assert_num_queries(2):
        assert len(texts(alice.project)) == count
