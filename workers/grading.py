"""Grade the answers that wait for a verdict, those of dialogues too. What is graded is committed: another worker goes on."""

from collections.abc import Iterator

from annotation.models import Job, Project, Solution, UngradedAnswer
from annotation.models.jobs import JobState
from annotation.models.problems import Grade
from annotation.services import grading, guesses, jobs
from workers.duty import Duty


def run(duty: Duty) -> None:
    project = duty.job.project
    done, total = 0, _waiting(project)
    duty.report("grade answers", done, total)
    for graded in _graded(duty.job, project):
        done += graded
        total = max(total, done)  # more may have come in
        duty.advance(done, total)
    jobs.end(job=duty.job, state=JobState.DONE)


def _waiting(project: Project) -> int:
    pending = Solution.objects.filter(project=project, grade=Grade.PENDING).count()
    return pending + UngradedAnswer.objects.filter(project=project).count()


def _graded(job: Job, project: Project) -> Iterator[int]:
    """Batch by batch, how many are graded now."""
    for batch in grading.pending_answers(project):
        yield grading.record_verdicts(job=job, verdicts=grading.judge(batch))
    for answers in guesses.waiting(project):
        yield guesses.record_verdicts(job=job, verdicts=guesses.judge(answers))


def fail(job: Job, error: str) -> None:
    jobs.end(job=job, state=JobState.FAILED, error=error)


def end_cancelled(job: Job) -> None:
    jobs.end(job=job, state=JobState.CANCELLED)
