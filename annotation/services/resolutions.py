"""A labeler accepted an answer that is not the one we know: a lead says who was wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models.functions import Now

from annotation.models import Dispute, Problem, Project, Solution, User
from annotation.models.labels import Resolution
from annotation.models.problems import Grade
from annotation.queries.guidance import recipients
from annotation.services import audit, grading, guidance, truths
from annotation.services.refusal import Refusal
from annotation.services.truths import Correction

REVIEWED = "reviewed"  # the version of the grader where a person has compared the answers


class NoSuchDispute(Refusal):
    """There is no such dispute in this project."""


class AlreadyResolved(Refusal):
    """Somebody has resolved this one since you saw it."""


class NobodyToWriteTo(Refusal):
    """This labeler does not label here any more and would not see a message. Resolve it without one."""


def truth_is_wrong(*, project: Project, dispute: int, old: str | None, new: str, by: User) -> Correction:
    """Correct the problem's answer; whatever other disputes that settles ends with it.

    Where the new answer is not the labeler's either, this dispute stays open. Raises NoSuchDispute, AlreadyResolved, and
    what truths.correct_truth raises.
    """
    found = _find(project, dispute)
    _check_open(found)
    problem = found.label.solution.problem_id
    reason = f"dispute {found.pk}"
    return truths.correct_truth(project=project, problem=problem, old=old, new=new, reason=reason, by=by)


def grader_is_wrong(*, project: Project, dispute: int, by: User) -> Dispute:
    """The two answers are the same: all solutions of the problem that end with it are right, by the word of a person,
    and so are all who accepted one.

    In phase 1 only the labeler's own answer is meant: each came to theirs in a dialogue of their own. Raises
    NoSuchDispute, AlreadyResolved.
    """
    with _locked(project, dispute) as found:
        same, counts = Dispute.objects.open().filter(pk=found.pk), {}
        if found.label.phase == 2:
            answered = Solution.objects.filter(problem=found.label.solution.problem_id, answer=found.answer)
            others = answered.exclude(grade=Grade.CORRECT).order_by("pk").select_for_update(no_key=True)
            solutions = list(others.values_list("pk", flat=True))
            left = grading.count_as_right(solutions=solutions, version=REVIEWED)
            counts = {"solutions": len(solutions), "out_of_queue": left}
            same = Dispute.objects.open().filter(label__solution__in=answered, label__phase=2)
        ended = same.update(resolution=Resolution.GRADER, resolved_by=by, resolved_at=Now())
        _record(found, by, Resolution.GRADER, disputes=ended, **counts)
    found.refresh_from_db()
    return found


def labeler_is_wrong(*, project: Project, dispute: int, text: str = "", by: User) -> Dispute:
    """The labeler missed an error; a text is written to them as a message.

    In phase 2 the solution waits for a reviewer's decision, which will train in place of the label. A label of phase 1
    stays as it is: nobody else can be asked about a dialogue. Raises NoSuchDispute, AlreadyResolved, NobodyToWriteTo.
    """
    with _locked(project, dispute) as found:
        found.resolution, found.resolved_by, found.resolved_at = Resolution.LABELER, by, Now()
        found.save(update_fields=["resolution", "resolved_by", "resolved_at"])
        labeler = found.label.labeler
        if text.strip() and not recipients(project).filter(pk=labeler.pk).exists():
            raise NobodyToWriteTo
        _record(found, by, Resolution.LABELER)
        if text.strip():
            guidance.send(project=project, by=by, text=text, to=labeler, about=found.label)
    found.refresh_from_db()
    return found


def _find(project: Project, pk: int) -> Dispute:
    related = Dispute.objects.select_related("label__solution", "label__labeler", "project")
    found = related.filter(project=project, pk=pk).first()
    if found is None:
        raise NoSuchDispute
    return found


def _check_open(dispute: Dispute) -> None:
    if dispute.resolution:
        raise AlreadyResolved


@contextmanager
def _locked(project: Project, pk: int) -> Iterator[Dispute]:
    """A transaction in which nobody else resolves it. The problem is locked first, as by whoever grades its solutions:
    else two could wait for each other."""
    with transaction.atomic():
        theirs = Dispute.objects.filter(project=project, pk=pk).values("label__solution__problem")
        list(Problem.objects.select_for_update(no_key=True).filter(pk__in=theirs))
        Dispute.objects.select_for_update().filter(project=project, pk=pk).first()
        found = _find(project, pk)
        _check_open(found)
        yield found


def _record(dispute: Dispute, by: User, resolution: Resolution, **counts: int) -> None:
    audit.record(
        project=dispute.project,
        by=by,
        action="resolve dispute",
        target=f"label {dispute.label_id}",
        resolution=resolution,
        answer=dispute.answer,
        **counts,
    )
