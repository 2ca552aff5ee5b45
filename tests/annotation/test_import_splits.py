"""The held-out split (rows A2, A3) and whether training texts hold a part of it (row A10)."""

import json
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from annotation.models import Problem, Solution
from annotation.models.snapshots import View
from annotation.services import exporting, importing, rounds, splitting
from annotation.services.contamination import HeldOut, words_of
from annotation.services.import_lock import ImportRunning
from tests import factories
from tests.shared_data import shared_lines

pytestmark = pytest.mark.django_db

LEVELS = [1, 2, 3, 4, 5]
LONG = "Let $x$ be the number of ways in which a bakery can sell three kinds of bread to eleven people"


def lines_of(count):
    for number in range(count):
        yield json.dumps(
            {
                "problem": f"What is {number} + 1?",
                "answer": str(number + 1),
                "subject": ["Algebra", "Geometry"][number % 2],
                "level": LEVELS[number % 5],
                "unique_id": f"test/{number}.json",
            }
        ).encode()


def imported(project, count=125, order=1):
    importing.import_problems(project=project, lines=list(lines_of(count))[::order], source="math.jsonl", by=None)
    return project


def held_out(project):
    return set(Problem.objects.filter(project=project, split="test").values_list("unique_id", flat=True))


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


# Drawing ------------------------------------------------------------------------------------------------------------


def test_a3_the_same_seed_draws_the_same_problems_in_whatever_order_they_came(project):
    first, second, third = (imported(factories.project(), order=order) for order in (1, -1, 1))

    for one, seed in ((first, 7), (second, 7), (third, 8)):
        splitting.hold_out(project=one, size=5, seed=seed, by=None)

    assert len(held_out(first)) == 5
    assert held_out(first) == held_out(second)
    assert held_out(first) != held_out(third)


def test_a3_every_problem_is_as_likely_to_be_drawn(project):
    imported(project, 10)
    drawn = dict.fromkeys((f"test/{number}.json" for number in range(10)), 0)
    for seed in range(300):
        splitting.hold_out(project=project, size=3, seed=seed, by=None)
        for name in held_out(project):
            drawn[name] += 1
        Problem.objects.update(split="train")

    assert all(60 <= times <= 120 for times in drawn.values())  # 90 each; six standard deviations are 48


def test_a3_the_command_prints_how_subjects_and_levels_compare(project):
    imported(project)

    dry = run("split_problems", "--project", "algebra", "--test", "25", "--seed", "1", "--dry-run")
    assert held_out(project) == set()
    printed = run("split_problems", "--project", "algebra", "--test", "25", "--seed", "1")

    assert printed == dry
    rows = [line.split() for line in printed.splitlines()]
    assert ["held", "out", "25,", "for", "training", "100"] in rows
    counted = {row[0]: (int(row[1]), int(row[3])) for row in rows if len(row) == 5 and row[2].endswith("%")}
    assert set(counted) == {"Algebra", "Geometry", *map(str, LEVELS)}
    test = Problem.objects.filter(split="test")
    assert counted["Algebra"] == (test.filter(subject="Algebra").count(), 63 - test.filter(subject="Algebra").count())
    assert sum(counted[str(level)][0] for level in LEVELS) == 25


def test_a3_nothing_is_drawn_twice_or_after_work_has_begun(project, alice):
    with pytest.raises(CommandError, match="not so many problems"):
        run("split_problems", "--project", "algebra", "--test", "5")
    factories.queued(project, 1)
    imported(project)
    with pytest.raises(splitting.WorkHasBegun):
        splitting.hold_out(project=project, size=5, seed=0, by=None)
    other = imported(factories.project())
    splitting.hold_out(project=other, size=5, seed=0, by=None)
    with pytest.raises(splitting.AlreadySplit):
        splitting.hold_out(project=other, size=5, seed=0, by=None)


@pytest.mark.django_db(transaction=True)
def test_a3_nothing_is_drawn_while_a_file_comes_in(project):
    imported(project)
    asked, answers = threading.Event(), []

    def lines():
        asked.set()
        thread.join(30)
        yield from lines_of(126)

    def draw():
        assert asked.wait(30)
        try:
            splitting.hold_out(project=project, size=5, seed=0, by=None)
        except ImportRunning as refusal:
            answers.append(refusal)
        connection.close()

    thread = threading.Thread(target=draw)
    thread.start()
    importing.import_problems(project=project, lines=lines(), source="math.jsonl", by=None)

    assert len(answers) == 1
    assert not held_out(project)
    splitting.hold_out(project=project, size=5, seed=0, by=None)


# Never labelled, never trained on -----------------------------------------------------------------------------------


@pytest.fixture
def split(project):
    """120 problems for training and 5 held out, a solution of each."""
    imported(project)
    for problem in Problem.objects.order_by("pk"):
        factories.solution(problem_=problem)
    splitting.hold_out(project=project, size=5, seed=3, by=None)
    return project


def test_a2_no_solution_of_a_held_out_problem_can_be_selected(split):
    assert Solution.objects.selectable().count() == 120
    assert not Solution.objects.selectable().filter(problem__split="test").exists()


def test_a2_queueing_a_held_out_problem_raises_and_changes_nothing(split):
    factories.queued(split, 1)
    round_, job = factories.running_round(split)
    picks = [
        rounds.Pick(solution.pk, "random", 0, {})
        for solution in (Solution.objects.filter(problem__split=part).first() for part in ("train", "test"))
    ]

    with pytest.raises(rounds.HeldOutPicked):
        rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})

    assert list(split.slot_set.values_list("state", flat=True)) == ["ready"]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks[:1], report={})


@pytest.mark.django_db(transaction=True)
def test_a2_the_training_export_and_the_held_out_problems_have_nothing_in_common(split, alice, tmp_path):
    everything = Solution.objects.filter(problem__split="train").order_by("pk")[:20]
    round_, job = factories.running_round(split)
    picks = [rounds.Pick(one.pk, "random", 0, {}) for one in everything]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})
    for _ in picks:
        factories.label(alice)
    Problem.objects.filter(solution__in=[one.pk for one in everything[:10]]).update(split="test")  # by hand, too late

    exporting.export_labels(project=split, view=View.TRAINING, out_dir=tmp_path / "out")

    lines = (tmp_path / "out" / "phase2_train.jsonl").read_bytes().splitlines()
    trained = {json.loads(line)["question"]["problem"] for line in lines}
    assert len(trained) == 10
    names = set(Problem.objects.filter(text__in=trained).values_list("unique_id", flat=True))
    assert names & held_out(split) == set()


# Contamination ------------------------------------------------------------------------------------------------------


def test_a10_words_are_compared_without_latex():
    assert words_of(r"Then \frac{x_1}{2} is $\text{half}$, SO \begin{align*}y&=2\end{align*}.") == [
        "then", "x", "1", "2", "is", "half", "so", "y", "2",
    ]  # fmt: skip


def test_a10_thirteen_words_in_a_row_are_found_and_twelve_are_not():
    thirteen = " ".join(LONG.split()[:13])
    held = HeldOut([("test/1", LONG)])

    again = thirteen.replace("$x$", "\\(x\\)")
    assert held.find(f"Once more: {again}, and so on") == (
        "test/1",
        "let x be the number of ways in which a bakery can sell",
    )
    assert held.find(" ".join(LONG.split()[1:13]) + " but") is None
    assert held.find(" ".join([*LONG.split()[:12], "and", *LONG.split()[12:24]])) is None


@pytest.mark.parametrize("place", ["problem", "reference", "solution"])
def test_a10_the_command_lists_training_texts_with_a_part_of_a_held_out_problem(project, place):
    factories.problem(project, text=LONG, split="test", unique_id="test/1")
    factories.problem(project, text="A short one", split="test")
    leak = f"We are told: {LONG.replace('$x$', 'x')}!"
    train = factories.problem(
        project,
        text=leak if place == "problem" else "What is it?",
        reference_solution=leak if place == "reference" else "It is.",
        unique_id="train/1",
    )
    solution = factories.solution(problem_=train, steps=["So.", leak] if place == "solution" else ["So."])
    out = StringIO()

    with pytest.raises(CommandError, match="1 training texts hold a part") as failed:
        call_command("check_contamination", project="algebra", stdout=out)

    assert failed.value.returncode == 1
    named = {"problem": "problem train/1", "reference": "reference solution of problem train/1"}
    assert out.getvalue().startswith(f"{named.get(place, f'solution {solution.pk}')} shares with test/1: ")


def test_a10_nothing_in_common_is_said_and_solutions_of_held_out_problems_are_not_training_texts(project):
    test = factories.problem(project, text=LONG, split="test")
    factories.solution(problem_=test, steps=[LONG])
    factories.solution(project)

    assert "No training text" in run("check_contamination", "--project", "algebra")


@pytest.mark.shared_data
@pytest.mark.slow
def test_a10_real_problems_that_repeat_a_held_out_one_are_found(project):
    lines = shared_lines("math/MATH_12500.jsonl")
    importing.import_problems(project=project, lines=lines, source="MATH_12500.jsonl", by=None)

    with pytest.raises(CommandError, match="training texts hold a part"):
        run("check_contamination", "--project", "algebra")
