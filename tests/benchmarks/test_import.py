"""How fast solutions come in, against a bare COPY of the same rows into the same table: `make bench ARGS="tests/benchmarks/test_import.py"`.

Both sides in turn, in one run, on the same database; medians. Between two turns the rows are removed. Beside the clock:
seconds of the processor in this process and in the server's, which say what a machine with nothing else to do would need.
"""

import json
import os
import random
import statistics
import time
import tracemalloc

import psutil
import pytest
from django.db import connection

from annotation.models import Job, Problem, Solution
from annotation.models.imports import ImportKind
from annotation.services import import_work, importing
from annotation.services.import_batches import Choices
from annotation.services.import_copy import COLUMNS, NAMES
from annotation.services.line_files import lines_of
from tests import factories

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db(transaction=True)]

SOLUTIONS = int(os.environ.get("SOLUTIONS", 100_000))
PROBLEMS = 12_000
TURNS = 3
LINE = "So we see that $x_{{{0}}} = \\frac{{{1}}}{{{2}}}$, and the sum of the two is ${3}$ in the end."


def line(number, rng):
    """Six to ten steps, as PRM800K's solutions have them; about 700 bytes."""
    steps = [
        LINE.format(rng.randrange(9), *(rng.randrange(10**4) for _ in range(3))) for _ in range(rng.randrange(6, 11))
    ]
    steps[-1] += f"\n\n# Answer\n\n{rng.randrange(100)}"
    value = {
        "unique_id": f"train/{number % PROBLEMS}.json",
        "steps": steps,
        "answer": str(rng.randrange(100)),
        "generator": "toy",
        "score": rng.random(),
        "seed": number,
        "temperature": 1.0,
    }
    return json.dumps(value).encode() + b"\n"


@pytest.fixture
def path(tmp_path):
    rng = random.Random(0)
    path = tmp_path / "samples.jsonl"
    path.write_bytes(b"".join(line(number, rng) for number in range(SOLUTIONS)))
    return path


@pytest.fixture
def pool(tmp_path, settings):
    settings.DATA_DIR = tmp_path / "data"
    project = factories.project(slug="algebra", name="Algebra")
    rows = (
        json.dumps({"problem": f"Number {n}?", "answer": "1", "unique_id": f"train/{n}.json"}) for n in range(PROBLEMS)
    )
    importing.import_problems(project=project, lines=(row.encode() for row in rows), source="p", by=None)
    return project


class Watch:
    """Seconds by the clock, of this process's processor, and of the server process's."""

    def __init__(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self.server = psutil.Process(cursor.fetchone()[0])
        self.begun = self.now()

    def now(self):
        server = self.server.cpu_times()
        return time.perf_counter(), time.process_time(), server.user + server.system

    def read(self):
        return tuple(after - before for before, after in zip(self.begun, self.now(), strict=True))


def clear():
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE annotation_solution CASCADE")
        cursor.execute("VACUUM annotation_solution")
    Job.objects.all().delete()


def import_once(pool, path):
    """As the command does it: read, parsed, checked, matched, copied, with a row among the imports."""
    clear()
    watch = Watch()
    choices = Choices(ImportKind.SOLUTIONS, make_problems=False)
    report = import_work.import_file(project=pool, path=path, by=None, choices=choices, grade_later=True)
    seconds = watch.read()
    assert (report.created, report.refused_count) == (SOLUTIONS, 0)
    return seconds


def copy_once(rows):
    """The same rows, ready in memory, straight into the table with all its indexes and constraints."""
    clear()
    watch = Watch()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY annotation_solution (project_id, {NAMES}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(["int8", *COLUMNS.values()])
        for row in rows:
            copy.write_row(row)
    return watch.read()


def test_solutions_come_in_at_5000_a_second_or_at_40_percent_of_a_bare_copy(pool, path, capsys):
    import_once(pool, path)  # warms both sides up, and makes the rows that COPY gets
    rows = list(Solution.objects.order_by("pk").values_list("project_id", *COLUMNS))
    imports, copies = [], []
    for _ in range(TURNS):
        copies.append(copy_once(rows))
        imports.append(import_once(pool, path))

    rate, bare = (SOLUTIONS / statistics.median(clock for clock, _, _ in side) for side in (imports, copies))
    result = {
        "solutions": SOLUTIONS,
        "bytes": path.stat().st_size,
        "import: clock, processor here, processor there, s": [[round(one, 1) for one in turn] for turn in imports],
        "bare COPY: the same": [[round(one, 1) for one in turn] for turn in copies],
        "import, rows/s": round(rate),
        "bare COPY, rows/s": round(bare),
        "share": round(rate / bare, 2),
        "import, rows for each second of a processor": round(
            SOLUTIONS / statistics.median(sum(t[1:]) for t in imports)
        ),
    }
    with capsys.disabled():
        print("\n" + json.dumps(result, indent=1))
    assert Problem.objects.count() == PROBLEMS
    assert rate >= 5_000 or rate >= 0.4 * bare


def test_a_file_ten_times_as_long_takes_no_more_memory(pool, tmp_path, capsys):
    rng = random.Random(1)
    peaks = {}
    for count in (10_000, 100_000):
        path = tmp_path / f"{count}.jsonl"
        path.write_bytes(b"".join(line(number, rng) for number in range(count)))
        clear()
        tracemalloc.start()
        importing.import_solutions(
            project=pool, lines=lines_of(path), source="s", by=None, course=importing.Course(grade_first=0)
        )
        peaks[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    with capsys.disabled():
        print(
            "\n" + json.dumps({f"{count:,} solutions, peak MB": round(peak / 1e6, 1) for count, peak in peaks.items()})
        )
    assert peaks[100_000] < 1.25 * peaks[10_000]
