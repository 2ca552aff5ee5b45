"""From a position that nobody was at to options to rate, through the generator and back."""

import logging
import random

import pytest

from active_learning.domains import chains, toy
from annotation.models import Job, OptionSet
from annotation.models.jobs import JobKind
from annotation.services import options
from tests import factories
from workers import options as option_work
from workers.duty import work_off
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

    sweep()

    assert woken == ["workers.run_options"]
