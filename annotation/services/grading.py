"""Verdicts on answers that wait for one: given by a job, batch by batch, each of them committed.

What is not graded yet counts neither as right nor as wrong, and is not chosen for labeling.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import Exists, Q

from active_learning.grading import GRADER_VERSION, grade
from annotation import jobs as job_names
from annotation.models import Job, Problem, Project, Slot, Solution, User
from annotation.models.jobs import FINISHED, JobKind, JobState
from annotation.models.problems import Grade
from annotation.models.slots import Arm, SlotState, begun
from annotation.services import audit, disputes, jobs

BATCH = 500  # solutions


@dataclass(frozen=True, slots=True)
class Answer:
    """What is compared: a solution's answer with the one that its problem was thought to have when it was read."""

    solution: int
    problem: int
    given: str | None
    truth: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    answer: Answer
    grade: Grade


@dataclass(frozen=True, slots=True)
class Written:
    """How many solutions were graded, and what followed."""

    graded: int = 0
    out_of_queue: int = 0  # slots that were chosen for an answer that is another now
    settled: int = 0  # disputes that are none any more
    raised: int = 0  # disputes that nobody knew of before

    def counts(self) -> dict[str, int]:
        return asdict(self)


def request_grading(*, project: Project, by: User | None) -> Job:
    """The job that will grade all that is pending: the one that waits already, or a new one, and a worker is woken.

    One that is running is no help, for it may have just looked for the last time.
    """
    with transaction.atomic():
        # Locked until our commit, so that whoever claims it sees what we have written before.
        waiting = Job.objects.select_for_update().filter(project=project, kind=JobKind.GRADING, state=JobState.QUEUED)
        job = waiting.order_by("pk").first()
        if job is None:
            job = Job.objects.create(project=project, kind=JobKind.GRADING, started_by=by)
            audit.record(project=project, by=by, action="request grading", target=str(job))
        job_names.wake(job_names.RUN_GRADING)
    return job


def pending_answers(project: Project) -> Iterator[list[Answer]]:
    """All that wait for a verdict, in batches; what becomes pending meanwhile too, until nothing does."""
    found = Solution.objects.filter(project=project, grade=Grade.PENDING).order_by("pk")
    last = 0
    while True:
        rows = found.filter(pk__gt=last).values_list("pk", "problem_id", "answer", "problem__answer")[:BATCH]
        batch = [Answer(*row) for row in rows]
        if batch:
            last = batch[-1].solution
            yield batch
        elif last:
            last = 0  # from the start again: truths may have changed, and solutions may have come
        else:
            return


def judge(answers: Sequence[Answer]) -> list[Verdict]:
    """Outside any transaction: a hostile answer may take seconds. Raises GraderUnavailableError."""
    return [Verdict(one, Grade(grade(one.given, one.truth))) for one in answers]


def record_verdicts(*, job: Job, verdicts: Sequence[Verdict]) -> int:
    """Keep a batch, and the doubts that follow from it; returns how many solutions are graded now.

    What was judged by a truth that has changed meanwhile stays pending. Raises jobs.LostFence, jobs.Cancelled.
    """
    with transaction.atomic():
        jobs.hold(job=job)
        return write_verdicts(project=job.project, verdicts=verdicts, by=job.started_by).graded


def write_verdicts(*, project: Project, verdicts: Sequence[Verdict], by: User | None) -> Written:
    """Inside a transaction: give pending solutions their grades, and look again at what followed from them before."""
    # Locked in one order, before the solutions: whoever changes a truth does it in the same order.
    problems = Problem.objects.select_for_update(no_key=True).filter(pk__in={one.answer.problem for one in verdicts})
    truths = dict(problems.order_by("pk").values_list("pk", "answer"))
    true = [one for one in verdicts if truths.get(one.answer.problem) == one.answer.truth]
    pending = _lock_pending(project, [one.answer.solution for one in true])
    by_grade: dict[Grade, list[int]] = defaultdict(list)
    for one in true:
        if one.answer.solution in pending:
            by_grade[one.grade].append(one.answer.solution)
    for grade_, solutions in by_grade.items():
        Solution.objects.filter(pk__in=solutions).update(grade=grade_, grader_version=GRADER_VERSION)
    return Written(
        graded=len(pending),
        out_of_queue=_void_misplaced(by_grade),
        settled=disputes.settle(project=project, solutions=by_grade[Grade.CORRECT], by=by),
        raised=disputes.doubt_again(project=project, solutions=by_grade[Grade.WRONG] + by_grade[Grade.AMBIGUOUS]),
    )


def _lock_pending(project: Project, solutions: Sequence[int]) -> set[int]:
    """Those that still wait for a verdict: somebody may have graded the others by a word of theirs."""
    found = Solution.objects.select_for_update(no_key=True).filter(project=project, pk__in=solutions)
    return set(found.filter(grade=Grade.PENDING).order_by("pk").values_list("pk", flat=True))


def count_as_right(*, solutions: Sequence[int], version: str) -> int:
    """Inside a transaction that has locked their problem, then them in the order of their keys: these are right by the
    word of a person. What waits in the queue for a wrong answer leaves it; returns how much."""
    Solution.objects.filter(pk__in=solutions).update(grade=Grade.CORRECT, grader_version=version)
    return _void_misplaced({Grade.CORRECT: solutions})


# What an arm of the queue promises of its solutions' answers; the others promise nothing.
PROMISED = {Arm.CONVINCING_WRONG: Grade.WRONG, Arm.INJECTED: Grade.CORRECT}


def _void_misplaced(by_grade: Mapping[Grade, Sequence[int]]) -> int:
    """Take out of the queue what waits there for an answer that is another now: the next refill or round weighs it by
    its new grade. Slots that are being given out in this moment stay."""
    count = 0
    for arm, promised in PROMISED.items():
        others = [pk for grade_, solutions in by_grade.items() if grade_ != promised for pk in solutions]
        twin = Q(~Exists(begun()), arm=Arm.OVERLAP, served_reason__arm=arm)
        count += Slot.objects.filter(Q(arm=arm) | twin, state=SlotState.READY, solution__in=others).void_unbegun()
    return count


def cancel_grading(*, project: Project, by: User) -> list[Job]:
    """Stop the job that runs and the one that waits behind it; what is graded stays so, the rest stays pending.

    Raises jobs.NotCancellable.
    """
    with transaction.atomic():
        unfinished = Job.objects.select_for_update().filter(project=project, kind=JobKind.GRADING)
        found = list(unfinished.exclude(state__in=FINISHED).order_by("pk"))
        if not found:
            raise jobs.NotCancellable
        for job in found:
            jobs.ask_to_cancel(job=job)
            audit.record(project=project, by=by, action="cancel grading", target=str(job))
    return found
