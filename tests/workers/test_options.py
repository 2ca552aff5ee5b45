"""From a position that nobody was at to options to rate, through the generator and back."""

import logging
import random
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection

from active_learning.domains import chains, toy
from annotation.models import Job, OptionSet
from annotation.models.jobs import JobKind
from annotation.services import jobs, options
from tests import factories
from tests.annotation.test_people import wait_until
from tests.annotation.test_races import at_once
from workers import options as option_work
from workers.duty import work_off
from workers.supervisor import COMMANDS
from workers.tasks.options import AT_ONCE, run_options
from workers.tasks.sweep import sweep

# A worker keeps its job by a heartbeat on a connection of its own.
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def problem():
    """A toy problem with one solution, whose project asks the scripted generator."""
    (row,) = toy.problems(1, rng=random.Random(4))
    made = factories.problem(factories.project(generator="toy"), text=row["problem"], answer=row["answer"])
    (solution,) = toy.solutions(row, 1, rng=random.Random(4), error_rate=0.0)
    factories.solution(problem_=made, steps=solution["steps"])
    return made


def offered(problem, prefix=(), wanted=4):
    return options.offered(project=problem.project, problem=problem, prefix=list(prefix), wanted=wanted)


def test_the_generator_adds_to_the_pool_what_the_oracle_can_read(problem):
    first = offered(problem)
    assert (first.is_ready, len(first.texts)) == (False, 1)

    assert work_off(JobKind.OPTIONS, option_work) == 1

    after = offered(problem)
    assert after.is_ready
    assert first.texts[0] in after.texts
    assert len(set(after.texts)) == len(after.texts) == 4
    assert all(chains.rate(problem.text, [text])[0] in (-1, 0, 1) for text in after.texts)
    assert sorted(option["source"] for option in after.options) == 3 * ["generator"] + ["pool"]
    assert Job.objects.get().state == "done"


def test_the_generator_goes_on_from_the_prefix_that_somebody_took(problem, monkeypatch):
    monkeypatch.setattr("workers.options.secrets.randbelow", lambda _: 2)
    first = offered(problem)
    prefix = first.texts
    offered(problem, prefix)
    work_off(JobKind.OPTIONS, option_work)

    after = offered(problem, prefix)

    assert after.is_ready
    assert prefix[0] not in after.texts
    written = [option["text"] for option in after.options if option["source"] == "generator"]
    assert any(chains.rate(problem.text, [*prefix, text])[-1] >= 0 for text in written)


def test_a_generator_that_cannot_be_used_leaves_the_pool_and_says_why(problem, caplog):
    caplog.set_level(logging.CRITICAL)
    problem.project.generator = "/nowhere"
    problem.project.save()
    first = offered(problem)

    work_off(JobKind.OPTIONS, option_work)

    after = offered(problem)
    assert (after.is_ready, after.texts) == (True, first.texts)
    assert Job.objects.get().state == "failed"
    assert "/nowhere" in Job.objects.get().error


def test_the_scripted_generator_says_that_it_reads_only_its_own_problems(problem):
    problem.text = "What is the derivative of $x^2$?"
    problem.save()
    first = offered(problem, ["It is $2x$."])

    work_off(JobKind.OPTIONS, option_work)

    assert OptionSet.objects.get(pk=first.pk).is_ready
    assert Job.objects.get().error.startswith("The program toy writes only the chain arithmetic of the sample project")


def test_options_whose_workers_fell_silent_are_given_without_the_generator(problem):
    first = offered(problem)
    Job.objects.update(state="running", attempt=Job.MAX_ATTEMPTS, lease_until="2000-01-01T00:00Z")

    sweep()

    assert OptionSet.objects.get().is_ready
    assert offered(problem).texts == first.texts
    assert Job.objects.get().state == "failed"


def test_a_job_whose_message_was_lost_is_found_by_the_sweep(problem, monkeypatch):
    woken = []
    offered(problem)
    monkeypatch.setattr("annotation.jobs._send", woken.append)
    monkeypatch.setattr("annotation.jobs.lying", lambda _: 0)

    sweep()

    assert woken == ["workers.run_options"]


class Silent:
    """A generator's server that takes every question and never answers: nothing but the socket on which it listens."""

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        return self

    def __exit__(self, *_):
        self._socket.close()


@pytest.fixture
def silent(problem, settings):
    """The origin of the server that the project asks, and may ask."""
    with Silent() as server:
        settings.GENERATOR_ORIGINS = [server.origin]
        problem.project.generator = f"{server.origin}/v1#model"
        problem.project.save()
        yield server.origin


def test_a_server_that_never_answers_ends_the_job_soon_and_leaves_the_pool(problem, silent, monkeypatch):
    monkeypatch.setattr(option_work, "TERMS", replace(option_work.TERMS, timeout=0.3, patience=0.3))
    first = offered(problem)

    assert work_off(JobKind.OPTIONS, option_work) == 1

    after = offered(problem)
    assert (after.is_ready, after.texts) == (True, first.texts)
    assert Job.objects.get().error.startswith(f"{silent}/v1 gave no usable answer in one attempt; the last said: Read")


def test_nobody_waits_for_a_server_longer_than_a_labeler_does():
    assert option_work.TERMS.timeout + option_work.TERMS.patience <= 120


def test_who_cancels_does_not_wait_for_a_server_that_never_answers(problem, silent, monkeypatch):
    monkeypatch.setattr(option_work, "TERMS", replace(option_work.TERMS, timeout=30.0))
    monkeypatch.setattr("workers.duty.HEARTBEAT_SECONDS", 0.1)
    first = offered(problem)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(alone, lambda: work_off(JobKind.OPTIONS, option_work))
        wait_until(lambda: Job.objects.filter(stage="write next steps").exists())

        Job.objects.update(cancel_requested=True)

        assert working.result(10) == 1
    assert Job.objects.get().state == "cancelled"
    assert (offered(problem).is_ready, offered(problem).texts) == (True, first.texts)


def alone(act):
    try:
        return act()
    finally:
        connection.close()


def test_of_a_worker_no_more_than_two_processes_write_options(problem):
    """The others are for the sweep and for sums, however long a server is silent."""
    for step in "abcd":
        offered(problem, [step])
    workers = [f"here:{number}" for number in range(4)]

    taken = at_once(lambda me: jobs.claim_job(kind=JobKind.OPTIONS, worker=me, at_once=AT_ONCE), workers)

    assert [type(one) for one in taken if one] == [Job, Job]
    assert jobs.claim_job(kind=JobKind.OPTIONS, worker="there:1", at_once=AT_ONCE)
    jobs.end(job=next(filter(None, taken)), state="done")
    assert jobs.claim_job(kind=JobKind.OPTIONS, worker="here:5", at_once=AT_ONCE)
    assert jobs.claim_job(kind=JobKind.OPTIONS, worker="here:6", at_once=AT_ONCE) is None


def test_the_task_leaves_a_waiting_job_where_as_many_are_in_hand_as_may_be(problem, monkeypatch):
    monkeypatch.setattr("workers.duty.socket.gethostname", lambda: "here")
    for step in "abc":
        offered(problem, [step])
    for number in range(AT_ONCE):
        jobs.claim_job(kind=JobKind.OPTIONS, worker=f"here:{number}")

    run_options()

    assert [job.state for job in Job.objects.order_by("pk")] == ["running", "running", "queued"]


def test_the_worker_has_a_process_for_the_sweep_and_one_for_sums_besides_those_for_options():
    processes = int(re.search(r"-Q default -c (\d+)", COMMANDS["worker"])[1])

    assert processes >= AT_ONCE + 2
