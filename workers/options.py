"""Next steps that a labeler waits for, written by the project's generator."""

import secrets

from active_learning.domains.chains import Unreadable
from active_learning.generators import GeneratorError
from annotation.models import Job, OptionSet
from annotation.models.jobs import JobState
from annotation.services import generators, options
from workers.duty import CannotBeDone, Duty

# Samples of one model repeat each other: ask for more than are wanted.
SPARE = 2
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
    try:
        made = next_steps(
            generator=generator,
            problem=option_set.problem.text,
            prefix=option_set.prefix,
            count=option_set.wanted + SPARE,
            seed=seed,
        )
    except Unreadable as error:
        raise CannotBeDone(NOT_TOY) from error
    except GeneratorError as error:
        raise CannotBeDone(str(error)) from error
    options.fill(option_set=option_set, job=duty.job, steps=made.steps, generator=generator, seed=seed)


def fail(job: Job, error: str) -> None:
    options.give_up(job=job, state=JobState.FAILED, error=error)


def end_cancelled(job: Job) -> None:
    options.give_up(job=job, state=JobState.CANCELLED)
