"""What follows from a label beyond itself: a wrong guess of the answer, a problem that nobody can answer."""

from collections.abc import Sequence

from django.db.models import Exists, Q
from django.db.models.functions import Now

from active_learning.grading import Grade, extract_answer, grade
from annotation.models import Adjudication, Dispute, Label, Problem, Project, Slot, User
from annotation.models.labels import FinishReason, Origin, Purpose, Resolution
from annotation.models.slots import SlotState
from annotation.services import audit
from annotation.services.judgements import Row

GIVEN_HERE = (Origin.LABELER, Origin.REVIEWER)  # an imported file may hold thousands that nobody here can answer


def follow_up(*, label: Label, rows: Sequence[Row]) -> None:
    """Inside the label's transaction."""
    match label.finish_reason:
        case FinishReason.SOLUTION:
            _dispute_the_guess(label, rows)
        case FinishReason.BAD_PROBLEM:
            _withdraw_if_reported_enough(label)


def _dispute_the_guess(label: Label, rows: Sequence[Row]) -> None:
    """A solution without an error whose answer is not the one we think right: somebody should look at that one."""
    truth = label.solution.problem.answer
    if truth is None:
        return
    if label.phase == 2:
        answer, verdict = label.solution.answer, label.solution.grade
    else:
        last = next(row for row in reversed(rows) if row.chosen)
        answer = extract_answer(last.text or "")
        verdict = grade(answer, truth)
    if answer is not None and verdict in (Grade.WRONG, Grade.AMBIGUOUS):
        Dispute.objects.create(project=label.project, label=label, answer=answer)


def doubt_again(*, project: Project, solutions: Sequence[int]) -> int:
    """Inside a transaction: these solutions have just been graded as not right, whatever was thought of them before.

    Whoever accepted one of them has doubted our answer without knowing; and what was settled, for the answers were the
    same, is open again. Returns how many disputes that makes.
    """
    settled = Dispute.objects.filter(project=project, label__solution__in=solutions, label__phase=2)
    again = settled.filter(resolution__in=[Resolution.TRUTH, Resolution.GRADER])
    opened = again.update(resolution="", resolved_at=None, resolved_by=None)
    labels = Label.objects.current().filter(
        ~Exists(Adjudication.objects.overruling_label()),
        project=project,
        solution__in=solutions,
        phase=2,  # a dialogue ends with an answer of its own, which was graded when it was handed in
        purpose=Purpose.PRODUCTION,
        origin__in=GIVEN_HERE,
        finish_reason=FinishReason.SOLUTION,
        dispute__isnull=True,
        solution__answer__isnull=False,
    )
    rows = labels.values_list("pk", "solution__answer")
    made = Dispute.objects.bulk_create(
        Dispute(project=project, label_id=pk, answer=answer or "") for pk, answer in rows
    )
    return opened + len(made)


def settle(*, project: Project, solutions: Sequence[int], by: User | None) -> int:
    """Inside a transaction: these solutions have just been graded as right, so that whoever accepted them was right.

    Returns how many disputes that ends.
    """
    ended = Dispute.objects.open().filter(project=project, label__solution__in=solutions, label__phase=2)
    return ended.update(resolution=Resolution.TRUTH, resolved_by=by, resolved_at=Now())


def settle_dialogues(*, project: Project, disputes: Sequence[int], by: User | None) -> int:
    """Inside a transaction: the answers that labelers came to in these dialogues are right now."""
    ended = Dispute.objects.open().filter(project=project, pk__in=disputes)
    return ended.update(resolution=Resolution.TRUTH, resolved_by=by, resolved_at=Now())


def _withdraw_if_reported_enough(label: Label) -> None:
    # Locked, so that two reports in the same moment count each other.
    problem = Problem.objects.select_for_update(no_key=True).get(pk=label.solution.problem_id)
    reports = Label.objects.current().filter(solution__problem=problem, finish_reason=FinishReason.BAD_PROBLEM)
    if problem.withdrawn_at or reports.values("labeler").distinct().count() < label.project.bad_problem_reports:
        return
    problem.withdrawn_at = Now()
    problem.save(update_fields=["withdrawn_at"])
    # What somebody works on stays theirs; a slot that is locked is being given out or handed in right now, and its
    # labeler may wait for our lock on the problem.
    waiting = Slot.objects.filter(Q(state=SlotState.READY) | Q(prefetched=True), solution__problem=problem)
    free = waiting.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    Slot.objects.filter(pk__in=list(free)).update(
        state=SlotState.VOID, lease_owner=None, lease_token=None, lease_until=None, prefetched=False
    )
    audit.record(project=label.project, by=None, action="withdraw problem", target=problem.unique_id or str(problem.pk))
