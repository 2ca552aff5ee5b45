"""Gold: solutions whose acceptable first errors are known, made from any whole solution of a project."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotation.models import Gold, GoldJudgement, Project, Slot, Solution, User
from annotation.models.labels import JUDGED
from annotation.models.quality import GoldKind, GoldOrigin
from annotation.models.slots import Arm
from annotation.services import audit
from annotation.services.refusal import Refusal

MOST_WORDS = 5000  # characters of an explanation


class GoldAlready(Refusal):
    """This solution is gold already; change that one."""


class NoGoldHere(Refusal):
    """Only projects of phase 2 have gold: in a dialogue there is no solution whose first error could be known."""


class NotForGold(Refusal):
    """This solution cannot be gold: its problem is held out or withdrawn."""


class NoSuchErrorStep(Refusal):
    """The solution has no such step."""


class TooManyWords(Refusal):
    """The explanation is too long."""


class RetiredAlready(Refusal):
    """This is retired already; somebody else may have been faster."""


class NotRetired(Refusal):
    """This is in use; somebody else may have brought it back."""


def add_gold(
    *,
    solution: Solution,
    kind: GoldKind,
    error_steps: Sequence[int],
    explanation: str = "",
    origin: GoldOrigin = GoldOrigin.LEAD,
    by: User | None,
) -> Gold:
    """The solution is known from now on: `error_steps`, from 0, are where a first error is accepted, none of them mean
    that there is none. What waits of it in the queue is void, and what comes back unlabeled too.

    Raises NoGoldHere, NotForGold, NoSuchErrorStep, TooManyWords, GoldAlready.
    """
    if solution.project.phase != 2:
        raise NoGoldHere
    if not solution.problem.trains:
        raise NotForGold
    steps = _steps(solution, error_steps)
    with transaction.atomic():
        _lock(solution.project_id)
        try:
            with transaction.atomic():
                gold = Gold.objects.create(
                    project=solution.project,
                    solution=solution,
                    kind=kind,
                    error_steps=steps,
                    explanation=_words(explanation),
                    origin=origin,
                    created_by=by,
                )
        except IntegrityError as error:
            raise GoldAlready from error
        Slot.objects.in_queue().filter(solution=solution).void_unbegun()
        _record(gold, by, "make gold")
    return gold


def change_gold(*, gold: Gold, kind: GoldKind, error_steps: Sequence[int], explanation: str, by: User) -> Gold:
    """Correct what is known; labels that were compared with it are compared again. Raises NoSuchErrorStep,
    TooManyWords."""
    with transaction.atomic():
        _lock(gold.project_id)
        # Locked, so that a label that comes in meanwhile is compared with one of the two, and not left with the old.
        gold = Gold.objects.select_for_update(of=("self",)).select_related("solution", "project").get(pk=gold.pk)
        gold.kind = kind
        gold.error_steps = _steps(gold.solution, error_steps)
        gold.explanation = _words(explanation)
        gold.save(update_fields=["kind", "error_steps", "explanation"])
        if kind == GoldKind.SCREENING:
            _void_gold(gold)
        _record(gold, by, "change gold", compared_anew=_compare_again(gold))
    return gold


def retire_gold(*, gold: Gold, by: User) -> None:
    """Show it to nobody any more. What was compared with it stays. Raises RetiredAlready."""
    with transaction.atomic():
        _lock(gold.project_id)
        if not Gold.objects.filter(pk=gold.pk, retired_at__isnull=True).update(retired_at=Now()):
            raise RetiredAlready
        _void_gold(gold)
        _record(gold, by, "retire gold")


def bring_back_gold(*, gold: Gold, by: User) -> None:
    """Undo retire_gold, from the next round on. Raises NotRetired."""
    with transaction.atomic():
        if not Gold.objects.filter(pk=gold.pk, retired_at__isnull=False).update(retired_at=None):
            raise NotRetired
        _record(gold, by, "bring back gold")


def agrees(gold: Gold, finish_reason: str, first_error: int | None) -> bool:
    """Who gives up or calls the problem bad has not found what there is to find."""
    return finish_reason in JUDGED and gold.accepts(first_error)


def _lock(project: int) -> None:
    """Against who fills the queue in the same moment: what they queue is there, or they see the change."""
    Project.objects.select_for_update(no_key=True).get(pk=project)


def _compare_again(gold: Gold) -> int:
    changed = []
    for one in GoldJudgement.objects.filter(gold=gold).select_related("label"):
        anew = agrees(gold, one.label.finish_reason, one.first_error)
        if anew != one.agrees:
            one.agrees = anew
            changed.append(one)
    GoldJudgement.objects.bulk_update(changed, ["agrees"])
    return len(changed)


def _steps(solution: Solution, error_steps: Sequence[int]) -> list[int]:
    steps, number = sorted(set(error_steps)), len(solution.steps)
    if steps and not 0 <= steps[0] <= steps[-1] < number:
        raise NoSuchErrorStep(f"The solution has the steps 1 to {number}; there is no other to be wrong.")
    return steps


def _words(explanation: str) -> str:
    if len(explanation) > MOST_WORDS:
        raise TooManyWords(f"An explanation has at most {MOST_WORDS} characters; this one has {len(explanation)}.")
    return explanation.strip()


def _void_gold(gold: Gold) -> None:
    Slot.objects.filter(solution=gold.solution_id, arm=Arm.GOLD).void_unbegun()


def _record(gold: Gold, by: User | None, action: str, **details: object) -> None:
    told = {"kind": gold.kind, "error_steps": gold.error_steps, **details}
    audit.record(project=gold.project, by=by, action=action, target=f"solution {gold.solution_id}", **told)
