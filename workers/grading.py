"""Grade the answers that wait for a verdict. What is graded is committed: another worker goes on where this one died."""

from annotation.models import Job, Solution
from annotation.models.jobs import JobState
from annotation.models.problems import Grade
from annotation.services import grading
from workers.duty import Duty


def run(duty: Duty) -> None:
    project = duty.job.project
    done, total = 0, Solution.objects.filter(project=project, grade=Grade.PENDING).count()
    duty.report("grade answers", done, total)
    for batch in grading.pending_answers(project):
        done += grading.record_verdicts(job=duty.job, verdicts=grading.judge(batch))
        total = max(total, done)  # more may have come in
        duty.advance(done, total)
    grading.end(job=duty.job, state=JobState.DONE)


def fail(job: Job, error: str) -> None:
    grading.end(job=job, state=JobState.FAILED, error=error)


def end_cancelled(job: Job) -> None:
    grading.end(job=job, state=JobState.CANCELLED)
