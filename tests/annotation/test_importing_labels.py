"""PRM800K lines become labels with every irregularity that real files have, and keep their bytes."""

import json
import uuid
from collections import Counter

import pytest
from django.db import DatabaseError

from annotation.models import Disagreement, ImportedRecord, Label, Labeler, Problem, Solution, StepRating
from annotation.models.snapshots import View
from annotation.services import adjudication, audit, importing
from annotation.services.export_views import lines_of_view
from annotation.services.import_report import RefusedLine
from tests import factories
from tests.shared_data import shared_lines

pytestmark = pytest.mark.django_db

CAROL = "0b7c0e3c-6a4e-4d59-9c5a-0d1d0d9c1c11"
STEPS = ["One and one.", "That is 3.\n\n# Answer\n\n3"]


def option(text, rating, flagged=False):
    return {"text": text, "rating": rating, "flagged": flagged}


def step(*completions, chosen=0, human=None):
    return {"completions": list(completions), "human_completion": human, "chosen_completion": chosen}


def line(*, steps, phase=2, finish_reason="found_error", question=None, **changes):
    asked = {"problem": "What is 1 + 1?"}
    if phase == 2:
        asked |= {"ground_truth_solution": "Count.", "ground_truth_answer": "2", "pre_generated_steps": STEPS}
        asked |= {"pre_generated_answer": "3", "pre_generated_verifier_score": 1.129314385442644e-09}
    else:
        asked |= {"ground_truth_answer": "2"}
    body = {
        "labeler": CAROL,
        "timestamp": "2023-01-22T04:34:27.052924",
        "generation": 9 if phase == 2 else None,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": asked | (question or {}),
        "label": {"steps": steps, "total_time": 48465, "finish_reason": finish_reason},
    }
    return json.dumps(body | changes).encode()


PHASE_2 = [
    step(option(STEPS[0], 0, None)),
    step(option(STEPS[1], -1, None), option("That is 2.", 1), option("Hm.", 0, flagged=True), chosen=None),
]


def load(project, *lines, **options):
    return importing.import_labels(project=project, lines=lines, source="phase2_train.jsonl", by=None, **options)


def ratings(label):
    fields = ("step", "option", "text", "rating", "flagged", "chosen", "human")
    return list(label.steprating_set.order_by("step", "option").values_list(*fields))


def test_a_phase_2_line_becomes_problem_solution_labeler_label_and_ratings(project):
    report = load(project, line(steps=PHASE_2))

    label = Label.objects.get()
    problem, solution = label.solution.problem, label.solution
    assert (problem.text, problem.answer, problem.reference_solution) == ("What is 1 + 1?", "2", "Count.")
    assert (solution.steps, solution.answer, solution.grade) == (STEPS, "3", "wrong")
    assert (solution.imported_score, solution.generator, solution.complete) == (
        1.129314385442644e-09,
        "import",
        True,
    )
    assert (str(label.labeler.pseudonym), label.labeler.user) == (CAROL, None)
    assert (label.origin, label.purpose, label.phase, label.slot) == ("import", "production", 2, None)
    assert (label.finish_reason, label.total_time_ms) == ("found_error", 48465)
    assert (report.created, report.problems_created, report.grades) == (1, 1, {"wrong": 1})


def test_every_option_is_a_rating_and_the_solutions_own_text_is_not_stored_twice(project):
    load(project, line(steps=PHASE_2))

    assert ratings(Label.objects.get()) == [
        (0, 0, None, 0, None, True, False),
        (1, 0, None, -1, None, False, False),
        (1, 1, "That is 2.", 1, False, False, False),
        (1, 2, "Hm.", 0, True, False, False),
    ]


def test_a_phase_1_line_has_the_chosen_path_for_its_solution(project):
    written = {"text": "Let me add.", "rating": None, "source": "human", "flagged": False, "corrected_rating": -1}
    load(
        project,
        line(
            phase=1,
            finish_reason="solution",
            steps=[
                step(option("Look.", 0), option("See.", 1), chosen=1),
                step(option("Bad.", -1), chosen=None, human=written),
                step(option("2.\n\n# Answer\n\n2", 1)),
            ],
        ),
    )

    label = Label.objects.get()
    assert label.phase == 1
    assert label.solution.steps == ["See.", "Let me add.", "2.\n\n# Answer\n\n2"]
    assert (label.solution.answer, label.solution.grade) == ("2", "correct")
    assert ratings(label) == [
        (0, 0, "Look.", 0, False, False, False),
        (0, 1, None, 1, False, True, False),
        (1, 0, "Bad.", -1, False, False, False),
        (1, 1, "Let me add.", None, False, True, True),
        (2, 0, None, 1, False, True, False),
    ]


def test_beside_a_chosen_option_a_written_draft_is_kept_but_not_chosen(project):
    draft = {"text": "Now divide the ", "rating": None, "source": "human", "flagged": False}
    last = step(option("2.\n\n# Answer\n\n2", 1), human=draft)

    report = load(project, line(phase=1, finish_reason="solution", steps=[last]))

    assert ratings(Label.objects.get())[1] == (0, 1, "Now divide the ", None, False, False, True)
    assert report.notes == {"a written step beside a chosen option": 1}


def test_a_give_up_without_a_chosen_step_has_its_first_option_for_a_solution(project):
    load(
        project,
        line(phase=1, finish_reason="give_up", steps=[step(option("Hm.", None), option("Er.", None), chosen=None)]),
    )

    solution = Solution.objects.get()
    assert (solution.steps, solution.complete) == (["Hm."], False)
    assert StepRating.objects.filter(rating=None).count() == 2


def test_a_give_up_that_ends_in_an_empty_step_is_taken(project):
    empty = {"completions": None, "human_completion": None, "chosen_completion": None}

    report = load(project, line(phase=1, finish_reason="give_up", steps=[step(option("Hm.", 1)), empty]))

    assert Solution.objects.get().steps == ["Hm."]
    assert report.notes == {"a step without options": 1}


def test_a_label_without_any_text_is_taken_and_noted(project):
    report = load(project, line(finish_reason="bad_problem", steps=[], question={"pre_generated_steps": []}))

    assert Label.objects.get().solution.steps == [""]
    assert not Label.objects.get().solution.complete
    assert report.notes == {"a label without any step": 1}


@pytest.mark.parametrize(
    ("flags", "purpose"),
    [
        ({"is_quality_control_question": True}, "quality_control"),
        ({"is_initial_screening_question": True, "generation": -1}, "screening"),
    ],
)
def test_quality_control_and_screening_keep_their_purpose(project, flags, purpose):
    load(project, line(steps=PHASE_2, **flags))

    assert Label.objects.get().purpose == purpose


def test_a_screening_line_without_truth_is_taken(project):
    missing = {"ground_truth_solution": None, "ground_truth_answer": None}

    load(project, line(steps=PHASE_2, generation=-1, is_initial_screening_question=True, question=missing))

    problem = Problem.objects.get()
    assert (problem.answer, problem.reference_solution) == (None, "")
    assert Solution.objects.get().grade == "ungradable"


def test_the_problem_may_differ_from_the_one_that_is_there_in_white_space(project):
    known = json.dumps({"problem": "What is\n1 + 1?", "answer": "2", "split": "test"}).encode()
    importing.import_problems(project=project, lines=[known], source="math.jsonl", by=None)

    report = load(project, line(steps=PHASE_2))

    assert Label.objects.get().solution.problem.text == "What is\n1 + 1?"
    assert report.problems_created == 0
    assert report.notes["a problem that is in the test split here"] == 1


def test_the_bytes_of_the_line_are_kept_with_their_place(project):
    raw = line(steps=PHASE_2).replace(b'": ', b'" :  ') + b"\r"

    load(project, b"", raw)

    stored = ImportedRecord.objects.get()
    assert stored.line.encode() == raw
    assert (stored.source, stored.number) == ("phase2_train.jsonl", 2)


def test_a_line_is_imported_once_and_always_gets_the_same_id(project):
    load(project, line(steps=PHASE_2), line(steps=PHASE_2))
    (first,) = Label.objects.values_list("pk", flat=True)

    report = load(project, line(steps=PHASE_2))

    assert (report.created, report.already_there) == (0, 1)
    assert Label.objects.get().pk == first
    assert Solution.objects.get().count == Labeler.objects.count() == 1


def test_the_same_judgement_sent_twice_is_two_labels_of_one_solution(project):
    twice = [line(steps=PHASE_2, timestamp=f"2022-07-30T23:23:3{second}.118856") for second in (1, 2)]

    load(project, *twice)

    assert Label.objects.count() == 2
    assert Solution.objects.count() == 1


def test_two_projects_can_hold_the_same_line(project, charlie):
    load(project, line(steps=PHASE_2))
    load(charlie.project, line(steps=PHASE_2))

    assert Label.objects.values("pk").distinct().count() == 2


def test_a_line_against_the_rules_of_the_format_is_kept_and_noted(project):
    report = load(project, line(steps=[step(option(STEPS[0], 1, None))]))

    assert report.created == 1
    assert report.notes == {"against the rules of the format: found_error ends at a step rated -1": 1}


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"labeler": "carol"}, "labeler", "not a UUID"),
        ({"question": {"problem": " "}}, "question.problem", "the problem is empty"),
        (
            {"question": {"pre_generated_verifier_score": 1.5}},
            "question.pre_generated_verifier_score",
            "not between 0 and 1: 1.5",
        ),
        (
            {"label": {"steps": [], "total_time": -1, "finish_reason": "give_up"}},
            "label.total_time",
            "a time below zero",
        ),
        (
            {"steps": [step(option("Hm.", 2))]},
            "label.steps[0].completions[0].rating",
            "a rating is -1, 0, 1 or null, not 2",
        ),
        ({"generation": True}, "generation", "expected a whole number or null, found true or false"),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(project, changes, path, reason):
    report = load(project, line(steps=PHASE_2), line(**{"steps": PHASE_2} | changes))

    assert report.refused == [RefusedLine(2, path, reason)]
    assert report.created == 1


def test_an_exported_label_of_this_project_is_not_imported_beside_itself(alice):
    factories.queued(alice.project)
    label = factories.label(alice)
    stamp = label.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f")

    report = load(
        alice.project,
        line(steps=PHASE_2, labeler=str(alice.pseudonym), timestamp=stamp),
        line(steps=PHASE_2, labeler=str(alice.pseudonym), timestamp="2023-01-22T04:34:27.052924"),
        line(steps=PHASE_2, labeler=str(uuid.uuid4()), timestamp=stamp),
    )

    assert (report.created, report.already_there) == (2, 1)
    assert Label.objects.filter(labeler=alice).count() == 2


def test_what_a_reviewer_of_this_project_decided_is_not_imported_as_a_label_of_theirs(alice, bob, tmp_path):
    solution = factories.disagreement(alice, bob)
    rita = factories.member(alice.project, "reviewer", "rita")
    for act in (adjudication.judge_blind, adjudication.decide):
        act(project=alice.project, solution=solution.pk, judgement=factories.judgement((1, 1, -1)), by=rita)
    lines = [one.text.encode() for one in lines_of_view(project=alice.project, view=View.RAW, excluded=Counter())]

    report = load(alice.project, *lines)

    assert (len(lines), report.created, report.already_there) == (3, 0, 3)


def test_imported_labels_that_disagree_are_there_to_be_decided(project):
    other = step(option(STEPS[0], -1, None), chosen=None)
    load(project, line(steps=PHASE_2), line(steps=PHASE_2, labeler=str(uuid.uuid4())))
    assert not Disagreement.objects.exists()

    load(project, line(steps=[other], labeler=str(uuid.uuid4())), dry_run=True)
    assert not Disagreement.objects.exists()
    load(project, line(steps=[other], labeler=str(uuid.uuid4())))

    assert Disagreement.objects.get().solution == Solution.objects.get()


def test_a_label_given_while_others_of_its_solution_come_in_is_compared_with_them(alice, monkeypatch):
    """The import waits with its look until all lines are in; what was labeled here since is seen, too."""
    told = {"project": alice.project, "lines": [line(steps=PHASE_2)], "source": "pool.jsonl", "by": None}
    importing.import_solutions(**told, new_problems="train")
    round_, job = factories.running_round(alice.project)
    picks = [factories.rounds.Pick(Solution.objects.get().pk, "random", 1, {})]
    factories.rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})
    stored = importing.store_labels

    def store(**values):
        judged = stored(**values)
        factories.label(alice, (1, 1), total_time_ms=1)
        return judged

    monkeypatch.setattr(importing, "store_labels", store)

    load(alice.project, line(steps=PHASE_2))

    assert Disagreement.objects.get().solution == Solution.objects.get()


def test_a_dry_run_changes_nothing(project):
    report = load(project, line(steps=PHASE_2), dry_run=True)

    assert (report.created, Label.objects.count(), Problem.objects.count(), Labeler.objects.count()) == (1, 0, 0, 0)


@pytest.mark.parametrize("model", [StepRating, ImportedRecord])
def test_without_the_ratings_or_the_line_there_is_no_label(project, monkeypatch, model):
    def broken(*_, **__):
        raise DatabaseError("the second write fails")

    monkeypatch.setattr(model.objects, "bulk_create", broken)
    with pytest.raises(DatabaseError):
        load(project, line(steps=PHASE_2))

    assert not Label.objects.exists()
    assert not Problem.objects.exists()


def test_without_the_audit_there_is_no_import(project, monkeypatch):
    def broken(**_):
        raise DatabaseError("the second write fails")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(DatabaseError):
        load(project, line(steps=PHASE_2))

    assert not Label.objects.exists()


@pytest.mark.shared_data
def test_every_original_line_is_taken_and_its_oddities_are_counted(project):
    report = load(project, *shared_lines("prm800k_original/phase1_test.jsonl"))

    assert (report.created, report.refused_count) == (75, 0)
    assert report.notes == {
        "an option without a rating": 11,
        "a flagged option": 4,
        "a corrected rating of a written step": 2,
        "a written step beside a chosen option": 2,
    }
    # Half-hidden in the counts: 9 gave up, 3 of them at the first step.
    assert Label.objects.filter(finish_reason="give_up").count() == 9
    for label in Label.objects.select_related("solution", "importedrecord"):
        steps = json.loads(label.importedrecord.line)["label"]["steps"]
        options = sum(len(one["completions"] or ()) + bool(one["human_completion"]) for one in steps)
        assert label.steprating_set.count() == options


@pytest.mark.shared_data
def test_original_lines_of_phase_2_are_taken(project):
    report = load(project, *shared_lines("prm800k_original/phase2_records_14.jsonl"))

    assert (report.created, report.refused_count, dict(report.notes)) == (10, 0, {})
    assert sorted(Label.objects.values_list("purpose", flat=True)) == ["production"] * 9 + ["screening"]
    assert report.grades == {"wrong": 9, "ungradable": 1}
