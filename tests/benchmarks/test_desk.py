"""How fast the desk is at a million labels, and how thirty labelers fare side by side.

    pytest -m benchmark -p no:randomly -s tests/benchmarks/test_desk.py

LABELS=100000 makes the project smaller. The figures of an idle machine stand in docs/benchmarks.md.
"""

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from random import Random
from time import perf_counter

import pytest
from django.db import connection, reset_queries
from django.db.models import Count

from active_learning.domains import toy
from annotation.models import Label, Labeler, Lease, ModelVersion, Round, Slot, SolutionScore
from annotation.services import rounds, tallies
from tests import factories, services
from tests.benchmarks import million
from workers import simulation
from workers.opinions import Habits

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db(transaction=True)]

REQUESTS = 20
LIMIT_MS = 300
PEOPLE, SECONDS = 30, 60
PAUSE = 3.0  # seconds over a solution: many times as fast as anybody reads
LEAD_PAGES = [
    "",
    "?days=90",
    "moment/",
    "labelers/",
    "labelers/?days=0&sort=agreement",
    "labelers/{labeler}/",
    "troubles/",
    "datasets/",
    "guidance/",
    "reports/",
    "reports/?show=give_ups",
    "people/",
    "quality/",
    "quality/gold/",
    "quality/mistakes/",
    "adjudication/",
    "agreement/",
    "behaviour/",
    "problems/",
    "imports/",
    "audit/",
    "settings/",
]
ML_PAGES = ["rounds/", "rounds/9/", "models/", "models/{version}/"]
SCORES = """
    INSERT INTO annotation_solutionscore (project_id, solution_id, version_id, product, minimum, probabilities, judged_part)
    SELECT project_id, id, %s, (id %% 997) / 997.0, 0.5 + (id %% 997) / 1994.0,
        (SELECT jsonb_agg(jsonb_build_array(((id * 7 + step) %% 100) / 100.0, 0.1, 0.2))
         FROM generate_series(1, cardinality(steps)) step), ''
    FROM annotation_solution WHERE project_id = %s"""


def p95(values):
    return sorted(values)[int(0.95 * (len(values) - 1))]


def million_labels():
    """The project, its figures added up, and the scores of a version for every solution."""
    labels = int(os.environ.get("LABELS", "1000000"))
    project = factories.project(slug="million", name="A million labels")
    million.fill(project, million.Size(labels=labels, solutions=labels // 10))
    first = Round.objects.filter(project=project).order_by("number")[0]
    version = ModelVersion.objects.create(
        project=project, round=first, checkpoint="x", sha256="a" * 64, data_sha256="b" * 64, base="toy"
    )
    ModelVersion.objects.filter(pk=version.pk).update(created_at=first.created_at)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(SCORES, [version.pk, project.pk])
        cursor.execute("ANALYZE")
        cursor.execute("RESET statement_timeout")
    for whole in (True, False):
        run = tallies.renew(project=project, whole=whole)
        print(f"\nadding up {'all labels' if whole else 'the last days'}: {run.took_ms / 1000:.1f} s", end="")
    print()
    return project, version


def test_n3_every_page_of_a_desk_with_a_million_labels_is_there_at_once(client_for):
    project, version = million_labels()
    place = {"labeler": Labeler.objects.filter(project=project)[0].pk, "version": version.pk}
    slow = []
    for role, pages in (("lead", LEAD_PAGES), ("ml", ML_PAGES)):
        client = client_for(factories.member(project, role))
        for page in pages:
            times, queries = measured(client, f"/p/million/{page.format(**place)}")
            print(
                f"{page or '(where it stands)':<34} p50 {statistics.median(times):6.0f} ms  p95 {p95(times):6.0f} ms  {queries} queries"
            )
            slow += [page] if p95(times) >= LIMIT_MS else []

    assert slow == []


def measured(client, url):
    """(milliseconds of each request, queries of one), after one that warms up."""
    connection.force_debug_cursor = True
    reset_queries()
    assert client.get(url).status_code == 200
    queries = len(connection.queries)
    connection.force_debug_cursor = False
    times = []
    for _ in range(REQUESTS):
        start = perf_counter()
        client.get(url)
        times.append(1000 * (perf_counter() - start))
    return times, queries


def test_n9_thirty_labelers_side_by_side_get_every_solution_once_and_wait_for_nothing():
    project = factories.project(slug="busy", name="Busy", alternatives=0)
    toy_queue(project, int(1.2 * PEOPLE * SECONDS / PAUSE))
    habits = Habits(noise=0.05, give_up=0.0, bad_problem=0.0, pause=PAUSE)
    count = int(PEOPLE * SECONDS / PAUSE)

    with gunicorn() as url, simulation.signed_in(project=project, base_url=url, count=PEOPLE) as browsers:
        report = simulation.label_all(browsers=browsers, slug=project.slug, habits=habits, count=count)

    print("\n", report.figures())
    given = Lease.objects.filter(slot__project=project).values("slot").annotate(people=Count("labeler", distinct=True))
    labels = Label.objects.filter(project=project)
    assert given.filter(people__gt=1).count() == 0
    assert labels.values("solution").annotate(n=Count("pk")).filter(n__gt=1).count() == 0
    assert (report.lost, report.late, labels.filter(late=True).count()) == (0, 0, 0)
    assert labels.count() == report.labels == Slot.objects.filter(project=project, state="done").count()
    assert 1000 * p95(report.submit_seconds) < LIMIT_MS


def toy_queue(project, count):
    """As many solutions of the toy domain in the queue, two of each problem."""
    rng, made = Random(0), []
    for problem in toy.problems(count // 2, rng=rng):
        owner = factories.problem(project, text=problem["problem"], answer=problem["answer"])
        made += [
            factories.solution(problem_=owner, steps=one["steps"])
            for one in toy.solutions(problem, 2, rng=rng, error_rate=0.3)
        ]
    round_, job = factories.running_round(project)
    picks = [rounds.Pick(one.pk, "random", 0.5, {}) for one in made]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})


@contextmanager
def gunicorn():
    """The web processes of an installation, on the database of this test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": services.address_of(connection.settings_dict["NAME"]),
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    # As workers/supervisor.py starts them.
    options = [
        "--worker-class",
        "labeling_ui.threads.Threads",
        "--workers",
        "2",
        "--threads",
        "8",
        "--no-control-socket",
    ]
    command = [sys.executable, "-m", "gunicorn", "labeling_ui.wsgi", *options, "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/healthz")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(url):
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


def test_scores_are_made_for_every_solution_of_a_small_project():
    """That the statement above is sound, at a size that takes seconds."""
    project = factories.project(slug="small")
    million.fill(project, million.Size(labels=1000, solutions=100, problems=10, labelers=12, rounds=10))
    version = ModelVersion.objects.create(
        project=project, checkpoint="x", sha256="a" * 64, data_sha256="b" * 64, base="toy"
    )
    with connection.cursor() as cursor:
        cursor.execute(SCORES, [version.pk, project.pk])

    assert SolutionScore.objects.filter(version=version).count() == 100
