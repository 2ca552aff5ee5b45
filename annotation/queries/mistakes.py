"""What labelers get wrong of what is known: the material of a lesson (Lightman et al. 2023, App. B)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from annotation.models import Gold, GoldJudgement, Project, StepRating
from annotation.models.labels import FinishReason
from annotation.models.quality import GoldKind

ON_A_PAGE = 100  # solutions, the most often missed first
RATINGS = (-1, 0, 1)


@dataclass(frozen=True)
class Answer:
    """What some labelers said of one solution."""

    finish_reason: str
    first_error: int | None  # from 0
    agrees: bool
    labels: int

    @property
    def words(self) -> str:
        match self.finish_reason:
            case FinishReason.GIVE_UP:
                return _("gave up")
            case FinishReason.BAD_PROBLEM:
                return _("called the problem bad")
            case _:
                return error_at([] if self.first_error is None else [self.first_error])


@dataclass(frozen=True)
class Missed:
    """One solution that labels disagree with."""

    gold: Gold
    judged: int
    answers: list[Answer]  # those that disagree, the most frequent first

    @property
    def missed(self) -> int:
        return sum(answer.labels for answer in self.answers)

    @property
    def share(self) -> float:
        return self.missed / self.judged

    @property
    def known(self) -> str:
        return error_at(self.gold.error_steps)

    @property
    def wrong_steps(self) -> list[str]:
        return [self.gold.solution.steps[place] for place in self.gold.error_steps]

    @property
    def may_be_told(self) -> bool:
        """What labelers may read of: it measures nothing any more."""
        return self.gold.kind == GoldKind.VISIBLE or self.gold.retired_at is not None


@dataclass(frozen=True)
class Mistakes:
    items: list[Missed]  # the most often missed first
    judged: int
    missed: int
    confusion: dict[str, dict[int, int]]  # how steps known to be "bad" or "good" were rated

    @property
    def shown(self) -> list[Missed]:
        return self.items[:ON_A_PAGE]

    @property
    def to_tell(self) -> list[Missed]:
        return [one for one in self.items if one.may_be_told]


def error_at(steps: Sequence[int]) -> str:
    """Steps from 0, in words."""
    if not steps:
        return _("no error")
    numbers = [str(step + 1) for step in steps]
    return _("error at step {steps}").format(steps=_(" or ").join(numbers))


def mistakes(project: Project) -> Mistakes:
    """Of all gold, retired one too, by the labels as they stand. Three queries."""
    rows = GoldJudgement.objects.filter(project=project).order_by()
    counted = rows.values_list("gold", "label__finish_reason", "first_error", "agrees").annotate(Count("pk"))
    answers: dict[int, list[Answer]] = {}
    for pk, *told in counted:
        answers.setdefault(pk, []).append(Answer(*told))
    gold = Gold.objects.filter(pk__in=answers).select_related("solution__problem").in_bulk()
    found = [_missed(one, answers[pk]) for pk, one in gold.items()]
    return Mistakes(
        items=sorted((one for one in found if one.missed), key=lambda one: (-one.share, -one.missed, one.gold.pk)),
        judged=sum(one.judged for one in found),
        missed=sum(one.missed for one in found),
        confusion=_confusion(project, gold),
    )


def lesson(report: Mistakes) -> str:
    """A part of the instructions (their blocks: heading, paragraphs, lists), of what may be told; "" of nothing."""
    if not report.to_tell:
        return ""
    blocks = ["# " + _("Mistakes that many made")]
    for one in report.to_tell:
        blocks += [one.gold.solution.problem.text.strip(), *_told(one)]
    # An empty line would end a block, and so a formula in it.
    return "\n\n".join(_without_empty_lines(block) for block in blocks)


def _told(one: Missed) -> list[str]:
    counts = _("{missed} of {judged} labelers did not see it: {known}.")
    blocks = [counts.format(missed=one.missed, judged=one.judged, known=one.known)]
    if one.wrong_steps:
        blocks.append("\n".join("- " + " ".join(step.split()) for step in one.wrong_steps))
    return [*blocks, one.gold.explanation] if one.gold.explanation else blocks


def _without_empty_lines(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip())


def _missed(gold: Gold, answers: Sequence[Answer]) -> Missed:
    wrong = [answer for answer in answers if not answer.agrees]
    wrong.sort(key=lambda answer: (-answer.labels, answer.first_error is not None, answer.first_error or 0))
    return Missed(gold, sum(answer.labels for answer in answers), wrong)


def _confusion(project: Project, gold: Mapping[int, Gold]) -> dict[str, dict[int, int]]:
    """Steps before the first acceptable error are good, acceptable errors bad; what lies between says nothing."""
    ratings = StepRating.objects.filter(label__goldjudgement__project=project, option=0, rating__isnull=False)
    rows: Any = ratings.order_by().values_list("label__goldjudgement__gold", "step", "rating").annotate(Count("pk"))
    found: Counter[tuple[str, int]] = Counter()
    for pk, step, rating, labels in rows:
        if pk in gold:  # else it was judged for the first time since the query before
            found[_class(gold[pk], step, rating), rating] += labels
    return {kind: {rating: found[kind, rating] for rating in RATINGS} for kind in ("bad", "good")}


def _class(gold: Gold, step: int, rating: int) -> str:
    """Who passes one of several acceptable errors and finds a later one is right."""
    if step in gold.error_steps:
        return "bad" if rating == -1 or step == gold.error_steps[-1] else ""
    return "good" if not gold.error_steps or step < gold.error_steps[0] else ""
