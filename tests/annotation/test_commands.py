"""The commands on files: one service call each, a report in plain words, an exit code that means something."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotation.models import AuditEvent, Instructions, Label, Membership, Problem, Project, Solution
from tests import factories
from tests.annotation.test_importing_labels import PHASE_2, line
from tests.annotation.test_importing_problems import math_line
from tests.shared_data import shared_path

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path):
    """A function that writes lines into a file of this name."""

    def write(name, *lines):
        path = tmp_path / name
        path.write_bytes(b"".join(one + b"\n" for one in lines))
        return str(path)

    return write


def test_createproject_makes_a_project_with_its_first_instructions(db):
    run("createproject", "geometry", "--name", "Geometry", "--phase", "2")

    project = Project.objects.get()
    assert (project.slug, project.name, project.phase) == ("geometry", "Geometry", 2)
    assert Instructions.objects.get().version == 1


def test_createproject_says_who_leads_it_or_how_somebody_comes_to(dana):
    assert "dana leads it." in run("createproject", "geometry", "--lead", "dana")
    printed = run("createproject", "topology")

    assert Membership.objects.get(project__slug="geometry", user=dana).role == "lead"
    assert AuditEvent.objects.get(action="create project", target="geometry").actor == dana
    assert "manage.py invite EMAIL --project topology --role lead" in printed
    with pytest.raises(CommandError, match="no account 'eve' that can sign in"):
        run("createproject", "algebra-2", "--lead", "eve")
    assert not Project.objects.filter(slug="algebra-2").exists()


def test_createproject_makes_a_project_of_either_phase_with_its_generator(db):
    run("createproject", "geometry", "--phase", "1", "--generator", "toy")

    project = Project.objects.get()
    assert (project.phase, project.generator) == (1, "toy")
    with pytest.raises(CommandError, match="invalid choice: 3"):
        run("createproject", "topology", "--phase", "3")


@pytest.mark.parametrize("slug", ["algebra", "not a slug", "x" * 51])
def test_createproject_refuses_a_name_in_words(project, slug):
    with pytest.raises(CommandError, match="short name"):
        run("createproject", slug)

    assert Project.objects.get() == project


def test_import_problems_prints_what_became_of_every_line(project, file):
    path = file("math.jsonl", math_line(1), b"broken", b"", math_line(2, level="Level ?"), math_line(1))

    printed = run("import_problems", "--project", "algebra", path)

    assert " ".join(printed.split()) == (
        "math.jsonl created 2 already there 1 blank lines 1 note 1 no level known refused 1 "
        "line 2: not valid JSON: the line does not begin with {"
    )
    assert Problem.objects.count() == 2


def test_what_is_alike_in_many_lines_is_told_once(project, file):
    path = file("math.jsonl", math_line(1), *[b'{"question": {}}'] * 7, b'{"problem": "\xff"}', b'{"problem": 1}')

    printed = run("import_problems", "--project", "algebra", path)

    assert printed.splitlines()[-4:] == [
        "  refused               9",
        "    lines 2, 3, 4, 5, 6 and 2 more: question: expected text, found an object",
        "    line 9: not text in UTF-8 from byte 14 on",
        "    line 10: problem: expected text, found a whole number",
    ]


def test_import_problems_takes_several_files_and_a_split(project, file):
    run(
        "import_problems",
        "--project",
        "algebra",
        "--split",
        "test",
        file("a.jsonl", math_line(1)),
        file("b.jsonl", math_line(2)),
    )

    assert Problem.objects.filter(split="test").count() == 2


def test_a_dry_run_says_so_and_changes_nothing(project, file):
    printed = run("import_problems", "--project", "algebra", "--dry-run", file("math.jsonl", math_line(1)))

    assert printed.startswith("math.jsonl (dry run: nothing was changed)\n")
    assert not Problem.objects.exists()


def test_a_file_without_one_usable_line_is_an_error_after_its_report(project, file):
    out = StringIO()

    with pytest.raises(CommandError, match=r"No line of math\.jsonl could be used"):
        call_command("import_problems", file("math.jsonl", b"broken"), project="algebra", stdout=out)

    assert "line 1: not valid JSON" in out.getvalue()


def test_more_refused_lines_than_are_shown_are_counted(project, file):
    printed = run("import_problems", "--project", "algebra", file("math.jsonl", math_line(1), *[b"broken"] * 103))

    assert "lines 2, 3, 4, 5, 6 and 95 more: not valid JSON" in printed
    assert printed.rstrip().endswith("and 3 more, not listed")


@pytest.mark.parametrize("command", ["import_problems", "import_solutions", "import_labels", "import_gold"])
@pytest.mark.parametrize("lines", [[], [b"", b" "]])
def test_a_file_without_a_line_is_an_error(project, file, command, lines):
    with pytest.raises(CommandError, match=r"No line of empty\.jsonl could be used\."):
        run(command, "--project", "algebra", file("empty.jsonl", *lines))


@pytest.mark.parametrize("command", ["import_problems", "import_solutions", "import_labels"])
def test_a_missing_file_and_a_missing_project_are_named(project, file, tmp_path, command):
    with pytest.raises(CommandError, match=r"missing\.jsonl cannot be read: No such file"):
        run(command, "--project", "algebra", str(tmp_path / "missing.jsonl"))
    with pytest.raises(CommandError, match=r"There is no project geometry\. There are: algebra\."):
        run(command, "--project", "geometry", file("math.jsonl", math_line(1)))


def test_import_solutions_grades_and_makes_problems_only_when_told(project, file):
    sample = json.dumps({"question": "What is 1 + 1?", "gt": "2", "code": ["\\boxed{2}", "\\boxed{3}"]}).encode()
    path = file("samples.jsonl", sample)

    with pytest.raises(CommandError, match="No line"):
        run("import_solutions", "--project", "algebra", path)
    printed = run("import_solutions", "--project", "algebra", "--new-problems", "train", "--generator", "toy", path)

    assert "graded correct" in printed
    assert "new problems" in printed
    assert set(Solution.objects.values_list("generator", flat=True)) == {"toy"}


def test_import_solutions_says_how_many_critiques_came_with_them(project, file):
    critique = {"step": 0, "text": "It is not."}
    sample = json.dumps({"problem": "What is 1 + 1?", "steps": ["\\boxed{3}"], "critiques": [critique]}).encode()

    printed = run("import_solutions", "--project", "algebra", "--new-problems", "train", file("s.jsonl", sample))

    assert "new critiques         1" in printed


@pytest.mark.django_db(transaction=True)
def test_export_labels_names_what_labels_say_beyond_their_lines(alice, tmp_path):
    factories.queued(alice.project, 1)
    factories.label(alice, (-1,), extensions={"progress": {"points": 3, "rating": 1}})

    printed = run("export_labels", "--project", "algebra", "--out", str(tmp_path / "out"))

    assert "algebra: 1 labels in" in printed
    assert "extensions.jsonl  1 lines" in printed


@pytest.mark.parametrize(
    ("name", "options", "split"),
    [
        ("phase2_train.jsonl", [], "train"),
        ("phase1_test.jsonl", [], "test"),
        ("phase1_test.jsonl", ["--split", "train"], "train"),
        ("latest.jsonl", [], "train"),
    ],
)
def test_import_labels_takes_the_split_of_prm800ks_file_names(project, file, name, options, split):
    run("import_labels", "--project", "algebra", *options, file(name, line(steps=PHASE_2)))

    assert Problem.objects.get().split == split
    assert Label.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.shared_data
def test_export_labels_gives_the_imported_file_back_and_prints_what_it_wrote(tmp_path):
    original = shared_path("prm800k_original/phase1_test.jsonl")
    run("createproject", "algebra")
    run("import_labels", "--project", "algebra", str(original))

    printed = run("export_labels", "--project", "algebra", "--out", str(tmp_path / "out"))
    training = run(
        "export_labels", "--project", "algebra", "--out", str(tmp_path / "t"), "--view", "training", "--gzip"
    )

    assert (tmp_path / "out" / "phase1_test.jsonl").read_bytes() == original.read_bytes()
    assert "phase1_test.jsonl  75 lines, 569531 bytes, sha256 af8b706c" in printed
    assert "finished give_up 9, solution 66; rated -1 1370, 0 546, 1 1631, null 67" in printed
    assert training.rstrip().endswith("left out       66  held-out problem")
    with pytest.raises(CommandError, match="There are files in"):
        run("export_labels", "--project", "algebra", "--out", str(tmp_path / "out"))


def test_export_labels_offers_only_what_there_is(project, tmp_path):
    for option in (["--format", "csv"], ["--neutral", "grey"]):
        with pytest.raises(CommandError, match="invalid choice"):
            run("export_labels", "--project", "algebra", "--out", str(tmp_path / "out"), *option)
    for option, words in (
        (["--neutral", "positive"], "holds all three ratings"),
        (["--format", "trl"], "Say what a neutral step is to be there"),
        (["--format", "parquet", "--gzip"], "compressed as they are"),
        (["--again", str(tmp_path)], "holds no manifest.json"),
        (["--again", str(tmp_path), "--view", "training", "--gzip"], "as it was: leave out --view, --gzip"),
        (["--push-to", "us"], "A dataset repository has an owner and a name"),
    ):
        with pytest.raises(CommandError, match=words):
            run("export_labels", "--project", "algebra", "--out", str(tmp_path / "out"), *option)


@pytest.mark.django_db(transaction=True)
def test_m9_export_labels_writes_an_earlier_export_again(alice, tmp_path):
    factories.queued(alice.project, 2)
    factories.label(alice)
    there, again = tmp_path / "there", tmp_path / "again"
    run("export_labels", "--project", "algebra", "--out", str(there), "--gzip")
    factories.label(alice)

    printed = run("export_labels", "--project", "algebra", "--out", str(again), "--again", str(there))

    assert "algebra: 1 labels in" in printed
    for path in there.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()
