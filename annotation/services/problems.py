"""A problem leaves the project's work because nobody can answer it, and comes back where that was an error."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from annotation.models import Label, Problem, Project, Slot, Solution, User
from annotation.models.labels import FinishReason
from annotation.services import audit
from annotation.services.refusal import Refusal


class NoSuchProblem(Refusal):
    """There is no such problem in this project."""


class WithdrawnAlready(Refusal):
    """This problem is withdrawn already."""


class NotWithdrawn(Refusal):
    """This problem is in use; somebody else may have brought it back."""


def withdraw_problem(*, project: Project, problem: int, by: User) -> Problem:
    """From now on nobody is given its solutions, and none of its labels trains; they are kept.

    Raises NoSuchProblem, WithdrawnAlready.
    """
    with transaction.atomic():
        found = _lock(project, problem)
        if found.withdrawn_at:
            raise WithdrawnAlready
        _withdraw(found, by)
    return found


def restore_problem(*, project: Project, problem: int, by: User) -> Problem:
    """Its labels train again, and its solutions may be chosen by the next round or refill. Reports from before count no
    more among those that withdraw it.

    Raises NoSuchProblem, NotWithdrawn.
    """
    with transaction.atomic():
        found = _lock(project, problem)
        if not found.withdrawn_at:
            raise NotWithdrawn
        found.withdrawn_at, found.restored_at = None, Now()
        found.save(update_fields=["withdrawn_at", "restored_at"])
        audit.record(project=project, by=by, action="restore problem", target=_name(found), problem=found.pk)
    found.refresh_from_db()
    return found


def withdraw_if_reported_enough(*, label: Label) -> None:
    """In the transaction of a label that calls its problem bad."""
    found = _lock(label.project, label.solution.problem_id)
    reports = Label.objects.current().filter(solution__problem=found, finish_reason=FinishReason.BAD_PROBLEM)
    if found.restored_at:
        reports = reports.filter(Q(pk=label.pk) | Q(created_at__gt=found.restored_at))
    if not found.withdrawn_at and reports.values("labeler").distinct().count() >= label.project.bad_problem_reports:
        _withdraw(found, None)


def hold(solutions: Iterable[int]) -> None:
    """Inside a transaction: until its end nobody withdraws the problem of one of these solutions, or decides about one.

    Whoever wants to waits, and finds then what is queued here.
    """
    theirs = Solution.objects.filter(pk__in=list(solutions)).values("problem")
    list(Problem.objects.select_for_update(no_key=True).filter(pk__in=theirs).order_by("pk").values_list("pk"))


def _lock(project: Project, pk: int) -> Problem:
    """So that two reports in the same moment count each other."""
    found = Problem.objects.select_for_update(no_key=True).filter(project=project, pk=pk).first()
    if found is None:
        raise NoSuchProblem
    return found


def _withdraw(problem: Problem, by: User | None) -> None:
    problem.withdrawn_at = Now()
    problem.save(update_fields=["withdrawn_at"])
    Slot.objects.filter(solution__problem=problem).void_unbegun()
    audit.record(project=problem.project, by=by, action="withdraw problem", target=_name(problem), problem=problem.pk)
    problem.refresh_from_db()


def _name(problem: Problem) -> str:
    return problem.unique_id or f"problem {problem.pk}"
