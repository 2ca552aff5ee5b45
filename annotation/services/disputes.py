"""What follows from a label beyond itself: a doubt about the answer, a problem that nobody can answer."""

from collections.abc import Sequence

from django.db.models import Exists
from django.db.models.functions import Now

from annotation.models import Adjudication, Dispute, Label, Project, User
from annotation.models.labels import FinishReason, Origin, Purpose, Resolution
from annotation.models.problems import Grade
from annotation.services import problems

DOUBTFUL = (Grade.WRONG, Grade.AMBIGUOUS)
GIVEN_HERE = (Origin.LABELER, Origin.REVIEWER)  # an imported file may hold thousands that nobody here can answer


def follow_up(*, label: Label) -> None:
    """In the transaction of a label; services/guesses.py has what labelers come to in dialogues."""
    match label.finish_reason:
        case FinishReason.SOLUTION if label.phase == 2:
            _dispute_the_answer(label)
        case FinishReason.BAD_PROBLEM:
            problems.withdraw_if_reported_enough(label=label)


def _dispute_the_answer(label: Label) -> None:
    """A solution without an error whose answer is not the one we think right: somebody should look at that one."""
    solution = label.solution
    if solution.problem.answer is not None and solution.answer is not None and solution.grade in DOUBTFUL:
        Dispute.objects.create(project=label.project, label=label, answer=solution.answer)


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
