"""B4: every task that runs twice, or twice at once, leaves what it leaves when it runs once."""

import random
import time
from collections import Counter

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command

from active_learning.domains import toy
from annotation.models import ImportBatch, Job, Slot, Webhook
from annotation.services import deliveries, grading, options, outgoing, refills, rounds, sampling, snapshots, tallies
from annotation.services.webhooks import PREFIX
from tests import factories
from tests.annotation.test_queue import run_out_of_time
from tests.annotation.test_races import at_once
from tests.prove.races import failures
from tests.workers import test_automatic, test_imports
from tests.workers.test_rounds import run_round, toy_project
from workers import tasks
from workers.child import Child

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def an_import(project, lead):
    test_imports.requested(project, lead)


def an_export(project, lead):
    factories.queued(project, 1)
    factories.label(factories.member(project, "labeler"))
    snapshots.request_snapshot(project=project, by=lead, view="raw")


def wanted_options(project, lead):
    (row,) = toy.problems(1, rng=random.Random(4))
    project.generator = "toy"
    project.save()
    problem = factories.problem(project, text=row["problem"], answer=row["answer"])
    options.offered(project=project, problem=problem, prefix=[], wanted=3)


def answers_to_grade(project, lead):
    problem = factories.problem(project)
    for answer in "234":
        factories.solution(problem_=problem, answer=answer, grade="pending")
    grading.request_grading(project=project, by=lead)


def a_low_queue(project, lead):
    low = toy_project(problems=4, solutions=6, low_water=15, high_water=20)
    run_round(low, by_chance=True)
    refills.start_where_low()
    assert Job.objects.filter(kind="refill").exists()


def a_round(project, lead):
    rounds.start_round(project=toy_project(problems=4, solutions=4), by=None, seed=5, by_chance=True)


def wanted_solutions(project, lead):
    for row in toy.problems(2, rng=random.Random(4)):
        factories.problem(project, text=row["problem"], answer=row["answer"])
    sampling.request_solutions(project=project, by=lead, wanted=sampling.Wanted("toy", per_problem=2, seed=7))


def wanted_labels(project, lead):
    factories.queued(project, 2)
    test_automatic.asked(project, lead)


def a_delivery(project, lead):
    Webhook.objects.create(project=project, url="https://hooks.example.org/", secret=f"{PREFIX}c2VjcmV0")
    round_, job = factories.running_round(project)
    rounds.fail_round(round=round_, job=job, error="It was only a test.")


def a_large_project(project, lead):
    factories.queued(project, 1)
    factories.label(factories.member(project, "labeler"))


def a_dead_worker_and_a_lease_that_is_over(project, lead):
    (slot,) = factories.queued(project, 1)
    factories.queue.claim_next(project=project, by=factories.member(project, "labeler"))
    run_out_of_time(slot.pk)
    _, job = factories.running_round(project)
    Job.objects.filter(pk=job.pk).update(lease_until="2000-01-01T00:00Z")


def a_session_that_is_over(project, lead):
    Session.objects.create(session_key="over", session_data="", expire_date="2000-01-01T00:00Z")


WORK = {
    "forget_visits": a_session_that_is_over,
    "renew_tallies": a_large_project,
    "run_automatic": wanted_labels,
    "run_exports": an_export,
    "run_grading": answers_to_grade,
    "run_imports": an_import,
    "run_options": wanted_options,
    "run_refills": a_low_queue,
    "run_rounds": a_round,
    "run_sampling": wanted_solutions,
    "run_webhooks": a_delivery,
    "sweep": a_dead_worker_and_a_lease_that_is_over,
}
WAYS = {
    "once": lambda task: [task()],
    "twice": lambda task: [task(), task()],
    "twice at once": lambda task: at_once(lambda _: task(), range(2)),
}


@pytest.fixture
def left_by(monkeypatch, settings, tmp_path):
    """Run a task in one of the ways, in an empty database: what it left, and how much of that was not there before."""
    posts = []

    def post(url, **_):
        time.sleep(0.1)  # in which another worker would take the same
        posts.append(url)
        return 200

    monkeypatch.setattr(outgoing, "post", post)
    monkeypatch.setattr(tallies, "LARGE", 0)
    monkeypatch.setattr("workers.duty.Child", child)

    def run(name, way):
        call_command("flush", interactive=False, verbosity=0)
        settings.DATA_DIR = tmp_path / f"{name} {way}"
        posts.clear()
        project = factories.project(slug="algebra", name="Algebra")
        WORK[name](project, factories.member(project, "lead", "dana"))
        before = state(posts)
        assert failures(WAYS[way](getattr(tasks, name))) == []
        return state(posts), before

    return run


def child(arguments):
    """Rollouts take minutes, and their own tests run them; all else is done as it is."""
    is_rollout = arguments[0] == "roll-out"
    return test_automatic.Program(test_automatic.rolled_out)(arguments) if is_rollout else Child(arguments)


def state(posts):
    """How many rows each table holds, and in which states."""
    rows = {model.__name__: model.objects.count() for model in apps.get_app_config("annotation").get_models()}
    rows["sessions"] = Session.objects.count()
    for model in (Job, Slot, ImportBatch):
        rows |= {
            f"{model.__name__} {one}": count
            for one, count in Counter(model.objects.values_list("state", flat=True)).items()
        }
    return rows | {"posts": len(posts)}


@pytest.mark.figure(
    "B4", "every task of the workers run once, twice, twice at once", "the same rows in the same states"
)
def test_b4_a_task_that_runs_twice_or_twice_at_once_leaves_what_it_leaves_when_it_runs_once(
    prove, left_by, monkeypatch
):
    assert set(WORK) == set(tasks.__all__)
    different = {}
    for name in WORK:
        once, before = left_by(name, "once")
        assert once != before, f"{name} found nothing to do"
        for way in ("twice", "twice at once"):
            found, _ = left_by(name, way)
            if found != once:
                different[name, way] = sorted(set(found.items()) ^ set(once.items()))

    prove.measured(f"{len(different)} of {2 * len(WORK)} runs left something else")
    assert different == {}

    def only_looked_up():
        return deliveries.Delivery.objects.filter(state="waiting").first()

    monkeypatch.setattr(deliveries, "_claim", only_looked_up)
    found, _ = left_by("run_webhooks", "twice at once")
    prove.control(f"a delivery that nobody takes before it is sent: sent {found['posts']} times")
    assert found["posts"] > 1
