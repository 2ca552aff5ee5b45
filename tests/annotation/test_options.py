"""Next steps that are offered beside each other: the pool's, then a generator's; the same ones to everybody."""

import hashlib

import pytest

from annotation.models import Job, OptionSet
from annotation.models.jobs import JobKind
from annotation.services import jobs, options
from tests import factories

pytestmark = pytest.mark.django_db

A, B, C = "Take the first.", "Take the second.", "Take the third."


def write(problem, *steps, **values):
    return factories.solution(problem_=problem, steps=list(steps), **values)


def offered(problem, *prefix, wanted=4):
    return options.offered(project=problem.project, problem=problem, prefix=prefix, wanted=wanted)


def in_order(*texts):
    return sorted(texts, key=lambda text: hashlib.md5(text.encode()).hexdigest())


@pytest.fixture
def problem(project):
    return factories.problem(project)


@pytest.fixture
def generated(problem):
    """The same problem in a project that has a generator, and one step in the pool."""
    problem.project.generator = "toy"
    problem.project.save()
    write(problem, A, "End.")
    return problem


def test_the_pool_offers_each_next_step_after_the_prefix_once(problem):
    write(problem, A, B, "End.")
    write(problem, A, C, "End.")
    write(problem, A, B, "Another end.")
    write(problem, B, "Not after this prefix.")
    write(problem, A)
    write(factories.problem(problem.project), A, "Of another problem.")
    write(problem, A, "Cut off.", complete=False)

    found = offered(problem, A)

    assert found.texts == in_order(B, C)
    assert found.is_ready
    assert {option["source"] for option in found.options} == {"pool"}
    assert offered(problem).texts == in_order(A, B)


def test_the_order_does_not_tell_which_step_was_sampled_most(problem):
    other = factories.problem(problem.project)
    for often, seldom, owner in [(A, B, problem), (B, A, other)]:
        for place in range(5):
            write(owner, often, f"End {place}.")
        write(owner, seldom, "End.")

    assert offered(problem).texts == offered(other).texts == in_order(A, B)


def test_no_more_are_offered_than_are_wanted(problem):
    for text in (A, B, C):
        write(problem, text)

    assert offered(problem, wanted=2).texts == in_order(A, B, C)[:2]


def test_a_prefix_is_its_steps_and_not_their_text(problem):
    write(problem, "a", "b", A)
    write(problem, "a\nb", B)

    assert offered(problem, "a", "b").texts == [A]
    assert offered(problem, "a\nb").texts == [B]


def test_what_was_offered_stays_when_the_pool_grows(problem):
    write(problem, A)
    before = offered(problem)
    write(problem, B)

    assert offered(problem) == before
    assert offered(problem).texts == [A]


def test_a_pool_that_has_enough_asks_no_generator(generated):
    write(generated, B)

    assert offered(generated, wanted=2).is_ready
    assert not Job.objects.exists()


def test_what_is_missing_is_asked_of_the_generator_once(generated):
    first, again = offered(generated), offered(generated)

    assert (first.pk, first.is_ready, first.texts) == (again.pk, False, [A])
    assert (Job.objects.get().kind, Job.objects.get().state) == ("options", "queued")
    assert first.job == Job.objects.get()


def test_the_generators_steps_join_the_pools_as_far_as_they_are_new_and_no_place_tells_which_is_likely(generated):
    option_set = offered(generated)
    job = jobs.claim_job(kind=JobKind.OPTIONS, worker="test")

    options.fill(
        option_set=option_set, job=job, steps=[B, f"{A}\n", B, C, "One.", "Too many."], generator="toy", seed=7
    )

    stored = OptionSet.objects.get()
    assert stored.is_ready
    assert sorted(stored.texts) == sorted([A, B, C, "One."])
    assert stored.texts != [A, B, C, "One."]
    assert {"text": A, "source": "pool"} in stored.options
    assert {"text": B, "source": "generator", "generator": "toy", "seed": 7} in stored.options
    assert Job.objects.get().state == "done"


def test_a_generator_that_fails_leaves_what_the_pool_had(generated):
    offered(generated)
    job = jobs.claim_job(kind=JobKind.OPTIONS, worker="test")

    options.give_up(job=job, state="failed", error="no such model")

    stored = OptionSet.objects.get()
    assert (stored.is_ready, stored.texts) == (True, [A])
    assert (Job.objects.get().state, Job.objects.get().error) == ("failed", "no such model")


def test_a_worker_taken_for_dead_offers_nothing(generated):
    option_set = offered(generated)
    job = jobs.claim_job(kind=JobKind.OPTIONS, worker="test")
    Job.objects.update(fence=job.fence + 1)

    with pytest.raises(jobs.LostFence):
        options.fill(option_set=option_set, job=job, steps=[B], generator="toy", seed=7)
    with pytest.raises(jobs.LostFence):
        options.give_up(job=job, state="failed", error="too late")

    assert not OptionSet.objects.get().is_ready


def test_a_worker_that_was_asked_to_stop_offers_nothing(generated):
    option_set = offered(generated)
    job = jobs.claim_job(kind=JobKind.OPTIONS, worker="test")
    Job.objects.update(cancel_requested=True)

    with pytest.raises(jobs.Cancelled):
        options.fill(option_set=option_set, job=job, steps=[B], generator="toy", seed=7)

    assert not OptionSet.objects.get().is_ready


def test_options_and_the_job_are_written_together_or_not_at_all(generated, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("the second write fails")

    option_set = offered(generated)
    job = jobs.claim_job(kind=JobKind.OPTIONS, worker="test")
    monkeypatch.setattr(jobs, "end", broken)

    with pytest.raises(RuntimeError):
        options.fill(option_set=option_set, job=job, steps=[B], generator="toy", seed=7)

    assert not OptionSet.objects.get().is_ready
    assert OptionSet.objects.get().texts == [A]
