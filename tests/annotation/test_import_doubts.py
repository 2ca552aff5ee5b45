"""Lines in doubt, left out by whoever imports: of some kinds or of all, in all ways that a file comes in."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from annotation.models import AuditEvent, ImportBatch, Problem, Solution
from annotation.queries import imports as queries
from annotation.services import import_batches, import_work
from annotation.services.import_batches import NothingNew
from annotation.services.import_checks import KINDS, MATHS, MISSING_FIGURE, NO_ANSWER, NO_FINAL_ANSWER, SAME_PROBLEM
from tests.annotation.test_import_batches import SAMPLE, TEN, checked, line, undone, work_off

pytestmark = pytest.mark.django_db

BROKEN = line(problem="What is $\\frac{1}{2$?", answer="1")
BARE = line(problem="Who knows?")
BOTH = line(problem="And $\\frac{1}{2$ of it?")
FIGURE = line(problem="How long is it in the figure below?", answer="2")
DOUBTFUL = [BROKEN, BARE, BOTH, FIGURE]


@pytest.fixture(autouse=True)
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


def imported(project, by, *lines, leave_out):
    import_batches.confirm_import(batch=checked(project, by, *lines), by=by, leave_out=leave_out)
    return work_off(import_work.load)


def test_a_check_tells_how_many_lines_each_choice_would_leave_out(project, dana):
    check = checked(project, dana, *TEN[:3], *DOUBTFUL, b"broken").report["check"]

    assert check["lines_by_doubts"] == [
        [[], 3],
        [[MISSING_FIGURE], 1],
        [[MATHS], 1],
        [[MATHS, NO_ANSWER], 1],
        [[NO_ANSWER], 1],
    ]
    assert import_batches.lines_without(check, [MATHS]) == 5
    assert import_batches.lines_without(check, [MATHS, NO_ANSWER]) == 4
    assert import_batches.lines_without(check, KINDS) == 3


def test_lines_with_the_ticked_doubts_stay_out_and_the_record_says_so(project, dana):
    batch = imported(project, dana, *TEN[:3], *DOUBTFUL, b"broken", leave_out=[NO_ANSWER, MATHS])

    result = batch.report["result"]
    assert (result["created"], result["left_out"], result["refused_count"], result["lines"]) == (4, 3, 1, 8)
    assert not Problem.objects.filter(answer=None).exists()
    assert batch.report["options"]["leave_out"] == [MATHS, NO_ANSWER]
    confirmed, done = AuditEvent.objects.order_by("pk")[1:]
    assert (confirmed.action, confirmed.details["leave_out"]) == ("confirm import", [MATHS, NO_ANSWER])
    assert (done.action, done.details["left_out"]) == ("import problems", 3)
    figures = queries.batch_of(project, pk=batch.pk, now=timezone.now()).figures
    assert (figures.left_out, figures.leave_out, dict(figures.doubts)[NO_ANSWER]) == (3, [MATHS, NO_ANSWER], 2)


def test_what_was_left_out_comes_in_when_the_file_is_sent_again(project, dana):
    imported(project, dana, *TEN, *DOUBTFUL, leave_out=KINDS)

    again = imported(project, dana, *TEN, *DOUBTFUL, leave_out=[])

    assert (again.report["result"]["created"], again.report["result"]["already_there"]) == (4, 10)


def test_an_import_that_left_lines_out_is_undone_as_any_other(project, dana):
    batch = imported(project, dana, *TEN, *DOUBTFUL, leave_out=KINDS)

    assert undone(batch, dana).report["removed"] == {"critiques": 0, "solutions": 0, "problems": 10}


def test_a_file_of_which_nothing_would_be_left_is_not_imported(project, dana):
    batch = checked(project, dana, *DOUBTFUL, b"broken")

    with pytest.raises(NothingNew):
        import_batches.confirm_import(batch=batch, by=dana, leave_out=KINDS)

    assert ImportBatch.objects.get().state == "checked"


def test_the_other_one_of_two_that_are_alike_is_looked_at_as_well(project, dana):
    """Left out for something that only the first one has, a problem is taken from the second; their text tells on both."""
    answered = line(problem="Who knows?", answer="2")
    batch = imported(project, dana, BARE, answered, BOTH, BOTH, leave_out=[NO_ANSWER])

    assert list(Problem.objects.values_list("text", "answer")) == [("Who knows?", "2")]
    assert dict(batch.report["check"]["doubts"])[SAME_PROBLEM] == 2


def test_no_solution_of_a_doubtful_problem_brings_it_in(project, dana):
    doubtful = SAMPLE | {"problem": "What is $\\frac{1}{2$?"}
    lines = [line(**doubtful), line(**doubtful | {"steps": ["3"]}), line(**SAMPLE)]

    batch = imported(project, dana, *lines, leave_out=[MATHS])

    assert batch.report["check"]["doubts"] == {MATHS: 1}  # told once
    assert batch.report["result"]["left_out"] == 2
    assert list(Problem.objects.values_list("text", flat=True)) == [SAMPLE["problem"]]
    assert list(Solution.objects.values_list("steps", flat=True)) == [SAMPLE["steps"]]


def test_a_line_that_is_refused_is_not_counted_among_those_in_doubt(project, dana):
    lost = line(unique_id="nowhere", steps=["Perhaps $\\frac{1}{2$."])

    check = checked(project, dana, lost, line(**SAMPLE)).report["check"]

    assert (check["refused_count"], check["lines_by_doubts"]) == (1, [[[], 1]])


def test_a_file_that_an_earlier_version_checked_can_still_be_confirmed(project, dana):
    batch = checked(project, dana, *TEN, BARE)
    del batch.report["check"]["lines_by_doubts"], batch.report["options"]["leave_out"]
    batch.save()

    assert queries.batch_of(project, pk=batch.pk, now=timezone.now()).figures.lines_in_doubt == []
    import_batches.confirm_import(batch=batch, by=dana, leave_out=[NO_ANSWER])

    assert work_off(import_work.load).report["result"]["created"] == 10


def test_a_command_leaves_all_lines_in_doubt_out(project, tmp_path):
    path = tmp_path / "solutions.jsonl"
    rest = SAMPLE | {"answer": None, "complete": False, "steps": ["One and"]}
    path.write_text("".join(json.dumps(one) + "\n" for one in (SAMPLE, rest)))
    out = StringIO()

    def run(*options):
        call_command(
            "import_solutions", str(path), "--project", project.slug, "--new-problems", "train", *options, stdout=out
        )

    run("--without-doubtful", "--dry-run")
    assert not Solution.objects.exists()
    run("--without-doubtful")

    assert out.getvalue().count("  left out              1  (lines with something to look at)\n") == 2
    assert Solution.objects.get().complete
    assert ImportBatch.objects.get().report["options"]["leave_out"] == [*KINDS]
    assert ImportBatch.objects.get().report["result"]["doubts"] == {NO_FINAL_ANSWER: 1}
