"""Files that leads bring in (rows A1, A8, A9): taken in, checked, confirmed, imported, undone."""

import gzip
import json
import threading

import pytest
from django.db import connection, transaction

from annotation.models import AuditEvent, ImportBatch, Job, Label, Problem, Solution
from annotation.models.imports import ImportKind
from annotation.models.jobs import JobKind
from annotation.queries import imports as queries
from annotation.services import import_batches, import_layouts, import_work, importing, jobs
from annotation.services.import_batches import Choices, EmptyFile, FileTooBig, ImportMovedOn, NothingNew
from annotation.services.import_layouts import UnknownLayout
from annotation.services.import_lock import ImportRunning
from annotation.services.import_uses import ImportInUse, uses
from annotation.services.line_files import UnreadableFile
from tests import factories
from tests.annotation.locks import free_while_it_waits, put_behind
from tests.annotation.test_importing_labels import PHASE_2
from tests.annotation.test_importing_labels import line as label_line
from tests.annotation.test_importing_problems import math_line

pytestmark = pytest.mark.django_db

SAMPLE = {"problem": "What is 1 + 1?", "steps": ["One and one.", "# Answer\n\n2"], "answer": "2", "score": 0.5}
PLAIN = Choices()
TEN = [math_line(number) for number in range(1, 11)]


@pytest.fixture(autouse=True)
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


def line(**values):
    return json.dumps(values).encode()


def content(*lines):
    return [b"".join(one + b"\n" for one in lines)]


def requested(project, by, *lines, name="file.jsonl", choices=PLAIN):
    return import_batches.request_import(project=project, by=by, name=name, content=content(*lines), choices=choices)


def work_off(act):
    """What a worker does with the waiting job; returns the batch."""
    job = jobs.claim_job(kind=JobKind.IMPORT, worker="test")
    return act(job=job, tell=lambda *_: None) if act is not import_work.undo else act(job=job)


def checked(project, by, *lines, **values):
    requested(project, by, *lines, **values)
    return work_off(import_work.check)


def imported(project, by, *lines, **values):
    import_batches.confirm_import(batch=checked(project, by, *lines, **values), by=by)
    return work_off(import_work.load)


def undone(batch, by):
    import_batches.request_undo(batch=batch, by=by)
    return work_off(import_work.undo)


# Checked, confirmed, imported ---------------------------------------------------------------------------------------


def test_a1_a_check_writes_nothing_and_the_import_does_what_it_said(project, dana, data_dir):
    batch = checked(project, dana, *TEN[:3], b"broken", *TEN[4:], name="C:\\fakepath\\math.jsonl")

    assert (batch.state, batch.kind, batch.name) == ("checked", "problems", "math.jsonl")
    found = batch.report["check"]
    assert (found["created"], found["refused_count"], found["layouts"]) == (9, 1, {"MATH": 9})
    assert [one["number"] for one in found["refused"]] == [4]
    assert not Problem.objects.exists()

    import_batches.confirm_import(batch=batch, by=dana)
    batch = work_off(import_work.load)

    assert (batch.state, batch.report["result"]["created"], batch.report["result"]["lines"]) == ("done", 9, 10)
    assert set(Problem.objects.values_list("batch", flat=True)) == {batch.pk}
    assert Problem.objects.count() == 9
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["check import", "confirm import", "import problems"]


def test_a1_the_same_file_again_brings_nothing_and_cannot_be_confirmed(project, dana):
    imported(project, dana, *TEN)

    again = checked(project, dana, *TEN)

    assert (again.report["check"]["created"], again.report["check"]["already_there"]) == (0, 10)
    with pytest.raises(NothingNew):
        import_batches.confirm_import(batch=again, by=dana)


def test_a8_solutions_come_in_with_their_score_and_where_they_come_from(project, dana):
    batch = imported(project, dana, line(**SAMPLE))

    solution = Solution.objects.get()
    assert (solution.imported_score, solution.generator, solution.grade) == (0.5, "import", "ungradable")
    assert (solution.batch, solution.problem.batch) == (batch, batch)
    assert list(Solution.objects.selectable()) == [solution]


def test_a9_the_same_steps_twice_are_one_solution_with_a_count_of_two(project, dana):
    batch = imported(project, dana, line(**SAMPLE), line(**SAMPLE), line(**SAMPLE | {"steps": ["3"]}))

    assert sorted(Solution.objects.values_list("count", flat=True)) == [1, 2]
    assert batch.report["result"]["folded"] == 1


def test_a9_the_same_steps_in_different_parts_of_a_file_are_counted_in_that_file_only(project, dana, monkeypatch):
    monkeypatch.setattr(importing, "SOLUTIONS", 2)
    lines = [line(**SAMPLE | {"steps": [steps]}) for steps in "ABACABB"]

    first = imported(project, dana, *lines)
    again = checked(project, dana, *lines)

    assert dict(Solution.objects.values_list("steps__0", "count")) == {"A": 3, "B": 3, "C": 1}
    assert (first.report["result"]["created"], first.report["result"]["folded"]) == (3, 4)
    assert [again.report["check"][name] for name in ("created", "folded", "already_there")] == [0, 0, 7]


def test_a8_the_verdicts_on_many_answers_are_left_to_a_job(project, dana, monkeypatch):
    monkeypatch.setattr(import_work, "GRADE_AT_ONCE", 1)
    samples = [line(**SAMPLE | {"steps": [f"It is {n}."], "ground_truth_answer": "2"}) for n in range(2)]

    batch = imported(project, dana, *samples)

    assert batch.report["result"]["grades"] == {"pending": 2}
    assert set(Solution.objects.values_list("grade", "grader_version")) == {("pending", "")}
    assert Job.objects.get(kind=JobKind.GRADING).state == "queued"


def test_a8_a_check_grades_the_first_answers_and_says_where_the_file_thinks_otherwise(project, dana, monkeypatch):
    monkeypatch.setattr(import_work, "GRADE_AT_ONCE", 3)
    monkeypatch.setattr(importing, "SOLUTIONS", 2)
    told = SAMPLE | {"ground_truth_answer": "2", "is_correct": False}

    batch = checked(project, dana, *(line(**told | {"steps": [f"It is {n}."]}) for n in range(5)))

    found = batch.report["check"]
    assert found["grades"] == {"correct": 3, "pending": 2}
    assert found["notes"] == {"graded correct, though the file says otherwise": 3}


@pytest.mark.parametrize(
    ("name", "split", "there"),
    [
        ("phase1_test.jsonl", None, "test"),
        ("C:\\test.jsonl.gz", None, "test"),
        ("phase1_test.jsonl", "train", "train"),
        ("latest.jsonl", None, "train"),
        ("latest.jsonl", "test", "test"),
    ],
)
def test_a_file_is_held_out_by_its_name_where_nobody_says_otherwise(name, split, there, project, dana):
    batch = imported(project, dana, label_line(steps=PHASE_2), name=name, choices=Choices(split=split))

    assert batch.split == Problem.objects.get().split == there


def test_labels_come_in_with_their_lines_and_stay(project, dana):
    batch = imported(project, dana, label_line(steps=PHASE_2))

    assert (batch.kind, Label.objects.get().importedrecord.batch) == ("labels", batch)
    with pytest.raises(ImportInUse, match="1 labels, 1 lines of labels"):
        import_batches.request_undo(batch=batch, by=dana)


def test_files_are_kept_only_as_long_as_they_are_needed(project, dana, data_dir, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        batch = checked(project, dana, *TEN)
    assert (data_dir / batch.file).exists()

    with django_capture_on_commit_callbacks(execute=True):
        import_batches.confirm_import(batch=batch, by=dana)
        work_off(import_work.load)

    assert list((data_dir / "imports").iterdir()) == []


def test_a_packed_file_is_known_by_its_first_bytes_and_not_by_its_name(project, dana):
    packed = [gzip.compress(b"".join(content(*TEN)))]

    batch = import_batches.request_import(project=project, by=dana, name="x.txt", content=packed, choices=PLAIN)

    assert batch.file.endswith(".jsonl.gz")
    assert work_off(import_work.check).report["check"]["created"] == 10


# What is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "refusal"),
    [
        ([], EmptyFile),
        ([b"", b""], EmptyFile),
        ([b"no json\n"], UnknownLayout),
        ([b'{"something": 1}\n'], UnknownLayout),
        ([b"\x1f\x8bnot packed"], UnreadableFile),
        ([b'{"problem": "1"}\n', b" " * 100], FileTooBig),
    ],
)
def test_a_file_of_no_use_leaves_neither_row_nor_file(project, dana, data_dir, monkeypatch, pieces, refusal):
    monkeypatch.setattr(import_batches, "MAX_BYTES", 100)

    with pytest.raises(refusal):
        import_batches.request_import(project=project, by=dana, name="x", content=pieces, choices=PLAIN)

    assert not ImportBatch.objects.exists()
    assert not Job.objects.exists()
    assert not (data_dir / "imports").exists() or list((data_dir / "imports").iterdir()) == []


def test_a_refusal_tells_the_file_by_the_name_it_came_with(project, dana):
    with pytest.raises(UnreadableFile, match=r"^broken\.gz cannot be read: it is no gzip file, or damaged"):
        import_batches.request_import(
            project=project, by=dana, name="broken.gz", content=[b"\x1f\x8b\x00\x00"], choices=Choices()
        )


def test_only_so_many_files_wait_at_once(project, dana, monkeypatch):
    monkeypatch.setattr(import_batches, "MAX_OPEN", 1)
    first = requested(project, dana, *TEN)

    with pytest.raises(import_batches.TooManyOpenImports):
        requested(project, dana, *TEN)
    import_batches.cancel_import(batch=first, by=dana)

    requested(project, dana, *TEN)


@pytest.mark.django_db(transaction=True)
def test_so_many_files_wait_at_once_also_if_they_come_together(project, dana, monkeypatch):
    monkeypatch.setattr(import_batches, "MAX_OPEN", 1)
    both = threading.Barrier(2, timeout=30)
    keep, refused = import_batches._keep, []

    def kept(content):
        both.wait()
        return keep(content)

    def send():
        try:
            requested(project, dana, *TEN)
        except import_batches.TooManyOpenImports as refusal:
            refused.append(refusal)
        connection.close()

    monkeypatch.setattr(import_batches, "_keep", kept)
    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(refused), ImportBatch.objects.count()) == (1, 1)


def test_one_import_of_a_project_at_a_time(project, dana):
    first, second = checked(project, dana, *TEN[:5]), checked(project, dana, *TEN[5:])
    import_batches.confirm_import(batch=first, by=dana)

    with pytest.raises(ImportRunning):
        import_batches.confirm_import(batch=second, by=dana)
    work_off(import_work.load)

    import_batches.confirm_import(batch=second, by=dana)


def test_what_has_gone_on_is_confirmed_and_discarded_no_more(project, dana):
    batch = imported(project, dana, *TEN)

    for act in (import_batches.confirm_import, import_batches.cancel_import):
        with pytest.raises(ImportMovedOn):
            act(batch=batch, by=dana)


def test_a_file_can_be_discarded_before_and_after_its_check(project, dana):
    waiting, looked_at = requested(project, dana, *TEN), None
    assert import_batches.cancel_import(batch=waiting, by=dana).state == "cancelled"
    looked_at = checked(project, dana, *TEN)
    assert import_batches.cancel_import(batch=looked_at, by=dana).state == "cancelled"

    assert not Problem.objects.exists()
    assert set(Job.objects.values_list("state", flat=True)) == {"cancelled", "done"}


def test_an_import_that_breaks_keeps_nothing_and_says_why(project, dana):
    import_batches.confirm_import(batch=checked(project, dana, *TEN), by=dana)
    job = jobs.claim_job(kind=JobKind.IMPORT, worker="test")

    class Broken(Exception):
        pass

    def tell(*_):
        raise Broken

    with pytest.raises(Broken), transaction.atomic():
        import_work.load(job=job, tell=tell)
    import_work.fail(job=job, error="It broke.")

    batch = ImportBatch.objects.get()
    assert (batch.state, batch.job.error) == ("failed", "It broke.")
    assert not Problem.objects.exists()


# Undone -------------------------------------------------------------------------------------------------------------


def test_an_import_that_nothing_uses_is_undone_and_can_be_done_again(project, dana):
    critiques = [{"step": 0, "text": "It is not."}]
    batch = imported(project, dana, line(**SAMPLE, critiques=critiques))
    factories.solution(project)

    batch = undone(batch, dana)

    assert (batch.state, batch.report["removed"]) == ("undone", {"critiques": 1, "solutions": 1, "problems": 1})
    assert Solution.objects.count() == Problem.objects.count() == 1
    assert imported(project, dana, line(**SAMPLE)).state == "done"


def test_what_is_in_use_is_named_and_stays(project, alice, dana):
    batch = imported(project, dana, line(**SAMPLE))
    round_, job = factories.running_round(project)
    solution = Solution.objects.get()
    factories.rounds.fill_round(
        round=round_, job=job, version=None, report={}, picks=[factories.rounds.Pick(solution.pk, "random", 0, {})]
    )

    with pytest.raises(ImportInUse, match="1 slots"):
        import_batches.request_undo(batch=batch, by=dana)

    assert ImportBatch.objects.get().state == "done"


def test_problems_whose_solutions_came_otherwise_stay(project, dana):
    batch = imported(project, dana, *TEN)
    factories.solution(problem_=Problem.objects.first())

    assert uses(batch) == {"solutions of other imports": 1}
    with pytest.raises(ImportInUse):
        import_batches.request_undo(batch=batch, by=dana)


def test_what_came_into_use_while_the_undo_waited_stays(project, dana):
    batch = imported(project, dana, *TEN)
    import_batches.request_undo(batch=batch, by=dana)
    factories.solution(problem_=Problem.objects.first())
    job = jobs.claim_job(kind=JobKind.IMPORT, worker="test")

    with pytest.raises(ImportInUse), transaction.atomic():
        import_work.undo(job=job)
    import_work.fail(job=job, error="In use.")

    assert (ImportBatch.objects.get().state, Problem.objects.count()) == ("done", 10)
    assert queries.batch_of(project, pk=batch.pk, now=batch.created_at).trouble == "In use."


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_an_undo_while_its_solutions_are_held_in_order_is_no_deadlock(project, dana):
    """As automatic labels are stored; who took the second one first would wait for the first one for ever."""
    batch = imported(project, dana, *(line(**SAMPLE | {"steps": [step]}) for step in ("One and one.", "It is 2.")))
    first, second = Solution.objects.order_by("pk")
    put_behind(first)

    free_while_it_waits(lambda: undone(batch, dana), held=[first], free=second)

    assert not Solution.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_an_undo_while_its_problems_are_held_before_their_solutions_is_no_deadlock(project, dana):
    """As verdicts are written; who took the solutions first would wait for their problem for ever."""
    batch = imported(project, dana, line(**SAMPLE))

    free_while_it_waits(lambda: undone(batch, dana), held=[Problem.objects.get()], free=Solution.objects.get())

    assert not Problem.objects.exists()


def test_an_undo_is_asked_for_once(project, dana):
    batch = imported(project, dana, *TEN)
    import_batches.request_undo(batch=batch, by=dana)

    with pytest.raises(ImportMovedOn):
        import_batches.request_undo(batch=batch, by=dana)


# Layouts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "layout", "kind"),
    [
        ({"question": {"problem": "?"}, "label": {}}, "PRM800K", ImportKind.LABELS),
        ({"problem": "?", "solution": "!", "answer": "2", "level": 1}, "MATH", ImportKind.PROBLEMS),
        ({"question": "?", "answer": "So.\n#### 2"}, "GSM8K", ImportKind.PROBLEMS),
        (
            {"id": "1", "problem": "?", "steps": ["!"], "final_answer_correct": True, "label": -1},
            "ProcessBench",
            ImportKind.SOLUTIONS,
        ),
        ({"problem": "?", "steps": ["!"], "answer": "2"}, "steps", ImportKind.SOLUTIONS),
        ({"problem": "?", "steps": ["!"], "prm_score": 0.1}, "scored samples", ImportKind.SOLUTIONS),
        ({"problem": "?", "solution": "!", "generator": "g"}, "sample", ImportKind.SOLUTIONS),
        ({"question": "?", "code": ["!"]}, "samples in a list", ImportKind.SOLUTIONS),
        ({"question": "?", "m": {"solution": "!"}}, "model solutions", ImportKind.SOLUTIONS),
    ],
)
def test_a_layout_is_told_by_its_keys(value, layout, kind):
    found = import_layouts.layout_of(value)

    assert (found.name, found.kind) == (layout, kind)
    assert import_layouts.kind_of([b"broken", line(**value)]) == kind


def test_processbench_lines_become_solutions_whose_labels_are_not_taken(project):
    sample = {"id": "gsm8k-0", "generator": "m", "problem": "What is 1 + 1?", "steps": ["It is 3."]}
    report = importing.import_solutions(
        project=project, lines=[line(**sample, final_answer_correct=False, label=0)], source="p", by=None,
        new_problems="train",
    )  # fmt: skip

    assert (report.created, Solution.objects.get().generator) == (1, "m")
    assert not Label.objects.exists()


def test_a_file_brought_in_by_a_command_is_among_the_imports(project, tmp_path):
    path = tmp_path / "math.jsonl"
    path.write_bytes(content(*TEN)[0])

    import_work.import_file(project=project, path=path, by=None, choices=Choices(ImportKind.PROBLEMS))

    batch = ImportBatch.objects.get()
    assert (batch.state, batch.name, batch.bytes) == ("done", "math.jsonl", path.stat().st_size)
    assert set(Problem.objects.values_list("batch", flat=True)) == {batch.pk}
