"""What labelers come to in dialogues, compared with the answer that the problem is thought to have.

Nothing of it may keep a label out: what strings do not decide waits for the job that grades.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from active_learning.grading import Grade, extract_answer, grade, grade_at_once
from annotation.models import Dispute, Job, Label, Problem, Project, UngradedAnswer
from annotation.models.labels import FinishReason
from annotation.services import grading, jobs
from annotation.services.judgements import Row

BATCH = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    label: UUID
    truth: str | None  # that the answer was compared with
    grade: Grade


def follow_up(*, label: Label, rows: Sequence[Row]) -> None:
    """In the transaction of a dialogue's label: another answer than ours, and somebody should look at that one."""
    truth = label.solution.problem.answer
    if label.phase != 1 or label.finish_reason != FinishReason.SOLUTION or truth is None:
        return
    last = next(row for row in reversed(rows) if row.chosen)
    answer = extract_answer(last.text or "")
    if answer is None:
        return
    verdict = grade_at_once(answer, truth)
    if verdict is None:
        UngradedAnswer.objects.create(project=label.project, label=label, answer=answer)
        grading.request_grading(project=label.project, by=None)
    elif is_doubt(verdict):
        Dispute.objects.create(project=label.project, label=label, answer=answer)


def is_doubt(verdict: str) -> bool:
    return verdict in (Grade.WRONG, Grade.AMBIGUOUS)


def waiting(project: Project) -> Iterator[list[UngradedAnswer]]:
    """All that wait for a verdict, in batches, until none does."""
    found = UngradedAnswer.objects.filter(project=project).select_related("label__solution__problem").order_by("pk")
    while batch := list(found[:BATCH]):
        yield batch


def judge(answers: Sequence[UngradedAnswer]) -> list[Verdict]:
    """Outside any transaction: a hostile answer may take seconds. Raises GraderUnavailableError."""
    truths = [(one, one.label.solution.problem.answer) for one in answers]
    return [Verdict(one.label_id, truth, grade(one.answer, truth)) for one, truth in truths]


def record_verdicts(*, job: Job, verdicts: Sequence[Verdict]) -> int:
    """Keep a batch; returns how many answers are graded now.

    What was judged by a truth that has changed meanwhile waits on. Raises jobs.LostFence, jobs.Cancelled.
    """
    by_label = {one.label: one for one in verdicts}
    with transaction.atomic():
        jobs.hold(job=job)
        answers = UngradedAnswer.objects.filter(project=job.project, label__in=list(by_label))
        # Locked in one order, as by whoever changes a truth.
        problems = Problem.objects.select_for_update(no_key=True).filter(
            pk__in=list(answers.values_list("label__solution__problem", flat=True))
        )
        truths = dict(problems.order_by("pk").values_list("pk", "answer"))
        done = []
        for one in answers.select_related("label__solution"):
            verdict = by_label[one.label_id]
            if truths[one.label.solution.problem_id] == verdict.truth:
                done.append((one, verdict))
        _dispute([one for one, verdict in done if is_doubt(verdict.grade)])
        UngradedAnswer.objects.filter(pk__in=[one.pk for one, _ in done]).delete()
    return len(done)


def _dispute(answers: Sequence[UngradedAnswer]) -> None:
    """What was corrected meanwhile is nobody's word any more."""
    current = set(Label.objects.current().filter(pk__in=[one.pk for one in answers]).values_list("pk", flat=True))
    Dispute.objects.bulk_create(
        Dispute(project_id=one.project_id, label_id=one.pk, answer=one.answer) for one in answers if one.pk in current
    )
