"""D4: an import that is killed leaves all of its file or nothing, and the file goes in afterwards, once."""

import signal
import time
from collections import Counter
from itertools import count

import pytest

from annotation.models import ImportedRecord, Job, Label, Labeler, Problem, Solution, StepRating
from annotation.models.imports import ImportKind
from annotation.models.jobs import JobKind, JobState
from annotation.services import import_batches, import_work
from annotation.services.import_batches import Choices, NothingNew
from tests import factories, importer
from tests.annotation.test_importing_labels import PHASE_2, line
from tests.prove.dying import IN_PIECES, PART, POINTS
from workers import imports
from workers.duty import work_off
from workers.tasks.sweep import sweep

pytestmark = pytest.mark.django_db(transaction=True)
LINES = 3 * PART
CONTENT = b"".join(line(steps=PHASE_2, question={"problem": f"{number} + 1?"}) + b"\n" for number in range(LINES))
WHOLE = {Problem: LINES, Solution: LINES, Label: LINES, ImportedRecord: LINES, Labeler: 1, StepRating: 4 * LINES}
NOTHING = dict.fromkeys(WHOLE, 0)
DYING = ("-m", "tests.prove.dying")
DUPLICATE = "There is nothing in this file that is not here already."


@pytest.fixture
def ground(tmp_path, settings):
    settings.DATA_DIR = tmp_path / "data"
    return Ground(tmp_path / "labels.jsonl", settings.DATA_DIR)


class Ground:
    """A file, and a project of its own for each import of it."""

    def __init__(self, path, data_dir):
        path.write_bytes(CONTENT)
        self.path, self._data_dir, self._made = path, data_dir, count()

    def project(self):
        project = factories.project(slug=f"killed-{next(self._made)}")
        factories.member(project, "lead")
        return project

    def command(self, project, planted=""):
        return importer.started(*DYING, planted, "import_labels", "--project", project.slug, self.path)

    def seconds(self):
        """From its first row to its end, where nobody kills it."""
        process = self.command(self.project())
        importer.wait_until_it_writes(process)
        began = time.monotonic()
        importer.status(process)
        return time.monotonic() - began

    def killed_at_random(self, luck, seconds):
        """A command; what it leaves, and whether the same file goes in afterwards and then no more."""
        project = self.project()
        process = self.command(project)
        importer.wait_until_it_writes(process)
        time.sleep(luck.uniform(0, seconds))
        importer.end(process)
        left = fate(project)
        import_work.import_file(project=project, path=self.path, by=None, choices=Choices(ImportKind.LABELS))
        return left, *afterwards(project)

    def killed_at(self, point):
        """A worker; what it leaves, and whether the next one brings the file in, and then nobody any more."""
        project = self.project()
        import_batches.confirm_import(batch=brought(project), by=lead_of(project))
        process = importer.started(*DYING, point, DATA_DIR=str(self._data_dir))
        assert importer.status(process) == -signal.SIGKILL, point
        importer.end(process)
        left = fate(project)
        Job.objects.filter(state=JobState.RUNNING).update(lease_until="2000-01-01T00:00Z")
        sweep()
        work_off(JobKind.IMPORT, imports)
        return left, *afterwards(project)

    def killed_between_pieces(self):
        """A command that commits each part; what it leaves."""
        project = self.project()
        process = self.command(project, IN_PIECES)
        while process.poll() is None and fate(project) == "nothing":
            time.sleep(0.01)
        importer.end(process)
        return fate(project)


def held(project):
    of = {StepRating: "label__project"}
    return {model: model.objects.filter(**{of.get(model, "project"): project}).count() for model in WHOLE}


def fate(project):
    now = held(project)
    return "nothing" if now == NOTHING else "all" if now == WHOLE else "half"


def afterwards(project):
    """What is wrong once the file was brought in again, and when a lead brings it for the third time."""
    if fate(project) != "all":
        yield f"{project.slug}: then {held(project)}"
    try:
        import_batches.confirm_import(batch=brought(project), by=lead_of(project))
    except NothingNew as refusal:
        if str(refusal) != DUPLICATE:
            yield f"{project.slug}: a duplicate is told {refusal}"
    else:
        yield f"{project.slug}: a duplicate is not refused"


def brought(project):
    """The file of a lead, checked by a worker."""
    batch = import_batches.request_import(
        project=project, by=lead_of(project), name="labels.jsonl", content=[CONTENT], choices=Choices()
    )
    work_off(JobKind.IMPORT, imports)
    batch.refresh_from_db()
    return batch


def lead_of(project):
    return project.membership_set.get(role="lead").user


@pytest.mark.figure(
    "D4",
    "kill -9 of an import: a command at random, a worker at named points",
    "all or nothing; the file goes in afterwards; once more it is refused as known",
)
def test_d4_a_killed_import_leaves_all_or_nothing(prove, ground):
    luck = prove.luck()
    seconds = ground.seconds()
    times = prove.count(short=12, full=50)

    at_random = [ground.killed_at_random(luck, seconds) for _ in range(times)]
    at_points = {point: ground.killed_at(point) for point in POINTS}

    left = Counter(one[0] for one in [*at_random, *at_points.values()])
    wrong = [fault for _, *faults in [*at_random, *at_points.values()] for fault in faults]
    prove.measured(
        f"{times} at random, {len(POINTS)} at points: {left['nothing']} left nothing, {left['all']} all, "
        f"{left['half']} half; {len(wrong)} faults afterwards"
    )
    assert left["half"] == 0
    assert wrong == []
    assert {point for point, (found, *_) in at_points.items() if found == "all"} == {"committed"}

    planted = ground.killed_between_pieces()
    prove.control(f"an import that commits each part: {planted} of the file is left")
    assert planted == "half"
