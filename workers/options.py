"""Next steps that a labeler waits for, written by the project's generator."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING

from active_learning.domains.chains import Unreadable
from active_learning.generators import GeneratorError
from active_learning.generators.terms import Terms
from annotation.models import Job, OptionSet
from annotation.models.jobs import JobState
from annotation.services import generators, options
from workers.duty import CannotBeDone, Duty

if TYPE_CHECKING:
    from active_learning.generate import NextSteps

# Samples of one model repeat each other: ask for more than are wanted.
SPARE = 2
# Of a server. A labeler waits for it, who could go on with what the pool has.
TERMS = Terms(timeout=60.0, patience=60.0)
LOOK_SECONDS = 0.5
NOT_TOY = (
    "The program toy writes only the chain arithmetic of the sample project, and reads nothing else: "
    "name the folder of a language model in the settings, or no program."
)


def run(duty: Duty) -> None:
    from active_learning.generate import next_steps

    option_set = OptionSet.objects.select_related("problem", "project").get(job=duty.job)
    duty.report("write next steps")
    generator, seed = option_set.project.generator, secrets.randbelow(2**31)
    generators.check_server(generator)
    ask = partial(
        next_steps,
        generator=generator,
        problem=option_set.problem.text,
        prefix=option_set.prefix,
        count=option_set.wanted + SPARE,
        seed=seed,
        terms=TERMS,
    )
    try:
        made = _while_wanted(duty, ask) if generators.is_server(generator) else ask()
    except Unreadable as error:
        raise CannotBeDone(NOT_TOY) from error
    except GeneratorError as error:
        raise CannotBeDone(str(error)) from error
    options.fill(option_set=option_set, job=duty.job, steps=made.steps, generator=generator, seed=seed)


def _while_wanted(duty: Duty, ask: Callable[[], "NextSteps"]) -> "NextSteps":
    """Asked in a thread, for a server may be silent: whoever asks for the end of the job does not wait for that.

    Raises what ask() raises, and Cancelled, LostFence, MustWait.
    """
    thread = ThreadPoolExecutor(1)
    answer = thread.submit(ask)
    thread.shutdown(wait=False)  # left alone it ends with our patience
    while not wait([answer], timeout=LOOK_SECONDS).done:
        duty.advance(0, 0)
    return answer.result()


def fail(job: Job, error: str) -> None:
    options.give_up(job=job, state=JobState.FAILED, error=error)


def end_cancelled(job: Job) -> None:
    options.give_up(job=job, state=JobState.CANCELLED)
