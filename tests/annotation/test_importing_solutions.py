"""Solutions come into the pool cut into steps, graded, and counted once however often they are imported."""

import hashlib
import json

import pytest
from django.db import DatabaseError
from hypothesis import given
from hypothesis import strategies as st

from active_learning.grading import GRADER_VERSION
from active_learning.steps import LINE_ENDS, split_steps
from annotation.models import Problem, Solution
from annotation.services import audit, importing
from annotation.services.content import problem_hash, solution_hash
from annotation.services.import_report import RefusedLine
from annotation.services.sample_lines import PARAGRAPH_ENDS
from tests.shared_data import shared_lines

pytestmark = pytest.mark.django_db

QUESTION = "How many bolts does it take?"
ENDING = "\n\n# Answer\n\n3"


@pytest.fixture
def problem(project):
    made = line(problem=QUESTION, answer="3", unique_id="test/algebra/1.json")
    importing.import_problems(project=project, lines=[made], source="problems.jsonl", by=None)
    return Problem.objects.get()


def line(**values):
    return json.dumps(values).encode()


def load(project, *lines, **options):
    return importing.import_solutions(project=project, lines=lines, source="samples.jsonl", by=None, **options)


def only():
    return Solution.objects.get()


# Steps --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("One.\nTwo.", ("One.", "Two.")),
        ("One.\n\n\nTwo.\n", ("One.\n\n", "Two.\n")),
        ("\n  One.\n \nTwo.", ("\n  One.\n ", "Two.")),
        ("One.\nTwo." + ENDING, ("One.", "Two." + ENDING)),
        ("One.\n# Answer\n\n1\n2", ("One.\n# Answer\n\n1\n2",)),
        ("# Answer\n\n3", ("# Answer\n\n3",)),
        ("One.\n# Answer\n\n2\nNo.\n# Answer\n\n3", ("One.", "# Answer\n", "2", "No.\n# Answer\n\n3")),
        ("One.\r\nTwo.", ("One.\r", "Two.")),
    ],
)
def test_a6_a_step_is_a_line_and_the_answer_stays_in_the_last_one(text, steps):
    cut = split_steps(text)

    assert cut == steps
    assert "\n".join(cut) == text


def test_a_step_is_a_paragraph_where_samples_are_written_so():
    text = "We add:\n- 1\n- 2\n\nSo:\n\\[\n3\n\\]\n\n\nDone."

    assert split_steps(text, PARAGRAPH_ENDS) == ("We add:\n- 1\n- 2\n", "So:\n\\[\n3\n\\]\n\n", "Done.")


@given(st.lists(st.sampled_from(["\n", " ", "a", "# Answer", "\r", "b c", "\u2028"])), st.booleans())
def test_a6_steps_are_never_blank_and_always_make_the_text_again(pieces, paragraphs):
    text = "".join(pieces)
    if not text.strip():
        return

    steps = split_steps(text, PARAGRAPH_ENDS if paragraphs else LINE_ENDS)

    assert "\n".join(steps) == text
    assert all(step.strip() for step in steps)


# Layouts ------------------------------------------------------------------------------------------------------------


def test_a7_what_was_cut_off_is_kept_and_never_queued_whatever_it_looks_like(problem):
    cut_off = line(problem=QUESTION, steps=["Two.", "One more." + ENDING], answer="3", complete=False)

    load(problem.project, cut_off)

    made = Solution.objects.get()
    assert (made.complete, made.answer) == (False, None)
    assert not Solution.objects.filter(project=problem.project).selectable().exists()


def test_a_simple_line_becomes_a_graded_solution_with_all_its_fields(problem):
    report = load(
        problem.project,
        line(
            problem=QUESTION,
            steps=["Two.", "One more." + ENDING],
            answer="3",
            generator="toy-1",
            score=0.25,
            seed=7,
            temperature=1,
        ),
    )

    solution = only()
    assert (solution.problem, solution.steps, solution.answer) == (problem, ["Two.", "One more." + ENDING], "3")
    assert (solution.grade, solution.grader_version, solution.complete) == ("correct", GRADER_VERSION, True)
    assert (solution.generator, solution.seed, solution.temperature, solution.imported_score) == (
        "toy-1",
        7,
        1.0,
        0.25,
    )
    assert (report.created, report.grades) == (1, {"correct": 1})


def test_a_problem_is_found_by_its_unique_id_alone(problem):
    load(problem.project, line(unique_id="test/algebra/1.json", solution="Two.\nFour." + "\n\n# Answer\n\n4"))

    assert only().problem == problem
    assert only().steps == ["Two.", "Four.\n\n# Answer\n\n4"]
    assert (only().answer, only().grade, only().generator) == ("4", "wrong", "import")


def test_a_problem_is_found_by_its_text_with_other_white_space(problem):
    load(problem.project, line(question="How many\nbolts does  it take?", solution="3"))

    assert only().problem == problem


def test_a_generator_can_be_named_for_lines_that_do_not(problem):
    named = line(problem=QUESTION, solution="A: 3", generator="its own")

    load(problem.project, named, line(problem=QUESTION, solution="A: 4"), generator="toy-2")

    assert list(Solution.objects.order_by("answer").values_list("generator", flat=True)) == ["its own", "toy-2"]


def test_a_solution_without_a_final_answer_is_incomplete_and_never_selectable(problem):
    load(problem.project, line(problem=QUESTION, solution="Two.\nAnd then"))

    assert (only().complete, only().answer, only().grade) == (False, None, "ungradable")
    assert not Solution.objects.selectable().exists()


def test_model_solutions_of_gsm8k_are_one_solution_for_each_model(problem):
    report = load(
        problem.project,
        line(
            question=QUESTION,
            ground_truth="2+1=<<2+1=3>>3\nA: 3",
            **{
                "6b_finetuning": {"is_correct": True, "solution": "2+1=3\nA: 3"},
                "175b_verification": {"is_correct": True, "solution": "2*2=4\nA: 4"},
            },
        ),
    )

    assert list(Solution.objects.order_by("answer").values_list("generator", "steps", "grade")) == [
        ("6b_finetuning", ["2+1=3", "A: 3"], "correct"),
        ("175b_verification", ["2*2=4", "A: 4"], "wrong"),
    ]
    assert report.notes == {"graded wrong, though the file says otherwise": 1}


def test_samples_of_qwen_are_one_solution_for_each_text_cut_at_paragraphs(problem):
    texts = ["Add.\n\nSo \\(\\boxed{3}\\).", "Times:\n4\n\nSo \\(\\boxed{4}\\)."]

    load(problem.project, line(question=QUESTION, gt="3", solution="Add.", code=texts, score=[True, False]))

    assert [one.steps for one in Solution.objects.order_by("answer")] == [
        ["Add.\n", "So \\(\\boxed{3}\\)."],
        ["Times:\n4\n", "So \\(\\boxed{4}\\)."],
    ]


def test_the_question_of_a_phase_2_record_is_a_solution(problem):
    question = {
        "problem": QUESTION,
        "ground_truth_solution": None,
        "ground_truth_answer": "3",
        "pre_generated_steps": ["Two.", "Four.\n\n# Answer\n\n4"],
        "pre_generated_answer": "4",
        "pre_generated_verifier_score": 1.1e-09,
    }

    load(problem.project, line(labeler="somebody", question=question))

    assert (only().answer, only().grade, only().imported_score) == ("4", "wrong", 1.1e-09)


def test_the_scored_samples_of_prm800k_are_read(problem):
    load(
        problem.project,
        line(problem=QUESTION, unique_id="test/algebra/1.json", steps=["3" + ENDING], prm_score=0.5, is_correct=True),
    )

    assert only().imported_score == 0.5


# Problems -----------------------------------------------------------------------------------------------------------


def test_a_problem_that_is_not_there_is_refused_unless_it_may_be_made(project):
    sample = line(question="What is 2 + 2?", gt="4", code=["\\boxed{4}", "\\boxed{5}"])
    unnamed = line(unique_id="nobody/knows.json", solution="3")

    report = load(project, sample, unnamed)
    assert [(one.number, one.path) for one in report.refused] == [(1, "problem"), (1, "problem"), (2, "unique_id")]
    assert not Problem.objects.exists()

    report = load(project, sample, unnamed, new_problems="test")
    problem = Problem.objects.get()
    assert (report.created, report.problems_created, report.refused_count) == (2, 1, 1)
    assert (problem.text, problem.answer, problem.split) == ("What is 2 + 2?", "4", "test")


def test_a_problem_that_is_made_gets_what_the_line_says_of_it(project):
    told = {"problem": "What is 2 + 2?", "solution": "4", "generator": "m"}
    load(project, line(**told, subject="Algebra", level="Level 3", unique_id="train/7.json"), new_problems="train")

    problem = Problem.objects.get()
    assert (problem.subject, problem.level, problem.unique_id) == ("Algebra", 3, "train/7.json")


def test_the_name_that_our_own_samples_give_a_problem_without_one_is_not_taken_for_one(project):
    theirs = line(problem="What is 1 + 1?", answer="2", unique_id="problem-7")
    importing.import_problems(project=project, lines=[theirs], source="problems.jsonl", by=None)

    load(project, line(problem="What is 2 + 2?", steps=["4"], unique_id="problem-7"), new_problems="train")

    assert only().problem.text == "What is 2 + 2?"
    assert only().problem.unique_id == ""
    load(project, line(steps=["2"], unique_id="problem-7"))
    assert Solution.objects.get(steps=["2"]).problem.unique_id == "problem-7"


def test_two_problems_under_one_unique_id_are_two_problems_and_the_first_keeps_it(project):
    lines = [
        line(problem=text, solution="4", unique_id="a", generator="m") for text in ("What is 2 + 2?", "And 3 + 1?")
    ]

    report = load(project, *lines, new_problems="train")

    assert (report.created, report.problems_created) == (2, 2)
    assert dict(Problem.objects.values_list("text", "unique_id")) == {"What is 2 + 2?": "a", "And 3 + 1?": ""}


# Only once ----------------------------------------------------------------------------------------------------------


def test_the_same_steps_are_one_solution_with_a_count(problem):
    sample = line(problem=QUESTION, solution="Two.\nA: 3")

    report = load(problem.project, sample, sample, line(problem=QUESTION, steps=["Two.", "A: 3"]))

    assert only().count == 3
    assert (report.created, report.folded, report.already_there) == (1, 2, 0)


def test_a_second_import_adds_nothing_and_counts_nothing(problem):
    lines = [line(problem=QUESTION, solution="Two.\nA: 3")] * 2 + [line(problem=QUESTION, solution="A: 4")]
    load(problem.project, *lines)

    report = load(problem.project, *lines)

    assert (report.created, report.folded, report.already_there) == (0, 0, 3)
    assert sorted(Solution.objects.values_list("count", flat=True)) == [1, 2]
    assert not report.grades


def test_the_same_steps_in_two_batches_are_folded_too(problem, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 1)

    report = load(problem.project, *[line(problem=QUESTION, solution="A: 3")] * 3)

    assert (only().count, report.created, report.folded) == (3, 1, 2)


def test_the_same_steps_cut_elsewhere_are_another_solution(problem):
    load(
        problem.project,
        line(problem=QUESTION, steps=["Two.\nThree.", "A: 3"]),
        line(problem=QUESTION, steps=["Two.", "Three.", "A: 3"]),
    )

    assert Solution.objects.count() == 2


# Refused ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"steps": []}, "steps", "there is no step"),
        ({"steps": ["Two.", " "]}, "steps[1]", "the step is empty"),
        ({"steps": ["Two.", 3]}, "steps[1]", "expected text, found a whole number"),
        ({"solution": "\n"}, "solution", "the solution is empty"),
        ({}, "steps", "the key is missing (and there is no solution either)"),
        ({"solution": "3", "score": 1.5}, "score", "a score lies between 0 and 1, and 1.5 does not"),
        ({"solution": "3", "seed": 1.5}, "seed", "expected a whole number or null, found a decimal number"),
        ({"code": ["3", ""]}, "code[1]", "the solution is empty"),
        ({"toy": {"solution": ""}}, "toy.solution", "the solution is empty"),
    ],
)
def test_what_is_no_solution_is_refused_with_its_place(problem, changes, path, reason):
    report = load(problem.project, line(problem=QUESTION, solution="A: 3"), line(problem=QUESTION, **changes))

    assert report.refused == [RefusedLine(2, path, reason)]
    assert report.created == 1


def test_without_the_audit_there_is_no_import(problem, monkeypatch):
    def broken(**_):
        raise DatabaseError("the second write fails")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(DatabaseError):
        load(problem.project, line(problem="A new one", solution="3"), new_problems="train")

    assert not Solution.objects.exists()
    assert Problem.objects.get() == problem


def test_hashes_do_not_change_from_release_to_release():
    assert problem_hash(" What \n is it? ").hex().startswith("bbff7b98")
    assert solution_hash(["a", "é"]).hex().startswith("3cfa8933")


@pytest.mark.shared_data
@pytest.mark.slow
def test_all_model_solutions_of_gsm8k_import_without_loss(project):
    lines = shared_lines("samples/gsm8k_example_model_solutions.jsonl")
    importing.import_problems(project=project, lines=shared_lines("gsm8k/test.jsonl"), source="test.jsonl", by=None)

    first, second = load(project, *lines), load(project, *lines)

    assert (first.created, first.folded, first.refused_count, first.problems_created) == (3681, 3, 0, 0)
    # 1,379 of the 3,684 are right by the file; the three that stand twice are right too.
    assert first.grades == {"correct": 1376, "wrong": 2296, "ungradable": 9}
    assert not first.notes
    assert (second.created, second.folded, second.already_there) == (0, 0, 3684)
    assert sum(Solution.objects.values_list("count", flat=True)) == 921 * 4
    assert Solution.objects.filter(complete=False).count() == 9


@pytest.mark.shared_data
def test_all_samples_of_qwen_import_and_come_together_again(project):
    lines = shared_lines("samples/qwen25math_cot_100x8.jsonl")

    report = load(project, *lines, new_problems="test")

    assert (report.created + report.folded, report.problems_created, report.refused_count) == (72 * 8, 72, 0)
    texts = {text for one in lines for text in json.loads(one)["code"]}
    assert {"\n".join(steps) for steps in Solution.objects.values_list("steps", flat=True)} == texts


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]))))
def test_the_hash_of_steps_is_that_of_what_json_dumps_writes(steps):
    assert solution_hash(steps) == hashlib.sha256(json.dumps(steps, ensure_ascii=False).encode()).digest()
