"""What a round put into the queue, and why each of it: for leads and ML staff, never for labelers."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from annotation.models import Label, Round, Slot
from annotation.models.labels import FinishReason, Purpose
from annotation.models.problems import Grade
from annotation.models.slots import Arm, SlotState
from annotation.queries import tallies

ON_A_PAGE = 50

SLOT_WORDS = {
    SlotState.READY: _("waiting"),
    SlotState.LEASED: _("being labeled"),
    SlotState.DONE: _("labeled"),
    SlotState.VOID: _("taken out"),
}
# Why a solution of this arm is worth a person's time.
ARM_REASONS = {
    Arm.CONVINCING_WRONG: _(
        "Its answer is wrong, and the selector takes its steps for right: so it learns most from it."
    ),
    Arm.REMAINING: _("The selector takes it for right, whatever its answer; what waited before it was chosen already."),
    Arm.UNCERTAIN: _("The selector cannot tell whether it is right: its score is near one half."),
    Arm.DISAGREEMENT: _("The last selectors are far apart over it."),
    Arm.RANDOM: _(
        "Drawn by chance from all solutions, scored or not: what is measured on it is not biased by the choice."
    ),
    Arm.OVERLAP: _("Chosen once more by chance, for a second labeler: it tells how far labelers agree."),
    Arm.INJECTED: _("A solution with a correct answer, mixed in so that labelers do not learn to expect an error."),
}
# Not the steps: long texts that nobody sees here would be sorted along.
FIELDS = ["arm", "served_reason", "state", "solution__grade", "solution__problem__text"]


@dataclass(frozen=True)
class Pick:
    """One solution that a round put into the queue, and why. `version` is the selector whose score it is.

    Arm, grade and state are codes, for programs; pages show the words for them in the reader's language.
    """

    solution_id: int
    problem: str
    arm: str
    grade: str
    score: float | None
    rank: int | None
    version: int | None
    strategy: str | None
    state: str

    @property
    def arm_words(self) -> str:
        return str(Arm(self.arm).label)

    @property
    def grade_words(self) -> str:
        return str(Grade(self.grade).label)

    @property
    def state_words(self) -> str:
        return str(SLOT_WORDS[SlotState(self.state)])


@dataclass(frozen=True)
class Judged:
    """What labelers have judged of a round's choice."""

    labels: int = 0
    with_error: int = 0

    @property
    def error_share(self) -> float | None:
        return self.with_error / self.labels if self.labels else None


@dataclass(frozen=True)
class Picks:
    page: "Page[Slot]"
    rows: list[Pick]
    arms: list[tuple[str, str]]  # of these rows: the name, and why solutions of it are worth a person's time


def picks(round_: Round, page: str | None) -> Picks:
    """One page of them, in the order of the queue. Two queries."""
    slots = Slot.objects.in_queue().filter(round=round_).select_related("solution__problem").only(*FIELDS)
    shown = Paginator(slots.order_by("-priority", "pk"), ON_A_PAGE).get_page(page)
    there = {slot.arm for slot in shown}
    arms = [(str(arm.label), str(reason)) for arm, reason in ARM_REASONS.items() if arm in there]
    return Picks(page=shown, rows=[_pick(slot) for slot in shown], arms=arms)


def judged(rounds: Sequence[Round]) -> dict[int, Judged]:
    """By round, for those of which something is labeled; they are of one project. Two queries."""
    if not rounds:
        return {}
    project = rounds[0].project
    if run := tallies.run_of(project):
        cells = tallies.cells(project, run, by=["round_id", "purpose"])
        found = {cell.round_id: cell.sums for cell in cells if cell.purpose == Purpose.PRODUCTION}
        return {one.pk: _judged(found[one.pk]) for one in rounds if one.pk in found}
    labels = Label.objects.current().filter(slot__round__in=rounds, purpose=Purpose.PRODUCTION)
    error = Count("pk", filter=Q(finish_reason=FinishReason.FOUND_ERROR))
    rows = labels.values("slot__round_id").annotate(labels=Count("pk"), with_error=error)
    return {row["slot__round_id"]: Judged(row["labels"], row["with_error"]) for row in rows}


def _judged(sums: tallies.Sums) -> Judged:
    return Judged(sums.labels, sums.found_errors)


def _pick(slot: Slot) -> Pick:
    reason = slot.served_reason
    return Pick(
        solution_id=slot.solution_id,
        problem=slot.solution.problem.text,
        arm=slot.arm,
        grade=slot.solution.grade,
        score=reason.get("score"),
        rank=reason.get("rank"),
        version=reason.get("version"),
        strategy=reason.get("strategy"),
        state=slot.state,
    )
