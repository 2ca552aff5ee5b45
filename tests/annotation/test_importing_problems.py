"""Problems come in once, whole or not at all, and every line that is left out says why."""

import json

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from annotation.models import AuditEvent, Problem
from annotation.models.problems import Split
from annotation.services import audit, import_lock, importing
from annotation.services.import_report import MAX_REFUSED_SHOWN, RefusedLine
from tests import factories
from tests.shared_data import shared_lines

pytestmark = pytest.mark.django_db


def math_line(number=1, **changes):
    values = {
        "problem": f"What is {number} + 1?",
        "solution": f"It is $\\boxed{{{number + 1}}}$.",
        "answer": str(number + 1),
        "subject": "Prealgebra",
        "level": 2,
        "unique_id": f"train/prealgebra/{number}.json",
    } | changes
    return json.dumps({key: value for key, value in values.items() if value != "absent"}).encode()


def load(project, lines, **options):
    return importing.import_problems(project=project, lines=lines, source="math.jsonl", by=None, **options)


def only():
    return Problem.objects.get()


def test_a_math_line_becomes_a_problem_with_all_its_fields(project):
    load(project, [math_line(1)])

    problem = only()
    assert (problem.text, problem.answer, problem.reference_solution) == (
        "What is 1 + 1?",
        "2",
        "It is $\\boxed{2}$.",
    )
    assert (problem.subject, problem.level, problem.unique_id, problem.split) == (
        "Prealgebra",
        2,
        "train/prealgebra/1.json",
        "train",
    )


def test_a_broken_line_is_named_and_the_other_nine_load(project):
    lines = [math_line(number) for number in range(1, 11)]
    lines[3] = b'{"problem": "What is 4'

    report = load(project, lines)

    assert (report.created, report.refused_count) == (9, 1)
    assert report.refused[0].number == 4
    assert report.refused[0].reason.startswith("not valid JSON")


def test_a_second_import_adds_nothing(project):
    lines = [math_line(number) for number in range(1, 11)]
    load(project, lines)

    report = load(project, lines)

    assert (report.created, report.already_there, Problem.objects.count()) == (0, 10, 10)
    assert not report.notes


def test_white_space_does_not_make_another_problem(project):
    report = load(project, [math_line(1, problem="Find $x$.\nNow."), math_line(2, problem=" Find  $x$. Now.")])

    assert (report.created, report.already_there) == (1, 1)
    assert only().text == "Find $x$.\nNow."
    assert report.notes["already there with another unique id, which was kept"] == 1
    assert report.notes["already there with another answer, which was kept"] == 1


def test_another_truth_is_told_and_none_at_all_is_not(project):
    lines = [math_line(1, answer="5", solution="Count."), math_line(1, answer="5", solution="Think.")]

    report = load(project, [*lines, math_line(1, answer=None, solution="")])

    assert (report.created, report.already_there) == (1, 2)
    assert report.notes == {"already there with another reference solution, which was kept": 1}
    assert (only().answer, only().reference_solution) == ("5", "Count.")


def test_another_project_has_its_own_copy(project, charlie):
    load(project, [math_line(1)])

    report = load(charlie.project, [math_line(1)])

    assert (report.created, Problem.objects.count()) == (1, 2)


def test_a_name_that_another_problem_has_is_refused(project):
    load(project, [math_line(1)])
    lines = [math_line(2, unique_id="train/prealgebra/1.json"), math_line(3), math_line(4, unique_id=math_id(3))]

    report = load(project, lines)

    assert report.created == 1
    assert report.refused == [
        RefusedLine(1, "unique_id", "'train/prealgebra/1.json' is the name of another problem"),
        RefusedLine(3, "unique_id", "'train/prealgebra/3.json' is the name of another problem"),
    ]


def math_id(number):
    return f"train/prealgebra/{number}.json"


def test_the_layout_of_math_12500_is_read(project):
    line = {
        "problem": "How many?",
        "level": "Level 3",
        "type": "Algebra",
        "solution": "So \\boxed{2}.",
        "unique_id": "test/algebra/1.json",
        "boxed_answer": "2",
        "prm800k_split": "test",
    }

    load(project, [json.dumps(line).encode()])

    problem = only()
    assert (problem.subject, problem.level, problem.answer, problem.split) == ("Algebra", 3, "2", "test")


def test_the_layout_of_gsm8k_is_read(project):
    line = {"question": "How many bolts?", "answer": "It takes 2/2=<<2/2=1>>1.\nSo 1,200.\n#### 1,200"}

    load(project, [json.dumps(line).encode()])

    problem = only()
    assert (problem.text, problem.answer) == ("How many bolts?", "1,200")
    assert problem.reference_solution == "It takes 2/2=<<2/2=1>>1.\nSo 1,200."


def test_without_an_answer_the_box_of_the_solution_is_taken(project):
    load(project, [math_line(1, answer="absent", solution="So $\\boxed{\\frac{1}{2}}$.")])

    assert only().answer == "\\frac{1}{2}"


def test_an_unknown_answer_and_an_empty_answer_are_two_things(project):
    load(project, [math_line(1, answer=None, solution="absent"), math_line(2, answer="", solution="absent")])

    assert sorted(Problem.objects.values_list("answer", flat=True), key=str) == ["", None]


@pytest.mark.parametrize(("level", "stored"), [(5, 5), ("Level 4", 4), ("3", 3), ("Level ?", None), (None, None)])
def test_levels_in_all_spellings(project, level, stored):
    report = load(project, [math_line(1, level=level)])

    assert only().level == stored
    assert report.notes["no level known"] == (stored is None)


def test_the_split_of_a_line_wins_over_the_given_one(project):
    load(project, [math_line(1), math_line(2, split="train")], split=Split.TEST)

    assert [problem.split for problem in Problem.objects.order_by("unique_id")] == ["test", "train"]


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"problem": "absent"}, "problem", "the key is missing (and there is no question either)"),
        ({"problem": " \n"}, "problem", "the problem is empty"),
        ({"problem": 5}, "problem", "expected text, found a whole number"),
        ({"answer": ["2"]}, "answer", "expected text or a whole number, found a list"),
        ({"answer": True}, "answer", "expected text or a whole number, found true or false"),
        ({"subject": "x" * 101}, "subject", "longer than 100 characters"),
        ({"level": 2.5}, "level", "expected text or a whole number or null, found a decimal number"),
        ({"unique_id": "x" * 201}, "unique_id", "longer than 200 characters"),
        ({"split": "validation"}, "split", "'validation' is none of train, test"),
        ({"solution": "a\x00b"}, "solution", "the text holds a NUL or half of a surrogate pair"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place(project, changes, path, reason):
    report = load(project, [math_line(1), math_line(2, **changes)])

    assert report.refused == [RefusedLine(2, path, reason)]
    assert report.created == 1


def test_blank_lines_count_but_do_not_shift_line_numbers(project):
    report = load(project, [b"", b"  ", b"broken", math_line(1)])

    assert (report.blank_lines, report.created) == (2, 1)
    assert report.refused[0].number == 3


def test_a_hundred_refused_lines_are_shown_and_all_are_counted(project):
    report = load(project, [b"broken"] * 130)

    assert (len(report.refused), report.refused_count) == (MAX_REFUSED_SHOWN, 130)


def test_a_dry_run_reports_and_changes_nothing(project):
    report = load(project, [math_line(1), b"broken"], dry_run=True)

    assert (report.created, report.refused_count, report.dry_run) == (1, 1, True)
    assert not Problem.objects.exists()
    assert not AuditEvent.objects.exists()


def test_who_imported_what_is_written_down(project, dana):
    importing.import_problems(project=project, lines=[math_line(1), b"broken"], source="math.jsonl", by=dana)

    event = AuditEvent.objects.get()
    assert (event.action, event.target, event.actor, event.project) == (
        "import problems",
        "math.jsonl",
        dana,
        project,
    )
    assert (event.details["created"], event.details["refused_count"]) == (1, 1)


def test_if_the_file_breaks_off_what_came_before_is_gone(project):
    def breaking_off():
        yield from (math_line(number) for number in range(importing.BATCH + 1))
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        load(project, breaking_off())

    assert not Problem.objects.exists()


def test_without_the_audit_there_is_no_import(project, monkeypatch):
    def broken(**_):
        raise DatabaseError("the second write fails")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(DatabaseError):
        load(project, [math_line(1)])

    assert not Problem.objects.exists()


def test_thirty_problems_that_are_there_ask_the_database_no_more_than_three(project):
    lines = [math_line(number) for number in range(30)]
    load(project, lines)

    def queries(part):
        with CaptureQueriesContext(connection) as asked:
            assert load(project, part).already_there == len(part)
        return len(asked)

    assert queries(lines) == queries(lines[:3])


@pytest.mark.django_db(transaction=True)
def test_a_second_import_at_the_same_time_is_told_to_wait(charlie):
    elsewhere = factories.project()

    def meanwhile():
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [import_lock.LOCK, charlie.project.pk])
            assert cursor.fetchone() == (False,)
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [import_lock.LOCK, elsewhere.pk])
            assert cursor.fetchone() == (True,)
        other.close()
        yield math_line(1)

    assert load(charlie.project, meanwhile()).created == 1


@pytest.mark.django_db(transaction=True)
def test_while_another_import_runs_none_begins(charlie):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [import_lock.LOCK, charlie.project.pk])
        with pytest.raises(import_lock.ImportRunning):
            load(charlie.project, [math_line(1)])
    other.close()

    assert not Problem.objects.exists()


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_math_problems_import_without_loss(project):
    lines = shared_lines("math/MATH_12500.jsonl")

    first, second = load(project, lines), load(project, lines)

    # Two texts stand twice in MATH, under two names.
    assert (first.created, first.already_there, first.refused_count) == (8768, 2, 0)
    assert first.notes == {
        "already there with another unique id, which was kept": 2,
        "already there with another reference solution, which was kept": 2,
        "no level known": 1,
    }
    assert (second.created, second.already_there) == (0, 8770)
    assert Problem.objects.filter(split="test").count() == 343
    stored = set(Problem.objects.values_list("text", "answer", "reference_solution"))
    given = [json.loads(line) for line in lines]
    assert stored <= {(one["problem"], one["boxed_answer"], one["solution"]) for one in given}


@pytest.mark.shared_data
def test_the_gsm8k_problems_import_without_loss(project):
    report = load(project, shared_lines("gsm8k/test.jsonl"))

    assert (report.created, report.already_there, report.refused_count) == (921, 0, 0)
    assert not Problem.objects.filter(answer=None).exists()
