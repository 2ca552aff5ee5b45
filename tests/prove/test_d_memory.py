"""D5: a file may be long, or unpack to a huge one; the process that reads it does not grow with it."""

import gzip
import json
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection

from annotation.models import Solution
from annotation.services import importing
from tests import importer
from tests.benchmarks.test_import import PROBLEMS
from tests.benchmarks.test_import import line as solution_line

pytestmark = pytest.mark.django_db(transaction=True)
MB = 1 << 20
# Of what a bomb is full: one line without an end, empty ones, and one that is sound.
FILLINGS = {"zeros": b"\0" * MB, "empty lines": b"\n" * MB, "one sound line": solution_line(0, random.Random(0))}


@dataclass(frozen=True)
class Run:
    code: int
    seconds: float  # of the processor: others may have work for it too
    peak: int  # bytes that lay in memory at once
    said: str


def imported(path, *, manage=("manage.py",)):
    """import_solutions of this file, by a process of its own."""
    before, peak = _processor_seconds(), 0
    with importer.started(*manage, "import_solutions", "--project", "algebra", "--grade-later", path) as process:
        while process.poll() is None:
            peak = _peak(process.pid) or peak
            time.sleep(0.01)
        return Run(process.returncode, _processor_seconds() - before, peak, process.stdout.read())


def _processor_seconds():
    """Of the processes that we have started and that have ended."""
    told = os.times()
    return told.children_user + told.children_system


def _peak(pid):
    """The kernel keeps the highest, so that nothing between two looks is missed; 0 once the process has ended."""
    told = Path(f"/proc/{pid}/status").read_text()
    return next((int(line.split()[1]) << 10 for line in told.splitlines() if line.startswith("VmHWM")), 0)


@pytest.fixture
def ground(project, tmp_path, settings):
    """Problems that solutions can be of, a short file, and what an import of it takes: what all others are held against."""
    settings.DATA_DIR = tmp_path / "data"
    known = (json.dumps({"problem": f"{n}?", "answer": "1", "unique_id": f"train/{n}.json"}) for n in range(PROBLEMS))
    importing.import_problems(project=project, lines=(one.encode() for one in known), source="p", by=None)
    path = tmp_path / "short.jsonl"
    path.write_bytes(solution_line(0, random.Random(1)))
    run = imported(path)
    assert run.code == 0, run.said
    return run


def long_file(folder, size):
    """How many lines it has, and its path."""
    path, luck, lines = folder / "long.jsonl", random.Random(2), 0
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(solution_line(lines, luck))
            lines += 1
    return lines, path


def bomb(folder, filling, size, packed=0):
    """A file of gzip that unpacks to so many bytes, and is at least so long itself."""
    part = gzip.compress(filling * (100 * MB // len(filling)))
    parts = max(size // (100 * MB), packed // len(part))
    path = folder / "bomb.jsonl.gz"
    with path.open("wb") as file:
        for _ in range(parts):
            file.write(part)
    return path


def on_disk(folder):
    """Bytes of our files and of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return cursor.fetchone()[0] + sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.figure(
    "D5",
    "a long file imported; gzip bombs of 10 MB for 10 GB, by a process of its own",
    "memory grows < 150 MB; bombs refused in < 2 s, memory < 50 MB, disk < 20 MB",
)
def test_d5_memory_does_not_grow_with_a_file(prove, ground, tmp_path):
    size = prove.count(short=100, full=1000)
    lines, path = long_file(tmp_path, size * MB)
    run = imported(path)
    path.unlink()
    grown = (run.peak - ground.peak) / MB
    stored = Solution.objects.count()

    slowest, most, disk = 0.0, 0.0, 0.0
    for filling in FILLINGS.values():
        path = bomb(tmp_path, filling, 10_000 * MB, 10 * MB)
        before = on_disk(tmp_path)
        refused = imported(path)
        assert "unpacks to more than" in refused.said, refused.said[-500:]
        assert refused.code != 0
        slowest = max(slowest, refused.seconds - ground.seconds)
        most = max(most, (refused.peak - ground.peak) / MB)
        disk = max(disk, (on_disk(tmp_path) - before) / MB)
    prove.measured(
        f"{size} MB, {lines} lines: +{grown:.0f} MB; {len(FILLINGS)} bombs: refused after {slowest:.1f} s of the "
        f"processor more than a short file takes, memory +{most:.0f} MB, disk +{disk:.0f} MB"
    )
    assert (run.code, stored) == (0, lines + 1), run.said[-500:]
    assert grown < 150
    assert slowest < 2
    assert most < 50
    assert disk < 20

    path = tmp_path / "one_line.jsonl"
    path.write_bytes(b"\0" * (300 * MB))
    greedy = ("-m", "tests.prove.greedy")
    whole, burst = imported(path, manage=greedy), imported(bomb(tmp_path, FILLINGS["zeros"], 300 * MB), manage=greedy)
    whole, burst = ((one.peak - ground.peak) / MB for one in (whole, burst))
    prove.control(f"a reader that takes all in at once: +{whole:.0f} MB of 300 MB, +{burst:.0f} MB of a bomb of 300 MB")
    assert whole > 150
    assert burst > 50
