"""The answer that a problem is thought to have was wrong: it is changed, and what followed from it is looked at again."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from active_learning.grading import Grade as ByGrader
from active_learning.grading import grade
from annotation.models import Dispute, Job, Problem, Project, Solution, TruthChange, User
from annotation.models.problems import Grade
from annotation.services import audit, disputes, grading
from annotation.services.grading import Answer, Verdict, Written
from annotation.services.problems import NoSuchProblem
from annotation.services.refusal import Refusal

# A person waits: what takes longer is graded by a worker. Hostile answers take a second and more each.
PATIENCE_SECONDS = 3.0
LONGEST = 1000  # characters of an answer


class TruthChangedMeanwhile(Refusal):
    """Somebody else has changed this answer since you saw it. Look at what it is now, and change that if it is wrong."""


class SameTruth(Refusal):
    """This is the answer that the problem has already."""


class TruthTooLong(Refusal):
    """An answer has at most 1,000 characters."""


@dataclass(frozen=True)
class Correction:
    """What came of a change: how many solutions have another grade now, as far as they are graded, and what followed."""

    change: TruthChange
    solutions: int
    changed: int
    written: Written
    job: Job | None  # grades the rest, where a person would wait too long

    @property
    def pending(self) -> int:
        return self.solutions - self.written.graded


def correct_truth(
    *, project: Project, problem: int, old: str | None, new: str, reason: str = "", by: User
) -> Correction:
    """Change the answer from the one that the person saw, grade the problem's solutions again, take out of the queue
    what was chosen for an answer that is not wrong now. An empty answer is an unknown one.

    Raises NoSuchProblem, TruthTooLong, SameTruth, TruthChangedMeanwhile.
    """
    truth = new.strip() or None
    if truth and len(truth) > LONGEST:
        raise TruthTooLong
    _look(project, problem, old, truth)
    verdicts = _judge(project, problem, truth)
    answered = _right_in_dialogues(project, problem, truth)
    with transaction.atomic():
        found = _lock(project, problem, old)
        solutions = Solution.objects.filter(problem=found)
        # In one order, as whoever brings labels of them in: an update takes them as the table has them.
        in_order = solutions.order_by("pk").select_for_update(no_key=True)
        before = dict(in_order.values_list("pk", "grade"))
        found.answer = truth
        found.save(update_fields=["answer"])
        change = TruthChange.objects.create(
            project=project, problem=found, old=old, new=truth, reason=reason.strip(), by=by
        )
        solutions.update(grade=Grade.PENDING)
        written = grading.write_verdicts(project=project, verdicts=verdicts, by=by)
        disputes.settle_dialogues(project=project, disputes=answered, by=by)
        after = dict(solutions.values_list("pk", "grade"))
        is_whole = Grade.PENDING not in after.values()
        job = None if is_whole else grading.request_grading(project=project, by=by)
        changed = sum(after[pk] not in (grade_, Grade.PENDING) for pk, grade_ in before.items())
        done = Correction(change, len(after), changed, written, job)
        _record(done, by)
    return done


def _look(project: Project, problem: int, old: str | None, new: str | None) -> None:
    """Before anything is graded: whether there is something to do."""
    found = Problem.objects.filter(project=project, pk=problem).first()
    if found is None:
        raise NoSuchProblem
    if found.answer != old:
        raise TruthChangedMeanwhile
    if found.answer == new:
        raise SameTruth


def _lock(project: Project, problem: int, old: str | None) -> Problem:
    found = Problem.objects.select_for_update(no_key=True).get(project=project, pk=problem)
    if found.answer != old:
        raise TruthChangedMeanwhile
    return found


def _record(done: Correction, by: User) -> None:
    change = done.change
    audit.record(
        project=change.project,
        by=by,
        action="correct answer",
        target=change.problem.unique_id or f"problem {change.problem.pk}",
        problem=change.problem.pk,
        old=change.old,
        new=change.new,
        changed=done.changed,
        **done.written.counts(),
    )


def _judge(project: Project, problem: int, truth: str | None) -> list[Verdict]:
    """As many as a person can wait for; outside the transaction, so that nobody else waits."""
    rows = Solution.objects.filter(project=project, problem=problem).order_by("pk").values_list("pk", "answer")
    deadline, verdicts = time.monotonic() + PATIENCE_SECONDS, list[Verdict]()
    for pk, given in rows:
        if time.monotonic() > deadline:
            break
        verdicts += grading.judge([Answer(pk, problem, given, truth)])
    return verdicts


def _right_in_dialogues(project: Project, problem: int, truth: str | None) -> Sequence[int]:
    """Open disputes about an answer that a labeler came to by themself, and which is the right one now."""
    found = Dispute.objects.open().filter(project=project, label__solution__problem=problem, label__phase=1)
    rows = list(found.values_list("pk", "answer"))
    return [pk for pk, answer in rows if grade(answer, truth) == ByGrader.CORRECT]
