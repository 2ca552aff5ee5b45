"""D1: files as strangers send them are taken whole or not at all, and every line that is left out says where and why."""

import itertools
import json
import re
from collections import Counter

import pytest
from django.db import connection, transaction

from active_learning import strict_json
from annotation.models import ImportBatch
from annotation.models.imports import ImportKind
from annotation.models.jobs import JobKind
from annotation.services import gold_import, import_batches, import_work, jobs
from annotation.services.import_batches import GZIP, Choices
from annotation.services.import_layouts import kind_of
from annotation.services.import_report import MAX_REFUSED_SHOWN
from annotation.services.line_files import lines_of
from annotation.services.refusal import Refusal
from tests.prove.damaged import damaged_file

pytestmark = pytest.mark.django_db
OVER_HTTP = 40  # every so many-th file comes by the API too
FOR_PROGRAMMERS = re.compile(r"Error\b|Traceback|NoneType|object at 0x|<class|Errno")
TABLES = ("problem", "solution", "label", "steprating", "importedrecord", "gold", "critique", "importbatch", "labeler")


@pytest.fixture
def arrived(tmp_path):
    """A file of these bytes, named as it would be kept."""
    numbers = itertools.count()

    def keep(content):
        path = tmp_path / f"{next(numbers)}.jsonl{'.gz' if content.startswith(GZIP) else ''}"
        path.write_bytes(content)
        return path

    return keep


def rows():
    counts = " UNION ALL ".join(f"SELECT count(*) FROM annotation_{table}" for table in TABLES)
    with connection.cursor() as cursor:
        cursor.execute(counts)
        return cursor.fetchall()


def imported(project, path, *, as_gold):
    """The report of an import as a command does it. Raises Refusal."""
    kind = kind_of(lines_of(path))
    if as_gold and kind == ImportKind.SOLUTIONS:
        return kind, gold_import.import_gold(project=project, lines=lines_of(path), source=path.name, by=None)
    return kind, import_work.import_file(project=project, path=path, by=None, choices=Choices(kind))


def fate(project, path, *, as_gold):
    """What came of a file, and what is wrong with that. Whatever was kept is taken back."""
    before = rows()
    with transaction.atomic():
        try:
            kind, report = imported(project, path, as_gold=as_gold)
        except Refusal as refusal:
            wrong = [] if str(refusal) and not FOR_PROGRAMMERS.search(str(refusal)) else [f"says {refusal!r}"]
            outcome = "refused"
        except Exception as crash:
            outcome, wrong = "crashed", [f"{type(crash).__name__}: {crash}"]
        else:
            outcome = "imported"
            wrong = list(faults_of(report, kind, [] if as_gold else list(lines_of(path))))
        if outcome != "imported" and rows() != before:
            wrong.append("left rows behind")
        transaction.set_rollback(True)
    return outcome, wrong


def faults_of(report, kind, lines):
    told = report.created + report.already_there + report.refused_count + report.blank_lines
    if lines and kind != ImportKind.SOLUTIONS and told != len(lines):  # of solutions one line may hold several
        yield f"counts do not add up: {report.counts()} of {len(lines)} lines"
    if len(report.refused) != min(report.refused_count, MAX_REFUSED_SHOWN):
        yield f"shows {len(report.refused)} of {report.refused_count} refused lines"
    for one in report.refused:
        if not one.reason or FOR_PROGRAMMERS.search(one.reason) or not 0 < one.number <= (len(lines) or one.number):
            yield f"line {one.number} of {len(lines)} says {one.reason!r}"
        if lines and not one.path and has_places(lines[one.number - 1]):
            yield f"line {one.number} does not say where: {one.reason}"


def has_places(line):
    """Whether something within the line can be pointed at: it is an object."""
    if len(line) > strict_json.MAX_LINE_BYTES:
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def over_http(client, content):
    """The status of the answer where it is a server error, or what the check made of the file."""
    answer = client.post("/api/v1/projects/algebra/imports?name=a.jsonl", content, "application/octet-stream")
    if answer.status_code != 202:
        return [f"answered {answer.status_code}"] if answer.status_code >= 500 else []
    batch = ImportBatch.objects.get(pk=answer.json()["id"])
    try:
        import_work.check(job=jobs.claim_job(kind=JobKind.IMPORT, worker="test"), tell=lambda done, total: None)
    except Refusal:
        pass
    except Exception as crash:
        return [f"{type(crash).__name__} in the worker: {crash}"]
    import_batches.cancel_import(batch=batch, by=None)
    return []


@pytest.fixture
def damage(project, dana, client_for, arrived, prove, settings, tmp_path):
    """Import so many damaged files: how many came to what, and all that was wrong."""
    settings.DATA_DIR = tmp_path / "data"
    luck = prove.luck()
    client = client_for(dana)

    def run(files):
        outcomes, wrong = Counter(), []
        for number in range(files):
            content = damaged_file(luck)
            path = arrived(content)
            outcome, faults = fate(project, path, as_gold=number % 5 == 0)
            outcomes[outcome] += 1
            if number % OVER_HTTP == 0:
                with transaction.atomic():
                    faults += over_http(client, content)
                    transaction.set_rollback(True)
            wrong += [f"{path.name}: {fault}" for fault in faults]
            if not faults:
                path.unlink()
        return outcomes, wrong

    return run


@pytest.mark.figure(
    "D1",
    "damaged files of every layout, 1 of 40 by the API too",
    "0 crashes, 0 partial, each error with line, place, reason",
)
def test_d1_every_damaged_file_is_taken_or_refused_with_line_place_and_reason(prove, damage, monkeypatch):
    files = prove.count(short=2000, full=10_000)

    outcomes, wrong = damage(files)

    prove.measured(
        f"{files} files: {outcomes['imported']} imported, {outcomes['refused']} refused whole, "
        f"{outcomes['crashed']} crashed; {len(wrong)} faults"
    )
    assert wrong == []
    assert min(outcomes["imported"], outcomes["refused"]) > files // 50

    monkeypatch.setattr(strict_json, "_check_storable", lambda root: None)
    outcomes, wrong = damage(200)
    prove.control(f"texts that PostgreSQL cannot store not looked for: {outcomes['crashed']} of 200 crashed")
    assert outcomes["crashed"] > 0
